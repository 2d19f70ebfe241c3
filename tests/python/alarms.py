"""Alarms: what a signal's handler raises at a moment that no test can choose."""

import gc
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

# What is raised within a finaliser comes out nowhere, by Python's own rules: who waits for it winds
# the alarm up again, and the warning about it is no fault of the work.
LOST_IN_FINALISERS = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@contextmanager
def ringing(raised: BaseException, after_s: float = 0.02) -> Iterator[Callable[[], None]]:
    """Raise it from the handler of a signal some time later; yields what winds it up again.

    Callbacks of the garbage collector (Hypothesis has one) lose what is raised in them: there are
    none meanwhile.
    """

    def ring(*_: object) -> None:
        raise raised

    def wind() -> None:
        if signal.getitimer(signal.ITIMER_REAL)[0] == 0.0:
            signal.setitimer(signal.ITIMER_REAL, after_s)

    callbacks, gc.callbacks[:] = gc.callbacks[:], []
    before = signal.signal(signal.SIGALRM, ring)
    wind()
    try:
        yield wind
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        gc.callbacks[:] = callbacks


def until_it_rings(
    work: Callable[[], object], raised: BaseException, after_s: float = 0.02
) -> BaseException:
    """Return what comes out of work repeated until something does, however fast the machine."""
    try:
        with ringing(raised, after_s) as wind:
            while True:
                work()
                wind()
    except BaseException as found:
        return found
