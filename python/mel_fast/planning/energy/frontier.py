"""The least energy of each number of local cycles."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mel_fast._base.validation import IntColumn
from mel_fast.bracket.clock import Agenda
from mel_fast.bracket.energy.least import (
    LeastEnergy,
    least_energy_from,
    nothing_better,
    raised,
)
from mel_fast.model.problem import Problem
from mel_fast.planning.energy.curve import EnergyCurve, status_of, told_of
from mel_fast.plans.claims.least_energy import SpendsLeast
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.status import Status
from mel_fast.solve.single import solve


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class EnergyFrontier(EnergyCurve):
    """For each tau from 1 on the least energy that all learners spend together.

    Attributes
    ----------
    problem : Problem
        What was asked.
    steps : tuple of LeastEnergy
        One for each tau, with its plan and its bound; the last is the most that fit.
    most : int
        No plan has more local cycles.

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
    >>> curve = mel.frontier(problem, "energy_j")
    >>> curve.most, curve.tau.tolist()[-1], curve.steps[-1].status
    (12, 12, <Status.OPTIMAL: 'optimal'>)
    >>> [round(step.value, 2) for step in curve.steps[:4]]
    [0.03, 0.21, 0.67, 1.58]
    """

    problem: Problem
    steps: tuple[LeastEnergy, ...]
    most: int

    @property
    def tau(self) -> IntColumn:
        """Local cycles, int64 of shape (steps,)."""
        return np.array([step.tau for step in self.steps], dtype=np.int64)

    @property
    def status(self) -> Status:
        """``optimal``: every step is proved, and that no more local cycles fit.

        ``infeasible``: not even one local cycle fits.
        """
        if self.most == 0:
            return Status.INFEASIBLE
        said = status_of(self.steps)
        return Status.FEASIBLE if said is Status.OPTIMAL and len(self.steps) < self.most else said

    def columns(self) -> dict[str, Any]:
        """Return one row a tau."""
        return {"tau": self.tau, **self._columns()}

    def _across(self) -> tuple[str, Sequence[float]]:
        return "Local cycles", self.tau.tolist()

    def _words(self) -> str:
        return f"tau=1 to {len(self.steps)}, {self.status}"

    def _steps(self) -> list[str]:
        return [f"tau = {step.tau}" for step in self.steps]


def energy_frontier(
    problem: Problem, agenda: Agenda, *, threads: int, max_steps: int
) -> EnergyFrontier:
    """Do what ``frontier(problem, "energy_j")`` does.

    Raises
    ------
    Interrupted
        After Ctrl-C; its ``found`` is what was known by then.
    """
    try:
        best = solve(
            problem,
            time_limit_s=agenda.left(),
            threads=threads,
            then="none",
            callback=agenda.callback,
        )
    except Interrupted as stop:
        nothing = EnergyFrontier(problem, (), stop.plan.bound)
        raise Interrupted(stop.plan, nothing) from stop.__cause__
    if best.tau > max_steps:
        raise ValueError(
            f"tau = 1 to {best.tau:,}: more than max_steps = {max_steps}; give a larger max_steps"
        )
    agenda.total = best.tau
    agenda.passes += best.passes
    steps: list[LeastEnergy] = []
    interrupt: Interrupted | None = None
    open_step: LeastEnergy | None = None
    fewer: SpendsLeast | None = None  # what is known of the local cycles before
    for tau in range(1, best.tau + 1):
        if interrupt is not None or agenda.over():  # the plan of the best tau is enough
            if open_step is None:
                open_step = nothing_better(best, tau, fewer=fewer)
            steps.append(replace(open_step, tau=tau))
            continue
        try:
            step = least_energy_from(
                best, tau, limit_s=agenda.left(), threads=threads, callback=agenda.callback
            )
        except Interrupted as stop:
            interrupt, step = stop, stop.found
        steps.append(raised(step, fewer))
        known = steps[-1].plan
        fewer = fewer if known is None else known.least_energy
        interrupt = interrupt or told_of(agenda, step.passes, best)
    found = EnergyFrontier(problem, tuple(steps), best.bound)
    if interrupt is not None:
        raise Interrupted(best, found) from interrupt.__cause__
    return found
