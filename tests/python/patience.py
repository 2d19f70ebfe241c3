"""What a test may ask of time on a machine that others use too.

A call may be slowed down, or stand still for seconds: so the best of a few calls is asked, in
processor time, with room; and a limit that a search must not meet ends only what would never end.
"""

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

T = TypeVar("T")

NEVER_S = 900.0


def in_time(within_s: float, work: Callable[[], T], tries: int = 6) -> T:
    """Return what a call of `work` returned that took no more processor time than this.

    Others make some calls slow, the work itself makes all of them slow. Exceptions are the work's.
    """
    spent = []
    for _ in range(tries):
        began = time.process_time()
        found = work()
        spent.append(time.process_time() - began)
        if spent[-1] <= within_s:
            return found
    pytest.fail(f"{min(spent):.3g} s of processor time at best, where {within_s} s are allowed")


def within(most_passes: int) -> Callable[[float, float, int, float], bool]:
    """Return a callback that stops a search after so many passes, however long they take."""
    return lambda _low, _high, passes, elapsed_s: passes > most_passes or elapsed_s > NEVER_S
