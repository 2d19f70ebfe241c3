"""A line on stderr that tells how far a long search has come."""

import sys
import time

_AFTER_S = 2.0
_EVERY_S = 0.2


class _Line:
    """Silent for the first seconds and where nobody watches."""

    def __init__(self) -> None:
        self._watched = sys.stderr is not None and sys.stderr.isatty()
        self._next = time.monotonic() + _AFTER_S
        self._width = 0

    def _due(self) -> bool:
        if not self._watched or time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + _EVERY_S
        return True

    def clear(self) -> None:
        """Take the line away again."""
        if self._width:
            self._show("")
            sys.stderr.write("\r")

    def _show(self, text: str) -> None:
        sys.stderr.write(f"\r{text:<{self._width}}")
        sys.stderr.flush()
        self._width = max(self._width, len(text))


class SolveProgress(_Line):
    """A callback for `mel_fast.solve`."""

    def __call__(self, tau: int, bound: int, passes: int, elapsed_s: float) -> bool:
        """Show the state; never stop the solver."""
        if self._due():
            self._show(f"tau {tau}, at most {bound}; {passes:,} passes, {elapsed_s:.0f} s")
        return False


class LeastProgress(_Line):
    """A callback for `mel_fast.least`."""

    def __call__(self, lower: float, amount: float, passes: int, elapsed_s: float) -> bool:
        """Show the two ends; never stop the search."""
        if self._due():
            ends = f"more than {lower:.9g}, {amount:.9g} suffices"
            self._show(f"{ends}; {passes:,} passes, {elapsed_s:.0f} s")
        return False


class MostProgress(_Line):
    """A callback for `mel_fast.most`."""

    def __call__(self, value: int, bound: int, passes: int, elapsed_s: float) -> bool:
        """Show the two ends; never stop the search."""
        if self._due():
            self._show(f"{value:,} samples fit, at most {bound:,}; {passes:,} passes")
        return False
