"""The learners: K devices as columns."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypedDict, Unpack

import numpy as np

from mel_fast._base.arithmetic import guard
from mel_fast._base.arrow import Table
from mel_fast._base.frozen import Frozen
from mel_fast._base.optional import above
from mel_fast._base.progress import between_columns
from mel_fast._base.units import span
from mel_fast._base.validation import (
    MAX_INTEGER,
    AnyColumn,
    BoolColumn,
    FloatColumn,
    IntColumn,
    TextColumn,
    freeze,
    integer,
)
from mel_fast.model import grammar
from mel_fast.model.columns import (
    ALWAYS,
    CHOICES,
    COLUMNS,
    LABELS,
    LIMITS,
    LINKS,
    check_pairs,
    numbered,
)

Column = float | Sequence[float] | AnyColumn
Limit = Column | None


class LearnersChanges(TypedDict, total=False):
    """What `Learners.replace` takes: the arguments of the constructor."""

    flops_per_s: Column
    gain: Column
    return_bandwidth_hz: Limit
    return_power_w: Limit
    send_bandwidth_hz: Limit
    send_power_w: Limit
    min_samples: Limit
    max_samples: Limit
    max_bandwidth_hz: Limit
    max_power_w: Limit
    energy_j: Limit
    energy_per_flop_j: Limit
    energy_coefficient: Limit
    min_flops_per_s: Limit
    optional: bool | Sequence[bool] | AnyColumn | None
    weight: Limit
    names: Sequence[str] | TextColumn | None


class Learners(Frozen, Table):
    """K learners as columns; a scalar stands for the same value at every learner.

    Parameters
    ----------
    flops_per_s
        f_k, computing speed in floating point operations a second; with `energy_coefficient` the
        highest, and ``plan.flops_per_s`` says which was chosen.
    gain
        h_k, channel power gain (a ratio, not dB), the same in both directions; 0 in outage.
    return_bandwidth_hz, return_power_w
        The bandwidth and transmit power with which the learner returns its model; needed where the
        orchestrator's way to the learners is the shared link (``Radio(shared="send")``).
    send_bandwidth_hz, send_power_w
        The bandwidth and transmit power with which the learner is sent the model, and its samples;
        needed where the learners' way back is the shared link (``Radio(shared="return")``).
    min_samples, max_samples
        Least and most samples d_k, integers in [0, 2**53]. They hold always: an excused learner
        with ``min_samples > 0`` takes part. In federated learning `max_samples` is the size of the
        learner's own data. None, or an infinite `max_samples`: from 0 to all of the task's samples.
    max_bandwidth_hz, max_power_w
        Most of the shared link's bandwidth B_k and power P_k for the learner: of the
        orchestrator's towards it, or with ``Radio(shared="return")`` its own transmit power;
        infinite, or None, for no limit; 0 where nothing can be sent.
    energy_j
        E_k, energy in joules that the learner has for one global cycle; infinite for no limit, 0
        for a spent battery. A learner that takes part spends ``tau d_k C_m energy_per_flop_j`` on
        computing and ``return_power_w`` times the time of its return on sending. None: not looked
        at.
    energy_per_flop_j
        Joules of one floating point operation, 0 or in [1e-60, 1e60]; given only with `energy_j`.
    energy_coefficient
        kappa_k, in place of it where the speed is chosen: a flop at f flop/s takes ``kappa f**2``
        joules, and f is anything from `min_flops_per_s` to `flops_per_s`; 0 or in [1e-60, 1e60].
        ``energy_j`` then needs bandwidth that is divisible at will and, where the return is shared,
        no common power budget; without it nothing limits the energy (and everybody computes at
        full speed) but ``least(..., "energy_j")``.
    min_flops_per_s
        The lowest speed, 0 or in [1e-60, 1e60], at most `flops_per_s`; None: 0.
    optional
        Learners that may sit out although they have a minimum: no samples, and then no part in the
        cycle, whatever `idle` says; or what their limits say. Client selection: `min_samples` and
        `max_samples` both the learner's own data. None: nobody.
    weight
        What one of its samples is worth, for ``most(of="weight")``; it decides nothing else.
        None: 1 each.
    names
        What the learners are called, K different texts of 1 to 100 printable characters. Reasons,
        explanations, tables and figures then speak of them by name; they decide nothing.
    count
        K; needed only when all the others are scalars.

    Raises
    ------
    ValueError, TypeError
        Naming the field, index, value and allowed range: every number is in [1e-60, 1e60] unless
        said otherwise above, no `max_samples` is below its `min_samples`, all arrays are
        one-dimensional and of one length, and there is at least one learner.

    Notes
    -----
    The attributes are read-only contiguous arrays of shape (K,), copies of what was given: int64
    for samples, else float64; a limit that was not given is None. A learner in outage, with a cap
    of 0 or without energy cannot take part where anything must be sent: it is left out when idle
    learners are excused, and makes the problem infeasible when they are served. Limits that no plan
    can keep, such as a sum of `max_samples` below the task's samples, make a problem infeasible;
    they are no error. Immutable; equal by value, and hashable; ``len(learners)`` is K.

    Examples
    --------
    >>> import mel_fast as mel
    >>> learners = mel.Learners([2.4e9, 0.7e9], 1e-10, 5e6, 0.2, names=["roof", "van"])
    >>> learners.gain
    array([1.e-10, 1.e-10])
    >>> learners.take(["van"]).flops_per_s
    array([7.e+08])
    """

    __slots__ = tuple(COLUMNS)
    _fields: ClassVar[tuple[str, ...]] = tuple(COLUMNS)

    flops_per_s: FloatColumn
    gain: FloatColumn
    return_bandwidth_hz: FloatColumn | None
    return_power_w: FloatColumn | None
    send_bandwidth_hz: FloatColumn | None
    send_power_w: FloatColumn | None
    min_samples: IntColumn | None
    max_samples: IntColumn | None
    max_bandwidth_hz: FloatColumn | None
    max_power_w: FloatColumn | None
    energy_j: FloatColumn | None
    energy_per_flop_j: FloatColumn | None
    energy_coefficient: FloatColumn | None
    min_flops_per_s: FloatColumn | None
    optional: BoolColumn | None
    weight: FloatColumn | None
    names: TextColumn | None
    _row = "learner"

    if TYPE_CHECKING:  # the arguments by name and type, which `Frozen` cannot know

        def replace(self, **changes: Unpack[LearnersChanges]) -> Self:  # type: ignore[override]
            """Return a copy in which the named constructor arguments are changed and validated."""

    def __init__(
        self,
        flops_per_s: Column,
        gain: Column,
        return_bandwidth_hz: Limit = None,
        return_power_w: Limit = None,
        *,
        send_bandwidth_hz: Limit = None,
        send_power_w: Limit = None,
        min_samples: Limit = None,
        max_samples: Limit = None,
        max_bandwidth_hz: Limit = None,
        max_power_w: Limit = None,
        energy_j: Limit = None,
        energy_per_flop_j: Limit = None,
        energy_coefficient: Limit = None,
        min_flops_per_s: Limit = None,
        optional: bool | Sequence[bool] | AnyColumn | None = None,
        weight: Limit = None,
        names: Sequence[str] | TextColumn | None = None,
        count: int | None = None,
    ) -> None:
        given = locals()  # the arguments, by the names of the table
        columns: dict[str, Any] = {
            name: None
            if given[name] is None and column.role != "always"
            else column.check(name, given[name])
            for name, column in COLUMNS.items()
        }
        size = self._size(columns, count)
        for name, column in columns.items():
            if column is not None and not np.ndim(column):
                column = np.full(size, column, dtype=COLUMNS[name].dtype)
            self._set(name, column if column is None else freeze(column))
        check_pairs(columns)
        low, high = self.min_samples, self.max_samples
        if low is not None and high is not None and (low > high).any():
            k = int(np.flatnonzero(low > high)[0])
            raise ValueError(
                f"max_samples[{k}] = {high[k]}: must be at least min_samples[{k}] = {low[k]}"
            )
        slow, fast = self.min_flops_per_s, self.flops_per_s
        if slow is not None and (slow > fast).any():
            k = int(np.flatnonzero(slow > fast)[0])
            raise ValueError(
                f"min_flops_per_s[{k}] = {slow[k]:g}: must be at most flops_per_s[{k}] = "
                f"{fast[k]:g}"
            )

    @staticmethod
    def _size(columns: dict[str, Any], count: int | None) -> int:
        lengths = {name: len(col) for name, col in columns.items() if np.ndim(col)}
        if count is not None:
            lengths = {"count": integer("count", count, low=1, high=MAX_INTEGER), **lengths}
        if not lengths:
            raise ValueError(
                "learners: all columns are scalars; give an array or count= (at least 1)"
            )
        if len(set(lengths.values())) > 1:
            listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
            raise ValueError(f"learners: columns differ in length ({listed}); all must agree")
        size = next(iter(lengths.values()))
        if size < 1:
            raise ValueError(f"{next(iter(lengths))} has length 0: at least 1 learner is needed")
        return size

    @classmethod
    def from_table(cls, source: Any, **more: Unpack[LearnersChanges]) -> Self:
        """Return the learners of a table with one row each.

        Parameters
        ----------
        source
            A .csv or .parquet file; a mapping of columns; a data frame of pandas, polars or another
            library; any object with ``__arrow_c_stream__`` or ``__dataframe__`` (both with the
            extra ``[parquet]``). Its columns are called as the arguments of `Learners`, the names
            ``name``; other units than SI are told by the ending (``gain_db``, ``max_power_dbm``,
            ``return_bandwidth_mhz``: docs/units.md).
        **more
            Columns that the table does not have, each a number or one for each learner.

        Raises
        ------
        ValueError, TypeError
            Naming the table, the column and the entry; for a column that is unknown, missing, there
            twice, or without some of its entries; for a file of more than 10,000,000 learners.
        OSError
            When the file cannot be read.
        ImportError
            Where pyarrow is needed and missing; the message names the extra.

        Warns
        -----
        ImplausibleWarning
            For what is allowed and hardly ever meant, as a gain above 1.

        Examples
        --------
        >>> import mel_fast as mel
        >>> table = {"name": ["roof", "van"], "gflops_per_s": [2.4, 0.7], "gain_db": [-95, -101]}
        >>> mel.Learners.from_table(table, return_bandwidth_hz=5e6, return_power_w=0.2).gain
        array([3.16227766e-10, 7.94328235e-11])
        """
        found: Self = above("learners_from_table")(cls, source, more)
        return found

    def __len__(self) -> int:
        return int(self.gain.size)

    @property
    def limited(self) -> bool:
        """Whether any limit was given, however loose."""
        return bool(self.limits())

    @property
    def reached(self) -> bool:
        """Whether every learner has a channel, and bandwidth and power that it may use."""
        columns = self.gain, self.max_bandwidth_hz, self.max_power_w
        return all(column is None or bool(column.min() > 0.0) for column in columns)

    def limits(self) -> dict[str, Any]:
        """Return the columns of the limits that were given, by name."""
        found = {name: getattr(self, name) for name in LIMITS}
        return {name: column for name, column in found.items() if column is not None}

    def columns(self) -> dict[str, Any]:
        """Return all columns that are there, by name."""
        found = {name: getattr(self, name) for name in COLUMNS}
        return {name: column for name, column in found.items() if column is not None}

    def name(self, learner: int) -> str:
        """Return what texts call a learner: its number, or its name in quotes."""
        return str(learner) if self.names is None else repr(str(self.names[learner]))

    def numbers(self, learners: Any, field: str = "learners") -> Any:
        """Return learners that are called by name by their numbers, see `numbered`."""
        return numbered(learners, self.names, field)

    def take(self, learners: Any) -> Self:
        """Return some of the learners, by indices, names, or a mask of shape (K,).

        Raises
        ------
        IndexError, ValueError
            For learners that are not there.
        """
        chosen = np.asarray(self.numbers(learners))
        taken = {name: column[chosen] for name, column in self.columns().items()}
        if self.names is not None or not self.gain[chosen].size or not chosen.ndim:
            return type(self)(**taken)
        return self._with(**{name: freeze(column) for name, column in taken.items()})

    def _with(self, **columns: Any) -> Self:
        """Return these learners with columns that are right already: nothing is looked at."""
        other = object.__new__(type(self))
        for name in self._fields:
            other._set(name, columns[name] if name in columns else getattr(self, name))
        return other

    def __repr__(self) -> str:
        spans = ", ".join(f"{name}={span(column)}" for name, column in self.columns().items())
        return f"Learners(count={len(self)}, {spans})"

    def to_dict(self) -> dict[str, list[Any]]:
        """Return the columns: integers as they are, real numbers as hexadecimal strings."""
        written: dict[str, list[Any]] = {}
        for name, column in self.columns().items():
            between_columns()
            entries = column.tolist()
            written[name] = list(map(float.hex, entries)) if column.dtype.kind == "f" else entries
        return written

    @classmethod
    def _from_file(cls, stated: object) -> Self:
        """Read `to_dict`'s form by the grammar of plan files."""
        columns = grammar.members("learners", stated, ALWAYS, (*LINKS, *LIMITS, *CHOICES, *LABELS))
        return cls(**{name: COLUMNS[name].read(column) for name, column in columns.items()})


def listed(numbers: IntColumn, learners: Learners | None = None, most: int = 10) -> str:
    """Return the names of the first few of some learners, for texts; else their numbers."""
    few = numbers[:most].tolist()
    named = few if learners is None else [learners.name(number) for number in few]
    return ", ".join(map(str, named)) + (", ..." if numbers.size > most else "")


guard(__name__)
