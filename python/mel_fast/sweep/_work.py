"""Some rows of a sweep as a worker gets them, and what it sends back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.progress import Callback
from mel_fast.model.batch import Batch
from mel_fast.model.problem import Problem
from mel_fast.plans.interrupted import Interrupted
from mel_fast.scenarios.draws import table1_batch
from mel_fast.solve.many import Plans, solve_many

Value = int | float | str
Point = dict[str, Value]

OWN = ("cycle_s", "idle")
"""What a sweep varies of a problem itself."""

COUNTS = ("tau", "bound", "active", "nodes", "passes")
NUMBERS = (*COUNTS, "elapsed_s")


class Work(Protocol):
    """Makes the problems of some rows; fit for pickling."""

    @property
    def learners(self) -> int:
        """The number of learners of the largest row."""

    def problems(self) -> Batch | list[Problem]:
        """Return the rows' problems.

        Raises
        ------
        ValueError, TypeError
            Where what the rows have in common makes none.
        """


@dataclass(frozen=True)
class Table1Rows:
    """Rows of Table I that differ in seed and draw: drawn where they are solved."""

    words: Mapping[str, Any]
    seeds: tuple[Any, ...]
    draws: tuple[Any, ...]

    @property
    def learners(self) -> int:
        """The number of learners of a row."""
        count = self.words.get("learners", 20)
        return count if isinstance(count, int) else 1

    def problems(self) -> Batch:
        """Draw them."""
        return table1_batch(self.seeds, self.draws, **self.words)


@dataclass(frozen=True)
class VariedRows:
    """A problem with other numbers: some that all rows have in common, some in columns."""

    problem: Problem
    common: Point
    columns: Mapping[str, list[Value]]
    rows: int

    @property
    def learners(self) -> int:
        """The number of learners of a row."""
        return len(self.problem.learners)

    def problems(self) -> Batch:
        """Return them as arrays."""
        columns = {axis: np.array(column) for axis, column in self.columns.items()}
        return Batch.vary(varied(self.problem, self.common), rows=self.rows, **columns)


def varied(problem: Problem, point: Point) -> Problem:
    """Return a problem with other numbers of its task, its radio or its own."""
    changes: dict[str, Any] = {axis: point[axis] for axis in OWN if axis in point}
    for part in ("task", "radio"):
        old = getattr(problem, part)
        inner = {axis: value for axis, value in point.items() if axis in old._fields}
        if inner:
            changes[part] = old.replace(**inner)
    return problem.replace(**changes)


@dataclass(frozen=True)
class MadeRows:
    """Problems that were made one by one."""

    made: list[Problem]

    @property
    def learners(self) -> int:
        """The number of learners of the largest row."""
        return max((len(problem.learners) for problem in self.made), default=1)

    def problems(self) -> list[Problem]:
        """Return them."""
        return self.made


@dataclass(frozen=True)
class Solved:
    """What was found for the rows of a piece of work, as columns.

    Rows that a stop kept from their answer have a false `answered`.
    """

    answered: NDArray[np.bool_]
    status: NDArray[np.int8]  # in the order of ROW_STATUSES
    numbers: Mapping[str, NDArray[Any]]  # by the names of NUMBERS
    notes: Mapping[int, str]
    interrupted: bool = False


def solved(
    work: Work,
    scheme: Any,
    time_limit_s: float | None,
    threads: int = 1,
    callback: Callback | None = None,
) -> Solved | None:
    """Solve a piece of work; None where its rows have no problem in common."""
    try:
        problems = work.problems()
    except (ValueError, TypeError):
        return None
    stopped = interrupted = False

    def told(*at: Any) -> bool:
        nonlocal stopped
        stopped = callback is not None and bool(callback(*at))
        return stopped

    try:
        plans = solve_many(
            problems,
            scheme=scheme,
            threads=threads,
            row_time_limit_s=time_limit_s,
            callback=None if callback is None else told,
        )
    except Interrupted as stop:
        interrupted = True
        plans = stop.plans
    return _of_plans(plans, cut=stopped or interrupted, interrupted=interrupted)


def _of_plans(plans: Plans, *, cut: bool, interrupted: bool) -> Solved:
    status = plans.codes()
    answered = plans.status != "unsolved"
    if cut:
        answered &= ~plans.cut_short
    samples = plans.samples
    active = (
        np.array([np.count_nonzero(row) for row in samples], dtype=np.int64)
        if isinstance(samples, tuple)
        else np.count_nonzero(samples, axis=1)
    )
    numbers = {name: getattr(plans, name) for name in NUMBERS if name != "active"}
    notes = {row: str(plans.blame[row]) for row in np.flatnonzero(plans.blame != "").tolist()}
    notes.update(plans.errors)
    return Solved(answered, status, {**numbers, "active": active}, notes, interrupted)


def solved_on_worker(
    task: tuple[list[tuple[Work, Any]], float | None],
) -> list[Solved | None]:
    """Solve pieces of work, each with its scheme, with one thread.

    Raises
    ------
    CancelledError
        After an interrupt of the worker alone, which is no answer.
    """
    works, time_limit_s = task
    answers = [solved(work, scheme, time_limit_s) for work, scheme in works]
    if any(answer is not None and answer.interrupted for answer in answers):
        from concurrent.futures import CancelledError

        raise CancelledError("the worker was interrupted")
    return answers
