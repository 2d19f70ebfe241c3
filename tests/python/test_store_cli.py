"""`mel-fast store`: what it prints, what it refuses, and with which status."""

import runpy
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

import mel_fast as mel

pytest.importorskip("sqlalchemy", reason="needs the extra [store]")


@pytest.fixture
def store(command, sqlite_url):
    """Run `mel-fast store` on an empty store."""
    return lambda *words: command("store", "--url", sqlite_url, *words)


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    first = {"w": rng.uniform(-1, 1, (30, 4)).astype(np.float32), "b": np.zeros(4)}
    second = {**first, "b": np.array([1.0, 0.0, 0.0, -2.5])}
    for name, arrays in (("one", first), ("two", second)):
        np.savez(tmp_path / f"{name}.npz", **arrays)
    return tmp_path / "one.npz", tmp_path / "two.npz"


def test_a_model_goes_in_and_out_and_back(store, files, tmp_path):
    assert store("publish", "m", files[0], "--message", "the first") == (0, "1\n", "")
    assert store("publish", "m", files[1], "--production").out == "2\n"
    assert store("history").out == "m\n"
    lines = store("history", "m").out.splitlines()
    assert lines[0].endswith("the first, 124 changed  the first")
    assert lines[1].endswith("upon 1, 2 changed  current, production")
    assert store("diff", "m", 1, 2).out == "b: 2 changed, by at most 2.5\n"
    out = tmp_path / "out.npz"
    assert store("pull", "m", out, "--version", 1) == (0, "", "")
    with np.load(out) as pulled, np.load(files[0]) as expected:
        assert all((pulled[name] == expected[name]).all() for name in ("w", "b"))
    told = store("delta", "m", "--have", 1, "--output", tmp_path / "change")
    assert int(told.out) == 8 * (tmp_path / "change").stat().st_size
    assert store("roll-back", "m", 1).status == 0
    assert "current" in store("history", "m").out.splitlines()[0]
    assert store("prune", "m", "--newest", 1).out == "0 versions removed\n"
    assert store("verify").out == "2 versions, 3 blocks: all as published\n"


def test_licences_and_tokens(store, files, tmp_path):
    store("publish", "m", files[0])
    listed = store("license", "m", "free", "--hide", "w:0.5:0.8", "--hide", "b:0:inf")
    assert listed.out.startswith("free: hides ")
    store("pull", "m", tmp_path / "free.npz", "--license", "free")
    with np.load(tmp_path / "free.npz") as pulled:
        size = np.abs(pulled["w"])
    assert not ((size >= 0.5) & (size < 0.8)).any()
    secret = store("token", "create", "device", "--license", "free").out.strip()
    assert secret.startswith("mel_")
    assert "device: device, license free, since" in store("token", "list").out
    assert store("token", "rotate", "device").out.strip() != secret
    store("token", "revoke", "device")
    assert "revoked" in store("token", "list").out
    assert store("license", "m", "free", "--withdraw").out == ""


def test_damage_ends_verify_with_status_1(store, files, sqlite_url):
    store("publish", "m", files[0])
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as raw, raw:
        raw.execute("update chunk set data = x'00'")
    damaged = store("verify", "m")
    assert damaged.status == 1
    assert "model 'm' version 1 layer 'w' block 0 (weights 0 to 119)" in damaged.out
    pulled = store("pull", "m", "out.npz")
    assert pulled.status == 2
    assert "damaged: model 'm' version 1" in pulled.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("pull", "n", "x.npz"), "model 'n' is not in the store"),
        (("publish", "m", "none.npz"), "none.npz: No such file"),
        (("publish", "m", __file__), "no .npz file"),
        (("license", "m", "--hide", "w:0:1"), "NAME is needed"),
        (("license", "m", "free", "--hide", "w"), "must be LAYER:LOW:HIGH"),
        (("token", "revoke", "x"), "token 'x' is not there"),
        (("serve", "--tls-key", "x"), "belong together"),
        (("serve", "--port", 70000), "70000 is not in the range"),
    ],
)
def test_what_is_wrong_is_one_line_and_status_2(store, words, told):
    refused = store(*words)
    assert (refused.status, refused.out) == (2, "")
    assert told in refused.err
    assert len(refused.err.splitlines()) == 1


def test_a_file_that_holds_objects_or_too_much_is_refused(store, tmp_path, monkeypatch):
    np.savez(tmp_path / "objects.npz", w=np.array([print], dtype=object))
    assert "allow_pickle=False" in store("publish", "m", tmp_path / "objects.npz").err
    from mel_fast.store.blocks import npz

    np.savez_compressed(tmp_path / "large.npz", w=np.zeros(10**6))
    with pytest.raises(ValueError, match="more arrays or bytes than are taken"):
        npz.read_npz(tmp_path / "large.npz", most_bytes=10**6)
    whole = (tmp_path / "large.npz").read_bytes()
    for cut in (10, len(whole) // 2):
        (tmp_path / "cut.npz").write_bytes(whole[:cut])
        with pytest.raises(ValueError, match="cut"):
            npz.read_npz(tmp_path / "cut.npz")


def test_the_missing_extra_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "alembic", None)
    with pytest.raises(ImportError, match=r"pip install 'mel_fast\[store\]'"):
        mel.store.open("sqlite:///x.db")


def test_the_example_prints_what_the_docs_show(capsys):
    root = Path(__file__).parents[2]
    if not (root / "docs").is_dir():
        pytest.skip("the docs are not beside the tests")
    runpy.run_path(str(root / "examples" / "model_store.py"), run_name="__main__")
    page = (root / "docs" / "store.md").read_text(encoding="utf-8")
    for line in capsys.readouterr().out.splitlines():
        assert f"    {line}\n" in page
