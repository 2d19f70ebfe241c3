"""The checker: a plan is right, and a better one impossible, or it says what fails.

It shares no code with the solver (but what sets the processor's modes, which it then finds out for
itself) and trusts nothing that the solver wrote. Everything is computed
again from the problem's numbers, in ball arithmetic (python-flint's Arb, extra ``[verify]``): an
inequality counts only when it holds for every real number in the balls. What is checked, and why
it is a proof, stands in docs/proof.md; the file format in docs/certificate.md. To read it all:
`_file`, `_entries`, `_read` and `_problem` (the file), `_plan` (the plan keeps every constraint),
`_learner` (what one learner needs, and what its limits allow), `_response` with `_peak` (the best
that it can do at given prices), `_capped` and `_blocks` (the same with caps, and in resource
blocks), `_boxes` and `_cover` (the boxes cover every split, and each bound is below D),
`_allowance` (how much work a check may do).
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, Protocol

from mel_fast._base.arithmetic import guard
from mel_fast.verify._allowance import Allowance, NotCheckedError, allowed
from mel_fast.verify._arithmetic import require_usual_arithmetic
from mel_fast.verify._entries import RefusedError
from mel_fast.verify._file import read_file
from mel_fast.verify._read import Claim, read_plan, read_problem

__all__ = ["Verdict", "verify", "verify_dict", "verify_file"]

Progress = Callable[[int, int], object]
_BAR_AFTER_S = 2.0


class _ToDict(Protocol):
    def to_dict(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the checker found; true in a boolean context when everything is proved.

    Attributes
    ----------
    ok : bool
        The plan (if there is one) keeps every constraint, and `bound` + 1 is impossible.
    reasons : list of str
        What failed and where; empty when `ok`. Never many, never long, plain ASCII.
    checked : bool
        False where the check ended before it came to a verdict: the time limit was over, or it
        had taken more steps than it may without one, or memory ran out. Then `ok` is false and
        nothing is said about the plan.
    status, tau, bound
        What the file claims (None, 0, 0 when it could not be read).
    learners, leaves : int
        Learners of the problem, boxes whose bound was computed.
    spare_s : float
        Least time that a learner of the plan has to spare (infinite when nobody takes part).
    margin : float
        Least D - U over the boxes, in samples (infinite when no split is left to bound).
    bits : int
        Largest precision that a decision needed.
    """

    ok: bool
    reasons: list[str] = field(default_factory=list)
    status: str | None = None
    tau: int = 0
    bound: int = 0
    learners: int = 0
    leaves: int = 0
    spare_s: float = float("inf")
    margin: float = float("inf")
    bits: int = 0
    checked: bool = True

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        if not self.checked:
            return "not checked: " + "; ".join(self.reasons)
        if not self.ok:
            return "refused: " + "; ".join(self.reasons)
        boxes = "1 box" if self.leaves == 1 else f"{self.leaves} boxes"
        plan = f"a plan with tau = {self.tau} holds" if self.tau else "no plan is claimed"
        return (
            f"{self.status}, proved: {plan}, tau = {self.bound + 1} is impossible "
            f"({self.learners} learners, {boxes}, margin {self.margin:.3g} samples, "
            f"{self.bits} bits)"
        )


def verify(
    problem: _ToDict | None,
    plan: _ToDict,
    *,
    progress: Progress | None = None,
    time_limit_s: float | None = None,
) -> Verdict:
    """Check a plan and its proof.

    Parameters
    ----------
    problem : Problem or None
        The problem that the plan must belong to; None takes the plan's own.
    plan : Plan
        Only `plan.to_dict()` is read.
    progress : callable, optional
        Called as ``progress(done, total)`` now and then. By default a progress bar appears on
        stderr, if that is a terminal, once the check has taken 2 s.
    time_limit_s : float, optional
        Seconds after which the check ends without a verdict. By default it ends after 10^8 steps,
        some ten minutes; ``math.inf`` lets it take as long as it needs.

    Returns
    -------
    Verdict
        A wrong plan is a verdict with reasons, never an exception.

    Raises
    ------
    ValueError
        When `time_limit_s` is not a number of at least 0.
    ImportError
        When python-flint is missing: ``pip install 'mel_fast[verify]'``.
    """
    given = None if problem is None else problem.to_dict()
    return _verify(plan.to_dict, given, progress, time_limit_s)


