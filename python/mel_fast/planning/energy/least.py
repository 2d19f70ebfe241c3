"""The least energy at a number of local cycles: what fits at all is proved first."""

import math

from mel_fast._base.progress import EndsCallback
from mel_fast.bracket.clock import Clock
from mel_fast.bracket.energy.least import LeastEnergy, least_energy_from, refuse_energies
from mel_fast.model.problem import Problem
from mel_fast.plans.interrupted import Interrupted
from mel_fast.solve.single import solve


def refuse_energy_of(problem: Problem, scheme: str, at_least: int | None) -> None:
    """Refuse what the search for the least energy does not know.

    Raises
    ------
    ValueError
        Naming the argument or the column.
    """
    refuse_energies(problem, at_least=at_least)
    if scheme != "joint":
        raise ValueError(f"the least energy_j with scheme = {scheme!r}: must be 'joint'")


def least_energy(
    problem: Problem, tau: int, limit_s: float, threads: int, report: EndsCallback | None
) -> LeastEnergy:
    """Prove what fits at all, then look for the least energy at tau."""
    clock, stopped, before = Clock(limit_s), False, 0

    def tell(_low: int, _high: int, passes: int, _elapsed_s: float) -> bool:
        nonlocal stopped
        if report is not None and not stopped:
            stopped = bool(report(0.0, math.inf, before + passes, clock.elapsed_s))
        return stopped

    asked = None if report is None else tell
    try:
        plan = solve(
            problem, time_limit_s=clock.left(), threads=threads, then="none", callback=asked
        )
    except Interrupted as stop:
        raise Interrupted(stop.plan, LeastEnergy(problem, tau, stopped=True)) from stop.__cause__
    before = plan.passes
    left_s = 0.0 if stopped else clock.left()
    return least_energy_from(plan, tau, limit_s=left_s, threads=threads, callback=asked)
