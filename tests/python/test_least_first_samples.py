"""Who takes part with one sample or rests is a kink of the bound, and prices have a range."""

import numpy as np
import pytest

import mel_fast as mel
from mel_fast import _core


def table1(size: int, each: float) -> mel.Problem:
    """Return excused learners with so many samples each in all, fixed law."""
    problem = mel.scenarios.table1(
        size, seed=1, law="fixed", idle="excused", budgets="per_learner", noise_bandwidth_hz=1e8
    )
    return problem.replace(task=problem.task.replace(samples=int(each * size)))


@pytest.mark.parametrize("resource", [1, 2])
@pytest.mark.parametrize("tau", [1, 1000, 30_000])
def test_prices_of_learners_of_one_sample_each_are_found(tau, resource):
    """What a budget's ends left was 4e-6 to 3e-3 after 112 passes: no kink stood for a sample."""
    problem = table1(20_000, 0.3)
    problem = problem.replace(learners=problem.learners.replace(max_samples=np.ones(20_000)))
    asked = (1e9, 1, None, None, 0.0)
    lower, _, amount, plan, _, passes = _core.bracket(problem._core, tau, resource, 0, *asked)
    assert plan is not None
    assert lower < amount < lower * (1 + 1e-9)
    assert passes <= 95


def test_a_budget_that_caps_keep_unspent_has_a_price_within_reach_of_lanes():
    """It fell to 3e-242 of the other, learners were asked one by one, and 1e-6 was left."""
    size = 100_000
    problem = table1(size, 0.67)
    hz = problem.radio.bandwidth_hz
    caps = np.full(size, 4.3 * hz / size)
    problem = problem.replace(learners=problem.learners.replace(max_bandwidth_hz=caps))
    asked = (1e9, 1, None, None, 0.0)
    lower, refuted, amount, plan, *_ = _core.bracket(problem._core, 313, 2, 0, *asked)
    assert plan is not None
    assert refuted is not None
    _, per_hz, per_w = refuted.end
    assert per_hz * hz > 1e-30 * per_w * amount
    assert lower < amount < lower * (1 + 1e-9)
