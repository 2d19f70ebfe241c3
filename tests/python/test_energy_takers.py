"""Least energies proved for so many learners that take part, no less or no more."""

import copy

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.verify import verify_dict
from test_least_takers import cell

pytest.importorskip("flint")


def at_share(problem: mel.Problem, share: float) -> tuple[int, mel.Plan]:
    """Return a tau and a plan of least energy there."""
    tau = max(1, int(share * mel.solve(problem).tau))
    plan = mel.least(problem, tau, "energy_j").plan
    assert plan is not None
    return tau, plan


@pytest.mark.parametrize(
    ("law", "learners", "share"),
    [("density", 8, 0.9), ("density", 100, 0.9), ("fixed", 30, 0.3), ("fixed", 100, 0.3)],
)
def test_one_division_by_a_count_closes_what_boxes_of_learners_leave_open(law, learners, share):
    """With 30 learners and more 1e-6 to 1e-5 of all stayed open, whatever was decided of whom."""
    for seed in range(2):
        problem = cell(seed, learners, law, "excused")
        _, plan = at_share(problem, share)
        assert plan.least_energy.gap < 1e-6
        count, fewer, enough = plan.least_energy.to_dict()["tree"]
        assert count["takers"] == (plan.samples > 0).sum() - 1
        assert float.fromhex(fewer.get("joules_per_taker", "0x0.0p+0")) >= 0.0
        assert float.fromhex(enough.get("joules_per_taker", "0x0.0p+0")) <= 0.0
        verdict = mel.verify(problem, plan)
        assert verdict.ok, verdict.reasons


def test_no_count_proves_more_than_a_plan_spends() -> None:
    """Whatever taking part is charged: a bound above what a plan spends is never believed."""
    rng = np.random.default_rng(1)
    for seed, law in enumerate(["density", "fixed"]):
        problem = cell(seed, 8, law, "excused")
        _, plan = at_share(problem, 0.3)
        data = plan.to_dict()
        claim = data["least_energy"]
        claim["bound_j"] = (plan.least_energy.joules * (1 + 1e-9)).hex()
        claim["joules"] = (plan.least_energy.joules * 1.1).hex()
        assert not mel.verify(problem, mel.Plan.from_dict(data)).ok
        for _ in range(40):
            other = copy.deepcopy(data)
            count, *boxes = other["least_energy"]["tree"]
            for box in boxes:
                charge = float.fromhex(box.get("joules_per_taker", "0x1.0p-20"))
                box["joules_per_taker"] = (charge * 10 ** rng.uniform(-1, 4)).hex()
            if rng.random() < 0.3:
                count["takers"] = int(rng.integers(0, 8))
            assert not mel.verify(problem, mel.Plan.from_dict(other)).ok


def test_a_count_that_is_none_is_refused_by_reader_and_checker() -> None:
    problem = cell(0, 8, "density", "excused")
    _, plan = at_share(problem, 0.9)
    data = plan.to_dict()
    count, fewer, enough = data["least_energy"]["tree"]
    for tree, words in (
        ([count, fewer], "1 boxes are missing"),
        ([{"takers": 8}, fewer, enough], "takers"),
        ([{"takers": -1}, fewer, enough], "takers"),
        ([{"takers": 1.5}, fewer, enough], "takers"),
        ([{**count, "at": 1}, fewer, enough], "at"),
        ([count, fewer, {**enough, "joules_per_taker": "nan"}], "joules_per_taker"),
    ):
        other = copy.deepcopy(data)
        other["least_energy"]["tree"] = tree
        with pytest.raises(ValueError, match=words):
            mel.Plan.from_dict(other)
        assert not verify_dict(other).ok
    # One who is served takes part whatever it holds: nothing is to be counted.
    served = mel.least(problem.replace(idle="served"), 1, "energy_j").plan
    assert served is not None
    other = served.to_dict()
    other["least_energy"]["tree"] = [count, fewer, enough]
    with pytest.raises(ValueError, match="takers"):
        mel.Plan.from_dict(other)
    assert not verify_dict(other).ok


def test_a_count_outside_its_box_is_refused() -> None:
    problem = cell(0, 8, "density", "excused")
    _, plan = at_share(problem, 0.9)
    data = plan.to_dict()
    count, fewer, enough = data["least_energy"]["tree"]
    data["least_energy"]["tree"] = [count, fewer, count, enough, enough]
    verdict = mel.verify(problem, mel.Plan.from_dict(data))
    assert not verdict.ok
    assert "cannot split how many take part" in verdict.reasons[0]


def test_a_count_is_kept_in_a_file_and_judged_on_the_side_it_says(tmp_path) -> None:
    problem = cell(1, 8, "fixed", "excused")
    _, plan = at_share(problem, 0.9)
    plan.save(tmp_path / "plan.json")
    assert mel.Plan.load(tmp_path / "plan.json") == plan
    data = plan.to_dict()
    count, fewer, enough = data["least_energy"]["tree"]
    data["least_energy"]["tree"] = [count, enough, fewer]
    assert not mel.verify(problem, mel.Plan.from_dict(data)).ok
