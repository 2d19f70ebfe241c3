"""The arguments that solving and planning share, checked in one place."""

import math
from typing import TYPE_CHECKING, Any

from mel_fast._base.validation import integer, real

if TYPE_CHECKING:
    from mel_fast.model.problem import Problem

MAX_THREADS = 1024


def checked_problem(value: Any) -> "Problem":
    """Return `value`, a Problem."""
    from mel_fast.model.problem import Problem

    if not isinstance(value, Problem):
        raise TypeError(f"problem is a {type(value).__name__}: must be a Problem")
    return value


def checked_start(value: Any) -> "tuple[float, float, float] | None":
    """Return where a plan's search ended, None without a plan."""
    if value is None:
        return None
    from mel_fast.plans.plan import Plan

    if not isinstance(value, Plan):
        raise TypeError(f"start is a {type(value).__name__}: must be a Plan or None")
    return value._end


def checked_seconds(value: Any, field: str = "time_limit_s") -> float:
    """Return a time limit in seconds, infinite for None."""
    return math.inf if value is None else real(field, value, low=0.0, high=math.inf)


def checked_threads(value: Any) -> int:
    """Return a number of threads."""
    return integer("threads", value, low=1, high=MAX_THREADS)


def checked_executor(value: Any) -> None:
    """Refuse what cannot run tasks."""
    if value is not None and not callable(getattr(value, "submit", None)):
        raise TypeError(
            f"executor is a {type(value).__name__}: must have the method submit of "
            "concurrent.futures.Executor"
        )
