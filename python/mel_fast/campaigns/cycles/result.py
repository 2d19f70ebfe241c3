"""The most local cycles of learners that each have their own number: the answer and its check."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from mel_fast._base.arithmetic import guard
from mel_fast._base.arrow import ShownTable
from mel_fast._base.frozen import Found
from mel_fast._base.units import count
from mel_fast._base.validation import MAX_INTEGER, FloatColumn, IntColumn, freeze
from mel_fast.bracket.stated_samples import with_samples
from mel_fast.campaigns.cycles.search import CyclesSearch
from mel_fast.campaigns.cycles.swap import (
    largest_ratio,
    slowest_times,
    swapped,
    with_box,
)
from mel_fast.model.problem import Problem
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import Status


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class MostCycles(Found, ShownTable):
    """The most local cycles in all, each learner with its own number of them.

    Attributes
    ----------
    problem : Problem
        What was asked about.
    samples : ndarray of shape (K,)
        The samples of each learner, as given; who has none takes no part, whatever `idle` says.
    spread : float or None
        No learner does more than so many times the cycles of another one that takes part.
    status : Status
        ``optimal``: `value` is the most; ``feasible``: so many fit, and more than `bound` do not;
        ``infeasible``: those with samples cannot all do one cycle; ``undecided``: no plan found.
    value : int or None
        Cycles of all learners together; None where nothing was found.
    bound : int
        No plan has more in all; 2**53 where nothing is proved.
    cycles : ndarray of shape (K,) or None
        The local cycles of each learner, int64: at least 1 of who has samples, 0 of who has none.
    bandwidth_hz, power_w : ndarray of shape (K,) or None
        What each is given for the forward link.
    plan : Plan or None
        The same as a plan of the problem in which samples and cycles have changed places: its
        learners are those that take part, its ``samples`` their cycles, its local cycles are 1.
    proofs : tuple of Plan
        Claims, of such problems too, that together rule out ``bound + 1`` cycles. Without a spread
        it is one; with one, each is about a range of what the slowest learner does.
    reasons : tuple of str
        Why something is open or impossible; empty when optimal.
    stopped : bool
        The time limit, the callback or Ctrl-C ended the search.
    passes, elapsed_s : int, float
        Passes over the learners and seconds that the search took.

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=4, idle="excused")
    >>> found = mel.most(problem, samples=[20_000, 10_000, 20_000, 10_000], spread=2.0)
    >>> found.value == int(found.cycles.sum()), found.cycles.shape
    (True, (4,))
    """

    problem: Problem
    samples: IntColumn
    spread: float | None
    status: Status
    value: int | None
    bound: int
    cycles: IntColumn | None
    bandwidth_hz: FloatColumn | None
    power_w: FloatColumn | None
    plan: Plan | None
    proofs: tuple[Plan, ...]
    reasons: tuple[str, ...]
    stopped: bool
    passes: int
    elapsed_s: float
    _row = "learner"

    def __bool__(self) -> bool:
        return self.plan is not None

    @classmethod
    def of(cls, problem: Problem, samples: IntColumn, search: CyclesSearch) -> "MostCycles":
        """Return what a search has found."""
        plan = search.plan
        columns = dict.fromkeys(("samples", "bandwidth_hz", "power_w"))
        if plan is not None:
            all_of = _spreading(samples)
            columns = {name: all_of(getattr(plan, name)) for name in columns}
        return cls(
            problem=problem,
            samples=samples,
            spread=search.spread,
            status=search.status,
            value=search.value or None,
            bound=search.bound,
            cycles=columns["samples"],
            bandwidth_hz=columns["bandwidth_hz"],
            power_w=columns["power_w"],
            plan=plan,
            proofs=search.claims,
            reasons=_reasons(search),
            stopped=search.stopped,
            passes=search.passes,
            elapsed_s=search.elapsed_s,
        )

    @property
    def proof(self) -> Plan | None:
        """The one claim that rules out more cycles; None where several do so together."""
        return self.proofs[0] if len(self.proofs) == 1 else None

    def check(self, *, time_limit_s: float | None = None) -> tuple[str, ...]:
        """Return what is wrong with the answer, nothing when it holds (extra ``[verify]``).

        `verify` judges plan and claims; that they are about this problem, and together about every
        number of cycles that the slowest learner may do, is checked here.
        """
        from mel_fast.verify import verify

        wrong = []
        for name, claim in (("plan", self.plan), *((f"proofs[{i}]", c) for i, c in self._claims())):
            if claim is not None:
                verdict = verify(claim.problem, claim, time_limit_s=time_limit_s)
                wrong += [f"{name}: {reason}" for reason in verdict.reasons]
        return (*wrong, *self._check_plan(), *self._check_claims())

    def _claims(self) -> list[tuple[int, Plan]]:
        return list(enumerate(self.proofs))

    def _check_plan(self) -> list[str]:
        if self.plan is None:
            return [] if self.value is None else [f"value = {self.value} without a plan"]
        own, plan = swapped(self.problem, self.samples)[0], self.plan
        low, high = _box_of(plan.problem)
        wrong, all_of = [], _spreading(self.samples)
        if plan.tau < 1 or plan.samples is None or int(plan.samples.sum()) != self.value:
            wrong.append(f"the plan does not have {self.value} cycles")
        if plan.problem != with_samples(with_box(own, low, high), plan.problem.task.samples):
            wrong.append("the plan is about another problem")
        for name, mine, theirs in (
            ("cycles", self.cycles, plan.samples),
            ("bandwidth_hz", self.bandwidth_hz, plan.bandwidth_hz),
            ("power_w", self.power_w, plan.power_w),
        ):
            if mine is None or not np.array_equal(mine, all_of(theirs)):
                wrong.append(f"{name} is not the plan's")
        if self.spread is not None and plan.samples is not None:
            least, most = int(plan.samples.min()), int(plan.samples.max())
            if least < 1 or most > slowest_times(self.spread, least):
                wrong.append(f"{least} and {most} cycles: further apart than {self.spread} times")
        return wrong

    def _check_claims(self) -> list[str]:
        own = swapped(self.problem, self.samples)[1]
        size, wrong = len(own.learners), []
        whole = MAX_INTEGER  # no plan has more in all, ratio or not
        ranges = []
        for i, claim in self._claims():
            low, high = _box_of(claim.problem)
            total = claim.problem.task.samples
            if claim.problem != with_samples(with_box(own, low, high), total) or claim.bound:
                wrong.append(f"proofs[{i}]: the claim is about something else")
                continue
            most = total - 1 if total > low * size else 0
            if high is None and low == 1:
                whole = min(whole, most)
            ranges.append((low, self._last(high), most))
        if whole <= self.bound or self.bound >= MAX_INTEGER:
            return wrong
        # Where the slowest does so few, even all that the ratio allows everybody is no more.
        covered = self._last(self.bound // size)
        for low, last, most in sorted(ranges, key=lambda entry: entry[0]):
            if most <= self.bound and low <= covered + 1:
                covered = max(covered, last)
        if covered < whole // size:  # the slowest does at most so many
            wrong.append(f"no claim rules out more than {self.bound} from {covered + 1} cycles on")
        return wrong

    def _last(self, high: int | None) -> int:
        """Return the most cycles of the slowest with which all stay within `high`."""
        if high is None or high >= MAX_INTEGER:
            return MAX_INTEGER
        if self.spread is None:
            return 0
        return -int(-Fraction(high + 1) // largest_ratio(self.spread)) - 1

    def columns(self) -> dict[str, Any]:
        """Return one row a learner."""
        none = [None] * self.samples.size
        names = self.problem.learners.names
        return {
            **({} if names is None else {"name": names}),
            "samples": self.samples,
            "cycles": none if self.cycles is None else self.cycles,
            "bandwidth_hz": none if self.bandwidth_hz is None else self.bandwidth_hz,
            "power_w": none if self.power_w is None else self.power_w,
        }

    def _words(self) -> str:
        spread = "" if self.spread is None else f"spread={self.spread}, "
        return f"cycles, {spread}value={self.value}, bound={self.bound}, {self.status}"

    def summary(self) -> str:
        """Return a line or two of text."""
        part = count(int(np.count_nonzero(self.samples)), "learner")
        if self.value is None or self.cycles is None:
            line = f"{part}: {self.status}, no plan of one local cycle each"
        else:
            own = self.cycles[self.samples > 0]
            line = (
                f"{part}: {self.value:,} local cycles in all, {own.min():,} to {own.max():,} each "
                f"({self.status}, at most {self.bound:,})"
            )
        return "\n".join((line, *self.reasons))


def _spreading(samples: IntColumn) -> Callable[[Any], Any]:
    """Return what makes a column of those that take part one of all learners."""
    who = samples > 0
    everybody = bool(who.all())

    def all_of(column: Any) -> Any:
        if column is None or everybody:
            return column if column is None else freeze(np.asarray(column))
        whole = np.zeros(samples.size, dtype=column.dtype)
        whole[who] = column
        return freeze(whole)

    return all_of


def _box_of(own: Problem) -> tuple[int, int | None]:
    low, high = own.learners.min_samples, own.learners.max_samples
    return (0 if low is None else int(low[0])), (None if high is None else int(high[0]))


def _reasons(search: CyclesSearch) -> tuple[str, ...]:
    if search.status is Status.OPTIMAL:
        return ()
    if search.status is Status.INFEASIBLE:
        return ("those with samples cannot all do one local cycle in time and within the limits",)
    if search.stopped:
        return ("stopped by a limit, the callback or Ctrl-C",)
    if search.bound >= MAX_INTEGER:
        return (f"more than 2**53 = {MAX_INTEGER:,} cycles are not counted",)
    return ("double precision cannot decide what lies between",)


guard(__name__)
