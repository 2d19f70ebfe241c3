"""What `solve_many` may be given once for all rows or row by row: `start=` and `keep=`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np

from mel_fast._base.validation import FloatColumn
from mel_fast.model.batch import Batch
from mel_fast.model.columns import numbered
from mel_fast.model.problem import Problem
from mel_fast.plans.plan import Plan
from mel_fast.solve.fixed_samples import fixed_samples_of, kept
from mel_fast.solve.plans import Plans


def checked_starts(value: Any, rows: int) -> Any:
    """Return `start=`: None, a Plan for all rows, Plans, or a tuple with one of each row."""
    if value is None or isinstance(value, Plan):
        return value
    if not isinstance(value, Plans):
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, Sequence | np.ndarray):
            raise TypeError(
                f"start is a {type(value).__name__}: must be a Plan, Plans, a sequence of a Plan "
                "or None for each row, or None"
            )
        value = tuple(value)
        for row, plan in enumerate(value):
            if plan is not None and not isinstance(plan, Plan):
                raise TypeError(f"start[{row}] is a {type(plan).__name__}: must be a Plan or None")
    if len(value) != rows:
        raise ValueError(f"start has {len(value)} plans: must have one for each of {rows} rows")
    return value


def start_of(starts: Any, row: int) -> Plan | None:
    """Return the plan at which a row begins."""
    if starts is None or isinstance(starts, Plan):
        return starts
    if isinstance(starts, tuple):
        plan: Plan | None = starts[row]
        return plan
    return starts[row] if starts.has(row) else None


def ends_of(starts: Any, rows: int) -> FloatColumn | None:
    """Return tau and prices where each row's search begins, shape (rows, 3); zeros for nowhere."""
    if starts is None:
        return None
    if isinstance(starts, Plan):
        return np.tile(starts._end or (0.0, 0.0, 0.0), (rows, 1))
    if isinstance(starts, tuple):
        ends = [(plan and plan._end) or (0.0, 0.0, 0.0) for plan in starts]
        return np.array(ends, dtype=np.float64).reshape(rows, 3)
    ends_of_all: FloatColumn = starts.ends()
    return ends_of_all


def with_fixed_samples(
    source: Any, starts: Any, keep: Any, *, one_by_one: bool = False
) -> "tuple[Any, dict[int, str]]":
    """Return the rows with the samples of some learners held, and why some rows were refused.

    With `one_by_one` a Batch becomes Problems, as it does where somebody may choose to sit out.

    Raises
    ------
    ValueError, TypeError
        Where `keep` is wrong in itself, or for every row.
    """
    choice = isinstance(source, Batch) and (
        one_by_one or bool(np.any(source.choices.get("optional", False)))
    )
    if not len(source) or (keep is None and not choice):
        return source, {}
    if keep is None:
        return _one_by_one(source, starts, [None] * len(source))
    if _by_row(keep):
        if len(keep) != len(source):
            raise ValueError(
                f"keep has {len(keep)} entries: must have one for each of {len(source)} rows, or "
                "be one for all"
            )
        return _one_by_one(source, starts, list(keep))
    if isinstance(source, Batch) and not isinstance(starts, tuple) and not choice:
        return FixedSamplesBatch(source, starts, keep), {}
    return _one_by_one(source, starts, [keep] * len(source))


def _by_row(keep: Any) -> bool:
    """Whether `keep` has an entry for each row: a sequence of things that are no single numbers."""
    if isinstance(keep, np.ndarray):
        return keep.ndim == 2
    return isinstance(keep, list | tuple) and any(
        entry is None or isinstance(entry, Mapping) or np.ndim(entry) > 0 for entry in keep
    )


def _one_by_one(source: Any, starts: Any, keeps: Sequence[Any]) -> "tuple[Any, dict[int, str]]":
    problems: list[Problem | None] = []
    refused: dict[int, str] = {}
    first: ValueError | None = None
    for row, keep in enumerate(keeps):
        try:
            problem = source[row]
        except (ValueError, TypeError) as error:
            problems.append(None)
            refused[row] = str(error)
            continue
        try:
            held = problem if keep is None else kept(problem, start_of(starts, row), keep)
        except ValueError as error:
            first = first or error
            held, refused[row] = None, str(error)
        problems.append(held)
    if first is not None and len(refused) == len(problems):
        raise first
    return tuple(problems), refused


class FixedSamplesBatch:
    """A batch in which the same learners' least and most samples are alike, row by row."""

    def __init__(self, batch: Batch, starts: Any, keep: Any) -> None:
        self.learners = batch.learners
        self._batch, self._starts = batch, starts
        self._keep = numbered(keep, batch.names, "keep")

    def __len__(self) -> int:
        return len(self._batch)

    def __iter__(self) -> Iterator[Problem]:
        return (self[row] for row in range(len(self)))

    @overload
    def __getitem__(self, row: int) -> Problem: ...
    @overload
    def __getitem__(self, row: slice) -> "FixedSamplesBatch": ...
    def __getitem__(self, row: int | slice) -> "Problem | FixedSamplesBatch":
        if isinstance(row, slice):
            starts = self._starts[row] if isinstance(self._starts, Plans) else self._starts
            return FixedSamplesBatch(self._batch[row], starts, self._keep)
        return kept(self._batch[row], start_of(self._starts, row), self._keep)

    def core_columns(self, scheme: str) -> dict[str, Any]:
        """Return the compiled core's arguments; rows in which nothing can be kept are no numbers.

        Raises
        ------
        ValueError, TypeError
            Where `keep` is wrong in itself, or for every row.
        """
        columns = self._batch.core_columns(scheme)
        chosen, samples, there = fixed_samples_of(self._keep, self._starts, self.learners)
        if not chosen.size:
            return columns
        shape = (len(self), self.learners)
        least, most = columns.get("min_samples"), columns.get("max_samples")
        wrong = np.broadcast_to(~there, shape[:1]).copy()
        if least is not None:
            wrong |= (samples < least[:, chosen]).any(axis=1)
        if most is not None:
            wrong |= (samples > most[:, chosen]).any(axis=1)
        if wrong.all():
            self._raise()
        low = np.zeros(shape) if least is None else least.copy()
        high = np.empty(shape)
        high[:] = columns["samples"][:, None] if most is None else most
        low[:, chosen] = high[:, chosen] = samples
        low[wrong] = np.nan
        return {**columns, "min_samples": low, "max_samples": high}

    def _raise(self) -> None:
        """Raise what `kept` says of the first row that is a problem."""
        for row in range(len(self)):
            try:
                problem = self._batch[row]
            except (ValueError, TypeError):
                continue
            kept(problem, start_of(self._starts, row), self._keep)
