"""What `solve_many` returns: plans as columns."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, overload

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.arithmetic import guard
from mel_fast._base.arrow import ShownTable
from mel_fast._base.frozen import alike, hashable
from mel_fast._base.optional import require
from mel_fast._base.validation import FloatColumn, IntColumn, freeze
from mel_fast.model.batch_columns import row_number
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import Scheme
from mel_fast.solve.plans_file import write_csv, write_parquet
from mel_fast.solve.row_plan import row_result, some_rows

if TYPE_CHECKING:
    import pandas as pd

ROW_STATUSES = ("optimal", "feasible", "infeasible", "undecided", "invalid", "unsolved")
BLAMES = ("", "slow_return", "computing", "radio", "choice")
ALLOCATION = ("samples", "bandwidth_hz", "power_w")
_PER_ROW = ("tau", "bound", "lambda_per_hz", "mu_per_w", "nodes", "passes", "elapsed_s")
_VALUE = ("scheme", "status", "blame", *_PER_ROW[:-1], *ALLOCATION, "blocks", "cut_short")

Allocation = NDArray[Any] | tuple[NDArray[Any], ...]


class Plans(ShownTable):
    """M plans as columns, immutable; arrays are read-only. ``plans[i]`` is row i as a Plan.

    Attributes
    ----------
    scheme : str
        The scheme of all rows.
    status : ndarray of str, shape (M,)
        The words of :class:`mel_fast.Status`, and two more: ``"invalid"`` for a row that was
        refused (see `errors`) and ``"unsolved"`` for one that a limit, the callback or Ctrl-C
        kept from being begun.
    tau, bound : ndarray of int64, shape (M,)
        ``tau <= true optimum <= bound`` in every row that was solved; tau is 0 where there is no
        plan, and both are 0 in invalid and unsolved rows.
    samples, bandwidth_hz, power_w : ndarray of shape (M, K), or tuple of arrays of shape (K_i,)
        The allocations (int64, float64, float64), a tuple where rows differ in K; zeros in rows
        without a plan.
    blocks : ndarray of int64, of the same shape, or tuple, or None
        n_k, the resource blocks; None where no row has any.
    lambda_per_hz, mu_per_w : ndarray of float64, shape (M,)
        The prices that prove ``bound + 1`` impossible; not a number where the proof is a tree of
        several boxes or, as in task_only, needs no prices. ``plans[i].certificate`` always has it.
    blame : ndarray of str, shape (M,)
        Why an infeasible row is infeasible: ``"slow_return"``, ``"computing"`` or ``"radio"``;
        where learners may sit out and none of these is enough, ``"choice"``: whoever takes part,
        not just D samples are held in time.
    cut_short : ndarray of bool, shape (M,)
        Whether a limit, the callback or Ctrl-C ended the row's own search.
    nodes, passes, elapsed_s : ndarray of shape (M,)
        Boxes of branch and bound, passes over the learners, seconds, row by row.
    errors : Mapping of int to str
        Invalid rows and what was refused in them; rows that an executor lost with its workers.
    total_s : float
        Seconds for the whole batch.

    Examples
    --------
    >>> import mel_fast as mel
    >>> plans = mel.solve_many([mel.scenarios.table1(4, cycle_s=t) for t in (20.0, 30.0)])
    >>> len(plans), plans[1].status
    (2, <Status.OPTIMAL: 'optimal'>)
    """

    _row = "row"

    scheme: Scheme
    tau: IntColumn
    bound: IntColumn
    samples: Allocation
    bandwidth_hz: Allocation
    power_w: Allocation
    blocks: Allocation | None
    lambda_per_hz: FloatColumn
    mu_per_w: FloatColumn
    cut_short: NDArray[np.bool_]
    nodes: IntColumn
    passes: IntColumn
    elapsed_s: FloatColumn
    errors: Mapping[int, str]
    total_s: float

    @classmethod
    def _from_core(
        cls,
        source: Any,
        counts: int | list[int],
        scheme: Scheme,
        found: dict[str, Any],
        errors: "RowErrors",
    ) -> "Plans":
        plans = object.__new__(cls)
        names = [name for name in (*ALLOCATION, "blocks") if name in found]
        cells = {name: freeze(found[name]) for name in names}
        if isinstance(counts, int):
            shaped: dict[str, Allocation] = {
                name: cells[name].reshape(len(source), counts) for name in names
            }
            ends = None
        else:
            ends = np.cumsum(counts)
            shaped = {name: tuple(np.split(cells[name], ends[:-1])) for name in names}
        plans.__dict__.update(
            scheme=scheme,
            **{name: freeze(found[name]) for name in _PER_ROW},
            blocks=None,
            errors=errors,
            total_s=found["total_s"],
            cut_short=freeze(found["stopped"].astype(np.bool_)),
            _source=source,
            _found=found,
            _ends=ends,
        )
        plans.__dict__.update(shaped)
        return plans

    # Words for every row take longer than all else that is done here: made when asked for.
    @cached_property
    def status(self) -> NDArray[np.str_]:
        """What became of each row."""
        return freeze(np.array(ROW_STATUSES)[self.codes()])

    @cached_property
    def blame(self) -> NDArray[np.str_]:
        """Why an infeasible row is infeasible."""
        return freeze(np.array(BLAMES)[self.__dict__["_found"]["blame"]])

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"Plans is immutable: cannot set {name!r}")

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what a copy is made of; its arrays are read-only, too."""
        for column in state.values():
            for array in column if isinstance(column, tuple) else (column,):
                if isinstance(array, np.ndarray):
                    freeze(array)
        self.__dict__.update(state)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Plans):
            return NotImplemented
        mine, theirs = (
            (plans.__dict__["_source"], dict(plans.errors), *(getattr(plans, n) for n in _VALUE))
            for plans in (self, other)
        )
        return alike(mine, theirs)  # how long it took is no part of what was found

    def __hash__(self) -> int:
        return hash((self.scheme, hashable(self.tau), hashable(self.bound)))

    def __len__(self) -> int:
        return int(self.tau.size)

    @overload
    def __getitem__(self, row: int) -> Plan: ...
    @overload
    def __getitem__(self, row: slice) -> "Plans": ...
    def __getitem__(self, row: int | slice) -> "Plan | Plans":
        """Return a row as a Plan, certificate and reasons included; some rows as Plans.

        Raises
        ------
        IndexError
            For a row that is not there.
        ValueError
            For a row that is invalid or unsolved.
        """
        if isinstance(row, slice):
            return self._some(row)
        row = row_number(row, len(self))
        if not self.has(row):
            why = self.errors.get(row, "the batch was stopped before it")
            raise ValueError(f"row {row} is {self.status[row]}: {why}")
        own: dict[int, Plan] = self.__dict__["_found"].get("own", {})
        if row in own:
            return own[row]
        ends = self.__dict__["_ends"]
        size = len(self.samples[row])
        first = row * size if ends is None else int(ends[row]) - size
        result = row_result(self.__dict__["_found"], row, slice(first, first + size))
        return Plan._from_core(self.__dict__["_source"][row], self.scheme, result)

    def __iter__(self) -> Iterator[Plan]:
        return (self[row] for row in range(len(self)))

    def _some(self, rows: slice) -> "Plans":
        chosen = np.arange(len(self))[rows]
        sizes = np.array([len(row) for row in self.samples], dtype=np.int64)
        source, uniform = self.__dict__["_source"][rows], self.__dict__["_ends"] is None
        counts = self.samples.shape[1] if uniform else sizes[chosen].tolist()  # type: ignore[union-attr]
        found = some_rows(self.__dict__["_found"], chosen, sizes)
        errors = self.__dict__["errors"].some(chosen, source)
        return Plans._from_core(source, counts, self.scheme, found, errors)

    def has(self, row: int) -> bool:
        """Whether a row was solved: neither invalid nor unsolved."""
        return ROW_STATUSES[self.codes()[row]] not in ("invalid", "unsolved")

    def codes(self) -> NDArray[np.int8]:
        """Return each row's status as its place in ROW_STATUSES, shape (M,)."""
        codes: NDArray[np.int8] = self.__dict__["_found"]["status"]
        return codes

    def ends(self) -> FloatColumn:
        """Return tau and the two prices where each row's search ended, shape (M, 3)."""
        ends: FloatColumn = self.__dict__["_found"]["end"].reshape(-1, 3)
        return ends

    def columns(self) -> dict[str, Any]:
        """Return what has one entry a row: status, tau, bound, prices, effort, blame, error."""
        return {
            "status": self.status,
            **{name: getattr(self, name) for name in _PER_ROW},
            "blame": self.blame,
            "error": [self.errors.get(row, "") for row in range(len(self))],
        }

    def to_dataframe(self, *, allocation: bool = False) -> "pd.DataFrame":
        """Return one row a problem, or with `allocation` one row a learner of each problem.

        Raises
        ------
        ImportError
            When pandas is missing; the message names the extra.
        """
        if not allocation:
            return super().to_dataframe()
        pandas = require("pandas", extra="pandas")
        counts = [len(row) for row in self.samples]
        rows = np.repeat(np.arange(len(self)), counts)
        learners = np.concatenate([np.arange(count) for count in counts] or [np.arange(0)])
        index = pandas.MultiIndex.from_arrays([rows, learners], names=["row", "learner"])
        return pandas.DataFrame({name: self.flat(name) for name in self.allocated()}, index=index)

    def allocated(self) -> tuple[str, ...]:
        """Return the names of the allocation's columns, with ``"blocks"`` where there are any."""
        return ALLOCATION if self.blocks is None else (*ALLOCATION, "blocks")

    def flat(self, name: str) -> NDArray[Any]:
        """Return a column of the allocation, the learners of all rows one after the other."""
        column = getattr(self, name)
        return np.concatenate(column) if isinstance(column, tuple) else column.ravel()

    def save(self, path: str | PathLike[str]) -> None:
        """Write one row a problem to a .parquet or .csv file, whole or not at all.

        The allocations are lists: Parquet's own, and JSON arrays in CSV.

        Raises
        ------
        ValueError
            For another ending.
        ImportError
            When pyarrow is missing (Parquet only); the message names the extra.
        OSError
            When the file cannot be written.
        """
        writers = {".parquet": write_parquet, ".csv": write_csv}
        suffix = Path(path).suffix
        if suffix not in writers:
            raise ValueError(f"{path}: must end in .parquet or .csv")
        writers[suffix](self, path)

    def summary(self) -> str:
        """Return a few lines of text: how many rows of each status, the spread of tau, the time."""
        words, numbers = np.unique(self.status, return_counts=True)
        found = ", ".join(f"{n:,} {word}" for word, n in zip(words, numbers, strict=True))
        lines = [f"{len(self):,} problems, scheme {self.scheme}: {found or 'none'}"]
        taus = self.tau[self.tau > 0]
        if taus.size:
            least, low, middle, high, most = np.quantile(taus, (0, 0.1, 0.5, 0.9, 1))
            lines.append(
                f"tau: median {middle:g}, 10 % to 90 % {low:g} to {high:g}, "
                f"all {least:g} to {most:g}"
            )
        rate = f" ({len(self) / self.total_s:,.0f} a second)" if self.total_s > 0 else ""
        lines.append(f"{self.total_s:.3g} s{rate}")
        return "\n".join(lines)

    def _words(self) -> str:
        return f"{len(self)}, scheme={self.scheme!r}"


class RowErrors(Mapping[int, str]):
    """Why rows are invalid, in a Problem's words, which are looked for when they are asked."""

    def __init__(self, found: dict[int, str], refused: dict[int, str], source: Any) -> None:
        self._found, self._refused, self._source = {**found, **refused}, refused, source

    def __getitem__(self, row: int) -> str:
        core = self._found[row]
        if row in self._refused:
            return core
        try:
            self._source[row]
        except (ValueError, TypeError) as error:
            return str(error)
        return core

    def some(self, chosen: IntColumn, source: Any) -> "RowErrors":
        """Return those of some rows, which are the rows of `source`."""
        rows = list(enumerate(chosen.tolist()))
        found, refused = (
            {i: words[row] for i, row in rows if row in words}
            for words in (self._found, self._refused)
        )
        return RowErrors(found, refused, source)

    def __iter__(self) -> Iterator[int]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return repr(dict(self))


guard(__name__)
