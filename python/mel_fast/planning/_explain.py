"""What blocks one more local cycle: in words and numbers, checked by solving again.

Whatever is said here is proved or said to be open: of tau that it does not fit, where the plan or a
search refutes it; of amounts that they suffice, where there is a plan. What a bound says is called
a bound.
"""

import math
from dataclasses import dataclass
from typing import Any

from mel_fast._base.arrow import ShownTable
from mel_fast._base.frozen import Found
from mel_fast._base.progress import Callback, EndsCallback, reporting
from mel_fast._base.units import count, rounded, with_unit
from mel_fast._base.validation import MAX_INTEGER
from mel_fast.bracket.clock import Agenda
from mel_fast.bracket.search import amount_of
from mel_fast.planning._bottlenecks import Bottleneck, bottlenecks
from mel_fast.planning._least import NAMES, UNITS, Least, Resource, search_least
from mel_fast.planning._leave_out import LeaveOut, leave_out, some_must_come
from mel_fast.planning._limits import (
    LiftedLimit,
    MarginalValue,
    energy_sentences,
    lifted_limits,
    limits_of,
    marginal_values,
)
from mel_fast.planning._prices import Bound, least_bound
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.plan import Plan
from mel_fast.plans.prices import Prices
from mel_fast.plans.status import Status
from mel_fast.solve.arguments import checked_seconds, checked_threads

_RESOURCES: tuple[Resource, ...] = ("cycle_s", "bandwidth_hz", "power_w")
_OWN_POWER: tuple[Resource, ...] = ("cycle_s", "bandwidth_hz")
_DIGITS = 6
_ROUNDING = 1e-9  # relative: far more than any of a bound
_MANY = 3.0  # from here on a factor reads better than per cent


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Explanation(Found, ShownTable):
    """Why there is no plan with `tau` local cycles, and what would change that.

    Attributes
    ----------
    plan : Plan
        The plan that is explained.
    tau : int
        The least number of local cycles that is proved out of reach, ``plan.bound + 1``: for a plan
        with the best tau one more than it has. What lies between is open.
    needs : dict of str to Least
        For ``cycle_s``, ``bandwidth_hz`` and ``power_w``: how much of it ALONE lets `tau` fit, with
        the plan that attains it and the proof that less does not. Without ``power_w`` where there
        is no common power budget.
    prices : Prices or None
        At `tau`: how many samples fit at most, and what more of each resource would add.
    bottlenecks : tuple of Bottleneck
        Computing, channel and the constant link, the heaviest first; empty where no bound can tell.
    lifted_limits : tuple of LiftedLimit
        For each limit that the learners have, and for resource blocks: what lifting it alone would
        bring, found by solving without it; those that help most first.
    marginal_values : tuple of MarginalValue
        By how much one sample more in a learner's `max_samples`, or one less in its `min_samples`,
        raises the bound on the samples that fit with `tau`: the learners at which it is most.
    leave_out : LeaveOut or None
        Only for an infeasible joint problem in which somebody must take part, being served or
        having a minimum, and is not `optional`: whom to leave out.
    unasked : tuple of str
        What the time limit left no time to look at, in words.

    Examples
    --------
    >>> import mel_fast as mel
    >>> plan = mel.solve(mel.scenarios.table1(learners=4, cycle_s=30.0))
    >>> told = plan.explain()
    >>> told.tau == plan.tau + 1, sorted(told.needs)
    (True, ['bandwidth_hz', 'cycle_s', 'power_w'])
    """

    plan: Plan
    tau: int
    needs: dict[Resource, Least]
    prices: Prices | None
    bottlenecks: tuple[Bottleneck, ...]
    lifted_limits: tuple[LiftedLimit, ...]
    marginal_values: tuple[MarginalValue, ...]
    leave_out: LeaveOut | None
    unasked: tuple[str, ...]
    _bound: Bound
    _with_choice: tuple[float, float] | None = None
    """Samples that fit at `tau`, and at most do, where somebody may choose to sit out."""

    @property
    def nearest(self) -> Least | None:
        """The resource that must grow by the smallest factor; None where none alone suffices."""
        found = [least for least in self.needs.values() if least.plan is not None]
        return min(found, key=lambda least: least.factor, default=None)

    def lines(self) -> list[str]:
        """Return the explanation as sentences."""
        learners = self.plan.problem.learners
        said = [_known(self.plan, self.tau)]
        said += [reason[0].upper() + reason[1:] + "." for reason in self.plan.reasons]
        said += self._room()
        said += [_need(least) for least in self.needs.values()]
        said += [lifted.sentence() for lifted in self.lifted_limits]
        said += [value.sentence(self.tau, learners) for value in self.marginal_values]
        said += energy_sentences(self.plan.problem, self.tau, self.needs["cycle_s"].plan)
        said += [bottleneck.sentence(learners) for bottleneck in self.bottlenecks]
        if self.leave_out is not None:
            said.append(self.leave_out.sentence(learners))
        if self.unasked:
            said.append(f"The time limit left no time to look at {'; '.join(self.unasked)}.")
        return said

    def _room(self) -> list[str]:
        """Say how many samples fit at most."""
        samples = self.plan.problem.task.samples
        if self._with_choice is not None:
            return self._room_with_choice(*self._with_choice)
        if self._bound.outcome == "empty":
            return [
                f"With tau = {self.tau} not even the fewest samples fit that the learners must "
                "take: some learner does not come home in time or within its limits at any rate, "
                "or the budgets do not suffice for what must be sent in any case."
            ]
        most = self._most()
        if most is None or most >= samples:
            return []
        return [
            f"With tau = {self.tau} at most {most:,} of {count(samples, 'sample')} fit: at least "
            f"{samples - most:,} too few."
        ]

    def _most(self) -> int | None:
        """Return how many samples fit at most by the prices; None where there are none."""
        if self.prices is None:
            return None
        return math.floor(self.prices.samples * (1.0 + _ROUNDING) + _ROUNDING)

    def _room_with_choice(self, fit: float, bound: float) -> list[str]:
        samples, members = self.plan.problem.task.samples, self.plan.at_least
        with_whom = "" if members is None else f" with {count(members, 'participant')} or more"
        most = math.floor(bound)
        if most < 0:
            return [f"With tau = {self.tau} not even those fit who must take part."]
        if most < samples:
            return [
                f"With tau = {self.tau} at most {most:,} of {count(samples, 'sample')} fit, "
                f"whoever takes part: at least {samples - most:,} too few."
            ]
        if members is not None and self._bound.outcome == "empty":
            return [f"With tau = {self.tau} no {count(members, 'participant')} fit, whoever it is."]
        priced = self._most()
        if members is not None and priced is not None and priced < samples:
            return [
                f"With tau = {self.tau}{with_whom} at most {priced:,} of "
                f"{count(samples, 'sample')} fit: at least {samples - priced:,} too few."
            ]
        if fit < samples:
            return []
        return [
            f"With tau = {self.tau} as many as {int(fit):,} samples fit, but no choice of learners "
            f"holds just {samples:,}{with_whom}."
        ]

    def summary(self) -> str:
        """Return the sentences, one a line."""
        return "\n".join(self.lines())

    def columns(self) -> dict[str, Any]:
        """Return one row a resource: what there is, what `tau` needs of it alone, what is known."""
        needs = self.needs.values()
        names = ("lower", "amount", "factor")
        return {
            "over": list(self.needs),
            "has": [amount_of(least.problem, least.over) for least in needs],
            **{name: [getattr(least, name) for least in needs] for name in names},
            "status": [str(least.status) for least in needs],
        }

    def _words(self) -> str:
        needs = ", ".join(f"{over}={least.amount:.6g}" for over, least in self.needs.items())
        return f"{self.plan.status}, tau={self.tau} is out of reach, needs {needs}"


