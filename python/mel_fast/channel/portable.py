"""Elementary functions that give the same bits on every machine.

A math library's ``log`` or ``exp`` may differ by a unit in the last place between machines, and
NumPy's own loops differ between instruction sets. These use only operations that IEEE 754 rounds
correctly (``+ - * /``, ``sqrt``) or does exactly (``frexp``, ``ldexp``, ``rint``), one NumPy call
an operation, so that nothing can be contracted or reordered. Errors stay within two units in the
last place; that is checked against mpmath by the tests.
"""

from __future__ import annotations

from numbers import Real

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.untrusted import shown

Array = NDArray[np.float64]

LN2_HI = float.fromhex("0x1.62e42fefa38p-1")  # 11 trailing zero bits: exponent * LN2_HI is exact
LN2_LO = float.fromhex("0x1.ef35793c7673p-45")
LN10 = float.fromhex("0x1.26bb1bbb55516p+1")
TWO_PI = float.fromhex("0x1.921fb54442d18p+2")
SQRT_HALF = float.fromhex("0x1.6a09e667f3bcdp-1")

_LOG = tuple(2.0 / n for n in range(23, 1, -2))  # 2 atanh(s) = 2 s + s^3 (2/3 + 2/5 s^2 + ...)
_FACTORIALS = (1, 1, 2, 6, 24, 120, 720, 5040, 40320, 362880, 3628800, 39916800, 479001600)
_EXP = tuple(1.0 / f for f in (6227020800, *reversed(_FACTORIALS)))
_SIN = tuple(
    (-1.0) ** n / f
    for n, f in reversed(
        list(enumerate((1, 6, 120, 5040, 362880, 39916800, 6227020800, 1307674368000)))
    )
)
_COS = tuple(
    (-1.0) ** n / f
    for n, f in reversed(list(enumerate((1, 2, 24, 720, 40320, 3628800, 479001600, 87178291200))))
)


def _horner(x: Array, coefficients: tuple[float, ...]) -> Array:
    total = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        np.multiply(total, x, out=total)
        np.add(total, coefficient, out=total)
    return total


def ln(x: Array) -> Array:
    """Natural logarithm of normal positive numbers."""
    mantissa, exponent = np.frexp(x)
    low = mantissa < SQRT_HALF
    mantissa = np.where(low, mantissa + mantissa, mantissa)
    power = np.subtract(exponent, low, dtype=np.float64)
    f = mantissa - 1.0
    s = f / (mantissa + 1.0)
    square = s * s
    # ln m = 2 s + s^3 R(s^2) = f - s (f - s^2 R): the leading term f is exact
    tail = s * (f - square * _horner(square, _LOG))
    return power * LN2_HI + (f - (tail - power * LN2_LO))


def exp(x: Array) -> Array:
    """Exponential of numbers between -700 and 700."""
    count = np.rint(x / (LN2_HI + LN2_LO))
    remainder = (x - count * LN2_HI) - count * LN2_LO
    return np.asarray(np.ldexp(_horner(remainder, _EXP), count.astype(np.int32)))


def from_decibel(x: Array) -> Array:
    """Power ratio 10^(x/10)."""
    return exp(x * (LN10 / 10.0))


def log10(x: Array) -> Array:
    """Decimal logarithm of normal positive numbers."""
    return ln(x) / LN10


def turn(u: Array) -> tuple[Array, Array]:
    """Cosine and sine of ``u`` full turns, 0 <= u < 1."""
    quarter = np.rint(4.0 * u)
    angle = (u - 0.25 * quarter) * TWO_PI
    square = angle * angle
    sine = angle * _horner(square, _SIN)
    cosine = _horner(square, _COS)
    odd = (quarter % 2.0) == 1.0
    x = np.where(odd, sine, cosine)
    y = np.where(odd, cosine, sine)
    x = np.where((quarter == 1.0) | (quarter == 2.0), -x, x)
    y = np.where((quarter == 2.0) | (quarter == 3.0), -y, y)
    return x, y


def exponential(u: Array) -> Array:
    """Unit exponential variate from a uniform one in [0, 1); never zero, at most 37.5."""
    return -ln(np.maximum(u, 2.0**-54))


def normals(u: Array, v: Array) -> tuple[Array, Array]:
    """Two independent standard normal variates from two uniform ones (Box and Muller 1958)."""
    radius = np.sqrt(2.0 * exponential(u))
    cosine, sine = turn(v)
    return radius * cosine, radius * sine


def need(name: str, value: float, low: float, high: float) -> None:
    """Refuse what is no number, or outside [low, high] (or NaN), by name."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number in [{low:g}, {high:g}], got {shown(value)}")
    if not low <= value <= high:
        raise ValueError(f"{name} must lie in [{low:g}, {high:g}], got {shown(value)}")
