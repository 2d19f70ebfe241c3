"""Where tau steps up as the deadline or a budget grows."""

import time
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from mel_fast._asked import asked_problem, asked_seconds, asked_threads
from mel_fast._atomic import beside
from mel_fast._optional import require
from mel_fast._units import with_unit
from mel_fast._validation import FloatColumn, IntColumn, choice, integer, real
from mel_fast.plan import SCHEMES, Scheme
from mel_fast.planning._least import NAMES, UNITS, Least, Resource, search_least
from mel_fast.planning._search import RESOURCES, amount_of
from mel_fast.problem import Problem
from mel_fast.solving import solve
from mel_fast.status import Status

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Frontier:
    """The breakpoints between `start` and `stop`, each enclosed and proved from both sides.

    Attributes
    ----------
    problem, over, scheme
        What was asked; `over` as for `least`.
    start, stop : float
        The range of the resource.
    first : int
        tau at `start`; 0 where not even one local cycle fits.
    steps : tuple of Least
        One for each further tau up to the one at `stop`, in ascending order.
    """

    problem: Problem
    over: Resource
    scheme: Scheme
    start: float
    stop: float
    first: int
    steps: tuple[Least, ...]

    @property
    def tau(self) -> IntColumn:
        """Tau from each breakpoint on, int64 of shape (steps,)."""
        return np.array([step.tau for step in self.steps], dtype=np.int64)

    @property
    def amount(self) -> FloatColumn:
        """The breakpoints: amounts that attain `tau`, float64 of shape (steps,)."""
        return np.array([step.amount for step in self.steps])

    @property
    def lower(self) -> FloatColumn:
        """Amounts proved too little for `tau`, a relative 1e-9 below; shape (steps,)."""
        return np.array([step.lower for step in self.steps])

    @property
    def status(self) -> Status:
        """``optimal`` when every breakpoint is enclosed to a relative 1e-9, else ``feasible``."""
        closed = all(step.status is Status.OPTIMAL for step in self.steps)
        return Status.OPTIMAL if closed else Status.FEASIBLE

    def tau_at(self, amount: float) -> tuple[int, int]:
        """Return tau at an amount in the range, as the bounds (attained, not ruled out).

        Both are equal but within the enclosure of a breakpoint.

        Raises
        ------
        ValueError
            Outside the range.
        """
        amount = real("amount", amount, low=self.start, high=self.stop)
        attained = max((s.tau for s in self.steps if s.amount <= amount), default=self.first)
        possible = max((s.tau for s in self.steps if s.lower < amount), default=self.first)
        return attained, max(attained, possible)

    def to_dataframe(self) -> "pd.DataFrame":
        """Return one row a breakpoint: tau, amount, lower, seconds (extra ``[pandas]``)."""
        pandas = require("pandas", extra="pandas")
        columns = {"tau": self.tau, self.over: self.amount, "proved_too_little": self.lower}
        return pandas.DataFrame(columns)

    def summary(self) -> str:
        """Return a table of the breakpoints as text."""
        unit = UNITS[self.over]
        lines = [
            f"tau = {self.first} at {with_unit(self.start, unit)} of {NAMES[self.over]}; "
            f"breakpoints up to {with_unit(self.stop, unit)} ({self.status}):"
        ]
        lines += [
            f"  tau = {step.tau:<6} from {with_unit(step.amount, unit, 12):<22}"
            f" not with {with_unit(step.lower, unit, 12)}"
            for step in self.steps
        ]
        return "\n".join(lines)

    def figure(self) -> "Figure":
        """Draw tau as a staircase over the resource (extra ``[plot]``)."""
        figures = require("matplotlib.figure", extra="plot")
        figure: Figure = figures.Figure(figsize=(5.6, 3.6), layout="constrained")
        axes = figure.subplots()
        edges = [self.start, *(step.amount for step in self.steps), self.stop]
        levels = [self.first, *(step.tau for step in self.steps)]
        axes.stairs(levels, edges, baseline=None, color="#0072B2", linewidth=1.6)
        axes.plot(edges[1:-1], levels[1:], "o", color="#0072B2", markersize=3.5)
        now = amount_of(self.problem, self.over)
        if self.start <= now <= self.stop:
            axes.axvline(now, color="#B22222", linewidth=1.0, linestyle="--", label="the problem's")
            axes.legend(frameon=False)
        axes.set_xlabel(f"{NAMES[self.over].capitalize()} ({UNITS[self.over]})")
        axes.set_ylabel("Local cycles")
        axes.set_ylim(bottom=0.0)
        axes.locator_params(axis="y", integer=True)
        axes.spines[["top", "right"]].set_visible(False)
        return figure

    def plot(self, path: str | PathLike[str]) -> None:
        """Write the figure to a .png, .svg or .pdf file, whole or not at all (extra ``[plot]``).

        Raises
        ------
        OSError
            When the file cannot be written.
        """
        figure = self.figure()
        with beside(path) as temporary:
            figure.savefig(temporary, dpi=200)


def frontier(
    problem: Problem,
    over: Resource = "cycle_s",
    *,
    start: float | None = None,
    stop: float | None = None,
    scheme: Scheme = "joint",
    time_limit_s: float | None = None,
    threads: int = 1,
    max_steps: int = 1000,
) -> Frontier:
    """Return the breakpoints at which tau steps up as the deadline or one budget grows.

    Parameters
    ----------
    problem
        What to plan; all but `over` stays as it is.
    over
        ``"cycle_s"``, ``"bandwidth_hz"`` or ``"power_w"``.
    start, stop
        The range. By default it ends at twice what the problem has, and begins just below the
        first breakpoint.
    scheme, threads
        As for `solve`.
    time_limit_s
        Seconds for the whole; breakpoints that it cuts short have wider, still valid, enclosures.
    max_steps
        Refuse a range with more breakpoints than this.

    Returns
    -------
    Frontier

    Raises
    ------
    ValueError, TypeError
        Naming the argument, its value and the allowed range; also where the range holds more than
        `max_steps` breakpoints.
    Interrupted
        A KeyboardInterrupt, after Ctrl-C.
    """
    asked_problem(problem)
    choice("over", over, RESOURCES)
    choice("scheme", scheme, SCHEMES)
    threads = asked_threads(threads)
    limit = asked_seconds(time_limit_s)
    end = time.perf_counter() + limit
    top = 2.0 * amount_of(problem, over) if stop is None else real("stop", stop)
    words: dict[str, Any] = {"scheme": scheme, "threads": threads, "then": "none"}
    last = solve(problem.with_budgets(**{over: top}), time_limit_s=limit, **words)
    first = 0
    if start is not None:
        begin = real("start", start, high=top)
        left = max(end - time.perf_counter(), 0.0)
        first = solve(problem.with_budgets(**{over: begin}), time_limit_s=left, **words).tau
    count = last.tau - first
    if count > integer("max_steps", max_steps, low=1):
        raise ValueError(
            f"start = {start!r}, stop = {top!r}: {count:,} breakpoints lie between them, more than "
            f"max_steps = {max_steps}; give a narrower range or a larger max_steps"
        )
    steps: list[Least] = []
    where = last.end
    for tau in range(first + 1, last.tau + 1):
        left = max(end - time.perf_counter(), 0.0) / (last.tau + 1 - tau)
        step = search_least(problem, tau, over, scheme, left, threads, where)
        steps.append(step)
        where = step.end
    begin = start if start is not None else (steps[0].lower or steps[0].amount if steps else top)
    return Frontier(problem, over, scheme, begin, top, first, tuple(steps))
