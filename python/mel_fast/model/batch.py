"""Many problems of the same number of learners as arrays: the fast input of `solve_many`."""

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn, Protocol, overload

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.arithmetic import guard
from mel_fast._base.frozen import alike
from mel_fast._base.validation import FloatColumn, choice, did_you_mean
from mel_fast.model.batch_columns import (
    agreed_shape,
    as_array,
    as_float64,
    row_number,
    spread,
    without_repeats,
)
from mel_fast.model.columns import (
    ALWAYS,
    CHOICES,
    COLUMNS,
    LIMITS,
    NUMBERS,
    check_pairs,
)
from mel_fast.model.core.rows import core_rows
from mel_fast.model.learners import Learners
from mel_fast.model.links import (
    all_power,
    check_columns,
    check_energy,
)
from mel_fast.model.payload import Payload
from mel_fast.model.problem import IDLES, Idle, Problem
from mel_fast.model.radio import SHARED, Law, Radio, Shared
from mel_fast.model.task import LearningTask

TASK_COUNTS = ("samples", "feature_bits", "fixed_parameters", "parameter_bits")
_NOISES = ("noise_density_w_per_hz", "noise_power_w")
_COUNTS = (*TASK_COUNTS, *(name for name in LIMITS if COLUMNS[name].dtype is np.int64))


class Draws(Protocol):
    """Draws of one scenario that differ in their gains, as `scenarios.table1_draws` has them."""

    @property
    def gain(self) -> FloatColumn:
        """Gains of all draws, shape (M, K)."""

    @property
    def cycle_s(self) -> float:
        """The cycle of all draws."""

    def __len__(self) -> int:
        """Return the number of draws."""

    def problem(self, row: int) -> Problem:
        """Return one draw."""


