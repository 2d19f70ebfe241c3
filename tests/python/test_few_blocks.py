"""Few resource blocks, many learners that may rest: a few take part, the proof holds for all."""

import numpy as np
import pytest

import mel_fast as mel

WIDTH = 1e6


def many_learners(count, blocks, law="density", kind="random", samples=100, **limits):
    """Learners that differ tenfold in speed and a hundredfold in gain, or hardly, or not at all."""
    rng = np.random.default_rng(count + blocks)
    flops, gain = 10.0 ** rng.uniform(8.0, 9.0, count), 10.0 ** rng.uniform(-1.0, 1.0, count)
    if kind == "near":
        flops = 5e8 * (1.0 + 1e-3 * rng.uniform(-1.0, 1.0, count))
        gain = 1.0 + 1e-3 * rng.uniform(-1.0, 1.0, count)
    if kind == "equal":
        flops, gain = np.full(count, 5e8), np.ones(count)
    task = mel.LearningTask(
        samples=samples,
        features=10,
        feature_bits=8,
        fixed_parameters=100,
        parameters_per_sample=0,
        parameter_bits=32,
        flops_per_sample=1e6,
    )
    columns = mel.Learners(
        flops_per_s=flops, gain=gain, return_bandwidth_hz=1e6, return_power_w=1.0, **limits
    )
    noise = {"noise_density_w_per_hz": 1e-7} if law == "density" else {"noise_power_w": 0.1}
    radio = mel.Radio(blocks * WIDTH, 1.0, block_hz=WIDTH, **noise)
    return mel.Problem(task, columns, radio, cycle_s=1.0, idle="excused")


def best_alone(problem):
    """Most local cycles of one learner with the only block, all the power and all samples."""
    gain, flops = problem.learners.gain, problem.learners.flops_per_s
    rate = WIDTH * np.log2(1.0 + gain / 0.1)
    left = problem.cycle_s - (80.0 * 100 + 3200.0) / rate - 3200.0 / rate
    return int(np.floor(left * flops / 1e8).max())


@pytest.mark.parametrize("law", ["density", "fixed"])
@pytest.mark.parametrize("count", [1000, 20_000])
def test_one_block_goes_to_the_one_who_can_do_most_with_it(count, law):
    problem = many_learners(count, 1, law)
    plan = mel.solve(problem, time_limit_s=600.0)
    assert (plan.tau, plan.status) == (best_alone(problem), "optimal")
    assert np.count_nonzero(plan.samples) == 1 == plan.blocks.sum()
    assert plan.nodes < 200


@pytest.mark.parametrize("law", ["density", "fixed"])
@pytest.mark.parametrize("kind", ["random", "near", "equal"])
@pytest.mark.parametrize("blocks", [1, 2, 5, 24])
def test_what_few_blocks_allow_is_proved_for_all_learners(blocks, kind, law):
    problem = many_learners(600, blocks, law, kind)
    plan = mel.solve(problem, time_limit_s=600.0)
    assert plan.status == "optimal"
    assert plan.blocks.sum() <= blocks
    verdict = mel.verify(problem, plan)
    assert verdict.ok, verdict.reasons


def limits_of(kind, count, rng):
    if kind == "max":
        return {"max_samples": rng.integers(1, 60, count)}
    if kind == "min":
        least = np.zeros(count, dtype=np.int64)
        least[rng.choice(count, 2, replace=False)] = 1
        return {"min_samples": least}
    return {
        "max_power_w": 10.0 ** rng.uniform(-2.0, 0.0, count),
        "max_bandwidth_hz": WIDTH * rng.uniform(0.5, 4.0, count),
    }


@pytest.mark.parametrize("law", ["density", "fixed"])
@pytest.mark.parametrize("kind", ["max", "min", "caps"])
@pytest.mark.parametrize("blocks", [3, 12])
def test_limits_hold_where_blocks_are_few(blocks, kind, law):
    rng = np.random.default_rng(blocks)
    problem = many_learners(600, blocks, law, **limits_of(kind, 600, rng))
    plan = mel.solve(problem, time_limit_s=600.0)
    assert plan.status in ("optimal", "infeasible")
    verdict = mel.verify(problem, plan)
    assert verdict.ok, verdict.reasons


def test_the_least_number_of_few_blocks_is_proved_too():
    problem = many_learners(600, 6)
    tau = mel.solve(problem).tau
    found = mel.least(problem, tau, "bandwidth_hz", time_limit_s=600.0)
    assert (found.status, found.blocks) == ("optimal", 6)
    assert mel.verify(found.plan.problem, found.plan).ok
    assert mel.verify(found.proof.problem, found.proof).ok


@pytest.mark.parametrize("law", ["density", "fixed"])
@pytest.mark.parametrize(
    ("count", "blocks", "samples", "kind"),
    [
        (2400, 300, 1800, "random"),
        (100_000, 1000, 6000, "random"),
        (10_000, 300, 1000, "equal"),
    ],
)
def test_learners_take_each_others_blocks_until_the_split_fits(count, blocks, samples, kind, law):
    problem = many_learners(count, blocks, law, kind, samples)
    plan = mel.solve(problem, time_limit_s=600.0)
    assert plan.status == "optimal"
    assert plan.nodes < 25  # a node or two for each tau that is asked: no search in trees
    if count <= 10_000:
        verdict = mel.verify(problem, plan)
        assert verdict.ok, verdict.reasons
