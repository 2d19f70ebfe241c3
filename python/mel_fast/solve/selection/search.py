"""Solve where somebody may choose to sit out, or so many must take part.

Without minima that are open, and without a least number of participants, the problem is one of
those that the core solves at once; no plan of it has fewer local cycles than one that keeps them.
From there the search goes down; each tau is asked of the core's selection.
"""

import math
from collections.abc import Callable
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from mel_fast import _core
from mel_fast._base.arithmetic import guard
from mel_fast._base.units import count
from mel_fast.bracket.selected import (
    boxes_hold,
    chosen_quickly,
    keeps_choice,
    with_minima,
    without_choice,
)
from mel_fast.bracket.stated_samples import MANY, counts_rule_out, in_time, some_of
from mel_fast.model.problem import Problem
from mel_fast.plans.claims.no_more import certificate_of_selection
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import Status, Then

_MOST = 60  # questions
_SHARE = 0.5  # of the time that is left, for one of them: fewer local cycles may be quick to plan
_OVER = 0.01  # of the time: so little is none
_STEP, _FAR = math.log(0.1), math.log(2.0**62)
_CHOICE = 4  # to blame, after what the core blames
_COUNTED = 4096  # learners: boxes of them may take long, counting does not
_HARDLY = 0.99  # of the samples: no less is nearly enough
_FEW = 0.5  # of the samples: then it may be that nobody has the time
Tell = Callable[[int, int, int, float], bool] | None


class How(NamedTuple):
    """How `solve` was asked to go about it; `first` answers a problem without a choice."""

    limit_s: float
    threads: int
    callback: Tell
    then: Then
    where: tuple[float, float, float] | None
    first: Callable[..., Plan]

    def ask(self, problem: Problem, scheme: str, then: Then | None = None) -> Plan:
        """Answer a problem without a choice."""
        limit_s, threads, callback, asked, where, first = self
        return first(problem, scheme, limit_s, threads, callback, then or asked, where)


