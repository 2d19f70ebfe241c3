"""What a little more of each resource is worth."""

import math
from typing import Literal, NamedTuple

from mel_fast import _core
from mel_fast.model.links import refuse_energy
from mel_fast.model.problem import Problem
from mel_fast.plans.plan import Plan
from mel_fast.plans.prices import Prices
from mel_fast.plans.status import SCHEMES, Scheme


class Bound(NamedTuple):
    """What a search for the least dual bound ended with."""

    outcome: Literal["found", "empty", "stopped", "none"]
    """``empty``: not even the fewest samples fit, proved; ``none``: there are no prices."""
    prices: Prices | None = None


_OUTCOMES: tuple[Literal["found", "empty", "stopped"], ...] = ("found", "empty", "stopped")


def least_bound(
    plan: Plan,
    tau: int,
    changed: Problem | None = None,
    *,
    scheme: Scheme | None = None,
    limit_s: float = math.inf,
    threads: int = 1,
) -> Bound:
    """Look for the least bound at `tau` for a plan's scheme and problem, or for others."""
    problem = plan.problem if changed is None else changed
    if plan.no_more is not None:
        raise ValueError("plan: prices do not know the proofs of most, which rule out no tau")
    if plan.at_least is not None or problem.has_choice:
        refuse_energy(problem, "prices with optional, at_least")
    scheme = plan.scheme if scheme is None else scheme
    if scheme == "task_only" or not problem.links.uses_planned:
        return Bound("none")
    outcome, samples, per_s, per_hz, per_w = _core.worth_at(
        problem._core,
        float(tau),
        SCHEMES.index(scheme),
        limit_s,
        threads,
        plan._end,
        plan.at_least or 0,
    )
    if outcome != 0:
        return Bound(_OUTCOMES[outcome])
    if problem.radio.power_w is None:
        per_w = 0.0  # there is no common budget of which more could help
    return Bound("found", Prices(tau, samples, per_s, per_hz, per_w))


def prices_at(plan: Plan, tau: int, changed: Problem | None = None) -> Prices | None:
    """Return the prices at `tau` for a plan's scheme and problem, or for that problem changed.

    None where there are none.
    """
    return least_bound(plan, tau, changed).prices


def prices_of(plan: Plan) -> Prices | None:
    """Return the prices at a plan's own tau (at tau = 1 where it has no plan).

    None for the scheme ``task_only``, in which nothing is traded, where nothing is sent, and where
    not even the fewest samples fit: some served learner cannot come home in time at any rate, or
    the budgets do not suffice for what every plan must send.
    """
    return prices_at(plan, max(plan.tau, 1))
