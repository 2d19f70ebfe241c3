"""Weight sharing: levels that are the means of one-dimensional clusters, and who takes which."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Flat = NDArray[np.floating[Any]]

_PASSES = 30
_SORTED = 1 << 17  # values that are sorted; more are counted in fine bins, which is faster
_FINE = 32767  # bins on each side of zero
_FULL = 64  # bins for each level that must hold values, or they are no measure of the clusters
_AT_ONCE = 1 << 15
_LARGE = 1e300


def kmeans_levels(values: Flat, bits: int, *, hull: bool = False) -> Flat:
    """Return at most 2^bits levels, sorted: Lloyd's means of the values, begun at equal distances.

    With few different values these are the levels. With `hull` the least and the largest value are
    levels, so that no value lies outside. Of many values the means are those of fine bins: a level
    is off by 1.6e-5 of the largest magnitude at most.
    """
    if not len(values):
        return values
    least, most = values.min(), values.max()
    peak = max(abs(float(least)), abs(float(most)))
    found = _binned(values, peak, bits) if len(values) > _SORTED and peak else None
    if found is None:
        ordered = np.sort(values)
        new = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
        if len(new) < 1 << bits:
            return np.asarray(ordered[np.concatenate([[0], new])])
        kind = np.float32 if values.dtype.itemsize <= 4 else np.float64
        scaled = np.divide(ordered, kind(peak), dtype=kind)  # sums of it cannot overflow
        found = _lloyd(scaled, np.ones(len(scaled)), bits)
    levels = (found * peak).astype(values.dtype)
    if hull:
        levels[0], levels[-1] = least, most
    return np.unique(np.clip(levels, least, most))


def nearest(values: Flat, levels: Flat, rng: np.random.Generator | None) -> NDArray[np.uint8]:
    """Return each value's number of a sorted level: the nearest, or with `rng` a neighbour's."""
    if len(levels) < 2:
        return np.zeros(len(values), np.uint8)
    exact = levels.astype(np.float64)
    if rng is None:
        middles = (exact[:-1] / 2 + exact[1:] / 2).astype(values.dtype)
        # between neighbouring numbers there is none: rounded up it would take the upper one's place
        middles = np.where(middles < levels[1:], middles, levels[:-1])
        if len(values) <= _SORTED:
            return np.searchsorted(middles, values).astype(np.uint8)
        return _looked_up(values, middles)
    half = 0.5 if max(-exact[0], exact[-1]) > _LARGE else 1.0  # differences could overflow
    exact *= half
    wide = np.append(np.diff(exact), np.inf)  # the last level has none above
    upper = levels[1:]
    if len(values) <= _SORTED:
        lower = np.searchsorted(upper, values, side="right").astype(np.uint8)
    else:
        lower = _looked_up(values, upper, side="right")
    kept = np.empty((2, min(_AT_ONCE, len(values))))  # fresh ones cost more
    for start in range(0, len(values), _AT_ONCE):
        number = lower[start : start + _AT_ONCE]
        above, other = kept[:, : len(number)]
        at = number.astype(np.intp)
        np.multiply(values[start : start + _AT_ONCE], np.float64(half), out=above)
        above -= exact.take(at, out=other, mode="clip")
        above /= wide.take(at, out=other, mode="clip")
        number += rng.random(out=other) < above
    return lower


def _lloyd(places: Flat, weights: NDArray[Any], bits: int) -> NDArray[np.float64]:
    """Return the means of 2^bits clusters of sorted places in [-1, 1]."""
    total = np.concatenate([[0.0], np.cumsum(places * weights, dtype=np.float64)])
    counted = np.concatenate([[0.0], np.cumsum(weights, dtype=np.float64)])
    held = np.flatnonzero(weights)
    means = np.linspace(float(places[held[0]]), float(places[held[-1]]), 1 << bits)
    before = np.zeros(0, np.int64)
    for _ in range(_PASSES):
        cuts = np.searchsorted(places, (means[1:] + means[:-1]) / 2)
        bounds = np.concatenate([[0], cuts, [len(places)]])
        if np.array_equal(bounds, before):
            break
        before, counts = bounds, np.diff(counted[bounds])
        some = counts > 0
        means[some] = np.diff(total[bounds])[some] / counts[some]
        means.sort()
    return means


def _bins(values: Flat, peak: float) -> NDArray[np.uint16]:
    kind = np.float32 if values.dtype.itemsize <= 4 else np.float64
    place = np.divide(values, kind(peak), dtype=kind)
    return (place * np.float32(_FINE) + np.float32(_FINE + 0.5)).astype(np.uint16)


def _binned(values: Flat, peak: float, bits: int) -> NDArray[np.float64] | None:
    """Return the means found from counts in fine bins; None where too few of these hold any."""
    counts = np.zeros(2 * _FINE + 1, np.int64)
    for start in range(0, len(values), 1 << 20):
        counts += np.bincount(_bins(values[start : start + (1 << 20)], peak), minlength=len(counts))
    if np.count_nonzero(counts) < _FULL << bits:
        return None
    return _lloyd(np.arange(-_FINE, _FINE + 1) / _FINE, counts, bits)


def _looked_up(
    values: Flat, middles: Flat, side: Literal["left", "right"] = "left"
) -> NDArray[np.uint8]:
    """Return what a search among `middles` does, looked up by fine bins where these decide it."""
    peak = float(max(values.max(), -values.min())) or 1.0
    edges = np.arange(-_FINE, _FINE + 1) / _FINE
    numbers = np.searchsorted(middles.astype(np.float64) / peak, edges).astype(np.uint8)
    padded = np.pad(numbers, 1, mode="edge")
    unsure = padded[2:] != padded[:-2]  # a middle lies in the bin or close by
    found = np.empty(len(values), np.uint8)
    for start in range(0, len(values), _AT_ONCE):
        part = values[start : start + _AT_ONCE]
        bins = _bins(part, peak).astype(np.intp)
        number = numbers.take(bins)
        some = np.flatnonzero(unsure.take(bins))
        number[some] = np.searchsorted(middles, part[some], side)
        found[start : start + _AT_ONCE] = number
    return found
