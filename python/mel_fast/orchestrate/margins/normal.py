"""The normal distribution far into its tails, whole columns at a time, and Student's through it.

Tail probabilities follow W. H. Press, B. P. Flannery, S. A. Teukolsky and W. T. Vetterling,
*Numerical Recipes in C*, 2nd edition, section 6.2: a Chebyshev fit whose relative error is below
1.2e-7 everywhere. Student's quantiles are read from normal ones by D. L. Wallace, *Bounds on Normal
Approximations to Student's and the Chi-Square Distributions*, 1959: out to three standard
deviations
the probability beyond a quantile is met within 10 % for 4 degrees of freedom, 2 % for 10.
"""

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.validation import FloatColumn

Numbers = NDArray[np.float64]

FARTHEST = 9.0
"""Standard deviations beyond which nothing is looked at."""

_TAIL = (
    0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418,
    0.37409196, 1.00002368, -1.26551223,
)  # fmt: skip
_SQRT_HALF = float(np.sqrt(0.5))
_DENSITY = float(1.0 / np.sqrt(2.0 * np.pi))
_NORMAL = 1e6  # degrees of freedom that are as good as infinitely many
_GRID = np.linspace(-FARTHEST, FARTHEST, 3601)


def tail(z: Numbers) -> Numbers:
    """Return the probability of more than z."""
    x = np.abs(z) * _SQRT_HALF
    t = 1.0 / (1.0 + 0.5 * x)
    total = np.full_like(t, _TAIL[0])
    for coefficient in _TAIL[1:]:
        total = total * t + coefficient
    upper = 0.5 * t * np.exp(total - x * x)
    return np.asarray(np.where(z >= 0.0, upper, 1.0 - upper))


def below(z: Numbers) -> Numbers:
    """Return the probability of at most z."""
    return tail(-z)


def log_below(z: Numbers) -> Numbers:
    """Return the logarithm of the probability of at most z."""
    upper = tail(np.abs(z))
    return np.asarray(np.where(z >= 0.0, np.log1p(-upper), np.log(upper)))


def density(z: Numbers) -> Numbers:
    """Return the density at z."""
    return np.asarray(_DENSITY * np.exp(-0.5 * z * z))


_HAZARDS = np.log(density(_GRID) / below(_GRID))[::-1]


def index_of_hazard(hazard: Numbers) -> Numbers:
    """Return the z at which density over probability below is `hazard`; within [-9, 9]."""
    with np.errstate(divide="ignore"):
        return np.interp(np.log(hazard), _HAZARDS, _GRID[::-1])


def index_of_density(value: Numbers) -> Numbers:
    """Return the z of at least 0 at which the density is `value`; 0 where it is never as high."""
    with np.errstate(divide="ignore"):
        squared = -2.0 * np.log(np.minimum(value / _DENSITY, 1.0))
    return np.asarray(np.minimum(np.sqrt(squared), FARTHEST))


def student(z: Numbers, freedom: FloatColumn) -> Numbers:
    """Return Student's quantile at the probability that the normal distribution has below z."""
    if freedom.min(initial=np.inf) > _NORMAL or not z.any():
        return z
    few = np.minimum(freedom, _NORMAL)
    scaled = z * ((8.0 * few + 3.0) / (8.0 * few + 1.0))
    found = np.sign(z) * np.sqrt(few * np.expm1(np.minimum(scaled * scaled / few, 600.0)))
    return np.asarray(np.where(freedom > _NORMAL, z, found))


def student_slope(z: Numbers, freedom: FloatColumn) -> Numbers:
    """Return how fast `student` rises with z."""
    if freedom.min(initial=np.inf) > _NORMAL:
        return np.ones_like(z)
    step = 1e-3
    return (student(z + step, freedom) - student(z - step, freedom)) / (2.0 * step)
