"""Margins: how much worse than expected each learner is planned for, by what its margin costs.

With prices lambda and mu of the last plan a second more costs learner k

    kappa_k = mu P_k / (eps_k t_k^S)

with eps_k the per cent by which t_k^S falls when the gain h_k rises by one,
since at the best power mu = theta dr/dP for the price theta of a rate, and t^S = bits / r; where
the way back is shared, lambda B_k / ((1 - eps_k) t_k^R), the same in bandwidth. A margin
of beta standard deviations in the direction of steepest delay costs kappa_k |grad t_k| a unit, so
that the joint probability prod Phi(beta_k) is largest, at what is spent on margins in all, where

    phi(beta_k) / Phi(beta_k) = nu kappa_k |grad t_k|          for every k,

and the expected samples in time, sum d_k Phi(beta_k), where d_k phi(beta_k) does the same.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.validation import FloatColumn
from mel_fast.orchestrate.estimates.links import Cycle
from mel_fast.orchestrate.margins.normal import (
    index_of_density,
    index_of_hazard,
    log_below,
)
from mel_fast.orchestrate.margins.reliability import Beliefs, delay

_STEPS = 60


@dataclass(frozen=True, slots=True)
class Margins:
    """Distances beta in the worst direction, and where in the plane they end."""

    beta: FloatColumn
    u: FloatColumn
    v: FloatColumn


@dataclass(frozen=True, slots=True)
class Costs:
    """What a unit of beta costs each learner, in which direction it goes, and what is at stake."""

    unit: FloatColumn
    along_u: FloatColumn
    along_v: FloatColumn
    samples: FloatColumn


def costs_of(
    prices: tuple[float, float],
    cycle: Cycle,
    beliefs: Beliefs,
    at: Margins,
    samples: FloatColumn,
) -> Costs:
    """Return what margins cost at the prices and the allocation of a plan with the margins `at`."""
    gain, link = beliefs.gains(at.u), cycle.shared
    on_air, share = link.seconds(gain), link.elasticity(gain)
    _, slower = delay(cycle, beliefs, at.u, at.v)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if cycle.returns:  # where each has a power of its own, only bandwidth has a price
            second = prices[0] * link.bandwidth_hz / ((1.0 - share) * on_air)
        else:
            second = prices[1] * link.power_w / (share * on_air)
        unit = second * slower.steepest
    return Costs(np.nan_to_num(unit, nan=0.0, posinf=0.0), *slower.direction(), samples)


def no_margins(learners: int) -> Margins:
    """Return margins of nothing."""
    nothing = np.zeros(learners)
    return Margins(nothing, nothing, nothing)


def equal_margin(learners: int, confidence: float | None) -> float:
    """Return the margin with which each is in time so often that all are with a probability."""
    if confidence is None:
        return 0.0
    return NormalDist().inv_cdf(math.exp(math.log(confidence) / learners))


def for_confidence(costs: Costs, confidence: float) -> Margins:
    """Return the margins under which all are in time with a probability, at least cost."""
    counts = costs.unit > 0.0
    unit = costs.unit[counts]
    if not unit.size:
        return no_margins(costs.unit.size)
    unit = unit / np.exp(np.mean(np.log(unit)))
    goal = np.log(-np.log(confidence))
    at = np.log(-np.log(confidence) / unit.size)
    for _ in range(_STEPS):
        hazard = np.exp(at) * unit
        beta = index_of_hazard(hazard)
        missed = -np.sum(log_below(beta))
        slope = np.sum(hazard / np.maximum(beta + hazard, 1e-3)) / missed
        step = np.clip((goal - np.log(missed)) / slope, -2.0, 2.0)
        at += step
        if abs(step) < 1e-6:
            break
    return _margins(costs, counts, beta)


def for_work(costs: Costs, price: float) -> Margins:
    """Return the margins that make the most of the samples in time, at a price of margins."""
    counts = (costs.unit > 0.0) & (costs.samples > 0.0)
    unit = costs.unit[counts]
    if not unit.size:
        return no_margins(costs.unit.size)
    worth = unit / costs.samples[counts]
    worth = worth / np.exp(np.mean(np.log(worth)))
    return _margins(costs, counts, index_of_density(price * worth))


def _margins(costs: Costs, counts: NDArray[np.bool_], beta: FloatColumn) -> Margins:
    """Return the margins of all; those of whom nothing is known get what is usual."""
    every = np.full(costs.unit.size, float(np.median(beta)))
    every[counts] = beta
    return Margins(every, -every * costs.along_u, -every * costs.along_v)
