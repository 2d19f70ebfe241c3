"""The baselines where somebody may choose to sit out, or so many must take part.

``task_only``: everybody has B/K and P/K, whether it takes part or not. So each learner's most
samples at a tau are known, and who takes part is a choice of numbers alone (sums_of_some.py).
``resource_only``: everybody has D/K samples up to one. Where that is a sample or more nobody sits
out; where it is less, it is the joint problem with at most one sample each.
"""

from time import perf_counter
from typing import Any

import numpy as np

from mel_fast import _core
from mel_fast._base.units import count
from mel_fast._base.validation import BoolColumn, IntColumn, freeze
from mel_fast.bracket.selected import without_choice
from mel_fast.model.problem import Problem
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import Status
from mel_fast.solve.selection.search import How, Tell, selected
from mel_fast.solve.selection.sums_of_some import Ends, Sum, some_with_sum

_CHOICE = 4  # to blame, as in search.py
_HALVES = 45  # of the deadline, for the earliest finish
_NEAR = 1e-9  # relative: where that ends


class EqualShares:
    """One search over tau with equal shares of both budgets."""

    def __init__(
        self, problem: Problem, at_least: int, limit_s: float, tell: Tell, *, early: bool
    ) -> None:
        self.problem = problem
        self.at_least = at_least
        self.early = early
        self.begin, self.limit_s, self.tell = perf_counter(), limit_s, tell
        self.passes = 0
        self.stopped = False
        self.tau, self.bound = 0, 2**63 - 2
        self.who: BoolColumn | None = None
        learners = problem.learners
        size = len(learners)
        low = np.zeros(size, np.int64)
        if learners.min_samples is not None:
            low = np.asarray(learners.min_samples, np.int64)
        rests = np.full(size, problem.idle == "excused") & (low == 0)
        if learners.optional is not None:
            rests = rests | learners.optional
        self.rests = rests
        self.low = np.where(rests, np.maximum(low, 1), low)

    def room(self, tau: int, *, generous: bool, cycle_s: float | None = None) -> IntColumn:
        """Return the most samples of everybody at a tau, surely or perhaps."""
        self.passes += 1
        cycle_s = self.problem.cycle_s if cycle_s is None else cycle_s
        core = self.problem.core_for("task_only")
        most = _core.equal_room(core, tau, cycle_s, generous)[0]
        return most.astype(np.int64)

    def chosen(self, high: IntColumn) -> Sum:
        """Choose who takes part."""
        ends = Ends(self.low, high, self.rests)
        return some_with_sum(ends, self.problem.task.samples, self.at_least)

    def decide(self, tau: int) -> bool | None:
        """Ask about one tau; None where nobody knows."""
        high = self.room(tau, generous=False)
        found = self.chosen(high)
        if found.who is not None:
            if tau > self.tau:
                self.tau, self.who = tau, found.who
            return True
        if found.refuted:
            most = self.room(tau, generous=True)
            if bool((most == high).all()) or self.chosen(most).refuted:
                self.bound = min(self.bound, tau - 1)
                return False
        return None

    def over(self) -> bool:
        """Say whether to stop."""
        elapsed_s = perf_counter() - self.begin
        told = self.tell is not None and self.tell(self.tau, self.bound, self.passes, elapsed_s)
        self.stopped = self.stopped or told or elapsed_s >= self.limit_s
        return self.stopped

    def search(self, most: int) -> None:
        """Look for the largest tau that fits, by halves, up to one that surely no plan exceeds."""
        self.bound = most
        if most == 0 or self.decide(most) or self.over():
            return
        low, high = 0, most - 1
        while low < high and not self.over():
            middle = low + (high - low + 1) // 2
            if self.decide(middle):
                low = middle
            else:
                high = middle - 1
        open_ = low  # not ruled out
        while open_ < self.bound and not self.over():
            middle = open_ + (self.bound - open_ + 1) // 2
            if self.decide(middle) is not False:
                open_ = middle

    def allocation(self) -> dict[str, Any]:
        """Return the samples, as early as they can be returned, and the shares."""
        who = self.who
        assert who is not None
        problem = self.problem
        total = problem.task.samples
        takes = who | ~self.rests

        def held(cycle_s: float) -> IntColumn:
            return np.where(takes, self.room(self.tau, generous=False, cycle_s=cycle_s), 0)

        low = np.where(takes, self.low, 0)
        if self.at_least:  # who is served without samples does not count
            low = np.where(who & (held(problem.cycle_s) > 0), np.maximum(low, 1), low)

        def fits(high: IntColumn) -> bool:
            return bool((high >= low).all()) and int(high.sum()) >= total

        late, early = problem.cycle_s, 0.0
        for _ in range(_HALVES if self.early else 0):
            if late - early <= _NEAR * late or self.over():
                break
            middle = 0.5 * (early + late)
            late, early = (middle, early) if fits(held(middle)) else (late, middle)
        samples = _filled(low, held(late), total)
        core = problem.core_for("task_only")
        _, bandwidth_hz, power_w, blocks = _core.equal_room(core, self.tau, late, False)
        shares: dict[str, Any] = {
            "samples": samples,
            "bandwidth_hz": bandwidth_hz,
            "power_w": power_w,
        }
        if problem.radio.block_hz is not None:
            shares["blocks"] = blocks.astype(np.int64)
        return shares

    def plan(self) -> Plan:
        """Return what was found."""
        shares: dict[str, Any] = {} if self.who is None else self.allocation()
        if self.tau and self.tau == self.bound:
            status = Status.OPTIMAL
        elif self.tau:
            status = Status.FEASIBLE
        else:
            status = Status.INFEASIBLE if self.bound == 0 else Status.UNDECIDED
        ruled_out = {"tau": self.bound + 1, "rule": "equal_shares"}
        names = ("samples", "bandwidth_hz", "power_w", "blocks")
        plan = object.__new__(Plan)
        plan.__dict__.update(
            problem=self.problem,
            scheme="task_only",
            status=status,
            tau=self.tau,
            bound=self.bound,
            **{name: None if name not in shares else freeze(shares[name]) for name in names},
            certificate=ruled_out if self.bound < 2**63 - 2 else None,
            reasons=self._reasons(status),
            nodes=0,
            passes=self.passes,
            elapsed_s=perf_counter() - self.begin,
            _result=None,
            _blame=_CHOICE,
        )
        if self.at_least:
            plan.__dict__["at_least"] = self.at_least
        return plan

    def _reasons(self, status: Status) -> tuple[str, ...]:
        if status is Status.OPTIMAL:
            return ()
        need = count(self.problem.task.samples, "sample")
        who = f" with at least {count(self.at_least, 'participant')}" if self.at_least else ""
        if status is Status.INFEASIBLE:
            return (
                f"tau = 1: with equal shares no choice of learners holds just {need}{who} in time",
            )
        if self.stopped:
            return ("stopped by a limit, the callback or Ctrl-C",)
        return (
            f"tau = {self.tau + 1}: no choice of learners was found that holds just {need}{who}, "
            "and no proof that there is none",
        )


