"""The learners: K devices as four columns."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mel_fast._frozen import Frozen
from mel_fast._validation import MAX_INTEGER, FloatColumn, freeze, integer, scalar_or_column

Column = float | Sequence[float] | NDArray[Any]


class Learners(Frozen):
    """K learners as columns; a scalar stands for the same value at every learner.

    Parameters
    ----------
    flops_per_s
        f_k, computing speed in floating point operations a second.
    gain
        h_k, channel power gain (a ratio, not dB), the same in both directions.
    return_bandwidth_hz, return_power_w
        The bandwidth and transmit power with which the learner returns its model.
    count
        K; needed only when all four are scalars.

    Raises
    ------
    ValueError, TypeError
        Naming the field, index, value and allowed range: every number is in [1e-60, 1e60], all
        arrays are one-dimensional and of one length, and there is at least one learner.

    Notes
    -----
    The attributes are read-only contiguous float64 arrays of shape (K,), copies of what was given.
    Immutable; equal by value; ``len(learners)`` is K.
    """

    __slots__ = ("flops_per_s", "gain", "return_bandwidth_hz", "return_power_w")
    _fields: ClassVar[tuple[str, ...]] = (
        "flops_per_s",
        "gain",
        "return_bandwidth_hz",
        "return_power_w",
    )

    flops_per_s: FloatColumn
    gain: FloatColumn
    return_bandwidth_hz: FloatColumn
    return_power_w: FloatColumn

    def __init__(
        self,
        flops_per_s: Column,
        gain: Column,
        return_bandwidth_hz: Column,
        return_power_w: Column,
        *,
        count: int | None = None,
    ) -> None:
        given = (flops_per_s, gain, return_bandwidth_hz, return_power_w)
        columns = {
            name: scalar_or_column(name, value)
            for name, value in zip(self._fields, given, strict=True)
        }
        size = self._size(columns, count)
        for name, column in columns.items():
            full = column if isinstance(column, np.ndarray) else np.full(size, column)
            self._set(name, freeze(full))

    @staticmethod
    def _size(columns: dict[str, FloatColumn | float], count: int | None) -> int:
        lengths = {name: col.size for name, col in columns.items() if isinstance(col, np.ndarray)}
        if count is not None:
            lengths = {"count": integer("count", count, low=1, high=MAX_INTEGER), **lengths}
        if not lengths:
            raise ValueError(
                "learners: all four columns are scalars; give an array or count= (at least 1)"
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

    def __repr__(self) -> str:
        spans = ", ".join(f"{name}={_span(getattr(self, name))}" for name in self._fields)
        return f"Learners(count={len(self)}, {spans})"

    def to_dict(self) -> dict[str, list[str]]:
        """Return the four columns as lists of hexadecimal strings."""
        return {name: [x.hex() for x in getattr(self, name).tolist()] for name in self._fields}


def _span(column: FloatColumn) -> str:
    least, most = float(column.min()), float(column.max())
    return f"{least:.6g}" if least == most else f"{least:.6g}..{most:.6g}"
