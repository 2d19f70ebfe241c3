"""The plan keeps every constraint, in exact arithmetic on its own float64 numbers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from flint import arb

from mel_fast.verify._read import Allocation, Claim, Problem
from mel_fast.verify._response import precision, rate

PRECISIONS = (64, 128, 256, 512, 1024)
SHOWN = 5
CHUNK = 1024
_GRID = 2**1074  # every float64 is a whole multiple of 1 / _GRID


@dataclass(slots=True)
class PlanReport:
    """What is wrong with the plan, and the least time that a learner has to spare."""

    reasons: list[str] = field(default_factory=list)
    spare_s: float = float("inf")
    bits: int = 0


def check(claim: Claim, advance: Callable[[int], None]) -> PlanReport:
    """Check sums, shares and deadlines; nothing to do where no plan is claimed."""
    if claim.allocation is None:
        return PlanReport()
    report = PlanReport()
    problem, plan = claim.problem, claim.allocation
    columns = (
        ("samples", "samples", plan.samples, Fraction(problem.samples)),
        ("bandwidth_hz", "Hz", plan.bandwidth_hz, Fraction(problem.bandwidth_hz)),
        ("power_w", "W", plan.power_w, Fraction(problem.power_w)),
    )
    for name, unit, column, budget in columns:
        total = exact_sum(column)
        if total > budget or (name == "samples" and total != budget):
            report.reasons.append(
                f"{name}: the sum is {_over(total - budget)} {unit} off {float(budget)!r}"
            )
    if claim.scheme == "resource_only":
        report.reasons += _uneven(plan.samples, problem.samples)
    if claim.scheme == "task_only":
        for name, _, column, budget in columns[1:]:
            report.reasons += _unequal(name, column, budget)
    _check_deadlines(problem, claim.tau, plan, report, advance)
    return report


def exact_sum(column: Iterable[float]) -> Fraction:
    """Return the sum without rounding."""
    ratios = map(float.as_integer_ratio, map(float, column))
    return Fraction(sum(top * (_GRID // bottom) for top, bottom in ratios), _GRID)


def _over(difference: Fraction) -> str:
    return f"{float(difference):+.6g}"


def _uneven(samples: list[int], total: int) -> list[str]:
    low, high = total // len(samples), -(-total // len(samples))
    wrong = [k for k, d in enumerate(samples) if not low <= d <= high]
    return few(wrong, lambda k: f"has {samples[k]} samples, resource_only needs {low} to {high}")


def _unequal(name: str, column: list[float], budget: Fraction) -> list[str]:
    share = budget / len(column)
    wrong = [k for k, value in enumerate(column) if value > share]
    return few(wrong, lambda k: f"{name} {column[k]!r} is above its equal share")


def few(learners: list[int], describe: Callable[[int], str]) -> list[str]:
    """Return one reason for each of the first learners, and how many more there are."""
    reasons = [f"learner {k}: {describe(k)}" for k in learners[:SHOWN]]
    more = len(learners) - SHOWN
    return [*reasons, f"and {more} more learners like these"] if more > 0 else reasons


def _check_deadlines(
    problem: Problem,
    tau: int,
    plan: Allocation,
    report: PlanReport,
    advance: Callable[[int], None],
) -> None:
    excused = problem.idle == "excused"
    late: dict[int, str] = {}
    for k, (row, (d, bandwidth, power)) in enumerate(
        zip(problem.learners, zip(*plan, strict=True), strict=True)
    ):
        if k % CHUNK == CHUNK - 1:
            advance(CHUNK)
        if excused and d == 0:
            continue
        if _sends(problem, d) and 0.0 in (bandwidth, power):
            late[k] = f"has {_sends(problem, d)} bits to receive over rate zero"
            continue
        for bits in PRECISIONS:
            with precision(bits):
                spare = problem.cycle_s - _total_s(problem, tau, row, d, bandwidth, power)
                report.bits = max(report.bits, bits)
                if spare >= 0:
                    report.spare_s = min(report.spare_s, float(spare))
                    break
                if spare < 0:
                    late[k] = f"is {float(-spare):.6g} s late for T = {problem.cycle_s!r} s"
                    break
        else:
            late[k] = f"cannot be proved to keep T = {problem.cycle_s!r} s in {bits} bits"
    advance(len(problem.learners) % CHUNK)
    report.reasons += few(list(late), late.__getitem__)


def _sends(problem: Problem, d: int) -> int:
    return problem.sent_bits_per_sample * d + problem.model_bits


def _total_s(
    problem: Problem, tau: int, row: tuple[float, ...], d: int, bandwidth: float, power: float
) -> Any:
    """Equations (6) to (8) and their sum; a time is left out when there is nothing to do."""
    flops, gain, back_bandwidth, back_power = map(arb, row)
    noise = arb(problem.noise)
    total = (tau * d) * arb(problem.task["flops_per_sample"]) / flops
    sent = _sends(problem, d)
    if sent:
        total += sent / rate(problem.law, arb(bandwidth), arb(power), gain, noise)
    returned = problem.model_bits_per_sample * d + problem.model_bits
    if returned:
        total += returned / rate(problem.law, back_bandwidth, back_power, gain, noise)
    return total
