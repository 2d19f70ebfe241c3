"""Sums of float64 without any rounding."""

from fractions import Fraction
from typing import Any

import numpy as np

_HALF = 27  # bits of the lower part of a mantissa
_AT_ONCE = 2**25  # parts below 2^26 add up to less than 2^53


def exact_sum(column: Any) -> Fraction:
    """Return the sum of float64, shape (K,), as a fraction."""
    total = Fraction(0)
    for begin in range(0, len(column), _AT_ONCE):
        mantissa, exponent = np.frexp(column[begin : begin + _AT_ONCE])
        whole = (mantissa * 2.0**53).astype(np.int64)
        lowest = int(exponent.min(initial=0))
        place = exponent - lowest
        high = np.bincount(place, weights=whole >> _HALF)
        low = np.bincount(place, weights=whole & (2**_HALF - 1))
        number = 0
        for at, (top, rest) in enumerate(zip(high.tolist(), low.tolist(), strict=True)):
            number += ((int(top) << _HALF) + int(rest)) << at
        shift = lowest - 53
        total += Fraction(number * 2**shift) if shift >= 0 else Fraction(number, 2**-shift)
    return total


def whole_sum(column: Any) -> int:
    """Return the sum of integers from 0 to 2^63, shape (K,)."""
    high, low = column >> 32, column & (2**32 - 1)
    return (int(high.sum()) << 32) + int(low.sum())