def _filled(low: IntColumn, high: IntColumn, total: int) -> IntColumn:
    """Fill up from `low` towards `high`, the first learners first."""
    room = np.cumsum(high - low)
    left = total - int(low.sum())
    more = np.diff(np.minimum(room, left), prepend=0)
    return np.asarray(low + more, np.int64)


def with_equal_samples(problem: Problem, at_least: int) -> Problem | None:
    """Return the problem within the equal samples; None where nobody has any choice in it."""
    learners, samples = problem.learners, problem.task.samples
    size = len(learners)
    low, high = samples // size, -(-samples // size)
    given = learners.min_samples, learners.max_samples
    least = np.full(size, low) if given[0] is None else np.maximum(given[0], low)
    most = np.full(size, high) if given[1] is None else np.minimum(given[1], high)
    optional = np.zeros(size, bool) if learners.optional is None else learners.optional
    crossed = least > most
    if bool((crossed & ~optional).any()) or (low > 0 and at_least <= size):
        return None
    if low > 0:
        optional = np.zeros(size, bool)
        if bool(crossed.any()):
            return None
    least, most = np.where(crossed, 0, least), np.where(crossed, 0, most)
    changed = learners.replace(min_samples=least, max_samples=most, optional=optional)
    return problem.replace(learners=changed)


def equal_samples(problem: Problem, at_least: int, how: How) -> Plan:
    """Return what `solve` does with scheme ``resource_only``."""
    within = with_equal_samples(problem, at_least)
    if within is None:
        alone = problem.replace(learners=problem.learners.replace(optional=None))
        plan = how.ask(alone, "resource_only")
    else:
        plan = selected(within, at_least, how, counts=False)
    plan.__dict__.update(problem=problem, scheme="resource_only")
    if at_least:
        plan.__dict__["at_least"] = at_least
    return plan


def equal_shares(problem: Problem, at_least: int, how: How) -> Plan:
    """Return what `solve` does with scheme ``task_only``.

    Raises
    ------
    Interrupted
        After Ctrl-C, with the best plan so far.
    """
    search = EqualShares(problem, at_least, how.limit_s, how.callback, early=how.then == "time")
    try:
        search.search(how.ask(without_choice(problem), "task_only", "none").bound)
        return search.plan()
    except KeyboardInterrupt as stop:  # Interrupted, too: of the problem without its choice
        search.early = False
        cause = stop.__cause__ if isinstance(stop, Interrupted) else stop
        raise Interrupted(search.plan()) from cause
