"""What a second of each learner is worth: the weights behind an explanation.

First-order, at a plan that fills the deadline. Where bandwidth and power are traded, a learner that
has a second more needs a lower rate; what that saves, at the plan's prices, is its worth. Where its
rate is given (equal shares, both caps reached, nothing sent), it takes more samples instead.
"""

from typing import NamedTuple

import numpy as np

from mel_fast._base.validation import FloatColumn
from mel_fast.plans.most import by_energy, by_own_limit, largest_allocation, seconds
from mel_fast.plans.plan import Plan
from mel_fast.plans.prices import Prices

_NEARLY = 1.0 - 1e-9


class Worth(NamedTuple):
    """Samples that a change at each learner makes room for, float64 of shape (K,)."""

    second: FloatColumn
    """For each second that the learner has more."""
    gain: FloatColumn
    """For each unit of relative growth of its channel's gain, on the planned link."""


def worth_of(plan: Plan, tau: int, prices: Prices | None) -> Worth | None:
    """Return the worth at a plan with `tau` local cycles and the prices there.

    None where nothing can be traded.
    """
    times, bandwidth, power = plan.times, plan.bandwidth_hz, plan.power_w
    if times is None or bandwidth is None or power is None or plan.samples is None:
        return None
    problem = plan.problem
    planned_s = times.send_s if problem.links.planned == "send" else times.return_s
    sending = planned_s > 0.0
    snr = np.where(sending, _snr(plan), 1.0)
    log = np.log1p(snr)
    relative = np.where(sending, snr / ((1.0 + snr) * log), 0.0)  # d ln r / d ln h
    rate_given = _takes_more(plan, tau)
    if plan.scheme == "task_only" or not problem.links.uses_planned:
        if plan.scheme == "resource_only":
            return None
        return Worth(rate_given, rate_given * planned_s * relative)
    if prices is None:
        return None
    most_hz, most_w = largest_allocation(problem, plan.scheme)
    full_hz, full_w = bandwidth >= _NEARLY * most_hz, power >= _NEARLY * most_w
    # The price of the last bit a second times the rate, and what a better gain saves.
    per_hz, per_w = prices.per_hz * bandwidth, prices.per_w * power
    gain = problem.learners.gain
    noise = problem.radio.noise / np.where(gain > 0.0, gain, 1.0)  # in outage nothing is sent
    if problem.law == "density":
        noise = noise * bandwidth
        by_band = per_hz / np.where(sending, 1.0 - relative, 1.0)
    else:
        by_band = per_hz
    by_power = prices.per_w * (power + noise) * log
    saved = np.where(full_hz, by_power, by_band)
    gained = np.where(full_w & ~full_hz, by_band * relative, per_w)
    both = full_hz & full_w
    second = np.divide(saved, planned_s, out=np.zeros_like(saved), where=sending)
    return Worth(
        np.where(both, rate_given, second),
        np.where(sending, np.where(both, rate_given * planned_s * relative, gained), 0.0),
    )


def _snr(plan: Plan) -> FloatColumn:
    problem = plan.problem
    assert plan.power_w is not None
    assert plan.bandwidth_hz is not None
    noise: FloatColumn | float = problem.radio.noise
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if problem.law == "density":
            noise = noise * np.maximum(plan.bandwidth_hz, 1e-300)
        return np.asarray(plan.power_w * problem.learners.gain / noise)


def _takes_more(plan: Plan, tau: int) -> FloatColumn:
    """Samples that a learner takes in one second more at the rates it has; 0 at its limits."""
    problem, links, samples = plan.problem, plan.problem.links, plan.samples
    assert samples is not None
    assert plan.bandwidth_hz is not None
    assert plan.power_w is not None
    planned = problem.rates(plan.bandwidth_hz, plan.power_w)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        each = tau * problem.payload.flops_per_sample / problem.learners.flops_per_s
        each = each + seconds(links.bits_per_sample, planned)
        each = each + seconds(links.constant_bits_per_sample, problem.constant_rates())
    most = np.minimum(by_own_limit(problem), by_energy(problem, tau))
    served = np.full(samples.size, problem.idle == "served")
    if problem.learners.optional is not None:
        served &= ~problem.learners.optional
    takes_part = (samples > 0) | served
    return np.where(takes_part & (samples < most), 1.0 / each, 0.0)
