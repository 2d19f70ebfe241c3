"""Parts among many takers: samples of them lead to the prices, and all are asked about these."""

import numpy as np
import pytest

import mel_fast as mel
from mel_fast import _core

K = 20_000


def many_takers(**words: object) -> mel.Problem:
    """Return Table I's own budgets for 14,287 learners of seven samples each."""
    problem = mel.scenarios.table1(K, seed=1, law="fixed", idle="excused", budgets="fixed")
    return problem.replace(
        task=problem.task.replace(samples=5 * K + 3),
        learners=problem.learners.replace(max_samples=np.full(K, 7.0)),
        **words,
    )


def test_prices_among_many_are_found_by_samples_of_them():
    """116 looks led to prices that 68 now find, half as far from the amount that suffices."""
    problem = many_takers()
    asked = (1e9, 1, None, None, 0.0)
    lower, refuted, _, found, *_ = _core.bracket(problem._core, 1, 1, 0, *asked)
    assert refuted is not None
    assert found is not None
    upper = 1.001 * lower
    best, *_, looks, stopped = _core.least_by_parts(
        problem._core, 1, 1, 7.0, lower, upper, 1e9, 1, None, refuted.end
    )
    assert not stopped
    assert lower < best < upper
    assert looks <= 80


@pytest.mark.parametrize(("over", "passes"), [("bandwidth_hz", 140), ("cycle_s", 300)])
def test_least_among_many_is_proved_with_few_looks(over, passes):
    """Before, 162 and 398, and 3.6e-10 and 6.7e-10 were left: less was worth no look."""
    found = mel.least(many_takers(), 1, over, time_limit_s=60.0)
    assert found.status == "optimal"
    assert found.width < 1e-10
    assert found.passes <= passes
    plan, proof = found.plan, found.proof
    assert plan is not None
    assert proof is not None
    assert proof.certificate is not None
    (leaf,) = proof.certificate["tree"]  # type: ignore[index]
    assert leaf["part"] == 7
    assert plan.status == "optimal"
    assert mel.verify(proof.problem, proof).ok
    assert mel.verify(plan.problem, plan).ok


def test_a_cycle_far_from_the_stated_one_is_found_by_slopes_of_its_own():
    """Looks at one pair of prices had gone by how the bound grows at 30 s, not at 1.7e6 s."""
    problem = many_takers()
    problem = problem.replace(task=problem.task.replace(samples=98_002))
    found = mel.least(problem, 1, "cycle_s", time_limit_s=60.0)
    assert found.amount > 1e6
    assert found.width < 2e-9
    assert found.passes <= 175  # 208 before
    assert mel.verify(found.proof.problem, found.proof).ok


def test_parts_that_all_hold_whole_ones_of_are_asked_first():
    """Most take 25, all whole fives: parts of 25 told nothing in 18 passes of 94."""
    problem = many_takers()
    caps = 5.0 * np.random.default_rng(1).choice([1.0, 1.0, 2.0, 5.0], K)
    problem = problem.replace(
        task=problem.task.replace(samples=int(0.3 * caps.sum()) + 1),
        learners=problem.learners.replace(max_samples=caps),
    )
    found = mel.least(problem, 1, "bandwidth_hz", time_limit_s=60.0)
    assert found.width < 1e-6
    assert found.passes <= 80
    assert found.proof.certificate["tree"][0]["part"] == 5  # type: ignore[union-attr, index]


def test_what_no_bandwidth_allows_is_not_climbed_after():
    """A search for prices went on to 1e36 Hz, then looked for parts there: 157 looks, now 117."""
    problem = many_takers()
    caps = np.full(K, 30.0 * problem.radio.bandwidth_hz / K)
    problem = problem.replace(learners=problem.learners.replace(max_bandwidth_hz=caps))
    found = mel.least(problem, 1, "bandwidth_hz", time_limit_s=60.0)
    assert found.status == "infeasible"
    assert found.passes <= 130
    proof = found.proof
    assert proof is not None
    assert mel.verify(proof.problem, proof).ok


@pytest.mark.parametrize(("over", "passes"), [("bandwidth_hz", 90), ("power_w", 80)])
def test_prices_of_parts_among_few_takers_need_a_few_dozen_looks(over, passes):
    """Ellipsoids took 131 and 104 passes in all where cutting planes take 67 and 60."""
    size = 2000
    problem = mel.scenarios.table1(size, seed=1, idle="excused", budgets="fixed")
    problem = problem.replace(
        task=problem.task.replace(samples=5 * size // 4 + 1),
        learners=problem.learners.replace(max_samples=np.full(size, 5.0)),
    )
    found = mel.least(problem, 1, over, time_limit_s=60.0)
    assert found.status == "optimal"
    assert found.passes <= passes
