"""The three policies, for the learners of a plan in its order."""

from typing import Any, NamedTuple

import numpy as np

from mel_fast._base.validation import BoolColumn, IntColumn
from mel_fast.model.learners import Learners
from mel_fast.model.problem import Problem
from mel_fast.model.times import Times, evaluate_columns
from mel_fast.planning._least import Least, least
from mel_fast.planning._leave_out import only
from mel_fast.plans.allocation import Allocation
from mel_fast.plans.columns import energy_spent
from mel_fast.plans.plan import Plan
from mel_fast.solve.single import solve


class LeftOut(NamedTuple):
    """What is aggregated when whoever is late is left out."""

    arrived: BoolColumn
    """Who held samples and delivered in time."""
    missing: IntColumn
    """Who held samples and did not."""
    samples: int
    """Behind what arrived."""
    lost: int
    """Of so many samples of the task."""


def left_out(held: IntColumn, in_time: BoolColumn, samples: int) -> LeftOut:
    """Leave out whoever was not in time, of a task with so many samples."""
    holds = held > 0
    arrived = holds & in_time
    came = int(held[arrived].sum())
    return LeftOut(arrived, np.flatnonzero(holds & ~in_time), came, samples - came)


def reassigned(
    plan: Plan, now: Problem, helpers: IntColumn, lost: int, words: dict[str, Any]
) -> Least:
    """Deal lost samples to those who delivered, for as long as that takes at least.

    Parameters
    ----------
    plan
        What was carried out.
    now
        Its problem with channels and speeds as they are now.
    helpers
        Who delivered: places in the plan, at least one.
    lost
        Samples to deal, at least 1.
    words
        For `least`.
    """
    rest = only(now.replace(learners=limits_left(plan, now)), helpers)
    rest = rest.replace(task=now.task.replace(samples=lost), idle="excused")
    return least(rest, plan.tau, "cycle_s", scheme=plan.scheme, **words)


def replanned(plan: Plan, now: Problem, alive: IntColumn, words: dict[str, Any]) -> Plan | None:
    """Plan the cycle anew, from the plan's prices, with those who are there; None for nobody."""
    if not alive.size:
        return None
    members = plan.at_least
    return solve(only(now, alive), scheme=plan.scheme, start=plan, at_least=members, **words)


def carried_out(plan: Plan, now: Problem) -> Times:
    """Return how long everybody takes when a plan meets with other channels, at its own speeds."""
    given: Allocation = plan.allocation
    speeds = plan.flops_per_s if plan.problem.chooses_speed else None
    return evaluate_columns(now, plan.tau, given.samples, given.bandwidth_hz, given.power_w, speeds)


def limits_left(plan: Plan, now: Problem) -> Learners:
    """Return the learners with what their limits leave after a plan was carried out."""
    assert plan.samples is not None
    learners, words = now.learners, dict[str, Any]()
    if learners.min_samples is not None:
        words["min_samples"] = None
    if learners.max_samples is not None:
        words["max_samples"] = np.maximum(learners.max_samples - plan.samples, 0)
    if learners.energy_j is not None:
        times = carried_out(plan, now)
        assert plan.power_w is not None
        spent = energy_spent(
            now, plan.tau, plan.samples, times.return_s, plan.power_w, plan.flops_per_s
        )
        assert spent is not None
        words["energy_j"] = np.maximum(learners.energy_j - spent, 0.0)
    return learners.replace(**words) if words else learners
