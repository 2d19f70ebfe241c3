"""The bound on the samples of every association, and the prices at which it is least.

    U = sum over cells of (lambda_e B_e + mu_e P_e)
        + sum over learners of the largest, over the cells it may choose, of max d - C_ke(d)

(or of nothing, in a cell where it may sit out) holds for any prices, and is convex in them: for a
fixed choice it is linear. It is minimised along the logarithms of the prices by Shor's method,
which stretches space across the kinks where learners change their cell or their samples.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mel_fast import _core
from mel_fast._base.validation import FloatColumn
from mel_fast.model.problem import Problem
from mel_fast.planning._leave_out import only

_STRETCH = 2.0
_LONGEST = 200.0  # of a logarithm
_SUM_GUARD = 2.0**-48  # relative: of a budget's price, and of sums that are exact but for it

Mask = NDArray[np.bool_]


class Point(NamedTuple):
    """The bound at some prices."""

    log_prices: FloatColumn  # (2 E,): of each cell, per hertz and per watt
    bound: float  # no association has more samples: rounding errors are added
    slope: FloatColumn  # of the bound along the logarithms
    worth: FloatColumn  # (E, K): what each learner is worth in each cell

    @property
    def prices(self) -> tuple[tuple[float, float], ...]:
        """Of each cell, per hertz and per watt."""
        pairs = np.exp(self.log_prices).reshape(-1, 2).tolist()
        return tuple((lam, mu) for lam, mu in pairs)


@dataclass(slots=True)
class Relaxation:
    """Cells at one number of local cycles, perhaps with a share of the learners and the budgets."""

    problems: tuple[Problem, ...]
    tau: int
    share: float = 1.0
    passes: int = 0
    _must: tuple[Problem, ...] = ()  # the same cells, in which nobody may choose to sit out
    _may_rest: tuple[Mask | None, ...] = ()

    def __post_init__(self) -> None:
        self._may_rest = tuple(p.learners.optional if p.has_choice else None for p in self.problems)
        self._must = tuple(
            p.replace(learners=p.learners.replace(optional=None)) if p.has_choice else p
            for p in self.problems
        )

    @property
    def samples(self) -> float:
        """D, or its share."""
        return self.problems[0].task.samples * self.share

    def at(self, log_prices: FloatColumn, may: Mask | None = None) -> Point:
        """Evaluate the bound."""
        log_prices = np.clip(log_prices, -_LONGEST, _LONGEST)
        pairs = np.exp(log_prices).reshape(-1, 2)
        each = [
            _core.worth_of_each(problem._core, self.tau, float(lam), float(mu))
            for problem, (lam, mu) in zip(self._must, pairs, strict=True)
        ]
        self.passes += len(each)
        worth = np.array([value + error for value, error, *_ in each])
        for own, may_rest, (*_, band, power) in zip(worth, self._may_rest, each, strict=True):
            if may_rest is not None:
                rests = may_rest & ~(own > 0.0)
                own[rests] = band[rests] = power[rests] = 0.0
        if may is not None:
            worth[~may] = -np.inf
        some = np.flatnonzero((worth != 0.0).any(axis=0))  # most learners may stay out everywhere
        cell = worth[:, some].argmax(axis=0)
        best = worth[cell, some]
        slope = np.empty_like(log_prices)
        paid = []
        for e, (problem, (lam, mu)) in enumerate(zip(self.problems, pairs, strict=True)):
            budgets = (budget_hz(problem) * self.share, problem.power_budget_w * self.share)
            here = some[cell == e]
            used = float(each[e][3][here].sum()), float(each[e][4][here].sum())
            slope[2 * e] = lam * (budgets[0] - used[0])
            slope[2 * e + 1] = mu * (budgets[1] - used[1])
            paid += [float(lam) * budgets[0], float(mu) * budgets[1]]
        if np.isneginf(best).any():
            return Point(log_prices, -math.inf, slope, worth)
        # fsum is exact; the guard covers the prices' products and the signs of what is summed.
        total = math.fsum([*best.tolist(), *paid])
        guard = _SUM_GUARD * (math.fsum(np.abs(best).tolist()) + math.fsum(paid))
        return Point(log_prices, total + guard, slope, worth)

    def least(
        self,
        start: FloatColumn,
        may: Mask | None = None,
        *,
        below: float | None = None,
        steps: int,
        over: Callable[[], bool],
        near: float = 1e-5,
    ) -> Point:
        """Look for the least bound; stop once it is under `below`, no longer falls, or `over`."""
        point = best = self.at(start, may)
        stretch = np.eye(start.size)
        step, idle, marked = 0.2, 0, best.bound
        for _ in range(steps):
            done = best.bound == -math.inf or (below is not None and best.bound < below)
            if done or over():
                break
            direction = stretch.T @ point.slope
            size = float(np.linalg.norm(direction))
            if size == 0.0 or not math.isfinite(size):
                break
            move = stretch @ (direction / size)
            before, walked = point.slope, 0
            while True:  # as long as it goes down
                walked += 1
                point = self.at(point.log_prices - step * move, may)
                if point.bound < best.bound:
                    best = point
                if walked % 3 == 0:
                    step *= 1.5
                if walked > 40 or not point.slope @ move > 0.0 or over():
                    break
            if walked == 1:
                step *= 0.8
            turned = stretch.T @ (point.slope - before)
            length = float(np.linalg.norm(turned))
            if length > 0.0 and math.isfinite(length):
                eta = turned / length
                stretch += (1.0 / _STRETCH - 1.0) * np.outer(stretch @ eta, eta)
            idle += 1
            if marked - best.bound > near * max(self.samples, 1.0):
                idle, marked = 0, best.bound
            if idle > 4 * start.size or step * float(np.abs(stretch).max()) < 1e-12:
                break
        return best


def budget_hz(problem: Problem) -> float:
    """Return the bandwidth that can be given out: whole blocks where it comes in such."""
    radio = problem.radio
    if radio.block_hz is None or radio.blocks is None:
        return float(radio.bandwidth_hz)
    return float(radio.blocks * radio.block_hz)


def some_of(problems: tuple[Problem, ...], many: int) -> tuple[tuple[Problem, ...], float]:
    """Return the cells with so many of their learners, evenly drawn, and the share they are."""
    size = len(problems[0].learners)
    if size <= many:
        return problems, 1.0
    chosen = np.random.default_rng(0).choice(size, many, replace=False)
    return tuple(only(problem, np.sort(chosen)) for problem in problems), many / size
