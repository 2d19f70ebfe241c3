"""The most cycles in all, with a largest ratio between the fastest and the slowest where asked.

Where the slowest learner does t to u cycles, everybody does t to floor(spread u): a box, whose most
is a bound on all plans of that range. Ranges are halved, that of the largest bound first, until
none can hold more than what was found; a range of one t is a box in which no ratio is broken.
"""

import heapq
import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from mel_fast._base.progress import Callback
from mel_fast._base.validation import MAX_INTEGER
from mel_fast.bracket.clock import Clock
from mel_fast.bracket.inquiry import Inquiry, Start
from mel_fast.bracket.most_samples import MostSamples
from mel_fast.bracket.search import Split
from mel_fast.bracket.stated_samples import with_samples
from mel_fast.campaigns.cycles.swap import slowest_times, with_box
from mel_fast.model.problem import Problem
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import Status


class Range(NamedTuple):
    """What is known where the slowest learner does `low` to `high` cycles."""

    negative_bound: int  # so that the largest bound is the least
    low: int
    high: int
    claim: Plan | None  # that one more than the bound is impossible in the range's box

    @property
    def bound(self) -> int:
        """No plan of the range has more cycles in all."""
        return -self.negative_bound


@dataclass(slots=True)
class CyclesSearch(Inquiry):
    """One search: what it asks, and what it knows so far.

    Plans are looked for in the problem `harder`, claims are about `easier`; the two are one where
    every number is a double.
    """

    harder: Problem
    easier: Problem
    spread: float | None
    clock: Clock
    threads: int
    callback: Callback | None = None
    value: int = 0
    plan: Plan | None = None
    root: Range | None = None  # without a ratio
    ranges: list[Range] = field(default_factory=list)
    passes: int = 0
    stopped: bool = False
    interrupted: bool = False
    _start: Start | None = None
    _best: tuple[Problem, Split] | None = None  # of `value` cycles, without a plan of its own

    @property
    def size(self) -> int:
        """How many learners take part."""
        return len(self.harder.learners)

    @property
    def bound(self) -> int:
        """No plan has more cycles in all."""
        return max(self.value, max((part.bound for part in self.ranges), default=MAX_INTEGER))

    @property
    def claims(self) -> tuple[Plan, ...]:
        """That more than the bound is impossible: without a ratio, then range after range."""
        parts = sorted(self.ranges, key=lambda part: part.low)
        made = [self.root.claim if self.root else None, *(part.claim for part in parts)]
        return tuple({id(claim): claim for claim in made if claim is not None}.values())

    @property
    def status(self) -> Status:
        """What is proved."""
        if self.value:
            return Status.OPTIMAL if self.value == self.bound else Status.FEASIBLE
        return Status.INFEASIBLE if self.bound < self.size else Status.UNDECIDED

    def ends(self) -> tuple[int, int]:
        """Return how many cycles fit, and how many are not ruled out."""
        return self.value, self.bound

    def _run(self) -> None:
        self.root = self._look(1, None)
        self.ranges = [self.root]
        if self.spread is not None and self.value:
            self._halve(self.root)
        self._finish()

    def _halve(self, root: Range) -> None:
        """Halve the range whose bound is largest, until what was found is no less."""
        # The slowest of `size` learners does at most a share of what all do.
        root = root._replace(high=max(root.bound // self.size, 1))
        self.ranges = [root]
        if root.high == 1 and root.bound > self.value:
            self.ranges = [self._look(1, 1, root)]
        while not self.stopped and self.ranges[0].bound > self.value:
            part = self.ranges[0]
            if part.low == part.high:  # double precision left something between
                return
            middle = min(max(math.isqrt(part.low * part.high), part.low), part.high - 1)
            halves = []
            for low, high in ((part.low, middle), (middle + 1, part.high)):
                found = part._replace(low=low, high=high)
                halves.append(found if self.stopped else self._look(low, high, part))
            # The whole range stays until both halves are known: what is told holds at any time.
            heapq.heapreplace(self.ranges, halves[0])
            heapq.heappush(self.ranges, halves[1])
            self.tell()

    def _look(self, low: int, high: int | None, above: Range | None = None) -> Range:
        """Ask for the most of a box; keep what was found where it breaks no ratio."""
        most = None
        if high is not None and self.spread is not None:
            most = slowest_times(self.spread, high)
            refuted = self._refute(low, high, most)
            if refuted is not None:
                return refuted
        search = self._most(with_box(self.harder, low, most))
        if search.split is not None:
            self._keep(search, low)
        bounded = search
        if self.easier is not self.harder and not self.stopped:
            bounded = self._most(with_box(self.easier, low, most))
        claim = bounded.proof()
        bound = bounded.ruled_out - 1 if claim is not None else MAX_INTEGER
        if bound < low * self.size:  # not even the slowest's
            bound = 0
        if above is not None and bound >= above.bound:
            return above._replace(low=low, high=high or above.high)
        return Range(-bound, low, high or bound, claim)

    def _refute(self, low: int, high: int, most: int) -> Range | None:
        """Ask whether one cycle more than was found fits: much quicker where it does not."""
        asked = max(self.value + 1, low * self.size)
        search = self._searching(with_box(self.easier, low, most))
        search.ruled_out = MAX_INTEGER + 1
        answer = search.decide(asked) if asked <= MAX_INTEGER else None
        self._count(search)
        if answer is False:
            bound = asked - 1 if asked > low * self.size else 0
            return Range(-bound, low, high, search.proof())
        return None

    def _most(self, box: Problem) -> MostSamples:
        search = self._searching(box)
        search.run()
        self._start = search.start
        self._count(search)
        return search

    def _count(self, search: MostSamples) -> None:
        """Take note of what a question cost, and of what ended it."""
        self.passes += search.passes
        self.interrupted = self.interrupted or search.interrupted
        self.cause = self.cause or search.cause
        self.stopped = self.stopped or search.stopped

    def _searching(self, box: Problem) -> MostSamples:
        teller = self._part_teller
        return MostSamples(box, 1, "joint", self.threads, self.clock, self._start, teller)

    def _keep(self, search: MostSamples, low: int) -> None:
        """Keep the best plan so far; where it breaks the ratio, with the fastest held back."""
        split = search.split
        assert split is not None
        cycles, box = split.samples, search.problem
        slowest = int(cycles.min())
        if self.spread is not None:
            most = slowest_times(self.spread, slowest)
            if most < int(cycles.max()):
                cycles = np.minimum(cycles, most)
            box = with_box(self.harder, slowest, most)
        whole = int(cycles.sum())
        if whole <= self.value:
            return
        self.value = whole
        known = search.known if whole == search.value else None
        if known is not None and self.spread is None:
            self.plan, self._best = known, None
            return
        kept = Split(split.amount, cycles, split.bandwidth_hz, split.power_w, split.blocks)
        self.plan, self._best = None, (with_samples(box, whole), kept)

    def _finish(self) -> None:
        """Make the plan of what was found, with a proof of its own."""
        if self._best is None:
            return
        problem, split = self._best
        search = self._searching(problem)
        search.value, search.split = self.value, split
        self.plan = search.plan()
        self.passes += search.passes
        self.interrupted = self.interrupted or search.interrupted
        self.cause = self.cause or search.cause
