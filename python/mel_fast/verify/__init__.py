"""The checker: a plan is right, and a better one impossible, or it says what fails.

It shares no code with the solver (but what sets the processor's modes, which it then finds out for
itself, and what names a missing extra) and trusts nothing that the solver wrote. Everything is
computed again from the problem's numbers, in ball arithmetic (python-flint's Arb, extra
``[verify]``): an inequality counts only when it holds for every real number in the balls. What is
checked, and why it is a proof, stands in docs/proof.md; the file format in docs/certificate.md. To
read it all: `claim` (the file), `_check` (how a verdict comes about), `_plan` (the plan keeps
every constraint), `_learner` (what one learner needs, and what its limits allow), `best` (the best
that it can do at given prices, with caps and in resource blocks too), `_boxes` and `_cover` (the
boxes cover every split, and each bound is below D), `_allowance` (how much work a check may do),
`quick` (many learners on arrays, before the balls).
"""

from collections.abc import Callable
from os import PathLike
from typing import TYPE_CHECKING, Any, Protocol

from mel_fast._base.arithmetic import guard

if TYPE_CHECKING:
    from mel_fast.verify._verdict import Verdict

__all__ = ["verify", "verify_dict", "verify_file"]

Callback = Callable[[int, int, int, float], bool | None]


class _ToDict(Protocol):
    def to_dict(self) -> dict[str, Any]: ...


def verify(
    problem: _ToDict | None,
    plan: _ToDict,
    *,
    callback: Callback | None = None,
    progress: bool | None = None,
    time_limit_s: float | None = None,
) -> "Verdict":
    """Check a plan and its proof.

    Parameters
    ----------
    problem : Problem or None
        The problem that the plan must belong to; None takes the plan's own.
    plan : Plan
        Only `plan.to_dict()` is read.
    callback : callable, optional
        Called now and then with ``(learners done, learners, steps, elapsed_s)``, a learner counted
        once for the plan and once for each box; a true answer ends the check without a verdict.
    progress : bool, optional
        Whether to draw a bar on stderr, if that is a terminal. By default it appears once the
        check has taken 2 s.
    time_limit_s : float, optional
        Seconds after which the check ends without a verdict. By default it ends after 10^8 steps,
        some ten minutes; ``math.inf`` lets it take as long as it needs.

    Returns
    -------
    Verdict
        A wrong plan is a verdict with reasons, never an exception.

    Raises
    ------
    ValueError, TypeError
        When `time_limit_s` is not a number of at least 0, or `plan` no plan.
    ImportError
        When python-flint is missing: ``pip install 'mel_fast[verify]'``.

    Examples
    --------
    >>> import mel_fast as mel
    >>> plan = mel.solve(mel.scenarios.table1(learners=4))
    >>> mel.verify(plan.problem, plan).ok
    True
    >>> claim = plan.to_dict()
    >>> claim["tau"] = claim["bound"] = plan.tau + 1
    >>> claim["certificate"]["tau"] = plan.tau + 2
    >>> mel.verify(plan.problem, mel.Plan.from_dict(claim)).ok
    False
    """
    from mel_fast.verify._check import check

    for name, each, kind in (("problem", problem, "Problem or None"), ("plan", plan, "Plan")):
        if not callable(getattr(each, "to_dict", None)) and (each is not None or name == "plan"):
            raise TypeError(f"{name} is a {type(each).__name__}: must be a {kind}")
    # The plan's own problem, the very object, needs no comparison.
    other = problem is not None and problem is not getattr(plan, "problem", None)
    given = problem.to_dict if other and problem is not None else None
    return check(plan.to_dict, given, callback, progress, time_limit_s)


def verify_dict(
    data: object,
    *,
    callback: Callback | None = None,
    progress: bool | None = None,
    time_limit_s: float | None = None,
) -> "Verdict":
    """Check the content of a plan file, as :func:`verify` does."""
    from mel_fast.verify._check import check

    return check(lambda: data, None, callback, progress, time_limit_s)


def verify_file(
    path: str | PathLike[str],
    *,
    callback: Callback | None = None,
    progress: bool | None = None,
    time_limit_s: float | None = None,
) -> "Verdict":
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
    from mel_fast.verify._check import check
    from mel_fast.verify.claim._file import read_file

    return check(lambda: read_file(path), None, callback, progress, time_limit_s)


guard(__name__)
