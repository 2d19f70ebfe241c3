"""Fading laws: the factor by which received power varies around its mean of one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.arithmetic import guard
from mel_fast._base.untrusted import shown
from mel_fast.channel import portable
from mel_fast.channel.portable import need

Array = NDArray[np.float64]


@runtime_checkable
class Fading(Protocol):
    """Power factors of mean one from uniform variates.

    Examples
    --------
    >>> import mel_fast as mel
    >>> isinstance(mel.channel.Rayleigh(), mel.channel.Fading)
    True
    """

    @property
    def uniforms(self) -> int:
        """Uniform variates a learner."""
        ...

    def power(self, u: Array) -> Array:
        """Power factors, shape (n,), from uniforms of shape (n, ``uniforms``)."""
        ...


@dataclass(frozen=True)
class NoFading:
    """Power factor one.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> mel.channel.NoFading().power(np.empty((2, 0)))
    array([1., 1.])
    """

    uniforms = 0

    def power(self, u: Array) -> Array:
        """Power factors."""
        return np.ones(len(u))


@dataclass(frozen=True)
class Rayleigh:
    """No line of sight: the power factor is a unit exponential variate.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> mel.channel.Rayleigh().power(np.array([[0.5]])).round(4)
    array([0.6931])
    """

    uniforms = 1

    def power(self, u: Array) -> Array:
        """Power factors."""
        return portable.exponential(u[:, 0])


@dataclass(frozen=True)
class Rician:
    """A line of sight ``k_db`` decibels stronger than the scattered power.

    Parameters
    ----------
    k_db
        Power of the line of sight over the scattered power, in dB.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> law = mel.channel.Rician(10.0)
    >>> law.power(np.full((1, law.uniforms), 0.5)).shape
    (1,)
    """

    k_db: float
    uniforms = 2

    def __post_init__(self) -> None:
        need("k_db", self.k_db, -60.0, 60.0)

    def power(self, u: Array) -> Array:
        """Power factors."""
        k = float(portable.from_decibel(np.array([self.k_db]))[0])
        x, y = portable.normals(u[:, 0], u[:, 1])
        direct = math.sqrt(2.0 * k)
        return ((direct + x) * (direct + x) + y * y) / (2.0 * (k + 1.0))


@dataclass(frozen=True)
class Nakagami:
    """Nakagami fading of shape ``m``: the power factor is Gamma(m, 1/m).

    ``m`` is a multiple of one half from 0.5 to 32, for which a fixed number of uniforms suffices:
    a sum of exponentials and, for the odd half, half a squared normal variate. m = 1 is Rayleigh.

    Parameters
    ----------
    m
        Shape, a number without unit; 1 is Rayleigh's.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> law = mel.channel.Nakagami(2.0)
    >>> law.power(np.full((1, law.uniforms), 0.5)).shape
    (1,)
    """

    m: float

    def __post_init__(self) -> None:
        need("m", self.m, 0.5, 32.0)
        if (2.0 * self.m) % 1.0 != 0.0:
            raise ValueError(f"m must be a multiple of 0.5, got {self.m!r}")

    @property
    def uniforms(self) -> int:
        """Uniform variates a learner."""
        whole = int(self.m)
        return whole + (2 if self.m > whole else 0)

    def power(self, u: Array) -> Array:
        """Power factors."""
        whole = int(self.m)
        total = np.zeros(len(u))
        for column in range(whole):
            total = total + portable.exponential(u[:, column])
        if self.m > whole:
            z, _ = portable.normals(u[:, whole], u[:, whole + 1])
            total = total + 0.5 * z * z
        return total / self.m


def fading_law(word: str | Fading) -> Fading:
    """Read ``"none"``, ``"rayleigh"``, ``"rician:K_DB"`` or ``"nakagami:M"``; objects pass.

    Parameters
    ----------
    word
        One of these; ``K_DB`` in dB, ``M`` without unit.

    Returns
    -------
    Fading

    Raises
    ------
    ValueError
        For a word that is none.

    Examples
    --------
    >>> import mel_fast as mel
    >>> mel.channel.fading_law("rician:6")
    Rician(k_db=6.0)
    """
    if not isinstance(word, str):
        if isinstance(word, Fading):
            return word
        raise TypeError(f"fading must be a word or a fading law, got {type(word).__name__}")
    name, _, number = word.partition(":")
    try:
        if name == "none" and not number:
            return NoFading()
        if name == "rayleigh" and not number:
            return Rayleigh()
        if name == "rician":
            return Rician(float(number))
        if name == "nakagami":
            return Nakagami(float(number))
    except ValueError as error:
        raise ValueError(f"fading {word!r}: {error}") from None
    raise ValueError(
        f"fading must be 'none', 'rayleigh', 'rician:K_DB' or 'nakagami:M', got {shown(word)}"
    )


guard(__name__)
