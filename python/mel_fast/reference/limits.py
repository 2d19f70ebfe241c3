"""What each learner may use, as columns that are neutral where the problem sets no limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from mel_fast.model.problem import Problem

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEUTRAL = {
    "min_samples": 0.0,
    "max_samples": np.inf,
    "max_bandwidth_hz": np.inf,
    "max_power_w": np.inf,
    "energy_j": np.inf,
    "energy_per_flop_j": 0.0,
}


class Limits(NamedTuple):
    """Columns of shape (K,); without a cap they hold infinity."""

    min_samples: Floats
    max_samples: Floats
    max_bandwidth_hz: Floats
    max_power_w: Floats
    energy_j: Floats
    energy_per_flop_j: Floats

    @property
    def capped(self) -> bool:
        """Whether some learner's bandwidth or power is limited."""
        return bool(np.isfinite([self.max_bandwidth_hz, self.max_power_w]).any())


def limits_of(problem: Problem) -> Limits:
    """Return the learners' limits."""
    columns = []
    for name, neutral in NEUTRAL.items():
        column = getattr(problem.learners, name)
        columns.append(
            np.full(len(problem.learners), neutral)
            if column is None
            else np.asarray(column, np.float64)
        )
    return Limits(*columns)


def is_uplink(problem: Problem) -> bool:
    """Whether the way back is planned, and the way there has a constant rate."""
    return problem.radio.shared == "return"


def power_budget(problem: Problem) -> float:
    """The power to share out; without such a budget, twice what the learners' own limits allow.

    No plan can use that much: it is a budget that binds nobody.
    """
    if problem.radio.power_w is not None:
        return problem.radio.power_w
    return float(2 * np.sum(limits_of(problem).max_power_w))


def reachable(problem: Problem) -> Problem:
    """Return the problem with 1e-60 for every gain and cap of zero, over which no bit gets through.

    (None does in the sizes that the reference is for; logarithms of zero need no care then.)
    """
    columns = problem.learners.columns()
    changed = {
        name: np.where(columns[name] == 0.0, 1e-60, columns[name])
        for name in ("gain", "max_bandwidth_hz", "max_power_w")
        if name in columns and not columns[name].all()
    }
    return problem.replace(learners=problem.learners.replace(**changed)) if changed else problem


def constant_link(problem: Problem) -> tuple[Floats, Floats]:
    """Bandwidth and power of the link that is not planned, shape (K,) each."""
    learners = problem.learners
    if is_uplink(problem):
        bandwidth, power = learners.send_bandwidth_hz, learners.send_power_w
    else:
        bandwidth, power = learners.return_bandwidth_hz, learners.return_power_w
    assert bandwidth is not None
    assert power is not None
    return bandwidth, power


def kinds(problem: Problem) -> Ints:
    """Number the learners so that those with identical data have the same number, shape (K,)."""
    learners = problem.learners
    columns = (
        learners.flops_per_s,
        learners.gain,
        *constant_link(problem),
        *limits_of(problem),
        *(
            np.broadcast_to(amount, len(learners))
            for amount in problem.payload._arguments().values()
        ),
    )
    return np.unique(np.stack(columns), axis=1, return_inverse=True)[1].reshape(-1)
