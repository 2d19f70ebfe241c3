"""The most samples that fit at a number of local cycles."""

from dataclasses import dataclass, replace
from typing import Any, Literal, overload

from mel_fast._base.arithmetic import guard
from mel_fast._base.arrow import ShownTable
from mel_fast._base.frozen import Found
from mel_fast._base.progress import Callback, reporting
from mel_fast._base.units import count
from mel_fast._base.validation import MAX_INTEGER, choice, integer
from mel_fast.bracket.clock import Clock
from mel_fast.bracket.inquiry import Start
from mel_fast.bracket.most_samples import MostSamples
from mel_fast.bracket.stated_samples import fewest_stated
from mel_fast.campaigns._most_of import fewest_too_many, most_of, words_of
from mel_fast.campaigns.cycles import MostCycles, most_cycles
from mel_fast.model.problem import Problem
from mel_fast.plans.claims.no_more import WORTHS
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import SCHEMES, Scheme, Status
from mel_fast.solve.arguments import (
    checked_problem,
    checked_seconds,
    checked_start,
    checked_threads,
)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Most(Found, ShownTable):
    """The most samples with which `tau` local cycles fit, between a plan and a proof.

    Attributes
    ----------
    problem : Problem
        What was asked about; its task's own number of samples is of no consequence.
    tau : int
        The number of local cycles that is to fit.
    of : str
        What is counted: ``"samples"``, ``"weight"`` or ``"learners"``.
    scheme : str
        As for `solve`.
    status : Status
        ``optimal``: `value` is the most; ``feasible``: so many fit, and more than `bound` do not,
        but between the two nothing is proved; ``infeasible``: not even the fewest samples that
        the learners' minima allow fit (nor, where there are no minima, none at all);
        ``undecided``: nothing was found that fits. Weights without a common measure: ``optimal``
        where value and bound agree to a relative 2e-9.
    value : int, float or None
        So many samples fit, as `plan` shows; None where nothing was found that fits. 0 where a
        cycle without any samples is possible, but not one with a single sample: that is no plan.
    bound : int or float
        No plan at `tau` has more samples than so many; 2**53 where nothing is proved.
    plan : Plan or None
        A plan for the problem with `value` samples and at least `tau` local cycles, with a proof
        of its own: that it has the most cycles, or, where something else than samples is counted,
        of a number that just its samples cannot exceed.
    proof : Plan or None
        The claim that `tau` is impossible with ``bound + 1`` samples: a plan object without an
        allocation, which `verify` checks and `save` writes as any other. Where something else is
        counted, or somebody may choose to sit out: that no plan at `tau` is worth more than
        `bound`, see `Plan.no_more`; but where not even the fewest samples fit, that these do not.
    bare : Plan or None
        Where not even the bare model reaches every learner that is served: the claim that this is
        impossible, of a problem with one sample that costs next to nothing and a cycle that is
        longer by more than that.
    reasons : tuple of str
        What ended the search before `value` and `bound` met, or why there is no value.
    stopped : bool
        The time limit, the callback or Ctrl-C ended the search.
    nodes, passes, elapsed_s : int, int, float
        Boxes of branch and bound, passes over the learners and seconds that the search took.

    Examples
    --------
    >>> import mel_fast as mel
    >>> found = mel.most(mel.scenarios.table1(learners=4), tau=2)
    >>> found.status, found.value == found.bound == int(found.plan.samples.sum())
    (<Status.OPTIMAL: 'optimal'>, True)
    """

    problem: Problem
    tau: int
    of: str
    scheme: Scheme
    status: Status
    value: float | None
    bound: float
    plan: Plan | None
    proof: Plan | None
    bare: Plan | None
    reasons: tuple[str, ...]
    stopped: bool
    nodes: int
    passes: int
    elapsed_s: float

    def __bool__(self) -> bool:
        return self.plan is not None

    def columns(self) -> dict[str, Any]:
        """Return the answer as a table of one row."""
        names = ("of", "tau", "scheme", "value", "bound", "passes", "elapsed_s")
        return {"status": [str(self.status)], **{name: [getattr(self, name)] for name in names}}

    def _words(self) -> str:
        return (
            f"{self.of}, tau={self.tau}, scheme={self.scheme!r}, value={self.value}, "
            f"bound={self.bound}, {self.status}"
        )

    def summary(self) -> str:
        """Return one line of text, and the reasons where something is open."""
        if self.of != "samples":
            return self._summary()
        has = count(self.problem.task.samples, "sample")
        if self.value is None:
            line = f"tau = {self.tau}: {self.status}, no number of samples was found that fits"
        elif self.status is Status.OPTIMAL:
            line = f"tau = {self.tau} has room for {count(int(self.value), 'sample')} and no more"
        else:
            line = (
                f"tau = {self.tau} has room for {count(int(self.value), 'sample')}, "
                f"and not for more than {self.bound:,} ({self.status})"
            )
        return "\n".join((f"{line}; the task has {has}", *(f"  {r}" for r in self.reasons)))

    def _summary(self) -> str:
        if self.value is None:
            line = f"tau = {self.tau}: {self.status}, nothing was found that fits"
        else:
            line = f"tau = {self.tau} has room for {words_of(self.of, self.value)}"
            if self.status is Status.OPTIMAL:
                line += " and no more"
            else:
                line += f", and not for more than {words_of(self.of, self.bound)} ({self.status})"
        return "\n".join((line, *(f"  {r}" for r in self.reasons)))


