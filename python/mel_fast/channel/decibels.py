"""Decibels as numbers: dBm as watts, dB as ratios, rounded correctly."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mel_fast._base.arithmetic import guard
from mel_fast._base.validation import plain_array, real

LOWEST_DB, HIGHEST_DB = -600.0, 600.0
"""Decibels whose ratio is a number that problems may have, in [1e-60, 1e60]."""
_EXACT = Context(prec=25)  # 17 digits tell float64 apart; so many more round correctly
_TENTH = _EXACT.divide(_EXACT.ln(Decimal(10)), Decimal(10))  # ln(10)/10


@overload
def dbm(value: float) -> float: ...
@overload
def dbm(value: ArrayLike) -> NDArray[np.float64]: ...
def dbm(value: Any) -> Any:
    """Return dBm in watts, 10^((x - 30)/10); dBm/Hz are W/Hz likewise.

    Parameters
    ----------
    value
        A number or an array of numbers in [-570, 630]. Each different number takes some 20
        microseconds: the result is the float64 that is nearest to the exact one, on every machine.

    Raises
    ------
    ValueError, TypeError
        Naming value and range.

    Examples
    --------
    >>> import mel_fast as mel
    >>> mel.channel.dbm(23.0)
    0.19952623149688797
    >>> mel.channel.dbm(-174.0)
    3.981071705534972e-21
    """
    return _converted("dbm", value, 30.0)


@overload
def db(value: float) -> float: ...
@overload
def db(value: ArrayLike) -> NDArray[np.float64]: ...
def db(value: Any) -> Any:
    """Return dB as a ratio of powers, 10^(x/10); a path loss of 100 dB is ``db(-100.0)``.

    Parameters
    ----------
    value
        A number or an array of numbers in [-600, 600], otherwise as for :func:`dbm`.

    Raises
    ------
    ValueError, TypeError
        Naming value and range.

    Examples
    --------
    >>> import mel_fast as mel
    >>> mel.channel.db(-100.0)
    1e-10
    >>> mel.channel.db([-90.0, -110.0])
    array([1.e-09, 1.e-11])
    """
    return _converted("db", value, 0.0)


def _converted(name: str, value: Any, less: float) -> Any:
    rule = "must be a number or a one-dimensional array of numbers"
    array = plain_array(name, value, rule)
    if array.ndim == 0:
        return _ratio(name, value, less)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name}: {rule}")
    once, back = np.unique(array.astype(np.float64), return_inverse=True)
    return np.array([_ratio(name, entry, less) for entry in once.tolist()])[back]


def _ratio(name: str, value: Any, less: float) -> float:
    number = real(name, value, low=LOWEST_DB + less, high=HIGHEST_DB + less)
    exact = _EXACT.subtract(Decimal(number), Decimal(less))
    return float(_EXACT.exp(_EXACT.multiply(exact, _TENTH)))


guard(__name__)
