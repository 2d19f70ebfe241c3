"""How little of one resource still suffices for a number of local cycles, proved from both sides.

The best whole samples at the right prices are at once a proof of too little and, repaired to D in
all, a split: nearly always that is the answer. Where the two ends are apart, a split that fits a
little above says how little it needs itself; and a decision just below that either rules the amount
out or finds a better split.
"""

import math
import time
from dataclasses import dataclass, field
from typing import Any

from mel_fast import _core
from mel_fast._base.progress import EndsCallback
from mel_fast._base.validation import LARGEST, MAX_INTEGER, SMALLEST, FloatColumn, IntColumn
from mel_fast.bracket.blocks import search_blocks
from mel_fast.bracket.clock import Clock
from mel_fast.bracket.inquiry import Inquiry
from mel_fast.bracket.precise import may_sharpen, sharpen
from mel_fast.bracket.split import Split
from mel_fast.model.problem import Problem
from mel_fast.plans.certificate import certificate_of
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import SCHEMES, Scheme, Status

RESOURCES = ("cycle_s", "bandwidth_hz", "power_w")
WIDTH = 1e-9

_NEAR = 1e-4  # how far above the estimate a split is surely and quickly found
_SHARE = 0.9  # of the width that may lie between the two ends
_WIDER = 8.0
# Learner responses that a plan's own proof may take: what was asked for is known by then.
_EXTRA_WORK = 1e7
_DOUBT = 2  # so many amounts that do not suffice are reason to ask whether any does

Start = tuple[float, float, float]


def amount_of(problem: Problem, resource: str) -> float:
    """Return how much of a resource a problem has."""
    return problem.cycle_s if resource == "cycle_s" else float(getattr(problem.radio, resource))


def least_stated(problem: Problem, resource: str) -> float:
    """Return the least amount of a resource that a problem may have."""
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


