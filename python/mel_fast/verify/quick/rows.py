"""A plan file's learners, which are rows of Python's numbers, on arrays."""

from collections import Counter
from collections.abc import Callable
from math import ceil
from typing import Any, NamedTuple

import numpy as np
from flint import arb

from mel_fast.verify._allowance import tick, ticked
from mel_fast.verify._boxes import Boxes
from mel_fast.verify.claim._problem import INFINITE, Problem
from mel_fast.verify.claim._read import Allocation, Leaf
from mel_fast.verify.quick.allocation import kept
from mel_fast.verify.quick.intervals import enclosing
from mel_fast.verify.quick.leaf import capped, last_by_energy, worths
from mel_fast.verify.quick.numbers import Numbers, stated
from mel_fast.verify.quick.parts import worths_in_parts
from mel_fast.verify.quick.sums import exact_sum
from mel_fast.verify.quick.trust import raises_where_it_must

FEWEST = 2000  # learners, from which on arrays are worth their making
BITS = 53
_AT_ONCE = 8192
_MOST_ALONE = 0.25  # of the learners that are looked at with balls: with more, all are
_SCALE = 2**64


def surely_kept(problem: Problem, plan: Allocation, tau: int) -> tuple[Any, float] | None:
    """Return which learners surely keep all that is asked of them, and what these have to spare.

    None where there are few, or numbers that arrays do not hold.
    """
    numbers = _numbers(problem)
    if numbers is None:
        return None
    samples = np.array(plan.samples, dtype=np.int64)
    shares = [np.array(part, dtype=np.float64) for part in (plan.bandwidth_hz, plan.power_w)]
    sure, spare_s = np.zeros(len(samples), bool), INFINITE
    for begin in range(0, len(samples), _AT_ONCE):
        rows = slice(begin, begin + _AT_ONCE)
        tick(len(samples[rows]))
        try:
            with enclosing():
                found = kept(numbers.at(rows), tau, samples[rows], *(x[rows] for x in shares))
        except FloatingPointError:
            continue
        sure[rows] = found.sure
        spare_s = min(spare_s, found.spare_s)
    return sure, spare_s


def most_by_energy(problem: Problem, tau: int) -> Any | None:
    """Return at least the last d that its energy allows each learner; not a number if unknown.

    None where there are few, or numbers that arrays do not hold.
    """
    numbers = _numbers(problem)
    if numbers is None:
        return None
    most = np.full(len(problem.learners), np.nan)
    for begin in range(0, len(most), _AT_ONCE):
        rows = slice(begin, begin + _AT_ONCE)
        tick(len(most[rows]))
        try:
            with enclosing():
                most[rows] = last_by_energy(numbers.at(rows), tau, len(most[rows]))
        except FloatingPointError:
            continue
    return most


def worth_at_most(
    problem: Problem,
    boxes: Boxes,
    leaf: Leaf,
    tau: int,
    advance: Callable[[int], None],
    below: Any,
    exact: Callable[[int], Callable[[tuple[int, int]], Any | None]],
    offset: Callable[[int], int],
) -> Any | None:
    """Return a bound of what all learners are worth at a leaf's prices; None where it is open.

    `exact` bounds with balls what a learner of a group is worth in an interval: those are asked of
    whom arrays do not know enough, and, where the bound is not `below` this, of those whose caps
    they passed over. `offset`: of a group, its samples before the first part.
    """
    numbers = _numbers(problem)
    if numbers is None or not all(numbers.plain) or not (leaf.plain or leaf.per_part):
        return None
    size = len(problem.learners)
    places = _places(boxes, size)
    low, high = places.low, places.high
    most, sure = np.zeros(size), np.zeros(size, bool)
    for begin in range(0, size, _AT_ONCE):
        rows = slice(begin, begin + _AT_ONCE)
        tick(len(low[rows]))
        advance(len(low[rows]))
        if np.any(low[rows] > high[rows]):
            return None
        try:
            with enclosing():
                before = np.array([offset(group) for group in places.group[rows].tolist()])
                found = _worths(numbers.at(rows), tau, leaf, (low[rows], high[rows]), before)
        except FloatingPointError:
            continue
        sure[rows], most[rows] = found
    alone = np.flatnonzero(~sure)
    total = _in_balls(places, alone, exact) if alone.size <= size * _MOST_ALONE else None
    if total is None:
        return None
    total += _summed(most[sure])
    if total < below:
        return total
    passed_over = np.flatnonzero(sure & (most > 0.0) & capped(numbers, size))
    if not 0 < passed_over.size <= size * _MOST_ALONE:
        return total
    capped_too = _in_balls(places, passed_over, exact)
    return None if capped_too is None else total - _summed(most[passed_over]) + capped_too


