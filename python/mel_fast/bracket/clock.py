"""What is left of a time limit, for questions that are asked one after the other."""

import time


class Clock:
    """Counts down from a limit in seconds; infinite for none."""

    def __init__(self, limit_s: float) -> None:
        self._end = time.perf_counter() + limit_s

    def left(self) -> float:
        """Return the seconds that are left, never below zero."""
        return max(self._end - time.perf_counter(), 0.0)

    def share(self, questions: int) -> float:
        """Return what one of so many questions may take, this one and those still to come."""
        return self.left() / max(questions, 1)

    def over(self) -> bool:
        """Say whether nothing is left."""
        return self.left() == 0.0
