"""The claim of least energy: what the plan spends, and what no plan with its tau goes below.

With C(d) what a learner spends and pays at least at lambda joules a hertz (`_spender`), and with nu
joules a sample, every plan of D samples within the bandwidth B spends at least nu D - lambda B +
sum of min (C(d) - nu d). Where learners receive over the shared link, a watt has a price, too
(`_receiver`), and mu P is subtracted. A tree says so of one box of splits after the other, each
with prices of its own. Where a box says that n learners take part, no less or no more, each of them
may be charged s joules, and s n is subtracted.
"""

from collections.abc import Callable

from flint import arb, ctx

from mel_fast.verify._allowance import tick
from mel_fast.verify._boxes import Boxes, OutsideError, leaves
from mel_fast.verify._learner import Ball, Learner, ball, flops, precision, rate
from mel_fast.verify._plan import PRECISIONS, flop_j, return_s
from mel_fast.verify.best._receiver import Receiver
from mel_fast.verify.best._spender import Spender
from mel_fast.verify.claim._problem import INFINITE, Problem
from mel_fast.verify.claim._read import Claim, EnergyLeaf, Split, Takers


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
    if stated.bound_j > 0.0:
        reasons += _unproved(claim, advance)
    return reasons


def _unproved(claim: Claim, advance: Callable[[int], None]) -> list[str]:
    """Say of which box of splits the bound is not proved."""
    stated, problem = claim.least_energy, claim.problem
    assert stated is not None
    tree: tuple[Split | Takers | EnergyLeaf, ...] = stated.tree or (EnergyLeaf(*stated[2:5]),)
    bounds, words = Bounds(claim), f"do not prove bound_j = {stated.bound_j!r}"
    try:
        for index, leaf in leaves(tree, bounds.boxes):
            bounds.enter(leaf)
            if not _decided(lambda: bounds.margin(stated.bound_j)):
                where = f".tree[{index}]" if stated.tree else ""
                return [f"least_energy{where}: the prices {words}"]
            advance(len(problem.learners))
    except OutsideError as wrong:
        return [f"least_energy.tree{wrong}"]
    return []


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


class Bounds:
    """What every plan with the claim's tau spends at least in one box after the other."""

    def __init__(self, claim: Claim) -> None:
        self._problem, self._tau = claim.problem, claim.tau
        self.boxes = Boxes(claim.problem, (0, claim.problem.samples))
        plan = claim.allocation
        assert plan is not None
        # About what is best, of one of those who are alike.
        self._guess = [plan.samples[members[0]] for members in self.boxes.members]
        self._leaf = EnergyLeaf(0.0, 0.0)
        self._known: dict[tuple[int, int, int], tuple[Ball | None, int]] = {}
        self._bits = 0

    def enter(self, leaf: EnergyLeaf) -> None:
        """Go on with the prices of the leaf in whose box `boxes` is."""
        if leaf != self._leaf:
            self._known.clear()
        self._leaf = leaf

    def margin(self, bound_j: float) -> Ball:
        """By how much the prices of the leaf prove more; infinite where nothing is in the box."""
        leaf, problem = self._leaf, self._problem
        if self._bits != ctx.prec:
            self._known.clear()
            self._bits = ctx.prec
        if self.boxes.is_empty():
            return arb("inf")
        total = arb(leaf.joules_per_sample) * problem.samples
        total -= arb(leaf.joules_per_hz) * arb(problem.bandwidth_hz)
        if leaf.joules_per_w > 0.0:
            total -= arb(leaf.joules_per_w) * ball(problem.power)
        fewest, limit = self.boxes.takers
        charge = leaf.joules_per_taker
        if charge != 0.0:
            total -= arb(charge) * (limit if charge > 0.0 else fewest)
        most = 0  # samples that are in time
        surely = perhaps = 0  # learners that take part
        for group in range(len(self.boxes.rows)):
            tick()
            for count, (low, high) in self.boxes.pieces(group):
                best, in_time = self._best(group, low, high)
                if best is None:
                    return arb("inf")
                total -= count * best
                most += count * in_time
                surely += count if low > 0 else 0
                perhaps += count if in_time > 0 else 0
        if problem.idle == "excused" and (surely > limit or perhaps < fewest):
            return arb("inf")
        return arb("inf") if most < problem.samples else total - arb(bound_j)

    def _best(self, group: int, low: int, high: int) -> tuple[Ball | None, int]:
        """At least nu d - C(d) less what taking part costs, no less than 0 for who may rest.

        None without any d; and the most d.
        """
        place = (group, low, high)
        if place not in self._known:
            self._known[place] = self._looked_up(group, low, high)
        return self._known[place]

    def _looked_up(self, group: int, low: int, high: int) -> tuple[Ball | None, int]:
        problem, row, leaf = self._problem, self.boxes.rows[group], self._leaf
        learner = Learner(problem, row, self._tau)
        spender = (
            Spender(problem.law, learner, leaf.joules_per_hz)
            if problem.shared == "return"
            else Receiver(problem, row, learner, leaf.joules_per_hz, leaf.joules_per_w)
        )
        rests = problem.idle == "excused" and low == 0
        least = max(low, 1) if rests else low
        guess = min(max(self._guess[group], least), max(high, least))
        best = spender.best(least, high, leaf.joules_per_sample, guess)
        most = max(spender.most(high), 0)
        if best is not None and problem.idle == "excused":
            best -= arb(leaf.joules_per_taker)
        if rests:
            return (arb(0) if best is None else best.max(arb(0))), most
        return best, most
