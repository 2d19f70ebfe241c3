"""Least amounts where no model foretells the kinks, or rounding hides what is left."""

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.bench._measure import grown
from patience import within

SIZE = 20_000


@pytest.mark.parametrize(("idle", "most"), [("excused", 200), ("served", 210)])
def test_prices_at_kinks_that_no_model_knows_are_found_by_planes(idle, most):
    """Forty steps went to and fro between kinks, and a decision closed: 256 and 271 passes."""
    problem = mel.scenarios.table1(
        SIZE, seed=1, law="fixed", idle=idle, budgets="per_learner", noise_bandwidth_hz=1e8
    )
    of = problem.learners
    share = 50 * problem.radio.bandwidth_hz / SIZE
    caps = share * np.random.default_rng(1).uniform(1, 10, SIZE)
    gain = np.maximum(of.gain, 0.03 * np.median(of.gain))
    problem = problem.replace(
        task=problem.task.replace(samples=SIZE),
        learners=of.replace(gain=gain, max_bandwidth_hz=caps),
    )
    found = mel.least(problem, 20_000, "cycle_s", threads=1, callback=within(3000))
    assert found.status == "optimal"
    assert found.width < 1e-10
    assert found.passes <= most
    assert found.plan is not None
    assert found.proof is not None
    assert mel.verify(found.plan.problem, found.plan).ok
    assert mel.verify(found.proof.problem, found.proof).ok


@pytest.mark.parametrize(
    ("size", "idle", "each", "cycle_s", "over"),
    [(17_000, "excused", 0.996, 10, "power_w"), (2_000, "served", 3, 1800, "bandwidth_hz")],
)
def test_steps_over_a_budget_that_do_not_end_are_followed_by_planes(
    size, idle, each, cycle_s, over
):
    """With all that nearly everybody can take, 300 passes left the ends 12 % and 24 % apart."""
    problem = mel.scenarios.table1(
        size, cycle_s, seed=1, idle=idle, samples=int(each * size), budgets="per_learner"
    )
    tau = mel.solve(problem, threads=1).tau
    found = mel.least(problem, tau, over, threads=1, callback=within(300))
    assert found.plan is not None
    assert found.proof is not None
    assert found.lower > found.amount * (1 - 1e-4)
    assert mel.verify(found.proof.problem, found.proof).ok


def test_what_rounding_in_lanes_hides_is_looked_at_carefully():
    """All budgets were worth 75 of 51,000 samples: no look could prove 1e-9 of them, 303 passes."""
    size = 17_000
    problem = grown(size, seed=1)
    problem = problem.replace(task=problem.task.replace(samples=3 * size))
    found = mel.least(problem, 10_640, "bandwidth_hz", threads=1, callback=within(300))
    assert found.status == "optimal"
    assert found.passes < 120
    assert found.plan is not None
    assert found.proof is not None
    assert mel.verify(found.plan.problem, found.plan).ok
    assert mel.verify(found.proof.problem, found.proof).ok


def test_a_split_that_can_not_be_written_down_ends_no_tree():
    """It fits by less than rounding takes: the first box was left open, and so was the question."""
    size = 2_000
    problem = mel.scenarios.table1(size, 60, seed=5, idle="excused", samples=3 * size)
    problem = problem.with_budgets(
        bandwidth_hz=problem.radio.bandwidth_hz * 20, power_w=problem.power_budget_w * 20
    )
    found = mel.least(problem, 21_313, "bandwidth_hz", threads=1, callback=within(300))
    assert found.status == "optimal"
    assert found.proof is not None
    assert mel.verify(found.proof.problem, found.proof).ok
