"""The plan that spends the least of one budget among those with the best tau."""

from collections.abc import Callable

from mel_fast.bracket.clock import Clock
from mel_fast.bracket.least_search import LeastSearch
from mel_fast.bracket.search import amount_of
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.plan import Plan

LEAST = {"power": "power_w", "bandwidth": "bandwidth_hz"}


def least_spending(
    plan: Plan,
    then: str,
    limit_s: float,
    threads: int,
    tell: Callable[[int], bool] | None = None,
) -> Plan:
    """Return an optimal plan with the least of one budget instead; as it is if none is found.

    `tell` is told the passes so far now and then, and says whether to stop.
    """
    over = LEAST[then]
    clock = Clock(limit_s)
    asked = None if tell is None else lambda lower, amount, passes, elapsed_s: tell(passes)
    words = (plan.problem, plan.tau, over, plan.scheme, threads, clock, plan._end, asked)
    search = LeastSearch(*words)
    if plan.at_least or plan.problem.has_choice:
        from mel_fast.bracket.selected import SelectedLeast

        search = SelectedLeast(*words, at_least=plan.at_least or 0)
    search.possible = True
    search.run()
    if search.interrupted:
        raise Interrupted(plan) from search.cause
    if search.best is None or search.upper > amount_of(plan.problem, over):
        return plan
    return plan._with_allocation(search.best.allocation())
