"""An estimator with memory for one quantity of every learner: its speed, or its channel.

The logarithm of the quantity is followed by a Kalman filter of the local level model

    y_t = x_t + noise,  x_t = x_(t-1) + drift,  var noise = (1 - q) s2,  var drift = q s2,

whose variance s2 is learnt and integrated out, so that predictions follow a Student distribution
(normal with an inverse gamma prior; West and Harrison, *Bayesian Forecasting and Dynamic Models*,
chapter 4). The share q, how much of what moves stays, is one of a few, the one under which the
whole fleet's innovations were likeliest. A learner's s2 is drawn towards the fleet's by as much
as the learners' were found to agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mel_fast._base.validation import FloatColumn, IntColumn
from mel_fast.model import grammar

SHARES = np.array([0.0, 0.05, 0.2, 0.6, 0.95])
"""q: from channels that scatter about a level, to levels that walk at random."""

_SCATTER = 5.0  # standard deviations beyond which an innovation counts as that many
_OWN_MEMORY = 0.98  # of a learner's innovations, from one to the next: the last 50
_MEMORY = 0.98  # of the fleet's, from round to round
_PRIOR = 4.0  # innovations that the first guess of the variance counts as
_MOST_AGREEMENT = 1000.0
_LEAST_AGREEMENT = 4.0
_FEW = 4.0  # innovations of a learner below which its variance says nothing about agreement
_LEAST_VARIANCE = 1e-12


@dataclass(frozen=True, slots=True)
class Belief:
    """What is predicted of the logarithm: Student's distribution, a column each."""

    level: FloatColumn
    scale: FloatColumn
    freedom: FloatColumn

    def take(self, places: Any) -> "Belief":
        """Return the belief about some of the learners."""
        return Belief(self.level[places], self.scale[places], self.freedom[places])