class Batch:
    """M problems of K learners each, given as arrays that broadcast.

    Parameters
    ----------
    task
        What is learnt; `samples`, `feature_bits`, `fixed_parameters`, `parameter_bits` and
        `flops_per_sample` replace its numbers row by row where they are given.
    flops_per_s, gain, return_bandwidth_hz, return_power_w, send_bandwidth_hz, send_power_w
        As in :class:`mel_fast.Learners`; each a scalar, (K,) for the same learners in every row,
        (M, 1) for one number a row, or (M, K).
    bandwidth_hz, power_w, noise_density_w_per_hz, noise_power_w, block_hz, cycle_s
        As in :class:`mel_fast.Radio` and :class:`mel_fast.Problem`; each a scalar or (M,). Exactly
        one of the two noises is given; without `block_hz` bandwidth can be divided at will.
        `power_w` may be None with ``shared="return"``.
    shared
        ``"send"`` or ``"return"`` as in :class:`mel_fast.Radio`, for all rows.
    idle
        ``"served"`` or ``"excused"``, for all rows.
    min_samples, max_samples, max_bandwidth_hz, max_power_w, energy_j, energy_per_flop_j, \
energy_coefficient, min_flops_per_s
        The limits of :class:`mel_fast.Learners`, shaped as its other columns; None for none.
    samples, feature_bits, fixed_parameters, parameter_bits, flops_per_sample
        Scalars or (M,), in place of the task's.
    names, optional, weight, payload
        As in :class:`mel_fast.Learners` and :class:`mel_fast.Problem`, the same in every row.
    rows, learners
        M and K, needed only where no array tells them.

    Raises
    ------
    ValueError, TypeError
        For shapes that do not fit together, for things that are no numbers, and for words. The
        numbers themselves are looked at when a row is solved, so that a bad row (a gain that is
        not a number, a max_samples below its min_samples) is reported in its row, in the words of
        :class:`mel_fast.Problem`, and loses nothing else.

    Notes
    -----
    Arrays of float64 are not copied: leave them as they are while the batch, or plans made from
    it, are in use.

    Examples
    --------
    >>> import mel_fast as mel
    >>> base = mel.scenarios.table1(learners=5)
    >>> batch = mel.Batch.vary(base, cycle_s=[20.0, 30.0, 40.0])
    >>> mel.solve_many(batch).tau.tolist()
    [0, 1, 2]
    """

    task: LearningTask
    law: Law
    idle: Idle
    rows: int
    learners: int
    names: NDArray[np.str_] | None
    choices: Mapping[str, Any]
    """`optional` and `weight`, where they are given: the same in every row."""
    payload: Payload | None
    shared: Shared

    def __init__(
        self,
        task: LearningTask,
        *,
        bandwidth_hz: Any,
        power_w: Any = None,
        cycle_s: Any,
        noise_density_w_per_hz: Any = None,
        noise_power_w: Any = None,
        block_hz: Any = None,
        shared: Shared = "send",
        idle: Idle = "served",
        samples: Any = None,
        feature_bits: Any = None,
        fixed_parameters: Any = None,
        parameter_bits: Any = None,
        flops_per_sample: Any = None,
        payload: Payload | None = None,
        rows: int | None = None,
        learners: int | None = None,
        **columns: Any,
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
        choice("shared", shared, SHARED)
        check_energy(
            shared, columns.get("energy_j"), power_w, block_hz, columns.get("energy_coefficient")
        )
        of_learners = _given_columns(columns, shared, power_w)
        names = of_learners.pop("names", None)
        choices = {
            name: COLUMNS[name].check(name, of_learners.pop(name))
            for name in CHOICES
            if name in of_learners
        }
        of_task = {
            "samples": samples,
            "feature_bits": feature_bits,
            "fixed_parameters": fixed_parameters,
            "parameter_bits": parameter_bits,
            "flops_per_sample": flops_per_sample,
        }
        of_rows = {
            "bandwidth_hz": bandwidth_hz,
            **({} if power_w is None else {"power_w": power_w}),
            "noise": noises[given[0]],
            **({} if block_hz is None else {"block_hz": block_hz}),
            "cycle_s": cycle_s,
            **{n: getattr(task, n) if value is None else value for n, value in of_task.items()},
        }
        per_learner = {name: as_array(name, value, 2) for name, value in of_learners.items()}
        words = {"noise": given[0]}
        per_row = {n: as_array(words.get(n, n), value, 1) for n, value in of_rows.items()}
        if names is not None:
            names = COLUMNS["names"].check("names", names)
        shape = agreed_shape(per_learner, per_row, rows, learners if names is None else names.size)
        for name, column in choices.items():
            if np.ndim(column) and len(column) != shape[1]:
                raise ValueError(
                    f"{name} has length {len(column)}: must be a number or of length {shape[1]}"
                )
        if payload is not None:
            if not isinstance(payload, Payload):
                raise TypeError(f"payload is a {type(payload).__name__}: must be a Payload or None")
            payload.check_length(shape[1])
        if names is not None and learners not in (None, names.size):
            raise ValueError(f"names has length {names.size}: must be learners = {learners}")
        whole = {name: spread(column, shape) for name, column in per_learner.items()}
        whole.update({name: spread(column, shape[:1]) for name, column in per_row.items()})
        self.__dict__.update(
            task=task,
            law="fixed" if given[0] == "noise_power_w" else "density",
            idle=choice("idle", idle, IDLES),
            shared=shared,
            rows=shape[0],
            learners=shape[1],
            names=names,
            choices=choices,
            payload=payload,
            _given={name: whole[name] for name in _COUNTS if name in whole},
            _columns={
                name: spread(as_float64(column, count=name in _COUNTS), whole[name].shape)
                for name, column in {**per_learner, **per_row}.items()
            },
        )

    @classmethod
    def vary(cls, problem: Problem, *, rows: int | None = None, **changes: Any) -> "Batch":
        """Return rows that are `problem` but for the columns that are named.

        >>> batch = mel.Batch.vary(problem, cycle_s=np.linspace(10.0, 60.0, 51))

        Raises
        ------
        ValueError, TypeError
            As for `Batch`.
        """
        if not isinstance(problem, Problem):
            raise TypeError(f"problem is a {type(problem).__name__}: must be a Problem")
        radio = problem.radio._arguments()
        words: dict[str, Any] = {
            **problem.learners.columns(),
            **{name: radio[name] for name in Radio._fields},
            "cycle_s": problem.cycle_s,
            "idle": problem.idle,
            "payload": problem._given,
        }
        if any(changes.get(name) is not None for name in _NOISES):
            words.update(dict.fromkeys(_NOISES))
        return cls(problem.task, rows=rows, **{**words, **changes})

    @classmethod
    def from_draws(cls, draws: Draws) -> "Batch":
        """Return the draws of :func:`mel_fast.scenarios.table1_draws` as a batch."""
        first = draws.problem(0)
        return cls.vary(first, gain=draws.gain, cycle_s=draws.cycle_s, rows=len(draws))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"Batch is immutable: cannot set {name!r}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Batch):
            return NotImplemented
        return alike(self.__dict__, other.__dict__)

    def __hash__(self) -> int:
        return hash((self.task, self.law, self.idle, self.shared, self.rows, self.learners))

    def column(self, name: str) -> FloatColumn:
        """Return a column at its full shape, (M, K) or (M,): a read-only view, repeats included."""
        return self._all[name]

    @property
    def _all(self) -> Mapping[str, FloatColumn]:
        columns: Mapping[str, FloatColumn] = self.__dict__["_columns"]
        return columns

    @property
    def has_blocks(self) -> bool:
        """Whether bandwidth comes in resource blocks."""
        return "block_hz" in self._all

    def __len__(self) -> int:
        return self.rows

    def __iter__(self) -> Iterator[Problem]:
        return (self.problem(row) for row in range(self.rows))

    @overload
    def __getitem__(self, row: int) -> Problem: ...
    @overload
    def __getitem__(self, row: slice) -> "Batch": ...
    def __getitem__(self, row: int | slice) -> "Problem | Batch":
        """Return a row as a problem, or some rows as a batch that shares their numbers."""
        if not isinstance(row, slice):
            return self.problem(row)
        some: Batch = object.__new__(Batch)
        some.__dict__.update(self.__dict__, rows=len(range(*row.indices(self.rows))))
        for kind in ("_given", "_columns"):
            columns: Mapping[str, NDArray[Any]] = self.__dict__[kind]
            some.__dict__[kind] = {name: column[row] for name, column in columns.items()}
        return some

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle holds: of a column that repeats, what it repeats."""
        kinds = {
            kind: {name: without_repeats(column) for name, column in self.__dict__[kind].items()}
            for kind in ("_given", "_columns")
        }
        return {**self.__dict__, **kinds}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the columns at their full shape."""
        shape = state["rows"], state["learners"]
        for kind in ("_given", "_columns"):
            columns: Mapping[str, NDArray[Any]] = state[kind]
            state[kind] = {name: spread(col, shape[: col.ndim]) for name, col in columns.items()}
        self.__dict__.update(state)

    def problem(self, row: int) -> Problem:
        """Return one row as a problem.

        Raises
        ------
        IndexError
            For a row that is not there.
        ValueError, TypeError
            For a row whose numbers a :class:`mel_fast.Problem` refuses.
        """
        row = row_number(row, self.rows)
        given: Mapping[str, NDArray[Any]] = self.__dict__["_given"]  # as they were: no float64 yet

        def at(name: str) -> Any:
            return given.get(name, self._all[name])[row]

        task = self.task.replace(**{name: at(name) for name in (*TASK_COUNTS, "flops_per_sample")})
        columns = {name: at(name) for name in NUMBERS if name in self._all}
        noise = {_NOISES[self.law == "fixed"]: at("noise")}
        radio = {name: at(name) for name in ("power_w", "block_hz") if name in self._all}
        return Problem(
            task,
            Learners(**columns, **self.choices, names=self.names),
            Radio(at("bandwidth_hz"), **noise, **radio, shared=self.shared),
            at("cycle_s"),
            self.idle,
            self.payload,
        )

    def core_columns(self, scheme: str) -> dict[str, Any]:
        """Return the compiled core's arguments, which is told of sending over the planned link."""
        return {
            **core_rows(
                self._all, self.task, self.payload, self.shared, (self.rows, self.learners), scheme
            ),
            "fixed_law": self.law == "fixed",
            "excused": self.idle == "excused",
        }

    def __repr__(self) -> str:
        return (
            f"Batch(rows={self.rows}, learners={self.learners}, law={self.law!r}, "
            f"idle={self.idle!r})"
        )


def _given_columns(given: dict[str, Any], shared: Shared, power_w: Any) -> dict[str, Any]:
    """Return the learners' columns that are not None, by name."""
    unknown = [name for name in given if name not in COLUMNS]
    if unknown:
        raise TypeError(
            f"Batch takes no argument {unknown[0]!r}{did_you_mean(unknown[0], COLUMNS)}"
        )
    missing = [name for name in ALWAYS if given.get(name) is None]
    if missing:
        raise TypeError(f"missing {', '.join(missing)}: every learner has them")
    check_pairs(given)
    check_columns(shared, given)
    if power_w is None:
        if shared == "send":
            raise TypeError("power_w is None: must be a number or an array of shape (M,)")
        if given.get("max_power_w") is None:
            all_power(None)
    return {name: given[name] for name in COLUMNS if given.get(name) is not None}


guard(__name__)
