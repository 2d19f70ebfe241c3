"""A handful of samples, hardly any time left to send them: ends that float64 keeps apart meet."""

import random
from typing import Any

import pytest

import mel_fast as mel

pytest.importorskip("flint")


def drawn(rng: random.Random) -> mel.Problem:
    """Up to five samples; computing takes nearly all of the cycle at the largest tau."""
    size, samples = rng.randint(1, 5), rng.randint(1, 5)
    task = mel.LearningTask(
        samples, rng.choice((0, 10)), 8, 30, rng.choice((0, 2)), 8, 10 ** rng.uniform(4, 6.5)
    )
    limits: dict[str, Any] = rng.choice(
        (
            {},
            {},
            {"max_power_w": [10 ** rng.uniform(-2, 0) for _ in range(size)]},
            {"max_bandwidth_hz": [10 ** rng.uniform(3, 6) for _ in range(size)]},
            {"max_samples": [rng.randint(0, samples) for _ in range(size)]},
        )
    )
    learners = mel.Learners(
        [10 ** rng.uniform(6, 8) for _ in range(size)],
        [10 ** rng.uniform(-10, -8) for _ in range(size)],
        1e5,
        0.1,
        **limits,
    )
    noise: dict[str, float] = rng.choice(
        ({"noise_density_w_per_hz": 4e-15}, {"noise_power_w": 4e-10})
    )
    radio = mel.Radio(10 ** rng.uniform(3, 6), 10 ** rng.uniform(-2, 0), **noise)
    idle: Any = rng.choice(("served", "excused"))
    return mel.Problem(task, learners, radio, 10 ** rng.uniform(0, 2), idle=idle)


@pytest.mark.parametrize("scheme", ["joint", "resource_only", "task_only"])
@pytest.mark.parametrize("draws", [70, pytest.param(3000, marks=pytest.mark.long)])
def test_the_least_budget_of_a_few_samples_is_bracketed(scheme: Any, draws: int) -> None:
    rng = random.Random(f"few samples {scheme}")
    asked = 0
    while asked < draws:
        problem = drawn(rng)
        tau = mel.solve(problem, scheme=scheme).tau
        if not tau:
            continue
        asked += 1
        over: Any = rng.choice(("bandwidth_hz", "power_w"))
        found = mel.least(problem, tau, over, scheme=scheme, time_limit_s=600)
        assert found.status == "optimal", (asked, found)
        assert found.plan is not None
        assert found.plan.tau >= tau
        assert mel.verify(found.plan.problem, found.plan)
        assert found.amount == getattr(found.plan.problem.radio, over)
        if found.proof is not None:
            assert found.lower == getattr(found.proof.problem.radio, over)
            assert mel.verify(found.proof.problem, found.proof)


def test_a_search_that_may_not_take_any_time_leaves_its_ends_as_they_are() -> None:
    rng = random.Random(7)
    for _ in range(20):
        problem = drawn(rng)
        tau = max(mel.solve(problem).tau, 1)
        whole = mel.least(problem, tau, "power_w")
        part = mel.least(problem, tau, "power_w", time_limit_s=0.0)
        assert part.lower <= whole.amount
        assert part.amount >= whole.lower
