"""Uniform levels: values to the numbers of levels, and the levels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Flat = NDArray[np.floating[Any]]
Numbers = NDArray[np.unsignedinteger[Any]]

_CALCULATED_IN_SINGLE = 8  # bits up to which the error of single precision is no part of a level
_CALCULATION = 2.0**-30  # of a place, whose error in double precision is less
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
    if rng is not None:
        _draw(values, peak, bits, rng, found)
        return found
    kind = np.float32 if _in_single(bits, values) else np.float64
    for start in range(0, len(values), _AT_ONCE):
        block = slice(start, start + _AT_ONCE)
        place = np.divide(values[block], kind(peak), dtype=kind)
        _scale(place, bits)
        found[block] = np.rint(place, out=place)
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


def _draw(values: Flat, peak: Any, bits: int, rng: np.random.Generator, found: Numbers) -> None:
    """Fill `found` with numbers of levels, by draws. Its arrays are kept: fresh ones cost more."""
    levels = uniform_levels(peak, bits, values.dtype)
    finest = float(peak) - float(np.nextafter(peak, values.dtype.type(0)))
    blurred = _steps(bits) * finest / float(peak) / 2 + _CALCULATION  # twice what is needed
    kept = np.empty((3, min(_AT_ONCE, len(values))))
    for start in range(0, len(values), _AT_ONCE):
        block = slice(start, start + _AT_ONCE)
        some = values[block]
        place, away, draws = kept[:, : len(some)]
        _scale(np.divide(some, np.float64(peak), out=place), bits)
        np.rint(place, out=away)
        np.abs(np.subtract(away, place, out=away), out=away)
        # what is a level stays one, though its place is a whole number only up to rounding
        close = np.flatnonzero(away <= blurred)
        near = np.rint(place.take(close))
        own = levels.take(near.astype(np.intp), mode="clip") == some.take(close)
        place += rng.random(out=draws)
        place[close[own]] = near[own]
        found[block] = np.minimum(place, _steps(bits), out=place)  # rounded down


def _scale(place: Flat, bits: int) -> None:
    """Turn parts of the largest magnitude into places among the levels, the lowest at 0."""
    half = place.dtype.type(_steps(bits) / 2)
    place *= half
    place += half


def _steps(bits: int) -> int:
    """Return how many steps lead from the lowest level to the highest."""
    return 1 if bits == 1 else 2 * top_level(bits)


def _in_single(bits: int, values: Flat) -> bool:
    return bits <= _CALCULATED_IN_SINGLE and values.dtype.itemsize <= 4


def _number_type(bits: int) -> type[np.unsignedinteger[Any]]:
    return np.uint8 if bits <= _CALCULATED_IN_SINGLE else np.uint16
