"""How much of the power arrives: median loss over distance, with optional log-normal shadowing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from mel_fast._base.arithmetic import guard
from mel_fast.channel import portable
from mel_fast.channel.portable import Array, need

SPEED_OF_LIGHT_M_PER_S = 299_792_458.0


@runtime_checkable
class Attenuation(Protocol):
    """Median loss over distance; ``shadowing_db`` is the deviation of the log-normal part.

    Examples
    --------
    >>> import mel_fast as mel
    >>> isinstance(mel.channel.paper(), mel.channel.Attenuation)
    True
    """

    @property
    def shadowing_db(self) -> float:
        """Standard deviation in dB."""
        ...

    def loss_db(self, distance_m: Array) -> Array:
        """Loss in dB at each distance in metres."""
        ...


@dataclass(frozen=True)
class LogDistance:
    """``at_one_metre_db + slope_db log10(R / 1 m)``; constant below ``closest_m``.

    Parameters
    ----------
    at_one_metre_db, slope_db
        Loss at 1 m, and what each tenfold distance adds, in dB.
    shadowing_db
        Standard deviation of the log-normal part in dB.
    closest_m
        Distance in metres below which nothing changes.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> mel.channel.LogDistance(70.0, 21.0).loss_db(np.array([1.0, 10.0, 100.0]))
    array([ 70.,  91., 112.])
    """

    at_one_metre_db: float
    slope_db: float
    shadowing_db: float = 0.0
    closest_m: float = 1.0

    def __post_init__(self) -> None:
        need("at_one_metre_db", self.at_one_metre_db, -300.0, 300.0)
        need("slope_db", self.slope_db, 0.0, 100.0)
        need("shadowing_db", self.shadowing_db, 0.0, 20.0)
        need("closest_m", self.closest_m, 1e-3, 1e9)

    def loss_db(self, distance_m: Array) -> Array:
        """Loss in dB at each distance in metres."""
        r = np.maximum(distance_m, self.closest_m)
        return self.at_one_metre_db + self.slope_db * portable.log10(r)


def paper(reading: str = "bels") -> LogDistance:
    """The paper's "7 + 2.1 log(R) dB" in one of two readings.

    ``"bels"``: 70 + 21 log10(R) dB, the printed law taken in bels. ``"decibels"``: 7 + 2.1 log10(R)
    dB exactly as printed, under which 50 m cost only 10.6 dB.

    Parameters
    ----------
    reading
        ``"bels"`` or ``"decibels"``.

    Returns
    -------
    LogDistance

    Raises
    ------
    ValueError
        For another word.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> mel.channel.paper().loss_db(np.array([10.0]))
    array([91.])
    """
    if not isinstance(reading, str):
        raise TypeError(f"reading is a {type(reading).__name__}: must be 'bels' or 'decibels'")
    if reading == "bels":
        return LogDistance(70.0, 21.0)
    if reading == "decibels":
        return LogDistance(7.0, 2.1)
    raise ValueError(f"reading must be 'bels' or 'decibels', got {reading!r}")


def free_space(carrier_hz: float) -> LogDistance:
    """Friis: 20 log10(4 pi R f / c) dB between isotropic antennas; far field, so R >= 1 m here.

    Parameters
    ----------
    carrier_hz
        Carrier frequency in Hz.

    Returns
    -------
    LogDistance

    Raises
    ------
    ValueError
        For a frequency that is none.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> mel.channel.free_space(2.4e9).loss_db(np.array([1.0, 10.0])).round(2)
    array([40.05, 60.05])
    """
    need("carrier_hz", carrier_hz, 1e6, 1e13)
    wave_number = 4.0 * math.pi * carrier_hz / SPEED_OF_LIGHT_M_PER_S
    return LogDistance(20.0 * float(portable.log10(np.array([wave_number]))[0]), 20.0)


@dataclass(frozen=True)
class IndoorOffice:
    """3GPP TR 38.901 table 7.4.1-1, InH-Office, line of sight.

    ``32.4 + 17.3 log10(d3D / 1 m) + 20 log10(fc / 1 GHz)`` dB, deviation 3 dB, 0.5 GHz <= fc <=
    100 GHz, 1 m <= d3D <= 150 m. ``height_m`` is the difference of antenna heights, which makes d3D
    from the distance on the floor. Nearer than 1 m counts as 1 m; farther than 150 m is an error.

    Parameters
    ----------
    carrier_hz
        Carrier frequency in Hz.
    shadowing_db
        Standard deviation of the log-normal part in dB.
    height_m
        Difference of heights in metres.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> mel.channel.IndoorOffice(5e9).loss_db(np.array([10.0])).round(1)
    array([63.8])
    """

    carrier_hz: float
    shadowing_db: float = 3.0
    height_m: float = 2.0

    def __post_init__(self) -> None:
        need("carrier_hz", self.carrier_hz, 0.5e9, 100e9)
        need("shadowing_db", self.shadowing_db, 0.0, 20.0)
        need("height_m", self.height_m, 0.0, 100.0)

    def loss_db(self, distance_m: Array) -> Array:
        """Loss in dB at each distance in metres."""
        d3 = np.sqrt(distance_m * distance_m + self.height_m * self.height_m)
        _within(d3, 150.0, "InH-Office: 3D distance in metres")
        ghz = portable.log10(np.array([self.carrier_hz / 1e9]))[0]
        return np.asarray(32.4 + 17.3 * portable.log10(np.maximum(d3, 1.0)) + 20.0 * ghz)


@dataclass(frozen=True)
class UrbanMicro:
    """3GPP TR 38.901 table 7.4.1-1, UMi street canyon, line of sight.

    Up to the break point d'BP = 4 (hBS - 1)(hUT - 1) fc / c (heights in metres, environment height
    1 m): ``32.4 + 21 log10(d3D) + 20 log10(fc / 1 GHz)`` dB; beyond it
    ``32.4 + 40 log10(d3D) + 20 log10(fc / 1 GHz) - 9.5 log10(d'BP^2 + (hBS - hUT)^2)`` dB.
    Deviation 4 dB, 0.5 GHz <= fc <= 100 GHz, 10 m <= d2D <= 5 km, 1.5 m <= hUT <= 22.5 m,
    hBS = 10 m. Nearer than 10 m counts as 10 m; farther than 5 km is an error.

    Parameters
    ----------
    carrier_hz
        Carrier frequency in Hz.
    shadowing_db
        Standard deviation of the log-normal part in dB.
    station_m, learner_m
        Heights of base station and learner in metres.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> mel.channel.UrbanMicro(3.5e9).loss_db(np.array([50.0])).round(1)
    array([79.1])
    """

    carrier_hz: float
    shadowing_db: float = 4.0
    station_m: float = 10.0
    learner_m: float = 1.5

    def __post_init__(self) -> None:
        need("carrier_hz", self.carrier_hz, 0.5e9, 100e9)
        need("shadowing_db", self.shadowing_db, 0.0, 20.0)
        need("station_m", self.station_m, 2.0, 100.0)
        need("learner_m", self.learner_m, 1.5, 22.5)

    @property
    def break_point_m(self) -> float:
        """Distance d'BP in metres beyond which the loss grows with the fourth power."""
        heights = (self.station_m - 1.0) * (self.learner_m - 1.0)
        return 4.0 * heights * self.carrier_hz / 3e8

    def loss_db(self, distance_m: Array) -> Array:
        """Loss in dB at each distance on the ground in metres."""
        _within(distance_m, 5000.0, "UMi street canyon: distance in metres")
        d2 = np.maximum(distance_m, 10.0)
        height = self.station_m - self.learner_m
        d3 = portable.log10(np.sqrt(d2 * d2 + height * height))
        ghz = portable.log10(np.array([self.carrier_hz / 1e9]))[0]
        far = np.array([self.break_point_m**2 + height * height])
        near_db = 21.0 * d3
        far_db = 40.0 * d3 - 9.5 * portable.log10(far)[0]
        return np.asarray(32.4 + 20.0 * ghz + np.where(d2 <= self.break_point_m, near_db, far_db))


def _within(distance_m: Array, high: float, what: str) -> None:
    beyond = distance_m > high
    if beyond.any():
        k = int(np.argmax(beyond))
        raise ValueError(f"{what} must be at most {high:g}, got {distance_m[k]:g} at learner {k}")


guard(__name__)
