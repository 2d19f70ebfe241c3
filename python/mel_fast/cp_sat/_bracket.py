"""The door: arguments checked, then a search from both sides."""

from __future__ import annotations

from typing import Literal

from mel_fast._base.progress import Callback, Report, reporting
from mel_fast._base.validation import choice, integer, real
from mel_fast.cp_sat._models import import_cp_model
from mel_fast.cp_sat._responses import Responses, Scheme
from mel_fast.cp_sat._result import Bracket
from mel_fast.cp_sat._search import Search
from mel_fast.cp_sat._watch import Watch
from mel_fast.model.problem import Problem
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import SCHEMES, Status

Formulation = Literal["tau_by_tau", "monolithic"]

FORMULATIONS: tuple[Formulation, ...] = ("tau_by_tau", "monolithic")
MOST_STEPS = 4096


def bracket(
    problem: Problem,
    *,
    bandwidth_steps: int = 64,
    power_steps: int = 64,
    time_limit_s: float = 60.0,
    formulation: Formulation = "tau_by_tau",
    scheme: Scheme = "joint",
    callback: Callback | None = None,
    progress: bool = False,
) -> Bracket:
    """Bracket the largest feasible tau by two discretised CP-SAT models.

    Parameters
    ----------
    problem
        What to plan.
    bandwidth_steps, power_steps
        Grid cells of each learner in bandwidth and in power, 1 to 4096 each. More steps close the
        bracket further and take longer. Where bandwidth comes in resource blocks, a learner that
        could have up to `bandwidth_steps` of them is offered every number.
    time_limit_s
        Seconds for everything, building the models included. A question without an answer in time
        leaves the bracket wider, never wrong.
    formulation
        ``"tau_by_tau"`` asks one feasibility question a tau; ``"monolithic"`` makes tau a variable
        of one model a side.
    scheme
        ``"joint"``, ``"task_only"`` or ``"resource_only"``, as in :func:`mel_fast.solve`.
    callback
        Called now and then with ``(lower, upper, questions, elapsed_s)``; a true answer ends the
        search as the time limit does.
    progress
        Whether to draw a bar on stderr, if that is a terminal.

    Returns
    -------
    Bracket
        ``lower <= tau* <= upper``, the plan behind `lower`, and all statuses.

    Raises
    ------
    ImportError
        Without OR-Tools, naming the extra.
    ValueError, TypeError
        For arguments out of range, or a model too large to be built.
    OverflowError
        When exact sums would not fit CP-SAT's 64-bit integers.
    Interrupted
        A KeyboardInterrupt, after Ctrl-C; its ``found`` is the bracket so far.
    RuntimeError
        When CP-SAT's outer model rules out a tau for which a plan is held: a bug in the solver or
        here, to be decided by :func:`mel_fast.verify`.

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=2, cycle_s=30.0)
    >>> found = mel.cp_sat.bracket(problem, bandwidth_steps=8, power_steps=8)
    >>> found.lower <= mel.solve(problem).tau <= found.upper
    True
    """
    if not isinstance(problem, Problem):
        raise TypeError(f"problem is a {type(problem).__name__}: must be a Problem")
    steps = (
        integer("bandwidth_steps", bandwidth_steps, low=1, high=MOST_STEPS),
        integer("power_steps", power_steps, low=1, high=MOST_STEPS),
    )
    limit_s = real("time_limit_s", time_limit_s, low=0.0)
    choice("scheme", scheme, SCHEMES)
    choice("formulation", formulation, FORMULATIONS)
    import_cp_model()
    with reporting(callback, progress, "tau") as report:
        return _bracket(problem, scheme, steps, formulation, limit_s, report)


def _bracket(
    problem: Problem,
    scheme: Scheme,
    steps: tuple[int, int],
    formulation: Formulation,
    limit_s: float,
    report: Report | None,
) -> Bracket:
    search: Search | None = None

    def tell(elapsed_s: float) -> bool:
        assert report is not None
        if search is None:
            return False
        return report(search.lower, search.upper, len(search.attempts), elapsed_s)

    watch = Watch(limit_s, None if report is None else tell)
    search = Search(Responses(problem, scheme), steps, watch)
    try:
        search.bracket_without_search()
        if formulation == "monolithic":
            search.all_taus_at_once()
        else:
            search.tau_by_tau()
    except KeyboardInterrupt as stop:
        found = search.result()
        plan = found.lower_plan
        if plan is None:
            plan = Plan(problem, scheme=scheme, status=Status.UNDECIDED, tau=0, bound=found.upper)
        raise Interrupted(plan, found) from stop
    return search.result()
