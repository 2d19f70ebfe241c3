"""Payload: bytes from anybody are refused in words, with bounded memory and in bounded time."""

import tracemalloc
from zlib import crc32

import numpy as np
import pytest
from hypothesis import strategies as st

from mel_fast.payload import Recipe, decode, encode
from mel_fast.payload.coding.stream import Writer
from patience import in_time
from strategies import holds_for_all

RECIPES = (
    Recipe(),
    Recipe(bits=8),
    Recipe(bits=12),
    Recipe(bits=4, codebook="kmeans", prune=0.8),
    Recipe(top_k=0.05),
    Recipe(buckets=0.1, bits=6),
    Recipe(codebook="float16"),
    Recipe(bits=5, entropy=False),
)


def model():
    rng = np.random.default_rng(0)
    w = rng.standard_normal((60, 40)).astype(np.float32)
    return {"w": w, "b": rng.standard_normal(40), "n": np.arange(5)}


KNOWN = {name: value * 1 for name, value in model().items()}
KNOWN["w"] = KNOWN["w"] + np.float32(0.1)
SAMPLES = [encode(model(), recipe, base=base) for recipe in RECIPES for base in (None, KNOWN)]


def sealed(body):
    return bytes(body) + crc32(bytes(body)).to_bytes(4, "little")


def refused_or_read(data, **words):
    """Decode; let ValueError be the only way to fail."""
    try:
        found = decode(data, base=KNOWN, **words)
    except ValueError:
        return 0
    return sum(value.nbytes for value in found.values())


@pytest.mark.parametrize("number", range(len(SAMPLES)))
def test_every_cut_and_every_changed_byte_is_found(number):
    data = SAMPLES[number]
    rng = np.random.default_rng(number)
    for cut in {0, 3, 7, 8, 9, len(data) - 1, *rng.integers(0, len(data), 10).tolist()}:
        with pytest.raises(ValueError, match="payload"):
            decode(data[:cut], base=KNOWN)
    for place in {0, 4, 5, len(data) - 1, *rng.integers(0, len(data), 40).tolist()}:
        damaged = bytearray(data)
        damaged[place] ^= int(rng.integers(1, 256))
        with pytest.raises(ValueError, match="payload"):
            decode(damaged, base=KNOWN)
    with pytest.raises(ValueError, match="payload"):
        decode(data + b"\0", base=KNOWN)


@holds_for_all(
    st.tuples(st.integers(0, len(SAMPLES) - 1), st.integers(0, 2**32 - 1)), ci=250, long=20_000
)
def test_bytes_with_a_right_check_sum_are_refused_or_read_whatever_they_are(drawn):
    number, seed = drawn
    rng = np.random.default_rng(seed)
    body = bytearray(SAMPLES[number][:-4])
    for _ in range(int(rng.integers(1, 6))):
        body += bytes(max(0, 6 - len(body)))
        place = int(rng.integers(4, max(5, min(len(body), rng.choice([40, 200, 10_000])))))
        match int(rng.integers(4)):
            case 0:
                body[place] = int(rng.integers(256))
            case 1:
                body[place : place + 1] = rng.bytes(int(rng.integers(0, 9)))
            case 2:
                body[place : place + 9] = b"\xff" * 8 + b"\x7f"  # 63 bits, all ones
            case _:
                del body[place : place + int(rng.integers(1, 300))]
    refused_or_read(sealed(body))


def header(shape, dtype=10, count=1):
    writer = Writer()
    writer.add(b"MELP\x01\x00")
    for number in (count, 1):
        writer.varint(number)
    writer.add(b"w")
    for number in (dtype, len(shape), *shape):
        writer.varint(number)
    return writer


def bombs():
    """Few bytes that claim much."""
    entries = 1 << 22  # 16 MiB of float32: the most that is allowed for few bytes
    constant = header((entries,))
    for number in (0, 0, 7, 0, 7, 0, 7, 0, 7):
        constant.varint(number)
    yield "constant values", constant.done()
    sparse = header((entries,))
    for number in (2, entries, 0, 0, 0, 7, 0, 7, 0, 7, 0, 7):
        sparse.varint(number)
    yield "constant gaps", sparse.done()
    hashed = header((entries,))
    for number in (4, entries, 0, 7, 0, 7, 0, 7, 0, 7):
        hashed.varint(number)
    yield "hashed", hashed.done()
    wide = header((entries,))
    wide.varint(1 << 4)
    wide.varint(16)
    wide.add(np.float32(1.0).tobytes())
    for number in (0, 40):
        wide.varint(number)
    yield "wide levels", wide.done()
    slow = header((entries,))
    for number in (0, 2, 2, 1, 1):
        slow.varint(number)
    slow.add(b"\x03")  # two symbols, equally frequent
    slow.varint(1)  # in one lane: millions of steps
    slow.add(b"\0\0\1\0\0")
    yield "one lane", slow.done()
    yield "many axes", header((1,) * 33).done()
    yield "huge shape", header((2**62, 2**62, 2**62)).done()
    yield "huge empty shape", header((0, 2**61, 2**61)).done() + b"\0"
    yield "many arrays", header((), count=2**61).done()


@pytest.mark.parametrize(("name", "body"), list(bombs()), ids=[name for name, _ in bombs()])
def test_few_bytes_cannot_take_much_memory_or_time(name, body):
    tracemalloc.start()
    # Where a lane alone would take minutes; under tracing.
    size = in_time(20.0, lambda: refused_or_read(sealed(body)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size <= 1 << 24
    assert peak <= 24 * (1 << 24)
    assert refused_or_read(sealed(body), max_bytes=1000) == 0


def test_more_than_is_allowed_is_refused_before_memory_is_taken():
    data = encode({"w": np.zeros(1000), "v": np.zeros(1000)})
    assert sum(v.nbytes for v in decode(data, max_bytes=16_000).values()) == 16_000
    with pytest.raises(ValueError, match=r"array 'v' of shape \(1000,\).*8000 bytes, 7999"):
        decode(data, max_bytes=15_999)
    with pytest.raises(ValueError, match="max_bytes = -1"):
        decode(data, max_bytes=-1)


def test_a_large_model_of_few_bits_can_be_read_again():
    # 64 MiB of nothing: the bytes are filled up, so that they are not taken for a bomb.
    data = encode({"w": np.zeros(1 << 24, np.float32)}, Recipe(top_k=0.001, bits=2))
    assert len(data) == 2048 + 4
    assert not decode(data)["w"].any()


def test_later_versions_and_other_files_are_told_apart():
    body = bytearray(SAMPLES[0][:-4])
    body[4] = 2
    with pytest.raises(ValueError, match="payload has version 2: this reads version 1"):
        decode(sealed(body))
    for other in (b"", b"MELP", b"PK\x03\x04" * 9, np.arange(9).tobytes()):
        with pytest.raises(ValueError, match="no payload"):
            decode(other)
    with pytest.raises(TypeError):
        decode("MELP")  # type: ignore[arg-type]


def test_bytes_of_any_kind_of_buffer_are_read():
    for kind in (bytes, bytearray, memoryview):
        assert decode(kind(SAMPLES[0]))["n"].tolist() == [0, 1, 2, 3, 4]


def test_messages_show_names_of_files_harmlessly():
    writer = Writer()
    writer.add(b"MELP\x01\x00\x01\x05\x1b[31m")
    for number in (10, 1, 1 << 40):
        writer.varint(number)
    with pytest.raises(ValueError, match="allowed") as caught:
        decode(sealed(writer.done()))
    assert str(caught.value).isprintable()
    assert "\\x1b" in str(caught.value)
