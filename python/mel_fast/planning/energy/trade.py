"""The trade of time against energy: the least energy of one tau, deadline by deadline."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.progress import Callback, reporting
from mel_fast._base.validation import MAX_INTEGER, FloatColumn, integer, scalar_or_column
from mel_fast.bracket.clock import Agenda
from mel_fast.bracket.energy.least import LeastEnergy, least_energy_from, refuse_energies
from mel_fast.model.problem import Problem
from mel_fast.planning._least import least
from mel_fast.planning.energy.curve import EnergyCurve, told_of
from mel_fast.plans.interrupted import Interrupted
from mel_fast.solve.arguments import checked_problem, checked_seconds, checked_threads
from mel_fast.solve.single import solve

_POINTS = 16
_LONGEST = 4.0  # times the shortest cycle


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class EnergyTrade(EnergyCurve):
    """The least energy of `tau` local cycles in cycles of several lengths.

    Attributes
    ----------
    problem : Problem
        What was asked; its own deadline is of no consequence.
    tau : int
        Local cycles.
    cycle_s : ndarray of float64
        The deadlines, rising.
    steps : tuple of LeastEnergy
        One for each deadline.

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
    >>> curve = mel.trade(problem, 4, [20.0, 30.0, 40.0])
    >>> [round(step.value, 3) for step in curve.steps]
    [1.58, 0.651, 0.354]
    """

    problem: Problem
    tau: int
    cycle_s: FloatColumn
    steps: tuple[LeastEnergy, ...]

    def columns(self) -> dict[str, Any]:
        """Return one row a deadline."""
        return {"cycle_s": self.cycle_s, **self._columns()}

    def _across(self) -> tuple[str, Sequence[float]]:
        return "Global cycle (s)", self.cycle_s.tolist()

    def _words(self) -> str:
        ends = f"{self.cycle_s[0]:.6g} to {self.cycle_s[-1]:.6g} s" if self.steps else "no deadline"
        return f"tau={self.tau}, {ends}, {self.status}"

    def _steps(self) -> list[str]:
        return [f"{cycle:.6g} s" for cycle in self.cycle_s.tolist()]


def trade(
    problem: Problem,
    tau: int,
    cycles: Sequence[float] | NDArray[Any] | None = None,
    *,
    time_limit_s: float | None = None,
    threads: int = 1,
    callback: Callback | None = None,
    progress: bool = False,
) -> EnergyTrade:
    """Return the least energy of `tau` local cycles for each of several deadlines.

    Parameters
    ----------
    problem
        As for ``least(problem, tau, "energy_j")``.
    tau
        Local cycles, at least 1.
    cycles
        Deadlines in seconds; None: from the shortest possible (a thousandth more) to four times
        that.
    time_limit_s, threads
        As for `solve`, the seconds for the whole; where they do not suffice for the shortest
        deadline, there are no steps.
    callback
        Called now and then with ``(deadlines done, deadlines, passes, elapsed_s)``; a true answer
        stops as the time limit does. How many there are is 0 until the shortest is known.
    progress
        Whether to draw a bar on stderr, if that is a terminal.

    Returns
    -------
    EnergyTrade

    Raises
    ------
    ValueError, TypeError
        Naming the argument, its value and the allowed range; also where no deadline suffices.
    Interrupted
        After Ctrl-C; its ``found`` is what was known by then.

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
    >>> mel.trade(problem, 1, [20.0, 30.0]).columns()["energy_j"].round(4).tolist()
    [0.0298, 0.0141]
    """
    refuse_energies(checked_problem(problem))
    tau = integer("tau", tau, low=1, high=MAX_INTEGER)
    limit_s = checked_seconds(time_limit_s)
    threads = checked_threads(threads)
    with reporting(callback, progress, "deadlines") as report:
        agenda = Agenda(limit_s, report)
        try:
            deadlines = _deadlines(problem, tau, cycles, agenda, threads)
        except Interrupted as stop:
            nothing = EnergyTrade(problem, tau, np.empty(0), ())
            raise Interrupted(stop.plan, nothing) from stop.__cause__
        agenda.total = deadlines.size
        steps, interrupt = _steps(problem, tau, deadlines, agenda, threads)
    deadlines.flags.writeable = False
    found = EnergyTrade(problem, tau, deadlines, tuple(steps))
    if interrupt is not None:
        raise Interrupted(interrupt.plan, found) from interrupt.__cause__
    return found


def _deadlines(
    problem: Problem,
    tau: int,
    cycles: Sequence[float] | NDArray[Any] | None,
    agenda: Agenda,
    threads: int,
) -> FloatColumn:
    if cycles is not None:
        return _checked(problem, np.atleast_1d(scalar_or_column("cycles", cycles)))
    known = least(
        problem,
        tau,
        "cycle_s",
        time_limit_s=agenda.left(),
        threads=threads,
        callback=agenda.callback,
    )
    agenda.passes += known.passes
    shortest = known.amount
    if math.isinf(shortest) and not agenda.over():
        raise ValueError(f"tau = {tau}: no deadline was found that suffices")
    points = 0 if math.isinf(shortest) else _POINTS
    return shortest * np.geomspace(1.001, _LONGEST, points)


def _checked(problem: Problem, cycles: FloatColumn) -> FloatColumn:
    """Return the deadlines in order; one that is too long is refused before any is planned."""
    if cycles.size:
        last = int(cycles.argmax())
        try:
            problem.with_budgets(cycle_s=float(cycles[last]))
        except ValueError as refusal:
            raise ValueError(f"cycles[{last}] = {cycles[last]:g}: {refusal}") from None
    return np.unique(cycles)


def _steps(
    problem: Problem, tau: int, deadlines: FloatColumn, agenda: Agenda, threads: int
) -> tuple[list[LeastEnergy], Interrupted | None]:
    steps: list[LeastEnergy] = []
    interrupt: Interrupted | None = None
    words: dict[str, Any] = {"threads": threads, "callback": agenda.callback}
    for cycle in deadlines.tolist():
        here = problem.with_budgets(cycle_s=cycle)
        if interrupt is not None or agenda.over():
            steps.append(LeastEnergy(here, tau, stopped=True))
            continue
        try:
            plan = solve(here, time_limit_s=agenda.left(), then="none", **words)
            agenda.passes += plan.passes
            found = least_energy_from(plan, tau, limit_s=agenda.left(), **words)
        except Interrupted as stop:
            interrupt = stop
            known = stop.found if stop.found is not None else LeastEnergy(here, tau, stopped=True)
            steps.append(known)
            continue
        steps.append(found)
        interrupt = told_of(agenda, found.passes, plan)
    return steps, interrupt
