"""What is worth most at a tau where worths differ, or somebody may choose to sit out."""

import math
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

from mel_fast import _core
from mel_fast._base.arithmetic import guard
from mel_fast._base.progress import Callback
from mel_fast._base.units import count
from mel_fast._base.validation import MAX_INTEGER
from mel_fast.bracket.selected import chosen_quickly, without_choice
from mel_fast.bracket.stated_samples import (
    MANY,
    fewest_stated,
    in_time,
    most_in_time,
    most_stated,
    with_samples,
)
from mel_fast.model.links import refuse_energy
from mel_fast.model.problem import Problem
from mel_fast.plans.claims.certificate import certificate_of
from mel_fast.plans.claims.no_more import WORTHS, NoMore, certificate_of_selection, grain_of
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import Status
from mel_fast.solve.selection.search import Selecting

_FEW = 4096  # learners, of which boxes may be cut
_LOOKED_AT = 8192  # learners, for what all have the time for
TOLERANCE = 2e-9  # relative, between value and bound where weights have no common measure


class Found(NamedTuple):
    """The fields of a `Most` that are not its arguments."""

    status: Status
    value: float | None
    bound: float
    plan: Plan | None
    proof: Plan | None
    reasons: tuple[str, ...]
    stopped: bool
    nodes: int
    passes: int
    elapsed_s: float
    interrupt: Any


def most_of(
    problem: Problem,
    tau: int,
    of: str,
    limit_s: float,
    threads: int,
    start: tuple[float, float, float] | None,
    callback: Callback | None,
) -> Found:
    """Do what `most` does, of whatever is counted."""
    refuse_energy(problem, f"of = {of!r}")
    begin = perf_counter()
    far = problem.with_samples(MAX_INTEGER)

    def told(_tau: int, _bound: int, passes: int, elapsed_s: float) -> bool:
        assert callback is not None
        return bool(callback(0, MAX_INTEGER, passes, elapsed_s))

    weight = problem.learners.weight if of == "weight" else None
    grain = grain_of(problem.learners, of)
    counted = "samples" if of == "weight" and weight is None else of
    found = _core.select(
        far._core,
        tau,
        WORTHS.index(counted),
        weight,
        False,
        0,
        grain,
        limit_s,
        threads,
        None if callback is None else told,
        True,
        start,
    )
    whole = of != "weight"
    refuted = bool(found.refuted)
    value = None if found.value < 0 else (int(found.value) if whole else found.value)
    if value is None and not refuted and not somebody_must(problem):
        value = 0 if whole else 0.0  # that nobody takes part is always possible
    bound = min(found.bound, float(MAX_INTEGER)) if whole else found.bound
    than = -1.0 if refuted and value is None else bound
    plan, interrupt = None, found.interrupted
    if found.samples is not None and found.samples.any():
        left_s = max(limit_s - (perf_counter() - begin), 0.0)
        plan, later = plan_of_choice(problem, tau, found, left_s, threads, tight=of == "samples")
        interrupt = interrupt or later
    certificate = certificate_of_selection(tau - 1, found, valued=False)
    proof = None
    if certificate is not None:
        proof = Plan(
            problem,
            status=Status.UNDECIDED,
            tau=0,
            bound=tau - 1,
            certificate=certificate,
            no_more=NoMore(of, int(than) if whole else than),
        )
    if value is None:
        status = Status.INFEASIBLE if refuted else Status.UNDECIDED
    else:
        exact = whole or grain > 0.0
        closed = bound <= value if exact else bound <= value * (1.0 + TOLERANCE)
        status = Status.OPTIMAL if closed else Status.FEASIBLE
    return Found(
        status,
        value,
        int(than) if whole else than,
        plan,
        proof,
        _reasons(tau, status, stopped=found.stopped),
        found.stopped,
        found.nodes,
        found.passes,
        perf_counter() - begin,
        interrupt,
    )


def fewest_too_many(problem: Problem, tau: int, of: str, limit_s: float, threads: int) -> bool:
    """Say whether not even a sample, or the minima of few learners, fit: known at a look or two.

    Who is served then takes all there is; boxes of who takes part would find that out one by one.

    Raises
    ------
    ValueError
        For what no count but that of samples knows.
    """
    refuse_energy(problem, f"of = {of!r}")
    fewest = fewest_stated(problem, "joint")
    few = len(problem.learners) <= _FEW and fewest <= most_stated(problem, "joint")
    if problem.has_choice or not few or not somebody_must(problem):
        return False
    asked = with_samples(problem, fewest)
    work = 1e3 * len(problem.learners)
    found = _core.decide(asked._core, tau, 0, limit_s, threads, None, None, False, work)
    if found.interrupted is not None:
        raise found.interrupted
    return found.bound < tau


