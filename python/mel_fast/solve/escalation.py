"""Decide by balls of higher precision what double precision cannot tell.

The core counts every rounding error of its own against its answers, and says ``undecided`` where an
instance lies within some 1e-13 of the edge. It is then asked again for a tentative answer, rounding
errors left out; Arb's balls decide whether that plan and that proof are right. Nothing is believed
unchecked: where the balls refuse, or time runs out, the plan stays ``undecided``.
"""

from collections.abc import Callable

from mel_fast import _core
from mel_fast._base.optional import installed
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import SCHEMES, Status

LARGEST = 20_000  # learners: the check takes some seconds there
_CHECK_S = 1e-4  # seconds of the check, a learner and box: it is not begun where they are not left


def escalated(
    plan: Plan,
    left_s: Callable[[], float],
    threads: int,
    *,
    spare_time: bool,
    tell: Callable[[int], bool] | None = None,
) -> Plan:
    """Return a plan with more proved than `plan`, or `plan` itself."""
    problem, scheme = plan.problem, plan.scheme
    size = len(problem.learners)
    if size > LARGEST or not installed("flint"):
        return plan
    code = SCHEMES.index(scheme)
    asked = None if tell is None else lambda tau, bound, passes, elapsed_s: tell(passes)
    core, start = problem.core_for(scheme), plan._end
    result = _core.solve(core, code, left_s(), threads, asked, spare_time, start, True)
    if result.interrupted is not None:
        raise Interrupted(plan) from result.interrupted
    tentative = Plan._from_core(problem, scheme, result)
    if tentative.status not in (Status.OPTIMAL, Status.INFEASIBLE):
        return plan
    boxes = 1 + result.tree_learner.size
    if left_s() < size * boxes * _CHECK_S:
        return plan
    from mel_fast.verify import verify

    def stop(*_: object) -> bool:
        return left_s() <= 0.0 or (tell is not None and tell(result.passes))

    before_s = plan.elapsed_s
    try:
        right = verify(problem, tentative, callback=stop).ok
    except KeyboardInterrupt as interrupt:
        raise Interrupted(plan) from interrupt
    if not right:
        return plan
    tentative.__dict__["elapsed_s"] = before_s + result.elapsed_s
    return tentative
