"""Weights that share values by a hash of their index: nothing but the values is sent."""

from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Flat = NDArray[np.floating[Any]]

_LARGE, _SMALLER = 1e280, 2.0**-64


def buckets_of(name: str, size: int, buckets: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the bucket of each entry of the array `name`, and whether its sign is turned.

    The hash is MurmurHash3's last step on the index, begun with the CRC-32 of the name: its lowest
    bit turns the sign, the others, divided as a fraction of 2^31, choose the bucket.
    """
    h = np.arange(size, dtype=np.uint32)
    h *= np.uint32(0x9E3779B1)  # neighbouring indices apart
    h ^= np.uint32(crc32(name.encode("utf-8", "surrogatepass")))
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        h ^= h >> np.uint32(shift)
        h *= np.uint32(factor)
    h ^= h >> np.uint32(16)
    bucket = ((h >> np.uint32(1)).astype(np.uint64) * np.uint64(buckets)) >> np.uint64(31)
    return bucket.astype(np.int64), (h & np.uint32(1)).astype(np.bool_)


def shared(values: Flat, name: str, buckets: int) -> Flat:
    """Return the bucket values nearest to `values` in the sum of squares: signed means.

    Each is the value of one entry and the mean distance of all from it: where they are equal that
    is nothing, and the value comes back as it was.
    """
    bucket, turned = buckets_of(name, len(values), buckets)
    peak = float(np.abs(values).max(initial=0.0))
    scale = _SMALLER if peak > _LARGE else 1.0  # sums of it cannot overflow
    signed = np.where(turned, -values, values).astype(np.float64)
    one = np.zeros(buckets)
    one[bucket] = signed
    counts = np.bincount(bucket, minlength=buckets)
    signed *= scale
    signed -= (one * scale)[bucket]
    away = np.bincount(bucket, weights=signed, minlength=buckets) / np.maximum(counts, 1)
    with np.errstate(over="ignore"):
        means = np.where(away, (one * scale + away) / scale, one)
    return np.asarray(np.clip(means, -peak, peak), dtype=values.dtype)


def spread(values: Flat, name: str, size: int) -> Flat:
    """Return all entries from the values of the buckets."""
    bucket, turned = buckets_of(name, size, len(values))
    found = values[bucket]
    return np.negative(found, out=found, where=turned)
