"""What a little more of each resource is worth."""

from typing import NamedTuple

from mel_fast import _core
from mel_fast.plan import SCHEMES, Plan
from mel_fast.problem import Problem


class Prices(NamedTuple):
    """Samples that a little more of each resource makes room for, at a number of local cycles.

    They are the derivatives of the most samples that fit (as real numbers) at that tau, the prices
    of the dual bound at its least; see docs/planning.md.
    """

    tau: int
    """The number of local cycles for which they hold."""
    samples: float
    """At most so many samples fit at tau, whatever the plan; the task has D of them."""
    per_s: float
    """Samples a second of the deadline buys."""
    per_hz: float
    """Samples a hertz of bandwidth buys."""
    per_w: float
    """Samples a watt of power buys."""


def prices_at(plan: Plan, tau: int, changed: Problem | None = None) -> Prices | None:
    """Return the prices at `tau` for a plan's scheme and problem, or for that problem changed.

    None where there are none.
    """
    problem = plan.problem if changed is None else changed
    if plan.scheme == "task_only" or not problem.task.alpha_bits + problem.task.model_bits:
        return None
    samples, per_s, per_hz, per_w, possible = _core.worth_at(
        problem.core, float(tau), SCHEMES.index(plan.scheme), 1, plan.end
    )
    return Prices(tau, samples, per_s, per_hz, per_w) if possible else None


def prices_of(plan: Plan) -> Prices | None:
    """Return the prices at a plan's own tau (at tau = 1 where it has no plan).

    None for the scheme ``task_only``, in which nothing is traded, where nothing is sent, and where
    some served learner cannot come home in time at any rate.
    """
    return prices_at(plan, max(plan.tau, 1))
