"""Which entries are kept: those of largest magnitude."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Flat = NDArray[np.floating[Any]]
Positions = NDArray[np.int64]


def kept_by_share(size: int, pruned: float) -> int:
    """Entries left of `size` when the share `pruned` is taken away, to the nearest."""
    return size - round(pruned * size)


def kept_by_top(size: int, top_k: float | int) -> int:
    """Entries left of `size` by a share in (0, 1), at least one, or by a number."""
    if isinstance(top_k, float):
        return min(size, max(1, round(top_k * size)))
    return min(size, top_k)


def largest(values: Flat, count: int) -> Positions:
    """Return the sorted positions of `count` entries of largest magnitude, zeros left out.

    Of equal ones those that come first are taken.
    """
    size = np.abs(values)
    if count < len(values):
        if not count:
            return np.zeros(0, np.int64)
        least = np.partition(size, len(size) - count)[len(size) - count]
        taken = size > least
        equal = np.flatnonzero(size == least)
        taken[equal[: count - int(taken.sum())]] = True
        taken &= size > 0
        return np.flatnonzero(taken)
    return np.flatnonzero(size)


def at_least(values: Flat, threshold: float) -> Positions:
    """Return the positions of entries whose magnitude is at least `threshold`."""
    kind = values.dtype.type
    with np.errstate(over="ignore"):  # above all numbers of this kind nothing is kept
        least = kind(threshold)
        if float(least) < threshold:
            least = np.nextafter(least, kind(np.inf))
    return np.flatnonzero(np.abs(values) >= least)


def gaps(positions: Positions) -> Positions:
    """Return how many entries lie between each position and the one before."""
    return np.diff(positions, prepend=-1) - 1


def positions(skipped: NDArray[np.integer[Any]], size: int) -> Positions:
    """Return the positions that have these gaps, all below `size`.

    Raises
    ------
    ValueError
        If they lead beyond the end.
    """
    # Each gap is checked before they are added up, so that no sum can overflow.
    if len(skipped) and int(skipped.max()) >= size:
        raise ValueError("payload is damaged: a gap leads beyond its array")
    found = np.cumsum(skipped, dtype=np.int64)
    found += np.arange(len(found))
    if len(found) and int(found[-1]) >= size:
        raise ValueError("payload is damaged: gaps lead beyond their array")
    return found
