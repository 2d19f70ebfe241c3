"""What the core is asked for a resource's least keeps every learner's bounds, whoever asks.

`least` refuses such problems before it asks; others who ask the core must be as safe.
"""

from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from mel_fast import _core
from mel_fast.bracket.search import RESOURCES
from strategies import SCHEMES


def too_few(learners: int, seed: int, law: Any, idle: Any) -> mel.Problem:
    """Fewer samples than the minima's sum."""
    rng = np.random.default_rng(seed)
    problem = mel.scenarios.table1(learners, seed=seed, law=law, idle=idle)
    fewest = rng.integers(1, 30, learners)
    samples = int(rng.integers(1, fewest.sum()))
    return problem.replace(
        task=problem.task.replace(samples=samples),
        learners=problem.learners.replace(min_samples=fewest),
    )


@pytest.mark.parametrize("law", ["density", "fixed"])
@pytest.mark.parametrize("idle", ["served", "excused"])
@pytest.mark.parametrize("over", RESOURCES)
def test_no_split_is_shown_where_the_minima_need_more_samples(
    law: Any, idle: Any, over: str
) -> None:
    for seed in range(150):
        problem = too_few(1 + seed % 8, seed, law, idle)
        resource = RESOURCES.index(over)
        for scheme in range(len(SCHEMES)):
            for tau in (1, 7):
                _, _, _, found, *_ = _core.bracket(
                    problem._core, tau, resource, scheme, 10.0, 1, None, None
                )
                assert found is None
                *_, converged, _ = _core.estimate_least(
                    problem._core, tau, resource, scheme, 10.0, 1, None, None
                )
                assert not converged


@pytest.mark.parametrize("over", RESOURCES)
@pytest.mark.parametrize(
    ("limits", "samples"),
    [
        ({}, [50, 49]),
        ({}, [50, 51]),
        ({"min_samples": [60, 0]}, [50, 50]),
        ({"max_samples": [40, 100]}, [50, 50]),
        ({"energy_j": [50 * 1e6 * 1e-9 * 1.99, 1.0], "energy_per_flop_j": 1e-9}, [50, 50]),
    ],
)
def test_what_a_split_needs_is_told_of_the_problems_own_splits_alone(
    over: str, limits: dict[str, Any], samples: list[int]
) -> None:
    problem = mel.scenarios.table1(2, seed=1)
    task = problem.task.replace(samples=100, flops_per_sample=1e6)
    problem = problem.replace(task=task, cycle_s=1e3)

    def need(problem: mel.Problem, split: list[int]) -> Any:
        column = np.array(split, dtype=np.int64)
        return _core.least_of_split(
            problem._core, 2, column, RESOURCES.index(over), 10.0, 1, None, None
        )[1]

    limited = problem.replace(learners=problem.learners.replace(**limits))
    assert need(problem, [50, 50]) is not None
    assert need(limited, samples) is None
