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
from mel_fast._certificate import certificate_of
from mel_fast._shares import SHARES
from mel_fast._validation import LARGEST, SMALLEST, FloatColumn, IntColumn, freeze
from mel_fast.plan import SCHEMES, Plan, Scheme
from mel_fast.planning._search_blocks import search_blocks
from mel_fast.problem import Problem
from mel_fast.status import Interrupted, Status

RESOURCES = ("cycle_s", "bandwidth_hz", "power_w")
WIDTH = 1e-9

_NEAR = 1e-4  # how far above the estimate a split is surely and quickly found
_SHARE = 0.9  # of the width that may lie between the two ends
_WIDER = 8.0
_OVER = 0.95  # of the time limit: no further question is worth beginning

Start = tuple[float, float, float]


def amount_of(problem: Problem, resource: str) -> float:
    """Return how much of a resource a problem has."""
    return problem.cycle_s if resource == "cycle_s" else float(getattr(problem.radio, resource))


def least_stated(problem: Problem, resource: str) -> float:
    """Return the least amount of a resource that a problem may have."""
    block_hz = problem.radio.block_hz
    return SMALLEST if block_hz is None or resource != "bandwidth_hz" else block_hz


@dataclass(slots=True)
class Split:
    """An allocation that fits a problem with `amount` of the resource."""

    amount: float
    samples: IntColumn
    bandwidth_hz: FloatColumn
    power_w: FloatColumn
    blocks: IntColumn | None = None

    @classmethod
    def of(cls, amount: float, result: _core.Result) -> "Split":
        """Return the split of a result that has one."""
        assert result.samples is not None
        assert result.bandwidth_hz is not None
        assert result.power_w is not None
        return cls(amount, result.samples, result.bandwidth_hz, result.power_w, result.blocks)

    def shares(self) -> dict[str, Any]:
        """Return the columns by a plan's names for them, read-only."""
        columns = {name: getattr(self, name) for name in SHARES}
        return {name: None if c is None else freeze(c) for name, c in columns.items()}


