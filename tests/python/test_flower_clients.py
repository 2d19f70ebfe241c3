"""The client's side of Flower, messages, models, a grid that looks more often, projects."""

import subprocess
import sys
import tomllib
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mel_fast as mel

pytest.importorskip("flwr", reason="needs the extra [flower]")

from flwr.app import Array, ArrayRecord, ConfigRecord, Message, RecordDict

from flower_fake import COLUMNS, FEATURES, RADIO, FakeGrid, Plain, client, identity, radio_of, task
from mel_fast.flower import Client, PolledGrid, SimulatedRadio, local_model
from mel_fast.flower import grid as grid_module
from mel_fast.flower.wire.messages import ORDER, Order, Report
from mel_fast.flower.wire.records import bits_of, put_model, take_model, to_record
from mel_fast.payload import Recipe

__all__ = ["identity"]

ORDERED = Order(3, 50, 4, 1.0, 1e5, 0.01)


def sent(order=ORDERED, arrays=None):
    content = RecordDict({ORDER: order.record()})
    weights = Plain().get_weights() if arrays is None else arrays
    content["arrays"] = ArrayRecord(weights)
    message = Message(content, 7, "train")
    message.metadata.__dict__["_message_id"] = "m"
    return message


@given(
    st.integers(1, 2**53), st.integers(1, 9), st.integers(1, 9), st.floats(1e-60, 1e60),
    st.floats(0.0, 1e60), st.sampled_from([None, Recipe(), Recipe(bits=4, codebook="kmeans")]),
    st.booleans(),
)  # fmt: skip
def test_an_order_is_read_as_it_was_written(number, samples, tau, seconds, share, recipe, indexed):
    indices = np.arange(samples) if indexed else None
    order = Order(number, samples, tau, seconds, share, share, recipe, indices, tau)
    read = Order.read(RecordDict({ORDER: order.record()}))
    assert (read.round, read.samples, read.tau, read.deadline_s) == (number, samples, tau, seconds)
    assert (read.bandwidth_hz, read.power_w, read.recipe) == (share, share, recipe)
    assert read.skip == tau
    assert (read.indices is None) if indices is None else np.array_equal(read.indices, indices)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"samples": 0}, "samples = 0"),
        ({"samples": "many"}, "samples = 'many'"),
        ({"tau": -1}, "tau = -1"),
        ({"deadline-s": float("nan")}, "deadline-s"),
        ({"bandwidth-hz": -1.0}, "bandwidth-hz"),
        ({"recipe": "x" * 2000}, "recipe"),
        ({"recipe": '{"magic": 1}'}, "recipe"),
        ({"recipe": "{"}, "Expecting"),
        ({"recipe": '{"bits": 99}'}, "bits = 99"),
        ({"indices": b"123"}, "indices"),
        ({"skip": -1}, "skip = -1"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(change, said):
    record = ORDERED.record()
    record.update(change)
    with pytest.raises((ValueError, TypeError), match=said):
        Order.read(RecordDict({ORDER: record}))


def test_numbers_of_numpy_become_records():
    order = Order(
        np.int64(1), np.int64(2), np.int32(3), np.float32(1), np.float64(1), np.float64(0)
    )
    assert order.record()["samples"] == 2
    assert Report("a", 1, 1, np.float64(0.5)).record()["compute-s"] == 0.5


def test_a_client_trains_tau_cycles_on_so_many_of_its_samples(identity):
    one = client("c")
    reply = one.train(sent())
    arrays = take_model(reply.content, None, None)
    assert arrays["1"].tolist() == [4.0, 4.0]
    (seen,) = one._model.seen
    assert len(np.unique(seen[:, 0])) == len(seen) == 50
    again, other = client("c"), client("d")
    again.train(sent())
    other.train(sent())
    assert np.array_equal(again._model.seen[0], seen)  # by name and round alone
    assert not np.array_equal(other._model.seen[0], seen)


def test_a_client_reports_the_clock_without_a_radio_and_the_radio_with_one(identity):
    x, y = np.zeros((10, FEATURES)), np.zeros(10, dtype=int)
    order = Order(1, 5, 1, 1.0, 1e5, 0.01)
    by_clock = Report.read(Client("c", Plain(), x, y).train(sent(order)).content, "c", order)
    assert (by_clock.send_s, by_clock.return_s) == (None, None)
    assert 0.0 <= by_clock.compute_s < 5.0
    radio = radio_of()
    message = sent(order)
    reply = Client("c", Plain(), x, y, radio=radio).train(message)
    read = Report.read(reply.content, "c", order)
    down = bits_of(RecordDict({"arrays": message.content["arrays"]}))
    times = radio.times(order, down, bits_of(RecordDict({"arrays": reply.content["arrays"]})))
    assert (read.send_s, read.compute_s, read.return_s) == tuple(float(t[0]) for t in times[:3])
    assert read.compute_s == pytest.approx(5 * 1e3 / COLUMNS["flops_per_s"])


def test_a_radio_drifts_by_its_seed_and_slows_down_when_told():
    columns = {key: value for key, value in COLUMNS.items() if key != "max_samples"}
    learner = mel.Learners(**columns, count=1)
    radio = SimulatedRadio(
        task(), RADIO, learner, drift_db=3.0, speed_factor={2: 0.5, 4: 2.0}, seed=1
    )
    speeds = [float(radio.learner(number).flops_per_s[0]) for number in range(1, 6)]
    assert speeds == [1e6, 5e5, 5e5, 2e6, 2e6]
    gains = [float(radio.learner(number).gain[0]) for number in range(1, 200)]
    assert np.std(10 * np.log10(gains)) == pytest.approx(3.0, rel=0.2)
    assert float(radio.learner(7).gain[0]) == gains[6]
    for words, said in (
        ({"drift_db": -1.0}, "drift_db"),
        ({"speed_factor": {0: 1.0}}, "speed_factor"),
        ({"speed_factor": {1: 0.0}}, r"speed_factor\[1\]"),
        ({"seed": -1}, "seed"),
    ):
        with pytest.raises(ValueError, match=said):
            SimulatedRadio(task(), RADIO, learner, **words)
    with pytest.raises(ValueError, match="2 rows"):
        SimulatedRadio(task(), RADIO, mel.Learners(**columns, count=2))


def test_an_order_for_samples_that_are_not_there_is_an_error(identity):
    order = Order(1, 2, 1, 1.0, 1e5, 0.01, None, np.array([1, 100]))
    with pytest.raises(ValueError, match="there are 100 samples"):
        client("c").train(sent(order))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"name": "x" * 200}, "name"),
        ({"x": np.zeros(3)}, "x has shape"),
        ({"y": np.zeros(4)}, "x has shape"),
        ({"model": "clever"}, "model is a str"),
        ({"gain": "good"}, "gain = 'good'"),
        ({"colour": 1.0}, "colour"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_client_names_what_is_wrong_with_it(words, said):
    good = {"name": "c", "model": Plain(), "x": np.zeros((3, 2)), "y": np.zeros(3)}
    with pytest.raises((ValueError, TypeError), match=said):
        Client(**(good | words))


@pytest.mark.parametrize("recipe", [None, Recipe(), Recipe(bits=8), Recipe(top_k=2)])
def test_a_model_survives_the_wire(recipe):
    base = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "n": np.array(3, np.int64)}
    after = {"w": base["w"] + np.float32(0.5), "n": np.array(4, np.int64)}
    content = RecordDict()
    put_model(content, after, recipe, base, np.random.default_rng(0))
    read = take_model(content, after, base)
    assert list(read) == ["w", "n"]
    assert read["n"] == 4
    if recipe is None or recipe.exact:
        assert np.array_equal(read["w"], after["w"])


