"""Some of the learners: whether what they get holds, and what they are worth at a leaf's prices."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from flint import arb

from mel_fast.verify._allowance import tick
from mel_fast.verify._goal import Goal
from mel_fast.verify._learner import Learner, precision
from mel_fast.verify._plan import PlanReport, _beyond_limits, _check_learners, exact_sum
from mel_fast.verify.best._battery import BatteryResponse
from mel_fast.verify.best._capped import respond
from mel_fast.verify.claim._entries import RefusedError, amount, column, count
from mel_fast.verify.claim._problem import Problem, Row
from mel_fast.verify.claim._read import Allocation, Claim, Leaf
from mel_fast.verify.claim._read_problem import read_problem

ROWS = 4096  # learners that are lists of Python's at a time
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
    least: int = 0  # samples
    most: int = 0
    none: bool = False  # a learner has no allowed number of samples

    def add(self, other: "LeafSums") -> None:
        """Take in another part."""
        self.value += other.value
        self.least += other.least
        self.most += other.most
        self.none = self.none or other.none


def _problems(stated: dict[str, Any], columns: dict[str, Any], where: str) -> Iterator[Any]:
    """Yield the problems of a few learners at a time, each read from the numbers as a file is."""
    size = len(columns["gain"])
    for begin in range(0, size, ROWS):
        rows = slice(begin, min(begin + ROWS, size))
        lists = {name: _listed(column_[rows]) for name, column_ in columns.items()}
        yield rows, read_problem({**stated, "learners": lists}, where)


def _listed(column_: Any) -> list[Any]:
    return ["inf" if entry == float("inf") else entry for entry in column_.tolist()]


def check_plan(
    stated: dict[str, Any], columns: dict[str, Any], allocation: Any, tau: int, first: int
) -> PlanSums:
    """Check every deadline and limit of some learners' allocation, and add it up exactly.

    `columns` and `allocation` hold NumPy arrays; `first` is the number of the first learner.
    """
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
        exact_sum(given.bandwidth_hz),
        exact_sum(given.power_w),
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


def paid(stated: dict[str, Any], leaf: Leaf, one: dict[str, Any], bits: int) -> Any:
    """At least lambda B + mu P; `one` holds the columns of any learner."""
    _, problem = next(_problems(stated, one, "learner 0"))
    with precision(bits):
        bandwidth, power = arb(problem.bandwidth_hz), arb(problem.power_w)
        return (arb(leaf.lambda_per_hz) * bandwidth + arb(leaf.mu_per_w) * power).upper()


def budgets(stated: dict[str, Any], one: dict[str, Any]) -> tuple[int, Fraction, Fraction]:
    """D, B and P; RefusedError where a sharded plan's problem is of another kind."""
    _, problem = next(_problems(stated, one, "learner 0"))
    if problem.block_hz is not None or problem.power_w is None:
        raise RefusedError("radio: blocks, or no common power, are not checked shard by shard")
    return problem.samples, Fraction(problem.bandwidth_hz), Fraction(problem.power_w)
