"""The least energy of each number of local cycles."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from mel_fast._base.validation import IntColumn
from mel_fast.bracket.energy.least import LeastEnergy, least_energy_from, refuse_energies
from mel_fast.model.problem import Problem
from mel_fast.planning.energy.curve import EnergyCurve
from mel_fast.solve.single import solve


@dataclass(frozen=True, slots=True, repr=False)
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
    """

    problem: Problem
    steps: tuple[LeastEnergy, ...]
    most: int

    @property
    def tau(self) -> IntColumn:
        """Local cycles, int64 of shape (steps,)."""
        return np.array([step.tau for step in self.steps], dtype=np.int64)

    def columns(self) -> dict[str, Any]:
        """Return one row a tau."""
        return {"tau": self.tau, **self._columns()}

    def _across(self) -> tuple[str, Sequence[float]]:
        return "Local cycles", self.tau.tolist()

    def _words(self) -> str:
        return f"energy_j, tau=1 to {len(self.steps)}"

    def summary(self) -> str:
        """Return a table as text."""
        return "\n".join(step.summary() for step in self.steps)


def energy_frontier(
    problem: Problem, *, limit_s: float, threads: int, max_steps: int
) -> EnergyFrontier:
    """Do what ``frontier(problem, "energy_j")`` does."""
    refuse_energies(problem)
    begin = perf_counter()

    def left_s() -> float:
        return max(limit_s - (perf_counter() - begin), 0.0) if limit_s < math.inf else limit_s

    best = solve(problem, time_limit_s=None if math.isinf(limit_s) else limit_s, then="none")
    if best.tau > max_steps:
        raise ValueError(
            f"tau = 1 to {best.tau:,}: more than max_steps = {max_steps}; give a larger max_steps"
        )
    steps = tuple(
        least_energy_from(best, tau, limit_s=left_s(), threads=threads)
        for tau in range(1, best.tau + 1)
    )
    return EnergyFrontier(problem, steps, best.bound)
