"""A line on stderr that tells how far a long search has come."""

import sys
import time
from typing import Self

_AFTER_S = 2.0
_EVERY_S = 0.2


SOLVING = "tau {0}, at most {1}; {2:,} passes, {3:.0f} s"
LEAST = "more than {0:.9g}, {1:.9g} suffices; {2:,} passes, {3:.0f} s"
CYCLES = "{0:,} local cycles, at most {1:,}; {2:,} passes"
CAMPAIGN = "not below {0:.9g} s, {1:.9g} s in all; {2:,} passes, {3:.0f} s"
MOST = "{0:,} samples fit, at most {1:,}; {2:,} passes"


class Line:
    """A callback that shows its numbers in words, while the block runs.

    Silent for the first seconds and where nobody watches.
    """

    def __init__(self, words: str) -> None:
        self._words = words
        self._watched = sys.stderr is not None and sys.stderr.isatty()
        self._next = time.monotonic() + _AFTER_S
        self._width = 0

    def __call__(self, low: float, high: float, passes: int, elapsed_s: float) -> bool:
        """Show the state; never stop the work."""
        now = time.monotonic()
        if self._watched and now >= self._next:
            self._next = now + _EVERY_S
            self._show(self._words.format(low, high, passes, elapsed_s))
        return False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._width:  # take the line away again
            self._show("")
            sys.stderr.write("\r")

    def _show(self, text: str) -> None:
        sys.stderr.write(f"\r{text:<{self._width}}")
        sys.stderr.flush()
        self._width = max(self._width, len(text))
