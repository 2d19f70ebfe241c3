"""What both curves of energy share: columns of both ends, and a figure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mel_fast._base.arrow import ShownTable
from mel_fast._base.drawing import palette
from mel_fast._base.frozen import Found
from mel_fast._base.optional import require
from mel_fast._base.units import Drawn
from mel_fast._base.validation import FloatColumn
from mel_fast.bracket.clock import Agenda
from mel_fast.bracket.energy.least import LeastEnergy
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import Status

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def told_of(agenda: Agenda, passes: int, plan: Plan) -> Interrupted | None:
    """Take note of one more step of a curve; return what Ctrl-C in a callback is to raise."""
    try:
        agenda.answered(passes)
    except KeyboardInterrupt as stop:
        interrupt = Interrupted(plan)
        interrupt.__cause__ = stop
        return interrupt
    return None


def status_of(steps: Sequence[LeastEnergy]) -> Status:
    """Return what is proved of all steps: `feasible` where of some more is known than of others."""
    said = {step.status for step in steps}
    if len(said) == 1:
        return said.pop()
    if not said:
        return Status.UNDECIDED
    return Status.OPTIMAL if said == {Status.OPTIMAL, Status.INFEASIBLE} else Status.FEASIBLE


class EnergyCurve(Found, Drawn, ShownTable):
    """Least energies in a row."""

    __slots__ = ()

    steps: tuple[LeastEnergy, ...]

    @property
    def value(self) -> FloatColumn:
        """Joules of the plans, float64 of shape (steps,); infinite without one."""
        return np.array([step.value for step in self.steps])

    @property
    def bound(self) -> FloatColumn:
        """Joules that no plan goes below, float64 of shape (steps,)."""
        return np.array([step.bound for step in self.steps])

    @property
    def status(self) -> Status:
        """``optimal``: every step is proved; ``infeasible``: every one is impossible."""
        return status_of(self.steps)

    def _across(self) -> tuple[str, Sequence[float]]:
        raise NotImplementedError

    def _steps(self) -> list[str]:
        """Return what each step is of, in words."""
        raise NotImplementedError

    def summary(self) -> str:
        """Return a table as text."""
        rows = list(zip(self._steps(), self.steps, strict=True))
        wide = max((len(name) for name, _ in rows), default=0)
        return "\n".join(
            [
                f"least energy, {self._words()}:",
                *(f"  {name:<{wide}}   {step.ends()}" for name, step in rows),
            ]
        )

    def figure(self) -> "Figure":
        """Draw the least energy (extra ``[plot]``)."""
        figures = require("matplotlib.figure", extra="plot")
        figure: Figure = figures.Figure(figsize=(5.6, 3.6), layout="constrained")
        axes = figure.subplots()
        name, across = self._across()
        there = np.isfinite(self.value)
        x = np.asarray(across)[there]
        axes.plot(x, self.value[there], "o-", color=palette.BLUE, markersize=3.5, linewidth=1.6)
        if (there & (self.value - self.bound > 1e-3 * self.value)).any():
            axes.fill_between(
                x,
                self.bound[there],
                self.value[there],
                color=palette.BLUE,
                alpha=0.2,
                linewidth=0.0,
            )
        axes.set_xlabel(name)
        axes.set_ylabel("Energy (J)")
        axes.set_ylim(bottom=0.0)
        axes.spines[["top", "right"]].set_visible(False)
        return figure

    def _columns(self) -> dict[str, Any]:
        return {
            "energy_j": self.value,
            "no_less_than_j": self.bound,
            "status": [str(step.status) for step in self.steps],
        }
