"""All shards together, as the core's search sees them: who is asked, and who is brought here."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mel_fast import _core
from mel_fast._base.validation import LARGEST
from mel_fast.model.links import budget_of_units
from mel_fast.model.problem import Problem
from mel_fast.solve.shards.crew import Crew
from mel_fast.solve.shards.places import Place, cut
from mel_fast.solve.shards.sources import Shard, WithPayload, with_payload
from mel_fast.solve.shards.statement import Statement, Survey
from mel_fast.solve.shards.workers import (
    Asked,
    Rows,
    answered,
    gathered,
    power_added,
    problem_made,
    surveyed,
)

MOST_IN_SEAMS = 2**22


class StoppedError(Exception):
    """The work was ended before it was done."""


class Population:
    """The learners of all shards, in their order.

    Parameters
    ----------
    shards, statement
        Who, and of what.
    crew
        Does the work.
    solve
        What the workers know this solve by.
    threads, keep_bytes
        Of a worker: with how many threads it looks at a place, and what it keeps of places.
    """

    def __init__(
        self,
        shards: Sequence[Shard],
        statement: Statement,
        crew: Crew,
        solve: str,
        threads: int,
        keep_bytes: int,
    ) -> None:
        self.given, self.stated, self.crew = shards, statement, crew
        self._how = solve, threads, keep_bytes
        surveys = self._all(surveyed, [(shard, i) for i, shard in enumerate(shards)])
        self.lengths = [survey.learners for survey in surveys]
        self.shards: Sequence[Shard | WithPayload] = shards
        self.statement = statement.without_columns()
        payload = statement.columns()
        if payload is not None:
            parts = with_payload(shards, payload, self.lengths)
            pairs = zip(surveys, parts, strict=True)
            surveys = [survey.with_payload(part.payload) for survey, part in pairs]
            self.shards = parts
        self._surveys = surveys
        self.survey = Survey.all(surveys)
        self._refuse()
        self.starts = np.concatenate([[0], np.cumsum(self.lengths)])
        self.places = cut(self.lengths)
        self._seams: dict[int, _core.Shard] = {}
        self._known = np.zeros(0, np.int64)  # learners brought here
        self._columns: dict[str, Any] = {}

    @property
    def size(self) -> int:
        """K."""
        return self.survey.learners

    def _all(self, function: Any, tasks: list[Any]) -> list[Any]:
        answers = self.crew.all(function, tasks)
        if answers is None:
            raise StoppedError
        return answers

    def gather(self, numbers: Any) -> dict[str, Any]:
        """Return the columns of some learners; their numbers rise."""
        bounds = np.searchsorted(numbers, self.starts)
        tasks = []
        for shard in np.flatnonzero(bounds[:-1] < bounds[1:]).tolist():
            chosen = numbers[bounds[shard] : bounds[shard + 1]] - self.starts[shard]
            rows = self._rows(shard)
            whole = chosen.size == self.lengths[shard]
            tasks.append((rows, self.survey, slice(None) if whole else chosen))
        parts = self._all(gathered, tasks)
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def everybody(self) -> Problem:
        """Return the whole problem, all of it here."""
        return self._problem(self.gather(np.arange(self.size)))

    def _rows(self, shard: int, begin: int = 0, end: int | None = None) -> Rows:
        end = self.lengths[shard] if end is None else end
        return Rows(self.shards[shard], shard, begin, end, self._surveys[shard].mark)

    def _problem(self, columns: dict[str, Any]) -> Problem:
        """Return the problem of some learners; what is refused is said of a shard's own."""
        try:
            return self.statement.problem(columns)
        except ValueError:
            shards = range(len(self.shards))
            self._all(problem_made, [(self._rows(i), self.statement, self.survey) for i in shards])
            raise

    def _refuse(self) -> None:
        if "energy_coefficient" in self.survey.columns:
            raise ValueError(
                "energy_coefficient: must be None: what shards are given does not say their "
                "learners' speeds"
            )
        own = {} if self.stated.payload is None else self.stated.payload.given()
        for name in own:
            for number, survey in enumerate(self._surveys):
                if name in survey.amounts and not isinstance(own[name], np.ndarray):
                    raise ValueError(f"payload.{name}: is given by shards[{number}] already")

    def _common_power_w(self) -> float:
        """Return the power budget that stands for everybody's own, as `Problem` has it.

        Raises
        ------
        ValueError
            Naming the shard where somebody has no limit of its own.
        """
        without = "where radio.power_w is None: there is no common power budget"
        for number, survey in enumerate(self._surveys):
            if not np.isfinite(survey.top_power_w):
                raise ValueError(f"shards[{number}]: max_power_w must be given, finite, {without}")
        top, size = self.survey.top_power_w, self.size
        if top * size > LARGEST:
            raise ValueError(
                f"max_power_w = {top:g} of {size} learners: must be at most {LARGEST:g} in all "
                f"{without}"
            )
        tasks = [(self._rows(i), top, size) for i in range(len(self.shards))]
        sums = np.sum(self._all(power_added, tasks), axis=0)
        return float(budget_of_units(sums, top, size))

    def prepare(self) -> None:
        """Bring those here that the search looks at first, and the seams between shards.

        Raises
        ------
        ValueError
            Where there is more in the seams than one process should hold, or somebody has no power
            of its own while there is none for all.
        """
        if self.statement.radio.power_w is None:
            self.survey = replace(self.survey, power_w=self._common_power_w())
        seams = [place for place in self.places if place.is_seam]
        held = sum(place.learners for place in seams)
        if held > MOST_IN_SEAMS:
            raise ValueError(
                f"shards: {held} learners are in runs of less than 1024 of a shard, or between "
                f"shards, more than {MOST_IN_SEAMS}: shards of a multiple of 1024 learners (2**20, "
                "say) have none there"
            )
        within = [np.arange(place.first, place.first + place.learners) for place in seams]
        first = np.asarray(_core.sampled_learners(self.size), dtype=np.int64)
        self._known = np.unique(np.concatenate([first, *within]))
        self._columns = self.gather(self._known)
        _, threads, _ = self._how
        for place in seams:
            problem = self.some(np.arange(place.first, place.first + place.learners))
            self._seams[place.first] = _core.Shard(problem, place.first, self.size, threads)

    def some(self, numbers: Any) -> _core.Problem:
        """Return the core's problem of some learners alone."""
        at = np.searchsorted(self._known, numbers)
        at[at == self._known.size] = 0
        if self._known.size and (self._known[at] == numbers).all():
            columns = {name: column[at] for name, column in self._columns.items()}
        else:
            columns = self.gather(numbers)
        return self.statement.core(self._problem(columns), self.survey)

    def ask(self, questions: list[bytes]) -> list[bytes] | None:
        """Return every place's answer to its own question; None where the work was ended."""
        inside = [
            (place, question)
            for place, question in zip(self.places, questions, strict=True)
            if not place.is_seam
        ]
        answers = self.crew.all(answered, [self.asked(*pair) for pair in inside])
        if answers is None:
            return None
        of_inside = iter(answers)
        return [
            self._seams[place.first].answer(question) if place.is_seam else next(of_inside)
            for place, question in zip(self.places, questions, strict=True)
        ]

    def asked(self, place: Place, question: bytes) -> Asked:
        """Return the task of a place inside a shard."""
        (piece,) = place.pieces
        solve, threads, keep_bytes = self._how
        rows = self._rows(piece.shard, piece.begin, piece.end)
        return Asked(
            solve,
            rows,
            place.first,
            self.size,
            self.statement,
            self.survey,
            threads,
            keep_bytes,
            question,
        )

    def answer_of_seam(self, place: Place, question: bytes) -> bytes:
        """Answer for a seam, here."""
        return self._seams[place.first].answer(question)