def somebody_must(problem: Problem) -> bool:
    """Say whether anybody takes part in every plan: being served, or for its minimum."""
    learners = problem.learners
    free, minima = learners.optional, learners.min_samples
    if problem.idle == "served":
        return free is None or not bool(free.all())
    if minima is None:
        return False
    return bool((minima > 0).any() if free is None else (minima[~free] > 0).any())


def _reasons(tau: int, status: Status, *, stopped: bool) -> tuple[str, ...]:
    if status is Status.OPTIMAL:
        return ()
    if status is Status.INFEASIBLE:
        return (f"tau = {tau}: not even the fewest that must take part, with their minima, fit",)
    if stopped:
        return ("stopped by a limit, the callback or Ctrl-C",)
    return ("between value and bound nothing is proved: whole learners leave a gap",)


def plan_of_choice(
    problem: Problem,
    tau: int,
    found: Any,
    left_s: float,
    threads: int,
    *,
    tight: bool,
) -> tuple[Plan, BaseException | None]:
    """Return the plan of what was chosen, of a problem with just so many samples.

    And what interrupted the search for how many cycles just these samples could have at most: the
    plan then leaves that open.
    """
    assert found.samples is not None
    own = problem.with_samples(int(found.samples.sum()))
    search = Selecting(own, 0, left_s, threads, None, early=True)
    search.tau = tau
    search.start = _start(found, tau)
    names = ("samples", "bandwidth_hz", "power_w", "blocks")
    search.shares = {name: getattr(found, name) for name in names}
    if tight and found.above_refuted:
        search.ruled_out = tau + 1
        search.certificate = certificate_of_selection(tau, found, valued=True)
        return search.plan(), None
    try:
        _bounded(search, tight=tight)
    except KeyboardInterrupt as stop:
        search.stopped, search.interrupt = True, stop
        # What not even one sample has the time for is ruled out at a glance.
        speed = problem.learners.flops_per_s / problem.payload.flops_per_sample
        search.limit_s = math.inf
        search.decide(max(tau, int(problem.cycle_s * speed.max())) + 1)
    return search.plan(), search.interrupt


def _start(found: Any, tau: int) -> tuple[float, float, float] | None:
    """Return where the search for the plan's own bound begins: prices in samples."""
    assert found.samples is not None
    per_hz, per_w = found.end
    whole = float(found.samples.sum())
    scale = whole / found.value if found.value > 0.0 else 1.0
    return (float(tau), per_hz * scale, per_w * scale) if min(per_hz, per_w) > 0.0 else None


def _bounded(search: Selecting, *, tight: bool) -> None:
    """Rule out a tau above what fits: told if that does not take long.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C.
    """
    own = search.problem
    if not tight and len(own.learners) >= MANY and _out_of_time(search):
        return
    if tight and chosen_quickly(own) and search.start is not None:
        search.decide(search.tau + 1)
        if search.interrupt is not None:
            raise search.interrupt
        if search.ruled_out == search.tau + 1:
            return
    relaxed = without_choice(own)
    means = (0, search.left_s(), search.threads, None)
    if tight:  # the most samples leave no room for one more cycle
        work = max(1e7, 100.0 * len(own.learners))
        result = _core.decide(relaxed._core, search.tau + 1, *means, search.start, False, work)
    if not tight or (result.interrupted is None and result.bound > search.tau):
        # Fewer may do many more cycles: how many more they could is not what was asked.
        work = max(3e5, 2.0 * len(own.learners))
        result = _core.solve(relaxed._core, *means, False, None, False, work)
    if result.interrupted is not None:
        raise result.interrupted
    certificate = certificate_of("joint", result.bound, result, relaxed)
    tree = (certificate or {}).get("tree", ())
    if len(tree) == 1 or (tree and relaxed is own):
        search.ruled_out, search.certificate = result.bound + 1, certificate
    else:
        search.decide(result.bound + 1)
        if search.ruled_out <= search.tau:  # found.tau is a plan: nothing there is ruled out
            raise AssertionError("what fits was ruled out")


def _out_of_time(search: Selecting) -> bool:
    """Rule out a tau at which all that many learners have the time for are too few samples."""
    own, share = search.problem, _LOOKED_AT / len(search.problem.learners)
    search.start = None
    for says in (partial(most_in_time, share=share), _beyond_time):  # the first mostly does
        asked = says(own, own.task.samples)
        search.decide(max(asked, search.tau + 1))
        if search.interrupt is not None:
            raise search.interrupt
        if search.ruled_out <= asked:
            return True
    return False


def _beyond_time(problem: Problem, samples: int) -> int:
    return in_time(problem, samples) + 1


def words_of(of: str, value: float) -> str:
    """Return an amount with its unit."""
    if of == "weight":
        return f"samples worth {value:,.10g}"
    return count(int(value), "sample" if of == "samples" else "learner")


guard(__name__)
