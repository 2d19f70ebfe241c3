"""The largest common tau of cells in some of which learners may choose to sit out.

What fits in such a cell is no interval: of two clients with ten samples or none, ten and twenty.
Its most still bounds it, so that too little room for the task is a proof as before. A plan known of
a cell is one of every number from its participants' minima to its samples; ways to deal the task
are looked for among those, then a cell is asked for just what the others leave. Where the task has
few samples every number is asked of every cell, and adding up what is left proves the rest.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from mel_fast import _core
from mel_fast._base.validation import IntColumn
from mel_fast.bracket.selected import selection
from mel_fast.bracket.stated_samples import fewest_taken
from mel_fast.campaigns._cells_search import CellsSearch
from mel_fast.campaigns._most import Most, search_most
from mel_fast.campaigns._most_of import Found, most_of, plan_of_choice, somebody_must
from mel_fast.campaigns._proof import CellsProof, added, room_of
from mel_fast.model.problem import Problem
from mel_fast.plans.claims.no_more import certificate_of_selection
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import Status

_FEW = 64  # samples and learners: every number of samples is asked for
_WAYS = 2000  # of dealing, that are looked at
_CLOSER = 16  # questions about what is ruled out, where something stays open
_TRIES = 6  # numbers of samples that a cell is asked for


class Shares(NamedTuple):
    """A split that fits at a tau, as `plan_of_choice` reads it."""

    samples: IntColumn
    bandwidth_hz: Any
    power_w: Any
    blocks: Any
    value: float
    end: tuple[float, float] = (0.0, 0.0)


class Part(NamedTuple):
    """Numbers of samples that surely fit in a cell: `low` to `high`."""

    low: int
    high: int
    shares: Shares | None = None  # of `high`; None in a cell without a choice, or for nobody


class Way(NamedTuple):
    """Which part each cell takes, and what they hold together."""

    low: int
    high: int
    parts: tuple[Part, ...]


@dataclass(slots=True)
class ChosenCellsSearch(CellsSearch):
    """One search, in which a tau that has no known way to deal the task may stay open."""

    _way: Way | None = None
    _parts: list[list[Part]] = field(default_factory=list)
    _gaps: list[list[Plan]] = field(default_factory=list)

    def reasons(self) -> tuple[str, ...]:
        """Say why something is open or impossible."""
        reasons = CellsSearch.reasons(self)
        if self.status in (Status.OPTIMAL, Status.INFEASIBLE) or self.stopped:
            return reasons
        return (
            f"tau = {self.tau + 1}: no way was found to deal the samples to learners that may sit "
            "out, and no proof that there is none",
        )

    def _enclose(self, fewest: list[int]) -> None:
        """Begin with what the first question says: what a cell reaches alone tells little here."""

    def _ask(self, tau: int) -> bool:
        found: list[Most | Found] = []
        for cell, problem in enumerate(self.problems):
            most = self._most_at(problem, tau)
            found.append(most)
            if most.status is Status.INFEASIBLE:
                bare = None if isinstance(most, Found) else most.bare
                claim = most.proof if isinstance(most, Found) or fewest_taken(problem) else bare
                alone = tuple(claim if i == cell else None for i in range(len(self.problems)))
                self._rule_out(tau, CellsProof(tau, self.problems, "cell", alone))
                return False
            if self.stopped or most.stopped or self.clock.over():
                self.stopped = True
                return False
        room = sum(int(most.bound) for most in found)
        self._points.append((math.log(tau), math.log(max(room, 1))))
        claims = tuple(most.proof for most in found)
        if room < self.total:
            self._rule_out(tau, CellsProof(tau, self.problems, "sum", claims))
            return False
        self._gaps = [[] for _ in self.problems]
        self._parts = [list(_parts(*pair)) for pair in zip(self.problems, found, strict=True)]
        way = self._way_at(tau, found)
        if way is not None and tau > self.tau:
            self.tau, self._most, self._way = tau, found, way  # type: ignore[assignment]
        self.tell()
        return self.tau >= tau

    def _close_in(self) -> None:
        CellsSearch._close_in(self)
        low = self.tau + 1  # stays open
        for _ in range(_CLOSER):
            if self.stopped or low >= self.bound:
                break
            middle = math.sqrt(low) * math.sqrt(self.bound + 1) if self.bound > 4 * low else 0.0
            asked = min(max(int(middle) or (low + self.bound + 1) // 2, low + 1), self.bound)
            if self._ask(asked) or self.bound >= asked:
                low = max(asked, self.tau + 1)

    def _most_at(self, problem: Problem, tau: int) -> "Most | Found":
        means = (self.clock.left(), self.threads, None, self._part_teller)
        try:
            if problem.has_choice:
                most: Most | Found = most_of(problem, tau, "samples", *means)
                if isinstance(most, Found) and most.interrupt is not None:
                    raise Interrupted(None, most) from most.interrupt
            else:
                most = search_most(problem, tau, "joint", *means)
        except Interrupted as stop:
            self.stopped = self.interrupted = True
            self.cause = stop.__cause__
            most = stop.found
        self.passes += most.passes
        return most

    def _way_at(self, tau: int, found: "list[Most | Found]") -> Way | None:
        """Look for a way to deal the task at a tau; keep what proves that there is none."""
        way = self._dealt_by_parts()
        if way is not None or self.stopped:
            return way
        bounds = [int(most.bound) for most in found]
        few = sum(len(problem.learners) for problem in self.problems) <= _FEW
        if self.total <= _FEW and few:
            return self._every_number(tau, found, bounds)
        for cell, problem in enumerate(self.problems):
            if not problem.has_choice:
                continue
            for samples in self._left_by_others(cell, bounds[cell]):
                if self._just(cell, samples, tau):
                    return self._dealt_by_parts()
        return None

    def _dealt_by_parts(self) -> Way | None:
        ways = [Way(0, 0, ())]
        for parts in self._parts:
            longer = {
                (way.low + part.low, way.high + part.high): (*way.parts, part)
                for way in ways
                for part in parts
                if way.low + part.low <= self.total
            }
            ways = [Way(*ends, parts) for ends, parts in list(longer.items())[:_WAYS]]
        return next((way for way in ways if way.low <= self.total <= way.high), None)

    def _left_by_others(self, cell: int, most: int) -> list[int]:
        """Return numbers of samples that would complete what is known of the other cells."""
        ways = [(0, 0)]
        for other, parts in enumerate(self._parts):
            if other != cell:
                sums = {(a + part.low, b + part.high) for a, b in ways for part in parts}
                ways = sorted(sums, key=lambda ends: -ends[1])[:_WAYS]
        wanted = []
        for low, high in ways:
            first, last = max(self.total - high, 1), min(self.total - low, most)
            wanted += [n for n in (last, first) if first <= n <= last]
        return list(dict.fromkeys(wanted))[:_TRIES]

    def _just(self, cell: int, samples: int, tau: int) -> bool | None:
        """Ask a cell for just so many samples: True, False where refuted, None where open."""
        if self.stopped or self.clock.over():
            self.stopped = True
            return None
        own = self.problems[cell].with_samples(samples)
        left = (self.clock.left(), self.threads, self._teller)
        found = selection(own, tau, *left, samples=True)
        self.passes += found.passes
        self._seen(found.interrupted)
        if found.samples is not None and found.samples.any():
            self._parts[cell].append(_part_of(self.problems[cell], found))
            return True
        if found.refuted and len(found.tree_learner):
            self._gaps[cell].append(
                Plan(
                    own,
                    status=Status.INFEASIBLE if tau == 1 else Status.UNDECIDED,
                    tau=0,
                    bound=tau - 1,
                    certificate=certificate_of_selection(tau - 1, found, valued=True),
                )
            )
            return False
        return None

    def _every_number(self, tau: int, found: "list[Most | Found]", bounds: list[int]) -> Way | None:
        reached = 1
        for cell, problem in enumerate(self.problems):
            left = room_of(problem, bounds[cell], self.total)
            if problem.has_choice:
                for samples in range(1, min(bounds[cell], self.total) + 1):
                    known = any(part.low <= samples <= part.high for part in self._parts[cell])
                    if not known and self._just(cell, samples, tau) is False:
                        left &= ~(1 << samples)
            reached = added(reached, left, self.total)
        way = self._dealt_by_parts()
        if way is None and not reached >> self.total & 1 and not self.stopped:
            claims, gaps = tuple(most.proof for most in found), tuple(map(tuple, self._gaps))
            self._rule_out(tau, CellsProof(tau, self.problems, "sums", claims, gaps))
        return way

    def _deal(self, fewest: list[int], found: Any) -> None:
        assert self._way is not None
        left = self.total - self._way.low
        shares, plans = list[int](), list[Plan | None]()
        for cell, part in enumerate(self._way.parts):
            more = min(left, part.high - part.low)
            left -= more
            shares.append(part.low + more)
            plans.append(self._plan_of(cell, shares[cell], part, found[cell]))
        self.samples, self.plans = shares, tuple(plans)

    def _plan_of(self, cell: int, share: int, part: Part, most: "Most | Found") -> Plan | None:
        problem = self.problems[cell]
        if share == 0 or (most.value == share and most.plan is not None):
            return most.plan if share else None
        if part.shares is None:
            assert most.plan is not None
            return self._plan_of_fewer(problem, share, most.plan)
        split = part.shares
        over = int(split.samples.sum()) - share
        spare = split.samples - _kept(problem, split.samples)
        taken = np.minimum(np.maximum(over - (np.cumsum(spare) - spare), 0), spare)
        fewer = split._replace(samples=split.samples - taken, value=float(share))
        means = (self.clock.left(), self.threads)
        plan, stop = plan_of_choice(problem, self.tau, fewer, *means, tight=False)
        self._seen(stop)
        return plan


def _kept(problem: Problem, samples: IntColumn) -> IntColumn:
    """Return the samples that those who take part cannot do without."""
    minima = problem.learners.min_samples
    return np.zeros_like(samples) if minima is None else np.where(samples > 0, minima, 0)


def _part_of(problem: Problem, found: _core.Selection) -> Part:
    samples = np.array(found.samples)
    low, high = int(_kept(problem, samples).sum()), int(samples.sum())
    shares = Shares(
        samples,
        np.array(found.bandwidth_hz),
        np.array(found.power_w),
        None if found.blocks is None else np.array(found.blocks),
        float(high),
    )
    return Part(low, high, shares)


def _parts(problem: Problem, most: "Most | Found") -> Iterator[Part]:
    """Yield what the most of a cell says: numbers of samples that surely fit."""
    if not problem.has_choice:
        if most.value is not None:
            yield Part(fewest_taken(problem), int(most.value))
        return
    plan = most.plan
    # Whoever is served with samples is served without; everybody else may leave.
    if not somebody_must(problem) or (plan is not None and fewest_taken(problem) == 0):
        yield Part(0, 0)
    if plan is not None and plan.samples is not None:
        shares = Shares(
            plan.samples, plan.bandwidth_hz, plan.power_w, plan.blocks, float(most.value or 0)
        )
        low = int(_kept(problem, plan.samples).sum())
        yield Part(low, int(plan.samples.sum()), shares)