@dataclass(slots=True)
class Search(Inquiry):
    """One search: what it asks, and what it knows so far."""

    problem: Problem
    tau: int
    resource: str
    scheme: Scheme
    threads: int
    clock: Clock
    start: Start | None = None
    callback: EndsCallback | None = None
    lower: float = 0.0
    refuted: _core.Result | None = None
    best: Split | None = None
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
    def least_stated(self) -> float:
        """The least amount that a problem may have: one block where bandwidth comes in blocks."""
        return least_stated(self.problem, self.resource)

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
        return self.best is not None and self.upper - self.lower <= WIDTH * self.upper

    def with_amount(self, amount: float) -> Problem:
        """Return the problem with so much of the resource."""
        return self.problem.with_budgets(**{self.resource: amount})

    def _run(self) -> None:
        if self._ruled_out_by_learners():
            return
        if self.scheme != "task_only" and not self.stopped:
            self._bracket_prices(self.problem)
        if self.closed() or self.stopped:
            return
        guess, sure = self._estimate()
        if self.stopped:
            return
        if self.resource == "bandwidth_hz" and self.problem.radio.block_hz is not None:
            if sure or self.decide(self.most_stated) is not False:
                search_blocks(self, guess)
        elif self.best is not None or self._bracket(guess, sure):
            self._bracket_from_best()
            self._close()  # nothing where that closed it
            if not self.closed() and not self.stopped and may_sharpen(self):
                sharpen(self, _SHARE * WIDTH)

    def _ruled_out_by_learners(self) -> bool:
        """Say whether computing and the learners' limits forbid tau whatever the amount."""
        most = self.most_stated
        result = _core.without_radio(
            self.with_amount(most)._core,
            self.tau,
            SCHEMES.index(self.scheme),
            self.clock.left(),
            self.threads,
            self._teller,
        )
        self.passes += result.passes
        self._seen(result.interrupted)
        if result.bound >= self.tau:
            return False
        self.lower, self.refuted = most, result
        return True

    def _bracket_from_best(self) -> None:
        """Look for prices once more where those from an amount far above the need led nowhere."""
        if self.lower == 0.0 and not self.stopped and self.scheme != "task_only":
            self.start = None
            self._bracket_prices(self.with_amount(self.upper))

    def _bracket_prices(self, problem: Problem) -> None:
        """Take both ends from one look at the prices of the continuous problem."""
        lower, refuted, amount, found, interrupted = _core.bracket(
            problem._core,
            self.tau,
            RESOURCES.index(self.resource),
            SCHEMES.index(self.scheme),
            self.clock.left(),
            self.threads,
            self._teller,
            self.start,
        )
        if refuted is not None and max(SMALLEST, self.lower) <= lower <= LARGEST:
            self.lower, self.refuted, self.start = lower, refuted, refuted.end
            self.passes += refuted.passes
        if found is not None and SMALLEST <= amount <= min(LARGEST, self.upper):
            self.best = Split.of(amount, found)
        self._seen(interrupted)

    def take(
        self, amount: float, samples: IntColumn, bandwidth_hz: FloatColumn, power_w: FloatColumn
    ) -> None:
        """Keep an allocation that fits with `amount`."""
        self.best = Split(amount, samples, bandwidth_hz, power_w)

    def look_at_clock(self) -> None:
        """Take note of the limit."""
        self._seen(False)

    def nothing(self) -> Plan:
        """Return what is known of the problem before any work."""
        code = SCHEMES.index(self.scheme)
        result = _core.solve(self.problem._core, code, 0.0, self.threads, None)
        return Plan._from_core(self.problem, self.scheme, result)

    def _estimate(self) -> tuple[float, bool]:
        """Where to begin, and whether some amount is known to do for samples that are not whole.

        The baselines need more than the continuous problem says.
        """
        code = SCHEMES.index(self.scheme) if self.scheme != "task_only" else 0
        amount, per_hz, per_w, converged, interrupted = _core.estimate_least(
            self.problem._core,
            self.tau,
            RESOURCES.index(self.resource),
            code,
            self.clock.left(),
            self.threads,
            self._teller,
            self.start,
        )
        self._seen(interrupted)
        if converged and SMALLEST <= amount <= LARGEST:
            self.start = (float(self.tau), per_hz, per_w)
            return amount, True
        return amount_of(self.problem, self.resource), False

    def _bracket(self, guess: float, sure: bool) -> bool:
        """Find an amount that suffices, with growing steps upwards; False if none is found."""
        most, step = self.most_stated, _NEAR
        amount = guess * (1.0 + step)
        doubt = 0 if sure else _DOUBT - 1
        while True:
            answer = self.decide(amount)
            if answer is True:
                return True
            doubt += 1
            doubtful = doubt == _DOUBT and not self.stopped and amount < most
            if doubtful and self.decide(most) is False:
                return False
            if self.stopped or amount >= most:
                return self.best is not None
            step = step * 10.0 if step < 1.0 else step * step + 1.0
            amount *= 1.0 + step

    def _close(self) -> None:
        """Rule out what lies below the best split, or find a better one."""
        step = _SHARE * WIDTH
        while not self.closed() and not self.stopped:
            target = 0.5 * (self.lower + self.upper)
            if self.scheme != "task_only":
                target = max(target, self.upper * (1.0 - step))
            answer = self.decide(max(target, SMALLEST))
            if answer is True and self.upper <= SMALLEST:
                return
            if answer is False:
                step = _SHARE * WIDTH
            elif answer is None and step > 0.1:
                return
            else:
                step *= _WIDER if answer else _WIDER**2

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
                self.lower, self.refuted = amount, result
            return False
        return None

    def ask(
        self,
        problem: Problem,
        tau: int,
        limit_s: float | None = None,
        *,
        tentative: bool = False,
        work_limit: float = math.inf,
    ) -> _core.Result:
        """Ask the core about one tau; a tentative answer counts no rounding errors."""
        code = SCHEMES.index(self.scheme)
        left_s = self.clock.left() if limit_s is None else limit_s
        result = _core.decide(
            problem._core,
            tau,
            code,
            left_s,
            self.threads,
            self._teller,
            self.start,
            tentative,
            work_limit,
        )
        self.nodes += result.nodes
        self.passes += result.passes
        self._seen(result.interrupted)
        return result

    def _keep(self, problem: Problem, amount: float, result: _core.Result) -> None:
        split = Split.of(amount, result)
        if self.scheme != "task_only" and not self.stopped:
            least, bandwidth_hz, power_w, blocks, interrupted = _core.least_of_split(
                problem._core,
                self.tau,
                split.samples,
                RESOURCES.index(self.resource),
                self.clock.left(),
                self.threads,
                self._teller,
                self.start,
            )
            self._seen(interrupted)
            if bandwidth_hz is not None and power_w is not None and least >= SMALLEST:
                split = Split(least, split.samples, bandwidth_hz, power_w, blocks)
        if split.amount < self.upper:
            self.best = split

    def plan(self) -> Plan | None:
        """Return the best split as a plan, with the proof that it has the most local cycles."""
        if self.best is None:
            return None
        problem = self.with_amount(self.best.amount)
        left_s = 0.0 if self.stopped else self.clock.left()
        above = self.ask(problem, self.tau + 1, left_s, work_limit=_EXTRA_WORK)
        tau, best = self.tau, self.best
        if above.tau > tau:  # the same amount serves for more
            result = _core.solve(
                problem._core,
                SCHEMES.index(self.scheme),
                0.0 if self.stopped else self.clock.left(),
                self.threads,
                self._teller,
                True,
                (tau + 1.0, *above.end[1:]),
                False,
                _EXTRA_WORK,
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
            certificate=certificate_of(self.scheme, above.bound, above, problem.learners),
        )

    def proof(self) -> Plan | None:
        """Return the claim that tau is impossible with the lower end, as a plan without a plan."""
        return None if self.refuted is None else self.refutation(self.lower, self.refuted)

    def refutation(self, amount: float, result: _core.Result) -> Plan:
        """Return the claim that a result's tree shows tau impossible with `amount`."""
        return self._claim(
            self.with_amount(amount),
            status=Status.INFEASIBLE if self.tau == 1 else Status.UNDECIDED,
            tau=0,
            bound=self.tau - 1,
            certificate=certificate_of(self.scheme, self.tau - 1, result, self.problem.learners),
            reasons=(f"asked only whether tau = {self.tau} is possible: it is not",),
        )

    def _claim(self, problem: Problem, **content: Any) -> Plan:
        return Plan(
            problem,
            scheme=self.scheme,
            nodes=self.nodes,
            passes=self.passes,
            elapsed_s=self.elapsed_s,
            **content,
        )
