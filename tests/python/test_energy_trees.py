"""Least energies proved in boxes of splits, each with prices of its own."""

import copy

import numpy as np
import pytest

import mel_fast as mel
from energies import least_energy
from mel_fast.verify import verify_dict
from test_energy_few_samples import excused
from test_least_takers import cell

pytest.importorskip("flint")

PARTS = {"joules_per_hz", "joules_per_sample", "joules_per_w"}


def proved(problem: mel.Problem, tau: int) -> mel.Plan:
    """Return a plan of least energy whose proof has boxes."""
    plan = mel.least(problem, tau, "energy_j").plan
    assert plan is not None
    assert len(plan.least_energy.tree) > 1
    assert plan.least_energy.gap < 1e-6
    verdict = mel.verify(problem, plan)
    assert verdict.ok, verdict.reasons
    return plan


@pytest.mark.parametrize("law", ["density", "fixed"])
def test_takers_at_given_speeds_are_proved_to_be_the_cheapest(law) -> None:
    """Who returns is paid for whole: without boxes 1e-6 to 5e-6 of all stay open."""
    in_boxes = 0
    for seed in range(4):
        problem = cell(seed, 5, law, "excused")
        for share in (0.3, 0.9):
            tau = max(1, int(share * mel.solve(problem).tau))
            found = mel.least(problem, tau, "energy_j")
            assert found.width < 1e-6
            assert mel.verify(problem, found.plan).ok
            in_boxes += len(found.plan.least_energy.tree) > 1
    assert in_boxes >= 2


def test_no_tree_proves_more_than_the_least() -> None:
    """Whatever is changed in the boxes: a bound above the least is never believed."""
    rng = np.random.default_rng(0)
    for seed in (4, 10, 19):
        problem = excused(2 + seed % 4, seed)
        data = proved(problem, 1).to_dict()
        claim = data["least_energy"]
        least = least_energy(problem, 1)
        claim["bound_j"], claim["joules"] = (least * (1 + 1e-5)).hex(), (least * 1.1).hex()
        assert not mel.verify(problem, mel.Plan.from_dict(data)).ok
        for _ in range(60):
            other = copy.deepcopy(data)
            node = rng.choice(other["least_energy"]["tree"])
            name = rng.choice(sorted(node))
            if name in PARTS:
                node[name] = (float.fromhex(node[name]) * 10 ** rng.uniform(-3, 3)).hex()
            else:
                node[name] = int(rng.integers(0, 2 if name == "learner" else problem.task.samples))
            assert not mel.verify(problem, mel.Plan.from_dict(other)).ok


def test_a_tree_that_is_none_is_refused_by_reader_and_checker() -> None:
    problem = excused(4, 22)
    data = proved(problem, 1).to_dict()
    whole = data["least_energy"]["tree"]
    box = next(node for node in whole if "learner" not in node)
    split = next(node for node in whole if "learner" in node)
    for tree, words in (
        ([], "1 boxes are missing"),
        (whole[:-1], "1 boxes are missing"),
        ([*whole, box], "complete before this node"),
        ([{**split, "learner": 2}, box, box], "no learner 2"),
        ([{**split, "at": -1}, box, box], "at"),
        ([{**split, "at": 1.5}, box, box], "at"),
        ([{**box, "joules_per_w": (1.0).hex()}], "joules_per_w"),  # nobody shares power here
        ([{**box, "more": 1}], "more"),
        ([{"joules_per_hz": box["joules_per_hz"]}], "joules_per_sample"),
        ([[]], "tree"),
        ({}, "tree"),
    ):
        other = copy.deepcopy(data)
        other["least_energy"]["tree"] = tree
        with pytest.raises(ValueError, match=words):
            mel.Plan.from_dict(other)
        assert not verify_dict(other).ok


def test_a_division_outside_its_box_is_refused() -> None:
    problem = excused(4, 22)
    data = proved(problem, 1).to_dict()
    split = next(node for node in data["least_energy"]["tree"] if "learner" in node)
    split["at"] = problem.task.samples
    verdict = mel.verify(problem, mel.Plan.from_dict(data))
    assert not verdict.ok
    assert "cannot split learner" in verdict.reasons[0]


def test_learners_alike_are_decided_in_order() -> None:
    """Of twins the later never has more samples: boxes that say otherwise are not needed."""
    twins = excused(5, 4).learners.take([0, 0, 0, 1, 1, 1])
    problem = excused(5, 4).replace(learners=twins)
    found = mel.least(problem, 1, "energy_j")
    assert found.width < 1e-6
    assert mel.verify(problem, found.plan).ok
    assert len(found.plan.least_energy.tree) < 60


def test_a_plan_in_boxes_is_kept_as_it_is(tmp_path) -> None:
    plan = proved(excused(4, 22), 1)
    plan.save(tmp_path / "plan.json")
    assert mel.Plan.load(tmp_path / "plan.json") == plan
    assert hash(plan.least_energy) == hash(mel.Plan.load(tmp_path / "plan.json").least_energy)