class Selecting:
    """One search over tau: what fits, what is ruled out, and by what."""

    def __init__(
        self,
        problem: Problem,
        at_least: int,
        limit_s: float,
        threads: int,
        tell: Tell,
        *,
        early: bool,
        counts: bool = True,
    ) -> None:
        self.problem = problem
        self.counts = counts
        self.at_least = at_least
        self.threads = threads
        self.early = early
        self.begin = perf_counter()
        self.limit_s = limit_s
        self.tell = tell
        self.nodes = self.passes = 0
        self.stopped = False
        self.interrupt: BaseException | None = None
        self.tau = 0
        self.shares: dict[str, Any] = {}
        self.ruled_out = 2**63 - 1
        self.certificate: dict[str, Any] | None = None
        self.blame = _CHOICE  # where nothing fits
        self.start: tuple[float, float, float] | None = None
        self._room: dict[int, float] = {}  # at a tau no more samples fit, as a bound says

    def left_s(self) -> float:
        """Return the seconds that are left."""
        return max(self.limit_s - (perf_counter() - self.begin), 0.0)

    def told(self, _tau: int, _bound: int, passes: int, _elapsed_s: float) -> bool:
        """Ask the caller's callback."""
        assert self.tell is not None
        elapsed_s = perf_counter() - self.begin
        stop = self.tell(self.tau, self.ruled_out - 1, self.passes + passes, elapsed_s)
        self.stopped = self.stopped or stop
        return stop

    def take(self, plan: Plan) -> None:
        """Learn from the plan of the problem without its choice."""
        self.nodes, self.passes = plan.nodes, plan.passes
        self.start = plan._end
        if plan.status is Status.INFEASIBLE:  # what keeps all choices from a plan keeps each
            self.blame = blame_of(plan)
        tree = (plan.certificate or {}).get("tree", ())
        if len(tree) == 1 or (tree and plan.problem is self.problem):
            self.ruled_out, self.certificate = plan.bound + 1, plan.certificate
        elif tree and plan.problem is not self.problem:
            self._take_boxes(plan)
        if plan.samples is None or not keeps_choice(self.problem, plan.samples):
            return
        if np.count_nonzero(plan.samples) >= self.at_least:
            self.tau = plan.tau
            names = ("samples", "bandwidth_hz", "power_w", "blocks")
            self.shares = {name: getattr(plan, name) for name in names}

    def _take_boxes(self, plan: Plan) -> None:
        """Learn from the tree of the problem without its choice, where its boxes hold here."""
        assert plan.certificate is not None
        split = np.array([node.get("learner", -1) for node in plan.certificate["tree"]])
        if boxes_hold(self.problem, plan.problem, split):
            self.ruled_out = plan.bound + 1
            self.certificate = with_minima(plan.certificate, self.problem, plan.problem)

    def decide(self, tau: int) -> bool | None:
        """Ask about one tau; None where nobody knows, or where that takes half of what is left."""
        early = len(self.problem.learners) <= _COUNTED
        if early and self._counted_out(tau):
            return False
        found = _core.select(
            self.problem._core,
            tau,
            0,
            None,
            True,
            self.at_least,
            1.0,
            _SHARE * self.left_s(),
            self.threads,
            None if self.tell is None else self.told,
            self.early,
            self.start,
        )
        self.nodes += found.nodes
        self.passes += found.passes
        if min(found.end) > 0.0:
            self.start = (float(tau), *found.end)
        if 0.0 < found.bound < math.inf:
            self._room[tau] = found.bound / self.problem.task.samples
        if found.interrupted is not None:
            self.stopped, self.interrupt = True, found.interrupted
        if found.samples is not None:
            if tau > self.tau:
                self.tau = tau
                names = ("samples", "bandwidth_hz", "power_w", "blocks")
                self.shares = {name: getattr(found, name) for name in names}
            return True
        if found.refuted:
            if tau < self.ruled_out:
                self.ruled_out = tau
                self.certificate = certificate_of_selection(tau - 1, found, valued=True)
            return False
        if not early and self._counted_out(tau):
            return False
        over = self.left_s() <= _OVER * self.limit_s
        self.stopped = self.stopped or (found.stopped and over)
        return None

    def _counted_out(self, tau: int) -> bool:
        """Say whether no number of participants adds up to the samples."""
        if not self.counts or not self.problem.has_choice:
            return False
        out = counts_rule_out(self.problem, tau, self.at_least)
        if out and tau < self.ruled_out:
            self.ruled_out = tau
            self.certificate = {"tau": tau, "rule": "counts"}
        return out

    def _just_fits(self) -> float | None:
        """Say at which tau just the samples fit, to go by what the questions so far said of others.

        Along the logarithms of tau and of the samples that fit, which are nearly straight: with the
        slope where more fit, for what was refuted may fit far less than its bound says.
        """
        points = sorted((math.log(tau), math.log(room)) for tau, room in self._room.items())
        more = [point for point in points if point[1] >= 0.0]
        less = [point for point in points if point[1] < 0.0]
        if not points:
            return None
        if not more:
            x, y = less[0]
            return math.exp(x + max(y, _STEP))
        x, y = more[-1]
        x0, y0 = more[-2] if len(more) > 1 else less[0] if less else (x - 1.0, y + 1.0)
        slope = (y - y0) / (x - x0)
        return math.exp(min(x - y / slope, _FAR)) if slope < 0.0 else None

    def search(self, guess: int, most: int) -> None:
        """Ask where the bounds say that the samples just fit, until something does and no more.

        Where they cannot tell, and every third time, what is open is halved.
        """
        high = most + 1  # not known to fit
        asked = max(guess, 1)
        for told in range(1, _MOST):
            if self.tau >= high - 1 or self.stopped:
                break
            asked = min(max(asked, self.tau + 1), high - 1)
            if not self.decide(asked):
                high = asked
            if told == 1 and self._room.get(asked, 1.0) < _FEW:
                high = min(high, in_time(self.problem, self.problem.task.samples) + 1)
            where = self._just_fits()
            if where is None or where >= high or (told % 3 == 0 and where > self.tau + 1):
                low = max(self.tau, 1)
                where = math.sqrt(low) * math.sqrt(high) if high > 4 * low else 0.5 * (low + high)
            asked = int(where)
        self._rule_out(high, most)

    def _rule_out(self, high: int, most: int) -> None:
        """Rule out as little above what fits as can be; the relaxed problem may say less."""
        if not self.stopped and self.ruled_out > self.tau + 1 and high == most + 1:
            self.decide(high)
        low = high  # not ruled out
        while low < self.ruled_out - 1 < 2**63 - 2 and not self.stopped:
            asked = (low + self.ruled_out) // 2
            if self.decide(asked) is not False:
                low = asked
        step = 1
        while self.ruled_out == 2**63 - 1 and not self.stopped and step < 2**40:
            self.decide(max(high, self.tau) + step)
            step *= 4

    def plan(self) -> Plan:
        """Return what was found."""
        bound = self.ruled_out - 1
        if self.tau == bound > 0:
            status = Status.OPTIMAL
        elif self.tau:
            status = Status.FEASIBLE
        else:
            status = Status.INFEASIBLE if bound == 0 else Status.UNDECIDED
        plan = object.__new__(Plan)
        names = ("samples", "bandwidth_hz", "power_w", "blocks")
        shares = {name: self.shares.get(name) for name in names}
        plan.__dict__.update(
            problem=self.problem,
            scheme="joint",
            status=status,
            tau=self.tau,
            bound=min(bound, 2**63 - 2),
            **shares,  # of the core's answer, or a plan's: nobody may write to them
            certificate=self.certificate,
            reasons=self._reasons(status),
            nodes=self.nodes,
            passes=self.passes,
            elapsed_s=perf_counter() - self.begin,
            _result=None,
            _blame=self.blame,
        )
        if self.at_least:
            plan.__dict__["at_least"] = self.at_least
        return plan

    def _reasons(self, status: Status) -> tuple[str, ...]:
        if status is Status.OPTIMAL:
            return ()
        if status is Status.INFEASIBLE:
            need = count(self.problem.task.samples, "sample")
            who = f" with at least {count(self.at_least, 'participant')}" if self.at_least else ""
            return (f"tau = 1: no choice of learners holds just {need}{who} in time",)
        if self.stopped:
            return ("stopped by a limit, the callback or Ctrl-C",)
        return (
            f"tau = {self.tau + 1}: no split was found that keeps every minimum, and no proof that "
            "there is none",
        )


