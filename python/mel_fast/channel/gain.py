"""Channel power gains: drawn from a placement, an attenuation and a fading law, or from a file.

A channel here is three independent choices: a *placement* (distance in metres), an *attenuation*
law (median loss in dB, with optional log-normal shadowing) and a *fading* law (a power factor of
mean one). Every one of them turns a fixed number of uniform variates a learner into its value, so
that a stream of uniforms fixes all draws; the arithmetic is portable to the bit
(see :mod:`mel_fast.channel.portable`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from mel_fast._base.arithmetic import guard
from mel_fast._base.untrusted import few, plain, shown
from mel_fast.channel import portable
from mel_fast.channel.fading import Fading
from mel_fast.channel.path_loss import Attenuation
from mel_fast.channel.placement import Placement
from mel_fast.channel.portable import Array, need

GAIN_RANGE = (1e-60, 1e60)


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
    ValueError, TypeError
        For fewer columns than the channel needs, parts that are none, a loss that is no number.

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
    needed = uniforms_needed(placement, attenuation, fading)
    need("extra_loss_db", extra_loss_db, -700.0, 700.0)
    if not isinstance(u, np.ndarray) or u.ndim != 2 or u.shape[1] < needed:
        shape = getattr(u, "shape", type(u).__name__)
        raise ValueError(f"u has shape {shape}: must be an array of shape (n, {needed})")
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
    TypeError
        For what is none of these.

    Examples
    --------
    >>> from mel_fast.channel import Disc, Rayleigh, paper, uniforms_needed
    >>> uniforms_needed(Disc(), paper(), Rayleigh())
    2
    """
    kinds = (Placement, Attenuation, Fading)
    for part, kind in zip((placement, attenuation, fading), kinds, strict=True):
        if isinstance(part, type) or not isinstance(part, kind):
            name = kind.__name__.lower()
            raise TypeError(f"{name} is a {type(part).__name__}: must be a {kind.__name__}")
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
    ValueError, TypeError
        Naming the first that is out of range, or for what is no row of numbers.

    Examples
    --------
    >>> import mel_fast as mel
    >>> mel.channel.checked_gain([1e-10, 3e-11])
    array([1.e-10, 3.e-11])
    """
    try:
        values = np.array(gain, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"{source} = {shown(gain)}: must be numbers in a row") from None
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
