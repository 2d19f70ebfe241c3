"""The learning loop: equation (5), who trains on what, resuming, and the data it reads."""

import gzip
import runpy
import struct
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from mel_fast import learning
from mel_fast.learning import partition


class Marks:
    """A model of one weight that records its training and moves by the number of its samples."""

    def __init__(self):
        self.weight = np.zeros(1)
        self.trained = []

    def get_weights(self):
        return [self.weight.copy()]

    def set_weights(self, weights):
        self.weight = np.array(weights[0])

    def train(self, x, y, local_cycles, rng):
        self.trained.append((len(x), local_cycles, x[:, 0].tolist()))
        self.weight = self.weight + local_cycles * len(x) + rng.random()

    def score(self, x, y):
        return float(self.weight[0] % 1.0)


def numbered(train=100, test=10):
    x = np.arange(train, dtype=np.float32)[:, None]
    y = np.arange(train) % 5
    return learning.Dataset("numbers", x, y, x[:test], y[:test])


def idx(array):
    return (
        b"\0\0\x08"
        + bytes([array.ndim])
        + struct.pack(f">{array.ndim}I", *array.shape)
        + bytes(array.astype(np.uint8))
    )


def write_mnist(folder, train=6, labels=None):
    rng = np.random.default_rng(0)
    for prefix, n in (("train", train), ("t10k", 3)):
        images = rng.integers(0, 256, (n, 4, 4))
        count = n if labels is None or prefix == "t10k" else labels
        (folder / f"{prefix}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(idx(np.arange(count) % 10))


def test_average_is_equation_five():
    models = [[np.array([1.0, 2.0]), np.array([[4.0]])], [np.array([3.0, 0.0]), np.array([[8.0]])]]
    first, second = learning.average(models, [3, 1])
    np.testing.assert_array_equal(first, [(3 * 1.0 + 1 * 3.0) / 4, (3 * 2.0) / 4])
    np.testing.assert_array_equal(second, [[(3 * 4.0 + 8.0) / 4]])


def test_average_keeps_the_models_dtype_but_sums_in_double():
    models = [[np.array([1.0], np.float32)], [np.array([1.0 + 2**-20], np.float32)]]
    (mean,) = learning.average(models, [2**30, 2**30])
    assert mean.dtype == np.float32
    assert mean[0] == np.float32(1.0 + 2**-21)


def test_a_model_without_samples_changes_nothing_even_if_it_is_nan():
    with_idle = learning.average([[np.array([2.0])], [np.array([np.nan])]], [5, 0])
    np.testing.assert_array_equal(with_idle[0], [2.0])


@pytest.mark.parametrize(
    ("models", "samples", "message"),
    [
        ([[np.array([np.inf])]], [1], "not finite"),
        ([[np.zeros(1)], [np.zeros(2)]], [1, 1], "shapes"),
        ([[np.zeros(1)]], [0], "no learner has samples"),
        ([[np.zeros(1)]], [-1], "samples = -1"),
    ],
)
def test_what_cannot_be_averaged_is_refused(models, samples, message):
    with pytest.raises(ValueError, match=message):
        learning.average(models, samples)


def test_an_idle_learner_is_not_trained_and_changes_nothing():
    histories = []
    for samples in ([60, 40], [60, 40, 0]):
        model = Marks()
        history = learning.run(
            2, numbered(), samples=samples, cycle_s=30.0, cycles=3, model=model, seed=1
        )
        assert len(model.trained) == 6
        histories.append(history.accuracy)
    np.testing.assert_array_equal(*histories)


def test_parallelized_learning_deals_every_sample_once_in_each_cycle():
    model = Marks()
    history = learning.run(3, numbered(), samples=[70, 30], cycle_s=30.0, cycles=2, model=model)
    for cycle in (0, 1):
        first, second = model.trained[2 * cycle : 2 * cycle + 2]
        assert first[:2] == (70, 3)
        assert second[:2] == (30, 3)
        assert sorted(first[2] + second[2]) == list(range(100))
    assert model.trained[0][2] != model.trained[2][2]
    np.testing.assert_array_equal(history.time_s, [0.0, 30.0, 60.0])


@pytest.mark.parametrize("kind", ["shard-iid", "dirichlet"])
def test_federated_learners_keep_to_their_own_shard(kind):
    model = Marks()
    samples = [90, 5, 20]
    learning.run(1, numbered(), samples=samples, cycle_s=1.0, cycles=6, model=model, partition=kind)
    seen = [set(), set(), set()]
    for turn, (count, _, numbers) in enumerate(model.trained):
        assert count == samples[turn % 3]
        seen[turn % 3].update(numbers)
    assert not seen[0] & seen[1]
    assert not seen[1] & seen[2]
    assert not seen[0] & seen[2]


def test_drawing_more_than_a_shard_repeats_it_evenly():
    taken = partition.drawn(np.arange(4), 10, np.random.default_rng(0))
    assert sorted(np.bincount(taken).tolist()) == [2, 2, 3, 3]


def test_dirichlet_shards_divide_everything_and_are_skewed_when_asked():
    labels = np.arange(6000) % 10
    spread = {}
    for concentration in (0.05, 100.0):
        shards = learning.dirichlet_shards(labels, 8, concentration, np.random.default_rng(2))
        assert sorted(np.concatenate(shards).tolist()) == list(range(6000))
        assert min(map(len, shards)) >= 1
        spread[concentration] = np.mean([len(np.unique(labels[s])) for s in shards])
    assert spread[0.05] < 7 < spread[100.0]


def test_a_resumed_run_equals_an_unbroken_one(tmp_path):
    again = {"samples": [50, 30], "cycle_s": 30.0, "seed": 4}
    data = learning.digits().limited(80, 200)
    model = {"features": 64, "hidden": (12,), "seed": 4}
    whole = learning.run(1, data, cycles=4, model=learning.ScikitMLP(**model), **again)
    file = tmp_path / "half.npz"
    for cycles in (2, 4):
        resumed = learning.run(
            1, data, cycles=cycles, model=learning.ScikitMLP(**model), checkpoint=file, **again
        )
    np.testing.assert_array_equal(resumed.accuracy, whole.accuracy)
    with pytest.raises(ValueError, match="another run"):
        learning.run(2, data, model=learning.ScikitMLP(**model), checkpoint=file, **again)
    file.write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(ValueError, match=r"half[.]npz"):
        learning.run(1, data, model=learning.ScikitMLP(**model), checkpoint=file, **again)


def test_the_default_network_learns_the_digits():
    data = learning.digits()
    history = learning.run(
        4,
        data,
        samples=[700, 500, 300, 0],
        cycle_s=30.0,
        cycles=3,
        model=learning.ScikitMLP(64, hidden=(60, 30), batch=10),
    )
    assert history.accuracy[0] < 0.4
    assert history.accuracy[-1] > 0.85
    assert history.cycles_to(0.85) in (1, 2, 3)
    assert history.cycles_to(1.1) is None


def test_the_default_network_is_the_papers():
    weights = learning.ScikitMLP().get_weights()
    assert sum(part.size for part in weights[:4]) == 280_440


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"plan": 0}, "tau"),
        ({"samples": [80, 30]}, "110 samples, the data has 100"),
        ({"samples": [0, 0]}, "all zero"),
        ({"samples": [-1, 2]}, "samples"),
        ({"samples": None}, "must be given"),
        ({"cycles": 0}, "cycles"),
        ({"partition": "halves"}, "partition"),
        ({"partition": "dirichlet", "concentration": 0.0}, "concentration"),
    ],
)
def test_a_run_that_cannot_be_is_refused(changed, message):
    arguments = {"plan": 1, "data": numbered(), "samples": [60, 40], "cycle_s": 1.0} | changed
    with pytest.raises(ValueError, match=message):
        learning.run(**arguments, model=Marks())


