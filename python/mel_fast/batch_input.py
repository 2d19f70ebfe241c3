"""Many problems of the same number of learners as arrays: the fast input of `solve_many`."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from mel_fast._validation import MAX_INTEGER, FloatColumn, choice, freeze, integer
from mel_fast.learners import LIMITS, REQUIRED, Learners
from mel_fast.problem import IDLES, Idle, Problem
from mel_fast.radio import Law, Radio
from mel_fast.task import LearningTask

if TYPE_CHECKING:
    from mel_fast.scenarios import Table1Draws

TASK_COUNTS = ("samples", "feature_bits", "fixed_parameters", "parameter_bits")
_NOISES = ("noise_density_w_per_hz", "noise_power_w")
_PER_ROW = ("bandwidth_hz", "power_w", "noise", "cycle_s", "flops_per_sample", *TASK_COUNTS)


class Batch:
    """M problems of K learners each, given as arrays that broadcast.

    Parameters
    ----------
    task
        What is learnt; `samples`, `feature_bits`, `fixed_parameters`, `parameter_bits` and
        `flops_per_sample` replace its numbers row by row where they are given.
    flops_per_s, gain, return_bandwidth_hz, return_power_w
        As in :class:`mel_fast.Learners`; each a scalar, (K,) for the same learners in every row,
        (M, 1) for one number a row, or (M, K).
    bandwidth_hz, power_w, noise_density_w_per_hz, noise_power_w, cycle_s
        As in :class:`mel_fast.Radio` and :class:`mel_fast.Problem`; each a scalar or (M,). Exactly
        one of the two noises is given.
    idle
        ``"served"`` or ``"excused"``, for all rows.
    samples, feature_bits, fixed_parameters, parameter_bits, flops_per_sample
        Scalars or (M,), in place of the task's.
    rows, learners
        M and K, needed only where no array tells them.

    Raises
    ------
    ValueError, TypeError
        For shapes that do not fit together, for things that are no numbers, and for words. The
        numbers themselves are looked at when a row is solved, so that a bad row (a gain that is
        not a number, say) is reported in its row and loses nothing else.

    Notes
    -----
    Limits of learners and resource blocks are not among the columns: `solve_many` takes problems
    that have them as a sequence. Arrays of float64 are not copied: leave them as they are while
    the batch, or plans made from it, are in use.
    """

    task: LearningTask
    law: Law
    idle: Idle
    rows: int
    learners: int

    def __init__(
        self,
        task: LearningTask,
        *,
        flops_per_s: Any,
        gain: Any,
        return_bandwidth_hz: Any,
        return_power_w: Any,
        bandwidth_hz: Any,
        power_w: Any,
        cycle_s: Any,
        noise_density_w_per_hz: Any = None,
        noise_power_w: Any = None,
        idle: Idle = "served",
        samples: Any = None,
        feature_bits: Any = None,
        fixed_parameters: Any = None,
        parameter_bits: Any = None,
        flops_per_sample: Any = None,
        rows: int | None = None,
        learners: int | None = None,
    ) -> None:
        if not isinstance(task, LearningTask):
            raise TypeError(f"task is a {type(task).__name__}: must be a LearningTask")
        noises = dict(zip(_NOISES, (noise_density_w_per_hz, noise_power_w), strict=True))
        given = [name for name, value in noises.items() if value is not None]
        if len(given) != 1:
            raise ValueError(
                f"{' and '.join(_NOISES)}: exactly one of the two must be given, "
                f"got {'both' if given else 'none'}"
            )
        per_learner = {
            "flops_per_s": _numbers("flops_per_s", flops_per_s, 2),
            "gain": _numbers("gain", gain, 2),
            "return_bandwidth_hz": _numbers("return_bandwidth_hz", return_bandwidth_hz, 2),
            "return_power_w": _numbers("return_power_w", return_power_w, 2),
        }
        replaced = {
            "samples": samples,
            "feature_bits": feature_bits,
            "fixed_parameters": fixed_parameters,
            "parameter_bits": parameter_bits,
            "flops_per_sample": flops_per_sample,
        }
        per_row = {
            "bandwidth_hz": _numbers("bandwidth_hz", bandwidth_hz, 1),
            "power_w": _numbers("power_w", power_w, 1),
            "noise": _numbers(given[0], noises[given[0]], 1),
            "cycle_s": _numbers("cycle_s", cycle_s, 1),
            **{
                name: _numbers(name, getattr(task, name) if value is None else value, 1)
                for name, value in replaced.items()
            },
        }
        shape = _shape(per_learner, per_row, rows, learners)
        columns = {name: _spread(column, shape) for name, column in per_learner.items()}
        columns.update({name: _spread(column, shape[:1]) for name, column in per_row.items()})
        self.__dict__.update(
            task=task,
            law="fixed" if given[0] == "noise_power_w" else "density",
            idle=choice("idle", idle, IDLES),
            rows=shape[0],
            learners=shape[1],
            _columns=columns,
        )

    @classmethod
    def vary(cls, problem: Problem, *, rows: int | None = None, **changes: Any) -> "Batch":
        """Return rows that are `problem` but for the columns that are named.

        >>> batch = mel.Batch.vary(problem, cycle_s=np.linspace(10.0, 60.0, 51))

        Raises
        ------
        ValueError, TypeError
            As for `Batch`; also where the problem has limits of learners or resource blocks.
        """
        _refuse_limits([*problem.learners.limits(), *_block(problem.radio), *changes])
        radio = problem.radio._arguments()
        words: dict[str, Any] = {
            **problem.learners.columns(),
            **{name: radio[name] for name in ("bandwidth_hz", "power_w", *_NOISES)},
            "cycle_s": problem.cycle_s,
            "idle": problem.idle,
        }
        if any(changes.get(name) is not None for name in _NOISES):
            words.update(dict.fromkeys(_NOISES))
        return cls(problem.task, rows=rows, **{**words, **changes})

    @classmethod
    def from_draws(cls, draws: "Table1Draws") -> "Batch":
        """Return the draws of :func:`mel_fast.scenarios.table1_draws` as a batch."""
        first = draws.problem(0)
        return cls.vary(first, gain=draws.gain, cycle_s=draws.cycle_s, rows=len(draws))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"Batch is immutable: cannot set {name!r}")

    def column(self, name: str) -> FloatColumn:
        """Return a column at its full shape, (M, K) or (M,): a read-only view, repeats included."""
        return self._all[name]

    @property
    def _all(self) -> Mapping[str, FloatColumn]:
        columns: Mapping[str, FloatColumn] = self.__dict__["_columns"]
        return columns

    def __len__(self) -> int:
        return self.rows

    def __iter__(self) -> Iterator[Problem]:
        return (self.problem(row) for row in range(self.rows))

    def __getitem__(self, row: int) -> Problem:
        return self.problem(row)

    def problem(self, row: int) -> Problem:
        """Return one row as a problem.

        Raises
        ------
        IndexError
            For a row that is not there.
        ValueError, TypeError
            For a row whose numbers a :class:`mel_fast.Problem` refuses.
        """
        row = _row(row, self.rows)
        at = {name: float(self._all[name][row]) for name in _PER_ROW}
        changes = {name: at[name] for name in (*TASK_COUNTS, "flops_per_sample")}
        task = self.task.replace(**changes)
        noise = {_NOISES[self.law == "fixed"]: at["noise"]}
        return Problem(
            task,
            Learners(**{name: self._all[name][row] for name in REQUIRED}),
            Radio(at["bandwidth_hz"], at["power_w"], **noise),
            at["cycle_s"],
            self.idle,
        )

    def core_columns(self) -> dict[str, Any]:
        """Return the compiled core's arguments."""
        columns = self._all
        for_core = {name: columns[name] for name in (*REQUIRED, *_PER_ROW[:5], "samples")}
        sent = self.task.setting == "parallelized"
        feature_bits, parameter_bits = columns["feature_bits"], columns["parameter_bits"]
        with np.errstate(invalid="ignore", over="ignore"):
            bits = {
                "sample_bits": _counts(feature_bits, 1) * (self.task.features if sent else 0),
                "model_bits": _counts(parameter_bits, 1) * _counts(columns["fixed_parameters"], 0),
                "model_bits_per_sample": (
                    _counts(parameter_bits, 1) * self.task.parameters_per_sample
                ),
            }
        return {
            "rows": self.rows,
            "learners": self.learners,
            **for_core,
            **bits,
            "fixed_law": self.law == "fixed",
            "excused": self.idle == "excused",
        }

    def __repr__(self) -> str:
        return (
            f"Batch(rows={self.rows}, learners={self.learners}, law={self.law!r}, "
            f"idle={self.idle!r})"
        )