@overload
def most(
    problem: Problem,
    tau: int,
    of: Literal["samples", "weight", "learners"] = "samples",
    *,
    scheme: Scheme = "joint",
    time_limit_s: float | None = None,
    threads: int = 1,
    callback: Callback | None = None,
    progress: bool = False,
    start: Plan | None = None,
) -> Most: ...
@overload
def most(
    problem: Problem,
    *,
    samples: Any,
    spread: float | None = None,
    time_limit_s: float | None = None,
    threads: int = 1,
    callback: Callback | None = None,
    progress: bool = False,
) -> MostCycles: ...
def most(
    problem: Problem,
    tau: int | None = None,
    of: Literal["samples", "weight", "learners"] = "samples",
    *,
    samples: Any = None,
    spread: float | None = None,
    scheme: Scheme = "joint",
    time_limit_s: float | None = None,
    threads: int = 1,
    callback: Callback | None = None,
    progress: bool = False,
    start: Plan | None = None,
) -> Most | MostCycles:
    """Return the most samples with which `tau` local cycles fit, with a plan and a proof.

    Or the most that samples times weights, or learners with samples, can add up to at `tau`. Or,
    given the samples of each learner, the most local cycles in all where each learner has its own
    number of them.

    How many samples the task has is of no consequence. Fewer samples than the most fit too, down
    to the learners' minima: without minima ``most(problem, tau).value`` is at least the task's
    samples exactly when ``solve(problem).tau`` is at least `tau`.

    Parameters
    ----------
    problem
        What to plan.
    tau
        Local cycles that must fit, at least 1; not given with `samples`.
    of
        What is counted: ``"samples"``; ``"weight"``, samples times their learner's `weight`; or
        ``"learners"``, those that have samples. The last two, and learners that are `optional`,
        with ``scheme="joint"``.
    samples
        d_k, samples of each learner, of shape (K,), that add up to the task's: then the local
        cycles tau_k of those with samples are what is counted, each at least 1. Who has none takes
        no part, whatever `idle` says. No scheme but ``"joint"``, no `of` and no `start`.
    spread
        With `samples`: the largest ratio between the cycles of any two learners that take part, at
        least 1, which bounds how stale an update can be; one that is rounded to it counts, as 6 and
        5 cycles do for 1.2. None for any.
    scheme, threads
        As for `solve`.
    time_limit_s
        Seconds after which what is known is returned as it is; None for no limit.
    callback
        Called now and then with ``(value, bound, passes, elapsed_s)``, the two ends so far; a true
        answer stops the search as the time limit does.
    progress
        Whether to draw a bar on stderr, if that is a terminal.
    start
        A plan for this or a neighbouring problem, whose prices are where the search begins.

    Returns
    -------
    Most, or MostCycles
        Its `value` is the most when the status is optimal, else `value` and `bound` enclose it.
        Samples are counted up to 2**53: where so many fit, that is both, without a proof.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, its value and the allowed range.
    Interrupted
        A KeyboardInterrupt, after Ctrl-C; its ``plan`` is the best one so far, its ``found`` the
        enclosure.

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=20, cycle_s=30.0, seed=0)
    >>> found = mel.most(problem, tau=5)
    >>> found.status, found.value == found.plan.problem.task.samples == found.bound
    (<Status.OPTIMAL: 'optimal'>, True)

    >>> own = mel.most(problem, samples=mel.solve(problem).samples)
    >>> own.value == int(own.cycles.sum()) >= 20 * mel.solve(problem).tau
    True
    """
    checked_problem(problem)
    if samples is not None:
        _refuse_beside_samples(tau, of, scheme, start)
        problem.refuse_speeds("most(samples=)")
        limit, threads = checked_seconds(time_limit_s), checked_threads(threads)
        with reporting(callback, progress, "cycles") as report:
            return most_cycles(problem, samples, spread, limit, threads, report)
    if spread is not None:
        raise TypeError("spread is given without samples: it bounds the cycles of given samples")
    if tau is None:
        raise TypeError("most() needs tau, or the samples of each learner")
    tau = integer("tau", tau, low=1, high=MAX_INTEGER)
    choice("of", of, WORTHS)
    choice("scheme", scheme, SCHEMES)
    limit = checked_seconds(time_limit_s)
    threads = checked_threads(threads)
    where = checked_start(start)
    with reporting(callback, progress, of) as report:
        if of == "samples" and not problem.has_choice:
            return search_most(problem, tau, scheme, limit, threads, where, report)
        if scheme != "joint":
            what = "optional learners" if of == "samples" else f"of = {of!r}"
            raise ValueError(f"{what} with scheme = {scheme!r}: must be 'joint'")
        try:
            if fewest_too_many(problem, tau, of, limit, threads):
                none = search_most(problem, tau, scheme, limit, threads, where, report)
                if none.status is Status.INFEASIBLE or none.bound == 0 == none.value:
                    return replace(none, of=of, bound=-1 if none.value is None else 0)
            found = most_of(problem, tau, of, limit, threads, where, report)
        except KeyboardInterrupt as stop:  # before anything was known
            raise Interrupted(_untouched(problem, scheme)) from stop
        fields = found._asdict()
        cause = fields.pop("interrupt")
        answer = Most(problem=problem, tau=tau, of=of, scheme=scheme, bare=None, **fields)
        if cause is not None:
            claim = answer.plan if answer.plan is not None else answer.proof
            known = _untouched(problem, scheme) if claim is None else claim
            raise Interrupted(known, answer) from cause
        return answer


