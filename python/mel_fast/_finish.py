"""What follows the core's answer, for one problem as for a row of many.

Undecided plans go to balls of higher precision; optimal ones, where it was asked for, get the least
of one budget. Both end at the time limit, and leave the plan as it was where they find nothing.
"""

import math
from time import perf_counter

from mel_fast.plan import Plan
from mel_fast.status import Status

SPARING = ("power", "bandwidth")


def unfinished(plan_status: Status | str, *, stopped: bool, then: str) -> bool:
    """Whether `finished` may have something to do."""
    if plan_status == Status.UNDECIDED:
        return not stopped
    return then in SPARING and plan_status == Status.OPTIMAL


def finished(plan: Plan, *, stopped: bool, then: str, limit_s: float, threads: int) -> Plan:
    """Return the plan that `solve` returns, `limit_s` seconds from now at most.

    Raises
    ------
    Interrupted
        After Ctrl-C, with the best plan so far.
    """
    begin = perf_counter()

    def left_s() -> float:
        return max(limit_s - (perf_counter() - begin), 0.0) if limit_s < math.inf else limit_s

    if plan.status is Status.UNDECIDED and not stopped:
        from mel_fast._escalation import escalated

        plan = escalated(plan, left_s, threads, spare_time=then == "time")
    if then in SPARING and plan.status is Status.OPTIMAL:
        from mel_fast.planning import sparing

        plan = sparing(plan, then, left_s(), threads)
    return plan
