"""The learners: K devices as columns."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.arithmetic import guard
from mel_fast._base.frozen import Frozen
from mel_fast._base.validation import (
    MAX_INTEGER,
    FloatColumn,
    IntColumn,
    count_or_column,
    freeze,
    integer,
    limit_column,
    most_or_column,
    scalar_or_column,
)

Column = float | Sequence[float] | NDArray[Any]
Limit = Column | None

REQUIRED = ("flops_per_s", "gain", "return_bandwidth_hz", "return_power_w")
SAMPLE_LIMITS = ("min_samples", "max_samples")
_CAP = partial(limit_column, also=(0.0, np.inf))
_OR_ZERO = partial(limit_column, also=(0.0,))
# What may be left out, with the check of its numbers.
LIMITS: Mapping[str, Callable[[str, Any], Any]] = MappingProxyType(
    {
        "min_samples": count_or_column,
        "max_samples": most_or_column,
        "max_bandwidth_hz": _CAP,
        "max_power_w": _CAP,
        "energy_j": _CAP,
        "energy_per_flop_j": _OR_ZERO,
    }
)
CHECKS: Mapping[str, Callable[[str, Any], Any]] = MappingProxyType(
    {**dict.fromkeys(REQUIRED, scalar_or_column), "gain": _OR_ZERO, **LIMITS}
)


class Learners(Frozen):
    """K learners as columns; a scalar stands for the same value at every learner.

    Parameters
    ----------
    flops_per_s
        f_k, computing speed in floating point operations a second.
    gain
        h_k, channel power gain (a ratio, not dB), the same in both directions; 0 in outage.
    return_bandwidth_hz, return_power_w
        The bandwidth and transmit power with which the learner returns its model.
    min_samples, max_samples
        Least and most samples d_k, integers in [0, 2**53]. They hold always: an excused learner
        with ``min_samples > 0`` takes part. In federated learning `max_samples` is the size of the
        learner's own data. None, or an infinite `max_samples`: from 0 to all of the task's samples.
    max_bandwidth_hz, max_power_w
        Most of the orchestrator's bandwidth B_k and power P_k towards the learner; infinite, or
        None, for no limit; 0 where nothing can be sent to it.
    energy_j
        E_k, energy in joules that the learner has for one global cycle; infinite for no limit, 0
        for a spent battery. A learner that takes part spends ``tau d_k C_m energy_per_flop_j`` on
        computing and ``return_power_w`` times the time of its return on sending. None: not looked
        at.
    energy_per_flop_j
        Joules of one floating point operation, 0 or in [1e-60, 1e60]; given if and only if
        `energy_j` is.
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
    """

    __slots__ = (*REQUIRED, *LIMITS)
    _fields: ClassVar[tuple[str, ...]] = (*REQUIRED, *LIMITS)

    flops_per_s: FloatColumn
    gain: FloatColumn
    return_bandwidth_hz: FloatColumn
    return_power_w: FloatColumn
    min_samples: IntColumn | None
    max_samples: IntColumn | None
    max_bandwidth_hz: FloatColumn | None
    max_power_w: FloatColumn | None
    energy_j: FloatColumn | None
    energy_per_flop_j: FloatColumn | None

    def __init__(
        self,
        flops_per_s: Column,
        gain: Column,
        return_bandwidth_hz: Column,
        return_power_w: Column,
        *,
        min_samples: Limit = None,
        max_samples: Limit = None,
        max_bandwidth_hz: Limit = None,
        max_power_w: Limit = None,
        energy_j: Limit = None,
        energy_per_flop_j: Limit = None,
        count: int | None = None,
    ) -> None:
        given = (flops_per_s, gain, return_bandwidth_hz, return_power_w)
        columns: dict[str, Any] = {
            name: CHECKS[name](name, value) for name, value in zip(REQUIRED, given, strict=True)
        }
        limits = (
            min_samples,
            max_samples,
            max_bandwidth_hz,
            max_power_w,
            energy_j,
            energy_per_flop_j,
        )
        for (name, check), value in zip(LIMITS.items(), limits, strict=True):
            columns[name] = None if value is None else check(name, value)
        size = self._size(columns, count)
        for name, column in columns.items():
            if column is None or isinstance(column, np.ndarray):
                self._set(name, column if column is None else freeze(column))
            else:
                kind = np.int64 if isinstance(column, int) else np.float64
                self._set(name, freeze(np.full(size, column, dtype=kind)))
        if any(limit is not None for limit in limits):
            self._check_limits()

    def _check_limits(self) -> None:
        low, high = self.min_samples, self.max_samples
        if low is not None and high is not None and (low > high).any():
            k = int(np.flatnonzero(low > high)[0])
            raise ValueError(
                f"max_samples[{k}] = {high[k]}: must be at least min_samples[{k}] = {low[k]}"
            )
        if (self.energy_j is None) != (self.energy_per_flop_j is None):
            one, other = "energy_j", "energy_per_flop_j"
            if self.energy_j is None:
                one, other = other, one
            raise ValueError(f"{one} is given without {other}: both must be given or neither")

    @staticmethod
    def _size(columns: dict[str, Any], count: int | None) -> int:
        lengths = {name: col.size for name, col in columns.items() if isinstance(col, np.ndarray)}
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

    def __len__(self) -> int:
        return int(self.gain.size)

    @property
    def limited(self) -> bool:
        """Whether any limit was given, however loose."""
        return bool(self.limits())

    def limits(self) -> dict[str, Any]:
        """Return the columns of the limits that were given, by name."""
        found = {name: getattr(self, name) for name in LIMITS}
        return {name: column for name, column in found.items() if column is not None}

    def columns(self) -> dict[str, Any]:
        """Return all columns that are there, by name."""
        return {**{name: getattr(self, name) for name in REQUIRED}, **self.limits()}

    def take(self, learners: Any) -> Self:
        """Return some of the learners: those at indices, or where a mask of shape (K,) is true.

        Raises
        ------
        IndexError
            For learners that are not there.
        """
        chosen = np.asarray(learners)
        return type(self)(**{name: column[chosen] for name, column in self.columns().items()})

    def __repr__(self) -> str:
        spans = ", ".join(f"{name}={_span(column)}" for name, column in self.columns().items())
        return f"Learners(count={len(self)}, {spans})"

    def to_dict(self) -> dict[str, list[Any]]:
        """Return the columns: integers as they are, real numbers as hexadecimal strings."""
        return {
            name: [x if isinstance(x, int) else x.hex() for x in column.tolist()]
            for name, column in self.columns().items()
        }


def _span(column: NDArray[Any]) -> str:
    least, most = column.min(), column.max()
    if column.dtype.kind == "i":
        return f"{least}" if least == most else f"{least}..{most}"
    return f"{least:.6g}" if least == most else f"{least:.6g}..{most:.6g}"


guard(__name__)
