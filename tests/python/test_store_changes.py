"""Changes between versions as bytes: exact, near their entropy, and harmless when damaged."""

import contextlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as extra

import mel_fast as mel

pytest.importorskip("sqlalchemy", reason="needs the extra [store]")

from mel_fast.store.blocks import coding
from mel_fast.store.blocks.arrays import DTYPES
from mel_fast.store.blocks.coding import MalformedError, decode, encode


def entropy_bits(values) -> float:
    """Return the entropy of a list of values, in bits, by their frequencies."""
    counts = np.unique(np.asarray(values), return_counts=True)[1]
    return float(-(counts * np.log2(counts / counts.sum())).sum())


@st.composite
def pairs(draw):
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    size = draw(st.integers(0, 60))
    elements = {"allow_nan": False, "allow_infinity": False} if dtype.kind == "f" else {}
    values = extra.arrays(dtype, size, elements=extra.from_dtype(dtype, **elements))
    new, old = draw(values), draw(values)
    return new, np.where(draw(extra.arrays(bool, size)), new, old)


@given(pairs())
def test_a_block_survives_its_coding_alone_and_as_a_change(pair):
    new, old = pair
    for before in (None, old):
        back = decode(encode(new, before), new.size, new.dtype.name, before)
        assert back.tobytes() == new.tobytes()
        assert back.dtype == new.dtype


@pytest.mark.parametrize("share", [0.0, 1e-4, 0.01, 0.3, 0.95, 1.0])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "uint64"])
def test_long_blocks_survive_at_every_share_of_changes(dtype, share):
    rng = np.random.default_rng(1)
    old = np.abs(rng.standard_normal(65_536) * 50).astype(dtype)
    new = old.copy()
    where = rng.random(old.size) < share
    new[where] = np.abs(rng.standard_normal(where.sum()) * 50).astype(dtype)
    for before in (None, old):
        back = decode(encode(new, before), new.size, dtype, before)
        assert back.tobytes() == new.tobytes()


