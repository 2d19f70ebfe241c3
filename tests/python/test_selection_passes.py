"""How few looks at all of many learners it takes to know who takes part."""

from itertools import product
from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.bench._measure import grown
from mel_fast.model.problem import Idle
from mel_fast.model.radio import Law
from mel_fast.solve.selection.search import Selecting

LEARNERS = 20_000


def drawn(law: Law, idle: Idle, kind: str) -> mel.Problem:
    """Return learners in deep fades, with weights and minima that are open or ranges."""
    rng = np.random.default_rng(7)
    problem = grown(LEARNERS, law, idle)
    mean = problem.task.samples / LEARNERS
    low = rng.integers(int(0.25 * mean), int(mean) + 1, LEARNERS)
    high = rng.integers(int(1.2 * mean), int(5 * mean), LEARNERS)
    limits: dict[str, dict[str, Any]] = {
        "plain": {},
        "open minima": {"min_samples": low, "optional": True},
        "ranges": {"min_samples": low, "max_samples": high, "optional": True},
    }
    weight = rng.integers(1, 10, LEARNERS).astype(float)
    learners = problem.learners.replace(weight=weight, **limits[kind])
    return problem.replace(learners=learners)


@pytest.mark.parametrize("law", ["density", "fixed"])
@pytest.mark.parametrize("idle", ["served", "excused"])
def test_prices_of_many_learners_are_found_in_a_few_looks_at_all(law: Law, idle: Idle) -> None:
    # Looked at one by one, whoever switches from few samples to many, or rests, took 4 to 18, and
    # a gap was left where both budgets were off by all that one of them takes.
    for kind, of in product(("plain", "open minima", "ranges"), ("samples", "weight")):
        found = mel.most(drawn(law, idle, kind), 4, of=of)  # type: ignore[call-overload]
        assert found.value is not None
        assert found.passes <= 5, (kind, of, found.passes)
        assert found.bound - found.value <= 1e-7 * found.value, (kind, of)


def test_a_plan_of_a_choice_holds_the_columns_that_the_core_found() -> None:
    # Copying a million learners' three columns takes as long as a look at them.
    found = mel.most(drawn("density", "excused", "ranges"), 4)
    plan = found.plan
    assert plan is not None
    for column in (plan.samples, plan.bandwidth_hz, plan.power_w):
        assert column is not None
        assert not column.flags.owndata
        assert not column.flags.writeable
    assert mel.verify(plan.problem, plan)


@pytest.mark.parametrize("law", ["density", "fixed"])
def test_who_takes_all_or_nothing_of_little_says_nothing_of_how_far_prices_may_go(law: Law) -> None:
    # Of learners with 1 to 7,500 samples those near in samples are mostly the smallest. Prices that
    # they would follow for long switch everybody else: five looks went astray, and 0.26 % of what
    # fits was not found.
    learners = 270_000
    problem = grown(learners, law, "excused")
    rng = np.random.default_rng(1)
    most = int(2.5 * problem.task.samples / learners)
    own = np.maximum(rng.integers(1, most + 2, learners), 1)
    one = problem.learners.replace(min_samples=own, max_samples=own, optional=True)
    found = mel.most(problem.replace(learners=one), mel.solve(problem).tau)
    assert found.value is not None
    assert found.passes <= 4
    assert found.bound - found.value <= 2e-7 * found.value


def test_a_few_who_take_most_of_the_budgets_lift_prices_that_a_sample_finds_worthless() -> None:
    # All of the sample fitted, so that its prices were next to nothing, and a bound that hardly
    # fell there counted as the lowest: a fifth above what fits. A power budget was over by 30 %.
    learners = 100_000
    problem = grown(learners, "density", "excused")
    mean = problem.task.samples / learners
    own = np.random.default_rng(7).integers(int(0.5 * mean), int(2.5 * mean) + 1, learners)
    one = problem.learners.replace(min_samples=own, max_samples=own, optional=True)
    found = mel.most(problem.replace(learners=one), 19)
    assert found.value is not None
    assert found.bound - found.value <= 0.01 * found.value


def test_a_guide_tells_who_might_have_far_fewer_samples() -> None:
    # Served with the fixed law who switches has two best answers. Without them the last step went
    # astray, and three looks that prove came after the two that guide, not one.
    problem = grown(270_000, "fixed", "served", 1)
    found = mel.most(problem, mel.solve(problem).tau)
    assert found.status is mel.Status.OPTIMAL
    assert found.passes <= 3


def leaf(plan: mel.Plan | None) -> dict[str, Any]:
    """Return the one leaf that proves a claim."""
    assert plan is not None
    assert plan.certificate is not None
    (only,) = plan.certificate["tree"]
    return only


@pytest.mark.parametrize("law", ["density", "fixed"])
@pytest.mark.parametrize("whole", [False, True])
def test_the_prices_of_the_most_samples_rule_out_one_cycle_more(law: Law, whole: bool) -> None:
    # What some lose by it is more than there is between plan and bound: no look at all learners is
    # needed for that, and the checker, which takes one, agrees.
    problem = drawn(law, "excused", "plain")
    if whole:
        own = np.random.default_rng(3).integers(1, 2 * problem.task.samples // LEARNERS, LEARNERS)
        one = problem.learners.replace(min_samples=own, max_samples=own, optional=True)
        problem = problem.replace(learners=one)
    found = mel.most(problem, 4)
    plan = found.plan
    assert plan is not None
    assert plan.tau == plan.bound == 4
    assert leaf(plan) == leaf(found.proof)
    assert found.passes <= 5
    assert mel.verify(plan.problem, plan)


def test_a_tau_that_some_learners_hardly_fall_short_of_is_asked_of_all_first(
    monkeypatch: Any,
) -> None:
    # Of 4,762 learners prices bound 0.9998 of their samples at a tau that all of 100,000 can do: a
    # plan at a cycle less came first.
    problem = grown(100_000, "density", "served")
    mean = problem.task.samples / 100_000
    rng = np.random.default_rng(7)
    own = rng.integers(int(0.5 * mean), int(2.5 * mean) + 1, 100_000)
    learners = problem.learners.replace(min_samples=own, max_samples=own, optional=True)
    asked: list[int] = []
    decide = Selecting.decide

    def counted(search: Selecting, tau: int) -> bool | None:
        if len(search.problem.learners) == 100_000:
            asked.append(tau)
        return decide(search, tau)

    monkeypatch.setattr(Selecting, "decide", counted)
    plan = mel.solve(problem.replace(learners=learners))
    assert plan.status == "optimal"
    assert asked == [plan.tau, plan.tau + 1]
