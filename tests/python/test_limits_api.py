"""Limits of a learner, resource blocks and `keep=`: what the API takes, refuses, says and saves."""

import copy
import json
import pickle
import re
from fractions import Fraction

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.model.columns import LIMITS as ALL_LIMITS
from mel_fast.model.columns import SPEEDS

LIMITS = tuple(name for name in ALL_LIMITS if name not in SPEEDS)  # test_energy.py has these

FOUR = {
    "flops_per_s": [2.4e9, 7e8, 2.4e9, 7e8],
    "gain": 1e-10,
    "return_bandwidth_hz": 5e6,
    "return_power_w": 0.2,
}
ALL = {
    "min_samples": [0, 10, 20, 30],
    "max_samples": [30_000, 40_000, 50_000, 30],
    "max_bandwidth_hz": 5e7,
    "max_power_w": [0.1, 0.2, float("inf"), 0.1],
    "energy_j": [1.0, float("inf"), 2.0, 3.0],
    "energy_per_flop_j": [0.0, 1e-10, 1e-10, 1e-9],
}


@pytest.fixture
def limited(problem):
    """The small problem with each limit at some learner, none of which is reached."""
    limits = {
        "min_samples": [0, 1, 0, 0, 0, 2],
        "max_samples": 60_000,
        "max_bandwidth_hz": [float("inf"), 9e7, 9e7, 9e7, 9e7, 9e7],
        "max_power_w": 0.19,
        "energy_j": [1e6, float("inf"), 1e6, 1e6, 1e6, 1e6],
        "energy_per_flop_j": 1e-10,
    }
    return problem.replace(learners=problem.learners.replace(**limits))


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"min_samples": 7, "max_samples": [8, 7, 9, 5]}, "max_samples[3] = 5: must be at least "),
        ({"max_samples": [1, 2, -3, 4]}, "max_samples[2] = -3: must be an integer in [0, 9007"),
        ({"max_samples": 2.5}, "max_samples = 2.5: must be an integer in [0, 9007199254740992]"),
        ({"min_samples": [0, 0, 0, 0.5]}, "min_samples[3] = 0.5: must be an integer"),
        ({"max_samples": float("nan")}, "max_samples = nan: must be an integer"),
        ({"min_samples": 2**53 + 1}, "min_samples = 9007199254740993: must be an integer"),
        (
            {"max_bandwidth_hz": [1, 2, -1, 4]},
            "max_bandwidth_hz[2] = -1.0: must be a number in [1e",
        ),
        ({"max_power_w": [1, float("nan"), 2, 3]}, "max_power_w[1] = nan: must be a number in"),
        ({"max_power_w": 1e61}, "max_power_w = 1e+61: must be a number in [1e-60, 1e+60] or 0"),
        ({"energy_j": -1.0, "energy_per_flop_j": 0}, "energy_j = -1.0"),
        ({"energy_j": 1.0, "energy_per_flop_j": 1e-70}, "energy_per_flop_j = 1e-70: must be a "),
        ({"energy_j": 1.0}, "energy_j is given without energy_per_flop_j: both must be given"),
        ({"energy_per_flop_j": 1.0}, "energy_per_flop_j is given without energy_j"),
        ({"max_samples": [1, 2, 3]}, "columns differ in length (flops_per_s 4, max_samples 3)"),
    ],
)
def test_each_wrong_limit_is_named_with_its_range(limits, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        mel.Learners(**FOUR, **limits)


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("value", [True, "all", [[1, 2]], [1, True, 3, 4], object()])
def test_what_is_no_column_of_numbers_is_refused_by_name(name, value):
    with pytest.raises((TypeError, ValueError), match=name):
        mel.Learners(**FOUR, **{name: value})


def test_limits_are_read_only_columns_or_none():
    learners = mel.Learners(**FOUR, **ALL)
    assert learners.limited
    for name in LIMITS:
        column = getattr(learners, name)
        assert column.shape == (4,)
        assert column.dtype == (np.int64 if name.endswith("samples") else np.float64)
        assert column.flags.c_contiguous
        assert not column.flags.writeable
        assert np.array_equal(column, np.broadcast_to(ALL[name], 4))
    plain = mel.Learners(**FOUR)
    assert not plain.limited
    assert [getattr(plain, name) for name in LIMITS] == [None] * 6
    assert "min_samples" not in repr(plain)
    assert "min_samples=0..30" in repr(learners)


def test_a_limit_alone_tells_the_number_of_learners():
    words = {**FOUR, "flops_per_s": 1e9}
    assert len(mel.Learners(**words, max_samples=[1, 2, 3])) == 3
    assert mel.Learners(**words, min_samples=np.uint8([1, 2])).min_samples.tolist() == [1, 2]


def test_limits_count_for_equality_and_survive_copies():
    learners, plain = mel.Learners(**FOUR, **ALL), mel.Learners(**FOUR)
    assert learners != plain
    assert plain != learners
    assert plain.replace(**ALL) == learners
    assert learners.replace(**dict.fromkeys(LIMITS)) == plain
    assert pickle.loads(pickle.dumps(learners)) == copy.deepcopy(learners) == learners
    some = learners.take([3, 1])
    assert some.min_samples.tolist() == [30, 10]
    assert learners.take(np.array([False, True, False, False])).energy_j.tolist() == [np.inf]


@pytest.mark.parametrize("block_hz", [0.0, -1.0, float("nan"), float("inf"), 1e8 + 1, 1e-9, "1"])
def test_a_block_is_no_wider_than_the_band(block_hz):
    with pytest.raises((ValueError, TypeError), match="block_hz"):
        mel.Radio(1e8, 1.0, noise_density_w_per_hz=1e-20, block_hz=block_hz)


@pytest.mark.parametrize(("bandwidth", "width"), [(1e8, 180e3), (0.3, 0.1), (0.6, 0.2), (1.0, 1.0)])
def test_blocks_are_counted_exactly(bandwidth, width):
    radio = mel.Radio(bandwidth, 1.0, noise_density_w_per_hz=1e-20, block_hz=width)
    assert radio.blocks == Fraction(bandwidth) // Fraction(width)
    assert radio != radio.replace(block_hz=None)
    assert radio.replace(block_hz=None).blocks is None
    assert f"block_hz={width!r}" in repr(radio)


def test_a_problem_says_whether_it_is_limited(problem, limited):
    assert limited.limited
    assert not problem.limited
    assert problem.replace(radio=problem.radio.replace(block_hz=1e6)).limited


@pytest.mark.parametrize("plain", [False, True])
def test_limits_survive_json(limited, plain):
    limited = limited.replace(radio=limited.radio.replace(block_hz=180e3))
    plan = by_hand(limited)
    data = json.loads(plan.to_json() if plain else json.dumps(plan.to_dict()))
    found = mel.Problem.from_dict(data["problem"])
    assert found == limited
    for name in LIMITS:
        assert np.array_equal(getattr(found.learners, name), getattr(limited.learners, name))
    assert data["blocks"] == plan.blocks.tolist()


def test_a_plain_file_has_no_new_keys(plan):
    data = plan.to_dict()
    assert "blocks" not in data
    assert set(data["problem"]["learners"]) == set(FOUR)
    assert "block_hz" not in data["problem"]["radio"]
    assert plan.blocks is None
    assert plan.energy_j is None
    assert {"blocks", "spent_energy_j"}.isdisjoint(plan.columns())


def by_hand(problem: mel.Problem, **words: object) -> mel.Plan:
    shares = {"samples": 10_000, "blocks": [1, 2, 3, 4, 5, 6], "power_w": 0.01, **words}
    return mel.Plan(problem, status="feasible", tau=1, bound=5, **shares)


def test_a_plan_by_hand_has_the_bandwidth_of_its_blocks(problem, tmp_path):
    blocked = problem.replace(radio=problem.radio.replace(block_hz=180e3))
    plan = by_hand(blocked)
    assert plan.blocks.dtype == np.int64
    assert not plan.blocks.flags.writeable
    assert plan.bandwidth_hz.tolist() == [180e3 * n for n in range(1, 7)]
    plan.save(tmp_path / "plan.json")
    loaded = mel.Plan.load(tmp_path / "plan.json")
    assert loaded == plan == pickle.loads(pickle.dumps(plan))
    assert loaded != by_hand(blocked, blocks=[1, 2, 3, 4, 6, 5], bandwidth_hz=plan.bandwidth_hz)
    assert list(plan.columns())[:4] == ["samples", "blocks", "bandwidth_hz", "power_w"]
    assert "21 of 555 blocks of 180 kHz, 1 to 6 each" in plan.summary()
    assert "<th>blocks</th>" in plan._repr_html_()
    times = mel.evaluate(blocked, 1, plan.samples, plan.bandwidth_hz, plan.power_w)
    plain = mel.evaluate(problem, 1, plan.samples, plan.bandwidth_hz, plan.power_w)
    assert np.array_equal(times.total_s, plain.total_s)


def test_blocks_belong_to_a_radio_with_blocks(problem):
    blocked = problem.replace(radio=problem.radio.replace(block_hz=180e3))
    with pytest.raises(ValueError, match="blocks: must not be given, since the problem's radio"):
        by_hand(problem)
    with pytest.raises(ValueError, match="blocks: must be given, since the problem's radio has b"):
        by_hand(blocked, blocks=None, bandwidth_hz=1e6)
    with pytest.raises(ValueError, match=r"blocks\[0\] = -1: must be an integer in \[0, 9"):
        by_hand(blocked, blocks=[-1, 0, 0, 0, 0, 0])
    data = by_hand(blocked).to_dict()
    del data["blocks"]
    with pytest.raises(ValueError, match="blocks: must be given"):
        mel.Plan.from_dict(data)


def test_spent_energy_follows_the_equations(limited, plan):
    shares = {name: getattr(plan, name) for name in ("samples", "bandwidth_hz", "power_w")}
    mine = mel.Plan(limited, status="feasible", tau=plan.tau, bound=plan.tau, **shares)
    flops = plan.tau * plan.samples * limited.task.flops_per_sample
    assert mine.energy_j == pytest.approx(flops * 1e-10 + 0.19952623149688797 * plan.return_s)
    assert np.array_equal(mine.columns()["spent_energy_j"], mine.energy_j)
    assert mine.columns()["energy_j"][0] == 1e6
    idle = limited.replace(idle="excused")
    none = mel.Plan(idle, status="feasible", tau=1, bound=1, samples=0, bandwidth_hz=0, power_w=0)
    assert none.energy_j.tolist() == [0.0] * 6


def test_the_summary_names_the_limits_that_are_reached(problem, plan):
    tight = problem.replace(
        learners=problem.learners.replace(
            max_samples=np.where(np.arange(6) == 2, plan.samples, 60_000),
            max_power_w=np.where(np.arange(6) < 2, plan.power_w, np.inf),
            max_bandwidth_hz=1e9,
        )
    )
    shares = {name: getattr(plan, name) for name in ("samples", "bandwidth_hz", "power_w")}
    words = {"status": "feasible", "tau": plan.tau, "bound": plan.tau, **shares}
    text = mel.Plan(tight, **words).summary()
    assert "limits   max_samples reached at learner 2; max_power_w reached at learners 0, 1" in text
    loose = problem.replace(learners=problem.learners.replace(max_samples=60_000))
    assert "limits   max_samples: none is reached" in mel.Plan(loose, **words).summary()
    assert "limits" not in plan.summary()


@pytest.mark.parametrize(
    ("keep", "kind", "message"),
    [
        ([6], ValueError, "keep[0] = 6: must be an integer in [0, 5]"),
        ([0.5], ValueError, "keep[0] = 0.5: must be an integer"),
        ([True, False], ValueError, "keep has shape (2,): a mask must have (6,)"),
        ("0,3", TypeError, "keep is a str: must be {learner: samples}, indices of learners or"),
        (3, TypeError, "keep is a int"),
        ([[0, 1]], ValueError, "keep has shape (1, 2)"),
        ({6: 10}, ValueError, "keep: learner = 6: must be an integer in [0, 5]"),
        ({0: -1}, ValueError, "keep[0] = -1: must be an integer in [0, 9007199254740992]"),
        ({0: "many"}, TypeError, "keep[0] = 'many'"),
    ],
)
def test_each_wrong_keep_is_named(problem, plan, keep, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        mel.solve(problem, start=plan, keep=keep)


def test_keep_needs_a_plan_with_samples_and_as_many_learners(problem, plan):
    with pytest.raises(ValueError, match="need start=, the plan whose samples are kept"):
        mel.solve(problem, keep=[0])
    nothing = mel.solve(problem.with_budgets(cycle_s=0.001))
    with pytest.raises(ValueError, match=r"has no samples to keep \(status infeasible\)"):
        mel.solve(problem, start=nothing, keep=[0])
    fewer = problem.replace(learners=problem.learners.take(range(5)))
    with pytest.raises(ValueError, match="start has 6 learners, the problem 5"):
        mel.solve(fewer, start=plan, keep=[0])
    own = problem.replace(learners=problem.learners.replace(max_samples=plan.samples - 1))
    with pytest.raises(ValueError, match=r"keep: learner 2 would keep .* must lie within its own"):
        mel.solve(own, start=plan, keep=[2])
