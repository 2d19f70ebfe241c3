"""The largest common tau of several cells, closed in on from both sides.

The samples dealt in some way, the cells' own best tau enclose the common one: all of them attain
the least, and above the largest no cell has room for its share. Then one tau after the other is
asked for the most samples of each cell, along the logarithms, which are nearly straight.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from mel_fast._base.progress import Callback
from mel_fast._base.validation import MAX_INTEGER
from mel_fast.bracket.clock import Clock
from mel_fast.bracket.inquiry import Inquiry
from mel_fast.bracket.stated_samples import fewest_taken, with_samples
from mel_fast.campaigns._most import Most, search_most
from mel_fast.campaigns._proof import CellsProof
from mel_fast.model.problem import Problem
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import Status, status_between
from mel_fast.solve.single import solve

_STRAIGHT = 8  # questions along the line; then by halves


class CellsInquiry(Inquiry):
    """A search for the best tau that several cells have in common."""

    problems: tuple[Problem, ...]
    bound: int

    def ends(self) -> tuple[int, int]:
        """Return the common tau that is reached, and what it cannot exceed."""
        return self.tau, self.bound

    @property
    def total(self) -> int:
        """D, the samples of the task."""
        return self.problems[0].task.samples

    @property
    def status(self) -> Status:
        """What is proved."""
        return status_between(self.tau, self.bound)


@dataclass(slots=True)
class CellsSearch(CellsInquiry):
    """One search: what it asks, and what it knows so far."""

    problems: tuple[Problem, ...]
    clock: Clock
    threads: int
    callback: Callback | None
    tau: int = 0
    bound: int = MAX_INTEGER
    samples: list[int] | None = None
    plans: tuple[Plan | None, ...] | None = None
    proof: CellsProof | None = None
    passes: int = 0
    stopped: bool = False
    interrupted: bool = False
    _most: list[Most] | None = None  # of each cell, at tau
    _points: list[tuple[float, float]] = field(default_factory=list)  # ln tau, ln samples

    def reasons(self) -> tuple[str, ...]:
        """Say why something is open or impossible."""
        if self.status is Status.OPTIMAL:
            return ()
        if self.status is Status.INFEASIBLE and self.proof is not None:
            return (self.proof.summary(),)
        if self.stopped:
            return ("stopped by a limit, the callback or Ctrl-C",)
        return (f"double precision cannot decide tau = {self.tau + 1}",)

    def _run(self) -> None:
        fewest = [fewest_taken(problem) for problem in self.problems]
        if sum(fewest) > self.total:
            self.fits(1)
            return
        self._enclose(fewest)
        self._close_in()
        if self._most is not None:
            self._deal(fewest, self._most)

    def _close_in(self) -> None:
        ceiling = self.bound  # what is refuted, or stayed open
        for asked in range(200):
            if self.stopped or self.tau >= ceiling:
                break
            tau = self._next(ceiling, by_halves=asked >= _STRAIGHT)
            answer = self._ask(tau)
            if not answer:
                ceiling = min(ceiling, tau - 1)

    def fits(self, tau: int) -> bool:
        """Ask about one tau alone, without closing in on the largest; keep what refutes it."""
        fewest = [fewest_taken(problem) for problem in self.problems]
        if sum(fewest) > self.total:
            none = (None,) * len(self.problems)
            self._rule_out(1, CellsProof(1, self.problems, "minima", none))
            return False
        return self._ask(tau)

    def _enclose(self, fewest: list[int]) -> None:
        """Deal the samples by the learners' speed and solve each cell for its part."""
        speed = [float(problem.learners.flops_per_s.sum()) for problem in self.problems]
        shares = dealt(self.total, fewest, [_most_stated(p) for p in self.problems], speed)
        if shares is None:  # the learners' own limits: any tau shows it
            return
        plans = []
        for problem, share in zip(self.problems, shares, strict=True):
            plan = self._solve(with_samples(problem, max(share, 1)))
            plans.append(plan)
            if self.stopped:
                return
        attained = [
            MAX_INTEGER if share == 0 and problem.idle == "excused" else plan.tau
            for plan, share, problem in zip(plans, shares, self.problems, strict=True)
        ]
        if min(attained) > 0:
            self.tau, self.samples = min(attained), shares
            self.plans = tuple(
                plan if share else None for plan, share in zip(plans, shares, strict=True)
            )
        bound = max(plan.bound for plan in plans)
        # A cell without a share has no room for a single sample then.
        room = sum(plan.problem.task.samples - 1 for plan in plans)
        if bound < MAX_INTEGER and room < self.total and all(p.certificate for p in plans):
            self.bound = bound
            self.proof = CellsProof(bound + 1, self.problems, "sum", tuple(plans))
        self.tell()

    def _solve(self, problem: Problem, start: Plan | None = None) -> Plan:
        try:
            plan = solve(
                problem,
                time_limit_s=self.clock.left(),
                threads=self.threads,
                callback=self._part_teller,
                start=start,
            )
        except Interrupted as stop:
            self.stopped = self.interrupted = True
            self.cause = stop.__cause__
            plan = stop.plan
        self.passes += plan.passes
        if self.clock.over():
            self.stopped = True
        return plan

    def _next(self, ceiling: int, *, by_halves: bool) -> int:
        """Say which tau to ask: where the cells' room would be just the task's samples."""
        low = max(self.tau, 1)
        if by_halves or not self._points:
            middle = math.sqrt(low) * math.sqrt(ceiling) if not by_halves else (low + ceiling) / 2
            to = middle if ceiling < MAX_INTEGER else 2.0 * low
        else:
            x, y = self._points[-1]
            slope = -1.0
            if len(self._points) > 1 and self._points[-2][0] != x:
                x0, y0 = self._points[-2]
                slope = min((y - y0) / (x - x0), -0.1)
            to = math.exp(min(x + (math.log(self.total) - y) / slope, math.log(MAX_INTEGER)))
        return min(max(int(to), self.tau + 1), ceiling)

    def _ask(self, tau: int) -> bool:
        """Ask for the most samples of each cell, keep what that proves; say whether all fit."""
        found: list[Most] = []
        for cell, problem in enumerate(self.problems):
            before = self._most[cell].plan if self._most else None
            try:
                most = search_most(
                    problem,
                    tau,
                    "joint",
                    self.clock.left(),
                    self.threads,
                    None if before is None else before._end,
                    self._part_teller,
                )
            except Interrupted as stop:
                self.stopped = self.interrupted = True
                self.cause = stop.__cause__
                most = stop.found
            self.passes += most.passes
            found.append(most)
            if most.status is Status.INFEASIBLE:
                claim = most.proof if fewest_taken(problem) else most.bare
                alone = tuple(claim if i == cell else None for i in range(len(self.problems)))
                self._rule_out(tau, CellsProof(tau, self.problems, "cell", alone))
                return False
            if most.stopped or self.clock.over():
                self.stopped = True
                return False
        room = sum(most.bound for most in found)
        if room < self.total:
            claims = tuple(most.proof for most in found)
            self._rule_out(tau, CellsProof(tau, self.problems, "sum", claims))
        self._points.append((math.log(tau), math.log(max(room, 1))))
        fits = sum(most.value or 0 for most in found) >= self.total
        if fits and all(most.value is not None for most in found) and tau > self.tau:
            self.tau, self._most = tau, found
        self.tell()
        return self.tau >= tau

    def _rule_out(self, tau: int, proof: CellsProof) -> None:
        if tau - 1 < self.bound:
            self.bound, self.proof = tau - 1, proof

    def _deal(self, fewest: list[int], found: list[Most]) -> None:
        """Deal the samples between the minima and the most of each cell, and plan each."""
        most = [int(m.value or 0) for m in found]
        shares = dealt(self.total, fewest, most, [float(value) for value in most])
        assert shares is not None
        plans: list[Plan | None] = []
        for cell, share in enumerate(shares):
            whole = found[cell].plan
            if share == 0 or whole is None:
                plans.append(None)
            elif share == most[cell]:
                plans.append(whole)
            else:
                plans.append(self._plan_of_fewer(self.problems[cell], share, whole))
        self.samples, self.plans = shares, tuple(plans)

    def _plan_of_fewer(self, problem: Problem, share: int, whole: Plan) -> Plan:
        plan = self._solve(with_samples(problem, share), whole)
        return plan if plan.tau >= self.tau else _reduced(whole, plan, self.tau)