@dataclass(slots=True)
class Search:
    """One search: what it asks, and what it knows so far."""

    problem: Problem
    tau: int
    resource: str
    scheme: Scheme
    threads: int
    time_limit_s: float
    start: Start | None = None
    lower: float = 0.0
    refuted: _core.Result | None = None
    best: Split | None = None
    nodes: int = 0
    passes: int = 0
    stopped: bool = False
    began: float = field(default_factory=time.perf_counter)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the search began."""
        return time.perf_counter() - self.began

    @property
    def least_stated(self) -> float:
        """The least amount that a problem may have: one block where bandwidth comes in blocks."""
        return least_stated(self.problem, self.resource)

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

    def run(self) -> None:
        """Close in on the least amount, as far as the limit and double precision allow."""
        try:
            self._run()
        except Interrupted:
            raise
        except KeyboardInterrupt:
            raise Interrupted(self.plan() or self.proof() or self._nothing()) from None

    def _run(self) -> None:
        if self.scheme != "task_only":
            self._enclose()
        if self.closed():
            return
        guess = self._estimate()
        if self.resource == "bandwidth_hz" and self.problem.radio.block_hz is not None:
            search_blocks(self, guess)
        elif self.best is not None or self._bracket(guess):
            self._close()

    def _enclose(self) -> None:
        """Take both ends from one look at the prices of the continuous problem."""
        lower, refuted, amount, found = _core.enclose(
            self.problem.core,
            self.tau,
            RESOURCES.index(self.resource),
            SCHEMES.index(self.scheme),
            max(self.time_limit_s - self.elapsed_s, 0.0),
            self.threads,
            self.start,
        )
        self.stopped = self.elapsed_s > _OVER * self.time_limit_s
        if refuted is not None and SMALLEST <= lower <= LARGEST:
            self.lower, self.refuted, self.start = lower, refuted, refuted.end
            self.passes += refuted.passes
        if found is not None and SMALLEST <= amount <= LARGEST:
            self.best = Split.of(amount, found)

    def _nothing(self) -> Plan:
        """Return what is known of the problem before any work."""
        code = SCHEMES.index(self.scheme)
        result = _core.solve(self.problem.core, code, 0.0, self.threads, None)
        return Plan._from_core(self.problem, self.scheme, result)

    def _estimate(self) -> float:
        """Where to begin; the baselines need more than the continuous problem says."""
        code = SCHEMES.index(self.scheme) if self.scheme != "task_only" else 0
        amount, per_hz, per_w, converged = _core.estimate_least(
            self.problem.core,
            self.tau,
            RESOURCES.index(self.resource),
            code,
            self.threads,
            self.start,
        )
        if converged and SMALLEST <= amount <= LARGEST:
            self.start = (float(self.tau), per_hz, per_w)
            return amount
        return amount_of(self.problem, self.resource)

    def _bracket(self, guess: float) -> bool:
        """Find an amount that suffices, with growing steps upwards; False if none is found."""
        step = _NEAR
        amount = guess * (1.0 + step)
        while True:
            answer = self.decide(min(amount, LARGEST))
            if answer is True:
                return True
            if self.stopped or amount >= LARGEST:
                return False
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
        try:
            problem = self.with_amount(amount)
        except ValueError:
            self.stopped = True  # beyond what a problem may be
            return None
        # A question that takes half of what is left may be one that a wider step avoids.
        left = max(0.5 * (self.time_limit_s - self.elapsed_s), 0.0)
        code = SCHEMES.index(self.scheme)
        result = _core.decide(problem.core, self.tau, code, left, self.threads, self.start)
        self.nodes += result.nodes
        self.passes += result.passes
        self.stopped = self.elapsed_s > _OVER * self.time_limit_s
        if result.interrupted:
            raise Interrupted(
                self.plan() or self.proof() or Plan._from_core(problem, self.scheme, result)
            )
        if result.tau == self.tau:
            self._keep(problem, amount, result)
            return True
        if result.bound < self.tau:
            if amount > self.lower:
                self.lower, self.refuted = amount, result
            return False
        return None

    def _keep(self, problem: Problem, amount: float, result: _core.Result) -> None:
        split = Split.of(amount, result)
        if self.scheme != "task_only":
            least, bandwidth_hz, power_w, blocks = _core.settle(
                problem.core,
                self.tau,
                split.samples,
                RESOURCES.index(self.resource),
                self.threads,
                self.start,
            )
            if bandwidth_hz is not None and power_w is not None and least >= SMALLEST:
                split = Split(least, split.samples, bandwidth_hz, power_w, blocks)
        if split.amount < self.upper:
            self.best = split

    def plan(self) -> Plan | None:
        """Return the best split as a plan, with the proof that it has the most local cycles."""
        if self.best is None:
            return None
        problem = self.with_amount(self.best.amount)
        code = SCHEMES.index(self.scheme)
        limit = max(self.time_limit_s - self.elapsed_s, 0.0)
        above = _core.decide(problem.core, self.tau + 1, code, limit, self.threads, self.start)
        tau, best = self.tau, self.best
        if above.tau > tau:  # the same amount serves for more
            result = _core.solve(
                problem.core, code, limit, self.threads, None, True, (tau + 1.0, *above.end[1:])
            )
            if result.tau > tau:
                return Plan._from_core(problem, self.scheme, result)
        bound = max(above.bound, tau)
        return self._claim(
            problem,
            status=Status.OPTIMAL if bound == tau else Status.FEASIBLE,
            tau=tau,
            bound=bound,
            **best.shares(),
            certificate=certificate_of(self.scheme, above.bound, above),
        )

    def proof(self) -> Plan | None:
        """Return the claim that tau is impossible with the lower end, as a plan without a plan."""
        if self.refuted is None:
            return None
        return self._claim(
            self.with_amount(self.lower),
            status=Status.INFEASIBLE if self.tau == 1 else Status.UNDECIDED,
            tau=0,
            bound=self.tau - 1,
            certificate=certificate_of(self.scheme, self.tau - 1, self.refuted),
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
