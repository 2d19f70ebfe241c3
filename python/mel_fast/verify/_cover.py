"""The boxes cover every split of the samples, and none of them can hold a plan."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from flint import arb, ctx

from mel_fast.verify._plan import CHUNK, PRECISIONS
from mel_fast.verify._read import Claim, Leaf, Problem, Split
from mel_fast.verify._response import Learner, best_value, precision, rate, respond

Row = tuple[float, ...]
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
                if margin <= 0:
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
        low, high = box.get(node.learner, root)
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
        self._root = root
        self._advance = advance
        self._groups: dict[Row, list[int]] = {}
        for k, row in enumerate(problem.learners):
            self._groups.setdefault(row, []).append(k)
        self._learners: dict[int, dict[Row, Learner]] = {}

    def halves(self, box: Box, split: Split) -> tuple[Box, Box]:
        """Cut a box; identical learners may be taken in falling order of their samples."""
        below, above = dict(box), dict(box)
        for k in self._groups[self._problem.learners[split.learner]]:
            low, high = box.get(k, self._root)
            if k >= split.learner:
                below[k] = (low, min(high, split.at))
            if k <= split.learner:
                above[k] = (max(low, split.at + 1), high)
        return below, above

    def bound(self, box: Box, leaf: Leaf) -> Any | None:
        """U = lambda B + mu P + sum of the best values; None where a learner has none."""
        problem = self._problem
        if any(low > high for low, high in box.values()):
            self._advance(len(problem.learners))
            return None
        excused = problem.idle == "excused"
        total = leaf.lambda_per_hz * arb(problem.bandwidth_hz)
        total += leaf.mu_per_w * arb(problem.power_w)
        learners = self._learners.setdefault(ctx.prec, {})
        done = 0
        for row, group in self._groups.items():
            learner = learners.get(row)
            if learner is None:
                learner = learners[row] = Learner(problem, row, self._tau)
            response = respond(problem, learner, leaf.lambda_per_hz, leaf.mu_per_w)
            values: dict[tuple[int, int], Any] = {}
            for k in group:
                interval = box.get(k, self._root)
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
    """At least the sum of the largest d_k at B_k = B/K, P_k = P/K; None if one has none."""
    count = len(problem.learners)
    bandwidth, power = arb(problem.bandwidth_hz) / count, arb(problem.power_w) / count
    largest: dict[Row, int] = {}
    total = 0
    for row in problem.learners:
        if row not in largest:
            learner = Learner(problem, row, tau)
            forward = rate(problem.law, bandwidth, power, arb(row[1]), arb(problem.noise))
            seconds = learner.alpha / forward + learner.per_sample_s
            end = ((learner.spare_s - learner.beta / forward) / seconds).upper()
            if end < 0 and problem.idle == "served":
                return None
            if not end < problem.samples:
                largest[row] = problem.samples
            else:
                largest[row] = int(end.max(arb(0)).floor().unique_fmpz())
        total += largest[row]
    advance(count)
    return arb(total)
