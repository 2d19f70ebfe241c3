"""Levels of a real network: bits are those of the bytes, accuracy that of what is received."""

import csv

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.payload import Level, Recipe, decode, encode, measure
from mel_fast.payload.measure import structure

pytest.importorskip("sklearn", reason="needs the extra [payload]")

RECIPES = (
    Recipe(),
    Recipe(bits=8),
    Recipe(prune=0.8, bits=4, codebook="kmeans"),
    Recipe(top_k=0.05, bits=8),
    Recipe(bits=2, stochastic=True),
)


@pytest.fixture(scope="module")
def data():
    return mel.learning.digits()


@pytest.fixture(scope="module")
def model(data):
    network = mel.learning.ScikitMLP(64, hidden=(40, 20), batch=16)
    network.train(data.train_x, data.train_y, 15, np.random.default_rng(0))
    return network


@pytest.fixture(scope="module")
def levels(model, data):
    return measure(model, data, RECIPES, fine_tune=1, seeds=(0, 1), parts=8)


def named(model):
    return {str(place): part for place, part in enumerate(model.get_weights())}


def test_without_fine_tuning_bits_and_accuracy_are_those_of_the_bytes(model, data):
    weights = named(model)
    for recipe in RECIPES[:3]:
        (level,) = measure(model, data, [recipe])
        sent = encode(weights, recipe)
        assert level.bits == level.bits_up == level.bits_down == 8 * len(sent)
        assert level.ratio == 8 * sum(part.nbytes for part in weights.values()) / level.bits
        model.set_weights(list(decode(sent).values()))
        assert level.accuracy == level.accuracy_before == model.score(data.test_x, data.test_y)
        assert level.accuracy_after is None
        assert (level.spread, level.seeds) == (0.0, 1)
        model.set_weights(list(weights.values()))


def test_fine_tuning_repairs_what_pruning_broke(levels):
    pruned = levels[2]
    assert pruned.accuracy == pruned.accuracy_after
    assert pruned.accuracy_after > pruned.accuracy_before + 0.03
    assert pruned.ratio > 12
    assert levels[1].accuracy > 0.9
    assert levels[4].spread > 0.0


def test_an_updates_bits_go_up_and_the_models_down(levels):
    update = levels[3]
    assert 5 * update.bits_up < update.bits_down
    assert update.bits_down == levels[1].bits_down or update.bits_down > update.bits_up
    assert update.accuracy > 0.9


def test_the_model_comes_back_as_it_was_and_seeds_decide_everything(model, data, levels):
    before = named(model)
    again = measure(model, data, RECIPES[4:], fine_tune=1, seeds=(3,), parts=5)
    assert measure(model, data, RECIPES[4:], fine_tune=True, seeds=(3,), parts=5).rows == again.rows
    for name, value in named(model).items():
        np.testing.assert_array_equal(value, before[name])


def test_a_function_makes_the_model_of_each_seed(data):
    asked = []

    def trained(seed):
        asked.append(seed)
        return mel.learning.ScikitMLP(64, hidden=(8,), seed=seed)

    (level,) = measure(trained, data, [Recipe(bits=3)], seeds=(5, 7))
    assert asked == [5, 7]
    assert level.seeds == 2
    assert level.spread > 0.0


def test_zeros_save_flops_only_where_a_row_or_a_column_is_empty():
    full = np.ones((4, 6))
    scattered = full.copy()
    scattered[[0, 1, 2], [0, 1, 2]] = 0.0
    rows = full.copy()
    rows[1:] = 0.0
    both = rows.copy()
    both[:, 3:] = 0.0
    bias = np.zeros(6)
    shares = [structure({"w": w, "b": bias}) for w in (full, scattered, rows, both)]
    assert shares == [1.0, 1.0, 12 / 30, 9 / 30]
    assert structure({}) == 1.0


def test_flops_are_the_papers_unless_told(model, data):
    parameters = sum(part.size for part in model.get_weights())
    (level,) = measure(model, data, [Recipe()])
    assert level.flops_per_sample == 4.0 * parameters
    (level,) = measure(model, data, [Recipe()], flops_per_sample=1e6)
    assert level.flops_per_sample == 1e6
    assert mel.scenarios.table1(learners=2).task.flops_per_sample == 4 * 280_934  # Table I


def test_the_problem_of_a_level_sends_its_bits(levels):
    problem = mel.scenarios.table1(learners=4)
    for place in (0, 2, 3):
        level = levels[place]
        changed = levels.problem(problem, place)
        assert changed.payload.send_bits == level.bits_down
        assert changed.payload.return_bits == level.bits_up
        assert changed.payload.flops_per_sample == level.flops_per_sample
        assert changed.payload.send_bits_per_sample == problem.task.alpha_bits
        assert changed == levels.problem(problem, level)
        assert changed.learners == problem.learners
        assert mel.solve(changed).tau >= mel.solve(problem).tau
    with pytest.raises(TypeError, match="level = 'best'"):
        levels.problem(problem, "best")


def test_a_campaign_chooses_among_measured_levels(levels):
    problem = mel.scenarios.table1(learners=4, cycle_s=30.0, samples=2000, setting="federated")
    rounds = {1: 40, 3: 20}
    found = mel.campaign(problem, rounds, levels)
    each = [
        mel.campaign(levels.problem(problem, place), rounds).total_s for place in range(len(levels))
    ]
    assert found.total_s == pytest.approx(min(each), rel=4e-9)
    assert found.level == levels[int(np.argmin(each))].label
    with pytest.raises(ValueError, match="measured twice: 'exact'"):
        mel.campaign(problem, rounds, mel.payload.Levels([levels[0], levels[0]]))


def test_table_csv_and_plot_show_the_levels(levels, tmp_path):
    lines = repr(levels).splitlines()
    assert len(lines) == 2 + len(RECIPES)
    assert "80% pruned, 4-bit kmeans" in lines[4]
    levels.to_csv(tmp_path / "levels.csv")
    with (tmp_path / "levels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["level"] for row in rows] == [recipe.label for recipe in RECIPES]
    assert [int(row["bits_up"]) for row in rows] == [level.bits_up for level in levels]
    assert float(rows[2]["accuracy"]) == levels[2].accuracy
    pytest.importorskip("matplotlib", reason="needs the extra [payload]")
    levels.plot(tmp_path / "levels.png")
    assert (tmp_path / "levels.png").stat().st_size > 5000
    assert all(isinstance(level, Level) for level in levels[1:3])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"recipes": []}, "at least one of each"),
        ({"seeds": []}, "at least one of each"),
        ({"recipes": ["8-bit"]}, "must be a Recipe"),
        ({"fine_tune": -1}, "fine_tune = -1"),
        ({"parts": 0}, "parts = 0"),
        ({"flops_per_sample": 0.0}, "flops_per_sample = 0"),
        ({"seeds": [0.5]}, "seeds = 0.5"),
    ],
)
def test_what_cannot_be_measured_is_refused(model, data, words, message):
    with pytest.raises((ValueError, TypeError), match=message):
        measure(model, data, **{"recipes": [Recipe()]} | words)
