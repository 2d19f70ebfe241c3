"""What is known of the least of one resource for a number of local cycles, and how it is asked."""

import math
import time
from dataclasses import dataclass, field
from typing import Any

from mel_fast import _core
from mel_fast._base.progress import EndsCallback
from mel_fast._base.validation import LARGEST, MAX_INTEGER, SMALLEST, FloatColumn, IntColumn, freeze
from mel_fast.bracket.clock import Clock
from mel_fast.bracket.inquiry import Inquiry, Start
from mel_fast.model.problem import Problem
from mel_fast.plans.claims.certificate import certificate_of
from mel_fast.plans.claims.parts import PartsLeaf
from mel_fast.plans.columns import ALLOCATION
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import Scheme, Status

RESOURCES = ("cycle_s", "bandwidth_hz", "power_w")
WIDTH = 1e-9

# Learner responses that a plan's own proof may take: what was asked for is known by then.
_EXTRA_WORK = 1e7
# Of so many some looks may refute one local cycle more; no plan with more is looked for.
_MANY = 16_384
# Where parts proved the lower end and do not prove this, boxes without them hardly will.
_EXTRA_WORK_BESIDE_PARTS = 5e5


def amount_of(problem: Problem, resource: str) -> float:
    """Return how much of a resource a problem has."""
    if resource == "power_w":
        return problem.power_budget_w
    return problem.cycle_s if resource == "cycle_s" else problem.radio.bandwidth_hz


def least_stated(problem: Problem, resource: str) -> float:
    """Return the least amount that a problem may have; of bandwidth in blocks, one block."""
    block_hz = problem.radio.block_hz
    return SMALLEST if block_hz is None or resource != "bandwidth_hz" else block_hz


def most_stated(problem: Problem, resource: str) -> float:
    """Return the largest amount of a resource that a problem may have."""
    if resource == "cycle_s":
        return problem._core.largest_cycle_s
    block_hz = problem.radio.block_hz
    if resource == "power_w" or block_hz is None:
        return LARGEST
    return min(block_hz * MAX_INTEGER, LARGEST)


def is_one_leaf(refuted: Any) -> bool:
    """Say whether prices refute without any boxes."""
    return isinstance(refuted, PartsLeaf) or len(getattr(refuted, "tree_learner", ())) == 1


@dataclass(slots=True, eq=False, repr=False)
class Split:
    """An allocation that fits a problem with `amount` of the resource."""

    amount: float
    samples: IntColumn
    bandwidth_hz: FloatColumn
    power_w: FloatColumn
    blocks: IntColumn | None = None

    @classmethod
    def of(cls, amount: float, result: _core.Result | _core.Selection) -> "Split":
        """Return the split of a result that has one."""
        assert result.samples is not None
        assert result.bandwidth_hz is not None
        assert result.power_w is not None
        return cls(amount, result.samples, result.bandwidth_hz, result.power_w, result.blocks)

    def allocation(self) -> dict[str, Any]:
        """Return the columns by a plan's names for them, read-only."""
        columns = {name: getattr(self, name) for name in ALLOCATION}
        return {name: None if c is None else freeze(c) for name, c in columns.items()}


