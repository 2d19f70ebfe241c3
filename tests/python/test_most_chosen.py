"""What is worth most where few of many learners can matter, and in whole blocks."""

import numpy as np
import pytest

import mel_fast as mel

Problem = mel.Problem


def worths(learners: int, seed: int, most: int, law: str) -> Problem:
    """Return learners of three sizes, half of it or more or nothing, of samples of own worths."""
    rng = np.random.default_rng(seed)
    problem = mel.scenarios.table1(learners, seed=seed, idle="excused", law=law)
    sizes = most * rng.integers(1, 4, learners)
    return problem.replace(
        radio=problem.radio.replace(
            bandwidth_hz=problem.radio.bandwidth_hz * 0.014, power_w=problem.radio.power_w * 0.014
        ),
        learners=problem.learners.replace(
            optional=np.ones(learners, dtype=bool),
            max_samples=sizes,
            min_samples=np.maximum(1, sizes // 2),
            weight=rng.integers(1, 20, learners).astype(float),
        ),
    )


@pytest.mark.parametrize(("law", "learners"), [("density", 1500), ("fixed", 1500), ("fixed", 5000)])
def test_boxes_of_those_who_may_be_in_a_better_plan_prove_it_of_all(
    law: str, learners: int
) -> None:
    """A few take part, of thousands: boxes of all of them took for ever, or were not cut at all."""
    problem = worths(learners, 15, 65, law)
    found = mel.most(problem, 2, "weight", threads=1, time_limit_s=60)
    assert found.status == "optimal"
    assert found.nodes < 2000
    assert found.plan is not None
    assert found.proof is not None
    assert np.count_nonzero(found.plan.samples) < 40
    assert mel.verify(found.plan.problem, found.plan)
    assert mel.verify(found.proof.problem, found.proof)


def test_the_boxes_of_some_prove_what_those_of_all_do() -> None:
    """Every subset of so few learners says what is worth most."""
    rng = np.random.default_rng(4)
    for seed in range(12):
        problem = worths(12, seed, 3, "density")
        size = problem.learners.max_samples
        assert size is not None
        problem = problem.replace(
            learners=problem.learners.replace(min_samples=size),
            radio=problem.radio.replace(
                bandwidth_hz=problem.radio.bandwidth_hz * rng.uniform(1, 9)
            ),
        )
        found = mel.most(problem, 5, "weight", threads=1)
        assert found.status == "optimal"
        best = 0.0
        weight = problem.learners.weight
        for mask in range(1, 2**12):
            who = np.array([mask >> k & 1 for k in range(12)], dtype=bool)
            worth = float((weight * size)[who].sum())
            if worth <= best:
                continue
            part = problem.replace(
                learners=problem.learners.take(who).replace(optional=None),
                task=problem.task.replace(samples=int(size[who].sum())),
            )
            if mel.solve(part, then="none").tau >= 5:
                best = worth
        assert (found.value or 0) == best


@pytest.mark.parametrize("of", ["samples", "learners"])
def test_whole_blocks_leave_no_plan_unfound(of: str) -> None:
    """Shares of a block far below one add up to far fewer learners than whole blocks serve."""
    learners, blocks = 6000, 900
    rng = np.random.default_rng(0)
    problem = mel.scenarios.table1(learners, seed=134, idle="excused")
    radio = problem.radio.replace(bandwidth_hz=1e9, block_hz=1e9 / blocks, power_w=1.0)
    problem = problem.replace(
        radio=radio,
        learners=problem.learners.replace(
            min_samples=np.where(rng.random(learners) < 0.02, 1, 0),
            max_samples=np.full(learners, 40),
        ),
    )
    found = mel.most(problem, 2, of, threads=1, time_limit_s=4)
    assert found.value is not None
    assert found.plan is not None
    assert found.value >= 0.9 * found.bound
    assert mel.verify(found.plan.problem, found.plan)
