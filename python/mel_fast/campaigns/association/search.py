"""The largest common tau where learners choose their cells, closed in on from both sides.

From above: the relaxation's bound, at the least tau that it rules out. From below: what the
learners choose at its prices, each association solved as fixed cells. What is left between is
closed by branching on the cell of the most undecided learner, where there are few enough.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mel_fast import _core
from mel_fast._base.progress import Callback
from mel_fast._base.validation import MAX_INTEGER, FloatColumn, IntColumn
from mel_fast.bracket.clock import Clock
from mel_fast.bracket.selected import chosen_quickly, selection
from mel_fast.campaigns._cells_chosen import ChosenCellsSearch
from mel_fast.campaigns._cells_search import CellsInquiry, CellsSearch
from mel_fast.campaigns.association.proof import (
    AssociationProof,
    Choice,
    Fixed,
    Prices,
    chosen,
    least_samples,
    members,
)
from mel_fast.campaigns.association.relaxation import Mask, Point, Relaxation, budget_hz, some_of
from mel_fast.model.problem import Problem

_SAMPLED = 2_000  # learners of which prices are sought first
_NODES = 400  # of branching on cells
_STEPS = 200  # of looking for prices
_ROUGH_STEPS = 40  # of some of the learners
_MOVES = 60  # of single learners
_SLOW = 3  # questions that hardly narrow what is open, before their distance doubles

Tree = list[Choice | Prices | Fixed]


class _OpenError(Exception):
    """Branching came to its limit, or upon what double precision leaves open."""


class _AttainedError(Exception):
    """Branching came upon an association that does it."""


@dataclass(slots=True)
class AssociationSearch(CellsInquiry):
    """One search: what it asks, and what it knows so far."""

    problems: tuple[Problem, ...]
    clock: Clock
    threads: int
    callback: Callback | None
    nodes_limit: int = _NODES
    tau: int = 0
    bound: int = MAX_INTEGER
    cell: IntColumn | None = None
    found: CellsSearch | None = None  # the best association's cells
    proof: AssociationProof | None = None
    nodes: int = 0
    passes: int = 0
    stopped: bool = False
    interrupted: bool = False
    _by_gain: IntColumn = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    _looked_s: float = 0.0
    _tried: set[bytes] = field(default_factory=set)

    def _run(self) -> None:
        if sum(least_samples(self.problems).tolist()) > self.total:
            self._rule_out(1, [])
            return
        self._by_gain = np.argmax([p.learners.gain / p.radio.noise for p in self.problems], axis=0)
        self._try(self._by_gain)
        if len(self.problems) == 1:
            self._one_cell()
            return
        start = self._prices(self._by_gain, max(self.tau, 1))
        if len(self._by_gain) > _SAMPLED:
            few, share = some_of(self.problems, _SAMPLED)
            guess, point = self._enclose(few, share, start, max(self.tau, 1))
            start = point.log_prices if point is not None else start
            _, point = self._enclose(self.problems, 1.0, start, guess)
        else:
            _, point = self._enclose(self.problems, 1.0, start, max(self.tau, 1))
        if point is not None and not self.stopped:
            self._improve(point, self._chosen(point))
        while self.tau < self.bound < MAX_INTEGER and not self.stopped and point is not None:
            if not self._branch(point.log_prices):
                break

    def _one_cell(self) -> None:
        found = self.found
        if found is not None and found.proof is not None:
            self._rule_out(found.bound + 1, [Fixed(found.proof)])

    def _enclose(
        self, problems: tuple[Problem, ...], share: float, start: FloatColumn, guess: int
    ) -> tuple[int, Point | None]:
        """Find the largest tau that the bound leaves open; return it with its point.

        Only what is asked of all learners (`share` 1) rules anything out.
        """
        whole = share == 1.0
        low, high, tau, open_ = 0, MAX_INTEGER, max(guess, 1), None
        if whole:
            low = self.tau
            tau = max(tau, low + 1)
        width, slow = math.inf, 0
        while high - low > 1 and not self.stopped:
            relaxation = Relaxation(problems, tau, share)
            point = self._least(relaxation, start)
            if point.bound < relaxation.samples:
                high = tau
                if whole:
                    self._rule_out(tau, [Prices(point.prices)])
            else:
                low, open_ = tau, point
                start = point.log_prices
            ratio = point.bound / relaxation.samples
            to = tau * min(max(ratio, 0.1), 4.0) if math.isfinite(ratio) else 0.0
            # Where the bound is next to D over a wide range of tau, it foretells nothing.
            slow = 0 if high - low < 0.5 * width else slow + 1
            width = high - low
            away = min(max(1, 1 << slow >> _SLOW), width // 2)
            tau = min(max(int(to), low + away), high - away)
        if open_ is None and low > 0:
            open_ = self._least(Relaxation(problems, low, share), start)
        return max(low, 1), open_

    def _least(self, relaxation: Relaxation, start: FloatColumn, may: Mask | None = None) -> Point:
        """Look for prices that rule tau out; give up where an association's own cells have room.

        The bound of all associations is nowhere below that of one.
        """
        before, point = relaxation.passes, None
        whole = relaxation.share == 1.0
        for steps in (8, 24, _STEPS) if whole else (_ROUGH_STEPS,):
            point = relaxation.least(
                start if point is None else point.log_prices,
                may,
                below=relaxation.samples,
                steps=steps,
                over=self._over,
            )
            self._seen(False)
            if point.bound < relaxation.samples or self.stopped:
                break
            if whole and steps < _STEPS:
                cell = point.worth.argmax(axis=0)
                rooms = (self._room(cell, e, relaxation.tau) for e in range(len(self.problems)))
                if sum(room[0] for room in rooms) >= relaxation.samples:
                    break
        assert point is not None
        self.passes += relaxation.passes - before
        return point

    def _over(self) -> bool:
        """Say whether to stop, looking at the clock and telling at most every 10 ms."""
        now = self.clock.elapsed_s
        if now - self._looked_s > 0.01:
            self._looked_s = now
            self._seen(False)
        return self.stopped

    def _rule_out(self, tau: int, tree: Tree) -> None:
        if tau - 1 < self.bound:
            self.bound = tau - 1
            self.proof = AssociationProof(tau, self.problems, tuple(tree))
            self.tell()

    def _chosen(self, point: Point) -> IntColumn:
        """Return the best cell of each learner; who stays out goes where its gain is best."""
        cell = point.worth.argmax(axis=0)
        best = point.worth[cell, np.arange(cell.size)]
        out = best <= 1e-9
        idle = np.array([problem.idle == "excused" for problem in self.problems])
        if any(problem.has_choice for problem in self.problems):
            return np.asarray(cell)  # in another cell it might have to take part
        return np.asarray(np.where(out & idle.all(), self._by_gain, cell))

    def _try(self, cell: IntColumn) -> bool:
        """Solve the cells of an association; say whether that is the best so far."""
        key = cell.tobytes()
        if key in self._tried or self.stopped:
            return False
        self._tried.add(key)
        search = self._cells(cell, self._part_teller)
        search.run()
        self.passes += search.passes
        self.interrupted = self.interrupted or search.interrupted
        self.stopped = self.stopped or search.stopped
        better = search.tau > self.tau or (self.found is None and len(self.problems) == 1)
        if better:
            self.tau, self.cell, self.found = search.tau, cell, search
            self.tell()
        return better

    def _cells(self, cell: IntColumn, callback: Callback | None) -> CellsSearch:
        own = members(self.problems, cell)
        some_choose = any(problem.has_choice for problem in own)
        kind = ChosenCellsSearch if some_choose else CellsSearch
        return kind(own, self.clock, self.threads, callback)

    def _room(self, cell: IntColumn, e: int, tau: int) -> tuple[float, float, float]:
        """Return the least bound on a cell's samples, and its prices; 0 where unknown."""
        if not (cell == e).any():
            return 0.0, 0.0, 0.0
        problem = members(self.problems, np.where(cell == e, e, -1))[0]
        if chosen_quickly(problem):
            return self._quick_room(problem, tau)
        if problem.has_choice:
            return self._room_of_choice(problem, tau)
        outcome, samples, _, per_hz, per_w = _core.worth_at(
            problem._core, float(tau), 0, self.clock.left(), self.threads
        )
        self.passes += 1
        return (samples, per_hz, per_w) if outcome == 0 else (0.0, 0.0, 0.0)

    def _quick_room(self, problem: Problem, tau: int) -> tuple[float, float, float]:
        """Return the same of many learners, where passes over whole samples are quicker."""
        far = problem.with_samples(MAX_INTEGER)
        found = selection(far, tau, self.clock.left(), self.threads, self._part_teller)
        self.passes += found.passes
        self._seen(found.interrupted)
        known = math.isfinite(found.bound) and found.bound >= 0.0
        return (found.bound, *found.end) if known else (0.0, 0.0, 0.0)

    def _room_of_choice(self, problem: Problem, tau: int) -> tuple[float, float, float]:
        """Return the same where somebody may sit out, to go by."""
        relaxation = Relaxation((problem,), tau)
        half = 0.5 * self.total
        start = np.log([half / budget_hz(problem), half / problem.power_budget_w])
        point = relaxation.least(start, steps=_ROUGH_STEPS, over=self._over)
        self.passes += relaxation.passes
        return max(point.bound, 0.0), *point.prices[0]

    def _prices(self, cell: IntColumn, tau: int) -> FloatColumn:
        """Return where to begin: each cell's prices with the learners that it has."""
        rooms = [self._room(cell, e, tau) for e in range(len(self.problems))]
        return self._log_prices(rooms)

    def _log_prices(self, rooms: list[tuple[float, float, float]]) -> FloatColumn:
        made = []
        for problem, (_, per_hz, per_w) in zip(self.problems, rooms, strict=True):
            half = 0.5 * self.total / len(self.problems)
            usable = per_hz > 0.0 and per_w > 0.0
            made += [
                per_hz if usable else half / budget_hz(problem),
                per_w if usable else half / problem.power_budget_w,
            ]
        return np.log(made)

    def _improve(self, point: Point, cell: IntColumn) -> None:
        """Try what the learners choose, then move one at a time as long as that makes room.

        At the cells' own prices the room that a move makes is at most what it is worth there more
        than here: where that is nowhere above zero, no single move helps.
        """
        self._try(cell)
        tau = self.tau + 1
        many = range(_MOVES if cell.size <= _SAMPLED else 4)
        rooms = [self._room(cell, e, tau) for e in range(len(self.problems))]
        relaxation = Relaxation(self.problems, tau)
        refused: set[tuple[int, int]] = set()
        for _ in many:
            if self.stopped or self.tau >= min(tau, self.bound):
                break
            worth = relaxation.at(self._log_prices(rooms)).worth
            gain = worth - worth[cell, np.arange(cell.size)]
            gain[~np.isfinite(gain)] = -np.inf
            for e, k in refused:
                gain[e, k] = -np.inf
            to, k = divmod(int(gain.argmax()), cell.size)
            if not gain[to, k] > 1e-9:
                break
            moved, away = cell.copy(), int(cell[k])
            moved[k] = to
            new = list(rooms)
            for e in (away, to):
                new[e] = self._room(moved, e, tau)
            if sum(room[0] for room in new) > sum(room[0] for room in rooms) + 1e-9:
                cell, rooms, refused = moved, new, set()
                if sum(room[0] for room in rooms) >= self.total:
                    self._try(cell)
            else:
                refused.add((to, k))
            self._seen(False)
        self.passes += relaxation.passes

    def _branch(self, start: FloatColumn) -> bool:
        """Ask for one local cycle more by branching; say whether that got any further."""
        tau = self.tau + 1
        size = len(self.problems), self._by_gain.size
        if size[1] > _SAMPLED or self.nodes >= self.nodes_limit:
            return False
        try:
            tree = self._node(Relaxation(self.problems, tau), np.ones(size, dtype=bool), start)
        except _AttainedError:
            return True
        except (_OpenError, RecursionError):
            return False
        self._rule_out(tau, tree)
        return True

    def _node(self, relaxation: Relaxation, may: Mask, start: FloatColumn) -> Tree:
        self.nodes += 1
        if self.nodes > self.nodes_limit or self.stopped:
            raise _OpenError
        tau = relaxation.tau
        point = self._least(relaxation, start, may)
        if point.bound < relaxation.samples:
            return [Prices(point.prices)]
        cell = point.worth.argmax(axis=0)
        undecided = self._most_undecided(point, may)
        if undecided is None:
            return [self._leaf(cell, tau)]
        key = cell.tobytes()
        if key not in self._tried:
            room = sum(self._room(cell, e, tau)[0] for e in range(len(self.problems)))
            if room >= self.total:
                self._try(cell)
            if self.tau >= tau:
                raise _AttainedError
        choice = Choice(undecided, int(cell[undecided]))
        there, elsewhere = chosen(may, choice)
        return [
            choice,
            *self._node(relaxation, there, point.log_prices),
            *self._node(relaxation, elsewhere, point.log_prices),
        ]

    @staticmethod
    def _most_undecided(point: Point, may: NDArray[np.bool_]) -> int | None:
        """Return the learner whose two best cells are worth most nearly the same to it."""
        if len(may) < 2 or not (may.sum(axis=0) > 1).any():
            return None
        ordered = np.sort(point.worth, axis=0)
        margin = ordered[-1] - ordered[-2]
        margin[may.sum(axis=0) < 2] = np.inf
        margin[ordered[-1] <= 1e-9] += 1e9  # who has nothing to take comes last
        return (
            int(margin.argmin())
            if np.isfinite(margin).any()
            else int(np.flatnonzero(may.sum(axis=0) > 1)[0])
        )

    def _leaf(self, cell: IntColumn, tau: int) -> Fixed:
        """Ask the one association that is left; its claims rule out tau, or it does it."""
        search = self._cells(cell, None)
        fits = search.fits(tau)
        self.passes += search.passes
        self.interrupted = self.interrupted or search.interrupted
        self.stopped = self.stopped or search.stopped
        if fits and self._try(cell) and self.tau >= tau:
            raise _AttainedError
        if search.proof is None or search.bound >= tau:
            raise _OpenError
        return Fixed(search.proof)
