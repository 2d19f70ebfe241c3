"""Integer data of the discretised models, every rounding in a stated direction.

A budget is cut into ``UNITS`` equal units, so that a grid is a set of integers and sums of grid
points are exact. What a learner can carry at a grid point is an integer too: the most samples that
it receives, processes and returns within the deadline. Only that number needs real arithmetic; it
is rounded down for the inner model and up for the outer one (docs/cp_sat.md has the argument).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mel_fast.problem import Problem

Side = Literal["inner", "outer"]
Scheme = Literal["joint", "task_only", "resource_only"]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

UNITS = 1 << 30
# A rate is a dozen roundings away from its inputs; 256 ulps cover them many times over.
MARGIN = 2.0**-44
# Below this a float64 result may have been subnormal, where relative margins mean nothing.
TINY_RATE = 1e-290
LARGEST_SUM = 2**62
WIDEST_RATIO = 1 << 14
# CP-SAT keeps some hundred bytes a choice; a larger model would swap before it searched.
MOST_CHOICES = 3_000_000
MOST_TAU = 2**52


class Responses:
    """What each learner can carry, as a function of its bandwidth, its power and tau."""

    def __init__(self, problem: Problem, scheme: Scheme) -> None:
        task, learners = problem.task, problem.learners
        self.problem = problem
        self.scheme = scheme
        self.count = len(learners)
        self.samples = task.samples
        self.served = problem.idle == "served"
        if self.count * self.samples > LARGEST_SUM:
            raise OverflowError(
                f"{self.count} learners times {self.samples} samples: must be at most 2**62 "
                "for CP-SAT's 64-bit sums"
            )
        self._compute_s = task.flops_per_sample / learners.flops_per_s
        self._return_rate = {
            side: self._rate(learners.return_bandwidth_hz, learners.return_power_w, side)
            for side in ("inner", "outer")
        }
        equal = scheme == "resource_only"
        self.least = self.samples // self.count if equal else 0
        self.most = -(-self.samples // self.count) if equal else self.samples

    def bandwidth(self, units: Ints, side: Side) -> Floats:
        """Return a float64 bandwidth at most (inner) or at least (outer) `units` of the budget."""
        return _share(self.problem.radio.bandwidth_hz, units, side)

    def power(self, units: Ints, side: Side) -> Floats:
        """Return a float64 power at most (inner) or at least (outer) `units` of the budget."""
        return _share(self.problem.radio.power_w, units, side)

    def carried(self, tau: int, bandwidth_hz: Floats, power_w: Floats, side: Side) -> Ints:
        """Return the most samples carried within the deadline, -1 where not even none are.

        The first axis of the arguments is the learner's. Inner values are never too large, outer
        values never too small. In the `resource_only` scheme values stop at the larger equal share.
        """
        task = self.problem.task
        out = 1.0 if side == "inner" else -1.0
        axes = (-1, *([1] * (max(bandwidth_hz.ndim, power_w.ndim) - 1)))
        rate = self._rate(bandwidth_hz, power_w, side)
        back = self._return_rate[side].reshape(axes)
        base = _time(task.model_bits, rate) + _time(task.model_bits, back)
        each = _time(task.alpha_bits, rate) + _time(task.model_bits_per_sample, back)
        each = each + tau * self._compute_s.reshape(axes)
        left = self.problem.cycle_s - base * (1.0 + out * MARGIN)
        with np.errstate(invalid="ignore"):  # -inf / inf where nothing gets through: masked below
            most = left * (1.0 - out * MARGIN) / (each * (1.0 + out * MARGIN))
        return np.where(left < 0.0, -1.0, np.floor(np.minimum(most, self.most))).astype(np.int64)

    def compute_only(self, tau: int) -> Ints:
        """Return what is carried over infinitely fast forward links, rounded up, at least 0."""
        infinite = np.full(self.count, math.inf)
        return self.carried(tau, infinite, infinite, "outer")

    def _rate(self, bandwidth_hz: Floats, power_w: Floats, side: Side) -> Floats:
        gain = self.problem.learners.gain
        gain = gain.reshape(-1, *([1] * (max(bandwidth_hz.ndim, power_w.ndim) - 1)))
        noise: Floats | float = self.problem.radio.noise
        if self.problem.law == "density":
            noise = noise * bandwidth_hz
        with np.errstate(divide="ignore", invalid="ignore", under="ignore"):
            rate = bandwidth_hz * np.log1p(power_w * gain / noise) / math.log(2.0)
        if side == "inner":
            rounded = np.where(rate > TINY_RATE, rate * (1.0 - MARGIN), 0.0)
        else:
            rounded = np.maximum(rate * (1.0 + MARGIN), 2.0 * TINY_RATE)
        rounded = np.where(np.isinf(bandwidth_hz) & np.isinf(power_w), math.inf, rounded)
        return np.asarray(np.where((bandwidth_hz > 0.0) & (power_w > 0.0), rounded, 0.0))


@dataclass(frozen=True, slots=True)
class Box:
    """Ranges that hold every real plan with a given tau; budgets in units, both ends inclusive."""

    active: NDArray[np.bool_]
    needed: Ints
    bandwidth: tuple[Ints, Ints]
    power: tuple[Ints, Ints]


@dataclass(frozen=True, slots=True)
class Grid:
    """How finely to cut each learner's box, and around which bandwidth and power (in units).

    Around a centre, points stand close within a distance of `dense` in the logarithm.
    """

    steps: tuple[int, int]
    centre: tuple[Ints, Ints] | None = None
    dense: float = 0.3


@dataclass(frozen=True, slots=True)
class Choices:
    """Grid points of one learner: what each costs, and what it carries (a row for each tau)."""

    bandwidth: Ints
    power: Ints
    carried: Ints
    may_be_off: bool

    def __len__(self) -> int:
        return len(self.bandwidth)


def tightest_box(responses: Responses, tau: int, rounds: int = 12) -> Box | None:
    """Return a box around every real plan with `tau`, or None where none can exist.

    Each learner's least need follows from what the others can carry at most, its least bandwidth
    and power from that need, and the others' most bandwidth and power from what it must have.
    """
    r = responses
    needed = np.full(r.count, r.least, dtype=np.int64)
    active = np.ones(r.count, dtype=bool)
    low = [np.zeros(r.count, dtype=np.int64) for _ in range(2)]
    high = [np.full(r.count, UNITS, dtype=np.int64) for _ in range(2)]
    for _ in range(rounds):
        before = (*(x.copy() for x in (*low, *high)), needed.copy())
        most = r.carried(tau, r.bandwidth(high[0], "outer"), r.power(high[1], "outer"), "outer")
        active &= most >= (0 if r.served else 1)
        if bool((most < needed)[r.served | (needed > 0)].any()):
            return None
        most = np.where(active, most, 0)
        total = int(most.sum())
        if total < r.samples:
            return None
        needed = np.maximum(needed, r.samples - (total - most))
        forced = needed >= (0 if r.served else 1)
        target = needed if r.served else np.maximum(needed, 1)
        for side in range(2):
            low[side] = _least_units(r, tau, target, low, high, side)
        for side in range(2):
            owed = np.where(forced, low[side], 0)
            high[side] = np.minimum(high[side], UNITS - (int(owed.sum()) - owed))
            short = active & (high[side] < low[side])
            if bool((short & forced).any()):
                return None
            active &= ~short
            low[side] = np.minimum(low[side], high[side])
        if all(bool((x == y).all()) for x, y in zip(before, (*low, *high, needed), strict=True)):
            break
    return Box(active, needed, (low[0], high[0]), (low[1], high[1]))


def check_size(responses: Responses, steps: tuple[int, int], taus: int) -> None:
    """Refuse models that would not fit, before anything is allocated."""
    count = responses.count
    points = 1 if responses.scheme == "task_only" else (steps[0] + 1) * (steps[1] + 1)
    if count * points * taus > MOST_CHOICES:
        raise ValueError(
            f"{count} learners times {points} grid points times {taus} values of tau: must be at "
            f"most {MOST_CHOICES}; take fewer bandwidth_steps and power_steps"
        )


def choices(
    responses: Responses,
    box: Box,
    taus: list[int],
    grid: Grid,
    side: Side,
) -> list[Choices]:
    """Return every active learner's undominated grid points (an empty record for the others).

    Inner: grid points, each carrying what it surely can. Outer: cells, each charged at its lower
    corner and carrying what its upper corner might.
    """
    r = responses
    if r.scheme == "task_only":
        return _equal_shares(r, taus, side)
    centre = grid.centre or (None, None)
    bandwidth = _levels(*box.bandwidth, grid.steps[0], centre[0], grid.dense)
    power = _levels(*box.power, grid.steps[1], centre[1], grid.dense)
    b_paid, b_used = (
        (bandwidth, bandwidth) if side == "inner" else (bandwidth[:, :-1], bandwidth[:, 1:])
    )
    p_paid, p_used = (power, power) if side == "inner" else (power[:, :-1], power[:, 1:])
    b_real = r.bandwidth(b_used, side)[:, :, None]
    p_real = r.power(p_used, side)[:, None, :]
    carried = np.stack([r.carried(tau, b_real, p_real, side) for tau in taus], axis=-1)
    least = np.maximum(box.needed, 0 if r.served else 1)
    useful = (carried[..., 0] >= least[:, None, None]) & _undominated(carried)
    records = []
    for k in range(r.count):
        i, j = np.nonzero(useful[k] if box.active[k] else np.zeros_like(useful[k]))
        records.append(
            Choices(
                b_paid[k, i],
                p_paid[k, j],
                np.maximum(carried[k, i, j].T, 0),
                bool(not r.served and box.needed[k] == 0),
            )
        )
    return records


def _equal_shares(r: Responses, taus: list[int], side: Side) -> list[Choices]:
    """Task-only: everyone has exactly B/K and P/K, so there is one choice each, free of charge."""
    bandwidth, power = equal_shares(r, side)
    carried = np.stack([r.carried(tau, bandwidth, power, side) for tau in taus])
    nothing = np.zeros(1, dtype=np.int64)
    records = []
    for k in range(r.count):
        able = slice(0, int(carried[0, k] >= 0))
        records.append(
            Choices(
                nothing[able],
                nothing[able],
                np.maximum(carried[:, k : k + 1], 0)[:, able],
                not r.served,
            )
        )
    return records


def equal_shares(r: Responses, side: Side) -> tuple[Floats, Floats]:
    """Return B/K and P/K for every learner, rounded down (inner) or up (outer)."""
    radio, toward = r.problem.radio, 0.0 if side == "inner" else math.inf
    bandwidth = math.nextafter(radio.bandwidth_hz / r.count, toward)
    power = math.nextafter(radio.power_w / r.count, toward)
    return np.full(r.count, bandwidth), np.full(r.count, power)


def _share(budget: float, units: Ints, side: Side) -> Floats:
    share = units * (budget / UNITS)
    return np.asarray(
        np.where(units > 0, np.nextafter(share, 0.0 if side == "inner" else math.inf), 0.0)
    )


def _time(bits: int, rate: Floats) -> Floats:
    """Seconds for `bits` at `rate`; nothing takes no time, even over no link."""
    if bits == 0:
        return np.zeros_like(rate)
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray(float(bits) / rate)


def _least_units(
    r: Responses, tau: int, target: Ints, low: list[Ints], high: list[Ints], side: int
) -> Ints:
    """Return the most units that surely fall short of `target` with all the other resource."""

    def suffices(units: Ints) -> NDArray[np.bool_]:
        both = [units, high[1]] if side == 0 else [high[0], units]
        carried = r.carried(tau, r.bandwidth(both[0], "outer"), r.power(both[1], "outer"), "outer")
        return np.asarray(carried >= target)

    falls_short, enough = low[side].copy(), high[side].copy()
    stay = suffices(falls_short)
    while bool((enough - falls_short > 1).any()):
        middle = (falls_short + enough) // 2
        good = suffices(middle)
        enough = np.where(good, middle, enough)
        falls_short = np.where(good, falls_short, middle)
    return np.where(stay, low[side], falls_short)


def _levels(low: Ints, high: Ints, steps: int, centre: Ints | None, dense: float) -> Ints:
    """Return (K, steps + 1) non-decreasing integers from low to high.

    Without a centre they stand in nearly equal ratios. Around a centre they stand close together
    and further apart the further from it they are.
    """
    start = np.maximum(np.maximum(low, 1), high // WIDEST_RATIO)
    bottom, top = np.log(start)[:, None], np.log(np.maximum(high, 1))[:, None]
    even = np.linspace(0.0, 1.0, steps + 1)
    if centre is None:
        exponents = bottom + (top - bottom) * even
    else:
        middle = np.log(np.clip(centre, start, np.maximum(high, 1)))[:, None]
        reach = [np.arcsinh((end - middle) / dense) for end in (bottom, top)]
        exponents = middle + dense * np.sinh(reach[0] + (reach[1] - reach[0]) * even)
    levels = np.rint(np.exp(exponents)).astype(np.int64)
    inside = np.clip(levels, low[:, None], high[:, None])
    inside[:, 0], inside[:, -1] = low, high
    return np.maximum.accumulate(inside, axis=1)


def _undominated(carried: Ints) -> NDArray[np.bool_]:
    """Mark the points that carry more, at some tau, than their cheaper neighbours on the grid."""
    keep = np.ones(carried.shape[:3], dtype=bool)
    keep[:, 1:] &= (carried[:, 1:] > carried[:, :-1]).any(axis=-1)
    keep[:, :, 1:] &= (carried[:, :, 1:] > carried[:, :, :-1]).any(axis=-1)
    return keep
