"""Where learners stand, how much of the power arrives, and how it fades.

A channel here is three independent choices: a *placement* (distance in metres), an *attenuation*
law (median loss in dB, with optional log-normal shadowing) and a *fading* law (a power factor of
mean one). Every one of them turns a fixed number of uniform variates a learner into its value, so
that a stream of uniforms fixes all draws; the arithmetic is portable to the bit
(see :mod:`mel_fast.channel.portable`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mel_fast._base.arithmetic import guard
from mel_fast._base.untrusted import few, plain, shown
from mel_fast.channel import portable
from mel_fast.channel.fading import Fading
from mel_fast.channel.portable import need

Array = NDArray[np.float64]

SPEED_OF_LIGHT_M_PER_S = 299_792_458.0
GAIN_RANGE = (1e-60, 1e60)


@runtime_checkable
class Placement(Protocol):
    """Distances from uniform variates.

    Examples
    --------
    >>> import mel_fast as mel
    >>> isinstance(mel.channel.Disc(), mel.channel.Placement)
    True
    """

    @property
    def uniforms(self) -> int:
        """Uniform variates a learner."""
        ...

    def distance_m(self, u: Array) -> Array:
        """Distances in metres, shape (n,), from uniforms of shape (n, ``uniforms``)."""
        ...


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
class Annulus:
    """Learners uniform over the area between two radii, in metres.

    Parameters
    ----------
    inner_m, outer_m
        Radii in metres, ``0 <= inner_m <= outer_m``.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> mel.channel.Annulus(10.0, 50.0).distance_m(np.array([[0.0], [1.0]]))
    array([10., 50.])
    """

    inner_m: float
    outer_m: float
    uniforms = 1

    def __post_init__(self) -> None:
        need("outer_m", self.outer_m, 1e-3, 1e9)
        need("inner_m", self.inner_m, 0.0, self.outer_m)

    def distance_m(self, u: Array) -> Array:
        """Distances in metres."""
        inner = self.inner_m * self.inner_m
        outer = self.outer_m * self.outer_m
        return np.asarray(np.sqrt(inner + (outer - inner) * u[:, 0]))


@dataclass(frozen=True)
class Disc:
    """Learners uniform over the area of a disc, in metres.

    Parameters
    ----------
    radius_m
        In metres.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> mel.channel.Disc(50.0).distance_m(np.array([[0.25], [1.0]]))
    array([25., 50.])
    """

    radius_m: float = 50.0
    uniforms = 1

    def __post_init__(self) -> None:
        need("radius_m", self.radius_m, 1e-3, 1e9)

    def distance_m(self, u: Array) -> Array:
        """Distances in metres."""
        return self.radius_m * np.sqrt(u[:, 0])


@dataclass(frozen=True)
class Fixed:
    """Every learner at one distance, in metres.

    Parameters
    ----------
    at_m
        The distance in metres.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> mel.channel.Fixed(30.0).distance_m(np.empty((2, 0)))
    array([30., 30.])
    """

    at_m: float
    uniforms = 0

    def __post_init__(self) -> None:
        need("at_m", self.at_m, 1e-3, 1e9)

    def distance_m(self, u: Array) -> Array:
        """Distances in metres."""
        return np.full(len(u), float(self.at_m))


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


def gains(
    u: Array,
    *,
    placement: Placement,
    attenuation: Attenuation,
    fading: Fading,
    extra_loss_db: float = 0.0,
) -> Array:
    """Power gains from uniforms of shape (n, :func:`uniforms_needed`).

    Columns are used in the order placement, shadowing (two, where present), fading. Gains are
    clipped to [1e-60, 1e60], the range that a problem admits.

    Parameters
    ----------
    u
        Uniform variates in (0, 1), shape (n, columns).
    placement, attenuation, fading
        The three parts of the channel.
    extra_loss_db
        Lost besides, in dB.

    Returns
    -------
    ndarray
        Received over transmitted power, float64, shape (n,).

    Raises
    ------
    IndexError
        For fewer columns than the channel needs.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> parts = mel.channel.Disc(50.0), mel.channel.paper(), mel.channel.NoFading()
    >>> n = mel.channel.uniforms_needed(*parts)
    >>> u = np.full((2, n), 0.5)
    >>> mel.channel.gains(u, placement=parts[0], attenuation=parts[1], fading=parts[2])
    array([5.60072806e-11, 5.60072806e-11])
    """
    at = placement.uniforms
    loss = attenuation.loss_db(placement.distance_m(u[:, :at])) + extra_loss_db
    if attenuation.shadowing_db > 0.0:
        z, _ = portable.normals(u[:, at], u[:, at + 1])
        loss = loss + attenuation.shadowing_db * z
        at += 2
    need("largest loss in dB", float(np.max(np.abs(loss), initial=0.0)), 0.0, 700.0)
    gain = portable.from_decibel(-loss) * fading.power(u[:, at:])
    return np.clip(gain, *GAIN_RANGE)


def uniforms_needed(placement: Placement, attenuation: Attenuation, fading: Fading) -> int:
    """Uniform variates a learner for a channel of these three parts.

    Parameters
    ----------
    placement, attenuation, fading
        The three parts.

    Returns
    -------
    int
        So many a learner.

    Raises
    ------
    AttributeError
        For what is none of these.

    Examples
    --------
    >>> from mel_fast.channel import Disc, Rayleigh, paper, uniforms_needed
    >>> uniforms_needed(Disc(), paper(), Rayleigh())
    2
    """
    return placement.uniforms + (2 if attenuation.shadowing_db > 0.0 else 0) + fading.uniforms


def checked_gain(gain: ArrayLike, source: str = "gain") -> Array:
    """Gains as a (K,) array, refused unless every one lies in [1e-60, 1e60].

    Parameters
    ----------
    gain
        Received over transmitted power of each learner, shape (K,).
    source
        What a refusal calls it.

    Returns
    -------
    ndarray
        float64, shape (K,).

    Raises
    ------
    ValueError
        Naming the first that is out of range.

    Examples
    --------
    >>> import mel_fast as mel
    >>> mel.channel.checked_gain([1e-10, 3e-11])
    array([1.e-10, 3.e-11])
    """
    values = np.array(gain, dtype=np.float64)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(
            f"{source} must be one-dimensional and not empty, got shape {values.shape}"
        )
    wrong = ~((values >= GAIN_RANGE[0]) & (values <= GAIN_RANGE[1]))
    if wrong.any():
        k = int(np.argmax(wrong))
        raise ValueError(f"{source}[{k}] must lie in [1e-60, 1e60], got {values[k]!r}")
    return values


def read_gain(path: str | Path) -> Array:
    """Power gains of measured or simulated learners from a file.

    ``.npy``: a one-dimensional array. Anything else is read as CSV: a header with a column
    ``gain``, or ``gain_db`` (decibels, negative for loss), or a single column without a header.

    Parameters
    ----------
    path
        Of the file.

    Returns
    -------
    ndarray
        Received over transmitted power, float64, shape (K,).

    Raises
    ------
    ValueError
        For what is no such table, or a gain out of range.
    OSError
        When it cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> np.savetxt("measured.csv", [-100, -105], header="gain_db", comments="")
    >>> mel.channel.read_gain("measured.csv")
    array([1.00000000e-10, 3.16227766e-11])
    """
    path = Path(path)
    if path.suffix == ".npy":
        try:
            values = np.load(path, allow_pickle=False)
        except (ValueError, EOFError, MemoryError) as error:
            raise ValueError(f"{path.name} is not a .npy file: {plain(str(error))}") from None
        return checked_gain(values, path.name)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name} is not UTF-8: {error.reason}") from None
    rows = [line.split(",") for line in lines if line.strip()]
    if not rows:
        raise ValueError(f"{path.name} holds no rows")
    names = [cell.strip().strip('"') for cell in rows[0]]
    column = next((names.index(name) for name in ("gain", "gain_db") if name in names), None)
    if column is None:
        if len(names) != 1:
            raise ValueError(f"{path.name} has no column named gain or gain_db, but {few(names)}")
        column, first, decibels = 0, 0, False
    else:
        first, decibels = 1, names[column] == "gain_db"
    values = np.empty(len(rows) - first)
    for k, row in enumerate(rows[first:]):
        try:
            values[k] = float(row[column])
        except (ValueError, IndexError):
            entry = shown(",".join(row))
            raise ValueError(f"{path.name}, line {k + first + 1}: not a number: {entry}") from None
    if decibels:
        need("largest gain_db", float(np.max(np.abs(values))), 0.0, 600.0)
        values = portable.from_decibel(values)
    return checked_gain(values, path.name)


guard(__name__)