def test_arrays_of_every_layout_are_read():
    arrays = {
        "f": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "big": np.arange(4, dtype=">f4"),
        "none": np.zeros((0, 3), np.float16),
        "bool": np.array([True, False]),
    }
    read = take_model(RecordDict({"arrays": to_record(arrays)}), None, None)
    assert all(np.array_equal(arrays[name], read[name]) for name in arrays)
    assert all(array.dtype.isnative for array in read.values())


@given(st.binary(max_size=200), st.integers(0, 200))
def test_damaged_arrays_are_refused_and_nothing_else(noise, cut):
    good = to_record({"w": np.arange(12.0)})["w"]
    data = good.data[:cut] + noise
    content = RecordDict({"arrays": ArrayRecord({"w": Array("float64", (12,), good.stype, data)})})
    try:
        read = take_model(content, {"w": np.arange(12.0)}, None)
    except ValueError:
        return
    assert read["w"].shape == (12,)


def test_bits_count_names_and_values():
    content = RecordDict(
        {"a": ConfigRecord({"ab": "xyz", "e": "", "n": 1, "l": [1.0, 2.0], "none": []})}
    )
    assert bits_of(content) == 8 * (2 + 3 + 1 + 0 + 1 + 8 + 1 + 16 + 4)


def test_scikit_estimators_train_for_some_local_cycles():
    linear = pytest.importorskip("sklearn.linear_model", reason="needs the extra [learn]")
    from sklearn.neural_network import MLPClassifier

    x = np.random.default_rng(0).standard_normal((100, 3))
    labels = (x[:, 0] > 0).astype(int)
    for estimator, y, classes in (
        (linear.SGDClassifier(), labels + (x[:, 1] > 1), 3),
        (MLPClassifier((4,), batch_size=300, learning_rate_init=0.1), labels, 2),
        (linear.SGDRegressor(), x[:, 0], None),
    ):
        model = local_model(estimator, 3, classes)
        start = [part + 0.01 for part in model.get_weights()]
        model.set_weights(start)
        assert all(map(np.array_equal, model.get_weights(), start))
        before = model.score(x, y)
        model.train(x, y, 4, np.random.default_rng(1))
        once = model.get_weights()
        assert model.score(x, y) > before, estimator
        model.set_weights(start)  # nothing of the first training is left
        model.train(x, y, 4, np.random.default_rng(1))
        assert all(map(np.array_equal, model.get_weights(), once)), estimator
        assert not hasattr(estimator, "n_features_in_")


