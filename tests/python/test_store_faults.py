"""Killed writers, killed servers, full disks, damaged bytes: nothing lost, nothing half there."""

import resource
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

import mel_fast as mel
from store_databases import PAIRS, url_for

pytest.importorskip("sqlalchemy", reason="needs the extra [store]")

HERE = Path(__file__).parent


def killed(url: str, layout: str, rounds: int) -> int:
    words = [sys.executable, str(HERE / "store_killed.py"), url, layout, str(rounds)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.parametrize("pair", PAIRS)
def test_a_writer_killed_at_any_moment_leaves_whole_versions(request, pair):
    database, layout = pair.split()
    assert killed(url_for(request, database), layout, rounds=5) > 0


@pytest.mark.long
@pytest.mark.parametrize("layout", ["chunks", "rows"])
def test_a_writer_killed_at_any_moment_leaves_whole_versions_at_length(url, layout):
    assert killed(url, layout, rounds=60) > 20


def test_a_server_killed_while_somebody_publishes_loses_nothing(postgres):
    published: list[int] = []
    failed: list[BaseException] = []
    store = mel.store.open(postgres.fresh())

    def write() -> None:
        try:
            while True:
                arrays = {"w": np.full(30_000, len(published), np.float32)}
                published.append(store.publish("m", arrays))
        except BaseException as error:
            failed.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    while not (published or failed):
        time.sleep(0.01)
    postgres.kill()
    writer.join()
    postgres.start()
    assert [type(error) for error in failed] == [mel.store.StoreError]
    numbers = [one.number for one in store.history("m")]
    assert numbers[: len(published)] == published
    assert len(numbers) <= len(published) + 1
    for number in numbers:
        assert (store.pull("m", number)["w"] == number - 1).all()
    assert store.verify().ok
    store.close()


@contextmanager
def longest_file(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("layout", ["chunks", "rows"])
def test_a_full_disk_is_an_error_and_changes_nothing(sqlite_url, layout):
    small = {"w": np.zeros(50_000, np.float32)}
    large = {"w": np.random.default_rng(0).standard_normal(50_000).astype(np.float32)}
    with mel.store.open(sqlite_url, layout) as store:
        store.publish("m", small)
        with longest_file(150_000), pytest.raises(mel.store.StoreError, match="models"):
            store.publish("m", large)
        assert [one.number for one in store.history("m")] == [1]
        assert (store.pull("m")["w"] == 0).all()
        assert store.verify().ok
        assert store.publish("m", large) == 2
        assert (store.pull("m")["w"] == large["w"]).all()


def three_versions(store) -> None:
    rng = np.random.default_rng(0)
    arrays = {"first": rng.standard_normal(70_000).astype(np.float32), "second": np.ones(5)}
    arrays["first"][rng.random(70_000) < 0.95] = 0
    for number in range(3):
        arrays["first"][1000 * number] = 7
        store.publish("m", arrays)


CHUNK = "select digest from block join layer on layer.id = layer_id where name = 'first'"
DAMAGES = [
    (
        "chunks",
        "update chunk set data = cast(substr(data, 1, 40) || x'00' || substr(data, 42) as blob) "
        f"where digest in "
        f"({CHUNK} and version_id = 1 and block.position = 1)",
        "version 1 layer 'first' block 1 (weights 65536 to 69999)",
    ),
    (
        "chunks",
        f"delete from chunk where digest in ({CHUNK} and version_id = 2 and block.position = 0)",
        "version 2 layer 'first' block 0 (weights 0 to 65535)",
    ),
    (
        "chunks",
        f"update chunk set base = digest where digest in "
        f"({CHUNK} and version_id = 2 and block.position = 0)",
        "version 2 layer 'first' block 0",
    ),
    ("chunks", "update chunk set data = 'words', generation = 'x'", "version 1 layer 'second'"),
    ("rows", "update weights set value = 'words', \"index\" = 'x'", "version 1 layer 'second'"),
    (
        "rows",
        'update weights set value = value + 1e-3 where version_id = 2 and "index" = 1000',
        "version 2 layer 'first' block 0",
    ),
    (
        "rows",
        'delete from weights where version_id = 3 and "index" = 2000',
        "version 3 layer 'first' block 0",
    ),
    ("rows", "update weights set value = 1e300 where layer_id = 2", "version 1 layer 'second'"),
    ("chunks", "delete from block where version_id = 2", "version 2: 0 of its 3 blocks are there"),
    ("rows", "update layer set shape = '[1e9]' where id = 1", "layer 'first' is damaged"),
    ("rows", "update layer set shape = '[99999999999]' where id = 1", "of its 1525880 blocks"),
]


@pytest.mark.parametrize(("layout", "damage", "named"), DAMAGES)
def test_damage_is_named(sqlite_url, layout, damage, named):
    path = sqlite_url.removeprefix("sqlite:///")
    with mel.store.open(sqlite_url, layout) as store:
        three_versions(store)
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute(damage).rowcount > 0
    with mel.store.open(sqlite_url) as store:
        report = store.verify()
        assert not report.ok
        assert any(named in line for line in report.damaged), report
        number = next((n for n in (1, 2, 3) if f"version {n}" in named), 3)
        with pytest.raises(mel.store.DamagedError, match=r"damaged|are there"):
            store.pull("m", number)


def test_other_versions_and_layers_than_the_damaged_are_still_served(sqlite_url):
    with mel.store.open(sqlite_url) as store:
        three_versions(store)
        good = store.pull("m", 1)
        _, damage, _ = DAMAGES[1]
        with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as raw, raw:
            raw.execute(damage)
        assert (store.pull("m", 1)["first"] == good["first"]).all()
        with pytest.raises(mel.store.DamagedError, match="version 2 layer 'first' block 0"):
            store.pull("m", 2)
        store.publish("m", {**good, "second": np.zeros(5)}, parent=1)
        assert (store.pull("m")["second"] == 0).all()


def test_publishing_a_damaged_block_again_mends_it(sqlite_url):
    with mel.store.open(sqlite_url) as store:
        three_versions(store)
        arrays = store.pull("m", 1)
        with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as raw, raw:
            raw.execute(DAMAGES[0][1])
        with pytest.raises(mel.store.DamagedError):
            store.pull("m", 1)
        store.publish("m", {name: np.zeros_like(array) for name, array in arrays.items()})
        store.publish("m", arrays)
        assert store.verify().ok


def test_what_is_no_database_is_refused(tmp_path):
    for name, content in (
        ("text", b"hello\n" * 1000),
        ("short", b"SQLite format 3\0" + b"\1" * 50),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises((ValueError, mel.store.StoreError), match=name):
            mel.store.open(f"sqlite:///{tmp_path / name}")
        assert (tmp_path / name).read_bytes() == content
    with pytest.raises(mel.store.StoreError, match="unable to open"):
        mel.store.open(f"sqlite:///{tmp_path / 'no' / 'folder.db'}")


def attacked(url: str, seeds: range) -> None:
    """Overwrite bytes of a database file: every answer is right, or a plain refusal."""
    path = Path(url.removeprefix("sqlite:///"))
    with mel.store.open(url) as store:
        three_versions(store)
        good = {number: store.pull("m", number) for number in (1, 2, 3)}
    whole = path.read_bytes()
    for seed in seeds:
        rng = np.random.default_rng(seed)
        bad = bytearray(whole)
        for _ in range(int(rng.integers(1, 4))):
            start = int(rng.integers(100, len(bad) - 64))
            bad[start : start + 64] = rng.bytes(64)
        path.write_bytes(bad)
        for leftover in ("-wal", "-shm"):
            path.with_name(path.name + leftover).unlink(missing_ok=True)
        with suppress(ValueError, mel.store.StoreError), mel.store.open(url) as store:
            store.verify()
            for number, arrays in good.items():
                pulled = store.pull("m", number)
                assert all((pulled[name] == arrays[name]).all() for name in arrays)


def test_a_damaged_file_gives_right_answers_or_none(sqlite_url):
    attacked(sqlite_url, range(10))


@pytest.mark.long
def test_a_damaged_file_gives_right_answers_or_none_at_length(sqlite_url):
    attacked(sqlite_url, range(10, 800))
