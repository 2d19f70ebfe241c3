"""Whole numbers that follow from real ones, without rounding."""

import math
from fractions import Fraction

import numpy as np

from mel_fast._base.validation import FloatColumn, IntColumn

_NEAR = 1e-9  # a quotient further than this from an integer was not rounded past it


def blocks_within(bandwidth_hz: FloatColumn, block_hz: float, most: int) -> IntColumn:
    """Return how many whole blocks each bandwidth holds, at most `most`; infinity holds that."""
    quotient = np.minimum(bandwidth_hz / block_hz, float(most))
    blocks = np.floor(quotient).astype(np.int64)
    doubtful = (np.abs(quotient - np.rint(quotient)) <= _NEAR * quotient) & (bandwidth_hz < np.inf)
    for k in np.flatnonzero(doubtful).tolist():
        exact = Fraction(float(bandwidth_hz[k])) // Fraction(block_hz)
        blocks[k] = min(exact, most)
    return blocks


def bandwidth_holding(blocks: int, block_hz: float) -> float:
    """Return the least float64 that holds so many blocks; their product may be rounded to less."""
    exact = blocks * Fraction(block_hz)
    nearest = float(exact)
    return math.nextafter(nearest, math.inf) if Fraction(nearest) < exact else nearest