def test_what_is_no_model_is_named():
    neighbors = pytest.importorskip("sklearn.neighbors", reason="needs the extra [learn]")
    from sklearn.naive_bayes import GaussianNB

    with pytest.raises(TypeError, match="must be a LocalModel"):
        local_model(neighbors.KNeighborsClassifier(), 3, 2)
    with pytest.raises(TypeError, match="no coefficients"):
        local_model(GaussianNB(), 3, 2)


def test_a_torch_module_trains():
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    torch.manual_seed(0)
    x = np.random.default_rng(0).standard_normal((200, 3)).astype(np.float32)
    model = local_model(torch.nn.Linear(3, 2), 3, 2, learning_rate=0.1)
    model.train(x, (x[:, 0] > 0).astype(np.int64), 5, np.random.default_rng(1))
    assert model.score(x, (x[:, 0] > 0).astype(np.int64)) > 0.8


def test_a_polled_grid_looks_as_often_as_told_and_stops_in_time(identity, monkeypatch):
    inner, now = FakeGrid(), [0.0]
    monkeypatch.setattr(grid_module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(grid_module.time, "sleep", lambda s: now.__setitem__(0, now[0] + s))
    ready = {}

    def later(seconds):
        def answer(message):
            ready[message.metadata.message_id] = (now[0] + seconds, message)

        return answer

    def pull(names):
        there = [n for n in names if n in ready and ready[n][0] <= now[0]]
        return [Message(RecordDict(), reply_to=ready.pop(name)[1]) for name in there]

    inner.nodes = {1: later(0.3), 2: later(0.9)}
    monkeypatch.setattr(inner, "pull_messages", pull)
    grid = PolledGrid(inner, 0.25)
    messages = [Message(RecordDict(), node, "query") for node in (1, 2)]
    assert len(grid.send_and_receive(messages)) == 2
    assert now[0] == pytest.approx(1.0)
    assert len(grid.send_and_receive(messages, timeout=0.6)) == 1
    assert now[0] == pytest.approx(1.6)
    assert grid.send_and_receive([]) == []
    assert list(grid.get_node_ids()) == [1, 2]
    with pytest.raises(ValueError, match="every_s"):
        PolledGrid(inner, 0.0)


def test_a_project_is_written_whole_and_never_over_another(tmp_path, command):
    done = command("flower", "new", tmp_path / "my-project")
    assert done.status == 0
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert {line.removeprefix(f"{tmp_path}/") for line in done.out.split()} == written
    root = tmp_path / "my-project"
    stated = tomllib.loads((root / "pyproject.toml").read_text())
    assert stated["project"]["name"] == "my-project"
    assert stated["tool"]["flwr"]["app"]["components"]["serverapp"] == "my_project.server_app:app"
    for path in root.rglob("*"):
        if path.is_file():
            text = path.read_text()
            assert "@NAME@" not in text
            assert "@PACKAGE@" not in text
        if path.suffix == ".py":
            compile(text, str(path), "exec")
    again = command("flower", "new", root)
    assert (again.status, again.out) == (2, "")
    assert "not empty" in again.err


@pytest.mark.parametrize("name", ["1one", "my project", "x" * 60, "flwr", "json", "class", "ü"])
def test_a_name_that_no_project_can_have_is_refused(name, tmp_path, command):
    done = command("flower", "new", tmp_path / name)
    assert done.status == 2
    assert "project name" in done.err
    assert list(tmp_path.iterdir()) == []


def test_the_template_is_in_the_package():
    template = files("mel_fast.flower") / "template"
    from mel_fast.flower.project import _FILES

    assert {entry.name for entry in template.iterdir()} == set(_FILES.values())


@given(st.text(max_size=20) | st.integers(-9, 9) | st.booleans() | st.floats(allow_nan=False))
def test_a_configuration_arrives_as_it_was_given(value):
    from flwr.common.config import parse_config_args

    from mel_fast.flower.loopback import _toml

    try:
        written = _toml(value)
    except ValueError:
        assert not value.isprintable() or {'"', "\\"} & set(value)
        return
    assert parse_config_args([f"first=1 value={written} last=2"]) == {
        "first": 1, "value": value, "last": 2,
    }  # fmt: skip


def test_the_room_says_which_extra_it_needs():
    code = (
        "import sys; sys.modules['flwr'] = None\n"
        "import mel_fast as mel\n"
        "try: mel.flower.PlannedFedAvg\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'mel_fast[flower]'" in done.stdout
