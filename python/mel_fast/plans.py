"""What `solve_many` returns: plans as columns."""

from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from mel_fast._certificate import certificate_of
from mel_fast._optional import require
from mel_fast._validation import FloatColumn, IntColumn, freeze
from mel_fast.batch_input import Batch, _row
from mel_fast.plan import Plan, Scheme
from mel_fast.problem import Problem
from mel_fast.reasons import reasons_of
from mel_fast.status import Interrupted

if TYPE_CHECKING:
    import pandas as pd

ROW_STATUSES = ("optimal", "feasible", "infeasible", "undecided", "invalid", "unsolved")
BLAMES = ("", "slow_return", "computing", "radio")
ALLOCATION = ("samples", "bandwidth_hz", "power_w")
_PER_ROW = ("tau", "bound", "lambda_per_hz", "mu_per_w", "nodes", "passes", "elapsed_s")

Allocation = NDArray[Any] | tuple[NDArray[Any], ...]


class Plans:
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
    lambda_per_hz, mu_per_w : ndarray of float64, shape (M,)
        The prices that prove ``bound + 1`` impossible; not a number where the proof is a tree of
        several boxes or, as in task_only, needs no prices. ``plans[i].certificate`` always has it.
    blame : ndarray of str, shape (M,)
        Why an infeasible row is infeasible: ``"slow_return"``, ``"computing"`` or ``"radio"``.
    cut_short : ndarray of bool, shape (M,)
        Whether a limit, the callback or Ctrl-C ended the row's own search.
    nodes, passes, elapsed_s : ndarray of shape (M,)
        Boxes of branch and bound, passes over the learners, seconds, row by row.
    errors : dict of int to str
        Invalid rows and what was refused in them.
    total_s : float
        Seconds for the whole batch.
    """

    scheme: Scheme
    status: NDArray[np.str_]
    blame: NDArray[np.str_]
    tau: IntColumn
    bound: IntColumn
    samples: Allocation
    bandwidth_hz: Allocation
    power_w: Allocation
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
        source: Batch | tuple[Problem, ...],
        counts: int | list[int],
        scheme: Scheme,
        found: dict[str, Any],
    ) -> "Plans":
        plans = object.__new__(cls)
        cells = {name: freeze(found[name]) for name in ALLOCATION}
        if isinstance(counts, int):
            shaped: dict[str, Allocation] = {
                name: cells[name].reshape(len(source), counts) for name in ALLOCATION
            }
        else:
            ends = np.cumsum(counts)[:-1]
            shaped = {name: tuple(np.split(cells[name], ends)) for name in ALLOCATION}
        plans.__dict__.update(
            scheme=scheme,
            status=freeze(np.array(ROW_STATUSES)[found["status"]]),
            blame=freeze(np.array(BLAMES)[found["blame"]]),
            **{name: freeze(found[name]) for name in _PER_ROW},
            **shaped,
            errors=found["errors"],
            total_s=found["total_s"],
            _source=source,
            cut_short=freeze(found["stopped"].astype(np.bool_)),
            _trees=found["trees"],
        )
        return plans

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"Plans is immutable: cannot set {name!r}")

    def __len__(self) -> int:
        return int(self.tau.size)

    def __getitem__(self, row: int) -> Plan:
        """Return a row as a Plan, certificate and reasons included.

        Raises
        ------
        IndexError
            For a row that is not there.
        ValueError
            For a row that is invalid or unsolved.
        """
        row = _row(row, len(self))
        if row in self.errors:
            raise ValueError(f"row {row} is invalid: {self.errors[row]}")
        if self.status[row] == "unsolved":
            raise ValueError(f"row {row} is unsolved: the batch was stopped before it")
        source: Sequence[Problem] | Batch = self.__dict__["_source"]
        problem = source[row]
        has_plan = bool(self.tau[row] > 0)
        words: dict[str, Any] = {
            "status": str(self.status[row]),
            "scheme": self.scheme,
            **{name: getattr(self, name)[row] if has_plan else None for name in ALLOCATION},
            **{name: int(getattr(self, name)[row]) for name in ("tau", "bound", "nodes", "passes")},
            "elapsed_s": float(self.elapsed_s[row]),
            "certificate": self._certificate(row),
        }
        width = problem.radio.block_hz
        if has_plan and width is not None:
            words["blocks"] = np.rint(words["bandwidth_hz"] / width)
        plan = Plan(problem, **words)
        stopped: Any = SimpleNamespace(stopped=bool(self.cut_short[row]))
        return Plan(problem, **words, reasons=reasons_of(plan, stopped))

    def __iter__(self) -> Iterator[Plan]:
        return (self[row] for row in range(len(self)))

    def _certificate(self, row: int) -> dict[str, Any] | None:
        leaf = (-1, 0, self.lambda_per_hz[row], self.mu_per_w[row])
        tree = [leaf] if not np.isnan(self.lambda_per_hz[row]) else []
        nodes = self.__dict__["_trees"].get(row, tree)
        names = ("tree_learner", "tree_at", "tree_lambda_per_hz", "tree_mu_per_w")
        kinds = (np.int64, np.int64, np.float64, np.float64)
        columns = zip(*nodes, strict=True) if nodes else ((), (), (), ())
        result: Any = SimpleNamespace(
            **{
                name: np.array(column, dtype=kind)
                for name, kind, column in zip(names, kinds, columns, strict=True)
            }
        )
        return certificate_of(self.scheme, int(self.bound[row]), result)

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
        pandas = require("pandas", extra="pandas")
        if not allocation:
            return pandas.DataFrame(self.columns(), index=pandas.RangeIndex(len(self), name="row"))
        counts = [len(row) for row in self.samples]
        rows = np.repeat(np.arange(len(self)), counts)
        learners = np.concatenate([np.arange(count) for count in counts] or [np.arange(0)])
        index = pandas.MultiIndex.from_arrays([rows, learners], names=["row", "learner"])
        return pandas.DataFrame({name: self._flat(name) for name in ALLOCATION}, index=index)

    def _flat(self, name: str) -> NDArray[Any]:
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
        from mel_fast._plans_file import write_csv, write_parquet

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

    def __repr__(self) -> str:
        return f"Plans({len(self)}, scheme={self.scheme!r})"


class InterruptedMany(Interrupted):
    """Ctrl-C during :func:`mel_fast.solve_many`; ``plans`` has every row solved before it."""

    def __init__(self, plans: Plans) -> None:
        KeyboardInterrupt.__init__(self, "interrupted; the rows solved so far are in .plans")
        self.plans = plans
