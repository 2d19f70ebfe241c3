"""Uniform levels: values to the numbers of levels, and the levels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Flat = NDArray[np.floating[Any]]
Numbers = NDArray[np.unsignedinteger[Any]]

_CALCULATED_IN_SINGLE = 8  # bits up to which the error of single precision is no part of a level


def top_level(bits: int) -> int:
    """Return L: levels are m k / L for k = -L, ..., L, or -1 and 1 only where `bits` is 1."""
    return max(1, (1 << (bits - 1)) - 1)


def uniform_levels(peak: Any, bits: int, dtype: np.dtype[Any]) -> Flat:
    """Return the levels over [-peak, peak], each rounded once to `dtype`."""
    top = top_level(bits)
    part = np.arange(-top, top + 1) / top if bits > 1 else np.array([-1.0, 1.0])
    return (float(peak) * part).astype(dtype)


def uniform(values: Flat, peak: Any, bits: int, rng: np.random.Generator | None) -> Numbers:
    """Return each value's number of a level, counted from the lowest.

    The nearest one, or with `rng` one of the two neighbours, at random and right in the mean.
    """
    if not peak:
        return np.full(len(values), top_level(bits) if bits > 1 else 0, _number_type(bits))
    single = rng is None and bits <= _CALCULATED_IN_SINGLE and values.dtype.itemsize <= 4
    kind = np.float32 if single else np.float64
    steps = 1 if bits == 1 else 2 * top_level(bits)  # from the lowest level to the highest
    place = np.divide(values, kind(peak), dtype=kind)
    place *= kind(steps / 2)
    place += kind(steps / 2)
    if rng is None:
        np.rint(place, out=place)
    else:
        place += rng.random(len(values))
        np.clip(np.floor(place, out=place), 0, steps, out=place)
    return place.astype(_number_type(bits))


def _number_type(bits: int) -> type[np.unsignedinteger[Any]]:
    return np.uint8 if bits <= _CALCULATED_IN_SINGLE else np.uint16
