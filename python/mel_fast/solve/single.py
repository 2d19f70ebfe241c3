"""Solve a problem."""

from collections.abc import Callable
from typing import Any

from mel_fast import _core
from mel_fast._base.arithmetic import guard
from mel_fast._base.progress import Callback, checked_callback, reporting
from mel_fast._base.validation import choice
from mel_fast.model.links import refuse_energy
from mel_fast.model.problem import Problem
from mel_fast.plans.claims.no_more import checked_at_least
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import LEAST, SCHEMES, THENS, Scheme, Status, Then
from mel_fast.solve.arguments import (
    checked_problem,
    checked_seconds,
    checked_start,
    checked_threads,
)
from mel_fast.solve.finish import finished, imported_for, unfinished

_CODES: dict[str, int] = {scheme: code for code, scheme in enumerate(SCHEMES)}


def solve(
    problem: Problem,
    *,
    scheme: Scheme = "joint",
    time_limit_s: float | None = None,
    threads: int = 1,
    callback: Callback | None = None,
    progress: bool = False,
    then: Then = "time",
    start: Plan | None = None,
    keep: Any = None,
    at_least: int | None = None,
) -> Plan:
    """Return a plan with the most local cycles tau, and a proof that tau + 1 is impossible.

    Parameters
    ----------
    problem
        What to plan.
    scheme
        ``"joint"``: samples, bandwidth and power together. The baselines: ``"task_only"`` gives
        every learner B/K and P/K, ``"resource_only"`` gives every learner D/K samples, integers
        that differ by at most one.
    time_limit_s
        Seconds after which the best plan so far is returned with a valid bound; None for no limit.
    threads
        Threads to use, 1 to 1024; the plan does not depend on their number.
    callback
        Called now and then with ``(tau, bound, passes, elapsed_s)``; a true answer stops the
        solver as the time limit does.
    progress
        Whether to draw a bar on stderr, if that is a terminal.
    then
        Among plans with the best tau: ``"time"`` finishes as early as its split of the samples
        allows, with all of both budgets; ``"energy"`` spends the least energy in all of the
        learners (see :func:`mel_fast.least`); ``"power"`` or ``"bandwidth"`` spends the least of
        that budget (to a relative 1e-9; see `least` for its proof) and all of the deadline;
        ``"none"`` takes the first plan found, which is quickest. The proof is the same.
    start
        A plan for a neighbouring problem, whose prices are where the search begins. The answer is
        as good as without it.
    keep
        Learners whose samples are held fixed: a mapping ``{learner: samples}``; or indices, or a
        mask of shape (K,), of learners that keep what they have in `start`. The plan is that of
        the problem in which ``min_samples`` and ``max_samples`` of these learners are just that;
        its ``problem`` carries these limits.

    at_least
        Learners that must have samples; None for any number. With it, and with learners that are
        `optional`, `then` is not ``"energy"``, and with the baselines no budget either.

    Returns
    -------
    Plan
        Its ``status`` says what is proved; ``reasons`` why not, where something is not.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, its value and the allowed range.
    Interrupted
        After Ctrl-C, or any KeyboardInterrupt that `callback` or the handler of a signal raises,
        and itself one; its ``plan`` is the best one so far. Whatever else they raise comes out as
        it is.

    Examples
    --------
    >>> import mel_fast as mel
    >>> plan = mel.solve(mel.scenarios.table1(learners=20, cycle_s=30.0, seed=0))
    >>> plan
    Plan(optimal, scheme='joint', tau=8, bound=8, learners=20)
    >>> mel.solve(plan.problem, scheme="task_only").tau
    7
    """
    if progress is not False:
        with reporting(callback, progress, "tau") as report:
            return solve(
                problem,
                scheme=scheme,
                time_limit_s=time_limit_s,
                threads=threads,
                callback=report,
                then=then,
                start=start,
                keep=keep,
                at_least=at_least,
            )
    checked_problem(problem)
    if not isinstance(scheme, str) or scheme not in _CODES:
        choice("scheme", scheme, SCHEMES)
    limit = checked_seconds(time_limit_s)
    if type(threads) is not int or threads != 1:
        threads = checked_threads(threads)
    if callback is not None:
        checked_callback(callback)
    where = checked_start(start)
    if keep is not None:
        from mel_fast.solve.fixed_samples import kept

        problem = kept(problem, start, keep)
    if at_least is not None:
        at_least = checked_at_least(at_least)
    if type(then) is not str or then != "time":
        choice("then", then, THENS)
        imported_for(then)
        if then == "energy":
            from mel_fast.bracket.energy.least import refuse_energies

            if scheme != "joint":
                raise ValueError(f"then = 'energy' with scheme = {scheme!r}: must be 'joint'")
            refuse_energies(problem, at_least=at_least)
    return answered(problem, scheme, limit, threads, _truthful(callback), then, where, at_least)


