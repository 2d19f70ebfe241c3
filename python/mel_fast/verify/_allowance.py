"""How much work a check may do: until when, and how many steps; looked at everywhere inside it."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

STEPS = 10**8  # where no time limit is given: some ten minutes
_CHUNK = 4096
_LONGEST_S = 1e9

T = TypeVar("T")


class NotCheckedError(Exception):
    """The check has used up what it was allowed; the message says what that was."""


class Allowance:
    """Steps and seconds that are left to one check."""

    __slots__ = ("_seconds", "_until", "steps")

    def __init__(self, time_limit_s: float | None) -> None:
        self._seconds = time_limit_s
        seconds = float("inf") if time_limit_s is None else min(time_limit_s, _LONGEST_S)
        self._until = time.monotonic() + seconds
        self.steps = 0

    def use(self, steps: int) -> None:
        """Count steps; raise NotCheckedError where none or no time is left."""
        self.steps += steps
        if self._seconds is None:
            if self.steps > STEPS:
                raise NotCheckedError(
                    f"the check needs more than {STEPS:,} steps: give it a time limit "
                    "(--time-limit-s, time_limit_s) to let it take longer"
                )
        elif time.monotonic() >= self._until:
            raise NotCheckedError(f"the time limit of {self._seconds:g} s is over")


_CURRENT: ContextVar[Allowance | None] = ContextVar("allowance", default=None)


@contextmanager
def allowed(allowance: Allowance) -> Iterator[None]:
    """Let everything called from within use this allowance."""
    token = _CURRENT.set(allowance)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def tick(steps: int = 1) -> None:
    """Count steps of the check that is under way, if there is one."""
    allowance = _CURRENT.get()
    if allowance is not None:
        allowance.use(steps)


def ticked(items: Sequence[T]) -> Iterator[T]:
    """Yield the items, looking at the clock now and then."""
    for begin in range(0, len(items), _CHUNK):
        tick(0)
        yield from items[begin : begin + _CHUNK]
