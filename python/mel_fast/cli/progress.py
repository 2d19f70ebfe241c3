"""A line on stderr that tells how far a long solve has come."""

import sys
import time

_AFTER_S = 2.0
_EVERY_S = 0.2


class SolveProgress:
    """A callback for `mel_fast.solve`; silent for the first seconds and where nobody watches."""

    def __init__(self) -> None:
        self._watched = sys.stderr is not None and sys.stderr.isatty()
        self._next = time.monotonic() + _AFTER_S
        self._width = 0

    def __call__(self, tau: int, bound: int, passes: int, elapsed_s: float) -> bool:
        """Show the state; never stop the solver."""
        if self._watched and time.monotonic() >= self._next:
            self._next = time.monotonic() + _EVERY_S
            self._show(f"tau {tau}, at most {bound}; {passes:,} passes, {elapsed_s:.0f} s")
        return False

    def clear(self) -> None:
        """Take the line away again."""
        if self._width:
            self._show("")
            sys.stderr.write("\r")

    def _show(self, text: str) -> None:
        sys.stderr.write(f"\r{text:<{self._width}}")
        sys.stderr.flush()
        self._width = max(self._width, len(text))
