"""Some of the learners: whether what they get holds, and what they are worth at a leaf's prices."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
from flint import arb

from mel_fast.verify._allowance import tick
from mel_fast.verify._goal import Goal
from mel_fast.verify._learner import Learner, precision
from mel_fast.verify._plan import PRECISIONS, PlanReport, _beyond_limits, _check_learners
from mel_fast.verify._plan import exact_sum as sum_of_list
from mel_fast.verify.best._battery import BatteryResponse
from mel_fast.verify.best._capped import respond
from mel_fast.verify.claim._entries import RefusedError, amount, column, count
from mel_fast.verify.claim._problem import Problem, Row
from mel_fast.verify.claim._read import Allocation, Claim, Leaf
from mel_fast.verify.claim._read_problem import PAYLOAD, read_problem
from mel_fast.verify.quick.allocation import kept
from mel_fast.verify.quick.intervals import enclosing
from mel_fast.verify.quick.leaf import worths
from mel_fast.verify.quick.numbers import Numbers, of_columns, readable, runs
from mel_fast.verify.quick.sums import exact_sum, whole_sum
from mel_fast.verify.quick.trust import raises_where_it_must

ROWS = 4096  # learners that are lists of Python's at a time
ON_ARRAYS = (
    53  # bits: most learners are looked at as arrays, the rest with the fewest of `PRECISIONS`
)
_AT_ONCE = 8192  # learners of an array that the processor's caches hold
_SCALE = 2**64


@dataclass(slots=True)
class PlanSums:
    """What one part's learners get in all, and what is wrong with it."""

    samples: int = 0
    bandwidth_hz: Fraction = Fraction(0)
    power_w: Fraction = Fraction(0)
    reasons: list[str] = field(default_factory=list)
    spare_s: float = float("inf")
    bits: int = 0

    def add(self, other: "PlanSums") -> None:
        """Take in another part."""
        self.samples += other.samples
        self.bandwidth_hz += other.bandwidth_hz
        self.power_w += other.power_w
        self.reasons = (self.reasons + other.reasons)[:6]
        self.spare_s = min(self.spare_s, other.spare_s)
        self.bits = max(self.bits, other.bits)


@dataclass(slots=True)
class LeafSums:
    """What one part's learners are worth at a leaf, from above."""

    value: int = 0  # in units of 2^-64
    reached: int = 0  # what they are surely worth, unless `open`
    least: int = 0  # samples
    most: int = 0
    none: bool = False  # a learner has no allowed number of samples
    open: bool = False

    def add(self, other: "LeafSums") -> None:
        """Take in another part."""
        self.value += other.value
        self.reached += other.reached
        self.open = self.open or other.open
        self.least += other.least
        self.most += other.most
        self.none = self.none or other.none


def _problems(stated: dict[str, Any], columns: dict[str, Any], where: str) -> Iterator[Any]:
    """Yield the problems of a few learners at a time, each read from the numbers as a file is."""
    size = len(columns["gain"])
    same = stated.get("payload", {})
    for begin in range(0, size, ROWS):
        rows = slice(begin, min(begin + ROWS, size))
        lists = {name: _listed(column_[rows]) for name, column_ in columns.items()}
        own = {name: lists.pop(name) for name in PAYLOAD if name in lists}
        given = {**stated, "learners": lists}
        if own and not isinstance(same, dict):
            raise RefusedError("payload: must be an object")
        if own:
            given["payload"] = {**same, **own}
        yield rows, read_problem(given, where)


def numbers_of(stated: dict[str, Any], columns: dict[str, Any]) -> Numbers | None:
    """Return the learners' numbers as arrays; None where they are left to the balls."""
    if not len(columns["gain"]) or not raises_where_it_must():
        return None
    one = {name: column_[:1] for name, column_ in columns.items()}
    _, problem = next(_problems(stated, one, "learner 0"))
    return of_columns(problem, columns)


def _listed(column_: Any) -> list[Any]:
    return ["inf" if entry == float("inf") else entry for entry in column_.tolist()]


