"""The plan keeps every constraint, in exact arithmetic on its own float64 numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Any

from flint import arb

from mel_fast.verify._allowance import tick, ticked
from mel_fast.verify._learner import Ball, ball, bits, flops, precision, rate
from mel_fast.verify.claim._problem import INFINITE, Problem, Row
from mel_fast.verify.claim._read import Allocation, Claim
from mel_fast.verify.quick.rows import BITS, surely_kept

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
    """Check sums, shares, limits and deadlines; nothing to do where no plan is claimed."""
    if claim.allocation is None:
        return PlanReport()
    report = PlanReport()
    problem, plan = claim.problem, claim.allocation
    columns: list[tuple[str, str, Sequence[float], Fraction]] = [
        ("samples", "samples", plan.samples, Fraction(problem.samples)),
        ("bandwidth_hz", "Hz", plan.bandwidth_hz, Fraction(problem.bandwidth_hz)),
    ]
    if problem.power_w is not None:  # else nobody shares any
        columns.append(("power_w", "W", plan.power_w, Fraction(problem.power_w)))
    if claim.blocks is not None:  # bandwidth_hz only repeats them
        columns[1] = ("blocks", "blocks", claim.blocks, Fraction(problem.blocks()))
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
    takers = sum(d > 0 for d in plan.samples)
    if takers < claim.at_least:
        report.reasons.append(f"{takers} learners have samples, at_least is {claim.at_least}")
    report.reasons += _beyond_limits(problem, plan, claim.blocks)
    _check_learners(claim, plan, report, advance)
    return report


def exact_sum(column: Sequence[float]) -> Fraction:
    """Return the sum without rounding."""
    ratios = map(float.as_integer_ratio, map(float, ticked(column)))
    return Fraction(sum(top * (_GRID // bottom) for top, bottom in ratios), _GRID)


def _over(difference: Fraction) -> str:
    return f"{float(difference):+.6g}"


def _uneven(samples: list[int], total: int) -> list[str]:
    low, high = total // len(samples), -(-total // len(samples))
    wrong = [k for k, d in enumerate(samples) if not low <= d <= high]
    return few(wrong, lambda k: f"has {samples[k]} samples, resource_only needs {low} to {high}")


def _unequal(name: str, column: Sequence[float], budget: Fraction) -> list[str]:
    share = budget / len(column)
    wrong = [k for k, value in enumerate(column) if value > share]
    return few(wrong, lambda k: f"{name} {column[k]!r} is above its equal share")


def few(learners: list[int], describe: Callable[[int], str]) -> list[str]:
    """Return one reason for each of the first learners, and how many more there are."""
    reasons = [f"learner {k}: {describe(k)}" for k in learners[:SHOWN]]
    more = len(learners) - SHOWN
    return [*reasons, f"and {more} more learners like these"] if more > 0 else reasons


def _beyond_limits(problem: Problem, plan: Allocation, blocks: list[int] | None) -> list[str]:
    rows = problem.learners
    size = range(len(rows))
    samples, bandwidth, power = plan
    wrong = [
        k
        for k in size
        if not rows[k].min_samples <= samples[k] <= rows[k].max_samples
        and not (samples[k] == 0 and rows[k].optional)
    ]
    reasons = few(
        wrong,
        lambda k: (
            f"has {samples[k]} samples, its limits are {rows[k].min_samples} to "
            f"{rows[k].max_samples}"
        ),
    )
    wrong = [k for k in size if power[k] > rows[k].max_power_w]
    reasons += few(
        wrong, lambda k: f"power_w {power[k]!r} is above its max_power_w {rows[k].max_power_w!r}"
    )
    if blocks is None:
        wrong = [k for k in size if bandwidth[k] > rows[k].max_bandwidth_hz]
        cap = "bandwidth_hz {} is above its max_bandwidth_hz {!r}"
        return reasons + few(
            wrong, lambda k: cap.format(repr(bandwidth[k]), rows[k].max_bandwidth_hz)
        )
    width = problem.block_hz or 0.0
    wrong = [k for k in size if blocks[k] * width != bandwidth[k]]  # one product, rounded as saved
    reasons += few(
        wrong, lambda k: f"bandwidth_hz {bandwidth[k]!r} is not {blocks[k]} blocks of {width!r} Hz"
    )
    wrong = [k for k in size if blocks[k] > problem.blocks(rows[k].max_bandwidth_hz)]
    return reasons + few(
        wrong, lambda k: f"{blocks[k]} blocks are above max_bandwidth_hz {rows[k].max_bandwidth_hz}"
    )


def _beyond_speeds(problem: Problem, speeds: list[float] | None) -> list[str]:
    rows = problem.learners
    wrong = [
        k
        for k, speed in enumerate(speeds or ())
        if not rows[k].min_flops_per_s <= speed <= rows[k].flops_per_s
    ]
    return few(
        wrong,
        lambda k: (
            f"flops_per_s {(speeds or [])[k]!r} is not from {rows[k].min_flops_per_s!r} to "
            f"{rows[k].flops_per_s!r}"
        ),
    )


def _check_learners(
    claim: Claim, plan: Allocation, report: PlanReport, advance: Callable[[int], None]
) -> None:
    """Check the deadline and the energy of everybody who takes part."""
    problem, tau = claim.problem, claim.tau
    late: dict[int, str] = {}
    spent: dict[int, str] = {}
    amounts: list[int] | list[float] = plan.bandwidth_hz if claim.blocks is None else claim.blocks
    speeds = claim.flops_per_s
    report.reasons += _beyond_speeds(problem, speeds)
    known = None if speeds or claim.blocks is not None else surely_kept(problem, plan, tau)
    if known is not None:
        report.spare_s = min(report.spare_s, known[1])
        report.bits = max(report.bits, BITS)
    for k, row in enumerate(problem.learners):
        if k % CHUNK == CHUNK - 1:
            advance(CHUNK)
        tick()
        if known is not None and known[0][k]:
            continue
        d, amount, power = plan.samples[k], amounts[k], plan.power_w[k]
        if speeds is not None:
            row = row._replace(flops_per_s=speeds[k])  # what it computes with
        if d == 0 and (problem.idle == "excused" or row.optional):
            continue
        silent = _silent(problem, row, d, amount, power)
        if silent:
            late[k] = silent
            continue
        if row.energy_j < INFINITE:
            spend = partial(_spare_j, problem, tau, row, d)
            if problem.energy_sends:
                spend = partial(_spare_of_sending_j, problem, tau, row, d, amount, power)
            spare = _decide(report, spend)
            if spare is None:
                spent[k] = f"cannot be proved to keep energy_j = {row.energy_j!r} J"
            elif spare < 0:
                spent[k] = f"spends {float(-spare):.6g} J more than energy_j = {row.energy_j!r} J"
        spare = _decide(report, partial(_spare_s, problem, tau, row, d, amount, power))
        if spare is None:
            late[k] = f"cannot be proved to keep T = {problem.cycle_s!r} s in {report.bits} bits"
        elif spare < 0:
            late[k] = f"is {float(-spare):.6g} s late for T = {problem.cycle_s!r} s"
        else:
            report.spare_s = min(report.spare_s, float(spare))
    advance(len(problem.learners) % CHUNK)
    report.reasons += few(list(late), late.__getitem__) + few(list(spent), spent.__getitem__)


def _decide(report: PlanReport, evaluate: Callable[[], Ball | Fraction]) -> Any:
    """Return a number whose ball is surely below zero or surely not; None if no precision does."""
    for digits in PRECISIONS:
        with precision(digits):
            report.bits = max(report.bits, digits)
            number = evaluate()
            if number >= 0 or number < 0:
                return number
    return None


def _sends(row: Row, d: int) -> Any:
    return bits(row.load.send_each, row.load.send, d)


def _returns(row: Row, d: int) -> Any:
    return bits(row.load.back_each, row.load.back, d)


def _silent(problem: Problem, row: Row, d: int, amount: float, power: float) -> str:
    """Say which bits meet a rate of zero; empty where none do."""
    sent, returned = _sends(row, d), _returns(row, d)
    ways = ("receive", "return") if problem.shared == "send" else ("return", "receive")
    if sent != 0 and 0.0 in (amount, power, row.gain):
        return f"has {_shown(sent)} bits to {ways[0]} over rate zero"
    if returned != 0 and not row.gain:
        return f"has {_shown(returned)} bits to {ways[1]} over rate zero"
    return ""


def _shown(bits: Any) -> str:
    return str(bits) if isinstance(bits, int) else f"{float(bits):g}"


def _spare_s(
    problem: Problem, tau: int, row: Row, d: int, amount: float, power: float
) -> Ball | Fraction:
    """T less equations (6) to (8); `amount` counts blocks where there are any."""
    sent = _sends(row, d)
    if row.load.returns_nothing and sent == 0:
        return Fraction(problem.cycle_s) - flops(row, tau, d) / Fraction(row.flops_per_s)
    spare = problem.cycle_s - _flops(row, tau, d) / arb(row.flops_per_s)
    if sent != 0:
        bandwidth = arb(amount) * arb(problem.block_hz or 1.0)
        noise = arb(problem.noise)
        spare -= sent / rate(problem.law, bandwidth, arb(power), arb(row.gain), noise)
    return spare - return_s(problem, row, d)


def _spare_j(problem: Problem, tau: int, row: Row, d: int) -> Ball | Fraction:
    """Energy less what computing and returning take."""
    if row.load.returns_nothing:
        return Fraction(row.energy_j) - flops(row, tau, d) * flop_j(row)
    computing = _flops(row, tau, d) * ball(flop_j(row))
    return row.energy_j - computing - arb(row.return_power_w) * return_s(problem, row, d)


def _spare_of_sending_j(
    problem: Problem, tau: int, row: Row, d: int, bandwidth: float, power: float
) -> Ball | Fraction:
    """Energy less what computing and sending over the planned link take."""
    sent = _sends(row, d)
    if sent == 0:
        return Fraction(row.energy_j) - flops(row, tau, d) * flop_j(row)
    gain, noise = arb(row.gain), arb(problem.noise)
    seconds = sent / rate(problem.law, arb(bandwidth), arb(power), gain, noise)
    computing = _flops(row, tau, d) * ball(flop_j(row))
    return row.energy_j - computing - arb(power) * seconds


def flop_j(row: Row) -> Fraction:
    """Joules of a flop at the speed that the learner computes with."""
    if row.energy_coefficient is None:
        return Fraction(row.energy_per_flop_j)
    return Fraction(row.energy_coefficient) * Fraction(row.flops_per_s) ** 2


def _flops(row: Row, tau: int, d: int) -> Ball:
    return (tau * d) * arb(row.load.flops_each)


def return_s(problem: Problem, row: Row, d: int) -> Ball:
    returned = _returns(row, d)
    if returned == 0:
        return arb(0)
    bandwidth, power = arb(row.return_bandwidth_hz), arb(row.return_power_w)
    return returned / rate(problem.law, bandwidth, power, arb(row.gain), arb(problem.noise))
