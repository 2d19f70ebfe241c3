"""What stands in the way of a number of local cycles: computing, the channel or the return.

Each is made better by one per cent at every learner, and the bound on the samples that fit is
worked out again, in the shortest cycle in which that number fits.
"""

from typing import Literal, NamedTuple

import numpy as np

from mel_fast._base.units import with_unit
from mel_fast._base.validation import FloatColumn, IntColumn
from mel_fast.bracket.clock import Clock
from mel_fast.model.learners import Learners, listed
from mel_fast.model.problem import Problem
from mel_fast.planning._prices import Bound, least_bound
from mel_fast.planning._worth import worth_of
from mel_fast.plans.most import real_samples
from mel_fast.plans.plan import Plan

Cause = Literal["computing", "channel", "send", "return"]

_SHOWN = 3
_BETTER = 1.01
_NOISE = 1e-9  # of the samples: what two bounds may differ by all the same
_WORDS: dict[Cause, str] = {
    "computing": "faster computing",
    "channel": "a better channel",
    "send": "faster sending",
    "return": "a faster return",
}


def _causes(problem: Problem) -> tuple[Cause, Cause, Cause]:
    return "computing", "channel", problem.links.constant


class Bottleneck(NamedTuple):
    """How much of the way to one more local cycle a cause stands in, over all learners."""

    cause: Cause
    """``computing``, ``channel`` (its gain, on the planned link), or the link whose rate is
    constant: ``return``, or ``send`` where the return is shared."""
    samples_per_percent: float
    """By how many samples the bound on those that fit rises with one per cent more speed, gain or
    constant rate everywhere: worked out again with it."""
    learners: IntColumn
    """The learners through which, to first order, most of it goes, the most important first."""
    tau: int
    """The number of local cycles,"""
    cycle_s: float
    """and the cycle, the shortest in which it is known to fit."""
    at_will: bool
    """Whether the bound is that of samples shared out at will, though the scheme holds them fixed:
    of those no more could fit."""

    def sentence(self, learners: Learners | None = None) -> str:
        """Return it in words."""
        through = listed(self.learners, learners)
        return (
            f"With tau = {self.tau} in {with_unit(self.cycle_s, 's', 6)}, 1 % of "
            f"{_WORDS[self.cause]} at every learner raises the bound on the samples that fit by "
            f"{self.samples_per_percent:,.3g}"
            + (", were they shared out at will" if self.at_will else "")
            + (f", to first order most at learners {through}." if through else ".")
        )


def bottlenecks(soonest: Plan | None, tau: int, clock: Clock, threads: int) -> list[Bottleneck]:
    """Return the causes, the heaviest first; empty where no bound can tell."""
    if soonest is None or soonest.times is None or clock.over():
        return []
    base = _bound(soonest, tau, soonest.problem, clock, threads)
    if base is None:
        return []
    weights = _weights(soonest, tau, base[1])
    found = []
    for cause in _causes(soonest.problem):
        better = soonest.problem.replace(learners=_improved(soonest.problem, cause))
        there = None if clock.over() else _bound(soonest, tau, better, clock, threads)
        if there is None:
            return []
        gained = there[0] - base[0]
        if gained < _NOISE * soonest.problem.task.samples:
            gained = 0.0
        column = weights[cause] if gained else np.zeros(0)
        order = np.argsort(-column, kind="stable")[:_SHOWN]
        order = order[column[order] > 0.0]
        at_will = soonest.scheme == "resource_only"
        found.append(Bottleneck(cause, gained, order, tau, soonest.problem.cycle_s, at_will))
    return sorted(found, key=lambda entry: -entry.samples_per_percent)


def _bound(
    plan: Plan, tau: int, problem: Problem, clock: Clock, threads: int
) -> tuple[float, Bound] | None:
    """Return the bound on the samples; where rates are given, what the learners take at those."""
    scheme = "joint" if plan.scheme == "resource_only" else plan.scheme
    bound = least_bound(plan, tau, problem, scheme=scheme, limit_s=clock.left(), threads=threads)
    if bound.prices is not None:
        return bound.prices.samples, bound
    if bound.outcome != "none":
        return None
    return float(real_samples(problem, tau, plan.scheme).sum()), bound


def _weights(plan: Plan, tau: int, bound: Bound) -> dict[Cause, FloatColumn]:
    """Weigh the learners by what a second of theirs is worth."""
    worth = worth_of(plan, tau, bound.prices)
    times = plan.times
    if worth is None or times is None:
        nothing = np.zeros(len(plan.problem.learners))
        return dict.fromkeys(_causes(plan.problem), nothing)
    # Whom its energy keeps from its top speed a higher one is worth nothing.
    speeds, fastest = plan.flops_per_s, plan.problem.learners.flops_per_s
    held_back = np.zeros(len(fastest), bool) if speeds is None else speeds < fastest
    return {
        "computing": np.where(held_back, 0.0, worth.second * times.compute_s),
        "channel": worth.gain,
        "send": worth.second * times.send_s,
        "return": worth.second * times.return_s,
    }


def _improved(problem: Problem, cause: Cause) -> Learners:
    learners = problem.learners
    if cause == "computing":
        return learners.replace(flops_per_s=learners.flops_per_s * _BETTER)
    links = problem.links
    power = links.power_w
    band, name = links.bandwidth_hz, links.constant
    if cause == "channel":  # the planned link alone: less power carries as much over the other
        return learners.replace(
            gain=learners.gain * _BETTER,
            **{f"{name}_power_w": power / _BETTER},  # type: ignore[arg-type]
        )
    # With the density law the noise grows with the bandwidth, and so must the power.
    more = power * _BETTER if problem.law == "density" else power
    return learners.replace(
        **{f"{name}_bandwidth_hz": band * _BETTER, f"{name}_power_w": more}  # type: ignore[arg-type]
    )
