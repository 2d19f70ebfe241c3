"""Whom to leave out so that an infeasible problem becomes feasible."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mel_fast._base.frozen import Found
from mel_fast._base.progress import Callback
from mel_fast._base.units import count
from mel_fast._base.validation import BoolColumn, FloatColumn, IntColumn
from mel_fast.model.learners import Learners, listed
from mel_fast.model.problem import Problem
from mel_fast.planning._optional import Attendance, optional_minima
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import Status
from mel_fast.solve.single import solve

_PUT_BACK = 64  # learners of a set that are tried one by one
_ROUNDING = 1e-12  # of the cycle: more than all rounding of a return's time


@dataclass(frozen=True, slots=True, eq=False)
class LeaveOut(Found):
    """A set of learners without whom at least one local cycle fits.

    Attributes
    ----------
    learners : ndarray of int64
        Their indices, ascending; empty where no such set is known.
    plan : Plan or None
        The plan of the others, for the problem that consists of them.
    irreducible : bool
        Put any one of them back, and not even one local cycle fits: proved for each. Without a
        plan: no set of learners helps, which is proved.
    least : int
        At least so many must go: those who must take part, but cannot even return the model within
        the deadline.
    """

    learners: IntColumn
    plan: Plan | None
    irreducible: bool
    least: int

    @property
    def smallest(self) -> bool:
        """Whether no smaller set can do: one learner, or only those who must go anyway."""
        size = int(self.learners.size)
        return self.plan is not None and (size == self.least or size <= 1)

    def sentence(self, learners: Learners | None = None) -> str:
        """Return it in words."""
        if self.plan is None and self.irreducible:
            return "Leaving learners out does not help, whoever they are."
        if self.plan is None:
            return "Whether leaving learners out helps was not found out."
        size = int(self.learners.size)
        shown = listed(self.learners, learners)
        proof = ""
        if self.smallest:
            proof = "; no smaller set does"
        elif self.irreducible:
            proof = "; none of them can be put back"
        return (
            f"Without {count(size, 'learner')} ({shown}) the others reach "
            f"tau = {self.plan.tau}{proof}."
        )


def leave_out(
    plan: Plan, limit_s: float, threads: int, callback: Callback | None = None
) -> LeaveOut:
    """Return a small set of learners without whom one local cycle fits."""
    problem, end = plan.problem, time.perf_counter() + limit_s
    bound = must_come(problem)
    burden = np.where(bound, _burden(problem), -math.inf)
    order = np.argsort(-burden, kind="stable")
    must = int((burden == math.inf).sum())
    stopped = False

    def ask(asked: Problem) -> Plan:
        left = 0.0 if stopped else max(end - time.perf_counter(), 0.0)
        told = None if callback is None else tell
        return solve(
            asked,
            time_limit_s=left,
            threads=threads,
            then="none",
            callback=told,
            at_least=plan.at_least,
        )

    def tell(tau: int, bound: int, passes: int, elapsed_s: float) -> bool:
        nonlocal stopped
        assert callback is not None
        stopped = stopped or bool(callback(tau, bound, passes, elapsed_s))
        return stopped

    def attempt(out: IntColumn) -> Plan:
        return ask(without(problem, out))

    # A plan that leaves learners out is a plan in which they are excused, and the other way round;
    # a learner that is left out has no minimum.
    nobody = np.array([], dtype=np.int64)
    if plan.at_least is not None or problem.has_choice:  # then the solver knows such learners
        everybody = ask(problem.replace(learners=problem.learners.replace(optional=True)))
        found = Attendance(everybody.samples, everybody.status is Status.INFEASIBLE)
    else:
        found = optional_minima(problem, ask)
    if found.samples is None:
        return LeaveOut(nobody, None, found.refuted, must)
    chosen = np.flatnonzero((found.samples == 0) & bound)
    best = attempt(chosen)
    # The dearest to serve, by halves: often fewer.
    low, high = max(must - 1, 0), int(chosen.size)
    while high - low > 1:
        middle = (low + high) // 2
        fewer = attempt(order[:middle])
        if not fewer.tau:
            low = middle
        else:
            high, best, chosen = middle, fewer, np.sort(order[:middle])
    if not best.tau:  # double precision, or the limit
        return LeaveOut(nobody, None, False, must)
    irreducible = False
    if chosen.size <= _PUT_BACK:
        chosen, best, irreducible = _put_back(chosen, best, attempt)
    return LeaveOut(chosen, best, irreducible, must)


def _put_back(
    chosen: IntColumn, best: Plan, attempt: Callable[[IntColumn], Plan]
) -> tuple[IntColumn, Plan, bool]:
    """Put learners back one by one; say as well whether that is proved impossible for the rest."""
    while chosen.size > 1:
        proved = True
        for learner in chosen.tolist():
            rest = chosen[chosen != learner]
            found = attempt(rest)
            if found.tau:
                chosen, best = rest, found
                break
            proved &= found.status is Status.INFEASIBLE
        else:
            return chosen, best, proved
    return chosen, best, True


def must_come(problem: Problem) -> BoolColumn:
    """Say who takes part in any case: who is served or has a minimum, and is not `optional`."""
    minima, optional = problem.learners.min_samples, problem.learners.optional
    must = np.full(len(problem.learners), problem.idle == "served")
    if minima is not None:
        must |= minima > 0
    return must if optional is None else must & ~optional


def some_must_come(problem: Problem) -> bool:
    """Say whether leaving learners out may help at all."""
    return bool(must_come(problem).any())


def without(problem: Problem, learners: IntColumn) -> Problem:
    """Return the problem of the other learners."""
    keep = np.ones(len(problem.learners), dtype=bool)
    keep[learners] = False
    return only(problem, keep)


def only(problem: Problem, learners: IntColumn | BoolColumn) -> Problem:
    """Return the problem of some learners, with what is sent to them."""
    given = problem._given
    payload = None if given is None else given.take(learners)
    return problem.replace(learners=problem.learners.take(learners), payload=payload)


def _burden(problem: Problem) -> FloatColumn:
    """How dear it is to serve a learner, on a scale that only orders them.

    The more bits a second it needs and the weaker its channel is, the larger; infinite where it
    has no time for the planned link.
    """
    links, radio, learners = problem.links, problem.radio, problem.learners
    most = links.bits + links.bits_per_sample
    band = radio.bandwidth_hz / len(learners)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        spare = problem.cycle_s - links.constant_bits / problem.constant_rates()
        bits = np.log1p(most / np.maximum(spare, 1e-300) / band)
        noise = radio.noise * band if problem.law == "density" else radio.noise
        burden = np.asarray(bits - np.log(learners.gain / noise))
    never = spare < -_ROUNDING * problem.cycle_s
    return np.where(never, math.inf, np.where(np.isfinite(burden), burden, 1e300))