def check_plan(
    stated: dict[str, Any], columns: dict[str, Any], allocation: Any, tau: int, first: int
) -> PlanSums:
    """Check every deadline and limit of some learners' allocation, and add it up exactly.

    `columns` and `allocation` hold NumPy arrays; `first` is the number of the first learner.
    """
    total, spans = _on_arrays(stated, columns, allocation, tau)
    for span in spans:
        some = {name: part[span] for name, part in columns.items()}
        cut = tuple(part[span] for part in allocation)
        total.add(_with_balls(stated, some, cut, tau, first + span.start))
    return total


def _on_arrays(
    stated: dict[str, Any], columns: dict[str, Any], allocation: Any, tau: int
) -> tuple[PlanSums, list[slice]]:
    """Add up what surely holds; return it, and the runs of learners of whom that is not known."""
    size = len(columns["gain"])
    numbers = numbers_of(stated, columns)
    if numbers is None or not readable(allocation, size):
        return PlanSums(), [slice(0, size)]
    unsure = np.ones(size, bool)
    spare_s = float("inf")
    for begin in range(0, size, _AT_ONCE):
        tick(0)
        rows = slice(begin, begin + _AT_ONCE)
        try:
            with enclosing():
                found = kept(numbers.at(rows), tau, *(part[rows] for part in allocation))
        except FloatingPointError:
            continue
        unsure[rows] = ~found.sure
        spare_s = min(spare_s, found.spare_s)
    sure = ~unsure
    samples, bandwidth_hz, power_w = (part[sure] for part in allocation)
    sums = (whole_sum(samples), exact_sum(bandwidth_hz), exact_sum(power_w))
    return PlanSums(*sums, [], spare_s, ON_ARRAYS), runs(unsure)


def _with_balls(
    stated: dict[str, Any], columns: dict[str, Any], allocation: Any, tau: int, first: int
) -> PlanSums:
    total = PlanSums()
    names = Allocation._fields
    for rows, problem in _problems(stated, columns, f"learners from {first} on"):
        given = Allocation._make(
            (
                column(part[rows].tolist(), f"{name} of learners from {first} on", read, None)
                for name, part, read in zip(names, allocation, (count, amount, amount), strict=True)
            )
        )
        if any(len(part) != len(problem.learners) for part in given):
            raise RefusedError(f"the allocation of learners from {first} on has another length")
        total.add(_checked(problem, given, tau, first + rows.start))
    return total


def _checked(problem: Problem, given: Allocation, tau: int, first: int) -> PlanSums:
    report = PlanReport()
    claim = Claim("feasible", "joint", tau, tau, given, None, problem, False, None)
    report.reasons += _beyond_limits(problem, given, None)
    _check_learners(claim, given, report, tick)
    return PlanSums(
        sum(given.samples),
        sum_of_list(given.bandwidth_hz),
        sum_of_list(given.power_w),
        [f"from learner {first} on: {reason}" for reason in report.reasons],
        report.spare_s,
        report.bits,
    )


def check_leaf(
    stated: dict[str, Any],
    columns: dict[str, Any],
    leaf: Leaf,
    box: dict[int, tuple[int, int]],
    tau: int,
    first: int,
    bits: int,
) -> LeafSums:
    """Add up what some learners are worth at most, at the prices and in the box of a leaf."""
    if bits > ON_ARRAYS:
        return _leaf_with_balls(stated, columns, leaf, box, tau, first, bits)
    size = len(columns["gain"])
    # Without a common power its price is zero, and what arrays see without caps costs nothing.
    priced = leaf.plain and "power_w" in stated["radio"]
    numbers = numbers_of(stated, columns) if priced else None
    if numbers is None:
        total, unsure = LeafSums(), np.ones(size, bool)
    else:
        total, unsure = _leaf_on_arrays(numbers, leaf, box, tau, first)
    for span in runs(unsure):
        some = {name: part[span] for name, part in columns.items()}
        at = first + span.start
        total.add(_leaf_with_balls(stated, some, leaf, box, tau, at, PRECISIONS[0]))
    return total