def _worths(
    numbers: Numbers, tau: int, leaf: Leaf, box: tuple[Any, Any], offset: Any
) -> tuple[Any, Any]:
    if leaf.plain:
        found = worths(numbers, tau, *leaf[:2], *box)
        return found.sure, found.most
    priced = leaf.lambda_per_hz, leaf.mu_per_w, leaf.per_part, leaf.part
    return worths_in_parts(numbers, tau, priced, *box, offset)


class _Places(NamedTuple):
    """Where each learner stands, shape (K,): its bounds, and its group."""

    low: Any
    high: Any
    group: Any


def _places(boxes: Boxes, size: int) -> _Places:
    places = _Places(np.zeros(size), np.zeros(size), np.zeros(size, np.int64))
    for group, members in enumerate(boxes.members):
        begin = 0
        for count, interval in boxes.pieces(group):
            these = members[begin : begin + count]
            places.low[these], places.high[these] = interval
            begin += count
        places.group[members] = group
    return places


def _in_balls(places: _Places, who: Any, exact: Callable[[int], Any]) -> Any | None:
    """Add up what these are worth with balls; None where one of them has no value."""
    columns = (places.group, places.low, places.high)
    alike = Counter(zip(*(column[who].tolist() for column in columns), strict=True))
    total = arb(0)
    for (group, low, high), count in alike.items():
        tick()
        best = exact(group)((int(low), int(high)))
        if best is None:
            return None
        total += count * best
    return total


def _summed(column: Any) -> Any:
    """Return at least the sum, and hardly more."""
    return arb(ceil(exact_sum(column) * _SCALE)) / _SCALE


def _numbers(problem: Problem) -> Numbers | None:
    rows = problem.learners
    if len(rows) < FEWEST or problem.block_hz is not None or problem.power_w is None:
        return None
    if not raises_where_it_must():
        return None

    def column(name: str, of: Any = np.float64) -> Any:
        return np.fromiter((getattr(row, name) for row in ticked(rows)), of, len(rows))

    def amount(name: str) -> Any:
        first = getattr(rows[0].load, name)
        if all(row.load is rows[0].load for row in ticked(rows)):
            return float(first)
        return np.fromiter((getattr(row.load, name) for row in ticked(rows)), np.float64, len(rows))

    energy_j = column("energy_j")
    plain = np.fromiter(
        (
            row.energy_coefficient is None and not row.optional and row.weight == 1.0
            for row in ticked(rows)
        ),
        bool,
        len(rows),
    )
    if problem.energy_sends:
        plain &= ~(energy_j < INFINITE)
    return stated(
        problem,
        plain=plain,
        energy_j=energy_j,
        min_samples=column("min_samples", np.int64),
        max_samples=column("max_samples", np.int64),
        **{name: amount(name) for name in rows[0].load._fields},
        **{
            name: column(name)
            for name in (
                "flops_per_s",
                "gain",
                "return_bandwidth_hz",
                "return_power_w",
                "energy_per_flop_j",
                "max_bandwidth_hz",
                "max_power_w",
            )
        },
    )
