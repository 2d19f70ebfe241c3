"""The boxes cover every split of the samples, and none of them can hold a plan."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from flint import arb, ctx

from mel_fast.verify._allowance import tick, ticked
from mel_fast.verify._boxes import Boxes, OutsideError, leaves
from mel_fast.verify._goal import At, Goal
from mel_fast.verify._learner import Learner, ball, largest_rate, last_below, precision
from mel_fast.verify._ledger import Ledgers
from mel_fast.verify._plan import CHUNK, PRECISIONS
from mel_fast.verify.best import _counts
from mel_fast.verify.best._battery import BatteryResponse
from mel_fast.verify.best._blocks import BlockResponse
from mel_fast.verify.best._capped import respond
from mel_fast.verify.best._paced import learner_of
from mel_fast.verify.claim._problem import Problem, Row
from mel_fast.verify.claim._read import Claim, Leaf, Split
from mel_fast.verify.quick.rows import worth_at_most
from mel_fast.verify.quick.tops import Tops

REFUSED = 3  # leaves; what comes after them is not looked at,
LOOKED_AT = 6000  # nor after fewer where they cost more values of learners than these
_KEPT = 100_000  # learners whose constants are kept from leaf to leaf


@dataclass(slots=True)
class CoverReport:
    """What is wrong with the proof, and the least margin of its bounds."""

    reasons: list[str] = field(default_factory=list)
    margin: float = float("inf")
    leaves: int = 0
    bits: int = 0

    def judge(
        self,
        where: str,
        bound: Callable[[], Any | None],
        reached: Callable[[], Any],
        words: str = "D",
    ) -> None:
        """Evaluate a bound with more and more bits until it is below D or surely is not."""
        self.leaves += 1
        upper: Any = None
        for bits in PRECISIONS:
            with precision(bits):
                self.bits = max(self.bits, bits)
                upper = bound()
                if upper is None:
                    return
                margin = reached() - upper
                if margin > 0:
                    self.margin = min(self.margin, float(margin.lower()))
                    return
                if margin <= 0 and bits > PRECISIONS[0]:
                    break
        self.reasons.append(
            f"{where}: the bound {upper.str(20, radius=False)} is not below {words} = "
            f"{_plain(reached())}"
        )


def check(claim: Claim, advance: Callable[[int], None]) -> CoverReport:
    """Check that `claim.bound` + 1 local cycles are impossible under the claim's scheme."""
    report = CoverReport()
    problem, tau = claim.problem, claim.bound + 1
    if not claim.proof:
        report.reasons.append(f"certificate is null: nothing rules out tau = {tau}")
        return report
    if claim.counts:
        report.leaves, report.bits = 1, _counts.BITS
        reasons, report.margin = _counts.check(problem, tau, claim.at_least, advance)
        report.reasons += reasons
        return report
    if claim.tree is None:
        if claim.at_least or any(row.optional for row in problem.learners):
            report.leaves, report.bits = 1, _counts.BITS
            reasons, report.margin = _counts.check_totals(
                problem, claim.at_least, _shares(problem, tau)
            )
            report.reasons += reasons
            advance(len(problem.learners))
            return report
        report.judge(
            "equal_shares", lambda: _equal_shares(problem, tau, advance), lambda: problem.samples
        )
        return report
    goal = Goal(problem, claim.at_least, claim.no_more)
    root = (0, goal.most)
    if claim.scheme == "resource_only":
        count = len(problem.learners)
        root = (problem.samples // count, -(-problem.samples // count))
    boxes = Boxes(problem, root, goal.rows, any_number=goal.of is not None)
    tree = claim.tree
    if problem.power_w is None:  # nobody shares power: what it costs proves nothing
        tree = [
            node._replace(mu_per_w=0.0) if isinstance(node, Leaf) else node for node in ticked(tree)
        ]
    _walk(tree, boxes, Bounds(problem, tau, boxes, tree, advance, goal), report)
    return report


def _plain(number: Any) -> str:
    return str(number) if isinstance(number, int) else str(number.str(20, radius=False))


def _walk(tree: list[Split | Leaf], boxes: Boxes, bounds: "Bounds", report: CoverReport) -> None:
    """Judge every leaf of a whole tree in its box."""
    most = max(1, min(REFUSED, LOOKED_AT // len(boxes.rows)))
    try:
        for index, leaf in leaves(tree, boxes):
            words = "D" if bounds.goal.of is None and leaf.plain else "what it rules out"
            where = f"certificate.tree[{index}]"
            report.judge(where, partial(bounds.of, leaf), partial(bounds.target, leaf), words)
            if len(report.reasons) >= most and index + 1 < len(tree):
                report.reasons.append(f"certificate.tree: not looked at beyond node {index}")
                return
    except OutsideError as wrong:
        report.reasons.append(f"certificate.tree{wrong}")


class Bounds:
    """Bounds of boxes: what they share is computed once."""

    def __init__(
        self,
        problem: Problem,
        tau: int,
        boxes: Boxes,
        tree: list[Split | Leaf],
        advance: Callable[[int], None],
        goal: Goal | None = None,
    ) -> None:
        self._problem = problem
        self._tau = tau
        self.goal = Goal(problem) if goal is None else goal
        self._boxes = boxes
        self._advance = advance
        self._tops = Tops(problem, boxes, tau)
        leaves = Counter(node for node in tree if isinstance(node, Leaf))
        self._alone = leaves.total() == 1
        self._kept = len(boxes.rows) <= _KEPT and not self._alone
        self._learners: dict[int, dict[int, Learner]] = {}
        self._ledgers = Ledgers(boxes, {leaf for leaf, count in leaves.items() if count > 1})

    def target(self, leaf: Leaf) -> Any:
        """Return what no plan may reach."""
        return self.goal.target(leaf, 0 if leaf.per_part == 0.0 else self._tops.parts(leaf))

    def of(self, leaf: Leaf) -> Any | None:
        """U of the box reached; None where it has no split of D or a learner has no value."""
        problem = self._problem
        if self._boxes.is_empty():
            self._advance(len(problem.learners))
            return None

        def divisible(row: Row, learner: Learner) -> At:
            del row
            if learner.energy_j is not None:
                cap = learner.bandwidth_cap
                return lambda lam, mu: BatteryResponse(problem.law, learner, lam, cap)
            return lambda lam, mu: respond(problem.law, learner, lam, mu, learner.bandwidth_cap)

        def in_blocks(row: Row, learner: Learner) -> At:
            return lambda lam, mu: BlockResponse(problem, row, learner, lam, mu)

        if self._alone and self.goal.of is None:
            target = self.target(leaf)
            paid = leaf.lambda_per_hz * arb(problem.bandwidth_hz)
            paid += leaf.mu_per_w * ball(problem.power)
            known = worth_at_most(
                problem,
                self._boxes,
                leaf,
                self._tau,
                self._advance,
                target - paid,
                self._values(leaf, divisible),
                partial(self._tops.offset, leaf),
            )
            if known is not None and paid + known < target:
                return paid + known
        total = self._total(leaf, divisible)
        if problem.block_hz is None or total is None or total < self.target(leaf):
            return total
        return self._total(leaf, in_blocks)

    def _total(self, leaf: Leaf, respond_as: Callable[[Row, Learner], At]) -> Any | None:
        """U = lambda B + mu P + sum of the best values; None where a learner has none."""
        problem = self._problem
        bandwidth = arb(problem.bandwidth_hz)
        if problem.block_hz is not None:
            bandwidth = problem.blocks() * arb(problem.block_hz)
        paid = leaf.lambda_per_hz * bandwidth + leaf.mu_per_w * ball(problem.power)
        values = self._values(leaf, respond_as)
        ledger = self._ledgers.of(leaf, respond_as.__name__)
        if ledger is not None:
            self._advance(len(problem.learners))
            gained = ledger.total(values)
            if gained is None or paid + gained < self.target(leaf):
                return None if gained is None else paid + gained
        return self._sum(paid, values)

    def _values(
        self, leaf: Leaf, respond_as: Callable[[Row, Learner], At]
    ) -> Callable[[int], Callable[[tuple[int, int]], Any | None]]:
        """Return what a learner of a group is worth at most, within an interval."""

        def values(group: int) -> Callable[[tuple[int, int]], Any | None]:
            row = self._boxes.rows[group]
            at = respond_as(row, self._learner(group, row))
            return self.goal.best(row, at, leaf, self._tops.offset(leaf, group))

        return values

    def _sum(
        self, total: Any, values: Callable[[int], Callable[[tuple[int, int]], Any | None]]
    ) -> Any | None:
        done = 0
        for group, members in enumerate(self._boxes.members):
            tick()
            value = values(group)
            for count, interval in self._boxes.pieces(group):
                best = value(interval)
                if best is None:
                    return None
                total += count * best
            done += len(members)
            if done >= CHUNK:
                self._advance(done)
                done = 0
        self._advance(done)
        return total

    def _learner(self, group: int, row: Row) -> Learner:
        if not self._kept:
            return learner_of(self._problem, row, self._tau)
        learners = self._learners.setdefault(ctx.prec, {})
        if group not in learners:
            learners[group] = learner_of(self._problem, row, self._tau)
        return learners[group]


def _equal_shares(problem: Problem, tau: int, advance: Callable[[int], None]) -> Any | None:
    """At least the sum of the largest d_k within equal shares; None if one has none."""
    largest: dict[Row, int] = {}
    total = 0
    for row in problem.learners:
        tick()
        if row not in largest:
            largest[row] = _largest_share(problem, row, tau)
        if largest[row] < row.min_samples:
            return None
        total += largest[row]
    advance(len(problem.learners))
    least = sum(row.min_samples for row in problem.learners)
    return None if least > problem.samples else arb(total)


def _shares(problem: Problem, tau: int) -> list[int]:
    """At least the largest d_k within equal shares, whether or not that is its minimum."""
    largest: dict[Row, int] = {}
    with precision(_counts.BITS):
        for row in problem.learners:
            tick()
            if row not in largest:
                largest[row] = _largest_share(problem, row, tau)
    return [largest[row] for row in ticked(problem.learners)]


def _largest_by_energy(problem: Problem, row: Row, learner: Learner, bandwidth: Any) -> int:
    """At least the largest d_k whose energy carries it over a share of the bandwidth."""
    served = problem.idle == "served"
    top = min(problem.samples, row.max_samples)
    for end in (last_below(learner.spare_s, learner.per_sample_s), learner.most):
        top = top if end is None else min(top, end)
    least = 0 if served and learner.need(0) != 0 else 1
    if top >= least:
        top = BatteryResponse(problem.law, learner, 1.0, None).last_carried(least, top, bandwidth)
    return top if served else max(top, 0)


def _largest_share(problem: Problem, row: Row, tau: int) -> int:
    """At least the largest d_k within the learner's equal share; -1 if there is none."""
    count = len(problem.learners)
    learner = learner_of(problem, row, tau)
    bandwidth, power = arb(problem.bandwidth_hz) / count, ball(problem.power) / count
    if problem.power_w is None and learner.power_cap is not None:
        power = learner.power_cap
    if problem.block_hz is not None:
        blocks = min(problem.blocks() // count, problem.blocks(row.max_bandwidth_hz))
        bandwidth = blocks * arb(problem.block_hz)
    elif learner.bandwidth_cap is not None:
        bandwidth = bandwidth.min(learner.bandwidth_cap)
    if learner.power_cap is not None:
        power = power.min(learner.power_cap)
    fastest = largest_rate(problem.law, bandwidth, power, learner.noise)
    if learner.energy_j is not None and learner.need(1) != 0:
        return _largest_by_energy(problem, row, learner, bandwidth)
    ends = (
        learner.last_at(fastest),
        last_below(learner.spare_s, learner.per_sample_s),
        learner.most,
    )
    top = min(problem.samples, row.max_samples, *(end for end in ends if end is not None))
    return max(top, 0) if problem.idle == "excused" else top
