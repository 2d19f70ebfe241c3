"""The least deadline or budget that a number of local cycles needs."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, overload

from mel_fast._base.arrow import ShownTable
from mel_fast._base.frozen import Found
from mel_fast._base.progress import EndsCallback, reporting
from mel_fast._base.units import with_unit
from mel_fast._base.validation import MAX_INTEGER, choice, integer
from mel_fast.bracket.clock import Clock
from mel_fast.bracket.inquiry import Start
from mel_fast.bracket.least_search import LeastSearch
from mel_fast.bracket.search import RESOURCES, WIDTH, amount_of, least_stated, most_stated
from mel_fast.model.links import refuse_energy
from mel_fast.model.problem import Problem
from mel_fast.model.radio import whole_blocks
from mel_fast.plans.claims.no_more import checked_at_least
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import SCHEMES, Scheme, Status
from mel_fast.solve.arguments import (
    checked_problem,
    checked_seconds,
    checked_start,
    checked_threads,
)

if TYPE_CHECKING:
    from mel_fast.bracket.energy.least import LeastEnergy

Resource = Literal["cycle_s", "bandwidth_hz", "power_w"]

UNITS = {"cycle_s": "s", "bandwidth_hz": "Hz", "power_w": "W"}
NAMES = {"cycle_s": "cycle", "bandwidth_hz": "bandwidth", "power_w": "power"}


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Least(Found, ShownTable):
    """The least of one resource with which `tau` local cycles fit, bracketed between two proofs.

    Attributes
    ----------
    problem : Problem
        What was asked about; its own amount of the resource is of no consequence.
    over : str
        ``"cycle_s"``, ``"bandwidth_hz"`` or ``"power_w"``.
    tau : int
        The number of local cycles that is to fit.
    scheme : str
        As for `solve`.
    lower : float
        Proved too little: with this amount, or less, no plan has `tau` local cycles. 0 when every
        amount that can be stated suffices, and where nothing was proved before the search was
        stopped; the largest amount that can be stated when none suffices.
    amount : float
        Suffices: `plan` attains it. Infinite when no plan was found; then no amount up to `lower`
        suffices.
    plan : Plan or None
        A plan with at least `tau` local cycles for the problem with `amount`, with its own proof.
    proof : Plan or None
        The claim that `tau` is impossible with `lower`: a plan object without an allocation, which
        `verify` checks and `save` writes as any other.
    stopped : bool
        The time limit, the callback or Ctrl-C ended the search.
    passes, elapsed_s : int, float
        Passes over the learners and seconds that the search took.
    end : tuple or None
        Where the search ended: tau and the prices there, for the next search to begin at.
    blocks : int or None
        Over a bandwidth that comes in blocks: the number that suffices, which `amount` holds as the
        least float64 that does. `optimal` then means that one block less does not suffice.

    Examples
    --------
    >>> import mel_fast as mel
    >>> found = mel.least(mel.scenarios.table1(learners=4), tau=1, over="bandwidth_hz")
    >>> found.status, 0.0 < found.lower < found.amount, found.plan.tau
    (<Status.OPTIMAL: 'optimal'>, True, 1)
    """

    problem: Problem
    over: Resource
    tau: int
    scheme: Scheme
    lower: float = 0.0  # by default nothing is known, for a limit came first
    amount: float = math.inf
    plan: Plan | None = None
    proof: Plan | None = None
    stopped: bool = True
    elapsed_s: float = 0.0
    end: Start | None = None
    blocks: int | None = None
    passes: int = 0

    def __bool__(self) -> bool:
        return self.plan is not None

    @property
    def width(self) -> float:
        """Relative width of the bracket, ``(amount - lower) / amount``; 1 without a plan."""
        return 1.0 if math.isinf(self.amount) else (self.amount - self.lower) / self.amount

    @property
    def status(self) -> Status:
        """``optimal``: bracketed to a relative 1e-9; ``infeasible``: no amount suffices.

        ``feasible``: both ends are proved but further apart; ``undecided``: no plan was found.
        What `proof` claims where the status is ``infeasible`` is that not even the largest amount
        that a problem may have suffices: 1e60, or the cycle in which some learner works 2**53 times
        through a sample.
        """
        if self.blocks is None:
            closed = self.width <= WIDTH or self.amount <= least_stated(self.problem, self.over)
        else:
            ruled_out = whole_blocks(self.lower, self.problem.radio.block_hz or 1.0)
            closed = ruled_out >= self.blocks - 1
        if closed:
            return Status.OPTIMAL
        if self.plan is not None:
            return Status.FEASIBLE
        nowhere = self.lower >= most_stated(self.problem, self.over)
        return Status.INFEASIBLE if nowhere else Status.UNDECIDED

    @property
    def cycle_s(self) -> float:
        """The deadline that the plan keeps: `amount` when that is what was asked for."""
        return self.amount if self.over == "cycle_s" else self.problem.cycle_s

    @property
    def lower_s(self) -> float:
        """The deadline proved too short; only where `over` is ``"cycle_s"``."""
        if self.over != "cycle_s":
            raise AttributeError(f"lower_s: this is the least {self.over}; its lower end is .lower")
        return self.lower

    @property
    def factor(self) -> float:
        """`amount` as a multiple of what the problem has."""
        return self.amount / amount_of(self.problem, self.over)

    def columns(self) -> dict[str, Any]:
        """Return the bracket as a table of one row."""
        bracket = ("lower", "amount", "factor", "width")
        names = ("over", "tau", "scheme", *bracket, "passes", "elapsed_s")
        return {"status": [str(self.status)], **{name: [getattr(self, name)] for name in names}}

    def _words(self) -> str:
        return (
            f"{self.over}, tau={self.tau}, scheme={self.scheme!r}, lower={self.lower:.10g}, "
            f"amount={self.amount:.10g}, {self.status}"
        )

    def summary(self) -> str:
        """Return one or two lines of text."""
        name, unit = NAMES[self.over], UNITS[self.over]
        if self.status is Status.INFEASIBLE:
            return f"tau = {self.tau}: infeasible, no {name} is enough, however much there is"
        if self.plan is None:
            return (
                f"tau = {self.tau} needs more than {with_unit(self.lower, unit)} of {name}: "
                f"{self.status}, no amount was found that suffices"
            )
        return (
            f"tau = {self.tau} needs {with_unit(self.amount, unit, 12)} of {name}, "
            f"{self.factor:.6g} times what there is; "
            f"{with_unit(self.lower, unit, 12)} are proved too little "
            f"(relative width {self.width:.2g}, {self.status})"
        )


@overload
def least(
    problem: Problem,
    tau: int,
    over: Literal["energy_j"],
    *,
    scheme: Scheme = ...,
    time_limit_s: float | None = ...,
    threads: int = ...,
    callback: EndsCallback | None = ...,
    progress: bool = ...,
    start: Plan | None = ...,
    at_least: int | None = ...,
) -> "LeastEnergy": ...
@overload
def least(
    problem: Problem,
    tau: int,
    over: Resource,
    *,
    scheme: Scheme = ...,
    time_limit_s: float | None = ...,
    threads: int = ...,
    callback: EndsCallback | None = ...,
    progress: bool = ...,
    start: Plan | None = ...,
    at_least: int | None = ...,
) -> Least: ...
def least(
    problem: Problem,
    tau: int,
    over: Resource | Literal["energy_j"],
    *,
    scheme: Scheme = "joint",
    time_limit_s: float | None = None,
    threads: int = 1,
    callback: EndsCallback | None = None,
    progress: bool = False,
    start: Plan | None = None,
    at_least: int | None = None,
) -> "Least | LeastEnergy":
    """Return the least deadline, bandwidth, power or energy with which `tau` local cycles fit.

    The others stay as the problem has them.

    Parameters
    ----------
    problem
        What to plan.
    tau
        Local cycles that must fit, at least 1.
    over
        Which of ``"cycle_s"``, ``"bandwidth_hz"``, ``"power_w"`` is to be least, or
        ``"energy_j"``: what all learners spend together, where they send over the shared link with
        power of their own and know what a flop takes (docs/energy.md).
    scheme, threads
        As for `solve`.
    time_limit_s
        Seconds after which the bracket is returned as it is; None for no limit.
    callback
        Called now and then with ``(lower, amount, passes, elapsed_s)``, the ends so far; a true
        answer stops the search as the time limit does.
    progress
        Whether to draw a bar on stderr, if that is a terminal.
    start
        A plan for this or a neighbouring problem, whose prices are where the search begins.
    at_least
        Learners that must have samples, as for `solve`; None for any number. With it, and with
        learners that are `optional`, the scheme is ``"joint"``, and a gap that whole learners
        leave may keep the ends apart.

    Returns
    -------
    Least
        Its `lower` and `amount` bracket the answer to a relative 1e-9 when the status is optimal;
        `infeasible`, with its proof, where no amount is enough. Over ``"energy_j"`` a
        :class:`LeastEnergy` with `value`, `bound` and `plan`, optimal where both agree to 1e-6.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, its value and the allowed range.
    Interrupted
        A KeyboardInterrupt, after Ctrl-C; its ``plan`` is the best one so far, its ``found`` the
        bracket.

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=4, cycle_s=30.0)
    >>> found = mel.least(problem, tau=2, over="power_w")
    >>> found.amount / found.lower < 1 + 1e-8, mel.verify(found.plan.problem, found.plan).ok
    (True, True)
    """
    checked_problem(problem)
    members = checked_at_least(at_least) or 0
    choice("over", over, (*RESOURCES, "energy_j"))
    choice("scheme", scheme, SCHEMES)
    tau = integer("tau", tau, low=1, high=MAX_INTEGER)
    limit = checked_seconds(time_limit_s)
    threads = checked_threads(threads)
    where = checked_start(start)
    if over == "energy_j":
        from mel_fast.planning.energy.least import least_energy, refuse_energy_of

        refuse_energy_of(problem, scheme, at_least)
    with reporting(callback, progress, over) as report:
        if over == "energy_j":
            return least_energy(problem, tau, limit, threads, report)
        return search_least(problem, tau, over, scheme, limit, threads, where, report, members)


def search_least(
    problem: Problem,
    tau: int,
    over: Resource,
    scheme: Scheme,
    limit_s: float,
    threads: int,
    start: Start | None,
    callback: EndsCallback | None = None,
    at_least: int = 0,
) -> Least:
    """Do what `least` does for arguments that are known to be right.

    Raises
    ------
    ValueError
        For what learners that may sit out do not know: another scheme, the energy of sending.
    """
    chosen = at_least or problem.has_choice
    if chosen:
        from mel_fast.bracket.selected import SelectedLeast  # before the clock runs
    words = (problem, tau, over, scheme, threads, Clock(limit_s), start, callback)
    search = LeastSearch(*words)
    if chosen:
        what = "at_least" if at_least else "optional"
        if scheme != "joint":
            raise ValueError(
                f"{what} with scheme = {scheme!r}: must be 'joint': others could take part at "
                "every amount that is asked about"
            )
        refuse_energy(problem, what)
        search = SelectedLeast(*words, at_least=at_least)
    search.run()
    try:
        best = search.plan()
    except KeyboardInterrupt as stop:
        search.stopped = search.interrupted = True
        search.cause = stop
        best = search.plan()
    found = Least(
        problem=problem,
        over=over,
        tau=tau,
        scheme=scheme,
        lower=search.lower,
        amount=search.upper,
        plan=best,
        proof=search.proof(),
        stopped=search.stopped,
        elapsed_s=search.elapsed_s,
        end=search.start,
        blocks=search.blocks,
        passes=search.passes,
    )
    if search.interrupted:
        plan = found.plan if found.plan is not None else found.proof
        raise Interrupted(search.nothing() if plan is None else plan, found) from search.cause
    return found


def fastest(
    problem: Problem,
    tau: int,
    *,
    scheme: Scheme = "joint",
    time_limit_s: float | None = None,
    threads: int = 1,
    callback: EndsCallback | None = None,
    progress: bool = False,
    start: Plan | None = None,
) -> Least:
    """Return the shortest global cycle in which `tau` local cycles fit.

    An alias of ``least(problem, tau, "cycle_s")``, with the same options.

    Parameters
    ----------
    problem, tau, scheme, time_limit_s, threads, callback, progress, start
        As in :func:`mel_fast.least`; times in seconds.

    Returns
    -------
    Least
        With ``cycle_s`` the deadline that suffices and ``lower_s`` the one that does not.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, its value and its range.

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=4, cycle_s=30.0)
    >>> found = mel.fastest(problem, tau=2)
    >>> found.lower_s < found.cycle_s < 60.0, found.plan.tau
    (True, 2)
    """
    return least(
        problem,
        tau,
        "cycle_s",
        scheme=scheme,
        time_limit_s=time_limit_s,
        threads=threads,
        callback=callback,
        progress=progress,
        start=start,
    )
