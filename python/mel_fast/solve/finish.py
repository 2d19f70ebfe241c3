"""What follows the core's answer, for one problem as for a row of many.

Undecided plans go to balls of higher precision; optimal ones, where it was asked for, get the least
of one budget. Both end at the time limit, and leave the plan as it was where they find nothing.
"""

import math
from time import perf_counter

from mel_fast._base.progress import Callback
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import LEAST, Status
from mel_fast.solve.escalation import escalated

ENERGY = "energy"


def unfinished(plan_status: Status | str, *, stopped: bool, then: str) -> bool:
    """Whether `finished` may have something to do."""
    if stopped:
        return False
    return plan_status == Status.UNDECIDED or (
        then in (*LEAST, ENERGY) and plan_status == Status.OPTIMAL
    )


def imported_for(then: str) -> None:
    """Import what `finished` will need, before the clock of a time limit runs."""
    if then in LEAST:
        import mel_fast.bracket.selected
    elif then == ENERGY:
        import mel_fast.bracket.energy.least  # noqa: F401


def finished(
    plan: Plan,
    *,
    stopped: bool,
    then: str,
    limit_s: float,
    threads: int,
    callback: Callback | None = None,
) -> Plan:
    """Return the plan that `solve` returns, `limit_s` seconds from now at most.

    The callback is asked as by `solve`, with what the plan has and the seconds and passes in all.

    Raises
    ------
    Interrupted
        After Ctrl-C, with the best plan so far.
    """
    begin = perf_counter()
    ended = False

    def left_s() -> float:
        if ended:
            return 0.0
        return max(limit_s - (perf_counter() - begin), 0.0) if limit_s < math.inf else limit_s

    before_s, before = plan.elapsed_s, plan

    def tell(passes: int) -> bool:
        nonlocal ended
        seconds = before_s + perf_counter() - begin
        if callback is not None and not ended:
            ended = bool(callback(before.tau, before.bound, before.passes + passes, seconds))
        return ended

    asked = None if callback is None else tell
    if plan.status is Status.UNDECIDED and not stopped:
        plan = escalated(plan, left_s, threads, spare_time=then == "time", tell=asked)
    if then in LEAST and plan.status is Status.OPTIMAL and not stopped and not ended:
        from mel_fast.bracket.selected import least_spending  # few ask for it

        plan = least_spending(plan, then, left_s(), threads, asked)
    if then == ENERGY and plan.status is Status.OPTIMAL and not stopped and not ended:
        from mel_fast.bracket.energy.least import least_energy_from  # few ask for it

        def told(_low: int, _high: int, passes: int, _elapsed_s: float) -> bool:
            return tell(passes)

        found = least_energy_from(
            plan,
            plan.tau,
            limit_s=left_s(),
            threads=threads,
            callback=None if callback is None else told,
        )
        plan = plan if found.plan is None else found.plan
    return plan