def test_a_thing_that_is_no_model_is_refused():
    with pytest.raises(TypeError, match="LocalModel"):
        learning.run(1, numbered(), samples=[60], cycle_s=1.0, model=object())


def test_mnist_files_are_read_gzipped_or_not(tmp_path):
    write_mnist(tmp_path)
    data = learning.read_mnist(tmp_path)
    assert data.train_x.shape == (6, 16)
    assert data.train_x.max() <= 1.0
    assert data.test_y.tolist() == [0, 1, 2]


def test_images_and_labels_of_different_length_are_refused(tmp_path):
    write_mnist(tmp_path, train=6, labels=5)
    with pytest.raises(learning.DataError, match="6 images but 5 labels"):
        learning.read_mnist(tmp_path)


def test_a_missing_file_is_named(tmp_path):
    write_mnist(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(learning.DataError, match="neither t10k-labels"):
        learning.read_mnist(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (idx(np.zeros((2, 3)))[:-1], "5 bytes of data"),
        (idx(np.zeros((2, 3))) + b"x", "7 bytes of data"),
        (b"\0\0\x08\x03\0\0", "truncated in its header"),
        (b"hello there", "not an IDX file"),
        (b"", "not an IDX file"),
        (gzip.compress(idx(np.zeros((2, 3))), mtime=0)[:-9], "cannot be read"),
    ],
)
def test_a_damaged_idx_file_is_refused_by_name(tmp_path, content, message):
    path = tmp_path / "damaged"
    path.write_bytes(content)
    with pytest.raises(learning.DataError, match=f"damaged.*{message}"):
        learning.read_idx(path)


