"""What a worker does: makes learners, answers questions about them, gives their allocation.

Each is a pure function of the task. A few places that were asked last are kept in the process, up
to so many bytes, so that the next question finds them made.
"""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np

from mel_fast import _core
from mel_fast.model.links import shares_in_units
from mel_fast.model.problem import Problem
from mel_fast.solve.shards.sources import Made, Shard, WithPayload, made
from mel_fast.solve.shards.statement import Statement, Survey

_BYTES = 72  # of a learner in a place: the core's columns, samples, and room to work
_BYTES_LIMITED = 240
_BYTES_OF_PAYLOAD = 40  # where it differs


@dataclass(frozen=True)
class Rows:
    """Some rows of a shard."""

    shard: Shard | WithPayload
    number: int
    begin: int
    end: int
    mark: bytes

    def whole(self) -> Made:
        """Return all learners of the shard, who must be those who were surveyed.

        Raises
        ------
        ValueError
            Naming the shard, where they are others: by their number, or some of their columns.
        """
        found = made(self.shard, self.number)
        if found.mark() != self.mark:
            raise ValueError(
                f"shards[{self.number}]() returned other learners than before: must return the "
                "same each time"
            )
        return found

    def problem(self, statement: Statement, survey: Survey) -> Problem:
        """Return their problem, with the columns that all have.

        Raises
        ------
        ValueError
            Naming the shard, and the learner by its number there.
        """
        whole = self.whole()
        learners, payload = whole
        cut = (self.begin, self.end) != (0, len(learners))
        alike = survey.columns == learners.columns().keys() - {"names"}
        try:
            if alike and not cut and not survey.outage:
                return statement.stated(learners, payload)
            rows = slice(self.begin, self.end)
            columns = {name: column[rows] for name, column in survey.alike(whole).items()}
            return statement.problem(columns)
        except ValueError as error:
            place = f", from learner {self.begin} on" if self.begin else ""
            raise ValueError(f"shards[{self.number}]{place}: {error}") from None


@dataclass(frozen=True)
class Asked:
    """A question to a place."""

    solve: str  # which solve it is of
    rows: Rows
    first: int
    size: int  # learners in all
    statement: Statement
    survey: Survey
    threads: int
    keep_bytes: int
    question: bytes


class _Kept:
    """Places that are made, the latest last."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._places: OrderedDict[tuple[str, int], tuple[_core.Shard, Lock, int]] = OrderedDict()

    def of(self, task: Asked) -> tuple[_core.Shard, Lock]:
        key = task.solve, task.first
        with self._lock:
            for old in [k for k in self._places if k[0] != task.solve and len(self._places) > 1]:
                del self._places[old]
            if key in self._places:
                self._places.move_to_end(key)
                return self._places[key][:2]
        each = _BYTES_LIMITED if task.survey.limited else _BYTES
        each += _BYTES_OF_PAYLOAD if task.survey.amounts else 0
        cost = (task.rows.end - task.rows.begin) * each
        with self._lock:  # room first: two are never held where one fits
            while self._places and self._held() + cost > task.keep_bytes:
                self._places.popitem(last=False)
        shard = placed(task)
        with self._lock:
            self._places[key] = shard, Lock(), cost
            return self._places[key][:2]

    def forget(self, solve: str) -> None:
        with self._lock:
            for key in [key for key in self._places if key[0] == solve]:
                del self._places[key]

    def _held(self) -> int:
        return sum(cost for _, _, cost in self._places.values())


_kept = _Kept()


def placed(task: Asked) -> _core.Shard:
    """Return a place that can answer."""
    problem = task.rows.problem(task.statement, task.survey)
    core = task.statement.core(problem, task.survey)
    return _core.Shard(core, task.first, task.size, task.threads)


def answered(task: Asked) -> bytes:
    """Answer a question."""
    shard, lock = _kept.of(task)
    with lock:
        return shard.answer(task.question)


def forget(solve: str) -> None:
    """Let go of what this process kept of a solve."""
    _kept.forget(solve)


def surveyed(task: tuple[Shard, int]) -> Survey:
    """Say what a shard holds."""
    return Survey.of(made(*task))


def problem_made(task: tuple[Rows, Statement, Survey]) -> None:
    """Make a shard's problem, for its refusals."""
    rows, statement, survey = task
    rows.problem(statement, survey)


def power_added(task: tuple[Rows, float, int]) -> Any:
    """Return everybody's own limits of power, added up in units for so many in all."""
    rows, top, learners = task
    most = rows.whole().learners.max_power_w
    assert most is not None
    return shares_in_units(most, top, learners)


def gathered(task: tuple[Rows, Survey, Any]) -> dict[str, Any]:
    """Return the columns of some learners of a shard, by their rows in it."""
    rows, survey, chosen = task
    columns = survey.alike(rows.whole())
    return {name: np.ascontiguousarray(column[chosen]) for name, column in columns.items()}


def allocated(answer: bytes) -> tuple[Any, Any, Any]:
    """Return samples, bandwidth and power from the answer to a place's last question."""
    samples, bandwidth_hz, power_w = np.frombuffer(answer).reshape(3, -1)
    return samples.astype(np.int64), bandwidth_hz.copy(), power_w.copy()