def _refuse_beside_samples(tau: Any, of: Any, scheme: Any, start: Any) -> None:
    given = {"tau": tau is not None, "of": of != "samples", "scheme": scheme != "joint"}
    for name, wrong in {**given, "start": start is not None}.items():
        if wrong:
            raise TypeError(f"{name} is given with samples: then cycles are counted, each its own")


def search_most(
    problem: Problem,
    tau: int,
    scheme: Scheme,
    limit_s: float,
    threads: int,
    start: Start | None,
    callback: Callback | None = None,
) -> Most:
    """Do what `most` does for arguments that are known to be right."""
    search = MostSamples(problem, tau, scheme, threads, Clock(limit_s), start, callback)
    search.run()
    try:
        plan, none_fit = search.plan(), _none_fit(search)
    except KeyboardInterrupt as stop:
        search.stopped = search.interrupted = True
        search.cause = stop
        plan, none_fit = search.plan(), None
    assert search.value < search.ruled_out, "what fits was ruled out"
    value = search.value or (0 if none_fit else None)
    bound = min(search.ruled_out - 1, MAX_INTEGER)
    found = Most(
        problem=problem,
        tau=tau,
        of="samples",
        scheme=scheme,
        status=_status(search, value, none_fit),
        value=value,
        bound=bound,
        plan=plan,
        proof=search.proof(),
        bare=search.bare,
        reasons=_reasons(search, value, none_fit),
        stopped=search.stopped or search.cut,
        nodes=search.nodes,
        passes=search.passes,
        elapsed_s=search.elapsed_s,
    )
    if search.interrupted:
        claim = plan if plan is not None else found.proof
        known = _untouched(problem, scheme) if claim is None else claim
        raise Interrupted(known, found) from search.cause
    return found


def _none_fit(search: MostSamples) -> bool | None:
    """Say whether no samples at all fit, asked only where a single one does not."""
    if search.value or search.ruled_out > fewest_stated(search.problem, search.scheme):
        return None
    return search.nothing_fits()


def _status(search: MostSamples, value: int | None, none_fit: bool | None) -> Status:
    if value is not None:
        return Status.OPTIMAL if search.ruled_out == value + 1 else Status.FEASIBLE
    return Status.INFEASIBLE if none_fit is False else Status.UNDECIDED


def _reasons(search: MostSamples, value: int | None, none_fit: bool | None) -> tuple[str, ...]:
    if value == MAX_INTEGER:
        return (f"more than 2**53 = {MAX_INTEGER:,} samples are not counted; so many fit",)
    if value is not None and search.ruled_out == value + 1:
        return ()
    if none_fit is False:
        fewest = fewest_stated(search.problem, search.scheme)
        minima = search.problem.learners.min_samples
        needed = (
            f"the learners' minima need {count(fewest, 'sample')}, which do not fit"
            if minima is not None and minima.any()
            else "not even the bare model reaches every learner and comes back in time"
        )
        return (f"tau = {search.tau}: {needed}",)
    if search.stopped or search.cut:
        return ("stopped by a limit, the callback or Ctrl-C",)
    if value is None and search.ruled_out == 1:
        return (
            "a single sample does not fit; double precision cannot decide whether none at all does",
        )
    return ("double precision cannot decide what lies between",)


def _untouched(problem: Problem, scheme: Scheme) -> Plan:
    """Return what is known of the problem before any work."""
    from mel_fast.solve.single import solve

    return solve(problem, scheme=scheme, time_limit_s=0.0, then="none")


guard(__name__)
