"""Versions of models: what is published is what is pulled, in every order of doing things."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import mel_fast as mel
from store_databases import PAIRS, url_for

pytest.importorskip("sqlalchemy", reason="needs the extra [store]")

LAYOUTS = ("chunks", "rows")


def model(seed: int, size: int = 50) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "w": rng.standard_normal((size, 7)).astype(np.float32),
        "b": rng.integers(-3, 4, 7).astype(np.int16),
    }


def same(one, other) -> bool:
    return list(one) == list(other) and all(
        one[name].dtype == other[name].dtype
        and one[name].shape == other[name].shape
        and one[name].tobytes() == other[name].tobytes()
        for name in one
    )


@pytest.fixture(params=PAIRS)
def store(request):
    database, layout = request.param.split()
    with mel.store.open(url_for(request, database), layout) as opened:
        yield opened


KINDS = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?")


def test_every_dtype_and_shape_comes_back_bit_for_bit(store):
    rng = np.random.default_rng(0)
    arrays = {kind: np.abs(rng.standard_normal(40) * 100).astype(kind) for kind in KINDS}
    arrays["f4"] *= -1
    arrays["f8"][:3] = [5e-324, 1.7976931348623157e308, -1e-310]
    arrays["i8"][:2] = [2**53, -(2**53)]
    arrays |= {"none": np.zeros((0, 3)), "point": np.array(2.5), "big": np.ones((2, 2), ">f4")}
    expected = {**arrays, "big": np.ones((2, 2), "<f4")}
    store.publish("all kinds", arrays)
    assert same(store.pull("all kinds"), expected)


def test_blocks_and_their_borders_come_back_and_a_change_names_them(store):
    arrays = {"w": np.zeros(3 * 65_536 + 5, np.float32)}
    arrays["w"][::1000] = np.arange(197)
    first = store.publish("long", arrays)
    changed = {"w": arrays["w"].copy()}
    changed["w"][[65_535, 65_536, -1]] += 0.5
    second = store.publish("long", changed)
    assert same(store.pull("long", first), arrays)
    assert same(store.pull("long", second), changed)
    change = store.delta("long", first, second)
    assert [(layer, position) for layer, position, _ in change.parts] == [(0, 0), (0, 1), (0, 3)]
    assert same(change.apply(arrays), changed)
    assert store.diff("long", first, second)["w"] == mel.store.LayerChange(3, 0.5)
    assert store.history("long")[-1].changed == 3


def test_negative_zero_is_zero(store):
    store.publish("m", {"w": np.array([-0.0, 1.0])})
    assert not np.signbit(store.pull("m")["w"]).any()


def test_a_pulled_array_is_the_callers_own(store):
    store.publish("m", model(1))
    store.pull("m")["w"][:] = 0
    assert same(store.pull("m"), model(1))


def test_branches_share_nothing_but_their_origin(store):
    origin = store.publish("m", model(0))
    left = store.publish("m", model(1), parent=origin)
    right = store.publish("m", model(2), parent=origin)
    for number, seed in ((origin, 0), (left, 1), (right, 2)):
        assert same(store.pull("m", number), model(seed))
    assert same(store.delta("m", left, right).apply(model(1)), model(2))
    assert [one.parent for one in store.history("m")] == [None, origin, origin]


def test_the_current_version_is_the_newest_until_a_roll_back_and_again_after_the_next(store):
    for seed in range(3):
        store.publish("m", model(seed))
    store.roll_back("m", 1)
    assert same(store.pull("m"), model(0))
    assert len(store.history("m")) == 3
    assert store.publish("m", model(7)) == 4
    assert same(store.pull("m"), model(7))
    assert store.history("m")[-1].parent == 1


def test_one_version_is_in_production(store):
    store.publish("m", model(0), production=True)
    store.publish("m", model(1))
    assert same(store.pull("m", "production"), model(0))
    store.publish("m", model(2), production=True)
    assert [one.production for one in store.history("m")] == [False, False, True]
    store.put_into_production("m", 2)
    assert same(store.pull("m", "production"), model(1))


def test_history_comes_in_pages(store):
    for seed in range(5):
        store.publish("m", model(seed), message=f"number {seed}")
    pages = [store.history("m", first=2, after=after) for after in (0, 2, 4)]
    assert [[one.number for one in page] for page in pages] == [[1, 2], [3, 4], [5]]
    assert pages[1][0].message == "number 2"


def test_models_do_not_see_each_other(store):
    store.publish("one", model(1))
    store.publish("other", {"x": np.zeros(3)})
    assert store.models() == ["one", "other"]
    assert store.models(after="one") == ["other"]
    assert same(store.pull("one"), model(1))


WRONG = [
    ({"w": [np.nan]}, ValueError, r"arrays\['w'\]\[0\] = nan: must be finite"),
    ({"w": [[1.0], [np.inf]]}, ValueError, r"arrays\['w'\]\[1, 0\] = inf: must be finite"),
    ({"w": ["x"]}, TypeError, r"arrays\['w'\] has dtype <U1"),
    ({"w": [1j]}, TypeError, "has dtype complex128"),
    ({"w": [[1], [1, 2]]}, ValueError, "is ragged"),
    ({"w": np.ma.array([1.0, 2.0], mask=[0, 1])}, ValueError, "masked entries"),
    ({"w": np.array([2**53 + 1])}, ValueError, "must be an integer of at most 9007199254740992"),
    ({}, ValueError, "is empty"),
    ([1, 2], TypeError, "must map names to arrays"),
    ({3: [1.0]}, TypeError, "a name in arrays = 3"),
    ({" w": [1.0]}, ValueError, "no space at either end"),
]


@pytest.mark.parametrize(("arrays", "error", "words"), WRONG)
def test_what_cannot_be_stored_is_refused_by_name_before_anything_is_written(
    sqlite_url, arrays, error, words
):
    with mel.store.open(sqlite_url) as opened:
        with pytest.raises(error, match=words):
            opened.publish("m", arrays)
        assert opened.models() == []


def test_another_shape_dtype_or_layer_is_refused(store):
    store.publish("m", model(0))
    for name, array, words in (
        ("w", np.zeros((7, 50), "f4"), r"has shape \(7, 50\): the model's is \(50, 7\)"),
        ("w", np.zeros((50, 7)), "has dtype float64: the model's is float32"),
        ("extra", np.zeros(2), "has 'extra' besides"),
    ):
        with pytest.raises(ValueError, match=words):
            store.publish("m", {**model(0), name: array})
    with pytest.raises(ValueError, match="lacks 'b'"):
        store.publish("m", {"w": model(0)["w"]})
    assert len(store.history("m")) == 1
    flipped = dict(reversed(model(0).items()))
    store.publish("m", flipped)  # the order of names is the model's
    assert same(store.pull("m"), model(0))


def test_unknown_models_versions_and_parents_are_named(store):
    with pytest.raises(ValueError, match="model 'n' is not in the store"):
        store.publish("n", model(0), parent=1)
    store.publish("digits", model(0))
    with pytest.raises(ValueError, match="'digit' is not in the store; did you mean 'digits'"):
        store.pull("digit")
    for call in (
        lambda: store.pull("digits", 2),
        lambda: store.delta("digits", 2, 1),
        lambda: store.delta("digits", 1, 2),
        lambda: store.publish("digits", model(1), parent=2),
        lambda: store.roll_back("digits", 2),
    ):
        with pytest.raises(ValueError, match="= 2: model 'digits' has no such version"):
            call()
    with pytest.raises(ValueError, match="must be an integer in"):
        store.pull("digits", 0)
    with pytest.raises(ValueError, match="no version in production"):
        store.pull("digits", "production")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("models.db", "is not one"),
        ("mysql://u@h/d", "begins with 'mysql"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("postgresql+psycopg2://u@h/d", "begins with"),
    ],
)
def test_other_urls_are_refused(url, words):
    with pytest.raises(ValueError, match=words):
        mel.store.open(url)


def test_a_database_out_of_reach_is_an_error_without_the_password():
    with pytest.raises(mel.store.StoreError) as refused:
        mel.store.open("postgresql://user:geheim@127.0.0.1:1/d")
    assert "refused" in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_pruning_keeps_what_it_says_bit_for_bit(store):
    for seed in range(8):
        arrays = model(0)
        arrays["w"][seed] = seed + 1
        store.publish("m", arrays, parent=1 if seed == 5 else None, production=seed == 2)
    before = {one.number: store.pull("m", one.number) for one in store.history("m")}
    store.roll_back("m", 5)
    assert store.prune_history("m", keep=2) == [1, 2, 4, 6]
    assert [one.number for one in store.history("m")] == [3, 5, 7, 8]
    for number in (3, 5, 7, 8):
        assert same(store.pull("m", number), before[number])
    assert same(store.delta("m", 8, 3).apply(before[8]), before[3])
    with pytest.raises(ValueError, match=r"version = 6.*it was pruned"):
        store.pull("m", 6)
    assert store.verify().ok
    assert store.publish("m", model(9)) == 9
    assert store.prune_history("m", keep=1) == [5, 7, 8]
    assert same(store.pull("m", 3), before[3])
    assert store.prune_history("m", keep=1) == []


def test_recipes_store_what_comes_out_of_the_compression(store):
    payload = pytest.importorskip("mel_fast.payload")
    recipe = payload.Recipe(prune=0.8, bits=8)
    arrays = {"w": np.random.default_rng(0).standard_normal((64, 64)).astype(np.float32)}
    store.publish("m", arrays, recipe=recipe)
    expected = payload.decode(payload.encode(arrays, recipe))
    assert same(store.pull("m"), expected)
    assert np.mean(store.pull("m")["w"] == 0) > 0.79
    assert store.delta("m").bits < 0.15 * 32 * 64 * 64


def test_writers_at_the_same_time_lose_nothing(store):
    failed = []

    def write(writer: int) -> None:
        try:
            for turn in range(3):
                seed = 10 * writer + turn
                published[store.publish("m", model(seed))] = seed
                store.pull("m")
        except Exception as error:
            failed.append(error)

    published: dict[int, int] = {}
    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failed == []
    assert sorted(published) == list(range(1, 13))
    for number, seed in published.items():
        assert same(store.pull("m", number), model(seed))
    assert store.verify().ok


def test_threads_open_a_new_database_at_the_same_time(tmp_path):
    failed = []

    def use(name: str) -> None:
        try:
            with mel.store.open(f"sqlite:///{tmp_path / name}") as opened:
                opened.publish("m", {"w": np.ones(3)})
        except Exception as error:
            failed.append(error)

    for i in range(20):  # two who switch a file to its write-ahead log seldom meet
        names = (f"a{i}.db", f"b{i}.db", f"a{i}.db")
        threads = [threading.Thread(target=use, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        with mel.store.open(f"sqlite:///{tmp_path / names[0]}") as opened:
            assert len(opened.history("m")) == 2


def test_a_forked_process_uses_connections_of_its_own(store):
    store.publish("m", model(0))
    child = os.fork()
    if child == 0:
        try:
            number = store.publish("m", model(1))
            os._exit(0 if number == 2 and same(store.pull("m"), model(1)) else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert same(store.pull("m"), model(1))
    assert store.publish("m", model(2)) == 3


@pytest.mark.long
def test_processes_open_a_new_database_at_the_same_time(tmp_path):
    code = (
        "import sys, numpy as np, mel_fast as mel\n"
        "with mel.store.open(sys.argv[1]) as store:\n"
        "    store.publish('m', {'w': np.ones(3)})\n"
    )
    words = [sys.executable, "-W", "error", "-c", code, f"sqlite:///{tmp_path / 'new.db'}"]
    both = [subprocess.Popen(words, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    errors = [one.communicate()[1] for one in both]
    assert [one.returncode for one in both] == [0, 0], errors
    with mel.store.open(words[-1]) as store:
        assert len(store.history("m")) == 2


def test_the_migrations_make_the_tables_that_the_code_knows(url):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from mel_fast.store.tables.migrate import TABLE
    from mel_fast.store.tables.schema import metadata

    with mel.store.open(url) as store, store._database.reading() as connection:
        made = MigrationContext.configure(connection, opts={"version_table": TABLE})
        assert compare_metadata(made, metadata) == []


def test_tables_of_a_newer_package_are_left_alone(sqlite_url):
    from sqlalchemy import text

    from mel_fast.store.tables.migrate import TABLE

    with mel.store.open(sqlite_url) as store, store._database.writing() as connection:
        connection.execute(text(f"update {TABLE} set version_num = '9999'"))
    with pytest.raises(ValueError, match="revision '9999', which this version"):
        mel.store.open(sqlite_url)