def _leaf_on_arrays(
    numbers: Numbers, leaf: Leaf, box: dict[int, tuple[int, int]], tau: int, first: int
) -> tuple[LeafSums, Any]:
    """Add up those whose worth is known; return the sums, and of whom it is not."""
    total = LeafSums()
    size = len(numbers.gain)
    low = np.broadcast_to(np.asarray(numbers.min_samples, np.int64), size).copy()
    high = np.broadcast_to(np.minimum(numbers.max_samples, numbers.most), size).astype(np.int64)
    for k, (least, most) in box.items():
        if 0 <= k - first < size:
            low[k - first] = max(low[k - first], least)
            high[k - first] = min(high[k - first], most)
    unsure = np.ones(size, bool)
    for begin in range(0, size, _AT_ONCE):
        tick(0)
        rows = slice(begin, begin + _AT_ONCE)
        ends = low[rows].astype(np.float64), high[rows].astype(np.float64)
        try:
            with enclosing():
                found = worths(numbers.at(rows), tau, *leaf[:2], *ends)
        except FloatingPointError:
            continue
        sure = found.sure & (ends[0] <= ends[1])
        unsure[rows] = ~sure
        total.value -= floor(exact_sum(-found.most[sure]) * _SCALE)
        least = found.least[sure]
        total.open = total.open or not np.isfinite(least).all()
        if not total.open:
            total.reached += floor(exact_sum(least) * _SCALE)
    total.least, total.most = whole_sum(low[~unsure]), whole_sum(high[~unsure])
    return total, unsure


def _leaf_with_balls(
    stated: dict[str, Any],
    columns: dict[str, Any],
    leaf: Leaf,
    box: dict[int, tuple[int, int]],
    tau: int,
    first: int,
    bits: int,
) -> LeafSums:
    total = LeafSums()
    with precision(bits):
        for rows, problem in _problems(stated, columns, f"learners from {first} on"):
            known: dict[tuple[Row, int, int], int | None] = {}
            goal = Goal(problem)
            for k, row in enumerate(goal.rows, first + rows.start):
                tick()
                low, high = max(0, row.min_samples), min(goal.most, row.max_samples)
                if k in box:
                    low, high = max(low, box[k][0]), min(high, box[k][1])
                total.least += low
                total.most += high
                key = row, low, high
                if key not in known:
                    known[key] = _worth(problem, goal, row, leaf, (low, high), tau)
                value = known[key]
                total.open = total.open or low > 0 or not row.rests(goal.idle)
                if value is None:
                    total.none = True
                else:
                    total.value += value
    return total


def _worth(
    problem: Problem, goal: Goal, row: Row, leaf: Leaf, interval: tuple[int, int], tau: int
) -> int | None:
    if interval[0] > interval[1]:
        return None
    learner = Learner(problem, row, tau)
    cap = learner.bandwidth_cap

    def at(lam: Any, mu: Any) -> Any:
        if learner.energy_j is not None:
            return BatteryResponse(problem.law, learner, lam, cap)
        return respond(problem.law, learner, lam, mu, cap)

    best = goal.best(row, at, leaf)(interval)
    return None if best is None else int((best.upper() * _SCALE).ceil().upper().unique_fmpz())


def paid(stated: dict[str, Any], leaf: Leaf, one: dict[str, Any]) -> Any:
    """Return lambda B + mu P, a ball; `one` holds the columns of any learner.

    Without a common power mu must be zero.
    """
    _, problem = next(_problems(stated, one, "learner 0"))
    bandwidth, power = arb(problem.bandwidth_hz), arb(problem.power_w or 0)
    return arb(leaf.lambda_per_hz) * bandwidth + arb(leaf.mu_per_w) * power


def budgets(stated: dict[str, Any], one: dict[str, Any]) -> tuple[int, Fraction, Fraction | None]:
    """D, B and P, None: each its own; RefusedError where a plan's problem is of another kind."""
    _, problem = next(_problems(stated, one, "learner 0"))
    if problem.block_hz is not None:
        raise RefusedError("radio: blocks are not checked shard by shard")
    power = None if problem.power_w is None else Fraction(problem.power_w)
    return problem.samples, Fraction(problem.bandwidth_hz), power
