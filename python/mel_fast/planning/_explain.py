"""What blocks one more local cycle: in words and numbers, checked by solving again."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mel_fast._asked import asked_seconds, asked_threads
from mel_fast._units import count, with_unit
from mel_fast._validation import FloatColumn, IntColumn
from mel_fast.plan import Plan
from mel_fast.planning._least import NAMES, UNITS, Least, Resource, search_least
from mel_fast.planning._leave_out import LeaveOut, leave_out
from mel_fast.planning._prices import Prices, prices_at
from mel_fast.planning._relief import Marginal, Relief, energy_sentences, marginals, reliefs
from mel_fast.planning._worth import worth_of
from mel_fast.status import Status

_RESOURCES: tuple[Resource, ...] = ("cycle_s", "bandwidth_hz", "power_w")
_SHOWN = 3
_MANY = 3.0  # from here on a factor reads better than per cent


class Bottleneck(NamedTuple):
    """How much of the way to one more local cycle a cause stands in, over all learners."""

    cause: str
    """``computing``, ``channel`` (its gain, forward) or ``return``."""
    samples_per_percent: float
    """Room for samples that one per cent more speed, gain or return rate everywhere would make."""
    learners: IntColumn
    """The learners through which most of it goes, the most important first."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why there is no plan with `tau` local cycles, and what would change that.

    Attributes
    ----------
    plan : Plan
        The plan that is explained.
    tau : int
        The number of local cycles that is out of reach, ``plan.tau + 1``.
    needs : dict of str to Least
        For ``cycle_s``, ``bandwidth_hz`` and ``power_w``: how much of it ALONE lets `tau` fit, with
        the plan that attains it and the proof that less does not.
    prices : Prices or None
        At `tau`: how many samples fit at most, and what more of each resource would add.
    bottlenecks : tuple of Bottleneck
        Computing, channel and return, the heaviest first; empty where no price can tell.
    reliefs : tuple of Relief
        For each limit that the learners have, and for resource blocks: what lifting it alone would
        bring, found by solving without it; those that help most first.
    marginals : tuple of Marginal
        What one sample more in a learner's `max_samples`, or one less in its `min_samples`, adds to
        the most samples that fit with `tau`: the learners at which it adds most.
    leave_out : LeaveOut or None
        Only for an infeasible joint problem in which idle learners are served: whom to leave out.
    """

    plan: Plan
    tau: int
    needs: dict[Resource, Least]
    prices: Prices | None
    bottlenecks: tuple[Bottleneck, ...]
    reliefs: tuple[Relief, ...]
    marginals: tuple[Marginal, ...]
    leave_out: LeaveOut | None

    @property
    def nearest(self) -> Least | None:
        """The resource that must grow by the smallest factor; None where none alone suffices."""
        found = [least for least in self.needs.values() if least.plan is not None]
        return min(found, key=lambda least: least.factor, default=None)

    def lines(self) -> list[str]:
        """Return the explanation as sentences."""
        problem = self.plan.problem
        said = [f"tau = {self.plan.tau} fits, tau = {self.tau} does not ({self.plan.status})."]
        if self.plan.tau == 0:
            said = [f"Not even tau = {self.tau} fits ({self.plan.status})."]
            said += [reason[0].upper() + reason[1:] + "." for reason in self.plan.reasons]
        if self.prices is not None and self.prices.samples < 0.0:
            said.append(f"With tau = {self.tau} the budgets do not suffice for the bare model.")
        elif self.prices is not None and self.prices.samples < problem.task.samples:
            missing = problem.task.samples - self.prices.samples
            said.append(
                f"With tau = {self.tau} at most {self.prices.samples:,.1f} of "
                f"{count(problem.task.samples, 'sample')} fit: {missing:,.1f} too few."
            )
        said += [_need(least) for least in self.needs.values()]
        said += [relief.sentence() for relief in self.reliefs]
        said += [_marginal(marginal, self.tau) for marginal in self.marginals]
        said += energy_sentences(problem, self.tau, self.needs["cycle_s"].plan)
        said += [_bottleneck(cause, self.tau) for cause in self.bottlenecks]
        if self.leave_out is not None:
            said.append(self.leave_out.sentence())
        return said

    def __str__(self) -> str:
        return "\n".join(self.lines())


def explain(plan: Plan, *, time_limit_s: float | None = None, threads: int = 1) -> Explanation:
    """Return what blocks one more local cycle than a plan has.

    Parameters
    ----------
    plan
        From `solve`, for any scheme; an infeasible one too.
    time_limit_s
        Seconds for all the solving again; None for no limit.
    threads
        As for `solve`.

    Returns
    -------
    Explanation
        ``print()`` it for the words.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, its value and the allowed range.
    Interrupted
        A KeyboardInterrupt, after Ctrl-C.
    """
    if not isinstance(plan, Plan):
        raise TypeError(f"plan is a {type(plan).__name__}: must be a Plan")
    threads = asked_threads(threads)
    limit = asked_seconds(time_limit_s)
    tau = plan.tau + 1
    needs: dict[Resource, Least] = {}
    share = limit / (len(_RESOURCES) + 2)
    for over in _RESOURCES:
        needs[over] = search_least(plan.problem, tau, over, plan.scheme, share, threads, plan.end)
    out = None
    served = plan.problem.idle == "served" and plan.scheme == "joint"
    if plan.status is Status.INFEASIBLE and served:
        out = leave_out(plan, share, threads)
    near, prices = needs["cycle_s"].plan, prices_at(plan, tau)
    return Explanation(
        plan=plan,
        tau=tau,
        needs=needs,
        prices=prices,
        bottlenecks=_bottlenecks(needs["cycle_s"]),
        reliefs=tuple(reliefs(plan, tau, near, share, threads)),
        marginals=tuple(marginals(plan, tau, near, prices)),
        leave_out=out,
    )


def _bottlenecks(soonest: Least) -> tuple[Bottleneck, ...]:
    """Weigh the learners by what a second of theirs is worth in the soonest plan with tau."""
    plan = soonest.plan
    worth = None if plan is None else worth_of(plan, soonest.tau)
    if plan is None or plan.times is None or worth is None:
        return ()
    causes: dict[str, FloatColumn] = {
        "computing": worth.second * plan.times.compute_s,
        "channel": worth.gain,
        "return": worth.second * plan.times.return_s,
    }
    found = []
    for cause, column in causes.items():
        order = np.argsort(-column, kind="stable")[:_SHOWN]
        order = order[column[order] > 0.0]
        found.append(Bottleneck(cause, 0.01 * float(column.sum()), order))
    return tuple(sorted(found, key=lambda entry: -entry.samples_per_percent))


def _marginal(marginal: Marginal, tau: int) -> str:
    step = "more" if marginal.limit == "max_samples" else "less"
    return (
        f"One sample {step} in the {marginal.limit} of learner {marginal.learner} makes room for "
        f"{marginal.samples:.3f} samples with tau = {tau}."
    )


def _need(least: Least) -> str:
    name, unit = NAMES[least.over], UNITS[least.over]
    if least.plan is None:
        how = "however large" if least.status is Status.INFEASIBLE else "as far as it was searched"
        return f"More {name} alone, {how}, does not make tau = {least.tau} fit."
    has = least.amount / least.factor
    return (
        f"{with_unit(least.amount, unit, 6)} of {name} alone instead of {with_unit(has, unit, 6)} "
        f"({_growth(least.factor)}) make tau = {least.tau} fit"
        + (
            ", and no less."
            if least.status is Status.OPTIMAL
            else f"; {with_unit(least.lower, unit, 6)} do not."
        )
    )


def _growth(factor: float) -> str:
    return f"{factor:.4g} times" if factor >= _MANY else f"{100.0 * (factor - 1.0):+.4g} %"


def _bottleneck(cause: Bottleneck, tau: int) -> str:
    what = {
        "computing": "faster computing",
        "channel": "a better channel",
        "return": "a faster return",
    }[cause.cause]
    through = ", ".join(map(str, cause.learners.tolist()))
    return (
        f"Towards tau = {tau}, 1 % of {what} at every learner makes room for "
        f"{cause.samples_per_percent:,.3g} samples"
        + (f", most of it at learners {through}." if through else ".")
    )
