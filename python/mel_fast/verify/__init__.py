"""The checker: a plan is right, and a better one impossible, or it says what fails.

It shares no code with the solver (but what sets the processor's modes, which it then finds out for
itself) and trusts nothing that the solver wrote. Everything is computed
again from the problem's numbers, in ball arithmetic (python-flint's Arb, extra ``[verify]``): an
inequality counts only when it holds for every real number in the balls. What is checked, and why
it is a proof, stands in docs/proof.md; the file format in docs/certificate.md. To read it all:
`_read` and `_problem` (the file), `_plan` (the plan keeps every constraint), `_learner` (what one
learner needs, and what its limits allow), `_response` with `_peak` (the best that it can do at
given prices), `_capped` and `_blocks` (the same with caps, and in resource blocks), `_cover` (the
boxes cover every split, and each bound is below D).
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Protocol

from mel_fast._arithmetic import guard
from mel_fast.verify._arithmetic import require_usual_arithmetic
from mel_fast.verify._read import RefusedError, read_plan, read_problem

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
        What failed and where; empty when `ok`.
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

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        if not self.ok:
            return "refused: " + "; ".join(self.reasons)
        boxes = "1 box" if self.leaves == 1 else f"{self.leaves} boxes"
        plan = f"a plan with tau = {self.tau} holds" if self.tau else "no plan is claimed"
        return (
            f"{self.status}, proved: {plan}, tau = {self.bound + 1} is impossible "
            f"({self.learners} learners, {boxes}, margin {self.margin:.3g} samples, "
            f"{self.bits} bits)"
        )


def verify(problem: _ToDict | None, plan: _ToDict, *, progress: Progress | None = None) -> Verdict:
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

    Returns
    -------
    Verdict
        A wrong plan is a verdict with reasons, never an exception.

    Raises
    ------
    ImportError
        When python-flint is missing: ``pip install 'mel_fast[verify]'``.
    """
    given = None if problem is None else problem.to_dict()
    return _verify(plan.to_dict(), given, progress)


def verify_dict(data: object, *, progress: Progress | None = None) -> Verdict:
    """Check the content of a plan file, as :func:`verify` does."""
    return _verify(data, None, progress)


def verify_file(path: str | PathLike[str], *, progress: Progress | None = None) -> Verdict:
    """Check a plan file, as :func:`verify` does.

    Raises
    ------
    OSError
        When the file cannot be read.
    ValueError
        When it is not JSON.
    ImportError
        When python-flint is missing.
    """
    twice: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        content = dict(pairs)
        if len(content) < len(pairs):
            keys = [key for key, _ in pairs]
            twice.extend(sorted({key for key in keys if keys.count(key) > 1}))
        return content

    text = Path(path).read_text(encoding="utf-8")
    try:
        data = json.loads(text, object_pairs_hook=unique)
    except RecursionError:
        raise ValueError(f"{path}: nested too deeply for a plan file") from None
    if twice:
        return Verdict(False, [f"keys given twice: {', '.join(twice)}"])
    return _verify(data, None, progress)


def _verify(data: object, given: object, progress: Progress | None) -> Verdict:
    require_usual_arithmetic()
    try:
        from mel_fast.verify import _cover, _plan
    except ImportError as error:
        raise ImportError(
            f"python-flint is needed to verify ({error}): pip install 'mel_fast[verify]'"
        ) from error
    try:
        claim = read_plan(data)
        if given is not None and read_problem(given, "given problem") != claim.problem:
            raise RefusedError("the plan was made for another problem than the one given")
    except RefusedError as refusal:
        return Verdict(False, [str(refusal)])
    leaves = max(1, claim.leaves)
    learners = len(claim.problem.learners)
    meter = _Meter(progress, total=learners * ((claim.allocation is not None) + leaves))
    try:
        plan = _plan.check(claim, meter.advance)
        cover = _cover.check(claim, meter.advance)
    finally:
        meter.close()
    reasons = plan.reasons + cover.reasons
    return Verdict(
        ok=not reasons,
        reasons=reasons,
        status=claim.status,
        tau=claim.tau,
        bound=claim.bound,
        learners=learners,
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
