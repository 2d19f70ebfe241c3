"""The most local cycles of very many learners with numbers of their own: few passes, once."""

from typing import Any

import numpy as np
import pytest

import mel_fast as mel

pytest.importorskip("flint")


def test_some_of_many_learners_say_where_the_ratio_is_best(monkeypatch: Any) -> None:
    problem = mel.scenarios.table1(
        13_500, seed=3, idle="excused", budgets="per_learner", samples=600 * 13_500
    )
    samples = mel.solve(problem).samples
    slow = mel.most(problem, samples=samples, spread=1.5)
    monkeypatch.setattr("mel_fast.campaigns.cycles.search.MANY", 13_000)
    monkeypatch.setattr("mel_fast.bracket.stated_samples._SOME", 4500)
    quick = mel.most(problem, samples=samples, spread=1.5)
    assert (quick.status, quick.value, quick.bound) == (slow.status, slow.value, slow.bound)
    # The ranges of the claims together hold every number of cycles of the slowest.
    assert quick._check_claims() == []
    assert quick._check_plan() == []


@pytest.fixture(scope="module")
def faded() -> tuple[mel.Problem, np.ndarray]:
    """Return equal samples of many learners, a few of whom hardly have a channel."""
    problem = mel.scenarios.table1(
        70_000, seed=0, idle="excused", budgets="per_learner", samples=3000 * 70_000
    )
    task, few = problem.task, 30.0 / 3.0  # of a cycle, for the return alone
    weak = task.model_bits / problem.return_rates() > few
    gain = np.where(weak, problem.learners.gain.max(), problem.learners.gain)
    problem = problem.replace(learners=problem.learners.replace(gain=gain))
    return problem, np.full(70_000, 3000)


@pytest.mark.parametrize("spread", [1.0, 1.5, 2.0, 4.0])
def test_few_questions_decide_a_ratio_of_many_learners_with_deep_fades(
    faded: tuple[mel.Problem, np.ndarray], spread: float
) -> None:
    """The best box, what lies below and above it, and the plan: hundreds of passes, once."""
    problem, samples = faded
    found = mel.most(problem, samples=samples, spread=spread)
    assert found.status == "optimal"
    assert len(found.proofs) <= 4
    assert found.passes < 100
    assert found._check_claims() == []
    assert found._check_plan() == []


def test_least_cycles_that_do_not_fit_are_told_by_water_filling(
    faded: tuple[mel.Problem, np.ndarray],
) -> None:
    problem, _ = faded
    speed = problem.learners.flops_per_s / problem.payload.flops_per_sample
    samples = np.maximum((0.45 * problem.cycle_s * speed).astype(np.int64), 1)
    short = problem.replace(
        task=problem.task.replace(samples=int(samples.sum())),
        radio=problem.radio.replace(bandwidth_hz=0.3 * problem.radio.bandwidth_hz),
    )
    found = mel.most(short, samples=samples)
    assert found.status == "infeasible"
    assert found.passes <= 4
