"""Counts are exact: of resource blocks, samples and local cycles, also where a float64 rounds."""

import math
from fractions import Fraction

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.model.links import bandwidth_holding, blocks_within
from mel_fast.plans.words.binding import binding

WIDTH = 81402.1673801973  # fl(7 w) < 7 w
SEVEN = 7 * WIDTH


def three_learners(bandwidth_hz=7.5 * WIDTH, **limits):
    task = mel.LearningTask(
        samples=4,
        features=37,
        feature_bits=32,
        fixed_parameters=102,
        parameters_per_sample=3,
        parameter_bits=32,
        flops_per_sample=883316.0,
    )
    learners = mel.Learners(
        flops_per_s=[2825456731.7609873, 378293778.0609435, 715633415.7402052],
        gain=[0.06626830477245016, 1.484573888504434, 0.07949553797031417],
        return_bandwidth_hz=[245446.26054832357, 524183.375104921, 439430.1459229321],
        return_power_w=[0.04950044563549973, 0.024501659557529046, 0.031247504873140115],
        **limits,
    )
    radio = mel.Radio(
        bandwidth_hz,
        0.21892641984896816,
        noise_density_w_per_hz=1.9075822094087013e-10,
        block_hz=WIDTH,
    )
    return mel.Problem(task, learners, radio, cycle_s=0.03881791381896379, idle="excused")


def test_the_product_that_is_meant_here_was_rounded_down():
    assert Fraction(SEVEN) < 7 * Fraction(WIDTH)


def test_the_least_number_of_blocks_is_not_one_too_few():
    found = mel.least(three_learners(), 29, "bandwidth_hz")
    assert (found.blocks, found.status) == (7, "optimal")
    assert found.amount == bandwidth_holding(7, WIDTH) > SEVEN
    assert found.plan.problem.radio.blocks == 7
    assert found.proof.problem.radio.blocks == 6
    assert mel.verify(found.plan.problem, found.plan).ok
    assert mel.verify(found.proof.problem, found.proof).ok


def test_a_bandwidth_just_below_seven_blocks_holds_six_however_it_was_stated():
    problem = three_learners()
    for asked in (
        problem.with_budgets(bandwidth_hz=SEVEN),
        problem.with_budgets(bandwidth_hz=SEVEN).with_budgets(cycle_s=problem.cycle_s),
        problem.replace(radio=problem.radio.replace(bandwidth_hz=SEVEN)),
    ):
        plan = mel.solve(asked)
        assert (plan.tau, plan.status, plan.problem.radio.blocks) == (28, "optimal", 6)
        assert mel.verify(asked, plan).ok


@pytest.mark.parametrize("over", ["cycle_s", "power_w"])
def test_seven_blocks_stay_seven_where_another_amount_is_searched(over):
    problem = three_learners()
    found = mel.least(problem, 29, over)
    assert (found.status, found.blocks) == ("optimal", None)
    assert found.plan.blocks.sum() == 7
    assert mel.verify(found.plan.problem, found.plan).ok


def test_the_frontier_over_bandwidth_counts_blocks():
    found = mel.frontier(three_learners(), "bandwidth_hz", stop=12.5 * WIDTH)
    assert found.status == "optimal"
    assert any(step.blocks == 7 for step in found.steps)
    for step in found.steps:
        assert step.amount == bandwidth_holding(step.blocks, WIDTH)
        assert mel.solve(three_learners(step.amount)).tau >= step.tau
        assert step.blocks == 1 or mel.solve(three_learners(step.lower)).tau < step.tau
        assert mel.verify(step.plan.problem, step.plan).ok


@pytest.mark.parametrize("scheme", ["joint", "resource_only", "task_only"])
@pytest.mark.parametrize("blocks", [7, 30])
def test_a_cap_just_below_seven_blocks_holds_six(scheme, blocks):
    capped = three_learners((blocks + 0.5) * WIDTH, max_bandwidth_hz=SEVEN)
    plan = mel.solve(capped, scheme=scheme)
    assert plan.status == "optimal"
    assert plan.blocks.max() <= 6
    assert mel.verify(capped, plan).ok
    if scheme == "joint":
        at = binding(plan)["max_bandwidth_hz"]
        assert at.tolist() == np.flatnonzero(plan.blocks == 6).tolist()
        assert blocks == 7 or at.size


