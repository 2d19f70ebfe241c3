"""Weights that share values by a hash of their index: nothing but the values is sent."""

from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Flat = NDArray[np.floating[Any]]

_LARGE, _SMALLER = 1e280, 2.0**-64
_AT_ONCE = 1 << 14  # indices in the cache


def buckets_of(name: str, size: int, buckets: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the bucket of each entry of the array `name`, and whether its sign is turned.

    The hash is MurmurHash3's last step on the index, begun with the CRC-32 of the name: its lowest
    bit turns the sign, the others, divided as a fraction of 2^31, choose the bucket.
    """
    begin = np.uint32(crc32(name.encode("utf-8", "surrogatepass")))
    bucket, turned = np.empty(size, np.int64), np.empty(size, np.bool_)
    for start in range(0, size, _AT_ONCE):
        h = np.arange(start, min(start + _AT_ONCE, size), dtype=np.uint32)
        h *= np.uint32(0x9E3779B1)  # neighbouring indices apart
        h ^= begin
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
            h ^= h >> np.uint32(shift)
            h *= np.uint32(factor)
        h ^= h >> np.uint32(16)
        piece = slice(start, start + len(h))
        wide = (h >> np.uint32(1)).astype(np.uint64) * np.uint64(buckets)
        bucket[piece] = wide >> np.uint64(31)
        turned[piece] = h & np.uint32(1)
    return bucket, turned


def shared(values: Flat, name: str, buckets: int) -> Flat:
    """Return the bucket values nearest to `values` in the sum of squares: signed means.

    Where all of a bucket are equal the value comes back as it was. Sums in float64 of shorter
    numbers see to it; of float64 a mean is the value of one entry and the mean distance from it.
    """
    bucket, turned = buckets_of(name, len(values), buckets)
    signed = values.astype(np.float64)
    _turn(signed, turned)
    counts = np.maximum(np.bincount(bucket, minlength=buckets), 1)
    if values.dtype.itemsize < signed.itemsize:
        sums = np.bincount(bucket, weights=signed, minlength=buckets)
        return np.asarray(sums / counts, dtype=values.dtype)
    peak = float(np.abs(values).max(initial=0.0))
    scale = _SMALLER if peak > _LARGE else 1.0  # sums of it cannot overflow
    one = np.zeros(buckets)
    one[bucket] = signed
    signed *= scale
    signed -= (one * scale)[bucket]
    away = np.bincount(bucket, weights=signed, minlength=buckets) / counts
    with np.errstate(over="ignore"):
        means = np.where(away, (one * scale + away) / scale, one)
    return np.asarray(np.clip(means, -peak, peak))


def spread(values: Flat, name: str, size: int) -> Flat:
    """Return all entries from the values of the buckets."""
    bucket, turned = buckets_of(name, size, len(values))
    found = values.take(bucket)
    _turn(found, turned)
    return found


def _turn(values: Flat, turned: NDArray[np.bool_]) -> None:
    """Turn the signs of some values, by their bits: NumPy's `where` takes ten times as long."""
    size = values.dtype.itemsize
    words, sign = values.view(f"u{size}"), np.dtype(f"u{size}").type(1 << (8 * size - 1))
    for start in range(0, len(values), _AT_ONCE):
        block = slice(start, start + _AT_ONCE)
        words[block] ^= turned[block] * sign
