"""Identical learners: the checker always orders them, whatever the core made of them."""

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.plans.claims.twin_sides import without_empty_sides


def four_in_a_crowd(learners: int) -> mel.Problem:
    """Four identical learners near by, too many for one pair of prices, and a crowd far away."""
    task = mel.LearningTask(11, 10, 24, 30, 0, 160, 1e6)
    gain = np.concatenate([np.full(4, 1e-9), 1e-14 * np.linspace(1, 2, learners - 4)])
    radio = mel.Radio(4043.3098320442823, 0.1327345718834574, noise_power_w=4e-10)
    return mel.Problem(task, mel.Learners(1e7, gain, 1e5, 0.1), radio, 20.0, idle="excused")


def test_a_tree_that_splits_identical_learners_is_a_proof_beyond_4096_learners_too() -> None:
    pytest.importorskip("flint")
    problem = four_in_a_crowd(4100)
    plan = mel.solve(problem)
    assert plan.status is mel.Status.OPTIMAL
    assert plan.certificate is not None
    assert len({node["learner"] for node in plan.certificate["tree"] if "learner" in node}) > 1
    verdict = mel.verify(problem, plan)
    assert verdict.ok, verdict.reasons


def test_a_tree_of_a_few_learners_is_the_same_in_a_crowd() -> None:
    """Where the core orders identical learners itself there is nothing to leave out."""
    few, many = (mel.solve(four_in_a_crowd(size)).certificate for size in (4, 4100))
    assert few is not None
    assert many is not None
    assert len(few["tree"]) <= len(many["tree"]) <= 3 * len(few["tree"])


def learners(*gain: float) -> mel.Learners:
    return mel.Learners(1e7, gain, 1e5, 0.1)


def kept_of(tree: list[dict[str, float]], some: mel.Learners) -> list[dict[str, float]]:
    return list(without_empty_sides(tree, list(some.columns().values())))


def split(learner: int, at: int) -> dict[str, float]:
    return {"learner": learner, "at": at}


def leaf(price: float) -> dict[str, float]:
    return {"lambda_per_hz": price, "mu_per_w": price}


def test_sides_that_a_twins_split_has_emptied_are_left_out() -> None:
    # With d_0 <= 3 learner 1 has 3 at most; with d_0 >= 4 and d_1 >= 6 learner 0 has 6 at least.
    below = [split(1, 3), leaf(1), leaf(2)]
    above = [split(1, 5), leaf(3), split(0, 4), leaf(4), leaf(5)]
    tree = [split(0, 3), *below, *above]
    kept = [split(0, 3), leaf(1), split(1, 5), leaf(3), leaf(5)]
    assert kept_of(tree, learners(1e-9, 1e-9, 2e-9)) == kept


def test_later_twins_bound_nobody_from_above_and_others_bound_nobody() -> None:
    tree = [split(1, 3), split(0, 5), leaf(1), leaf(2), split(2, 3), leaf(3), leaf(4)]
    for gain in ((1e-9, 1e-9, 1e-9), (1e-9, 2e-9, 3e-9)):
        assert kept_of(tree, learners(*gain)) == tree


def test_twins_differ_in_any_column() -> None:
    tree = [split(0, 3), split(1, 3), leaf(1), leaf(2), leaf(3)]
    alike = learners(1e-9, 1e-9)
    assert len(kept_of(tree, alike)) == 3
    for limit in ("max_samples", "min_samples", "max_power_w"):
        unlike = alike.replace(**{limit: [4, 5]})
        assert kept_of(tree, unlike) == tree