def _refuse_limits(names: list[str]) -> None:
    limits = [name for name in names if name in (*LIMITS, "block_hz")]
    if limits:
        raise ValueError(
            f"{', '.join(dict.fromkeys(limits))}: a Batch has no such columns; "
            "give solve_many a sequence of Problems"
        )


def _block(radio: Radio) -> list[str]:
    return [] if radio.block_hz is None else ["block_hz"]


def _row(row: int, rows: int) -> int:
    """Return a row's number counted from the front."""
    index = range(rows)
    try:
        return index[row]
    except IndexError:
        raise IndexError(f"row {row}: there are {rows} rows") from None


def _counts(column: FloatColumn, low: int) -> FloatColumn:
    """Not a number, which the core refuses, where an entry is no count."""
    counts = (column >= low) & (column <= MAX_INTEGER) & (column == np.floor(column))
    return np.where(counts, column, np.nan)


def _numbers(field: str, value: Any, most: int) -> FloatColumn:
    """Return `value` as float64 of at most `most` dimensions, without looking at the numbers."""
    shapes = "a number or an array of shape (M,)"
    if most == 2:
        shapes = "a number or an array of shape (K,), (M, 1) or (M, K)"
    if isinstance(value, bool | str | bytes | complex) or value is None:
        raise TypeError(f"{field} = {value!r}: must be {shapes}")
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{field} is ragged: must be {shapes}") from None
    if array.dtype.kind == "O":
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError, OverflowError):
            raise TypeError(f"{field} holds things that are no numbers: must be {shapes}") from None
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{field} has dtype {array.dtype}: must be {shapes}")
    if array.ndim > most:
        raise ValueError(f"{field} has shape {array.shape}: must be {shapes}")
    if array.dtype.kind in "iu" and array.size and int(array.max()) > MAX_INTEGER:
        array = np.where(array > MAX_INTEGER, np.inf, array)  # no count is that large
    if np.any(getattr(value, "_mask", False)):
        array = np.where(np.ma.getmaskarray(value), np.nan, array)
    with np.errstate(over="ignore"):
        return np.asarray(array, dtype=np.float64)


