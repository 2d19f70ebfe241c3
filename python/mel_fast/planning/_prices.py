"""What a little more of each resource is worth."""

import math
from typing import Literal, NamedTuple

from mel_fast import _core
from mel_fast._base.units import as_html
from mel_fast.model.problem import Problem
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import SCHEMES, Scheme


class Prices(NamedTuple):
    """Samples that a little more of each resource makes room for, at a number of local cycles.

    They are the derivatives of the most samples that fit (as real numbers, and with bandwidth
    divisible at will) at that tau: the prices at which the dual bound is least. Where that most
    has a kink they are its derivatives to the right, what a little MORE adds, and a little less
    takes away more; see docs/planning.md.
    """

    tau: int
    """The number of local cycles for which they hold."""
    samples: float
    """At most so many samples fit at tau, whatever the plan; the task has D of them."""
    per_s: float
    """Samples a second of the deadline buys."""
    per_hz: float
    """Samples a hertz of bandwidth buys; 0 where more bandwidth alone does not help."""
    per_w: float
    """Samples a watt of power buys; 0 where more power alone does not help."""

    def summary(self) -> str:
        """Return a few lines of text."""
        return (
            f"tau = {self.tau}: at most {self.samples:,.6g} samples fit; there is room for\n"
            f"  {self.per_s:.6g} more with a second of the cycle\n"
            f"  {self.per_hz * 1e3:.6g} more with a kilohertz of bandwidth\n"
            f"  {self.per_w * 1e-3:.6g} more with a milliwatt of power"
        )

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return (
            f"Prices(tau={self.tau}, samples={self.samples:.8g}, per_s={self.per_s:.6g}, "
            f"per_hz={self.per_hz:.6g}, per_w={self.per_w:.6g})"
        )

    def _repr_html_(self) -> str:
        return as_html(str(self))


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
    scheme = plan.scheme if scheme is None else scheme
    if scheme == "task_only" or not problem.task.alpha_bits + problem.task.model_bits:
        return Bound("none")
    outcome, samples, per_s, per_hz, per_w = _core.worth_at(
        problem._core, float(tau), SCHEMES.index(scheme), limit_s, threads, plan._end
    )
    if outcome != 0:
        return Bound(_OUTCOMES[outcome])
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
