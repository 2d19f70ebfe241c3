"""What is left of a time limit, for questions that are asked one after the other."""

import time
from collections.abc import Callable

from mel_fast._base.progress import Report


class Clock:
    """Counts down from a limit in seconds; infinite for none."""

    def __init__(self, limit_s: float) -> None:
        self._began = time.perf_counter()
        self._end = self._began + limit_s

    @property
    def elapsed_s(self) -> float:
        """Seconds since it was started."""
        return time.perf_counter() - self._began

    def left(self) -> float:
        """Return the seconds that are left, never below zero."""
        return max(self._end - time.perf_counter(), 0.0)

    def share(self, questions: int) -> float:
        """Return what one of so many questions may take, this one and those still to come."""
        return self.left() / max(questions, 1)

    def over(self) -> bool:
        """Say whether nothing is left."""
        return self.left() == 0.0


class Agenda(Clock):
    """A clock that is told of every question answered, and tells how many of all that makes.

    Once stopped, nothing is left of the time.
    """

    def __init__(self, limit_s: float, report: Report | None = None) -> None:
        super().__init__(limit_s)
        self._report = report
        self.done = 0
        self.total = 0
        self.passes = 0
        self.stopped = False

    def left(self) -> float:
        """Return the seconds that are left, none after a stop."""
        return 0.0 if self.stopped else super().left()

    def answered(self, passes: int = 0) -> None:
        """Take note of one more answer, and what it cost."""
        self.done += 1
        self.passes += passes
        self._ask(0)

    def reached(self, done: int, total: int, passes: int = 0) -> None:
        """Take note of where the two numbers are now, and what it cost to get there."""
        self.done, self.total = done, total
        self.passes += passes
        self._ask(0)

    @property
    def callback(self) -> Callable[..., bool] | None:
        """For whatever answers one question: its passes so far come on top."""
        return None if self._report is None else self._tell

    def _tell(self, _low: object, _high: object, passes: int, _elapsed_s: object) -> bool:
        return self._ask(passes)

    def _ask(self, passes: int) -> bool:
        if self._report is not None and not self.stopped:
            self.stopped = self._report(self.done, self.total, self.passes + passes, self.elapsed_s)
        return self.stopped
