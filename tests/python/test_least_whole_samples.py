"""The least cycle where whole samples decide it: less than a sample a learner, or one in a fade."""

from typing import Any

import numpy as np
import pytest

import mel_fast as mel


def own_samples(learners: int, law: Any, idle: Any) -> mel.Problem:
    """Table I's 60,000 samples, budgets in proportion to the learners."""
    return mel.scenarios.table1(
        learners=learners, seed=1, law=law, idle=idle, budgets="per_learner"
    )


@pytest.mark.parametrize("law", ["density", "fixed"])
def test_one_learner_in_a_deep_fade_sets_the_cycle_of_all(law: Any) -> None:
    """It needs nearly all of both budgets; far more local cycles fit than are asked for."""
    problem = own_samples(100_000, law, "served")
    found = mel.least(problem, 1, "cycle_s", time_limit_s=600)
    assert found.status is mel.Status.OPTIMAL
    assert not found.stopped
    assert found.plan is not None
    assert 1 <= found.plan.tau <= found.plan.bound


@pytest.mark.parametrize(
    ("law", "tau"),
    [("density", 3179), ("density", 15897), ("fixed", 261)],
)
def test_samples_that_come_into_reach_all_at_once_are_foreseen(law: Any, tau: int) -> None:
    """All learners of a kind can take one more from the same cycle on: no slope foretells it."""
    problem = own_samples(100_000, law, "excused")
    asked: list[float] = []
    found = mel.least(
        problem, tau, "cycle_s", time_limit_s=600, callback=lambda *at: asked.append(at[2])
    )
    assert found.status is mel.Status.OPTIMAL
    assert found.plan is not None
    assert found.plan.passes < 700  # by decisions at amounts ever nearer: thousands


@pytest.mark.parametrize("law", ["density", "fixed"])
@pytest.mark.parametrize("idle", ["served", "excused"])
def test_both_ends_of_such_a_cycle_are_proved(law: Any, idle: Any) -> None:
    pytest.importorskip("flint")
    problem = own_samples(2_000, law, idle)
    task = problem.task.replace(samples=1_300)
    learners = problem.learners
    if idle == "served":
        typical = float(np.median(learners.gain))
        learners = learners.replace(gain=np.maximum(learners.gain, 0.3 * typical))
    problem = problem.replace(task=task, learners=learners)
    for tau in (1, 40, 2_000):
        found = mel.least(problem, tau, "cycle_s", time_limit_s=600)
        assert found.status is mel.Status.OPTIMAL
        assert found.plan is not None
        assert found.proof is not None
        assert mel.verify(found.plan.problem, found.plan)
        assert mel.verify(found.proof.problem, found.proof)


@pytest.mark.parametrize(
    ("law", "budgets", "over", "tau", "most"),
    [
        ("fixed", "fixed", "power_w", 8, 400),
        ("fixed", "per_learner", "power_w", 261, 400),
        ("density", "per_learner", "power_w", 1590, 400),
        ("density", "fixed", "power_w", 588, 2500),
        ("density", "per_learner", "bandwidth_hz", 318, 2500),
    ],
)
def test_a_budget_is_closed_from_what_a_split_needs_or_by_one_tree(
    law: Any, budgets: Any, over: Any, tau: int, most: int
) -> None:
    """A budget far above the need led the search for prices nowhere; trees began anew for each."""
    problem = mel.scenarios.table1(
        learners=100_000, seed=1, law=law, idle="excused", budgets=budgets
    )
    found = mel.least(problem, tau, over, time_limit_s=600)
    assert found.status is mel.Status.OPTIMAL
    assert found.plan is not None
    assert found.plan.tau == found.plan.bound == tau
    assert found.plan.passes < most


@pytest.mark.parametrize(
    ("law", "idle", "each", "over", "tau", "most"),
    [
        ("density", "served", 100, "cycle_s", 202, 200),  # 754 passes, and not closed
        ("density", "served", 0.01, "cycle_s", 31_871, 400),  # 1,164
        ("density", "served", 100, "bandwidth_hz", 395, 100),  # 584
        ("density", "excused", 2, "cycle_s", 15_628, 200),  # 412
        ("fixed", "excused", 0.1, "power_w", 1478, 200),  # 548
        ("fixed", "excused", 0.6, "bandwidth_hz", 261, 200),  # 625
        ("fixed", "excused", 10, "power_w", 15, 200),  # 842
    ],
)
def test_single_samples_leave_no_gap_among_a_hundred_thousand_learners(
    law: Any, idle: Any, each: float, over: Any, tau: int, most: int
) -> None:
    """The samples that a split lacks are the cheapest of all learners', not those of a part."""
    problem = own_samples(100_000, law, idle)
    task = problem.task.replace(samples=round(each * 100_000))
    gain = problem.learners.gain
    if idle == "served":
        gain = np.maximum(gain, 0.03 * float(np.median(gain)))
    problem = problem.replace(task=task, learners=problem.learners.replace(gain=gain))
    found = mel.least(problem, tau, over, time_limit_s=600)
    assert found.status is mel.Status.OPTIMAL
    assert found.passes < most
