"""From a claim to a verdict."""

import math
import sys
import time
from collections.abc import Callable
from numbers import Real
from typing import Any

from mel_fast._base.progress import looking
from mel_fast.verify._allowance import Allowance, NotCheckedError, allowed, tick
from mel_fast.verify._arithmetic import require_usual_arithmetic
from mel_fast.verify._verdict import Verdict
from mel_fast.verify.claim._entries import RefusedError, show
from mel_fast.verify.claim._read import Claim, read_plan
from mel_fast.verify.claim._read_problem import read_problem

Callback = Callable[[int, int, int, float], bool | None]

_BAR_AFTER_S = 2.0


def check(
    read: Callable[[], object],
    given: Callable[[], object] | None,
    callback: Callback | None,
    progress: bool | None,
    time_limit_s: float | None,
) -> Verdict:
    """Read a claim and judge it."""
    if time_limit_s is not None and not (
        isinstance(time_limit_s, Real) and not isinstance(time_limit_s, bool) and time_limit_s >= 0
    ):
        raise ValueError(f"time_limit_s = {show(time_limit_s)}: must be a number of at least 0")
    if callback is not None and not callable(callback):
        raise TypeError(f"callback is a {type(callback).__name__}: must be callable or None")
    if progress is not None and not isinstance(progress, bool):
        raise TypeError(
            f"progress is a {type(progress).__name__}: must be True, False or None; functions are "
            "given as callback="
        )
    require_usual_arithmetic()
    try:
        import mel_fast.verify._cover  # noqa: F401
    except ImportError as error:
        from mel_fast._base.optional import how_to_install  # here: of the package, not of the proof

        raise ImportError(
            f"python-flint is needed to verify ({error}): {how_to_install('verify')}"
        ) from error
    claim: Claim | None = None
    try:
        allowance = Allowance(time_limit_s)
        with allowed(allowance), looking(lambda: tick(0)):
            claim = read_plan(read())
            if given is not None and read_problem(given(), "given problem") != claim.problem:
                raise RefusedError("the plan was made for another problem than the one given")
            return _judge(claim, _Meter(callback, progress, allowance))
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


def _judge(claim: Claim, meter: "_Meter") -> Verdict:
    from mel_fast.verify import _cover, _plan
    from mel_fast.verify.best._energy import check_energy

    leaves = max(1, claim.leaves)
    meter.total = claim.learners * ((claim.allocation is not None) + leaves)
    try:
        plan = _plan.check(claim, meter.advance)
        try:
            cover = _cover.check(claim, meter.advance)
        except NotCheckedError as stop:
            if not plan.reasons:
                raise
            cover = _cover.CoverReport([f"the certificate was not checked: {stop}"])
        spent = check_energy(claim, meter.advance) if not plan.reasons else []
    finally:
        meter.close()
    reasons = plan.reasons + cover.reasons + spent
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
        no_more=_in_words(claim),
        least_energy_j=None if claim.least_energy is None else claim.least_energy[:2],
    )


def _in_words(claim: Claim) -> str:
    if claim.no_more is None:
        return ""
    of, than = claim.no_more
    units = {"samples": "samples", "weight": "in weighted samples", "learners": "participants"}
    return f"{than:,.12g} {units[of]}" if than >= 0 else "nothing, which is too much too"


class _Meter:
    """Counts learners done, for the caller's callback and for a bar on a terminal."""

    def __init__(
        self, callback: Callback | None, progress: bool | None, allowance: Allowance
    ) -> None:
        self.total = 0
        self._callback = callback
        self._bar_after_s = {None: _BAR_AFTER_S, True: 0.0, False: math.inf}[progress]
        self._allowance = allowance
        self._done = 0
        self._start = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def advance(self, count: int) -> None:
        self._done = min(self._done + count, self.total)  # a bound may need a second round
        elapsed_s = time.monotonic() - self._start
        if self._bar is not None:
            self._bar.update(self._task, completed=self._done)
        elif elapsed_s > self._bar_after_s and sys.stderr and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress as Bar

            self._bar = Bar(console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("checking", total=self.total, completed=self._done)
            self._bar.start()
        if self._callback is not None and self._callback(
            self._done, self.total, self._allowance.steps, elapsed_s
        ):
            raise NotCheckedError("the callback ended the check")

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
