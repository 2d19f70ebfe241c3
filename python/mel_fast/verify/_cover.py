"""The boxes cover every split of the samples, and none of them can hold a plan."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from flint import arb, ctx

from mel_fast.verify._blocks import BlockResponse
from mel_fast.verify._capped import respond
from mel_fast.verify._learner import Learner, largest_rate, last_below, precision
from mel_fast.verify._plan import CHUNK, PRECISIONS
from mel_fast.verify._problem import Problem, Row
from mel_fast.verify._read import Claim, Leaf, Split
from mel_fast.verify._response import Response, best_value

Box = dict[int, tuple[int, int]]  # learners whose bounds differ from the root's


@dataclass(slots=True)
class CoverReport:
    """What is wrong with the proof, and the least margin of its bounds."""

    reasons: list[str] = field(default_factory=list)
    margin: float = float("inf")
    leaves: int = 0
    bits: int = 0

    def judge(self, where: str, bound: Callable[[], Any | None], samples: int) -> None:
        """Evaluate a bound with more and more bits until it is below D or surely is not."""
        self.leaves += 1
        upper: Any = None
        for bits in PRECISIONS:
            with precision(bits):
                self.bits = max(self.bits, bits)
                upper = bound()
                if upper is None:
                    return
                margin = samples - upper
                if margin > 0:
                    self.margin = min(self.margin, float(margin.lower()))
                    return
                if margin <= 0 and bits > PRECISIONS[0]:
                    break
        self.reasons.append(
            f"{where}: the bound {upper.str(20, radius=False)} is not below D = {samples}"
        )


def check(claim: Claim, advance: Callable[[int], None]) -> CoverReport:
    """Check that `claim.bound` + 1 local cycles are impossible under the claim's scheme."""
    report = CoverReport()
    problem, tau = claim.problem, claim.bound + 1
    if claim.tree is None:
        report.judge("equal_shares", lambda: _equal_shares(problem, tau, advance), problem.samples)
        return report
    root = (0, problem.samples)
    if claim.scheme == "resource_only":
        count = len(problem.learners)
        root = (problem.samples // count, -(-problem.samples // count))
    tree = _Tree(problem, tau, root, advance)
    boxes: list[Box] = [{}]
    for index, node in enumerate(claim.tree):
        where = f"certificate.tree[{index}]"
        if not boxes:
            report.reasons.append(f"{where}: the tree is complete before this node")
            break
        box = boxes.pop()
        if isinstance(node, Leaf):
            report.judge(where, partial(tree.bound, box, node), problem.samples)
            continue
        if node.learner >= len(problem.learners):
            report.reasons.append(f"{where}: there is no learner {node.learner}")
            break
        low, high = tree.interval(box, node.learner)
        if not low <= node.at < high:
            report.reasons.append(
                f"{where}: cannot split learner {node.learner}, {low} to {high}, at {node.at}"
            )
            break
        boxes += reversed(tree.halves(box, node))
    else:
        if boxes:
            report.reasons.append(f"certificate.tree: {len(boxes)} boxes are missing at the end")
    return report


class _Tree:
    """What all boxes share: the root box, groups of identical learners, their constants."""

    def __init__(
        self, problem: Problem, tau: int, root: tuple[int, int], advance: Callable[[int], None]
    ) -> None:
        self._problem = problem
        self._tau = tau
        self._advance = advance
        self._groups: dict[Row, list[int]] = {}
        for k, row in enumerate(problem.learners):
            self._groups.setdefault(row, []).append(k)
        self._roots = {  # by the first learner of each group, as are the constants
            group[0]: (max(root[0], row.min_samples), min(root[1], row.max_samples))
            for row, group in self._groups.items()
        }
        sizes = [(self._roots[group[0]], len(group)) for group in self._groups.values()]
        self._least = sum(low * size for (low, _), size in sizes)
        self._most = sum(high * size for (_, high), size in sizes)
        self._hollow = any(low > high for low, high in self._roots.values())
        self._learners: dict[int, dict[int, Learner]] = {}

    def _root(self, k: int) -> tuple[int, int]:
        return self._roots[self._groups[self._problem.learners[k]][0]]

    def interval(self, box: Box, k: int) -> tuple[int, int]:
        """Bounds of learner k's samples in a box."""
        return box.get(k) or self._root(k)

    def halves(self, box: Box, split: Split) -> tuple[Box, Box]:
        """Cut a box; identical learners may be taken in falling order of their samples."""
        below, above = dict(box), dict(box)
        for k in self._groups[self._problem.learners[split.learner]]:
            low, high = self.interval(box, k)
            if k >= split.learner:
                below[k] = (low, min(high, split.at))
            if k <= split.learner:
                above[k] = (max(low, split.at + 1), high)
        return below, above

    def bound(self, box: Box, leaf: Leaf) -> Any | None:
        """U of the box; None where it has no split of D samples or a learner has no value."""
        problem = self._problem
        if self._is_empty(box):
            self._advance(len(problem.learners))
            return None

        def divisible(row: Row, learner: Learner) -> Response:
            del row
            return respond(problem.law, learner, *leaf, learner.bandwidth_cap)

        def in_blocks(row: Row, learner: Learner) -> Response:
            return BlockResponse(problem, row, learner, *leaf)

        total = self._total(box, leaf, divisible)
        if problem.block_hz is None or total is None or total < problem.samples:
            return total
        return self._total(box, leaf, in_blocks)

    def _is_empty(self, box: Box) -> bool:
        least, most = self._least, self._most
        for k, (low, high) in box.items():
            root_low, root_high = self._root(k)
            least += low - root_low
            most += high - root_high
            if low > high:
                return True
        return self._hollow or not least <= self._problem.samples <= most

    def _total(
        self, box: Box, leaf: Leaf, respond_as: Callable[[Row, Learner], Response]
    ) -> Any | None:
        """U = lambda B + mu P + sum of the best values; None where a learner has none."""
        problem = self._problem
        excused = problem.idle == "excused"
        bandwidth = arb(problem.bandwidth_hz)
        if problem.block_hz is not None:
            bandwidth = problem.blocks() * arb(problem.block_hz)
        total = leaf.lambda_per_hz * bandwidth + leaf.mu_per_w * arb(problem.power_w)
        learners = self._learners.setdefault(ctx.prec, {})
        done = 0
        for row, group in self._groups.items():
            first = group[0]
            learner = learners.get(first)
            if learner is None:
                learner = learners[first] = Learner(problem, row, self._tau)
            response = respond_as(row, learner)
            root = self._roots[first]
            values: dict[tuple[int, int], Any] = {}
            for k in group:
                interval = box.get(k, root)
                if interval not in values:
                    values[interval] = best_value(response, *interval, excused)
                if values[interval] is None:
                    return None
                total += values[interval]
            done += len(group)
            if done >= CHUNK:
                self._advance(done)
                done = 0
        self._advance(done)
        return total


def _equal_shares(problem: Problem, tau: int, advance: Callable[[int], None]) -> Any | None:
    """At least the sum of the largest d_k within equal shares; None if one has none."""
    largest: dict[Row, int] = {}
    total = 0
    for row in problem.learners:
        if row not in largest:
            largest[row] = _largest_share(problem, row, tau)
        if largest[row] < row.min_samples:
            return None
        total += largest[row]
    advance(len(problem.learners))
    least = sum(row.min_samples for row in problem.learners)
    return None if least > problem.samples else arb(total)


def _largest_share(problem: Problem, row: Row, tau: int) -> int:
    """At least the largest d_k within the learner's equal share; -1 if there is none."""
    count = len(problem.learners)
    learner = Learner(problem, row, tau)
    bandwidth, power = arb(problem.bandwidth_hz) / count, arb(problem.power_w) / count
    if problem.block_hz is not None:
        blocks = min(problem.blocks() // count, problem.blocks(row.max_bandwidth_hz))
        bandwidth = blocks * arb(problem.block_hz)
    elif learner.bandwidth_cap is not None:
        bandwidth = bandwidth.min(learner.bandwidth_cap)
    if learner.power_cap is not None:
        power = power.min(learner.power_cap)
    fastest = largest_rate(problem.law, bandwidth, power, learner.noise)
    ends = (
        learner.last_at(fastest),
        last_below(learner.spare_s, learner.per_sample_s),
        learner.most,
    )
    top = min(problem.samples, row.max_samples, *(end for end in ends if end is not None))
    return max(top, 0) if problem.idle == "excused" else top
