"""A plan file's learners, which are rows of Python's numbers, on arrays."""

from collections.abc import Callable
from math import ceil
from typing import Any

import numpy as np
from flint import arb

from mel_fast.verify._allowance import tick, ticked
from mel_fast.verify._boxes import Boxes
from mel_fast.verify.claim._problem import INFINITE, Problem
from mel_fast.verify.claim._read import Allocation, Leaf
from mel_fast.verify.quick.allocation import kept
from mel_fast.verify.quick.intervals import enclosing
from mel_fast.verify.quick.leaf import worths
from mel_fast.verify.quick.numbers import Numbers, stated
from mel_fast.verify.quick.sums import exact_sum
from mel_fast.verify.quick.trust import raises_where_it_must

FEWEST = 2000  # learners, from which on arrays are worth their making
BITS = 53
_AT_ONCE = 8192
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


def worth_at_most(
    problem: Problem, boxes: Boxes, leaf: Leaf, tau: int, advance: Callable[[int], None]
) -> Any | None:
    """Return a bound of what all learners are worth at a leaf's prices; None where it is open."""
    numbers = _numbers(problem)
    if numbers is None or not all(numbers.plain) or not leaf.plain:
        return None
    low, high = np.zeros(len(problem.learners)), np.zeros(len(problem.learners))
    for group, members in enumerate(boxes.members):
        begin = 0
        for count, interval in boxes.pieces(group):
            these = members[begin : begin + count]
            low[these], high[these] = interval
            begin += count
    total = 0
    for begin in range(0, len(low), _AT_ONCE):
        rows = slice(begin, begin + _AT_ONCE)
        tick(len(low[rows]))
        advance(len(low[rows]))
        if np.any(low[rows] > high[rows]):
            return None
        try:
            with enclosing():
                found = worths(numbers.at(rows), tau, *leaf[:2], low[rows], high[rows])
        except FloatingPointError:
            return None
        if not found.sure.all():
            return None
        total += ceil(exact_sum(found.most) * _SCALE)
    return arb(total) / _SCALE


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
