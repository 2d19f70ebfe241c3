"""Uniform levels: values to the numbers of levels, and the levels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Flat = NDArray[np.floating[Any]]
Numbers = NDArray[np.unsignedinteger[Any]]

_CALCULATED_IN_SINGLE = 8  # bits up to which the error of single precision is no part of a level
_AT_ONCE = 1 << 14  # values in the cache


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

    The nearest one, or with `rng` one of the two neighbours, at random and right in the mean; a
    level is always its own.
    """
    if not peak:
        return np.full(len(values), top_level(bits) if bits > 1 else 0, _number_type(bits))
    found = np.empty(len(values), _number_type(bits))
    levels = uniform_levels(peak, bits, values.dtype)
    for start in range(0, len(values), _AT_ONCE):
        block = slice(start, start + _AT_ONCE)
        found[block] = _placed(values[block], peak, bits, rng, levels)
    return found


def folded(numbers: Numbers, bits: int) -> Numbers:
    """Return 2k for each level k of at least 0, -2k - 1 for each below; bits from 9 to 16."""
    level = (numbers - np.uint16(top_level(bits))).view(np.int16)
    sign = level >> 15
    level <<= 1
    level ^= sign
    return level.view(np.uint16)


def unfolding(bits: int) -> NDArray[np.int64]:
    """Return the number of a level for each of the whole numbers that `folded` makes."""
    number = np.arange(2 * top_level(bits) + 1)
    return top_level(bits) + np.where(number % 2, -(number + 1) // 2, number // 2)


def _placed(
    values: Flat, peak: Any, bits: int, rng: np.random.Generator | None, levels: Flat
) -> Flat:
    single = rng is None and bits <= _CALCULATED_IN_SINGLE and values.dtype.itemsize <= 4
    kind = np.float32 if single else np.float64
    steps = 1 if bits == 1 else 2 * top_level(bits)  # from the lowest level to the highest
    place = np.divide(values, kind(peak), dtype=kind)
    place *= kind(steps / 2)
    place += kind(steps / 2)
    if rng is None:
        return np.rint(place, out=place)
    near = np.rint(place)
    place += rng.random(len(values))
    np.clip(np.floor(place, out=place), 0, steps, out=place)
    # what is a level stays one, though its place is a whole number only up to rounding
    np.copyto(place, near, where=levels.take(near.astype(np.intp), mode="clip") == values)
    return place


def _number_type(bits: int) -> type[np.unsignedinteger[Any]]:
    return np.uint8 if bits <= _CALCULATED_IN_SINGLE else np.uint16
