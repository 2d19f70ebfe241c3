"""Payload: for every recipe and shape, what is decoded is what was quantised."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mel_fast.payload import Recipe, decode, encode

FLOATS = (np.float16, np.float32, np.float64)
SHAPES = [(), (0,), (1,), (7,), (3, 0, 2), (40, 25), (2, 3, 4, 5), (5000,)]
KINDS = ["normal", "huge", "tiny", "zeros", "equal", "outlier", "few"]


def numbers(kind, shape, dtype, seed):
    rng = np.random.default_rng(seed)
    most = float(np.finfo(dtype).max)
    x = rng.standard_normal(shape)
    made = {
        "normal": lambda: x,
        "huge": lambda: np.clip(x, -1, 1) * most,
        "tiny": lambda: x * float(np.finfo(dtype).smallest_subnormal) * 20,
        "zeros": lambda: x * 0.0,
        "equal": lambda: np.full(shape, 0.1),
        "outlier": lambda: np.where(rng.random(shape) < 0.001, 1000.0, x * 0.01),
        "few": lambda: rng.integers(-1, 2, shape) * 0.3,
    }[kind]()
    return np.asarray(made, dtype=dtype)


recipes = st.one_of(
    st.builds(
        Recipe,
        prune=st.sampled_from([0.0, 0.5, 0.9, 1.0]),
        bits=st.sampled_from([None, 1, 2, 3, 5, 8, 9, 12, 16]),
        top_k=st.sampled_from([None, 0.01, 0.5, 1, 17]),
        entropy=st.booleans(),
        exact_below=st.sampled_from([0, 2, 100]),
    ),
    st.builds(
        Recipe,
        prune=st.sampled_from([0.0, 0.7]),
        bits=st.integers(1, 8),
        codebook=st.just("kmeans"),
        threshold=st.sampled_from([None, 0.5]),
        stochastic=st.booleans(),
        entropy=st.booleans(),
    ),
    st.builds(
        Recipe,
        bits=st.integers(1, 16),
        buckets=st.sampled_from([None, 0.1, 1.0]),
        stochastic=st.booleans(),
    ),
    st.builds(Recipe, buckets=st.sampled_from([0.03, 0.5])),
)


@settings(max_examples=150, derandomize=True, database=None)
@given(
    recipes,
    st.sampled_from(KINDS),
    st.sampled_from(SHAPES),
    st.sampled_from(FLOATS),
    st.booleans(),
    st.integers(0, 99),
)
def test_shapes_kinds_and_meaning_survive_every_recipe(recipe, kind, shape, dtype, delta, seed):
    x = numbers(kind, shape, dtype, seed)
    base = {"w": numbers("normal", shape, dtype, seed + 1)} if delta else None
    if delta and kind == "huge" and not recipe.exact and dtype == np.float16:
        return  # differences may be beyond the largest number
    data = encode({"w": x}, recipe, base=base, rng=seed)
    assert data == encode({"w": x}, recipe, base=base, rng=seed)
    y = decode(data, base=base)["w"]
    assert (y.shape, y.dtype) == (x.shape, x.dtype)
    assert y.flags.writeable
    assert np.isfinite(y).all()
    if recipe.exact or x.size < recipe.exact_below:
        assert y.tobytes() == x.tobytes()
    if delta:
        return
    if recipe.prune and not x.size < recipe.exact_below:
        assert np.count_nonzero(y) <= x.size - round(recipe.prune * x.size)
    if recipe.bits and recipe.codebook == "kmeans":
        assert len(np.unique(y)) <= (1 << recipe.bits) + 1  # and the zeros of what is not sent
    # What is quantised already is sent exactly, whoever sends it on.
    if recipe.top_k is None:
        again = decode(encode({"w": y}, recipe, rng=seed + 1))["w"]
        if recipe.threshold is None or not recipe.bits:  # a level can lie below it
            np.testing.assert_array_equal(again, y)


@settings(max_examples=100, derandomize=True, database=None)
@given(st.integers(1, 16), st.sampled_from(KINDS), st.sampled_from(FLOATS), st.integers(0, 99))
def test_a_uniform_level_is_within_half_a_step(bits, kind, dtype, seed):
    x = numbers(kind, (300,), dtype, seed)
    y = decode(encode({"w": x}, Recipe(bits=bits)))["w"].astype(np.float64)
    peak = float(np.abs(x).max())
    steps = 1 if bits == 1 else 2 ** (bits - 1) - 1
    half = peak if bits == 1 else peak / steps / 2
    info = np.finfo(dtype)
    rounding = peak * (2.0**-22 + float(info.eps)) + float(info.smallest_subnormal)
    assert np.all(np.abs(y - x.astype(np.float64)) <= half + rounding)


@settings(max_examples=60, derandomize=True, database=None)
@given(st.integers(1, 8), st.sampled_from(KINDS), st.sampled_from(FLOATS), st.integers(0, 99))
def test_weight_sharing_takes_the_nearest_of_its_levels(bits, kind, dtype, seed):
    x = numbers(kind, (400,), dtype, seed)
    y = decode(encode({"w": x}, Recipe(bits=bits, codebook="kmeans")))["w"]
    levels = np.unique(y).astype(np.float64) / 4  # differences of the largest numbers overflow
    wide = x.astype(np.float64) / 4
    best = np.abs(wide[:, None] - levels).min(axis=1)
    info = np.finfo(dtype)
    slack = float(info.eps) * float(np.abs(x).max()) + float(info.smallest_subnormal)
    assert np.all(np.abs(wide - y.astype(np.float64) / 4) <= best + slack)


@settings(max_examples=60, derandomize=True, database=None)
@given(st.sampled_from(KINDS), st.sampled_from(FLOATS), st.floats(0, 1), st.integers(0, 99))
def test_a_delta_without_loss_is_exact_however_much_changed(kind, dtype, share, seed):
    rng = np.random.default_rng(seed)
    known = {"w": numbers(kind, (30, 20), dtype, seed), "n": np.arange(4)}
    new = {name: value.copy() for name, value in known.items()}
    changed = rng.random((30, 20)) < share
    new["w"][changed] = numbers("normal", (30, 20), dtype, seed + 1)[changed]
    new["n"][2] = -9
    found = decode(encode(new, base=known), base=known)
    for name, value in new.items():
        assert found[name].tobytes() == value.tobytes()
        assert found[name].dtype == value.dtype


def test_negative_zero_survives_where_nothing_is_lost():
    known = {"w": np.zeros(3)}
    new = {"w": np.array([0.0, -0.0, 1.0])}
    for base in (None, known):
        assert decode(encode(new, base=base), base=base)["w"].tobytes() == new["w"].tobytes()


def test_top_k_sends_exactly_the_largest_and_of_equal_ones_the_first():
    x = np.array([1.0, -3.0, 2.0, 3.0, -3.0, 0.0])
    assert decode(encode({"w": x}, Recipe(top_k=2)))["w"].tolist() == [0, -3, 0, 3, 0, 0]
    assert decode(encode({"w": x}, Recipe(top_k=0.5)))["w"].tolist() == [0, -3, 0, 3, -3, 0]
    assert decode(encode({"w": x}, Recipe(top_k=100)))["w"].tolist() == x.tolist()
    assert decode(encode({"w": x}, Recipe(threshold=2.0)))["w"].tolist() == [0, -3, 2, 3, -3, 0]


def test_pruning_is_of_the_model_and_top_k_of_its_change():
    known = {"w": np.array([4.0, 1.0, 2.0, 0.0])}
    new = {"w": np.array([4.0, 1.5, 5.0, 0.25])}
    pruned = decode(encode(new, Recipe(prune=0.5), base=known), base=known)["w"]
    assert pruned.tolist() == [4.0, 0.0, 5.0, 0.0]
    largest = decode(encode(new, Recipe(top_k=1), base=known), base=known)["w"]
    assert largest.tolist() == [4.0, 1.0, 5.0, 0.0]


def test_hashed_weights_share_signed_values_and_are_exact_when_they_do_already():
    x = np.random.default_rng(0).standard_normal((50, 40))
    recipe = Recipe(buckets=0.05)
    shared = decode(encode({"w": x}, recipe))["w"]
    assert len(np.unique(np.abs(shared))) == 100
    np.testing.assert_array_equal(decode(encode({"w": shared}, recipe))["w"], shared)
    assert np.linalg.norm(shared) < np.linalg.norm(x)  # a projection
    other = decode(encode({"v": x}, recipe))["v"]
    assert not np.array_equal(other, shared)  # each array has a hash of its own


@pytest.mark.parametrize("stochastic", [False, True])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_levels_with_nothing_between_them_keep_their_own(dtype, stochastic):
    kind = np.uint16 if dtype == np.float16 else f"u{np.dtype(dtype).itemsize}"
    for first in (dtype(1.0), dtype(0.0)):  # numbers one after the other, also the smallest
        x = (first.view(kind) + np.arange(256, dtype=kind)).view(dtype)
        recipe = Recipe(bits=8, codebook="kmeans", stochastic=stochastic)
        np.testing.assert_array_equal(decode(encode({"w": x}, recipe))["w"], x)


@pytest.mark.parametrize("dtype", FLOATS)
def test_what_is_a_level_is_not_rounded_to_another_one(dtype):
    x = np.random.default_rng(3).standard_normal(20_000).astype(dtype)
    recipe = Recipe(bits=8, stochastic=True)
    levels = decode(encode({"w": x}, recipe, rng=0))["w"]
    np.testing.assert_array_equal(decode(encode({"w": levels}, recipe, rng=1))["w"], levels)


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_threshold_is_the_number_that_is_given_and_not_the_arrays_next_one(dtype):
    x = np.array([0.1, 0.3, 0.7, -0.1, -0.3, -0.7], dtype)
    for threshold in (0.1, 0.3, 0.7):
        kept = decode(encode({"w": x}, Recipe(threshold=threshold)))["w"]
        assert kept.tolist() == [v if abs(v) >= threshold else 0.0 for v in x.tolist()]
    assert not decode(encode({"w": x}, Recipe(threshold=1e39)))["w"].any()  # beyond two kinds' end


def test_integers_and_truth_values_are_never_quantised():
    arrays = {
        "steps": np.array(2**62 + 1),
        "mask": np.array([True, False, True]),
        "bytes": np.arange(256, dtype=np.uint8),
        "signed": np.array([[-5, 5]], np.int16),
    }
    found = decode(encode(arrays, Recipe(prune=0.9, bits=1)))
    for name, value in arrays.items():
        np.testing.assert_array_equal(found[name], value)
        assert found[name].dtype == value.dtype
    assert list(found) == list(arrays)


def test_memory_layout_and_byte_order_do_not_matter():
    x = np.arange(60.0).reshape(5, 12)
    for same in (x[:, ::-1][:, ::-1], np.asfortranarray(x), x.astype(">f8"), x.tolist()):
        assert encode({"w": same}, Recipe(bits=7)) == encode({"w": x}, Recipe(bits=7))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused_with_its_index(dtype, bad):
    x = np.zeros((3, 4), dtype)
    x[1, 2] = bad
    with pytest.raises(ValueError, match=rf"arrays\['layer 1'\]\[1, 2\] = {bad}: must be finite"):
        encode({"layer 1": x})
    with pytest.raises(ValueError, match=rf"arrays\['b'\] = {bad}"):
        encode({"b": dtype(bad)})


@pytest.mark.parametrize(
    ("arrays", "kind", "message"),
    [
        ([np.zeros(2)], TypeError, "must map names"),
        ({1: np.zeros(2)}, TypeError, "the name 1: must be text"),
        ({"\ud800": np.zeros(2)}, ValueError, "UTF-8"),
        ({"w": np.array([1j])}, TypeError, "complex128"),
        ({"w": np.array([None])}, TypeError, "object"),
        ({"w": np.zeros(2, np.longdouble)}, TypeError, "dtype"),
        ({"w": np.array(["a"])}, TypeError, "<U1"),
        ({"w" * 70_000: np.zeros(2)}, ValueError, "70000 bytes"),
        ({"w": np.ma.masked_equal([1.0, 2.0], 2.0)}, ValueError, "masked"),
        ({"w": [[1.0, 2.0], [3.0]]}, ValueError, r"arrays\['w'\] = .*must be an array of numbers"),
    ],
)
def test_other_things_than_named_numbers_are_refused(arrays, kind, message):
    with pytest.raises(kind, match=message):
        encode(arrays)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"prune": 1.5}, "prune = 1.5"),
        ({"prune": float("nan")}, "prune = nan"),
        ({"bits": 0}, "bits = 0"),
        ({"bits": 17}, "bits = 17"),
        ({"bits": 9, "codebook": "kmeans"}, "bits = 9"),
        ({"codebook": "kmeans"}, "bits = None"),
        ({"codebook": "float16", "bits": 8}, "bits = 8"),
        ({"codebook": "kmean"}, "did you mean 'kmeans'"),
        ({"top_k": 0}, "top_k = 0"),
        ({"top_k": 1.5}, "top_k = 1.5"),
        ({"top_k": -0.1}, "top_k = -0.1"),
        ({"threshold": 0.0}, "threshold = 0"),
        ({"top_k": 1, "threshold": 1.0}, "not both"),
        ({"buckets": 0.0}, "buckets = 0"),
        ({"buckets": 0.5, "prune": 0.5}, "excludes prune"),
        ({"stochastic": True}, "needs bits"),
        ({"exact_below": -1}, "exact_below = -1"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(words, message):
    with pytest.raises(ValueError, match=message):
        Recipe(**words)


def test_a_recipe_is_a_value():
    recipe = Recipe(prune=0.9, bits=4, codebook="kmeans")
    assert recipe == Recipe(prune=0.9, bits=4.0, codebook="kmeans")
    assert recipe.replace(prune=0.0, codebook="float16", bits=None).label == "float16"
    assert Recipe().label == "exact"
    with pytest.raises(TypeError, match="entropy = 1"):
        Recipe(entropy=1)
    with pytest.raises(TypeError, match="must be a Recipe"):
        encode({}, {"bits": 4})


def test_float16_refuses_what_it_cannot_hold():
    x = np.array([1.0, 1 / 3, 60_000.0])
    assert decode(encode({"w": x}, Recipe(codebook="float16")))["w"].tolist() == [
        1.0,
        float(np.float16(1 / 3)),
        60_000.0,
    ]
    with pytest.raises(ValueError, match=r"arrays\['w'\] reaches 70000: float16 ends at 65504"):
        encode({"w": np.array([7e4])}, Recipe(codebook="float16"))


def test_another_base_is_refused_on_both_sides():
    known, new = {"w": np.zeros(4)}, {"w": np.ones(4)}
    for base, message in (
        ({"v": np.zeros(4)}, "differ in their names: 'v', 'w'"),
        ({"w": np.zeros(5)}, r"shape \(5,\)"),
        ({"w": np.zeros(4, np.float32)}, "float32"),
    ):
        with pytest.raises(ValueError, match=message):
            encode(new, base=base)
    data = encode(new, base=known)
    with pytest.raises(ValueError, match="base is missing"):
        decode(data)
    with pytest.raises(ValueError, match="made against the version"):
        decode(data, base={"w": np.full(4, 1e-300)})
    assert decode(data, base={"w": known["w"].astype(">f8")})["w"].tolist() == [1.0] * 4


def test_a_delta_of_levels_is_added_to_the_base():
    rng = np.random.default_rng(3)
    known = {"w": rng.standard_normal(2000).astype(np.float32)}
    new = {"w": known["w"] + np.float32(0.01) * rng.standard_normal(2000).astype(np.float32)}
    found = decode(encode(new, Recipe(bits=8), base=known), base=known)["w"]
    assert np.abs(found - new["w"]).max() <= 0.01 * 4 / 127
    assert len(encode(new, Recipe(bits=8), base=known)) < 2100
