"""The discretised models' grids: where points stand, what each costs and what it carries.

What a grid point carries comes from `_responses`, rounded down for the inner model and up for the
outer one (docs/cp_sat.md has the argument).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mel_fast.cp_sat._responses import Floats, Ints, Responses, Side, equal_shares
from mel_fast.cp_sat._watch import Watch, unlimited

WIDEST_RATIO = 1 << 14
# CP-SAT keeps some hundred bytes a choice; a larger model would swap before it searched.
MOST_CHOICES = 3_000_000


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


def tightest_box(
    responses: Responses, tau: int, rounds: int = 12, watch: Watch | None = None
) -> Box | None:
    """Return a box around every real plan with `tau`, or None where none can exist.

    Each learner's least need follows from what the others can carry at most, its least bandwidth
    and power from that need, and the others' most bandwidth and power from what it must have.
    """
    r, watch = responses, watch or unlimited()
    needed = r.least.copy()
    if int(needed.sum()) > r.samples:
        return None
    active = np.ones(r.count, dtype=bool)
    low = [np.zeros(r.count, dtype=np.int64) for _ in range(2)]
    high = [r.highest[0].copy(), r.highest[1].copy()]
    for _ in range(rounds):
        before = (*(x.copy() for x in (*low, *high)), needed.copy())
        most = r.carried(tau, r.bandwidth(high[0], "outer"), r.power(high[1], "outer"), "outer")
        active &= most >= r.floor
        if bool((most < needed)[r.must | (needed > 0)].any()):
            return None
        most = np.where(active, most, 0)
        total = int(most.sum())
        if total < r.samples:
            return None
        needed = np.maximum(needed, r.samples - (total - most))
        forced = r.must | (needed >= 1)
        target = np.maximum(needed, r.floor)
        for side in range(2):
            low[side] = _least_units(r, tau, target, low, high, side, watch)
        for side in range(2):
            owed = np.where(forced, low[side], 0)
            high[side] = np.minimum(high[side], r.units[side] - (int(owed.sum()) - owed))
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
    taus: Sequence[int],
    grid: Grid,
    side: Side,
    watch: Watch | None = None,
) -> list[Choices]:
    """Return every active learner's undominated grid points (an empty record for the others).

    Inner: grid points, each carrying what it surely can. Outer: cells, each charged at its lower
    corner and carrying what its upper corner might. A cell of bandwidth in blocks ends one block
    before the next one begins, so that it is a single number of blocks where the steps suffice.
    """
    r, watch = responses, watch or unlimited()
    if r.scheme == "task_only":
        return _equal_shares(r, taus, side, watch)
    centre = grid.centre or (None, None)
    bandwidth = _levels(*box.bandwidth, grid.steps[0], centre[0], grid.dense)
    power = _levels(*box.power, grid.steps[1], centre[1], grid.dense)
    if r.in_blocks:
        bandwidth = _each_block(box, bandwidth)
        b_paid, b_used = bandwidth, _last_of_cells(bandwidth)
    else:
        b_paid, b_used = bandwidth[:, :-1], bandwidth[:, 1:]
    p_paid, p_used = power[:, :-1], power[:, 1:]
    if side == "inner":
        b_paid, b_used, p_paid, p_used = bandwidth, bandwidth, power, power
    b_real = r.bandwidth(b_used, side)[:, :, None]
    p_real = r.power(p_used, side)[:, None, :]
    carried = _carried(r, taus, b_real, p_real, side, watch)
    least = np.maximum(box.needed, r.floor)
    useful = (carried[..., 0] >= least[:, None, None]) & _undominated(carried)
    records = []
    for k in range(r.count):
        watch.check()
        i, j = np.nonzero(useful[k] if box.active[k] else np.zeros_like(useful[k]))
        records.append(
            Choices(
                b_paid[k, i],
                p_paid[k, j],
                np.maximum(carried[k, i, j].T, 0),
                bool(not r.must[k] and box.needed[k] == 0),
            )
        )
    return records


def _carried(
    r: Responses, taus: Sequence[int], b_real: Floats, p_real: Floats, side: Side, watch: Watch
) -> Ints:
    """Return what is carried at each point and tau, worked out column by column."""
    shape = (r.count, b_real.shape[1], p_real.shape[2], len(taus))
    carried = np.empty(shape, dtype=np.int64)
    for column in range(shape[1]):
        for row, tau in enumerate(taus):
            watch.check()
            part = r.carried(tau, b_real[:, column], p_real[:, 0], side)
            carried[:, column, :, row] = part
    return carried


def _each_block(box: Box, levels: Ints) -> Ints:
    """Put the levels of learners with few enough blocks one block apart."""
    low, high = (end[:, None] for end in box.bandwidth)
    every = np.minimum(low + np.arange(levels.shape[1]), high)
    single = np.where(high - low < levels.shape[1], every, levels)
    return single[:, : max(1, int((single < high).sum(axis=1).max()) + 1)]


def _last_of_cells(levels: Ints) -> Ints:
    """Return the last block of the cell that begins at each level; the cells leave out none."""
    return np.column_stack((np.maximum(levels[:, :-1], levels[:, 1:] - 1), levels[:, -1]))


def _equal_shares(r: Responses, taus: Sequence[int], side: Side, watch: Watch) -> list[Choices]:
    """Task-only: everyone has exactly B/K and P/K, so there is one choice each, free of charge."""
    bandwidth, power = equal_shares(r, side)
    carried = np.empty((len(taus), r.count), dtype=np.int64)
    for row, tau in enumerate(taus):
        watch.check()
        carried[row] = r.carried(tau, bandwidth, power, side)
    nothing = np.zeros(1, dtype=np.int64)
    records = []
    for k in range(r.count):
        watch.check()
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


def _least_units(
    r: Responses,
    tau: int,
    target: Ints,
    low: list[Ints],
    high: list[Ints],
    side: int,
    watch: Watch,
) -> Ints:
    """Return the most units that surely fall short of `target` with all the other resource.

    Of blocks, which are not divided: one more.
    """

    def suffices(units: Ints) -> NDArray[np.bool_]:
        watch.check()
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
    moved = enough if side == 0 and r.in_blocks else falls_short
    return np.where(stay, low[side], moved)


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
