"""What a long call raises after Ctrl-C: what was known by then is not lost."""

from typing import Any

from mel_fast.plans.plan import Plan


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a long call, and itself a KeyboardInterrupt, with what was known by then.

    Attributes
    ----------
    plan : Plan
        The best plan so far; `solve_many` has `plans` in its place.
    plans : Plans
        Every row that `solve_many` had solved; the others have `plan` in its place.
    table : SweepTable
        Every row that `sweep` had solved.
    found
        What `least`, `frontier` or `cp_sat.bracket` knew by then; None from the others.

    Examples
    --------
    >>> import mel_fast as mel
    >>> def stop(tau, bound, passes, elapsed_s):
    ...     raise KeyboardInterrupt
    >>> try:
    ...     plan = mel.solve(mel.scenarios.table1(200_000, idle="excused"), callback=stop)
    ... except mel.Interrupted as interrupted:
    ...     plan = interrupted.plan
    >>> plan.tau <= plan.bound
    True
    """

    plan: Plan
    plans: Any
    table: Any
    found: Any

    def __init__(self, plan: Plan | None = None, found: Any = None, **known: Any) -> None:
        known = known or {"plan": plan}
        super().__init__(f"interrupted; what was known by then is in .{next(iter(known))}")
        self.__dict__.update(known, found=found)
