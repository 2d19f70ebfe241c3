"""The most local cycles within an energy that all learners have in common."""

from dataclasses import dataclass
from typing import Any

from mel_fast._base.arrow import ShownTable
from mel_fast._base.frozen import Found
from mel_fast._base.progress import Callback, reporting
from mel_fast._base.units import with_unit
from mel_fast._base.validation import real
from mel_fast.bracket.clock import Agenda
from mel_fast.bracket.energy.least import LeastEnergy, least_energy_from, refuse_energies
from mel_fast.model.problem import Problem
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import Status, status_between
from mel_fast.solve.arguments import checked_problem, checked_seconds, checked_threads
from mel_fast.solve.single import solve

_PROBES = 12


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class WithinEnergy(Found, ShownTable):
    """The most local cycles for which all learners together have energy enough.

    Attributes
    ----------
    problem, energy_budget_j
        What was asked.
    tau, bound : int
        ``tau <= true optimum <= bound``; tau is 0 where no plan was found.
    plan : Plan or None
        Spends the least at `tau`, no more than the budget; what it spends and that it is in time is
        for :func:`mel_fast.verify`.
    proof : LeastEnergy or None
        Of ``bound + 1`` local cycles: impossible altogether (``proof.proof`` says so), or its
        `bound` is above the budget, as its plan's claim proves. None where nothing was proved.

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
    >>> found = mel.within(problem, energy_budget_j=1.0)
    >>> found.tau, found.proof.tau, found.proof.bound > 1.0
    (3, 4, True)
    """

    problem: Problem
    energy_budget_j: float
    tau: int
    bound: int
    plan: Plan | None
    proof: LeastEnergy | None

    def __bool__(self) -> bool:
        return self.plan is not None

    @property
    def status(self) -> Status:
        """``optimal``: tau is bound; ``infeasible``: not even one local cycle; else open."""
        return status_between(self.tau, self.bound)

    def columns(self) -> dict[str, Any]:
        """Return a table of one row."""
        names = ("energy_budget_j", "tau", "bound")
        return {"status": [str(self.status)], **{name: [getattr(self, name)] for name in names}}

    def _words(self) -> str:
        return f"{self.energy_budget_j:.6g} J, tau={self.tau}, bound={self.bound}, {self.status}"

    def summary(self) -> str:
        """Return one line of text."""
        budget = with_unit(self.energy_budget_j, "J")
        if self.plan is None or self.plan.least_energy is None:
            return f"within {budget}: no plan ({self.status}, at most tau = {self.bound})"
        spent = with_unit(self.plan.least_energy.joules, "J", 9)
        return (
            f"within {budget}: tau = {self.tau} takes {spent}, at most tau = {self.bound} "
            f"({self.status})"
        )


class _Search:
    """What is known of the largest tau whose least energy is within a budget."""

    def __init__(self, problem: Problem, budget: float, agenda: Agenda, threads: int) -> None:
        self._budget, self._agenda, self._threads = budget, agenda, threads
        self.interrupt: Interrupted | None = None
        try:
            self.first = solve(
                problem,
                time_limit_s=agenda.left(),
                threads=threads,
                then="none",
                callback=agenda.callback,
            )
        except Interrupted as stop:
            self.interrupt, self.first = stop, stop.plan
        self.fits = 0
        self.best: LeastEnergy | None = None
        self.over = self.first.bound + 1  # proved too much
        self.proof = least_energy_from(self.first, self.over)
        self.open_at = self.over  # no plan was found from here on
        self._tell(self.first.passes)

    def run(self) -> None:
        """Ask for the least energy by halves, then once more where a gap may hide a plan."""
        while self.open_at - self.fits > 1 and self._goes_on():
            self._ask((self.fits + self.open_at) // 2)
        last = max(self.fits, self.over - 1 - _PROBES)
        for tau in range(self.over - 1, last, -1):
            if not self._goes_on() or self._ask(tau):
                break
        first = self.first
        if self.fits < first.tau < self.over:  # the plan that was there first may be frugal enough
            self._learn(first.tau, least_energy_from(first, first.tau, limit_s=0.0))

    def _goes_on(self) -> bool:
        return self.interrupt is None and not self._agenda.over()

    def _ask(self, tau: int) -> bool:
        """Look for the least energy at `tau`; return whether a plan within the budget was found."""
        agenda = self._agenda
        try:
            found = least_energy_from(
                self.first,
                tau,
                limit_s=agenda.left(),
                threads=self._threads,
                callback=agenda.callback,
            )
        except Interrupted as stop:
            self.interrupt, found = stop, stop.found
        fits = self._learn(tau, found)
        self._tell(found.passes)
        return fits

    def _learn(self, tau: int, found: LeastEnergy) -> bool:
        if found.plan is not None and found.value <= self._budget:
            self.fits, self.best = tau, found
            return True
        self.open_at = min(self.open_at, tau)
        if found.bound > self._budget:
            self.over, self.proof = tau, found
        return False

    def _tell(self, passes: int) -> None:
        try:
            self._agenda.reached(self.fits, self.over - 1, passes)
        except KeyboardInterrupt as stop:
            self.interrupt = self.interrupt or _interrupted(self.first, stop)


def _interrupted(plan: Plan, cause: BaseException) -> Interrupted:
    interrupt = Interrupted(plan)
    interrupt.__cause__ = cause
    return interrupt


def within(
    problem: Problem,
    energy_budget_j: float,
    *,
    time_limit_s: float | None = None,
    threads: int = 1,
    callback: Callback | None = None,
    progress: bool = False,
) -> WithinEnergy:
    """Return the most local cycles that a common energy of all learners allows.

    The least energy grows with tau, so that the largest tau within the budget is found by halves
    over :func:`mel_fast.least`: a third price, of a joule, is what `least` divides by.

    Parameters
    ----------
    problem
        As for ``least(problem, tau, "energy_j")``.
    energy_budget_j
        Joules that all learners may spend together in one global cycle, in [1e-60, 1e60].
    time_limit_s, threads
        As for `solve`, the seconds for the whole.
    callback
        Called now and then with ``(tau, bound, passes, elapsed_s)``: a plan within the budget has
        tau local cycles, and no plan more than bound, which is 0 until it is known what fits at
        all. A true answer ends the search as the time limit does.
    progress
        Whether to draw a bar on stderr, if that is a terminal.

    Returns
    -------
    WithinEnergy

    Raises
    ------
    ValueError, TypeError
        Naming the argument, its value and the allowed range.
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
    >>> print(mel.within(problem, energy_budget_j=1.0).summary())
    within 1 J: tau = 3 takes 673.582152 mJ, at most tau = 3 (optimal)
    """
    refuse_energies(checked_problem(problem))
    budget = real("energy_budget_j", energy_budget_j)
    limit_s = checked_seconds(time_limit_s)
    threads = checked_threads(threads)
    with reporting(callback, progress, "local cycles") as report:
        search = _Search(problem, budget, Agenda(limit_s, report), threads)
        search.run()
    plan = None if search.best is None else search.best.plan
    answer = WithinEnergy(problem, budget, search.fits, search.over - 1, plan, search.proof)
    if search.interrupt is not None:
        cause = search.interrupt.__cause__
        raise Interrupted(search.first if plan is None else plan, answer) from cause
    return answer
