"""Where tau steps up as the deadline or a budget grows."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from mel_fast._base.arrow import ShownTable
from mel_fast._base.frozen import Found
from mel_fast._base.progress import Callback, reporting
from mel_fast._base.units import Drawn, with_unit
from mel_fast._base.validation import FloatColumn, IntColumn, choice, integer, real
from mel_fast.bracket.clock import Agenda
from mel_fast.bracket.search import RESOURCES, amount_of, least_stated
from mel_fast.model.problem import Problem
from mel_fast.planning._least import NAMES, UNITS, Least, Resource
from mel_fast.planning._steps import Work
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.status import SCHEMES, Scheme, Status
from mel_fast.solve.arguments import checked_problem, checked_seconds, checked_threads

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mel_fast.planning.energy.frontier import EnergyFrontier


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Frontier(Found, Drawn, ShownTable):
    """The breakpoints between `start` and `stop`, each bracketed and proved from both sides.

    Attributes
    ----------
    problem, over, scheme
        What was asked; `over` as for `least`.
    start, stop : float
        The range of the resource.
    first : int
        tau at `start`; 0 where not even one local cycle fits.
    steps : tuple of Least
        One for each further tau up to the one attained at `stop`, in ascending order. Those that a
        limit cut short are not ``optimal``: their ends are what was proved of them or follows from
        their neighbours, and may be as far apart as the range.
    most : tuple of int
        No plan has more local cycles at `start` (just below it, where that was left out) and at
        `stop` than these two: what is attained there, unless a limit or rounding left that open.

    Examples
    --------
    >>> import mel_fast as mel
    >>> front = mel.frontier(mel.scenarios.table1(learners=4, cycle_s=20.0), stop=40.0)
    >>> bool((front.tau[1:] == front.tau[:-1] + 1).all()), int(front.tau[-1])
    (True, 2)
    """

    problem: Problem
    over: Resource
    scheme: Scheme
    start: float
    stop: float
    first: int
    steps: tuple[Least, ...]
    most: tuple[int, int]

    @property
    def last(self) -> int:
        """Tau attained at `stop`."""
        return self.first + len(self.steps)

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
        """``optimal`` when every breakpoint is there, bracketed to a relative 1e-9.

        Else ``feasible``, or ``undecided`` where nothing is attained and it is not proved that
        nothing can be.
        """
        closed = all(step.status is Status.OPTIMAL for step in self.steps)
        if closed and self.most == (self.first, self.last):
            return Status.OPTIMAL
        return Status.FEASIBLE if self.last else Status.UNDECIDED

    def tau_at(self, amount: float) -> tuple[int, int]:
        """Return tau at an amount in the range, as the bounds (attained, not ruled out).

        Both are equal but within the bracket of a breakpoint.

        Raises
        ------
        ValueError
            Outside the range.
        """
        amount = real("amount", amount, low=self.start, high=self.stop)
        attained = max((s.tau for s in self.steps if s.amount <= amount), default=self.first)
        ruled_out = min((s.tau for s in self.steps if s.lower >= amount), default=self.most[1] + 1)
        if amount == self.start:
            ruled_out = min(ruled_out, self.most[0] + 1)
        return attained, max(attained, ruled_out - 1)

    def columns(self) -> dict[str, Any]:
        """Return one row a breakpoint: tau, what suffices, what is proved too little, status."""
        return {
            "tau": self.tau,
            self.over: self.amount,
            "proved_too_little": self.lower,
            "status": [str(step.status) for step in self.steps],
        }

    def _words(self) -> str:
        return (
            f"{self.over} {self.start:.6g} to {self.stop:.6g}, scheme={self.scheme!r}, "
            f"tau={self.first} to {self.last}, {self.status}"
        )

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
            + ("" if step.status is Status.OPTIMAL else f" ({step.status})")
            for step in self.steps
        ]
        for most, attained, name, end in (
            (self.most[0], self.first, "start", self.start),
            (self.most[1], self.last, "stop", self.stop),
        ):
            if most > attained:
                lines.append(
                    f"  open: at the {name}, {with_unit(end, unit)}, tau = {attained} is attained "
                    f"and only tau = {most + 1} ruled out"
                )
        return "\n".join(lines)

    def figure(self) -> "Figure":
        """Draw tau as a staircase over the resource (extra ``[plot]``)."""
        from mel_fast._base.drawing.palette import styled

        with styled():
            return self._drawn()

    def _drawn(self) -> "Figure":
        from mel_fast._base.drawing.palette import BLUE, DEADLINE, axis, canvas

        figure = canvas(5.6, 3.6)
        axes = figure.subplots()
        edges = [self.start, *(step.amount for step in self.steps), self.stop]
        levels = [self.first, *(step.tau for step in self.steps)]
        axes.stairs(levels, edges, baseline=None, color=BLUE, linewidth=1.6)
        axes.plot(edges[1:-1], levels[1:], "o", color=BLUE, markersize=3.5)
        now = amount_of(self.problem, self.over)
        if self.start <= now <= self.stop:
            axes.axvline(now, color=DEADLINE, linewidth=1.0, linestyle="--", label="the problem's")
            axes.legend()
        axes.set_xlabel(axis(self.over))
        axes.set_ylabel(axis("tau"))
        axes.set_ylim(bottom=0.0)
        axes.locator_params(axis="y", integer=True)
        return figure


@overload
def frontier(
    problem: Problem,
    over: Literal["energy_j"],
    *,
    start: float | None = ...,
    stop: float | None = ...,
    scheme: Scheme = ...,
    time_limit_s: float | None = ...,
    threads: int = ...,
    callback: Callback | None = ...,
    progress: bool = ...,
    max_steps: int = ...,
) -> "EnergyFrontier": ...
@overload
def frontier(
    problem: Problem,
    over: Resource = ...,
    *,
    start: float | None = ...,
    stop: float | None = ...,
    scheme: Scheme = ...,
    time_limit_s: float | None = ...,
    threads: int = ...,
    callback: Callback | None = ...,
    progress: bool = ...,
    max_steps: int = ...,
) -> Frontier: ...
def frontier(
    problem: Problem,
    over: Resource | Literal["energy_j"] = "cycle_s",
    *,
    start: float | None = None,
    stop: float | None = None,
    scheme: Scheme = "joint",
    time_limit_s: float | None = None,
    threads: int = 1,
    callback: Callback | None = None,
    progress: bool = False,
    max_steps: int = 1000,
) -> "Frontier | EnergyFrontier":
    """Return the breakpoints at which tau steps up as the deadline or one budget grows.

    Parameters
    ----------
    problem
        What to plan; all but `over` stays as it is.
    over
        ``"cycle_s"``, ``"bandwidth_hz"`` or ``"power_w"``; or ``"energy_j"``: the least energy of
        each tau that fits, an :class:`EnergyFrontier`.
    start, stop
        The range. By default it ends at twice what the problem has, and begins just below the
        first breakpoint.
    scheme, threads
        As for `solve`.
    time_limit_s
        Seconds for the whole, half of them at most for tau at the ends of the range; breakpoints
        that it cuts short have wider, still valid, brackets.
    callback
        Called now and then with ``(breakpoints done, breakpoints, passes, elapsed_s)``; a true
        answer stops the search as the time limit does. How many there are is 0 until tau at `stop`
        is known.
    progress
        Whether to draw a bar on stderr, if that is a terminal.
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
        A KeyboardInterrupt, after Ctrl-C; its ``plan`` is the one at `stop`, its ``found`` the
        frontier so far.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=4, cycle_s=20.0)
    >>> front = mel.frontier(problem, "cycle_s", stop=40.0)
    >>> front.tau[:3].tolist(), bool((np.diff(front.amount) > 0).all())
    ([1, 2], True)
    """
    limit_s = checked_seconds(time_limit_s)
    checked_problem(problem)
    choice("over", over, (*RESOURCES, "energy_j"))
    choice("scheme", scheme, SCHEMES)
    threads = checked_threads(threads)
    if over == "energy_j":
        if scheme != "joint" or start is not None or stop is not None:
            raise ValueError(
                "over = 'energy_j': takes no start or stop, and scheme = 'joint' alone"
            )
        steps_most = integer("max_steps", max_steps, low=1)
        from mel_fast.bracket.energy.least import refuse_energies
        from mel_fast.planning.energy.frontier import energy_frontier

        refuse_energies(problem)
        with reporting(callback, progress, "breakpoints") as report:
            return energy_frontier(
                problem, Agenda(limit_s, report), threads=threads, max_steps=steps_most
            )
    top = 2.0 * amount_of(problem, over) if stop is None else real("stop", stop)
    begin = None if start is None else real("start", start, high=top)
    most_steps = integer("max_steps", max_steps, low=1)
    with reporting(callback, progress, "breakpoints") as report:
        work = Work(problem, over, scheme, threads, Agenda(limit_s, report))
        last = work.at(top, 0.5)
        low = None if begin is None else work.at(begin, 0.5)
        first = 0 if low is None else low.tau
        if last.tau - first > most_steps:
            raise ValueError(
                f"start = {start!r}, stop = {top!r}: {last.tau - first:,} breakpoints lie between "
                f"them, more than max_steps = {max_steps}; give a narrower range or a larger "
                "max_steps"
            )
        steps = work.steps(first, last)
    if begin is None:
        begin = steps[0].lower or least_stated(problem, over) if steps else top
    nothing_below = bool(steps) and (steps[0].lower > 0.0 or steps[0].status is Status.OPTIMAL)
    most_at_start = low.bound if low is not None else 0 if nothing_below else last.bound
    found = Frontier(
        problem, over, scheme, begin, top, first, tuple(steps), (most_at_start, last.bound)
    )
    if work.interrupted:
        raise Interrupted(last, found) from work.cause
    return found
