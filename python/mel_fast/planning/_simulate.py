"""One global cycle in which learners drop out and channels drift."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mel_fast._base.arrow import ShownTable
from mel_fast._base.frozen import Found
from mel_fast._base.progress import Callback, reporting
from mel_fast._base.units import Shown, count, with_unit
from mel_fast._base.untrusted import shown
from mel_fast._base.validation import (
    BoolColumn,
    FloatColumn,
    IntColumn,
    choice,
    integer,
    plain_array,
    real,
    scalar_or_column,
)
from mel_fast.bracket.clock import Agenda, Clock
from mel_fast.model.learners import Learners
from mel_fast.model.problem import Problem
from mel_fast.planning.policies.late import carried_out, left_out, reassigned, replanned
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import Status
from mel_fast.solve.arguments import checked_seconds, checked_threads

if TYPE_CHECKING:
    import pandas as pd

Policy = Literal["nothing", "reassign", "monitor"]
POLICIES: tuple[Policy, ...] = ("nothing", "reassign", "monitor")

_ROUNDING = 1e-12  # relative; a plan may end at the very deadline
_OPEN = {
    Status.FEASIBLE: "the best new plan so far",
    Status.UNDECIDED: "whether there is a new plan is open",
}
_WORDS = {
    "nothing": "do nothing",
    "reassign": "reassign after time-out",
    "monitor": "monitor and re-plan",
}


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Outcome(Found, Shown):
    """How one global cycle ends under one policy.

    Attributes
    ----------
    policy : str
        ``nothing``, ``reassign`` or ``monitor``.
    tau : int
        Local cycles behind what is aggregated; 0 when nothing is.
    samples : int
        Samples behind what is aggregated.
    lost : int
        Samples of the task that are missing from it.
    missing : ndarray of int64
        Learners that were given samples in this policy's first plan and did not deliver in time.
    ends_s : float
        When the aggregate is complete; the deadline where some learner is waited for in vain.
    plan : Plan or None
        The new plan of ``reassign`` and ``monitor``, for the learners in `learners`.
    learners : ndarray of int64
        Indices, in the simulated plan's problem, of the new plan's learners; empty without one.
    status : Status
        ``optimal``: nothing better is possible under this policy; ``infeasible``: proved that there
        is no new plan, so that what is done is nothing; ``feasible`` and ``undecided``: a limit
        came first, and a better new plan, or any, may exist.
    """

    policy: Policy
    tau: int
    samples: int
    lost: int
    missing: IntColumn
    ends_s: float
    plan: Plan | None
    learners: IntColumn
    status: Status = Status.OPTIMAL

    def summary(self) -> str:
        """Return one line of text."""
        samples = self.samples + self.lost
        return (
            f"{_WORDS[self.policy]:<24} tau = {self.tau:<5} {100.0 * self.lost / samples:6.2f} % "
            f"lost, ends at {with_unit(self.ends_s, 's')}, {self.missing.size:,} missing"
            + (f"; {_OPEN[self.status]}" if self.status in _OPEN else "")
        )

    def _words(self) -> str:
        return (
            f"{self.policy}, tau={self.tau}, samples={self.samples}, lost={self.lost}, "
            f"ends_s={self.ends_s:.6g}, {self.status}"
        )


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Simulation(Found, ShownTable):
    """What `simulate` found: what happened, and how each policy copes.

    Attributes
    ----------
    plan : Plan
        The plan that met with it.
    failed : ndarray of bool
        The learners that dropped out.
    gain_factor : ndarray of float64
        By what each channel's gain was multiplied.
    outcomes : dict of str to Outcome
        By policy.

    Examples
    --------
    >>> import mel_fast as mel
    >>> plan = mel.solve(mel.scenarios.table1(learners=6, cycle_s=30.0, idle="excused"))
    >>> told = mel.simulate(plan, failures=[0])
    >>> int(told.failed.sum()), sorted(told.outcomes)
    (1, ['monitor', 'nothing', 'reassign'])
    """

    plan: Plan
    failed: BoolColumn
    gain_factor: FloatColumn
    outcomes: dict[Policy, Outcome]

    def columns(self) -> dict[str, Any]:
        """Return one row a policy."""
        outcomes = self.outcomes.values()
        names = ("policy", "tau", "samples", "lost", "ends_s")
        return {
            **{name: [getattr(outcome, name) for outcome in outcomes] for name in names},
            "status": [str(outcome.status) for outcome in outcomes],
            "missing": [int(outcome.missing.size) for outcome in outcomes],
        }

    def to_dataframe(self) -> "pd.DataFrame":
        """Return one row a policy, which is the index (extra ``[pandas]``)."""
        table = ShownTable.to_dataframe(self)  # super() does not see a dataclass with slots
        return table.set_index("policy")

    def summary(self) -> str:
        """Return what happened, and a line a policy."""
        drift = 10.0 * np.log10(self.gain_factor)
        said = (
            f"{count(int(self.failed.sum()), 'learner')} of {self.failed.size} dropped out; gains "
            f"moved by {drift.min():+.2f} to {drift.max():+.2f} dB\n"
            f"planned: tau = {self.plan.tau} within {with_unit(self.plan.problem.cycle_s, 's')}"
        )
        return "\n".join((said, *(f"  {o.summary()}" for o in self.outcomes.values())))

    def _words(self) -> str:
        found = ", ".join(f"{name}: tau={o.tau}" for name, o in self.outcomes.items())
        return f"tau={self.plan.tau}, {int(self.failed.sum())} failed, {found}"


def simulate(
    plan: Plan,
    *,
    failures: Any = None,
    gain_drift: Any = None,
    seed: int = 0,
    policies: Sequence[Policy] = POLICIES,
    time_limit_s: float | None = None,
    threads: int = 1,
    callback: Callback | None = None,
    progress: bool = False,
) -> Simulation:
    """Carry a plan out while learners drop out and channels drift, under several policies.

    Parameters
    ----------
    plan
        A plan with samples.
    failures
        Who drops out: indices, or a bool array of shape (K,), or the probability with which each
        learner does (a float in [0, 1]); None for nobody. Who drops out delivers nothing.
    gain_drift
        By what the gains are multiplied: an array of shape (K,), or the standard deviation of a
        normal drift in dB (a float); None for no drift.
    seed
        For what is drawn.
    policies
        ``"nothing"``: whoever misses the deadline is left out of the aggregate. ``"reassign"``: at
        the deadline the lost samples go to those who held samples and delivered them in time, with
        the budgets and channels as they are now, for as long as that takes at least (see `least`).
        ``"monitor"``: dropouts and channels are known before anything is sent, and the cycle is
        planned anew from this plan's prices.
    time_limit_s
        Seconds for all policies together, in equal shares of what is left; None for no limit. What
        it leaves open is marked so, see `Outcome.status`.
    threads
        As for `solve`.
    callback
        Called now and then with ``(policies done, policies, passes, elapsed_s)``; a true answer
        stops as the time limit does.
    progress
        Whether to draw a bar on stderr, if that is a terminal.

    Returns
    -------
    Simulation
        ``print()`` it for a table.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, its value and the allowed range.
    Interrupted
        A KeyboardInterrupt, after Ctrl-C; its ``plan`` is the best new plan so far.

    Examples
    --------
    >>> import mel_fast as mel
    >>> plan = mel.solve(mel.scenarios.table1(learners=6, cycle_s=30.0, idle="excused"))
    >>> mel.simulate(plan, failures=[0, 3]).outcomes["nothing"].lost > 0
    True
    """
    limit_s = checked_seconds(time_limit_s)
    threads = checked_threads(threads)
    if not isinstance(plan, Plan):
        raise TypeError(f"plan is a {type(plan).__name__}: must be a Plan")
    if plan.samples is None:
        raise ValueError(f"plan has no allocation (status {plan.status}): nothing to simulate")
    size = len(plan.problem.learners)
    clock = Clock(limit_s)
    rng = np.random.default_rng(integer("seed", seed, low=0))
    failed = _failed(failures, plan.problem.learners, rng)
    factor = _factor(gain_drift, size, rng)
    learners = plan.problem.learners
    now = plan.problem.replace(learners=learners.replace(gain=learners.gain * factor))
    first = _nothing(plan, now, failed)
    if isinstance(policies, str | bytes) or not isinstance(policies, Sequence):
        raise TypeError(f"policies = {shown(policies)}: must be a list of {', '.join(POLICIES)}")
    for policy in policies:
        choice("policies", policy, POLICIES)
    outcomes: dict[Policy, Outcome] = {}
    with reporting(callback, progress, "policies") as report:
        agenda = Agenda(clock.left(), report)
        agenda.total = len(policies)
        for at, policy in enumerate(policies):
            left = sum(other != "nothing" for other in policies[at:])
            words = {
                "time_limit_s": agenda.share(left),
                "threads": threads,
                "callback": agenda.callback,
            }
            if policy == "nothing":
                outcomes[policy] = first
            elif policy == "reassign":
                outcomes[policy] = _reassign(plan, now, first, words)
            else:
                outcomes[policy] = _monitor(plan, now, failed, words)
            found = outcomes[policy].plan
            try:
                agenda.answered(0 if found is None else found.passes)
            except KeyboardInterrupt as stop:
                raise Interrupted(plan if found is None else found) from stop
    return Simulation(plan, failed, factor, outcomes)


def _failed(failures: Any, learners: Learners, rng: "np.random.Generator") -> BoolColumn:
    size = len(learners)
    if failures is None:
        return np.zeros(size, dtype=bool)
    if isinstance(failures, float):
        return rng.random(size) < real("failures", failures, low=0.0, high=1.0)
    rule = f"must be a probability, learners, or a mask of shape ({size},)"
    given = plain_array("failures", learners.numbers(failures, "failures"), rule)
    if given.dtype == np.bool_:
        if given.shape != (size,):
            raise ValueError(f"failures has shape {given.shape}: must be ({size},)")
        return given.copy()
    failed = np.zeros(size, dtype=bool)
    for position, learner in enumerate(given.ravel().tolist()):
        failed[integer(f"failures[{position}]", learner, low=0, high=size - 1)] = True
    return failed


def _factor(gain_drift: Any, size: int, rng: "np.random.Generator") -> FloatColumn:
    if gain_drift is None:
        return np.ones(size)
    given = gain_drift
    if isinstance(given, Sequence | np.ndarray):
        given = scalar_or_column("gain_drift", given)
    if not isinstance(given, np.ndarray) or given.ndim == 0:
        sigma = real("gain_drift", gain_drift, low=0.0, high=100.0)
        return np.asarray(10.0 ** (0.1 * sigma * rng.standard_normal(size)))
    if given.shape != (size,):
        raise ValueError(f"gain_drift: must be a number of dB or {size} positive factors")
    return given.copy()


def _nothing(plan: Plan, now: Problem, failed: BoolColumn) -> Outcome:
    assert plan.samples is not None
    times = carried_out(plan, now)
    in_time = ~failed & (times.total_s <= now.cycle_s * (1.0 + _ROUNDING))
    kept = left_out(plan.samples, in_time, plan.problem.task.samples)
    ends = float(times.total_s[kept.arrived].max()) if kept.arrived.any() else 0.0
    return Outcome(
        policy="nothing",
        tau=plan.tau if kept.samples else 0,
        samples=kept.samples,
        lost=kept.lost,
        missing=kept.missing,
        ends_s=now.cycle_s if kept.missing.size else ends,
        plan=None,
        learners=np.array([], dtype=np.int64),
    )


def _reassign(plan: Plan, now: Problem, first: Outcome, words: dict[str, Any]) -> Outcome:
    assert plan.samples is not None
    delivered = plan.samples > 0
    delivered[first.missing] = False
    helpers = np.flatnonzero(delivered)
    if not first.lost:
        return replace(first, policy="reassign")
    if not helpers.size:
        return replace(first, policy="reassign", status=Status.INFEASIBLE)
    if not words["time_limit_s"] > 0.0:  # problems of many learners take time to make
        return replace(first, policy="reassign", status=Status.UNDECIDED)
    found = reassigned(plan, now, helpers, first.lost, words)
    if found.plan is None:
        return replace(first, policy="reassign", status=found.status)
    return Outcome(
        policy="reassign",
        tau=plan.tau,
        samples=plan.problem.task.samples,
        lost=0,
        missing=first.missing,
        ends_s=first.ends_s + found.cycle_s,
        plan=found.plan,
        learners=helpers,
        status=found.status,
    )


def _monitor(plan: Plan, now: Problem, failed: BoolColumn, words: dict[str, Any]) -> Outcome:
    alive = np.flatnonzero(~failed)
    late = bool(alive.size) and not words["time_limit_s"] > 0.0
    found = None if late else replanned(plan, now, alive, words)
    nothing = Status.UNDECIDED if late else Status.INFEASIBLE
    tau = 0 if found is None else found.tau
    ends = 0.0 if found is None or found.total_s is None else float(found.total_s.max())
    samples = plan.problem.task.samples
    return Outcome(
        policy="monitor",
        tau=tau,
        samples=samples if tau else 0,
        lost=0 if tau else samples,
        missing=np.array([], dtype=np.int64),
        ends_s=ends,
        plan=found,
        learners=alive,
        status=nothing if found is None else found.status,
    )
