"""Search for hyper-parameters: held-out samples decide, and a stopped search goes on as it was."""

import numpy as np
import pytest

from mel_fast import learning

optuna = pytest.importorskip("optuna", reason="needs the extra [search]")
pytest.importorskip("sklearn", reason="needs the extra [search]")

SPACE = {"optimiser": ["sgd", "adam"], "learning_rate": (1e-3, 0.3), "batch": [8, 32]}
RUN = {
    "samples": [400, 300],
    "cycle_s": 30.0,
    "space": SPACE,
    "cycles": 2,
    "seed": 1,
    "hidden": (20,),
}


@pytest.fixture(scope="module")
def data():
    return learning.digits().limited(500, 100)


@pytest.fixture(scope="module")
def whole(data):
    return learning.search(2, data, trials=6, **RUN)


def test_the_best_is_the_most_accurate_on_samples_that_are_held_out(data, whole):
    last = [trial.accuracy[-1] for trial in whole.trials if not trial.pruned]
    assert whole.accuracy == max(last) > 0.7
    assert len(whole.trials) == 6
    assert set(whole.best) == set(SPACE)
    assert any(t.parameters == whole.best and t.accuracy[-1] == max(last) for t in whole.trials)


def test_the_first_settings_are_far_apart(data):
    """Seeds in steps once made four rates of a range of 33 differ by a seventh."""
    space = {"optimiser": ["adam", "amsgrad", "nadam"], "learning_rate": (3e-4, 1e-2)}
    words = {**RUN, "space": space, "cycles": 1, "seed": 0}
    rates = [
        trial.parameters["learning_rate"]
        for trial in learning.search(1, data, trials=4, **words).trials
    ]
    assert max(rates) > 3 * min(rates)


def test_the_test_data_is_never_looked_at(data, whole):
    other = learning.Dataset(
        data.name, data.train_x, data.train_y, data.test_x * np.nan, data.test_y * 0
    )
    assert learning.search(2, other, trials=6, **RUN) == whole


def test_a_stopped_search_goes_on_to_the_same_end(data, whole, tmp_path):
    for trials in (2, 5, 6, 6):
        found = learning.search(2, data, trials=trials, storage=tmp_path / "trials.log", **RUN)
        assert found.trials == whole.trials[:trials]
    assert found == whole
    with pytest.raises(learning.DataError, match="another search"):
        learning.search(2, data, trials=6, storage=tmp_path / "trials.log", **{**RUN, "cycles": 3})


def test_settings_that_diverge_or_fall_behind_are_given_up(data):
    space = {"optimiser": ["sgd"], "learning_rate": (0.01, 1e30)}
    found = learning.search(1, data, trials=12, **{**RUN, "space": space, "cycles": 3})
    assert any(trial.pruned for trial in found.trials)
    assert 0.01 <= found.best["learning_rate"] < 100.0
    wild = {"learning_rate": (1e29, 1e30)}
    with pytest.raises(ValueError, match="all diverged"):
        learning.search(1, data, trials=1, **{**RUN, "space": wild})


def test_a_plan_of_more_samples_than_are_left_shrinks_in_proportion(data):
    words = {**RUN, "samples": [4000, 1000], "space": {"batch": [16]}}
    found = learning.search(1, data, trials=1, held_out=0.2, **words)
    assert found.best == {"batch": 16}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"space": {}}, "space is empty"),
        ({"space": {"batch": 16}}, r"space\['batch'\] = 16"),
        ({"space": {"learning_rate": (1.0, 0.1)}}, "low must be below high"),
        ({"trials": 0}, "trials = 0"),
        ({"held_out": 0.95}, "held_out = 0.95"),
        ({"cycles": 0}, "cycles = 0"),
    ],
)
def test_a_search_that_cannot_be_is_refused(data, words, message):
    with pytest.raises((ValueError, TypeError), match=message):
        learning.search(1, data, **{"trials": 1, **RUN, **words})