def explain(
    plan: Plan,
    *,
    time_limit_s: float | None = None,
    threads: int = 1,
    callback: Callback | None = None,
    progress: bool = False,
) -> Explanation:
    """Return what blocks one more local cycle than a plan has.

    Parameters
    ----------
    plan
        From `solve`, for any scheme; an infeasible one too. Of a plan that was not proved to have
        the best tau, the least tau is explained that is proved out of reach.
    time_limit_s
        Seconds for all the solving again; None for no limit. What there was no time for is said to
        be open.
    threads
        As for `solve`.
    callback
        Called now and then with ``(questions answered, questions, passes, elapsed_s)``; a true
        answer stops as the time limit does.
    progress
        Whether to draw a bar on stderr, if that is a terminal.

    Returns
    -------
    Explanation
        ``print()`` it for the words.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, its value and the allowed range; for a plan of a baseline where
        learners are `optional`, or so many must take part.
    Interrupted
        A KeyboardInterrupt, after Ctrl-C; its ``plan`` is one that was found by then.

    Examples
    --------
    >>> import mel_fast as mel
    >>> told = mel.explain(mel.solve(mel.scenarios.table1(learners=4, cycle_s=30.0)))
    >>> print(told.lines()[0])
    tau = 1 fits, tau = 2 does not (optimal).
    """
    if not isinstance(plan, Plan):
        raise TypeError(f"plan is a {type(plan).__name__}: must be a Plan")
    threads = checked_threads(threads)
    limit_s = checked_seconds(time_limit_s)
    try:
        with reporting(callback, progress, "questions") as report:
            return _explained(plan, Agenda(limit_s, report), threads)
    except Interrupted:
        raise
    except KeyboardInterrupt as stop:
        raise Interrupted(plan) from stop


