"""Sweep files, tables and checkpoints with random damage: refused by one line, or right."""

import random
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

import mel_fast as mel
from mel_fast.learning import DataError, loop
from mel_fast.scenarios.table import read_table
from strategies import holds_for_all

seeds = st.integers(0, 2**32 - 1)
OVER = {"learners": [3, 12], "seed": [0, 1, 12], "scheme": ["joint", "task_only"]}
ODD = [
    b"", b"-", b"9", b"0", b".", b"e", b",", b"\n", b"\r", b'"', b"\0", b"\xff", b"nan", b"1e999",
    b"\xef\xbb\xbf", b" ", b"optimal", b"05", b"\xf0\x9f\x98\x80", b"'", b"=1+1", b"_",
]  # fmt: skip


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Return bytes with one to three edits: replaced, dropped, put in, said twice, swapped."""
    for _ in range(rng.randint(1, 3)):
        at, edit = rng.randrange(len(data) + 1), rng.randrange(6)
        end = at + rng.randint(1, 12)
        if edit == 0:
            data = data[:at] + rng.choice(ODD) + data[at + 1 :]
        elif edit == 1:
            data = data[:at] + data[end:]
        elif edit == 2:
            data = data[:at] + rng.choice(ODD) + data[at:]
        elif edit == 3:
            data = data[:end] + data[at:]
        elif edit == 4:
            data = data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
        else:
            lines = data.split(b"\n")
            i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
            lines[i], lines[j] = lines[j], lines[i]
            data = b"\n".join(lines)
    return data


class Kept:
    """What the damage is done to, made once."""

    files: dict[str, bytes] | None = None
    truth: list | None = None
    names = ("learners", "seed", "scheme", "status", "tau", "bound", "active", "nodes", "passes")


def rows(table) -> list:
    return list(zip(*(table[name].tolist() for name in (*Kept.names, "note")), strict=True))


def files() -> dict[str, bytes]:
    if Kept.files is None:
        with tempfile.TemporaryDirectory() as folder:
            Kept.files = {}
            for name in ("s.csv", "s.parquet"):
                path = Path(folder) / name
                Kept.truth = rows(mel.sweep("table1", OVER, output=path))
                Kept.files[name] = path.read_bytes()
    return Kept.files


def must_be_a_line_about(name: str, error: Exception) -> None:
    assert name in str(error)
    assert str(error).isprintable()
    assert len(str(error)) < 2000


def goes_on_rightly(name: str, seed: int) -> None:
    data = damaged(files()[name], random.Random(seed))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        try:
            table = mel.sweep("table1", OVER, output=path)
        except ValueError as error:
            must_be_a_line_about(name, error)
            assert path.read_bytes() == data
            return
        assert rows(table) == Kept.truth


@holds_for_all(seeds, ci=400, long=20_000)
def test_a_damaged_csv_of_a_sweep_gives_no_false_row(seed: int) -> None:
    pytest.importorskip("pyarrow")
    goes_on_rightly("s.csv", seed)


@holds_for_all(seeds, ci=150, long=5_000)
def test_a_damaged_parquet_file_of_a_sweep_gives_no_false_row(seed: int) -> None:
    pytest.importorskip("pyarrow")
    goes_on_rightly("s.parquet", seed)


TABLE = b"flops_per_s,gain,max_samples\n" + b"".join(
    b"%d,%.3e,%d\n" % (10**9 + i, 1e-9 / (i + 1), 50 + i) for i in range(20)
)


def is_read_or_refused(name: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        try:
            columns = read_table(path)
        except (ValueError, TypeError) as error:
            must_be_a_line_about(name, error)
            return
        assert len({len(column) for column in columns.values()}) == 1


@holds_for_all(seeds, ci=400, long=20_000)
def test_a_damaged_csv_of_learners_is_refused_or_read(seed: int) -> None:
    is_read_or_refused("a.csv", damaged(TABLE, random.Random(seed)))


@holds_for_all(seeds, ci=150, long=5_000)
def test_a_damaged_parquet_file_of_learners_is_refused_or_read(seed: int) -> None:
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    columns = {"flops_per_s": [1e9] * 20, "gain": [1e-9 / i for i in range(1, 21)]}
    buffer = arrow.BufferOutputStream()
    parquet.write_table(arrow.table(columns), buffer)
    is_read_or_refused("a.parquet", damaged(buffer.getvalue().to_pybytes(), random.Random(seed)))


@holds_for_all(seeds, ci=200, long=10_000)
def test_a_damaged_checkpoint_is_refused_or_whole(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.npz"
        weights = [np.arange(30.0), np.ones((2, 3))]
        loop._save(path, "key", [0.25, 0.5], weights)
        path.write_bytes(damaged(path.read_bytes(), random.Random(seed)))
        try:
            accuracy, found = loop._resumed(path, "key")
        except DataError as error:
            must_be_a_line_about("c.npz", error)
            return
        assert accuracy == [0.25, 0.5]
        assert all(map(np.array_equal, found, weights))