def _most_stated(problem: Problem) -> int:
    maxima = problem.learners.max_samples
    return MAX_INTEGER if maxima is None else min(sum(maxima.tolist()), MAX_INTEGER)


def dealt(total: int, fewest: list[int], most: list[int], weights: list[float]) -> list[int] | None:
    """Deal a total by weights between two ends of each; None where it does not fit."""
    left = total - sum(fewest)
    if left < 0 or sum(most) < total:
        return None
    dealt = list(fewest)
    open_ = [cell for cell in range(len(most)) if most[cell] > fewest[cell]]
    while left > 0:
        whole = sum(weights[cell] for cell in open_)
        given = 0
        for cell in open_:
            part = int(left * (weights[cell] / whole)) if whole > 0 else 0
            part = min(part, most[cell] - dealt[cell], left - given)
            dealt[cell] += part
            given += part
        left -= given
        open_ = [cell for cell in open_ if dealt[cell] < most[cell]]
        if given == 0:
            for cell in open_:
                part = min(most[cell] - dealt[cell], 1 if left < len(open_) else left, left)
                dealt[cell] += part
                left -= part
    return dealt


def _reduced(whole: Plan, asked: Plan, tau: int) -> Plan:
    """Take samples away from a plan, where the time for another one is over."""
    assert whole.samples is not None
    problem = asked.problem
    minima = problem.learners.min_samples
    spare = whole.samples - (0 if minima is None else minima)
    left = int(whole.samples.sum()) - problem.task.samples
    taken = np.minimum(np.maximum(left - (np.cumsum(spare) - spare), 0), spare)
    return Plan(
        problem,
        status=Status.FEASIBLE,
        tau=tau,
        bound=max(asked.bound, tau),
        samples=whole.samples - taken,
        bandwidth_hz=whole.bandwidth_hz,
        power_w=whole.power_w,
        blocks=whole.blocks,
        certificate=asked.certificate,
        reasons=("stopped by a limit: samples were taken away from a plan that has more",),
    )