@dataclass(slots=True, eq=False, repr=False)
class Search(Inquiry):
    """Both ends so far, the proofs of either, and questions about one amount."""

    problem: Problem
    tau: int
    resource: str
    scheme: Scheme
    threads: int
    clock: Clock
    start: Start | None = None
    callback: EndsCallback | None = None
    lower: float = 0.0
    refuted: _core.Result | PartsLeaf | None = None
    by_prices: tuple[float, _core.Result | PartsLeaf] | None = None  # what they rule out alone
    best: Split | None = None
    best_at: Start | None = None  # the prices at which it was found
    possible: bool = False  # a plan is known for some amount
    near: float = 0.0  # about what is needed, where that is all that the core says
    blocks: int | None = None  # that best.amount holds, where blocks are what is searched
    nodes: int = 0
    passes: int = 0
    stopped: bool = False
    interrupted: bool = False
    began: float = field(default_factory=time.perf_counter)

    @property
    def elapsed_s(self) -> float:
        """Seconds since this search began; its clock may be older."""
        return time.perf_counter() - self.began

    def ends(self) -> tuple[float, float]:
        """Return what is proved too little, and what suffices."""
        return self.lower, self.upper

    @property
    def _what(self) -> int:
        """The core's number of the resource."""
        return RESOURCES.index(self.resource)

    @property
    def most_stated(self) -> float:
        """The largest amount that a problem may have."""
        return most_stated(self.problem, self.resource)

    @property
    def upper(self) -> float:
        """Least amount attained so far; infinite before any plan."""
        return math.inf if self.best is None else self.best.amount

    def closed(self) -> bool:
        """Say whether the two ends are as near to each other as promised."""
        return self.best is not None and 0.0 < self.upper - self.lower <= WIDTH * self.upper

    def run(self) -> None:
        """Close in, as far as the limit and double precision allow."""
        Inquiry.run(self)
        self.drops_contradiction()

    def drops_contradiction(self) -> bool:
        """Drop a lower end that a split contradicts, and say whether there was one.

        A split was timed with what was written for it; what refutes its amount cannot be right.
        """
        if self.best is None or self.lower < self.upper:
            return False
        self.lower, self.refuted, self.by_prices = 0.0, None, None
        return True

    def with_amount(self, amount: float) -> Problem:
        """Return the problem with so much of the resource."""
        return self.problem.with_budgets(**{self.resource: amount})

    def nothing(self) -> Plan:
        """Return what is known of the problem before any work."""
        result = _core.solve(
            self.problem.core_for(self.scheme), self._code, 0.0, self.threads, None
        )
        return Plan._from_core(self.problem, self.scheme, result)

    def decide(self, amount: float) -> bool | None:
        """Ask whether `amount` suffices and keep what proves the answer; None where unknown."""
        amount = min(amount, self.most_stated)
        problem = self.with_amount(amount)
        # A question that takes half of what is left may be one that a wider step avoids.
        result = self.ask(problem, self.tau, 0.5 * self.clock.left())
        if result.tau == self.tau:
            self._keep(problem, amount, result)
            return True
        if result.bound < self.tau:
            if amount > self.lower:
                self._rule_out(amount, PartsLeaf.of(result) or result)
            return False
        return None

    def _rule_out(self, amount: float, refuted: Any) -> None:
        """Let an amount be the lower end; the most that one leaf rules out is kept apart."""
        self.lower, self.refuted = amount, refuted
        if is_one_leaf(refuted):
            self.by_prices = amount, refuted

    def ask(
        self,
        problem: Problem,
        tau: int,
        limit_s: float | None = None,
        *,
        tentative: bool = False,
        work_limit: float = math.inf,
        leaf: PartsLeaf | None = None,
        only_refutes: bool = False,
    ) -> _core.Result:
        """Ask the core about one tau; a tentative answer counts no rounding errors.

        A leaf that refuted nearly the same is tried first, and no other parts are looked for. Where
        a plan would be of no use (`only_refutes`) a few looks at prices are all.
        """
        left_s = self.clock.left() if limit_s is None else limit_s
        result = _core.decide(
            problem.core_for(self.scheme),
            tau,
            self._code,
            left_s,
            *self._means,
            tentative,
            work_limit,
            parts=True,
            leaf=leaf,
            only_refutes=only_refutes,
        )
        self.nodes += result.nodes
        self.passes += result.passes
        self._seen(result.interrupted)
        return result

    def _keep(self, problem: Problem, amount: float, result: _core.Result) -> None:
        split = Split.of(amount, result)
        if self.scheme != "task_only" and not self.stopped:
            least, bandwidth_hz, power_w, blocks, interrupted = _core.least_of_split(
                problem.core_for(self.scheme),
                self.tau,
                split.samples,
                self._what,
                self.clock.left(),
                *self._means,
            )
            self._seen(interrupted)
            if bandwidth_hz is not None and power_w is not None and least >= SMALLEST:
                split = Split(least, split.samples, bandwidth_hz, power_w, blocks)
        if split.amount < self.upper:
            self.best, self.best_at = split, result.end

    def plan(self) -> Plan | None:
        """Return the best split as a plan, with the proof that it has the most local cycles."""
        if self.best is None:
            return None
        problem = self.with_amount(self.best.amount)
        left_s = 0.0 if self.stopped else self.clock.left()
        leaf = self.refuted if isinstance(self.refuted, PartsLeaf) else None
        work = _EXTRA_WORK if leaf is None else _EXTRA_WORK_BESIDE_PARTS
        if self.start is None:  # prices at which tau just fits nearly rule out tau + 1
            self.start = self.best_at
        few_looks = len(problem.learners) >= _MANY
        above = self.ask(
            problem, self.tau + 1, left_s, work_limit=work, leaf=leaf, only_refutes=few_looks
        )
        tau, best = self.tau, self.best
        if above.tau > tau:  # the same amount serves for more
            result = _core.solve(
                problem.core_for(self.scheme),
                self._code,
                0.0 if self.stopped else self.clock.left(),
                self.threads,
                self._teller,
                True,
                (tau + 1.0, *above.end[1:]),
                False,
                _EXTRA_WORK,
                parts=True,
            )
            self._seen(result.interrupted)
            if result.tau > tau:
                return Plan._from_core(problem, self.scheme, result)
            if result.bound < above.bound:
                above = result
        bound = max(above.bound, tau)
        return self._claim(
            problem,
            status=Status.OPTIMAL if bound == tau else Status.FEASIBLE,
            tau=tau,
            bound=bound,
            **best.allocation(),
            certificate=certificate_of(self.scheme, above.bound, above, problem),
        )

    def proof(self) -> Plan | None:
        """Return the claim that tau is impossible with the lower end, as a plan without a plan."""
        return None if self.refuted is None else self.refutation(self.lower, self.refuted)

    def refutation(self, amount: float, result: Any) -> Plan:
        """Return the claim that a result's tree shows tau impossible with `amount`."""
        return self._claim(
            self.with_amount(amount),
            status=Status.INFEASIBLE if self.tau == 1 else Status.UNDECIDED,
            tau=0,
            bound=self.tau - 1,
            certificate=self._certificate(result),
            reasons=(f"asked only whether tau = {self.tau} is possible: it is not",),
        )

    def _certificate(self, result: Any) -> dict[str, Any] | None:
        """Return what proves tau impossible: prices with a tree, or of parts."""
        if isinstance(result, PartsLeaf):
            return result.certificate(self.tau - 1)
        return certificate_of(self.scheme, self.tau - 1, result, self.problem)

    def _claim(self, problem: Problem, **content: Any) -> Plan:
        found = {name: content.pop(name, None) for name in ALLOCATION}
        plan = Plan(
            problem,
            scheme=self.scheme,
            nodes=self.nodes,
            passes=self.passes,
            elapsed_s=self.elapsed_s,
            **content,
        )
        plan.__dict__.update(found)  # the core's own columns: right, and nobody may write to them
        return plan
