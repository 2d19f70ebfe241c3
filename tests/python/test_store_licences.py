"""Licences: masks that meet an accuracy, and what a holder can and cannot get."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mel_fast as mel
from store_databases import PAIRS, url_for

pytest.importorskip("sqlalchemy", reason="needs the extra [store]")

from mel_fast.store.reader import Reader

LOW, HIGH = 0.5, 0.8
HIDDEN = {"w": [(LOW, HIGH)]}


@pytest.fixture(params=PAIRS)
def store(request):
    database, layout = request.param.split()
    with mel.store.open(url_for(request, database), layout) as opened:
        yield opened


def versions(seed: int, count: int = 4, size: int = 400) -> list[dict[str, np.ndarray]]:
    """Return versions in which weights move into, out of and within the hidden interval."""
    rng = np.random.default_rng(seed)
    arrays = {"w": rng.uniform(-1, 1, size).astype(np.float32), "b": rng.uniform(-1, 1, 9)}
    made = [arrays]
    for _ in range(count - 1):
        arrays = {name: array.copy() for name, array in arrays.items()}
        where = rng.random(size) < 0.3
        arrays["w"][where] = rng.uniform(-1, 1, where.sum())
        made.append(arrays)
    return made


def masked(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    size = np.abs(arrays["w"].astype(np.float64))
    return {**arrays, "w": np.where((size >= LOW) & (size < HIGH), 0, arrays["w"])}


def same(one, other) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


def everything(reader: Reader, count: int) -> list:
    """Return all that a reader gives away of a model, as bytes and values."""
    numbers = [None, *range(1, count + 1)]
    changes = [reader.delta("m", have, want) for have in numbers for want in numbers[1:]]
    pulls = [reader.pull("m", number) for number in (*numbers, "production")]
    told = [
        [change.to_bytes() for change in changes],
        [change.bits for change in changes],
        [{name: array.tobytes() for name, array in pull.items()} for pull in pulls],
        [reader.diff("m", *pair) for pair in itertools.permutations(numbers[1:], 2)],
        [(one.number, one.parent, one.current, one.changed) for one in reader.history("m")],
        reader.layers("m"),
        reader.models(),
        reader.current("m"),
    ]
    return [repr(part) for part in told]


def test_a_licence_hides_its_interval_in_every_version(store):
    made = versions(0)
    for arrays in made:
        store.publish("m", arrays)
    tier = store.license("m", "free", intervals=HIDDEN)
    assert tier.hidden == int((masked(made[-1])["w"] != made[-1]["w"]).sum())
    for number, arrays in enumerate(made, 1):
        assert same(store.pull("m", number, license="free"), masked(arrays))
        assert same(store.pull("m", number), arrays)
    for have, want in itertools.permutations(range(1, 5), 2):
        change = store.delta("m", have, want, license="free")
        assert same(change.apply(masked(made[have - 1])), masked(made[want - 1]))


def test_the_bounds_of_an_interval_are_below_and_not_above(store):
    w = np.array([0.5, -0.5, 0.7999999, 0.8, -0.8, 0.4999999, 0.0], np.float32)
    w[3:5] = np.float32(0.8)  # a little above 0.8
    store.publish("m", {"w": w})
    store.license("m", "free", intervals={"w": [(0.5, 0.8)]})
    assert (store.pull("m", license="free")["w"] == [0, 0, 0, *w[3:]]).all()


def check_twins(seed: int, layout: str, pattern: Path, folder: Path, count: int) -> None:
    """Compare all answers of two stores that differ in hidden weights alone."""
    rng = np.random.default_rng(seed)
    told = []
    for twin in range(2):
        path = folder / f"{twin}.db"
        path.write_bytes(pattern.read_bytes())
        with mel.store.open(f"sqlite:///{path}", layout) as store:
            for number, arrays in enumerate(versions(seed, count), 1):
                size = np.abs(arrays["w"])
                hidden = np.flatnonzero((size >= LOW) & (size < HIGH))
                if twin:  # any other values that are hidden as well
                    signs = rng.choice([-1, 1], hidden.size)
                    arrays["w"][hidden] = signs * rng.uniform(LOW + 1e-6, HIGH - 1e-6, hidden.size)
                store.publish("m", arrays, parent=max(number - 2, 1) if number > 2 else None)
            store.put_into_production("m", 2)
            store.license("m", "free", intervals=HIDDEN)
            store.roll_back("m", count - 1)
            told.append(everything(store.reader("free"), count))
    assert told[0] == told[1]


@pytest.mark.parametrize("layout", ["chunks", "rows"])
def test_nothing_that_a_holder_gets_depends_on_a_hidden_weight(layout, sqlite_pattern, tmp_path):
    """Whatever is asked for, in whatever order, is no better than a guess at those weights."""
    check_twins(0, layout, sqlite_pattern, tmp_path, 3)


@pytest.mark.long
@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**6), layout=st.sampled_from(["chunks", "rows"]))
def test_nothing_that_a_holder_gets_depends_on_a_hidden_weight_at_length(
    seed, layout, sqlite_pattern, tmp_path_factory
):
    check_twins(seed, layout, sqlite_pattern, tmp_path_factory.mktemp("twins"), 4)


def test_no_order_of_pulls_changes_and_roll_backs_yields_a_hidden_value(store):
    made = versions(2, count=5)
    hidden: set[float] = set()
    shown: set[float] = {0.0}
    for arrays in made:
        store.publish("m", arrays)
        size = np.abs(arrays["w"].astype(np.float64))
        inside = (size >= LOW) & (size < HIGH)
        hidden |= set(arrays["w"][inside].tolist())
        shown |= set(arrays["w"][~inside].tolist())
    store.license("m", "free", intervals=HIDDEN)
    holder = store.reader("free")
    rng = np.random.default_rng(0)
    got: set[float] = set()
    have, arrays = None, None
    for _ in range(20):
        store.roll_back("m", int(rng.integers(1, 6)))
        want = int(rng.integers(1, 6))
        if have is None or rng.random() < 0.3:
            have, arrays = want, holder.pull("m", want)
        else:
            change = holder.delta("m", have, want)
            arrays, have = change.apply(arrays), want
        got |= set(arrays["w"].tolist())
    assert not got & (hidden - shown)
    assert got <= shown


def test_a_licence_that_is_replaced_shows_nothing_of_the_old_one(store):
    made = versions(3)
    for arrays in made:
        store.publish("m", arrays)
    store.license("m", "free", intervals={"w": [(0.0, 0.4)]})
    before = store.pull("m", 1, license="free")
    store.license("m", "free", intervals=HIDDEN)
    for number, arrays in enumerate(made, 1):
        assert same(store.pull("m", number, license="free"), masked(arrays))
        assert same(store.delta("m", None, number, license="free").apply(), masked(arrays))
    with pytest.raises(ValueError, match="not version 1 of 'm' as it was served"):
        store.delta("m", 1, 2, license="free").apply(before)


def test_without_the_licence_nothing_is_given(store):
    store.publish("m", versions(0)[0])
    store.publish("other", {"w": np.ones(3)})
    store.license("other", "free", intervals=HIDDEN)
    holder = store.reader("free")
    assert holder.models() == ["other"]
    for call in (
        lambda: holder.pull("m"),
        lambda: holder.delta("m"),
        lambda: holder.delta("m", 1, 1),
        lambda: holder.diff("m", 1, 1),
        lambda: holder.history("m"),
        lambda: holder.layers("m"),
        lambda: holder.current("m"),
    ):
        with pytest.raises(ValueError, match="license = 'free': model 'm' has none of this name"):
            call()
    store.withdraw("other", "free")
    with pytest.raises(ValueError, match="has none of this name"):
        holder.pull("other")


def test_a_reader_has_no_way_to_write_or_to_see_more():
    public = {name for name in vars(Reader) if not name.startswith("_")}
    assert public == {
        "models", "layers", "current", "history", "pull", "delta", "prepare", "diff",
    }  # fmt: skip


def share_left(arrays: dict[str, np.ndarray]) -> float:
    """Return an 'accuracy' that falls with the hidden weight, over 0.1."""
    return 0.1 + 0.9 * float(np.abs(arrays["w"]).sum() / TOTAL)


W = np.random.default_rng(0).standard_normal((60, 50)).astype(np.float32)
TOTAL = float(np.abs(W).sum())


@pytest.mark.parametrize("asked", [1.0, 0.95, 0.7, 0.5, 0.1])
def test_a_mask_meets_the_accuracy_and_says_so(sqlite_url, asked):
    with mel.store.open(sqlite_url) as store:
        store.publish("m", {"w": W, "b": np.ones(3)})
        tier = store.license("m", "t", accuracy=asked, evaluate=share_left, held_out=share_left)
        left = share_left(store.pull("m", license="t"))
        assert tier.reached == tier.held_out == left
        assert abs(left - asked) <= 0.002
        assert tier.asked == asked
        assert store.licenses("m") == [tier]
        assert (np.count_nonzero(store.pull("m", license="t")["w"] == 0)) == tier.hidden


def test_a_curve_that_rises_and_falls_still_ends_at_a_measured_mask(sqlite_url):
    calls = []

    def rough(arrays) -> float:
        value = share_left(arrays)
        calls.append(value + 0.07 * math.sin(200 * value))
        return min(max(calls[-1], 0.0), 1.0)

    with mel.store.open(sqlite_url) as store:
        store.publish("m", {"w": W})
        tier = store.license("m", "t", accuracy=0.6, evaluate=rough)
        assert len(calls) <= 26
        assert abs(tier.reached - 0.6) < 0.01
        assert rough(store.pull("m", license="t")) == tier.reached


def test_a_step_in_the_curve_ends_at_the_closer_side(sqlite_url):
    def step(arrays) -> float:
        return 0.9 if np.count_nonzero(arrays["w"]) > 1000 else 0.2

    with mel.store.open(sqlite_url) as store:
        store.publish("m", {"w": W})
        tier = store.license("m", "t", accuracy=0.7, evaluate=step)
        assert tier.reached == 0.9
        assert np.count_nonzero(store.pull("m", license="t")["w"]) == 1001


def test_accuracies_that_no_mask_has_are_refused(sqlite_url):
    with mel.store.open(sqlite_url) as store:
        store.publish("m", {"w": W, "b": np.ones(3)})
        for words, message in (
            ({"accuracy": 0.9, "evaluate": lambda _: 0.8}, "without a mask the model reaches 0.80"),
            ({"accuracy": 0.2, "evaluate": lambda _: 0.8}, "still reaches 0.8000; name more"),
            ({"accuracy": 0.5, "evaluate": lambda _: 1.5}, r"evaluate's answer = 1.5: must be"),
            ({"accuracy": 2, "evaluate": share_left}, "accuracy = 2"),
            ({"accuracy": 0.5}, "the table of 'm' has none"),
            ({}, "needs either accuracy= or intervals="),
            ({"accuracy": 0.5, "intervals": HIDDEN}, "needs either"),
            ({"intervals": {"v": [(0, 1)]}}, r"intervals\['v'\]: 'm' has no such layer"),
            ({"intervals": {"w": [(0.8, 0.5)]}}, r"intervals\['w'\]\[0\]\[1\] = 0.5: must be"),
            ({"accuracy": 0.5, "evaluate": share_left, "layers": ["x"]}, "has no layer 'x'"),
        ):
            with pytest.raises(ValueError, match=message):
                store.license("m", "t", **words)
        assert store.licenses("m") == []


def test_a_static_tier_is_looked_up_in_the_table(sqlite_url):
    with mel.store.open(sqlite_url) as store:
        store.publish("m", {"w": W})
        for name, asked in (("silver", 0.9), ("bronze", 0.7)):
            store.license("m", name, accuracy=asked, evaluate=share_left)
        tier = store.license("m", "trial", accuracy=0.7)
        assert (tier.reached, tier.hidden) == (
            store.licenses("m")[0].reached,
            store.licenses("m")[0].hidden,
        )
        assert same(store.pull("m", license="trial"), store.pull("m", license="bronze"))
        with pytest.raises(ValueError, match=r"accuracy = 0.8: the table of 'm' has 0.\d+, 0.\d+"):
            store.license("m", "gold", accuracy=0.8)


def test_two_licences_together_show_what_either_shows(store):
    """What masking cannot protect against: holders who share."""
    arrays = versions(0)[0]
    store.publish("m", arrays)
    store.license("m", "low", intervals={"w": [(0.0, 0.5)]})
    store.license("m", "high", intervals={"w": [(0.5, math.inf)]})
    pulls = [store.pull("m", license=name)["w"] for name in ("low", "high")]
    assert (np.where(pulls[0] != 0, pulls[0], pulls[1]) == arrays["w"]).all()


def test_tokens_are_kept_as_hashes_rotated_and_revoked(url):
    with mel.store.open(url) as store:
        secret = store.tokens.create("device 7", license="free")
        assert store.tokens.find(secret).license == "free"
        other = store.tokens.rotate("device 7")
        assert store.tokens.find(secret) is None
        assert store.tokens.find(other).name == "device 7"
        store.tokens.revoke("device 7")
        assert store.tokens.find(other) is None
        owner = store.tokens.create("me", role="owner")
        assert store.tokens.find(owner).role == "owner"
        assert [one.name for one in store.tokens.list()] == ["device 7", "me"]
        for text in ("", "mel_", "x" * 10_000, "mel_é", owner + "x", owner[:-1]):
            assert store.tokens.find(text) is None
        with pytest.raises(ValueError, match="token 'me' is there"):
            store.tokens.create("me")
        with pytest.raises(ValueError, match="token 'you' is not there"):
            store.tokens.rotate("you")
        with pytest.raises(ValueError, match="an owner has none"):
            store.tokens.create("x", license="free", role="owner")


def test_no_secret_is_in_the_database(sqlite_url):
    with mel.store.open(sqlite_url) as store:
        secrets = [store.tokens.create("a"), store.tokens.rotate("a")]
    kept = Path(sqlite_url.removeprefix("sqlite:///")).read_bytes()
    assert not any(secret.encode()[4:] in kept for secret in secrets)
