"""The least time to a target accuracy: how many local cycles, at which level of payload."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mel_fast._base.arithmetic import guard
from mel_fast._base.arrow import ShownTable
from mel_fast._base.drawing.palette import BLACK, LOOKS, axis, canvas, styled
from mel_fast._base.frozen import Found
from mel_fast._base.progress import EndsCallback, reporting
from mel_fast._base.units import Drawn, with_unit
from mel_fast._base.validation import choice, integer
from mel_fast.bracket.clock import Clock
from mel_fast.bracket.search import WIDTH
from mel_fast.campaigns._campaign_search import CampaignSearch, Row
from mel_fast.campaigns._candidates import Measured, levels_of
from mel_fast.model.problem import Problem
from mel_fast.planning import Least
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import SCHEMES, Scheme, Status
from mel_fast.solve.arguments import checked_problem, checked_seconds, checked_threads

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_CONSIDERED = 1_000_000


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Campaign(Found, Drawn, ShownTable):
    """The least time in which the rounds that a target accuracy needs can be done.

    What is proved is about the cycle: for the rounds as they were given, no candidate takes less
    than `bound_s`. Whether training needs so many rounds is for whoever gave them to say.

    Attributes
    ----------
    status : Status
        ``optimal``: no candidate takes less than `total_s`, to a relative 1e-9; ``feasible``: a
        limit, or `max_tau`, left open whether one does; ``infeasible``: no candidate is possible
        in a cycle of any length, or none that is ever reaches the target; ``undecided``: none was
        found.
    tau, level, rounds : int, str or None, float
        The best number of local cycles, its level (None without levels), the rounds it needs. tau
        is 0 and rounds infinite where there is none.
    cycle_s, total_s : float
        The least cycle for it, and rounds times that; infinite where there is none.
    bound_s : float
        Proved: no candidate takes less. 0 where nothing is proved.
    least : Least or None
        The best one's least cycle, with the plan that keeps it and the proof that less fails.
    table : tuple of Row
        What was solved, with ``level, tau, rounds, cycle_s, lower_s, total_s, bound_s, status``;
        of rounds in a mapping also what its bound alone ruled out.
    reasons : tuple of str
        Why something is open; empty when optimal.
    stopped : bool
        The time limit, the callback or Ctrl-C ended the search.
    passes, elapsed_s : int, float
        Passes over the learners and seconds that the search took.

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=8, cycle_s=30.0)
    >>> found = mel.campaign(problem, {1: 100, 2: 60, 4: 45})
    >>> found.tau, found.rounds, found.total_s <= found.bound_s * (1 + 1e-8)
    (2, 60.0, True)
    """

    status: Status
    tau: int
    level: str | None
    rounds: float
    cycle_s: float
    total_s: float
    bound_s: float
    least: Least | None
    table: tuple[Row, ...]
    reasons: tuple[str, ...]
    stopped: bool
    passes: int
    elapsed_s: float

    def __bool__(self) -> bool:
        return self.least is not None

    @property
    def plan(self) -> Plan | None:
        """The plan of one round of the best campaign."""
        return None if self.least is None else self.least.plan

    def columns(self) -> dict[str, Any]:
        """Return one row of `table` a candidate."""
        names = Row._fields if any(row.level is not None for row in self.table) else Row._fields[1:]
        return {name: [getattr(row, name) for row in self.table] for name in names}

    def _words(self) -> str:
        level = "" if self.level is None else f"level={self.level!r}, "
        return f"tau={self.tau}, {level}total_s={self.total_s:.9g}, {self.status}"

    def summary(self) -> str:
        """Return a few lines of text."""
        if self.least is None:
            return "\n".join((f"no campaign was found: {self.status}", *self.reasons))
        level = "" if self.level is None else f" at level {self.level}"
        line = (
            f"{with_unit(self.total_s, 's', 9)}: {self.rounds:,.6g} rounds of "
            f"{with_unit(self.cycle_s, 's', 9)} with tau = {self.tau}{level}; for these rounds "
            f"no other takes less than {with_unit(self.bound_s, 's', 9)} ({self.status})"
        )
        return "\n".join((line, *self.reasons))

    def figure(self) -> "Figure":
        """Draw the time in all over tau, one line a level (extra ``[plot]``)."""
        with styled():
            return self._drawn()

    def _drawn(self) -> "Figure":
        figure = canvas(5.6, 3.6)
        axes = figure.subplots()
        solved = [row for row in self.table if row.total_s < float("inf")]
        for number, name in enumerate(dict.fromkeys(row.level for row in solved)):
            rows = [row for row in solved if row.level == name]
            axes.plot(
                [row.tau for row in rows],
                [row.total_s for row in rows],
                **LOOKS[number % len(LOOKS)].words(size=3.5),
                label=name,
            )
        if self.least is not None:
            axes.plot([self.tau], [self.total_s], "*", color=BLACK, markersize=11, label="best")
            axes.legend()
            axes.set_xscale("log")
            axes.set_yscale("log")
        axes.set_xlabel(axis("tau"))
        axes.set_ylabel("Time to the target (s)")
        return figure


def campaign(
    problem: Problem,
    rounds: Callable[[int], float] | Mapping[int, float] | None,
    levels: Mapping[str, Any] | Measured | None = None,
    *,
    max_tau: int = 10_000,
    prune: bool = True,
    scheme: Scheme = "joint",
    time_limit_s: float | None = None,
    threads: int = 1,
    callback: EndsCallback | None = None,
    progress: bool = False,
) -> Campaign:
    """Return the least time to a target: over tau and level, rounds needed times the least cycle.

    With more local cycles a round takes longer and fewer rounds are needed. The least cycle of
    each tau is bracketed by `least`; candidates that a proved bound rules out are not solved.

    Parameters
    ----------
    problem
        What to plan; its own `cycle_s` is of no consequence.
    rounds
        Rounds needed with tau local cycles, at least 1 and infinite where the target is never
        reached: a function of tau, or a mapping ``{tau: rounds}``, which is all that is considered
        then. Numbers need not be whole: they are used as they are. May be None where every level
        has its own.
    levels
        A mapping from names to levels of payload: a Payload, which stands in the problem's place
        of it, or a Problem of its own; or a tuple of that and the level's own `rounds`. Or what
        `mel_fast.payload.measure` returns, all levels with the same `rounds`.
    max_tau
        Of functions: the largest tau that is considered. Larger ones are ruled out where a single
        round of `max_tau`, or of fewer local cycles, takes longer than the best campaign; the
        answer is not ``optimal`` where that is not so.
    prune
        False to solve every candidate, also those that cannot be the best.
    scheme, threads
        As for `solve`.
    time_limit_s
        Seconds after which what is known is returned as it is; None for no limit.
    callback
        Called now and then with ``(bound_s, total_s, passes, elapsed_s)``; a true answer stops the
        search as the time limit does.
    progress
        Whether to draw a bar on stderr, if that is a terminal.

    Returns
    -------
    Campaign
        Its answer is proved for the rounds as given when the status is optimal.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, its value and the allowed range.
    Interrupted
        After Ctrl-C; its ``found`` is what was known.

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=20, cycle_s=30.0, seed=0)
    >>> found = mel.campaign(problem, rounds=lambda tau: 20 + 200 / tau)
    >>> found.status, found.total_s == found.rounds * found.cycle_s
    (<Status.OPTIMAL: 'optimal'>, True)
    """
    checked_problem(problem)
    asked = levels_of(problem, rounds, levels)
    max_tau = integer("max_tau", max_tau, low=1, high=_MOST_CONSIDERED)
    if not isinstance(prune, bool):
        raise TypeError(f"prune is a {type(prune).__name__}: must be True or False")
    choice("scheme", scheme, SCHEMES)
    limit = checked_seconds(time_limit_s)
    threads = checked_threads(threads)
    with reporting(callback, progress, "total_s") as report:
        search = CampaignSearch(asked, max_tau, prune, scheme, Clock(limit), threads, report)
        search.run()
    found = _result(search)
    if search.interrupted:
        raise Interrupted(found.plan, found) from search.cause
    return found


def _result(search: CampaignSearch) -> Campaign:
    level, tau, rounds, least = search.best or (None, 0, float("inf"), None)
    total_s, bound_s = search.total_s, min(search.bound_s, search.total_s, search.beyond_s)
    if least is not None:
        closed = total_s - bound_s <= 2.0 * WIDTH * total_s
        status = Status.OPTIMAL if closed else Status.FEASIBLE
    else:
        impossible = not search.stopped and search.nothing_is_possible
        status = Status.INFEASIBLE if impossible else Status.UNDECIDED
        bound_s = float("inf") if impossible else bound_s
    return Campaign(
        status=status,
        tau=tau,
        level=None if level is None else level.name,
        rounds=rounds,
        cycle_s=float("inf") if least is None else least.amount,
        total_s=total_s,
        bound_s=bound_s,
        least=least,
        table=search.rows(),
        reasons=_reasons(search, status),
        stopped=search.stopped,
        passes=search.passes,
        elapsed_s=search.clock.elapsed_s,
    )


def _reasons(search: CampaignSearch, status: Status) -> tuple[str, ...]:
    if status is Status.OPTIMAL:
        return ()
    if search.stopped:
        return ("stopped by a limit, the callback or Ctrl-C",)
    if status is Status.INFEASIBLE and search.never_there:
        return ("no candidate that fits into a cycle ever reaches the target: all need inf rounds",)
    if status is Status.INFEASIBLE:
        return ("no candidate fits into a cycle of any length",)
    if search.beyond:
        return (f"tau above max_tau = {search.most_tau:,} was not considered and may take less",)
    return ("double precision cannot bracket the best cycle more closely",)


guard(__name__)