class Tracker:
    """Follows one quantity of all learners, who come and go.

    Parameters
    ----------
    spread
        First guess of the standard deviation with which the logarithm moves from round to round.
    known
        Whether it is no guess: it is not learnt then, and what is told of a learner is exact when
        it is told. Otherwise that counts as one measurement.
    """

    def __init__(self, spread: float, known: bool = False) -> None:
        groups = SHARES.size
        self.known = known
        self.prior = spread * spread
        self.ids: IntColumn = np.empty(0, dtype=np.int64)
        self.told: IntColumn = np.empty(0, dtype=np.int64)
        self.level = np.empty((groups, 0))
        self.doubt = np.empty((groups, 0))  # variance of the level, in units of s2
        self.squares = np.empty((groups, 0))  # of innovations, in units of their variance factor
        self.seen = np.empty(0)  # innovations, the older ones counting less
        self.fit = np.zeros(groups)  # log likelihood
        self.pool = np.zeros(groups)  # squares of the whole fleet
        self.pooled = 0.0  # innovations in it

    def follow(self, ids: IntColumn, told: IntColumn, values: FloatColumn) -> None:
        """Take the fleet as it is: newcomers, leavers, and values that were told anew.

        The columns are in the order of `ids`, which ascend; values of 0 are nothing to follow.
        """
        with np.errstate(divide="ignore"):
            logs = np.log(values)
        if not np.array_equal(ids, self.ids):
            at = np.searchsorted(self.ids, ids)
            known = np.zeros(ids.size, dtype=bool)
            within = at < self.ids.size
            known[within] = self.ids[at[within]] == ids[within]
            at = at[known]
            self.level = _moved(self.level, at, known, 0.0)
            self.doubt = _moved(self.doubt, at, known, 1.0)
            self.squares = _moved(self.squares, at, known, 0.0)
            self.seen = _moved(self.seen[None, :], at, known, 0.0)[0]
            self.told = _moved(self.told[None, :], at, known, -1)[0].astype(np.int64)
            self.ids = ids.copy()
        anew = self.told != told
        if anew.any():
            self.level[:, anew] = logs[anew]
            self.doubt[:, anew] = SHARES[:, None] if self.known else 1.0
            self.told = told.copy()

    def pass_round(self) -> None:
        """Let a round go by: levels drift, memories fade."""
        self.doubt += SHARES[:, None]
        np.minimum(self.doubt, 1e6, out=self.doubt)
        self.fit *= _MEMORY
        self.pool *= _MEMORY
        self.pooled *= _MEMORY

    def observe(self, places: IntColumn, values: FloatColumn) -> None:
        """Learn from measured values of some learners, positive numbers."""
        if not places.size:
            return
        logs, doubt = np.log(values), self.doubt[:, places]
        factor = doubt + (1.0 - SHARES)[:, None]
        error = logs - self.level[:, places]
        most = _SCATTER * np.sqrt(factor * self._variance(places))
        error = np.clip(error, -most, most)
        square = error * error / factor
        pooled = self._pooled()[:, None]
        self.fit -= 0.5 * np.sum(np.log(factor * pooled) + square / pooled, axis=1)
        self.fit -= self.fit.max()
        self.pool += square.sum(axis=1)
        self.pooled += places.size
        self.squares[:, places] = _OWN_MEMORY * self.squares[:, places] + square
        self.seen[places] = _OWN_MEMORY * self.seen[places] + 1.0
        gain = doubt / factor
        self.level[:, places] += gain * error
        self.doubt[:, places] = doubt * (1.0 - gain)

    def absurd(self, places: IntColumn, values: FloatColumn, proportion: float) -> Any:
        """Say which values differ from what is known by more than a factor."""
        known = self.level[int(np.argmax(self.fit)), places]
        return np.abs(np.log(values) - known) > np.log(proportion)

    def belief(self) -> Belief:
        """Return what is predicted of the next measurement of each learner."""
        best = int(np.argmax(self.fit))
        factor = self.doubt[best] + 1.0 - SHARES[best]
        if self.known:
            sure = np.full(factor.size, np.inf)
            return Belief(self.level[best].copy(), np.sqrt(factor * self.prior), sure)
        agreement = self._agreement()[best]
        told = agreement * self._pooled()[best] + self.squares[best]
        variance = told / (agreement + self.seen)
        weight = min(agreement, self.pooled + _PRIOR)
        return Belief(self.level[best].copy(), np.sqrt(factor * variance), weight + self.seen)

    @property
    def share(self) -> float:
        """q, as it is taken to be."""
        return float(SHARES[int(np.argmax(self.fit))])

    def _pooled(self) -> FloatColumn:
        found = (_PRIOR * self.prior + self.pool) / (_PRIOR + self.pooled)
        if self.known:
            found = np.full(SHARES.size, self.prior)
        return np.asarray(np.maximum(found, _LEAST_VARIANCE))

    def _variance(self, places: IntColumn) -> FloatColumn:
        """Return s2 of some learners, by group: their own, drawn towards the fleet's."""
        if self.known:
            return np.full((SHARES.size, places.size), max(self.prior, _LEAST_VARIANCE))
        weight = self._agreement()[:, None]
        told = weight * self._pooled()[:, None] + self.squares[:, places]
        return np.asarray(told / (weight + self.seen[places]))

    def _agreement(self) -> FloatColumn:
        """Return how many innovations of its own the fleet's variance counts as for a learner.

        By moments: a sample variance of n innovations scatters by 2/n of its square; what it
        scatters beyond that is how much the learners differ.
        """
        some = self.seen >= _FEW
        if np.count_nonzero(some) < 3:
            return np.full(SHARES.size, 10.0)
        own = self.squares[:, some] / self.seen[some]
        mean = own.mean(axis=1)
        beyond = own.var(axis=1) / np.maximum(mean * mean, 1e-24) - np.mean(2.0 / self.seen[some])
        found = _LEAST_AGREEMENT + 2.0 / np.maximum(beyond, 1e-9)
        return np.asarray(np.minimum(found, _MOST_AGREEMENT))

    def state(self) -> dict[str, Any]:
        """Return everything that a file must hold."""
        return {name: getattr(self, name) for name in _STATE}

    @classmethod
    def from_state(cls, state: Mapping[str, Any], known: bool) -> "Tracker":
        """Build a tracker from `state`.

        Raises
        ------
        ValueError
            For what no tracker can be in.
        """
        tracker = cls(1.0, known)
        groups, learners = SHARES.size, np.size(state["ids"])
        shapes = {
            "level": (groups, learners), "doubt": (groups, learners),
            "squares": (groups, learners), "seen": (learners,), "fit": (groups,),
            "pool": (groups,), "ids": (learners,), "told": (learners,),
        }  # fmt: skip
        for name, shape in shapes.items():
            column = np.asarray(state[name])
            kind = "i" if name in ("ids", "told") else "f"
            if column.shape != shape or column.dtype.kind != kind:
                raise ValueError(f"{name} has shape {column.shape}: must be {shape} numbers")
            finite = np.isfinite(column) | (np.isneginf(column) & (name == "level"))
            if not finite.all() or (name in _NOT_NEGATIVE and (column < 0).any()):
                raise ValueError(f"{name} holds numbers that are out of range")
            setattr(tracker, name, column.copy())
        if (np.diff(tracker.ids) <= 0).any():
            raise ValueError("ids: must ascend")
        for name in ("prior", "pooled"):
            setattr(tracker, name, grammar.real(name, state[name], 0.0, 1e12))
        return tracker


_STATE = ("prior", "pooled", "ids", "told", "level", "doubt", "squares", "seen", "fit", "pool")
_NOT_NEGATIVE = ("doubt", "squares", "seen", "pool", "ids", "told")


def _moved(columns: Any, at: IntColumn, known: Any, new: float) -> Any:
    moved = np.full((columns.shape[0], known.size), new, dtype=columns.dtype)
    moved[:, known] = columns[:, at]
    return moved
