"""What every search has: a clock, somebody who is told how far it is, and what ended it."""

from collections.abc import Callable
from typing import Any

from mel_fast.bracket.clock import Clock


class Inquiry:
    """A search of many questions; what it was asked when it is stopped is lost, nothing else.

    Once `stopped`, by the limit, the callback or Ctrl-C, nothing further is asked.
    """

    clock: Clock
    callback: Callable[..., bool | None] | None
    passes: int
    stopped: bool
    interrupted: bool

    def _run(self) -> None:
        raise NotImplementedError

    def ends(self) -> tuple[Any, Any]:
        """Return the two numbers that close in on each other, for the callback."""
        raise NotImplementedError

    @property
    def elapsed_s(self) -> float:
        """Seconds since the search began."""
        return self.clock.elapsed_s

    def run(self) -> None:
        """Close in, as far as the limit and double precision allow."""
        try:
            self._run()
        except KeyboardInterrupt:
            self.stopped = self.interrupted = True

    def tell(self, passes: int = 0) -> bool:
        """Tell how far it is, with the passes of the question at hand; say whether to stop."""
        if self.callback is not None and not self.stopped:
            self.stopped = bool(self.callback(*self.ends(), self.passes + passes, self.elapsed_s))
        return self.stopped

    @property
    def _teller(self) -> Callable[..., bool] | None:
        """For a question of the core, whose passes are counted when it is answered."""
        return None if self.callback is None else lambda *_: self.tell()

    @property
    def _part_teller(self) -> Callable[..., bool] | None:
        """For a question that is a search itself, and tells its passes so far."""
        return None if self.callback is None else lambda _low, _high, passes, _s: self.tell(passes)

    def _seen(self, interrupted: object) -> None:
        """Take note of why the core came back."""
        if interrupted:
            self.interrupted = True
        if self.interrupted or self.clock.over():
            self.stopped = True
        self.tell()
