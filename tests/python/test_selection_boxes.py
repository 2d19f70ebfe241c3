"""Few learners of whom so many must take part: boxes close as soon as those of `solve` do."""

from typing import Any

import numpy as np
import pytest

import mel_fast as mel


def twelve(idle: Any = "excused") -> mel.Problem:
    """Return twelve learners whose first samples cost far more than those that follow."""
    return mel.scenarios.table1(12, 30.0, law="fixed", idle=idle, samples=3_000, seed=0)


@pytest.mark.parametrize("of", ["cycle_s", "bandwidth_hz", "power_w"])
@pytest.mark.parametrize("members", [12, 11, 6])
def test_the_least_that_so_many_of_twelve_need_is_proved_with_a_few_looks(
    of: Any, members: int
) -> None:
    """Without an end they took 5.6 million passes, and left five thousandths to six hundredths."""
    found = mel.least(twelve(), 1, of, at_least=members, time_limit_s=2.0)
    assert found.status == "optimal"
    assert found.width <= 1e-9
    assert found.plan is not None
    assert found.plan.passes <= 2_000
    assert np.count_nonzero(found.plan.samples) >= members
    assert found.proof is not None
    assert mel.verify(found.plan.problem, found.plan)
    assert mel.verify(found.proof.problem, found.proof)


@pytest.mark.parametrize("of", ["cycle_s", "bandwidth_hz", "power_w"])
@pytest.mark.parametrize("idle", ["excused", "served"])
def test_where_all_must_take_part_a_sample_each_is_all_that_is_asked(of: Any, idle: Any) -> None:
    problem = twelve(idle)
    each = problem.replace(learners=problem.learners.replace(min_samples=1))
    found = mel.least(problem, 1, of, at_least=12, time_limit_s=2.0)
    same = mel.least(each, 1, of)
    assert found.amount == pytest.approx(same.amount, rel=2e-9)
    assert found.lower == pytest.approx(same.lower, rel=2e-9)


@pytest.mark.parametrize("seed", [5, 15])
def test_solve_closes_what_sixteen_leave_open(seed: int) -> None:
    """One local cycle more was open after 50,000 passes."""
    rng = np.random.default_rng(seed)
    samples = int(rng.integers(30, 4_000))
    problem = mel.scenarios.table1(
        16, 300.0, law="fixed", idle="excused", samples=samples, seed=seed
    )
    radio = problem.radio
    problem = problem.replace(
        radio=radio.replace(bandwidth_hz=radio.bandwidth_hz / 4, power_w=radio.power_w / 4)
    )
    plan = mel.solve(problem, at_least=int(rng.integers(12, 17)), time_limit_s=2.0)
    assert plan.status == "optimal"
    assert plan.passes <= 2_000
    assert mel.verify(problem, plan)
