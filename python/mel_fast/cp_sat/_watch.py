"""When a search has to end: its time limit, or the caller's wish."""

from __future__ import annotations

import time
from collections.abc import Callable

EVERY_S = 0.01


class TimeIsUpError(Exception):
    """Ends whatever is being worked out; what was found before stays."""


class Watch:
    """A time limit and a callback, looked at between steps that take no long time.

    `tell(elapsed_s)` is asked every 10 ms at most; a true answer ends the search.
    """

    def __init__(self, limit_s: float, tell: Callable[[float], bool] | None = None) -> None:
        self._began = time.perf_counter()
        self._end = self._began + limit_s
        self._next = self._began
        self._tell = tell
        self._stopped = False

    def left(self) -> float:
        """Return the seconds that are left, never below zero."""
        if self._stopped:
            return 0.0
        now = time.perf_counter()
        if self._tell is not None and now >= self._next:
            self._next = now + EVERY_S
            self._stopped = self._tell(now - self._began)
        return 0.0 if self._stopped else max(self._end - now, 0.0)

    def over(self) -> bool:
        """Say whether nothing is left."""
        return self.left() == 0.0

    def check(self) -> None:
        """Raise TimeIsUpError when nothing is left."""
        if self.over():
            raise TimeIsUpError


def unlimited() -> Watch:
    """Return a watch that never ends anything."""
    return Watch(float("inf"))