def _explained(plan: Plan, agenda: Agenda, threads: int) -> Explanation:
    if plan.no_more is not None:
        raise ValueError("plan: explain does not know the proofs of most")
    chosen = plan.problem.has_choice or plan.at_least is not None
    if chosen and plan.scheme != "joint":
        what = "optional" if plan.at_least is None else "at_least"
        raise ValueError(
            f"{what} with scheme = {plan.scheme!r}: explain must have 'joint', as the least "
            "amounts have that it asks for"
        )
    tau = min(max(plan.bound, plan.tau) + 1, MAX_INTEGER)
    # Where everybody has its own power there is no budget of it to ask about.
    resources = _RESOURCES if plan.problem.radio.power_w is not None else _OWN_POWER
    # The bound, the amounts, each limit, learners' limits, causes; whom to leave out.
    leaves = plan.status is Status.INFEASIBLE and some_must_come(plan.problem)
    agenda.total = 3 + len(resources) + len(limits_of(plan.problem)) + leaves
    unasked = []
    bound, room = Bound("stopped"), None
    if not agenda.over():
        limit_s = agenda.share(2)
        bound = least_bound(plan, tau, limit_s=limit_s, threads=threads)
        if chosen:  # in whole samples, whatever these may do in part
            from mel_fast.bracket.selected import room_at

            room = room_at(plan.problem, tau, agenda.share(2), threads)
    if bound.outcome == "stopped":
        unasked.append(f"how many samples fit at most with tau = {tau}")
    agenda.answered()
    # The least amounts, the limits and whom to leave out share what time there is.
    parts = len(resources) + 2
    out = None
    if leaves:
        if plan.scheme == "joint":
            out = leave_out(plan, agenda.share(parts), threads, agenda.callback)
        agenda.answered(out.plan.passes if out is not None and out.plan is not None else 0)
    needs: dict[Resource, Least] = {}
    for over in resources:
        parts -= 1
        needs[over] = _least(plan, tau, over, agenda.share(parts), threads, agenda.callback)
        agenda.answered(needs[over].passes)
    near = needs["cycle_s"].plan
    lifted, left = lifted_limits(plan, tau, near, agenda, threads)
    unasked += [f"what lifting {name} would bring" for name in left]
    moved = marginal_values(plan, tau, near, bound.prices, agenda, threads)
    agenda.answered()
    causes = bottlenecks(near, tau, agenda, threads)
    agenda.answered()
    if agenda.over():
        unasked.append(f"what weighs most towards tau = {tau}")
    return Explanation(
        plan=plan,
        tau=tau,
        needs=needs,
        prices=bound.prices,
        bottlenecks=tuple(causes),
        lifted_limits=tuple(lifted),
        marginal_values=tuple(moved),
        leave_out=out,
        unasked=tuple(unasked),
        _bound=bound,
        _with_choice=room,
    )


def _least(
    plan: Plan,
    tau: int,
    over: Resource,
    limit_s: float,
    threads: int,
    callback: EndsCallback | None,
) -> Least:
    if limit_s > 0.0:
        problem, start = plan.problem, plan._end
        members = plan.at_least or 0
        return search_least(
            problem, tau, over, plan.scheme, limit_s, threads, start, callback, members
        )
    return Least(plan.problem, over, tau, plan.scheme)


def _known(plan: Plan, tau: int) -> str:
    """Say what the plan proves, and what it leaves open."""
    first, last = plan.tau + 1, tau - 1
    if plan.status is Status.INFEASIBLE:
        return f"Not even tau = {tau} fits ({plan.status})."
    fits = f"tau = {plan.tau} fits, " if plan.tau else "No plan was found; "
    beyond = f"tau = {tau} does not" if plan.tau else f"tau = {tau} does not fit"
    if first > last:
        return f"{fits}{beyond} ({plan.status})."
    between = f"tau = {first} fits" if first == last else f"tau = {first} to {last} fit"
    return f"{fits}{beyond}; whether {between} is open ({plan.status})."


def _need(least: Least) -> str:
    name, unit = NAMES[least.over], UNITS[least.over]
    has = amount_of(least.problem, least.over)
    # Rounded outwards: what is printed suffices, and what is printed does not.
    lower = rounded(least.lower, _DIGITS, up=False)
    if least.plan is None:
        if least.status is Status.INFEASIBLE:
            return f"More {name} alone, however large, does not make tau = {least.tau} fit."
        less = f"; {with_unit(lower, unit, _DIGITS)} do not" if least.lower > has else ""
        return (
            f"How much more {name} alone makes tau = {least.tau} fit, if any does, is open{less}."
        )
    enough = rounded(least.amount, _DIGITS, up=True)
    instead = with_unit(has, unit, _DIGITS)
    less = f", {with_unit(lower, unit, _DIGITS)} do not" if least.lower > has else ""
    return (
        f"{with_unit(enough, unit, _DIGITS)} of {name} alone instead of {instead} "
        f"({_growth(enough / has)}) make tau = {least.tau} fit{less}."
    )


def _growth(factor: float) -> str:
    return f"{factor:.4g} times" if factor >= _MANY else f"{100.0 * (factor - 1.0):+.4g} %"
