"""Learning over cells under a cloud: the averages, the clock, what is refused."""

import struct
from pathlib import Path

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.cli import run
from mel_fast.learning import Dataset, NumpyMLP, train_cells
from mel_fast.learning.partition import Dealer


def blobs(seed: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    y = np.arange(400) % 4
    x = (rng.random((400, 8)) * 0.6).astype(np.float32)
    x[np.arange(400), y] += 0.7
    return Dataset("blobs", x[:300], y[:300], x[300:], y[300:])


def problem(size: int, seed: int, samples: int = 240, **words: object) -> mel.Problem:
    return mel.scenarios.table1(size, 10.0, seed=seed, samples=samples, **words)


def network(seed: int = 3) -> NumpyMLP:
    return NumpyMLP(8, 4, hidden=(6,), learning_rate=0.1, seed=seed)


def few_cycles(*sizes: int) -> list[mel.Problem]:
    """Return cells in which a sample takes so much computing that tau is a few."""
    heavy = mel.Payload(flops_per_sample=4e7)
    return [problem(size, seed).replace(payload=heavy) for seed, size in enumerate(sizes)]


def test_one_cell_with_one_edge_round_is_the_plain_loop() -> None:
    (cell,) = few_cycles(4)
    found = mel.cells([cell])
    data = blobs()
    here = train_cells(found, data, rounds=3, model=network(), seed=5)
    plain = mel.learning.run(found.plans[0], data, cycles=3, model=network(), seed=5)
    assert here.tau == found.tau == plain.tau >= 2
    assert here.time_s.tolist() == plain.time_s.tolist() == [0.0, 10.0, 20.0, 30.0]
    assert here.accuracy.tolist() == plain.accuracy.tolist()
    assert here.accuracy[-1] > here.accuracy[0]


def test_with_one_edge_round_it_does_not_matter_who_is_in_which_cell() -> None:
    found = mel.cells(few_cycles(3, 2))
    data = blobs()
    model = network()
    first = train_cells(found, data, rounds=1, model=model, seed=1)
    after_two_averages = model.get_weights()
    flat, together = network(), mel.learning.WeightedAverage()
    dealt = Dealer(data.train_y, first.samples, "random", 1, 0.5).deal(1)
    begin = flat.get_weights()
    for k in np.flatnonzero(first.samples):
        flat.set_weights(begin)
        rng = np.random.Generator(np.random.PCG64([1, 3, 1, k]))
        flat.train(data.train_x[dealt[k]], data.train_y[dealt[k]], first.tau, rng)
        together.add(flat.get_weights(), int(first.samples[k]))
    for mine, theirs in zip(after_two_averages, together.result(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)


def test_the_clock_counts_edge_rounds_of_the_longest_cycle_and_the_way_to_the_cloud() -> None:
    near, far = few_cycles(3, 2)
    found = mel.cells([near, far.with_budgets(cycle_s=15.0)])
    assert (found.samples > 0).all()
    made = train_cells(found, blobs(), edge_rounds=3, cloud_s=4.0, rounds=2, model=network())
    assert made.time_s.tolist() == [0.0, 49.0, 98.0]
    assert made.cell.tolist() == [0, 0, 0, 1, 1]
    assert made.samples.sum() == 240
    assert made.time_to(2.0) is None
    assert made.time_to(0.0) == 0.0


def test_learners_that_chose_their_cells_learn_and_stop_at_the_target() -> None:
    found = mel.cells([cell.replace(idle="excused") for cell in few_cycles(5, 5)], associate=True)
    told: list[tuple[int, int]] = []
    made = train_cells(
        found,
        blobs(),
        edge_rounds=2,
        rounds=20,
        until=0.8,
        model=network(),
        progress=lambda at, edge, _: told.append((at, edge)),
    )
    assert made.accuracy[-1] >= 0.8 > made.accuracy[-2]
    assert len(made.accuracy) < 21
    assert told[:3] == [(1, 1), (1, 2), (2, 1)]
    assert (made.cell == found.cell).all()
    again = train_cells(found, blobs(), edge_rounds=2, rounds=20, until=0.8, model=network())
    assert (again.accuracy == made.accuracy).all()


def test_cells_without_plans_and_wrong_numbers_are_refused_by_name() -> None:
    found, data = mel.cells(few_cycles(2, 2)), blobs()
    none = mel.cells([cell.with_budgets(cycle_s=1e-3) for cell in few_cycles(2, 2)])
    for words, error, text in (
        ({"found": none}, ValueError, "found is infeasible"),
        ({"found": 3}, TypeError, "found = 3"),
        ({"edge_rounds": 0}, ValueError, "edge_rounds = 0"),
        ({"cloud_s": -1.0}, ValueError, "cloud_s = -1.0"),
        ({"rounds": 0}, ValueError, "rounds = 0"),
        ({"until": 1.5}, ValueError, "until = 1.5"),
        ({"model": 3}, TypeError, "model is a int"),
        ({"partition": "other"}, ValueError, "partition must be"),
    ):
        with pytest.raises(error, match=text):
            train_cells(**{"found": found, "data": data, **words})


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """Blobs in MNIST's file format: label l is bright in row l."""
    folder = tmp_path / "data"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for prefix, n in (("train", 1500), ("t10k", 60)):
        labels = np.arange(n) % 10
        images = rng.integers(0, 60, (n, 10, 3))
        images[np.arange(n), labels] += 150
        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            head = b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
            (folder / f"{prefix}-{name}-ubyte").write_bytes(head + array.astype(np.uint8).tobytes())
    return folder


def test_the_command_compares_edges_with_a_single_cell(tmp_path: Path, folder: Path) -> None:
    pytest.importorskip("matplotlib", reason="needs the extra plot")
    pytest.importorskip("sklearn", reason="needs the extra learn")
    words = ["reproduce", "hierarchy", "--quick", "--data", str(folder), "--out", str(tmp_path)]
    assert run(words) == 0
    text = (tmp_path / "hierarchy.md").read_text()
    assert "quick run" in text
    for name in ("single cell", "edges, nearest mast", "edges, searched"):
        assert name in text
    for suffix in (".csv", ".png", ".svg"):
        assert (tmp_path / f"hierarchy{suffix}").stat().st_size > 100
