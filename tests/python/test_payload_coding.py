"""Payload: bits against the entropy, rounding right in the mean, error feedback, known bytes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mel_fast.payload import ErrorFeedback, Recipe, decode, encode
from mel_fast.payload.coding import ans, sections, widths
from mel_fast.payload.coding.stream import Reader, Writer
from mel_fast.payload.steps import kmeans, quantise
from mel_fast.payload.steps.kmeans import kmeans_levels, nearest


def entropy_bits(symbols):
    counts = np.unique(symbols, return_counts=True)[1]
    return float(-(counts * np.log2(counts / counts.sum())).sum())


def mask_entropy_bits(kept, size):
    share = kept / size
    return -size * (share * np.log2(share) + (1 - share) * np.log2(1 - share))


@settings(max_examples=200, derandomize=True, database=None)
@given(st.lists(st.integers(0, 2**61), max_size=50), st.booleans())
def test_whole_numbers_come_back(numbers, entropy):
    writer = Writer()
    sections.write_integers(writer, np.array(numbers, np.int64), entropy)
    reader = Reader(writer.done())
    assert sections.read_integers(reader, len(numbers), "numbers").tolist() == numbers
    assert not reader.left


@settings(max_examples=100, derandomize=True, database=None)
@given(st.integers(0, 62), st.integers(0, 40), st.integers(0, 99))
def test_numbers_of_every_width_come_back_in_as_many_bytes_as_stated(width, count, seed):
    numbers = np.random.default_rng(seed).integers(0, 2**width, count)
    writer = Writer()
    widths.pack(writer, numbers, width)
    assert len(writer) == widths.packed_bytes(count, width)
    found = widths.unpack(Reader(writer.done()), count, width, "numbers")
    assert found.tolist() == numbers.tolist()


def test_every_token_is_the_one_of_its_numbers():
    ends = [2**k + d for k in range(1, 62) for d in (-1, 0, 1)]
    numbers = np.array(sorted({*range(3000), *ends}), np.int64)
    tokens = sections.tokens_of(numbers)
    assert (np.diff(tokens.astype(np.int64)) >= 0).all()
    for number, token in zip(numbers.tolist(), tokens.tolist(), strict=True):
        bits = number.bit_length()
        known = number if number < 16 else 16 + (bits - 5) * 8 + (number >> (bits - 4)) - 8
        assert token == known


@pytest.mark.no_cover
@pytest.mark.parametrize("most", [2**16 - 1, 2**16, 2**40])
def test_rests_of_many_blocks_stand_by_width_in_their_order(most):
    # What docs/payload.md says of a coded section of integers, written a number at a time.
    rng = np.random.default_rng(3)
    numbers = np.exp(rng.uniform(0, np.log(most), 70_000)).astype(np.int64)
    numbers[:2] = 0, most
    tokens = sections.tokens_of(numbers)
    known = Writer()
    known.varint(2)
    ans.encode(known, tokens, np.bincount(tokens))
    for bits in range(1, most.bit_length() - 3):
        rest = [n % 2**bits for n in numbers.tolist() if max(n.bit_length() - 4, 0) == bits]
        widths.pack(known, np.array(rest, np.int64), bits)
    writer = Writer()
    sections.write_integers(writer, numbers, entropy=True)
    assert writer.done() == known.done()
    np.testing.assert_array_equal(
        sections.read_integers(Reader(known.done()), len(numbers), "numbers"), numbers
    )


@pytest.mark.parametrize("bits", [9, 12, 16])
def test_levels_are_folded_to_whole_numbers_and_back(bits):
    top = quantise.top_level(bits)
    level = np.arange(-top, top + 1)
    folded = quantise.folded((level + top).astype(np.uint16), bits)
    assert folded.tolist() == np.where(level < 0, -2 * level - 1, 2 * level).tolist()
    assert quantise.unfolding(bits)[folded].tolist() == list(range(2 * top + 1))


def test_frequencies_sum_up_and_leave_nobody_out():
    rng = np.random.default_rng(0)
    for size, scale in ((2, 9), (256, 3), (1000, 12), (1024, 1)):
        counts = np.floor(rng.lognormal(0, scale, size)).astype(np.int64)
        counts[0] = max(counts[0], 1)
        for precision in ans.PRECISIONS:
            f = ans.frequencies(counts, precision)
            assert f.sum() == 1 << precision
            assert ((f > 0) >= (counts > 0)).all()


@pytest.mark.parametrize(
    ("share", "size"), [(0.5, 300_000), (0.1, 300_000), (0.01, 1_000_000), (0.001, 3_000_000)]
)
def test_index_gaps_cost_no_more_than_three_percent_above_the_masks_entropy(share, size):
    kept = np.random.default_rng(1).random(size) < share
    x = np.where(kept, np.float32(0.5), np.float32(0.0))
    bits = 8 * len(encode({"w": x}, Recipe(threshold=0.25, bits=2)))
    assert bits <= 1.03 * mask_entropy_bits(int(kept.sum()), size) + 160


@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6, 7, 8])
@pytest.mark.parametrize("codebook", ["uniform", "kmeans"])
def test_values_cost_no_more_than_three_percent_above_their_entropy(codebook, bits):
    x = np.random.default_rng(bits).standard_normal(400_000).astype(np.float32)
    data = encode({"w": x}, Recipe(bits=bits, codebook=codebook))
    bound = entropy_bits(decode(data)["w"])
    assert 0.9999 * bound <= 8 * len(data) <= 1.03 * bound


@pytest.mark.parametrize("kind", ["laplace", "outliers", "two", "skewed"])
def test_so_they_do_for_other_distributions(kind):
    rng = np.random.default_rng(5)
    x = {
        "laplace": lambda: rng.laplace(size=500_000),
        "outliers": lambda: (
            np.where(rng.random(500_000) < 1e-3, 40.0, 1.0) * rng.normal(size=500_000)
        ),
        "two": lambda: np.where(rng.random(500_000) < 0.2, 1.0, -1.0),
        "skewed": lambda: np.where(rng.random(2_000_000) < 0.995, 0.0, rng.normal(size=2_000_000)),
    }[kind]()
    data = encode({"w": x.astype(np.float32)}, Recipe(bits=8))
    assert 8 * len(data) <= 1.03 * entropy_bits(decode(data)["w"])


def test_twelve_bit_levels_cost_little_more_than_their_entropy():
    x = np.random.default_rng(6).standard_normal(2_000_000).astype(np.float32)
    data = encode({"w": x}, Recipe(bits=12))
    assert 8 * len(data) <= 1.03 * entropy_bits(decode(data)["w"])


def test_the_bytes_are_those_of_the_documented_format():
    # Written down by hand from docs/payload.md: a change of the format is a new version.
    arrays = {"w": np.array([[0.0, 2.0], [-2.0, 0.0]], np.float32), "n": np.array(7, np.int8)}
    data = encode(arrays, Recipe(bits=2, entropy=False))
    body = bytes.fromhex(
        "4d454c50 01 00 02"  # MELP, version 1, no base, two arrays
        "01 77 0a 02 02 02"  # "w", float32, axes 2 x 2
        "10"  # uniform levels, all entries
        "02 00000040"  # two bits, largest magnitude 2.0
        "01 49"  # fixed width: levels 1, 2, 0, 1 from the lowest bits
        "01 6e 01 00 00 01 07"  # "n", int8, no axes, exact, fixed width: 7
    )
    from zlib import crc32

    assert data == body + crc32(body).to_bytes(4, "little")
    assert decode(data)["w"].tolist() == arrays["w"].tolist()


@pytest.mark.parametrize("size", [2, 7, 250])
def test_few_lanes_are_coded_by_the_letter_like_many(size, monkeypatch):
    rng = np.random.default_rng(size)
    symbols = rng.binomial(size - 1, 0.4, 30_000).astype(np.uint8)
    counts = np.bincount(symbols, minlength=size)
    written = []
    for few in (0, 10**6):
        monkeypatch.setattr(ans, "_FEW_LANES", few)
        writer = Writer()
        ans.encode(writer, symbols, counts)
        written.append(writer.done())
        for reading in (0, 10**6):
            monkeypatch.setattr(ans, "_FEW_LANES", reading)
            found = ans.decode(Reader(writer.done()), len(symbols), "symbols")
            np.testing.assert_array_equal(found, symbols)
            with pytest.raises(ValueError, match="does not end"):
                ans.decode(Reader(writer.done()), len(symbols) - 5000, "symbols")
    assert written[0] == written[1]


def test_one_lane_of_coding_is_arithmetic_that_anyone_can_follow():
    symbols = np.array([0, 1, 1, 0, 2, 1] * 30, np.uint8)
    counts = np.bincount(symbols)
    writer = Writer()
    ans.encode(writer, symbols, counts)
    reader = Reader(writer.done())
    size = reader.varint("", 1 << 10)
    precision, width = reader.varint("", 14), reader.varint("", 14)
    f = widths.unpack(reader, size, width, "").tolist()
    assert reader.varint("lanes", 99) == 1
    (x,) = reader.array(1, np.uint32, "").tolist()
    words = reader.array(reader.varint("", 999), np.uint16, "").tolist()
    found = []
    for _ in symbols:
        slot, s = x % 2**precision, 0
        while slot >= sum(f[: s + 1]):
            s += 1
        found.append(s)
        x = f[s] * (x >> precision) + slot - sum(f[:s])
        if x < 2**16:
            x = x << 16 | words.pop(0)
    assert found == symbols.tolist()
    assert (x, words) == (2**16, [])


@pytest.mark.parametrize(
    ("codebook", "bits"),
    [*(("uniform", bits) for bits in (1, 2, 3, 12)), *(("kmeans", bits) for bits in (1, 2, 5))],
)
def test_stochastic_rounding_is_right_in_the_mean(codebook, bits):
    rng = np.random.default_rng(bits)
    x = rng.uniform(-1, 1, 100)
    recipe = Recipe(bits=bits, codebook=codebook, stochastic=True)
    many = np.broadcast_to(x, (3000, 100))
    draws = decode(encode({"w": many}, recipe, rng=rng))["w"]
    step = 2 / (2**bits - 2) if bits > 5 else float(np.diff(np.unique(draws)).max())
    spread = step / 2 / np.sqrt(len(draws))  # at most
    assert np.abs(draws.mean(axis=0) - x).max() <= 4.5 * spread
    assert np.abs(draws - x).max() <= step + 1e-12  # one of the neighbours


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("bits", [1, 2, 8, 12, 16])
def test_draws_are_those_of_the_plain_formula_and_levels_stay(bits, dtype):
    """Blocks and short cuts change no byte: all at once, every value held against its level."""
    x = np.random.default_rng(bits).standard_normal(40_000).astype(dtype)
    peak, steps = np.abs(x).max(), 1 if bits == 1 else 2 * quantise.top_level(bits)
    levels = quantise.uniform_levels(peak, bits, dtype)
    x[::3] = levels[np.random.default_rng(0).integers(0, len(levels), len(x[::3]))]
    place = x / np.float64(peak) * (steps / 2) + steps / 2
    near = np.rint(place).astype(np.int64)
    wanted = np.minimum(np.floor(place + np.random.default_rng(1).random(len(x))), steps)
    wanted = np.where(levels[near] == x, near, wanted)
    found = quantise.uniform(x, peak, bits, np.random.default_rng(1))
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("size", [3_000, 200_000])
def test_a_draw_between_shared_weights_is_one_of_the_two_neighbours(size):
    """With many values, which are looked up, as with few."""
    x = np.random.default_rng(2).standard_normal(size).astype(np.float32)
    levels = kmeans_levels(x, 8, hull=True)
    x[: len(levels)] = levels
    found = nearest(x, levels, np.random.default_rng(1))
    low = np.clip(np.searchsorted(levels, x, side="right") - 1, 0, len(levels) - 2)
    share = (x - levels[low].astype(float)) / (levels[low + 1].astype(float) - levels[low])
    up = np.random.default_rng(1).random(size) < share
    np.testing.assert_array_equal(found, low + up)
    np.testing.assert_array_equal(levels[found[: len(levels)]], levels)


def test_stochastic_rounding_draws_afresh_unless_it_has_a_seed():
    x, recipe = {"w": np.linspace(-1, 1, 999)}, Recipe(bits=3, stochastic=True)
    assert encode(x, recipe) != encode(x, recipe)
    assert encode(x, recipe, rng=5) == encode(x, recipe, rng=5)


@settings(max_examples=40, derandomize=True, database=None)
@given(
    st.sampled_from(
        [
            Recipe(top_k=0.1),
            Recipe(top_k=3, bits=4),
            Recipe(threshold=0.5, bits=8, stochastic=True),
            Recipe(bits=1),
            Recipe(bits=2, codebook="kmeans"),
            Recipe(buckets=0.2),
            Recipe(codebook="float16"),
        ]
    ),
    st.sampled_from([np.float32, np.float64]),
    st.integers(0, 99),
)
def test_error_feedback_conserves_the_sum(recipe, dtype, seed):
    rng = np.random.default_rng(seed)
    sender = ErrorFeedback(recipe)
    given, sent = np.zeros((8, 5)), np.zeros((8, 5))
    for _ in range(12):
        update = rng.standard_normal((8, 5)).astype(dtype)
        given += update
        sent += decode(sender.encode({"w": update, "n": np.array(1)}, rng=rng))["w"]
    np.testing.assert_allclose(sent + sender.residual["w"], given, rtol=0, atol=1e-13)
    assert "n" not in sender.residual


def test_error_feedback_goes_on_where_it_was():
    rng = np.random.default_rng(0)
    one, other = ErrorFeedback(Recipe(top_k=2)), ErrorFeedback(Recipe(top_k=2))
    updates = [{"w": rng.standard_normal(9).astype(np.float32)} for _ in range(6)]
    for update in updates[:3]:
        one.encode(update)
    other.residual = one.residual
    for update in updates[3:]:
        assert one.encode(update) == other.encode(update)
    before = one.residual["w"]
    with pytest.raises(ValueError, match=r"shape \(4,\), before it had \(9,\)"):
        one.encode({"w": np.zeros(4, np.float32)})
    with pytest.raises(ValueError, match="must be finite"):
        one.encode({"w": np.full(9, np.nan, np.float32)})
    np.testing.assert_array_equal(one.residual["w"], before)


def test_weight_sharing_finds_what_scikit_learn_finds_from_the_same_beginning():
    cluster = pytest.importorskip("sklearn.cluster", reason="needs the extra [learn]")
    x = np.random.default_rng(2).standard_normal(3000)
    for bits in (1, 3, 4):
        begin = np.linspace(x.min(), x.max(), 2**bits)[:, None]
        theirs = cluster.KMeans(2**bits, init=begin, n_init=1, max_iter=30, tol=0.0).fit(x[:, None])
        mine = kmeans_levels(x, bits)
        inertia = float(
            np.abs(x[:, None] - mine).min(axis=1) @ np.abs(x[:, None] - mine).min(axis=1)
        )
        assert inertia <= 1.005 * theirs.inertia_
        if bits == 1:
            np.testing.assert_allclose(mine, np.sort(theirs.cluster_centers_[:, 0]), rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("outlier", [0.0, 30.0])
def test_many_values_get_the_levels_that_few_would(dtype, outlier, monkeypatch):
    x = np.random.default_rng(4).standard_normal(200_000).astype(dtype)
    x[7] = outlier
    levels = kmeans_levels(x, 4)
    taken = nearest(x, levels, None)
    monkeypatch.setattr(kmeans, "_SORTED", len(x))
    np.testing.assert_array_equal(nearest(x, levels, None), taken)
    exact = kmeans_levels(x, 4)
    off = float(np.abs(levels.astype(np.float64) - exact).max())
    assert off <= 2 * max(4.0, outlier) * float(np.finfo(dtype).eps) + 1e-3
