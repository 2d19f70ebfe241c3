"""Few learners who may sit out, or so many of whom must not: boxes close as those of `solve` do."""

from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.reference.selection import every_split
from selecting import best_worth, tiny


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


@pytest.mark.parametrize("seed", [15, 50, 73])
def test_the_most_samples_of_four_that_bring_many_or_none_are_proved(seed: int) -> None:
    """A gap of a twentieth to two thirds was left after 200,000 passes."""
    problem = mel.scenarios.table1(
        4, 50.0, idle="served", setting="federated", samples=2_400, seed=seed
    )
    problem = problem.replace(
        radio=problem.radio.replace(bandwidth_hz=4e7, power_w=2e-3),
        learners=problem.learners.replace(
            min_samples=[1600, 30, 400, 1200], optional=[True, False, True, True]
        ),
    )
    found = mel.most(problem, mel.solve(problem).tau, time_limit_s=2.0)
    assert (found.status, found.value) == ("optimal", found.bound)
    assert found.plan is not None
    assert found.plan.passes <= 500
    assert found.proof is not None
    assert mel.verify(found.proof.problem, found.proof)


@pytest.mark.parametrize(("seed", "tau", "most"), [(2, 33409, 6), (33, 126975, 5)])
def test_how_many_of_seven_may_have_samples_is_found_and_proved(
    seed: int, tau: int, most: int
) -> None:
    """No plan at all was found, not even one without samples."""
    problem = mel.scenarios.table1(7, 500.0, law="fixed", idle="served", samples=10, seed=seed)
    problem = problem.replace(radio=problem.radio.replace(bandwidth_hz=8e6, power_w=3e-3))
    found = mel.most(problem, tau, of="learners", time_limit_s=2.0)
    assert (found.status, found.value, found.bound) == ("optimal", most, most)
    assert found.proof is not None
    assert mel.verify(found.proof.problem, found.proof)


@pytest.mark.parametrize(("seed", "of"), [(20038, "samples"), (20073, "weight"), (21299, "weight")])
def test_boxes_of_some_are_no_bound_of_those_who_are_left_out(seed: int, of: Any) -> None:
    """Bounds of 5 and 12 with plans of 6 and 20, twins held who weigh less: all refused."""
    problem, tau, most = tiny(seed, ("optional", "learners", "weight"))
    found = mel.most(problem, tau, of=of)
    best = best_worth(problem, every_split(problem, tau, most), of)
    assert best is not None
    assert found.value == pytest.approx(best)
    assert found.bound >= best
    assert found.proof is not None
    assert mel.verify(found.proof.problem, found.proof)