def answered(
    problem: Problem,
    scheme: Scheme,
    limit: float,
    threads: int,
    callback: "Callable[[int, int, int, float], bool] | None",
    then: Then,
    where: tuple[float, float, float] | None,
    at_least: int | None = None,
) -> Plan:
    """Return what `solve` returns, of arguments that are checked; `where` the search begins."""
    if at_least is not None or problem.has_choice:
        refuse_of_choice(problem, scheme, then, at_least)
        spends = then in LEAST
        asked: Then = "none" if spends else then
        plan = _with_choice(
            problem, scheme, at_least or 0, limit, threads, callback, asked, where, answered
        )
        stopped, done = False, not (spends and plan.status is Status.OPTIMAL)
    else:
        result = _core.solve(
            problem.core_for(scheme),
            _CODES[scheme],
            limit,
            threads,
            callback,
            then == "time",
            where,
            parts=True,
        )
        plan, stopped = Plan._from_core(problem, scheme, result), result.stopped
        if result.interrupted is not None:
            raise Interrupted(plan) from result.interrupted
        done = not unfinished(plan.status, stopped=stopped, then=then)
    if done:
        return plan
    try:
        return finished(
            plan,
            stopped=stopped,
            then=then,
            limit_s=max(limit - plan.elapsed_s, 0.0),
            threads=threads,
            callback=callback,
        )
    except Interrupted:
        raise
    except KeyboardInterrupt as stop:
        raise Interrupted(plan) from stop


def _with_choice(problem: Problem, scheme: Scheme, at_least: int, *how: Any) -> Plan:
    """Return what `answered` does where somebody chooses, or so many must take part."""
    from mel_fast.solve.selection import baselines, search

    if scheme == "joint":
        return search.selected(problem, at_least, search.How(*how))
    ask = baselines.equal_shares if scheme == "task_only" else baselines.equal_samples
    return ask(problem, at_least, search.How(*how))


def refuse_of_choice(problem: Problem | None, scheme: str, then: str, at_least: int | None) -> None:
    """Refuse what is not known of problems in which who takes part is chosen.

    Raises
    ------
    ValueError
        Naming it; of what all problems share where `problem` is None.
    """
    what = "at_least" if at_least is not None else "optional"
    if scheme != "joint" and then in LEAST:
        raise ValueError(
            f"{what} with scheme = {scheme!r} and then = {then!r}: must be 'time' or 'none', or "
            "the scheme 'joint': with less of a budget everybody's share would be less, and others "
            "could take part"
        )
    if then == "energy":
        raise ValueError(
            f"{what} with then = 'energy': must be 'time', 'power', 'bandwidth' or 'none'"
        )
    if problem is not None:
        refuse_energy(problem, "optional, at_least")


def _truthful(callback: Callback | None) -> Callable[[int, int, int, float], bool] | None:
    if callback is None:
        return None

    def stop(*progress: Any) -> bool:
        return bool(callback(*progress))

    return stop


guard(__name__)