def _shape(
    per_learner: Mapping[str, FloatColumn],
    per_row: Mapping[str, FloatColumn],
    rows: int | None,
    learners: int | None,
) -> tuple[int, int]:
    told_rows = {} if rows is None else {"rows": integer("rows", rows, low=0)}
    told_learners = {} if learners is None else {"learners": integer("learners", learners, low=1)}
    for name, column in per_learner.items():
        if column.ndim == 2:
            told_rows[name] = column.shape[0]
        if column.ndim >= 1 and not (column.ndim == 2 and column.shape[1] == 1):
            told_learners[name] = column.shape[-1]
    told_rows.update({name: col.size for name, col in per_row.items() if col.ndim == 1})
    if not told_learners and any(column.ndim == 2 for column in per_learner.values()):
        told_learners["columns of one"] = 1  # (M, 1) everywhere: one learner a row
    return (
        _agreed("rows", told_rows, "give rows="),
        _agreed("learners", told_learners, "give learners="),
    )


def _agreed(what: str, told: Mapping[str, int], remedy: str) -> int:
    if not told:
        raise ValueError(f"no array tells the number of {what}: {remedy}")
    if len(set(told.values())) > 1:
        listed = ", ".join(f"{name} {number}" for name, number in told.items())
        raise ValueError(f"the number of {what} differs ({listed}): all must agree")
    number = next(iter(told.values()))
    if what == "learners" and number < 1:
        raise ValueError("learners = 0: must be at least 1")
    return number


def _spread(column: FloatColumn, shape: tuple[int, ...]) -> FloatColumn:
    return freeze(np.broadcast_to(column, shape))
