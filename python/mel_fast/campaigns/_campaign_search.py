"""The least time to accuracy: which candidates have to be solved, and what rules out the others.

A cycle that does more local cycles is no shorter. So the proved lower end of one tau holds for
every larger one, and times the rounds of those it is a bound on their time in all. The candidate
with the least bound is solved next, until the best time found is no larger than what is left.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from mel_fast._base.progress import EndsCallback
from mel_fast._base.validation import FloatColumn
from mel_fast.bracket.clock import Clock
from mel_fast.bracket.inquiry import Inquiry
from mel_fast.campaigns._candidates import Candidates, Level, candidates_of
from mel_fast.planning._least import Least, search_least
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.status import Scheme, Status


class Row(NamedTuple):
    """One candidate."""

    level: str | None
    tau: int
    rounds: float
    cycle_s: float
    """A cycle that suffices; infinite where none was found, or looked for."""
    lower_s: float
    """A cycle that is proved too short."""
    total_s: float
    """Rounds times the cycle that suffices."""
    bound_s: float
    """Proved: no campaign with this level and tau takes less."""
    status: str
    """Of the enclosure of the cycle; ``ruled out`` where the bound alone was enough."""


@dataclass(slots=True)
class _Work:
    """One level: its candidates, and what was solved of them."""

    level: Level
    candidates: Candidates
    complete: bool  # no other candidates there are
    found: dict[int, Least] = field(default_factory=dict)  # by place among the candidates

    @property
    def no_cycle_is_long_enough(self) -> bool:
        """Whether that is proved for the fewest local cycles, and so for all."""
        return 0 in self.found and self.found[0].status is Status.INFEASIBLE

    @property
    def never_there(self) -> bool:
        """Whether the target is never reached, whatever candidate is taken."""
        return not np.isfinite(self.candidates.rounds).any()

    def bounds(self) -> FloatColumn:
        """Return for each candidate seconds that its campaign cannot be shorter than."""
        lower = np.zeros(self.candidates.tau.size)
        for place, least in self.found.items():
            lower[place] = least.lower
        with np.errstate(over="ignore", invalid="ignore"):
            each = np.maximum.accumulate(lower) * self.candidates.rounds
        each[np.isnan(each)] = np.inf  # never reached in no time
        each[np.isfinite(each)] = np.nextafter(each[np.isfinite(each)], 0.0)
        return each


@dataclass(slots=True)
class CampaignSearch(Inquiry):
    """One search: what it asks, and what it knows so far."""

    levels: tuple[Level, ...]
    most_tau: int
    prune: bool
    scheme: Scheme
    clock: Clock
    threads: int
    callback: EndsCallback | None
    passes: int = 0
    stopped: bool = False
    interrupted: bool = False
    best: tuple[Level, int, float, Least] | None = None  # level, tau, rounds, cycle
    _works: list[_Work] = field(default_factory=list)

    @property
    def total_s(self) -> float:
        """The least time found, infinite before any."""
        return math.inf if self.best is None else self.best[2] * self.best[3].amount

    def ends(self) -> tuple[float, float]:
        """Return the bound, and the least time found."""
        return self.bound_s, self.total_s

    @property
    def bound_s(self) -> float:
        """Proved: no candidate takes less."""
        bounds = [float(work.bounds().min()) for work in self._works]
        return min(bounds) if len(bounds) == len(self.levels) else 0.0

    @property
    def beyond(self) -> bool:
        """Whether larger numbers of local cycles than were considered may be better."""
        return any(not work.complete for work in self._works)

    @property
    def beyond_s(self) -> float:
        """Proved: one round of more local cycles than were considered takes no less.

        Infinite where all were considered.
        """
        ends = [work for work in self._works if not work.complete]
        most = (max((least.lower for least in w.found.values()), default=0.0) for w in ends)
        return min(most, default=math.inf)

    @property
    def nothing_is_possible(self) -> bool:
        """Whether it is proved that no cycle is long enough, or that the target is out of reach.

        Rounds of more local cycles than were considered may be finite.
        """
        return len(self._works) == len(self.levels) and all(
            work.no_cycle_is_long_enough or (work.complete and work.never_there)
            for work in self._works
        )

    @property
    def never_there(self) -> bool:
        """Whether there are cycles that are long enough, but no rounds reach the target."""
        return not all(work.no_cycle_is_long_enough for work in self._works)

    def _run(self) -> None:
        for level in self.levels:
            self._works.append(self._considered(level))
            if self.stopped:
                return
        for work in self._works:
            self._reach_out(work)
        while not self.stopped:
            following = self._next()
            if following is None:
                return
            self._solve(*following)

    def _considered(self, level: Level) -> _Work:
        """Return a level's candidates: for a function, up to `most_tau` at once."""
        given = isinstance(level.rounds, Mapping)
        taus = np.arange(1, 1 if given else self.most_tau + 1, dtype=np.int64)
        return _Work(level, candidates_of(level.rounds, taus), complete=given)

    def _reach_out(self, work: _Work) -> None:
        """Solve doubling numbers of cycles until one round of the next takes too long."""
        place, size = 0, work.candidates.tau.size
        while not self.stopped:
            least = self._solve(work, place)
            if least is None or least.lower >= self.total_s:
                work.complete = work.complete or least is not None
                return
            if place == size - 1:
                return
            place = min(2 * place + 1, size - 1)

    def _next(self) -> tuple[_Work, int] | None:
        """Return the candidate with the least bound, None where none can be better."""
        choice: tuple[float, _Work, int] | None = None
        for work in self._works:
            bounds = work.bounds()
            if work.found:
                bounds[list(work.found)] = np.inf
            bounds[~np.isfinite(work.candidates.rounds)] = np.inf
            place = int(bounds.argmin())
            if math.isfinite(bounds[place]) and (choice is None or bounds[place] < choice[0]):
                choice = float(bounds[place]), work, place
        if choice is None or (self.prune and choice[0] >= self.total_s):
            return None
        return choice[1], choice[2]

    def _solve(self, work: _Work, place: int) -> Least | None:
        if self.clock.over():
            self.stopped = True
            return None
        tau, rounds = int(work.candidates.tau[place]), float(work.candidates.rounds[place])
        near = min(work.found, key=lambda other: abs(other - place), default=None)
        start = None if near is None else work.found[near].end
        try:
            least = search_least(
                work.level.problem,
                tau,
                "cycle_s",
                self.scheme,
                self.clock.left(),
                self.threads,
                start,
                self._part_teller,
            )
        except Interrupted as stop:
            self.interrupted, self.cause = True, stop.__cause__
            least = stop.found
        self.passes += least.passes
        self.stopped = self.stopped or self.interrupted or least.stopped
        work.found[place] = least
        if least.plan is not None and rounds * least.amount < self.total_s:
            self.best = work.level, tau, rounds, least
        self.tell()
        return least

    def rows(self) -> tuple[Row, ...]:
        """Return what was solved; of a mapping, all that it has."""
        rows = []
        for work in self._works:
            bounds = work.bounds()
            every = isinstance(work.level.rounds, Mapping)
            places = range(work.candidates.tau.size) if every else sorted(work.found)
            for place in places:
                least = work.found.get(place)
                rounds = float(work.candidates.rounds[place])
                cycle_s = math.inf if least is None else least.amount
                status = _status(least, float(bounds[place]) >= self.total_s)
                rows.append(
                    Row(
                        work.level.name,
                        int(work.candidates.tau[place]),
                        rounds,
                        cycle_s,
                        0.0 if least is None else least.lower,
                        rounds * cycle_s,
                        float(bounds[place]),
                        status,
                    )
                )
        return tuple(rows)


def _status(least: Least | None, ruled_out: bool) -> str:
    if least is not None:
        return str(least.status)
    return "ruled out" if ruled_out else str(Status.UNDECIDED)