def test_least_amounts_in_blocks_keep_what_they_say():
    rng = np.random.default_rng(3)
    rounded = 0
    for seed in range(60):
        problem = mel.scenarios.table1(
            learners=int(rng.integers(2, 5)), seed=seed, idle=("served", "excused")[seed % 2]
        )
        width = float(problem.radio.bandwidth_hz * 10 ** rng.uniform(-2.0, -1.0) / 3.0)
        problem = problem.replace(radio=problem.radio.replace(block_hz=width))
        scheme = ("joint", "resource_only", "task_only")[seed % 3]
        most = mel.solve(problem, scheme=scheme).tau
        if most == 0:
            continue
        found = mel.least(problem, int(rng.integers(1, most + 1)), "bandwidth_hz", scheme=scheme)
        assert found.status == "optimal"
        assert found.amount == bandwidth_holding(found.blocks, width)
        assert found.plan.problem.radio.blocks == found.blocks
        assert mel.verify(found.plan.problem, found.plan).ok
        below = found.blocks * width
        if found.blocks > 1 and Fraction(below) < found.blocks * Fraction(width):
            rounded += 1
            less = problem.with_budgets(bandwidth_hz=below)
            assert mel.solve(less, scheme=scheme).tau < found.tau
    assert rounded > 5


def test_blocks_within_a_bandwidth_are_counted_without_rounding():
    rng = np.random.default_rng(1)
    width = rng.uniform(1.0, 2.0, 400)
    count = np.rint(10.0 ** rng.uniform(0.0, 15.9, 400)).astype(np.int64)
    for w, n in zip(width.tolist(), count.tolist(), strict=True):
        holding = bandwidth_holding(n, w)
        assert Fraction(math.nextafter(holding, 0.0)) < n * Fraction(w) <= Fraction(holding)
        caps = np.array([math.nextafter(holding, 0.0), holding, n * w, np.inf])
        exact = [math.floor(Fraction(c) / Fraction(w)) for c in caps[:3].tolist()]
        assert blocks_within(caps, w, 2**53).tolist() == [*exact, 2**53]


def many_samples(samples, learners, most):
    """Learners that can work through `most` samples, or one sample as often."""
    task = mel.LearningTask(samples, 1, 1, 1, 0, 1, 1.0, "federated")
    columns = mel.Learners(
        flops_per_s=[2.0**53] * learners, gain=1.0, return_bandwidth_hz=1e60, return_power_w=1e30
    )
    radio = mel.Radio(1e60, 1e30, noise_power_w=1.0)
    return mel.Problem(task, columns, radio, cycle_s=most / 2.0**53)


@pytest.mark.parametrize("more", range(1000, 9000, 1001))
def test_equal_shares_that_hold_more_than_a_float64_counts_sum_to_the_task(more):
    samples = 2**53 - 2
    problem = many_samples(samples, 3, 2**52 + more)
    plan = mel.solve(problem, scheme="task_only")
    assert plan.status == "optimal"
    assert sum(plan.samples.tolist()) == samples
    assert mel.verify(problem, plan).ok


def test_more_local_cycles_than_a_float64_counts_are_refused_exactly():
    """2**53 cycles and one float64 of time more would allow one cycle more, uncounted."""
    problem = many_samples(1, 1, 2.0**53)
    assert mel.solve(problem).bound <= 2**53
    with pytest.raises(ValueError, match="2\\^53 local cycles"):
        many_samples(1, 1, math.nextafter(2.0**53, math.inf))
    with pytest.raises(ValueError, match="2\\^53 local cycles"):
        problem.with_budgets(cycle_s=math.nextafter(1.0, 2.0))