@given(st.data())
def test_damaged_codings_are_refused_or_are_some_block_of_that_size(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    old = rng.standard_normal(200).astype(np.float32)
    new = np.where(rng.random(200) < data.draw(st.sampled_from([0.1, 0.9])), old, np.float32(1))
    before = data.draw(st.sampled_from([None, old]))
    coded = bytearray(encode(new, before))
    for _ in range(data.draw(st.integers(1, 3))):
        coded[data.draw(st.integers(0, len(coded) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(coded[: data.draw(st.integers(0, len(coded)))])
    for damaged in (bytes(coded), cut):
        with contextlib.suppress(MalformedError):
            assert decode(damaged, 200, "float32", before).size == 200


def test_a_stream_that_expands_without_end_is_stopped():
    import zstandard

    bomb = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(
            format=zstandard.FORMAT_ZSTD1_MAGICLESS, write_content_size=False
        )
    ).compress(bytes(2**26))
    length = 2 * len(bomb) + 1
    head = bytes([length & 127 | 128, length >> 7 & 127 | 128, length >> 14])
    with pytest.raises(MalformedError):
        decode(b"WP" + (head + bomb) * 4, 65_536, "float32")


@pytest.fixture(scope="module")
def published(sqlite_pattern, tmp_path_factory):
    """Two versions of 200,000 weights, of which 1 % differ by noise, and the store."""
    rng = np.random.default_rng(3)
    one = {"w": (rng.standard_normal(200_000) * 0.05).astype(np.float32)}
    two = {"w": one["w"].copy()}
    where = rng.random(200_000) < 0.01
    two["w"][where] += (rng.standard_normal(where.sum()) * 0.01).astype(np.float32)
    path = tmp_path_factory.mktemp("changes") / "models.db"
    path.write_bytes(sqlite_pattern.read_bytes())
    with mel.store.open(f"sqlite:///{path}") as store:
        store.publish("m", one)
        store.publish("m", two)
        yield store, one, two, store.delta("m", 1, 2).to_bytes()


def test_a_change_takes_less_than_one_and_a_half_times_its_entropy(published):
    store, one, two, _ = published
    where = one["w"] != two["w"]
    share = where.mean()
    positions = -where.size * (share * np.log2(share) + (1 - share) * np.log2(1 - share))
    # A float32 near w has a spacing of 2**-23 of its power of two: the entropy of the noise
    # rounded to it, h(noise) - log2(spacing), each.
    noise = 0.5 * np.log2(2 * np.pi * np.e * 0.01**2)
    values = (noise - np.log2(np.spacing(np.abs(two["w"][where])).astype(float))).sum()
    assert store.delta("m", 1, 2).bits < 1.25 * (positions + values)


def test_a_change_between_quantised_versions_takes_less_than_one_and_a_half_times_its_entropy(
    sqlite_url,
):
    rng = np.random.default_rng(5)
    levels = (rng.standard_normal(16) * 0.1).astype(np.float32)
    codes = rng.integers(0, 16, 200_000)
    moved = codes.copy()
    where = rng.random(codes.size) < 0.05
    moved[where] = rng.integers(0, 16, where.sum())
    changed = moved != codes
    with mel.store.open(sqlite_url) as store:
        store.publish("m", {"w": levels[codes]})
        store.publish("m", {"w": levels[moved]})
        bits = store.delta("m", 1, 2).bits
        whole = store.delta("m").bits
    assert bits < 1.5 * (entropy_bits(changed) + entropy_bits(moved[changed]))
    assert whole < 1.5 * entropy_bits(moved)


def test_skipped_versions_cost_what_the_difference_costs(sqlite_url):
    rng = np.random.default_rng(6)
    arrays = {"w": rng.standard_normal(100_000).astype(np.float32)}
    with mel.store.open(sqlite_url) as store:
        for _ in range(6):
            store.publish("m", arrays)
            arrays = {"w": arrays["w"].copy()}
            arrays["w"][rng.integers(0, 100_000, 500)] += 1
        single = sum(store.delta("m", number, number + 1).bits for number in range(1, 6))
        assert store.delta("m", 1, 6).bits < single
        assert store.delta("m", 6, 6).bits < 8 * 300  # the header


def test_versions_of_a_change_of_one_percent_take_room_for_the_change(sqlite_url):
    rng = np.random.default_rng(7)
    arrays = {"w": rng.standard_normal(200_000).astype(np.float32)}
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    sizes = []
    for _ in range(9):
        with mel.store.open(sqlite_url) as store:
            store.publish("m", arrays)
        sizes.append(path.stat().st_size)
        arrays["w"][rng.integers(0, 200_000, 2_000)] += 1
    assert sizes[-1] - sizes[0] < 8 * 3 * 10_000  # log2(8) = 3 times a change of 10 kB


def test_arrays_of_another_version_are_refused(published):
    store, one, two, _ = published
    change = store.delta("m", 1, 2)
    with pytest.raises(ValueError, match="the arrays are not version 1 of 'm'"):
        change.apply(two)
    with pytest.raises(ValueError, match="lacks 'w'"):
        change.apply({"v": one["w"]})
    with pytest.raises(ValueError, match="has dtype float64"):
        change.apply({"w": one["w"].astype(float)})
    untouched = one["w"].copy()
    change.apply(one)
    assert (one["w"] == untouched).all()


@settings(max_examples=50)
@given(data=st.data())
def test_a_damaged_change_gives_that_version_or_a_value_error(data, published):
    _, one, two, good = published
    bad = bytearray(good)
    place = data.draw(st.integers(0, len(bad) - 1) | st.integers(0, 400))
    bad[place] ^= data.draw(st.integers(1, 255))
    try:
        result = mel.store.Delta.from_bytes(bytes(bad)).apply(one)
    except ValueError:
        return
    assert (result["w"] == two["w"]).all()


def test_a_header_that_lies_is_refused(published):
    store = published[0]
    good = store.delta("m").to_bytes()
    start = 6 + 4
    end = start + int.from_bytes(good[6:10], "little")

    def with_header(**changes) -> bytes:
        text = json.dumps({**json.loads(good[start:end]), **changes}).encode()
        return good[:6] + len(text).to_bytes(4, "little") + text + good[end:]

    assert mel.store.Delta.from_bytes(with_header()).want == 2
    for changes in (
        {"layers": [["w", "float32", [2**40]]]},
        {"layers": [["w", "object", [200_000]]]},
        {"layers": [["w", "float32", [-1]]]},
        {"layers": [["w", "float32", [1.5]]]},
        {"layers": []},
        {"layers": [["w", "float32", [200_000]]] * 2},
        {"parts": [[0, 0, 10**9]]},
        {"parts": [[0, 0, -1]]},
        {"parts": [[1, 0, 1]]},
        {"parts": [["a", 0, 1]]},
        {"parts": 7},
        {"want": "2"},
        {"have": 1.0, "base": "00"},
        {"result": 5},
        {"model": ["m"]},
    ):
        with pytest.raises(ValueError, match="damaged change of a model"):
            mel.store.Delta.from_bytes(with_header(**changes))
    with pytest.raises(ValueError, match="begins otherwise"):
        mel.store.Delta.from_bytes(b"PK\x03\x04")
    with pytest.raises(ValueError, match="more than 1000 bytes is not wanted"):
        mel.store.Delta.from_bytes(good, most_bytes=1000)
    with pytest.raises(ValueError, match="damaged"):
        mel.store.Delta.from_bytes(good[:6] + b"\xff\xff\xff\xff" + b"[" * 100_000)


@pytest.mark.parametrize("first", [0x20, 0x40, 0x80, 0xC0, 0xE0])
def test_a_stream_that_tells_how_much_it_holds_takes_no_memory(first: int) -> None:
    pytest.importorskip("zstandard")
    with pytest.raises(coding.MalformedError, match="none of ours"):
        coding._expand(bytes([first]) + b"\xff" * 12, 200)
    with pytest.raises(coding.MalformedError):
        coding._expand(b"", 200)
