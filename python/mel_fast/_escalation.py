"""Decide by balls of higher precision what double precision cannot tell.

The core counts every rounding error of its own against its answers, and says ``undecided`` where an
instance lies within some 1e-13 of the edge. It is then asked again for a tentative answer, rounding
errors left out; Arb's balls decide whether that plan and that proof are right. Nothing is believed
unchecked: where the balls refuse, the plan stays ``undecided``.
"""

import importlib.util

from mel_fast import _core
from mel_fast.plan import Plan, Scheme
from mel_fast.problem import Problem
from mel_fast.status import Interrupted, Status

LARGEST = 20_000  # learners: the check takes some seconds there


def escalated(
    plan: Plan,
    problem: Problem,
    scheme: Scheme,
    code: int,
    limit_s: float,
    threads: int,
    spare_time: bool,
) -> Plan:
    """Return a plan with more proved than `plan`, or `plan` itself."""
    if len(problem.learners) > LARGEST or importlib.util.find_spec("flint") is None:
        return plan
    result = _core.solve(problem.core, code, limit_s, threads, None, spare_time, plan.end, True)
    if result.interrupted:
        raise Interrupted(plan)
    tentative = Plan._from_core(problem, scheme, result)
    if tentative.status not in (Status.OPTIMAL, Status.INFEASIBLE):
        return plan
    from mel_fast.verify import verify

    return tentative if verify(problem, tentative).ok else plan
