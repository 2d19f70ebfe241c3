"""The claim of least energy: what the plan spends, and what no plan with its tau goes below.

With C(d) what a learner spends and pays at least at lambda joules a hertz (`_spender`), and with nu
joules a sample, every plan of D samples within the bandwidth B spends at least nu D - lambda B +
sum of min (C(d) - nu d). Where learners receive over the shared link, a watt has a price, too
(`_receiver`), and mu P is subtracted.
"""

from collections.abc import Callable

from flint import arb

from mel_fast.verify._allowance import tick
from mel_fast.verify._learner import Ball, Learner, ball, flops, precision, rate
from mel_fast.verify._plan import PRECISIONS, flop_j, return_s
from mel_fast.verify.best._receiver import Receiver
from mel_fast.verify.best._spender import Spender
from mel_fast.verify.claim._problem import INFINITE, Problem, Row
from mel_fast.verify.claim._read import Claim


def check_energy(claim: Claim, advance: Callable[[int], None]) -> list[str]:
    """Say what is wrong with a claim of least energy; nothing where none is made."""
    stated, plan = claim.least_energy, claim.allocation
    if stated is None or plan is None:
        return []
    problem = claim.problem
    reason = _beyond(problem)
    if reason:
        return [f"least_energy: {reason}"]
    reasons = []
    if not _decided(lambda: arb(stated.joules) - _spent(claim)):
        reasons.append(f"least_energy: the plan spends more than joules = {stated.joules!r}")
    # Nobody spends less than nothing, whatever the prices are.
    if stated.bound_j > 0.0 and not _decided(lambda: _bound(claim, advance) - arb(stated.bound_j)):
        reasons.append(f"least_energy: the prices do not prove bound_j = {stated.bound_j!r}")
    return reasons


def _decided(margin: Callable[[], Ball]) -> bool:
    """Whether a number is surely not negative, with as many bits as that needs."""
    for digits in PRECISIONS[:3]:
        with precision(digits):
            found = margin()
            if found >= 0:
                return True
            if found < 0 and digits > PRECISIONS[0]:
                return False
    return False


def _beyond(problem: Problem) -> str:
    """Say why energies of a problem are not judged; empty where they are."""
    sends = problem.shared == "return"
    if problem.block_hz is not None or (sends and problem.power_w is not None):
        return "only without blocks, and in a shared return without a common power budget"
    for row in problem.learners:
        tick()
        if sends and row.max_bandwidth_hz < INFINITE:
            return "in a shared return only without limits of bandwidth"
        if row.energy_j < INFINITE or row.optional or not row.gain:
            return "only without limits of energy, optional learners and outage"
        if problem.law == "fixed" and row.load.send_each != 0:
            return "with the fixed law only where samples add no bits"
    return ""


def _spent(claim: Claim) -> Ball:
    """Joules of all who take part."""
    problem, plan, speeds = claim.problem, claim.allocation, claim.flops_per_s
    assert plan is not None
    total = arb(0)
    for k, row in enumerate(problem.learners):
        tick()
        d = plan.samples[k]
        if d == 0 and problem.idle == "excused":
            continue
        if speeds is not None:
            row = row._replace(flops_per_s=speeds[k])
        work = flops(row, claim.tau, d) * flop_j(row)
        total += arb(work.numerator) / arb(work.denominator)
        if problem.shared == "send":
            total += arb(row.return_power_w) * return_s(problem, row, d)
            continue
        bits = row.load.send_each * d + row.load.send
        if bits != 0:
            bandwidth, power = arb(plan.bandwidth_hz[k]), arb(plan.power_w[k])
            speed = rate(problem.law, bandwidth, power, arb(row.gain), arb(problem.noise))
            total += power * arb(bits) / speed
    return total


def _bound(claim: Claim, advance: Callable[[int], None]) -> Ball:
    """What every plan with the claim's tau spends at least, by its prices."""
    problem, stated, plan = claim.problem, claim.least_energy, claim.allocation
    assert stated is not None
    assert plan is not None
    total = arb(stated.joules_per_sample) * problem.samples
    total -= arb(stated.joules_per_hz) * arb(problem.bandwidth_hz)
    if stated.joules_per_w > 0.0:
        total -= arb(stated.joules_per_w) * ball(problem.power)
    known: dict[tuple[Row, int], Ball] = {}
    for k, row in enumerate(problem.learners):
        twin = (row, plan.samples[k])
        if twin not in known:
            known[twin] = _best(claim, row, plan.samples[k])
        total -= known[twin]
    del advance
    return total


def _best(claim: Claim, row: Row, guess: int) -> Ball:
    problem, stated = claim.problem, claim.least_energy
    assert stated is not None
    learner = Learner(problem, row, claim.tau)
    spender = (
        Spender(problem.law, learner, stated.joules_per_hz)
        if problem.shared == "return"
        else Receiver(problem, row, learner, stated.joules_per_hz, stated.joules_per_w)
    )
    low, high = row.min_samples, min(row.max_samples, problem.samples)
    rests = problem.idle == "excused" and low == 0
    best = spender.best(max(low, 1) if rests else low, high, stated.joules_per_sample, guess)
    if rests:
        return arb(0) if best is None else best.max(arb(0))
    return arb(0) if best is None else best  # no plan at all: nothing is below anything
