"""The least energy of all learners together at one number of local cycles, from both sides."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mel_fast import _core
from mel_fast._base.arrow import ShownTable
from mel_fast._base.frozen import Found
from mel_fast._base.units import with_unit
from mel_fast._base.validation import FloatColumn, IntColumn, freeze
from mel_fast.model.core.statement import core_problem
from mel_fast.model.problem import Problem
from mel_fast.plans.claims.least_energy import SpendsLeast, tree_of
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import Status

WIDTH = 1e-6
_UP = 1.0 + 2.0**-40  # a sum of energies, rounded up


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class LeastEnergy(Found, ShownTable):
    """The least energy with which `tau` local cycles fit, between a plan and a bound.

    Attributes
    ----------
    problem : Problem
        What was asked about.
    tau : int
        The number of local cycles that is to fit.
    value : float
        Joules that all learners spend together in `plan`, computing, sending and returning as far
        as it is they who do; infinite without a plan.
    bound : float
        No plan with `tau` local cycles spends less; infinite where there is none at all.
    plan : Plan or None
        With the claim `plan.least_energy` that :func:`mel_fast.verify` confirms, and a proof of
        `plan.bound`.
    proof : Plan or None
        Where `tau` is impossible, the plan whose certificate says so; else `plan`.
    stopped : bool
        A limit or Ctrl-C came first.
    passes, elapsed_s : int, float
        Passes over the learners, seconds of the search.

    Examples
    --------
    >>> import mel_fast as mel
    >>> learners = mel.Learners(
    ...     flops_per_s=2.4e9, gain=[1e-10, 1e-11], send_bandwidth_hz=5e6, send_power_w=0.2,
    ...     max_power_w=0.2, energy_coefficient=1e-28,
    ... )
    >>> radio = mel.Radio(20e6, None, noise_density_w_per_hz=4e-21, shared="return")
    >>> task = mel.scenarios.table1().task.replace(samples=6000)
    >>> problem = mel.Problem(task, learners, radio, cycle_s=20.0)
    >>> found = mel.least(problem, tau=2, over="energy_j")
    >>> print(found.summary().split(" in all")[0])
    tau = 2 takes 205.226696 mJ
    >>> found.status, found.bound <= found.value == found.plan.least_energy.joules
    (<Status.OPTIMAL: 'optimal'>, True)
    """

    problem: Problem
    tau: int
    value: float = math.inf
    bound: float = 0.0
    plan: Plan | None = None
    proof: Plan | None = None
    stopped: bool = False
    passes: int = 0
    elapsed_s: float = 0.0

    over = "energy_j"
    scheme = "joint"

    def __bool__(self) -> bool:
        return self.plan is not None

    @property
    def amount(self) -> float:
        """As `value`."""
        return self.value

    @property
    def lower(self) -> float:
        """As `bound`."""
        return self.bound

    @property
    def width(self) -> float:
        """Relative width of the bracket, ``(value - bound) / value``; 1 without a plan."""
        if self.plan is None:
            return 1.0
        return (self.value - self.bound) / self.value if self.value > 0.0 else 0.0

    @property
    def status(self) -> Status:
        """``optimal``: value and bound agree to a relative 1e-6; ``feasible``: both are proved.

        ``infeasible``: `tau` is impossible, whatever is spent; ``undecided``: no plan was found.
        """
        if self.plan is not None:
            return Status.OPTIMAL if self.width <= WIDTH else Status.FEASIBLE
        return Status.INFEASIBLE if math.isinf(self.bound) else Status.UNDECIDED

    def columns(self) -> dict[str, Any]:
        """Return the bracket as a table of one row."""
        ends = {"energy_j": [self.value], "no_less_than_j": [self.bound]}
        effort = {name: [getattr(self, name)] for name in ("width", "passes", "elapsed_s")}
        return {"status": [str(self.status)], "tau": [self.tau], **ends, **effort}

    def _words(self) -> str:
        return (
            f"energy_j, tau={self.tau}, value={self.value:.10g}, bound={self.bound:.10g}, "
            + str(self.status)
        )

    def summary(self) -> str:
        """Return one or two lines of text."""
        if self.plan is None:
            return f"tau = {self.tau}: {self.ends()}"
        return (
            f"tau = {self.tau} takes {with_unit(self.value, 'J', 9)} in all, no plan less than "
            f"{with_unit(self.bound, 'J', 9)} (relative gap {self.width:.2g}, {self.status})"
        )

    def ends(self) -> str:
        """Return both ends in a few words."""
        if self.status is Status.INFEASIBLE:
            return "infeasible, whatever is spent"
        if self.plan is None:
            return "undecided, no plan was found"
        said = "" if self.status is Status.OPTIMAL else f" ({self.status})"
        least = f"{with_unit(self.bound, 'J', 9)}{said}"
        return f"{with_unit(self.value, 'J', 9):<14} no plan less than {least}"


def refuse_energies(problem: Problem, *, at_least: int | None = None) -> None:
    """Refuse problems whose least energy is not worked out.

    Raises
    ------
    ValueError
        Naming what is in the way.
    """
    learners, radio, links = problem.learners, problem.radio, problem.links
    what = "the least energy_j"
    if learners.energy_coefficient is None and learners.energy_per_flop_j is None:
        raise ValueError(
            f"energy_coefficient = None: {what} needs it, or energy_per_flop_j (with energy_j)"
        )
    if radio.shared == "return" and radio.power_w is not None:
        raise ValueError(
            f"radio.power_w = {radio.power_w:g}: {what} is worked out with shared = 'return' only "
            "where it is None, each learner sending with power of its own: what a watt in common "
            "and a joule of sending cost together is not known to be convex"
        )
    if radio.block_hz is not None:
        raise ValueError(f"radio.block_hz: {what} is not worked out in resource blocks")
    for name in ("energy_j", "max_bandwidth_hz")[: 1 + (radio.shared == "return")]:
        column = getattr(learners, name)
        if column is not None and np.isfinite(column).any():
            k = int(np.flatnonzero(np.isfinite(column))[0])
            raise ValueError(
                f"{name}[{k}] = {column[k]:g}: {what} is not worked out within limits of "
                f"{name}: must be infinite, or left out"
            )
    problem.refuse_choice(what)
    if at_least is not None:
        raise ValueError(f"at_least = {at_least}: {what} does not know it")
    if problem.law == "fixed" and np.any(links.bits_per_sample):
        raise ValueError(
            f"{links.planned}_bits_per_sample: {what} is not worked out with the fixed law, where "
            "energy is then not convex in the samples"
        )
    if not np.all(np.asarray(links.bits) + np.asarray(links.bits_per_sample) > 0.0):
        raise ValueError(
            f"{links.planned}_bits = 0: {what} is only worked out where some travel over the "
            "shared link for everybody"
        )
    caps = [
        np.isfinite(column)
        for column in (learners.max_power_w, learners.max_bandwidth_hz)
        if column is not None
    ]
    if len(caps) > 1 and (caps[0] & caps[1]).any():
        k = int(np.flatnonzero(caps[0] & caps[1])[0])
        raise ValueError(
            f"max_power_w[{k}], max_bandwidth_hz[{k}]: {what} is worked out with one of the two "
            "limits alone: where both hold nothing that is shared buys a second"
        )
    for name in ("gain", "max_power_w", "max_bandwidth_hz"):
        column = getattr(learners, name)
        if column is not None and (column == 0.0).any():
            k = int(np.flatnonzero(column == 0.0)[0])
            raise ValueError(f"{name}[{k}] = 0: must be positive for {what}")


def _core_of(problem: Problem) -> _core.Problem:
    """Return the problem in the core with energies that limit nothing."""
    learners = problem.learners
    if learners.energy_j is not None and problem.energy_sends:
        return problem._core
    return core_problem(
        problem.task,
        learners._with(energy_j=freeze(np.full(len(learners), np.inf))),
        problem.radio,
        problem.links,
        cycle_s=problem.cycle_s,
        power_w=problem.power_budget_w,
        flops_per_sample=problem.payload.flops_per_sample,
        excused=problem.idle == "excused",
        optional=learners.optional if problem.has_choice else None,
        energy_counts=True,
    )


def least_energy_from(
    plan: Plan, tau: int, *, limit_s: float = math.inf, threads: int = 1, callback: Any = None
) -> LeastEnergy:
    """Return the least energy at `tau`, which the plan's own proof does not rule out.

    Parameters
    ----------
    plan
        Of the same problem; its certificate goes with the answer's plan.

    Raises
    ------
    Interrupted
        After Ctrl-C; its ``found`` is what was known by then.
    """
    problem = plan.problem
    if tau > plan.bound:
        return LeastEnergy(problem, tau, bound=math.inf, proof=plan, passes=plan.passes)
    if limit_s <= 0.0:
        return nothing_better(plan, tau)
    try:
        known = plan.samples if tau <= plan.tau else None
        answer = _core.least_energy(_core_of(problem), tau, limit_s, threads, callback, known)
        found = _least_energy(plan, tau, *answer[:-1])
    except KeyboardInterrupt as stop:
        raise Interrupted(plan, nothing_better(plan, tau)) from stop
    if answer[-1] is not None:
        raise Interrupted(plan if found.plan is None else found.plan, found) from answer[-1]
    return found


def nothing_better(
    plan: Plan,
    tau: int,
    passes: int = 0,
    fewer: SpendsLeast | None = None,
    *,
    stopped: bool = True,
) -> LeastEnergy:
    """Return what is known of the least energy at `tau` where nothing more was found.

    The plan, of as many local cycles or more, spends enough; what `fewer` says of no more local
    cycles holds for `tau` too.
    """
    if plan.tau < tau or plan.energy_j is None:
        return LeastEnergy(plan.problem, tau, stopped=stopped, passes=passes)
    value = math.fsum(plan.energy_j.tolist()) * _UP
    low = SpendsLeast(0.0, 0.0, 0.0, 0.0) if fewer is None else fewer
    low = low._replace(joules=value, bound_j=min(low.bound_j, value))
    best = plan._claiming(low)
    return LeastEnergy(plan.problem, tau, value, low.bound_j, best, best, stopped, passes)


def raised(found: LeastEnergy, fewer: SpendsLeast | None) -> LeastEnergy:
    """Return an answer that was cut short with what is known of fewer local cycles, if more."""
    if fewer is None or found.plan is None or found.bound >= fewer.bound_j:
        return found
    plan = found.plan._claiming(fewer._replace(joules=found.value))
    return replace(found, bound=fewer.bound_j, plan=plan, proof=plan)


def _least_energy(
    plan: Plan,
    tau: int,
    _value: float,
    bound: float,
    per_hz: float,
    per_w: float,
    per_sample: float,
    samples: IntColumn | None,
    bandwidth: FloatColumn | None,
    power: FloatColumn | None,
    speed: FloatColumn | None,
    nodes: Sequence[tuple[int, int, float, float, float, float]],
    passes: int,
    stopped: bool,
) -> LeastEnergy:
    problem = plan.problem
    tree = tree_of(nodes, problem)
    if not all(map(math.isfinite, (bound, per_hz, per_w, per_sample))):
        bound, tree = 0.0, ()
        per_hz = per_w = per_sample = 0.0  # a search that got nowhere proves nothing
    if samples is None or bandwidth is None or power is None or speed is None:
        # What is known is a plan, too, where the search found none, and the bound holds beside it.
        known = SpendsLeast(0.0, max(bound, 0.0), per_hz, per_sample, per_w, tree)
        return nothing_better(plan, tau, passes, known, stopped=stopped)
    learners = problem.learners
    changed: dict[str, Any] = {
        "status": Status.OPTIMAL if tau == plan.bound else Status.FEASIBLE,
        "tau": tau,
        "samples": freeze(samples),
        "bandwidth_hz": freeze(bandwidth),
        "power_w": freeze(power),
        "reasons": (),
        "passes": plan.passes + passes,
    }
    if problem.chooses_speed:
        slow = 0.0 if learners.min_flops_per_s is None else learners.min_flops_per_s
        speeds = np.clip(speed * learners.flops_per_s, slow, learners.flops_per_s)
        changed["flops_per_s"] = freeze(speeds)
    best = plan._with_allocation(changed)
    assert best.energy_j is not None
    value = math.fsum(best.energy_j.tolist()) * _UP
    claim = SpendsLeast(value, min(max(bound, 0.0), value), per_hz, per_sample, per_w, tree)
    best = best._claiming(claim)
    return LeastEnergy(
        problem, tau, value, claim.bound_j, best, best, stopped, passes, plan.elapsed_s
    )