def blame_of(plan: Plan) -> int:
    """Return what is to blame for an infeasible plan, as `solve_many` counts; 0 for others."""
    if plan.status is not Status.INFEASIBLE:
        return 0
    known: int | None = plan.__dict__.get("_blame", getattr(plan._result, "blame", None))
    return known or 0


def selected(problem: Problem, at_least: int, how: How, *, counts: bool = True) -> Plan:
    """Return what `solve` does.

    `counts`: whether a proof may say that no number of participants adds up to the samples.

    Raises
    ------
    Interrupted
        After Ctrl-C, with the best plan so far.
    """
    if how.callback is not None:
        how = how._replace(callback=_once(how.callback))
    early = how.then == "time"
    search = Selecting(
        problem, at_least, how.limit_s, how.threads, how.callback, early=early, counts=counts
    )
    try:
        return _selected(search, how)
    except Interrupted as stop:
        if search.interrupt is None and stop.plan is not None and stop.plan.tau:
            search.take(stop.plan)
        raise Interrupted(search.plan()) from (search.interrupt or stop.__cause__)
    except KeyboardInterrupt as stop:
        raise Interrupted(search.plan()) from stop


def _selected(search: Selecting, how: How) -> Plan:
    problem, limit_s = search.problem, search.limit_s
    same = not problem.has_choice
    if not same and _by_some(search, how):
        return search.plan()
    plan = how.ask(without_choice(problem), "joint", how.then if same else "none")
    search.take(plan)
    if same and search.tau == plan.tau:
        plan.__dict__["at_least"] = search.at_least
        return plan
    if search.left_s() <= 0.0 or (plan.status is Status.FEASIBLE and limit_s < math.inf):
        search.stopped = True
    elif search.ruled_out > search.tau + 1:
        search.search(plan.bound if plan.status is Status.OPTIMAL else max(plan.tau, 1), plan.bound)
    if search.interrupt is not None:
        raise Interrupted from search.interrupt
    return search.plan()


def _by_some(search: Selecting, how: How) -> bool:
    """Ask where some of many learners say that all fit; whether that was the end of it."""
    problem = search.problem
    if len(problem.learners) < MANY or not chosen_quickly(problem) or search.limit_s < math.inf:
        return False
    some, share = some_of(problem)
    if some is None:
        return False
    how = how._replace(limit_s=search.left_s(), then="none", where=None)
    members = int(search.at_least * share)
    those = Selecting(some, members, how.limit_s, how.threads, how.callback, early=False)
    try:
        guess = _selected(those, how)
    except Interrupted as stop:  # with a plan of these alone
        raise Interrupted from (those.interrupt or stop.__cause__)
    if not guess.tau or guess.bound > 2 * guess.tau:
        return False
    search.passes += guess.passes
    search.start = guess._end
    # What some of them hardly fall short of all may do; if not, that has to be ruled out anyhow.
    hardly = those._room.get(guess.tau + 1, 0.0) > _HARDLY
    search.search(guess.tau + hardly, int(min(_most_cycles(problem), 2.0**52)))
    if search.interrupt is not None:
        raise Interrupted from search.interrupt
    return search.ruled_out == search.tau + 1 or search.stopped


def _most_cycles(problem: Problem) -> float:
    """Return what nobody can do more of, with a single sample."""
    speed = problem.learners.flops_per_s / problem.payload.flops_per_sample
    return problem.cycle_s * float(speed.max())


def _once(
    callback: Callable[[int, int, int, float], bool],
) -> Callable[[int, int, int, float], bool]:
    """Return a callback that is not asked again after a true answer."""
    stopped = False

    def tell(*ends: Any) -> bool:
        nonlocal stopped
        stopped = stopped or callback(*ends)
        return stopped

    return tell


guard(__name__)
