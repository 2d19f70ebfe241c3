"""The most cycles in all, with a largest ratio between the fastest and the slowest where asked.

Where the slowest learner does t to u cycles, everybody does t to floor(spread u): a box, whose most
is a bound on all plans of that range. The t that promises most is asked for first, then all below
and all above it; what is left is cut near it, that of the largest bound first, until no range can
hold more than what was found. A range of one t is a box in which no ratio is broken.
"""

import heapq
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from mel_fast import _core
from mel_fast._base.progress import Callback
from mel_fast._base.validation import MAX_INTEGER
from mel_fast.bracket.clock import Clock
from mel_fast.bracket.inquiry import Inquiry, Start
from mel_fast.bracket.most_samples import MostSamples
from mel_fast.bracket.search import Split
from mel_fast.bracket.selected import Depth, chosen_quickly, selection
from mel_fast.bracket.stated_samples import MANY, of_some, some_of, with_samples
from mel_fast.campaigns.cycles.rehearsal import Rehearsal, covering, pieces_of
from mel_fast.campaigns.cycles.swap import slowest_times, with_box
from mel_fast.model.problem import Problem
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import Status

_EXTREME = 2048  # learners at either end
_ALIKE = 0.01  # prices: less than some learners' differ from all's


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
    _above: _core.Selection | None = None  # that one cycle more of each than these is impossible
    _free: Split | None = None  # without a ratio
    _inside: bool = False  # whether a box was asked for its most
    _rehearsal: Rehearsal | None = None
    _ended: dict[int, Start] = field(default_factory=dict)  # where prices of t's box ended, of all
    _near: int = 0  # the t that some learners say promises most

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
        rehearsed = self._rehearse()
        if rehearsed is not None:
            self._divide(Range(-MAX_INTEGER, 1, MAX_INTEGER, None), *rehearsed)
            self.passes += self._rehearsal.passes if self._rehearsal else 0
            self._finish()
            return
        self.root = self._look(1, None)
        self.ranges = [self.root]
        if self.spread is not None and self.value:
            # The slowest of `size` learners does at most a share of what all do.
            self._divide(self.root._replace(high=max(self.root.bound // self.size, 1)))
        self._finish()

    def _rehearse(self) -> tuple[int, list[tuple[int, int]]] | None:
        """Say which t promises most, and which ranges beside it to ask: by some of many learners.

        Their prices are where the search begins; None where they say nothing.
        """
        own = self.harder
        if self.spread is None or self.size < MANY or not chosen_quickly(own):
            return None
        some, _ = some_of(own)
        assert some is not None  # no learner has a most
        search = self._most(some.with_samples(MAX_INTEGER), None)
        if search.split is None or search.ruled_out > MAX_INTEGER or self.stopped:
            return None
        size = len(some.learners)
        most = max((search.ruled_out - 1) // size, 1)
        asked = Rehearsal(some, self.size, self.spread, self._start, self._bound_of)
        near = asked.best(self._promising(most, some, search.split))
        near = asked.sharpened(near, self._guess)
        beside = asked.ranges(near)
        self._rehearsal, self._near = asked, near
        return near, beside

    def _bound_of(
        self, box: Problem, start: Start | None, depth: Depth = "bound"
    ) -> _core.Selection:
        means = (self.clock.left(), self.threads, self._teller)
        return selection(box, 1, *means, start=start, depth=depth)

    def _guess(self, slowest: int, start: Start | None) -> _core.Selection:
        """Ask what those of all who need most, and some others, say of a t."""
        assert self.spread is not None
        box = with_box(self.harder, slowest, slowest_times(self.spread, slowest))
        return self._bound_of(box.with_samples(MAX_INTEGER), start, "guess")

    def _divide(
        self, whole: Range, near: int | None = None, beside: list[tuple[int, int]] | None = None
    ) -> None:
        """Divide the range whose bound is largest, until what was found is no less."""
        self.ranges = [whole]
        while not self.stopped and self.ranges[0].bound > self.value:
            part = self.ranges[0]
            if part.low == part.high and self._inside:
                return  # double precision left something between
            if near is None:
                assert self._free is not None
                near = self._promising(part.high, self.harder, self._free)
            pieces = pieces_of(part.low, part.high, near)
            if beside is not None:
                pieces, beside = covering(part.low, part.high, [(near, near), *beside]), None
            found = self._cut(part, pieces)
            # The whole range stays until its pieces are known: what is told holds at any time.
            heapq.heapreplace(self.ranges, found[0])
            for piece in found[1:]:
                heapq.heappush(self.ranges, piece)
            self.tell()

    def _cut(self, part: Range, pieces: list[tuple[int, int]]) -> list[Range]:
        """Look at each piece of a range."""
        found = list[Range]()
        while pieces:
            low, high = pieces.pop(0)
            if self.stopped:
                found.append(part._replace(low=low, high=high))
                continue
            if found and self._says_little(high):
                continue
            piece = self._look(low, high, part)
            if piece.bound == 0 and low == high < part.high and piece.claim is not None:
                # Nor can all do more: the same prices show it, of all above at once.
                tree = (piece.claim.certificate or {}).get("tree", [{}])[0]
                prices = tree.get("lambda_per_hz", 0.0), tree.get("mu_per_w", 0.0)
                start = (1.0, *prices) if min(prices) > 0.0 else self._start
                piece = self._look(low, part.high, part, start)
                found = [known for known in found if known.high < low]
                pieces = [cut for cut in pieces if cut[1] < low]
                if self.value == 0 and low > part.low:
                    found, pieces = [], pieces_of(part.low, low - 1, low - 1)
            found.append(piece)
        return found

    def _says_little(self, high: int) -> bool:
        """Say whether what everybody may do where the slowest does `high` is no more than found."""
        if self.spread is None or high >= MAX_INTEGER:
            return False
        return self.size * slowest_times(self.spread, high) <= self.value

    def _promising(self, most: int, own: Problem, free: Split) -> int:
        """Say for which t the box keeps most of what there is without a ratio.

        To go by those who do the fewest cycles and the most. At the prices of that, a learner that
        does x cycles instead of its c has a time s for its bits that is longer by g (c - x); with
        the density law it is worth g (c - x)^2 over that time less. The sum is convex in t.
        """
        assert self.spread is not None
        spread, size = self.spread, len(own.learners)
        some = np.arange(size)
        if size > 2 * _EXTREME:
            some = np.argpartition(free.samples, (_EXTREME, size - _EXTREME))
            some = np.concatenate([some[:_EXTREME], some[-_EXTREME:]])
        rate = own.rates(free.bandwidth_hz, free.power_w)[some]
        with np.errstate(divide="ignore", invalid="ignore"):
            send_s = of_some(own.payload.send_bits, some) / rate
        send_s = np.nan_to_num(send_s, posinf=own.cycle_s)
        each_s = of_some(own.payload.flops_per_sample, some) / own.learners.flops_per_s[some]
        cycles = free.samples[some].astype(np.float64)

        def lost(slowest: int) -> float:
            less = cycles - np.clip(cycles, slowest, slowest_times(spread, slowest))
            left_s = np.maximum(send_s + each_s * less, 1e-9 * own.cycle_s)
            return float((each_s * less * less / left_s).sum())

        low, high = 1, most
        while low < high:
            middle = (low + high) // 2
            if lost(middle + 1) <= lost(middle):
                low = middle + 1
            else:
                high = middle
        return low

    def _look(
        self, low: int, high: int | None, above: Range | None = None, start: Start | None = None
    ) -> Range:
        """Ask for the most of a box; keep what was found where it breaks no ratio."""
        start = start or self._begin(low, high)
        most = None
        if high is not None and self.spread is not None:
            most = slowest_times(self.spread, high)
            known = low < high or (self._inside and self.value > 0)
            refuted = self._refute((low, high, most), above, start) if known else None
            if refuted is not None:
                return refuted
        search = self._most(with_box(self.harder, low, most), start)
        if low == high and search.start is not None:
            self._ended[low] = search.start
        if search.split is not None:
            self._keep(search, low, most)
        self._free = self._free or search.split
        self._inside = self._inside or high is not None
        bounded = search
        if self.easier is not self.harder and not self.stopped:
            bounded = self._most(with_box(self.easier, low, most), self._start)
        claim = bounded.proof()
        bound = bounded.ruled_out - 1 if claim is not None else MAX_INTEGER
        if bound < low * self.size:  # not even the slowest's
            bound = 0
        if above is not None and bound >= above.bound:
            return above._replace(low=low, high=high or above.high)
        return Range(-bound, low, high or bound, claim)

    def _refute(
        self, box: tuple[int, int, int], above: Range | None, start: Start | None
    ) -> Range | None:
        """Ask whether one cycle more than was found fits: much quicker where it does not.

        A range that is cut further needs no plan, and what prices say of it is enough.
        """
        low, high, most = box
        asked = max(self.value + 1, low * self.size)
        search = self._searching(with_box(self.easier, low, most), start)
        search.ruled_out = MAX_INTEGER + 1
        if asked <= MAX_INTEGER:
            search.refute(asked)
        self._count(search)
        if search.ruled_out <= asked:
            bound = asked - 1 if asked > low * self.size else 0
            return Range(-bound, low, high, search.proof())
        if low < high and search.ruled_out <= MAX_INTEGER and above is not None:
            bound = search.ruled_out - 1
            if bound >= above.bound:
                return above._replace(low=low, high=high)
            return Range(-bound, low, high, search.proof())
        return None

    def _begin(self, low: int, high: int | None) -> Start | None:
        """Say where a range is asked from: as far from the best box as some learners have it."""
        ended = self._ended.get(low) if low == high else None
        asked = self._rehearsal
        if ended is not None or asked is None or high is None:
            return ended or self._start
        told, near = asked.start_of(low, high), asked.start_of(self._near, self._near)
        here = self._ended.get(self._near)
        if told is None or near is None or here is None:
            return told
        by_hz, by_w = told[1] / near[1], told[2] / near[2]
        if max(abs(by_hz - 1.0), abs(by_w - 1.0)) < _ALIKE:
            return here
        return 1.0, here[1] * by_hz, here[2] * by_w

    def _most(self, box: Problem, start: Start | None) -> MostSamples:
        search = self._searching(box, start)
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

    def _searching(self, box: Problem, start: Start | None) -> MostSamples:
        teller = self._part_teller
        return MostSamples(box, 1, "joint", self.threads, self.clock, start, teller)

    def _keep(self, search: MostSamples, low: int, asked: int | None) -> None:
        """Keep the best plan so far; where it breaks the ratio, with the fastest held back."""
        split = search.split
        assert split is not None
        cycles, box = split.samples, search.problem
        slowest, most = int(cycles.min()), asked
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
        # What prices say of one cycle more holds for the box that was asked.
        same = self.spread is None or (slowest, most) == (low, asked)
        self._above = search._above if same else None

    def _finish(self) -> None:
        """Make the plan of what was found, with a proof of its own."""
        if self._best is None:
            return
        problem, split = self._best
        search = self._searching(problem, self._start)
        search.value, search.split = self.value, split
        search._above = self._above
        self.plan = search.plan()
        self.passes += search.passes
        self.interrupted = self.interrupted or search.interrupted
        self.cause = self.cause or search.cause
