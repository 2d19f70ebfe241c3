"""Least cycles where no model foretells the kinks: planes cut down where prices may be."""

import numpy as np
import pytest

import mel_fast as mel
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