class Tensor:
    """As much of a PyTorch tensor as the adapter touches."""

    def __init__(self, array):
        self.array = array

    def detach(self):
        return self

    def cpu(self):
        return self

    def numpy(self):
        return self.array


class Module:
    """A module y = w x whose training is made by the stub optimiser below."""

    def __init__(self):
        self.w = Tensor(np.eye(2, dtype=np.float32))

    def state_dict(self):
        return {"w": self.w}

    def load_state_dict(self, state):
        self.w = state["w"]

    def parameters(self):
        return [self]

    def train(self):
        self.training = True

    def eval(self):
        self.training = False

    def __call__(self, x):
        return Tensor(x.array @ self.w.array)


def test_a_torch_module_plugs_in(monkeypatch):
    class Untracked:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

    fake = types.ModuleType("torch")
    fake.from_numpy = Tensor
    fake.no_grad = Untracked
    fake.random = types.SimpleNamespace(fork_rng=lambda devices: Untracked())
    fake.default_generator = types.SimpleNamespace(manual_seed=lambda seed: None)
    monkeypatch.setitem(sys.modules, "torch", fake)
    steps = []

    class Optimizer:
        def __init__(self, parameters):
            (self.module,) = parameters

        def zero_grad(self):
            steps.append("zero")

        def step(self):
            steps.append("step")
            self.module.w = Tensor(self.module.w.array + np.float32(1.0))

    class Loss:
        def __init__(self, scores, labels):
            steps.append(len(labels.array))

        def backward(self):
            steps.append("back")

    model = learning.TorchModel(Module(), loss=Loss, optimizer=Optimizer, batch=4)
    assert isinstance(model, learning.LocalModel)
    x = np.ones((6, 2), np.float32)
    data = learning.Dataset("ones", x, np.zeros(6, np.int64), x, np.zeros(6, np.int64))
    learning.run(2, data, samples=[5, 1], cycle_s=1.0, cycles=1, model=model)
    assert [s for s in steps if isinstance(s, int)] == [4, 1, 4, 1, 1, 1]
    # learner 0 took four steps on five samples, learner 1 two on one: (5 * 4 + 1 * 2) / 6
    np.testing.assert_allclose(model.get_weights()[0] - np.eye(2), 22 / 6, rtol=1e-6)


def test_the_federated_example_runs(capsys):
    example = Path(__file__).parents[2] / "examples" / "federated_round.py"
    runpy.run_path(str(example), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6
    assert lines[-1].endswith("%")
