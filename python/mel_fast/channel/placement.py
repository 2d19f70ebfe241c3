"""Where learners stand: distances to the orchestrator from uniform variates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from mel_fast._base.arithmetic import guard
from mel_fast.channel.portable import Array, need


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


guard(__name__)
