"""Arrays that enclose true numbers, and the logarithm, from correctly rounded operations alone.

A sum, difference, product, quotient or root that a processor returns is within 2^-53 of itself of
the true one, unless it underflows: then NumPy raises, here, and whoever asked leaves these learners
to the balls. So a step of 2^-51 outwards encloses it, its own rounding included.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

OUT = 2.0**-51
_LOW, _HIGH = 1.0 - OUT, 1.0 + OUT
_TERMS = 9  # of the series of atanh beyond the first
_TAIL = tuple(1.0 / (2 * k + 3) for k in range(_TERMS))
_SMALL = 0.4  # below, ln(1 + x) is a series of x / (2 + x) itself
_HALF_ROOT = 0.70710678


@contextmanager
def enclosing() -> Iterator[None]:
    """Raise FloatingPointError where a result is no number, too large or too small to enclose."""
    with np.errstate(all="raise"):
        yield


@contextmanager
def guessing() -> Iterator[None]:
    """Compute whatever comes: nothing hangs on it."""
    with np.errstate(all="ignore"):
        yield


def below(x: Any) -> Any:
    """Return at most what x was rounded from."""
    return x - np.abs(x) * OUT


def above(x: Any) -> Any:
    """Return at least what x was rounded from."""
    return x + np.abs(x) * OUT


class Interval(NamedTuple):
    """True numbers between two arrays; products, quotients and roots are for those not below 0."""

    lo: Any
    hi: Any

    def plus(self, other: "Interval") -> "Interval":
        """Return the sum."""
        return Interval(below(self.lo + other.lo), above(self.hi + other.hi))

    def minus(self, other: "Interval") -> "Interval":
        """Return the difference."""
        return Interval(below(self.lo - other.hi), above(self.hi - other.lo))

    def times(self, other: "Interval") -> "Interval":
        """Return the product of two that are not below zero."""
        _not_below_zero(self, other)
        return Interval(self.lo * other.lo * _LOW, self.hi * other.hi * _HIGH)

    def over(self, other: "Interval") -> "Interval":
        """Return the quotient of two that are not below zero."""
        _not_below_zero(self, other)
        return Interval(self.lo / other.hi * _LOW, self.hi / other.lo * _HIGH)

    def root(self) -> "Interval":
        """Return the square root."""
        return Interval(np.sqrt(self.lo) * _LOW, np.sqrt(self.hi) * _HIGH)

    def at(self, rows: Any) -> "Interval":
        """Return those of some learners; what is one number stays it."""
        return Interval(taken(self.lo, rows), taken(self.hi, rows))


def _not_below_zero(*intervals: Interval) -> None:
    for interval in intervals:
        if np.min(interval.lo, initial=0.0) < 0.0:
            raise FloatingPointError("a factor may be below zero")


def taken(x: Any, rows: Any) -> Any:
    """Return the entries of some learners, or the one number that is everybody's."""
    return x if np.ndim(x) == 0 else x[rows]


def exactly(x: Any) -> Interval:
    """Return numbers that are what they are."""
    x = np.asarray(x, dtype=np.float64)
    return Interval(x, x)


def about(x: Any, relative: float) -> Interval:
    """Enclose positive numbers known to a relative error; twice that is far below one."""
    return Interval(x * (1.0 - 2 * relative), x * (1.0 + 2 * relative))


ONE = exactly(1.0)
TWO = exactly(2.0)
LN2 = about(np.float64(0.6931471805599453), 2.0**-53)


def _tail(w: Any) -> Any:
    """Return 1/3 + w/5 + w^2/7 + ... for 0 <= w <= 0.0295, to within 2^-47 of itself.

    Nine terms, all of them positive: what is cut off is below w^9 / 21 / (1 - w) < 2^-49 of a
    third, and Horner's rule and the rounded coefficients add less than 30 roundings of 2^-53,
    most of which are of terms that w makes small.
    """
    total = np.full_like(w, _TAIL[-1])
    for coefficient in _TAIL[-2::-1]:
        total = total * w + coefficient
    return total


def _ratio(x: Any) -> tuple[Any, Any, Any]:
    """Return z and e with x = 2^e (1 + z) / (1 - z), |z| < 0.172, z to within 3 roundings."""
    m, e = np.frexp(x)
    low = m < _HALF_ROOT
    m, e = np.where(low, 2 * m, m), e - low
    return (m - 1.0) / (m + 1.0), e, m  # m - 1 has no rounding: 0.7 < m < 1.42


def log(x: Any) -> Interval:
    """Enclose ln x of positive float64.

    ln x = e ln 2 + 2 z (1 + z^2 tail(z^2)): the bracket has an error of 2^-51 at most, the product
    and z six roundings more, e ln 2 two and its constant one, the sum one.
    """
    z, e, _ = _ratio(x)
    w = z * z
    part = 2 * z * (1.0 + w * _tail(w))
    whole = e * LN2.lo
    value = whole + part
    error = (np.abs(whole) + np.abs(part)) * 2.0**-49
    return Interval(below(value - error), above(value + error))


class Log1p(NamedTuple):
    """ln(1 + x) of float64 x > 0, and h = ln(1 + x) - x / (1 + x)."""

    log: Interval
    excess: Interval


def log1p(x: Any) -> Log1p:
    """Enclose both.

    Below 0.4 both are series of positive terms in z = x / (2 + x): ln(1 + x) = 2 z + 2 z^3 tail and
    h = 2 z^2 / (1 + z) + 2 z^3 tail: less than 16 roundings in all. Above, 1 + x is rounded once,
    which moves its logarithm by 2^-53, and ln(1 + x) > 0.33, h > 0.05 > ln(1 + x) / 7: relative
    errors below 2^-48 and 2^-44.
    """
    small = x < _SMALL
    y = 1.0 + x
    z_of_y, e, _ = _ratio(y)
    z = np.where(small, x / (2.0 + x), z_of_y)
    e = np.where(small, 0, e)
    w = z * z
    cube = z * w * _tail(w)
    log_ = e * LN2.lo + 2 * (z + cube)
    excess = np.where(small, 2 * (w / (1.0 + z) + cube), log_ - x / y)
    error = np.where(small, 2.0**-48, 2.0**-43)
    return Log1p(
        about(log_, 2.0**-47), Interval(excess * (1.0 - 2 * error), excess * (1.0 + 2 * error))
    )
