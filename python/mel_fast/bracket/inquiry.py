"""What every search has: a clock, somebody who is told how far it is, and what ended it."""

from collections.abc import Callable
from typing import Any

from mel_fast import _core
from mel_fast.bracket.clock import Clock
from mel_fast.model.problem import Problem
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import SCHEMES, Scheme

Start = tuple[float, float, float]
Teller = Callable[..., bool] | None


class Inquiry:
    """A search of many questions; what it was asked when it is stopped is lost, nothing else.

    Once `stopped`, by the limit, the callback or Ctrl-C, nothing further is asked.
    """

    tau: int
    scheme: Scheme
    threads: int
    clock: Clock
    start: Start | None
    callback: Callable[..., bool | None] | None
    passes: int
    told: int = 0
    """The most passes that the callback was told of."""
    stopped: bool
    interrupted: bool
    cause: BaseException | None = None
    """The KeyboardInterrupt that `interrupted` is about, where it is known."""

    def _run(self) -> None:
        raise NotImplementedError

    @property
    def _what(self) -> int:
        """The core's number of the resource, where one is looked at."""
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
        except KeyboardInterrupt as stop:
            self.stopped = self.interrupted = True
            self.cause = stop

    def tell(self, passes: int = 0) -> bool:
        """Tell how far it is, with the passes of the question at hand; say whether to stop."""
        if self.callback is not None and not self.stopped:
            # Not every part of a question tells what went before.
            self.told = max(self.told, self.passes + passes)
            self.stopped = bool(self.callback(*self.ends(), self.told, self.elapsed_s))
        return self.stopped

    @property
    def _code(self) -> int:
        """The core's number of the scheme."""
        return SCHEMES.index(self.scheme)

    @property
    def _means(self) -> tuple[int, Teller, Start | None]:
        """What every question of the core may use: threads, a callback, where to begin."""
        return self.threads, self._part_teller, self.start

    def _question(self, problem: Problem) -> tuple[_core.Problem, int, int, float, int, Teller]:
        """What a question about tau is asked with that begins nowhere."""
        left_s = self.clock.left()
        return problem.core_for(self.scheme), self.tau, self._code, left_s, *self._means[:2]

    def _asked_about(
        self, problem: Problem
    ) -> tuple[_core.Problem, int, int, int, float, int, Teller, Start | None]:
        """What a look at the least of a resource is asked with."""
        core, tau, code, left_s, threads, teller = self._question(problem)
        return core, tau, self._what, code, left_s, threads, teller, self.start

    @property
    def _teller(self) -> Teller:
        """For a question of the core, whose passes are counted when it is answered."""
        return None if self.callback is None else lambda *_: self.tell()

    @property
    def _part_teller(self) -> Teller:
        """For a question that is a search itself, and tells its passes so far."""
        return None if self.callback is None else lambda _low, _high, passes, _s: self.tell(passes)

    def holds(self, claim: Plan) -> bool:
        """Let balls judge a claim, within the time that is left."""
        from mel_fast.verify import verify

        right = verify(claim.problem, claim, time_limit_s=self.clock.left()).ok
        self._seen(False)
        return right

    def _seen(self, interrupted: object) -> None:
        """Take note of why the core came back."""
        if interrupted:
            self.interrupted = True
            self.cause = interrupted if isinstance(interrupted, BaseException) else self.cause
        if self.interrupted or self.clock.over():
            self.stopped = True
        self.tell()
