"""Far more learners than samples, or than can take part: most are left out, with their proof."""

from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from patience import within


def fading(learners: int, law: str, **asked: Any) -> mel.Problem:
    """Return Table I's 60,000 samples and budgets for so many Rayleigh channels."""
    return mel.scenarios.table1(learners=learners, seed=3, idle="excused", law=law, **asked)  # type: ignore[arg-type]


def limited(problem: mel.Problem, limit: str) -> mel.Problem:
    """Return the problem with limits that bind."""
    rng = np.random.default_rng(1)
    size = len(problem.learners)
    columns: dict[str, Any] = {
        "none": {},
        "min_samples": {"min_samples": (rng.random(size) < 20 / size) * 3.0},
        "max_samples": {"max_samples": 1500.0},
        "max_power_w": {"max_power_w": problem.radio.power_w / 300},
        "max_bandwidth_hz": {"max_bandwidth_hz": problem.radio.bandwidth_hz / 300},
        "energy_j": {"energy_j": rng.uniform(0.5, 3, size), "energy_per_flop_j": 1e-10},
    }[limit]
    return problem.replace(learners=problem.learners.replace(**columns))


@pytest.mark.parametrize("law", ["density", "fixed"])
def test_a_million_learners_for_sixty_thousand_samples_are_proved(law: str) -> None:
    plan = mel.solve(fading(1_000_000, law), threads=2, callback=within(3000))
    assert plan.status is mel.Status.OPTIMAL


@pytest.mark.parametrize(
    ("law", "limit"),
    [
        ("density", "none"),
        ("density", "min_samples"),
        ("density", "energy_j"),
        ("fixed", "none"),
        ("fixed", "max_samples"),
        ("fixed", "max_power_w"),
        pytest.param("density", "max_bandwidth_hz", marks=pytest.mark.long),
        pytest.param("density", "max_power_w", marks=pytest.mark.long),
        pytest.param("fixed", "min_samples", marks=pytest.mark.long),
        pytest.param("fixed", "max_bandwidth_hz", marks=pytest.mark.long),
        pytest.param("fixed", "energy_j", marks=pytest.mark.long),
    ],
)
def test_proofs_hold_for_all_learners(law: str, limit: str) -> None:
    problem = limited(fading(6_000, law, setting="federated"), limit)
    plan = mel.solve(problem)
    assert plan.status is mel.Status.OPTIMAL
    assert plan.samples is not None
    assert 0 < np.count_nonzero(plan.samples) < 2_000
    report = mel.verify(problem, plan)
    assert report.ok, report.reasons
    if limit == "min_samples":
        must = problem.learners.min_samples
        assert must is not None
        assert np.all(plan.samples >= must)
        assert np.count_nonzero(must) > 5


@pytest.mark.parametrize("over", ["power_w", "bandwidth_hz", "cycle_s"])
@pytest.mark.parametrize("tau", [1, 30, 326, 500])
def test_no_least_amount_takes_a_hundred_times_as_long_as_its_neighbours(
    over: Any, tau: int
) -> None:
    problem = mel.scenarios.table1(learners=100_000, seed=1, idle="excused")
    found = mel.least(problem, tau, over, callback=within(3000))
    assert found.status is mel.Status.OPTIMAL


@pytest.mark.no_cover
@pytest.mark.parametrize("law", ["density", pytest.param("fixed", marks=pytest.mark.long)])
def test_both_ends_of_a_least_amount_are_proved_for_all_learners(law: str) -> None:
    problem = fading(6_000, law)
    found = mel.least(
        problem, max(mel.solve(problem).tau // 2, 1), "power_w", callback=within(3000)
    )
    assert found.status is mel.Status.OPTIMAL
    assert found.plan is not None
    assert found.proof is not None
    for plan in (found.plan, found.proof):
        report = mel.verify(plan.problem, plan)
        assert report.ok, report.reasons


def alike(learners: int) -> mel.Problem:
    """Return so many identical learners: all take part, or none."""
    problem = fading(learners, "fixed")
    one = problem.learners.replace(
        gain=float(np.median(problem.learners.gain)),
        flops_per_s=float(problem.learners.flops_per_s[0]),
    )
    return problem.replace(learners=one)


def test_identical_learners_in_great_numbers_are_proved_about() -> None:
    assert mel.solve(alike(200_000), callback=within(3000)).status is mel.Status.OPTIMAL
    problem = alike(17_000)
    plan = mel.solve(problem)
    assert plan.status is mel.Status.OPTIMAL
    report = mel.verify(problem, plan)
    assert report.ok, report.reasons


def test_whole_samples_that_fit_far_worse_than_real_ones_are_no_long_way() -> None:
    # A sample a learner: the guess is off by ten thousand local cycles.
    problem = mel.scenarios.table1(
        learners=20_000,
        seed=3,
        idle="excused",
        samples=20_000,
        bandwidth_hz=5e6 * 20_000,
        power_w=0.01 * 20_000,
    )
    plan = mel.solve(problem)
    assert plan.status is mel.Status.OPTIMAL
    assert plan.passes < 250


def test_the_answer_does_not_depend_on_threads() -> None:
    problem = fading(50_000, "density")
    one, two = (mel.solve(problem, threads=threads) for threads in (1, 3))
    assert one.tau == two.tau
    for name in ("samples", "bandwidth_hz", "power_w"):
        assert np.array_equal(getattr(one, name), getattr(two, name))


def test_a_stop_in_between_leaves_a_valid_bound() -> None:
    problem = fading(200_000, "density")
    whole = mel.solve(problem)
    for limit_s in (0.0, 0.005, 0.02, 0.05):
        plan = mel.solve(problem, time_limit_s=limit_s)
        assert plan.tau <= whole.tau <= plan.bound


@pytest.mark.parametrize(("cycle_s", "tau"), [(2.65, 43), (2.889830508474576, 50)])
def test_a_search_that_is_stopped_in_a_long_tree_has_the_plan_below_it(cycle_s, tau):
    # One sample for each of a thousand learners of five kinds, none quite like another: the tree of
    # tau + 1 is long, and a plan for tau is found at once.
    kinds = np.arange(1000) % 5
    learners = mel.Learners(
        flops_per_s=np.array([1.15e8, 2.3e8, 3.7e8, 4.3e8, 7.2e8])[kinds],
        gain=np.array([0.04, 2.5, 0.15, 4.4, 1.2])[kinds] * (1.0 + 1e-9 * np.arange(1000)),
        return_bandwidth_hz=1e6,
        return_power_w=1.0,
    )
    task = mel.LearningTask(
        samples=1000,
        features=10,
        feature_bits=8,
        parameter_bits=32,
        fixed_parameters=100,
        parameters_per_sample=0,
        flops_per_sample=1e6,
        setting="parallelized",
    )
    radio = mel.Radio(bandwidth_hz=238.28 * 1000, power_w=1.88e-4 * 1000, noise_power_w=0.01076)
    problem = mel.Problem(task, learners, radio, cycle_s=cycle_s, idle="excused")
    plan = mel.solve(problem, callback=lambda _tau, _bound, passes, _elapsed_s: passes > 300)
    assert (plan.tau, plan.bound, plan.status) == (tau, tau + 1, mel.Status.FEASIBLE)
    assert mel.verify(problem, plan).ok