def verify_dict(
    data: object, *, progress: Progress | None = None, time_limit_s: float | None = None
) -> Verdict:
    """Check the content of a plan file, as :func:`verify` does."""
    return _verify(lambda: data, None, progress, time_limit_s)


def verify_file(
    path: str | PathLike[str],
    *,
    progress: Progress | None = None,
    time_limit_s: float | None = None,
) -> Verdict:
    """Check a plan file, as :func:`verify` does.

    Raises
    ------
    OSError
        When the file cannot be read.
    ValueError
        When it is not JSON, larger than 512 MiB, or `time_limit_s` is not a number of at least 0.
    ImportError
        When python-flint is missing.
    """
    return _verify(lambda: read_file(path), None, progress, time_limit_s)


def _verify(
    read: Callable[[], object],
    given: object,
    progress: Progress | None,
    time_limit_s: float | None,
) -> Verdict:
    if time_limit_s is not None and not (
        isinstance(time_limit_s, int | float) and time_limit_s >= 0.0
    ):
        raise ValueError(f"time_limit_s = {time_limit_s!r}: must be a number of at least 0")
    require_usual_arithmetic()
    try:
        import mel_fast.verify._cover  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"python-flint is needed to verify ({error}): pip install 'mel_fast[verify]'"
        ) from error
    claim: Claim | None = None
    try:
        with allowed(Allowance(time_limit_s)):
            claim = read_plan(read())
            if given is not None and read_problem(given, "given problem") != claim.problem:
                raise RefusedError("the plan was made for another problem than the one given")
            return _judge(claim, progress)
    except RefusedError as refusal:
        return Verdict(False, [str(refusal)])
    except NotCheckedError as stop:
        reason = str(stop)
    except MemoryError:
        reason = "memory ran out"
    if claim is None:
        return Verdict(False, [reason], checked=False)
    return Verdict(
        False, [reason], claim.status, claim.tau, claim.bound, claim.learners, checked=False
    )


def _judge(claim: Claim, progress: Progress | None) -> Verdict:
    from mel_fast.verify import _cover, _plan

    leaves = max(1, claim.leaves)
    meter = _Meter(progress, total=claim.learners * ((claim.allocation is not None) + leaves))
    try:
        plan = _plan.check(claim, meter.advance)
        try:
            cover = _cover.check(claim, meter.advance)
        except NotCheckedError as stop:
            if not plan.reasons:
                raise
            cover = _cover.CoverReport([f"the certificate was not checked: {stop}"])
    finally:
        meter.close()
    reasons = plan.reasons + cover.reasons
    return Verdict(
        ok=not reasons,
        reasons=reasons,
        status=claim.status,
        tau=claim.tau,
        bound=claim.bound,
        learners=claim.learners,
        leaves=cover.leaves,
        spare_s=plan.spare_s,
        margin=cover.margin,
        bits=max(plan.bits, cover.bits),
    )


class _Meter:
    """Counts learners done, for the caller's `progress` or for a bar on a terminal."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0
        self._start = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def advance(self, count: int) -> None:
        self._done = min(self._done + count, self._total)  # a bound may need a second round
        if self._progress is not None:
            self._progress(self._done, self._total)
        elif self._bar is not None:
            self._bar.update(self._task, completed=self._done)
        elif time.monotonic() - self._start > _BAR_AFTER_S and sys.stderr and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress as Bar

            self._bar = Bar(console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("checking", total=self._total, completed=self._done)
            self._bar.start()

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()


guard(__name__)
