"""One problem in shards: the same answer as of the whole, bit for bit, however it is cut."""

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mel_fast as mel
from mel_fast._core import shard_grain
from mel_fast.solve.shards import population
from mel_fast.solve.shards.places import cut
from sharded import (
    CUTS,
    Drawn,
    columns,
    mixed,
    of_kind,
    paired,
    same,
    sharded,
    shards_of,
    task_and_radio,
)

KINDS = ("payload", "own power", "nothing sent")


@pytest.mark.parametrize("how", CUTS)
def test_a_hundred_problems_of_mixed_kinds_are_answered_as_in_one_piece(how: str) -> None:
    begin = CUTS.index(how)
    statuses: Counter[str] = Counter()
    for seed in range(begin, 112, len(CUTS)):
        problem = mixed(seed, 2500 if seed % 5 else 900)
        whole = mel.solve(problem)
        plan = sharded(problem, shards_of(problem, how, seed))
        assert same(plan, whole), f"mixed({seed}), cut {how}: {plan} and {whole}"
        statuses[whole.status] += 1
    assert statuses["optimal"] > 25  # and not the few kinds that no plan serves


@pytest.mark.long
@pytest.mark.parametrize("seed", range(0, 56, 2))
def test_larger_problems_look_at_samples_first_and_are_answered_as_in_one_piece(seed: int) -> None:
    problem = mixed(seed, 300_000)
    assert same(sharded(problem, shards_of(problem, CUTS[seed % 3], seed)), mel.solve(problem))


@pytest.mark.parametrize("kind", KINDS)
def test_own_payloads_own_power_and_nothing_sent_are_answered_as_in_one_piece(kind: str) -> None:
    for seed in range(0, 56, 4):  # the limits go round; law and reading below
        problem = of_kind(mixed(seed + seed // 4 % 4, 2200), kind, seed)
        how = CUTS[seed // 4 % len(CUTS)]
        assert same(sharded(problem, shards_of(problem, how, seed)), mel.solve(problem)), seed


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_of_larger_problems_that_look_at_samples_first(kind: str) -> None:
    for seed in range(8):
        problem = of_kind(mixed(seed, 200_000), kind, seed)
        assert same(sharded(problem, shards_of(problem, CUTS[seed % 3], seed)), mel.solve(problem))


@pytest.mark.parametrize("together", [0, 65_536])
def test_a_payload_that_lives_with_its_shards_is_that_of_all(together: int) -> None:
    problem = of_kind(mixed(2, 1500), "payload", 3)
    shards = shards_of(problem, "anywhere")
    whole = mel.solve(problem)
    assert whole.tau > 0
    assert same(sharded(problem, shards, together=together), whole)
    pairs = paired(problem, shards)
    functions = [lambda pair=pair: pair for pair in pairs]
    for ours in (pairs, functions):
        assert same(sharded(problem, ours, payload=None, together=together), whole)


def test_payloads_that_contradict_each_other_are_refused_by_name() -> None:
    problem = of_kind(mixed(2, 1500), "payload", 3)
    shards = shards_of(problem, "anywhere")
    pairs = paired(problem, shards)
    short = mel.Payload(send_bits=np.full(10, 1e5))
    refused: list[tuple[Any, Any, str]] = [
        (shards, short, r"payload.send_bits has length 10: must be a number or of length 1500"),
        (pairs, mel.Payload(send_bits=1e5), r"payload.send_bits: is given by shards\[0\] already"),
        (pairs, mel.Payload(send_bits=np.full(1500, 1e5)), r"is given by shards\[0\] already"),
        ([pairs[0], *shards[1:]], None, r"shards\[1\] has no flops_per_sample: must be given, as"),
        ([pairs[0], lambda: (shards[1], short)], None, r"shards\[1\]\(\): payload.send_bits has l"),
        ([pairs[0], (shards[1], 3)], None, r"shards\[1\] is a tuple of Learners, int: must return"),
    ]
    for ours, payload, words in refused:
        with pytest.raises((ValueError, TypeError), match=words):
            sharded(problem, ours, payload=payload)


def test_without_a_common_power_everybody_must_have_its_own() -> None:
    problem = of_kind(mixed(0, 1500), "own power", 0)
    first, second = shards_of(problem, "aligned")[:2]
    endless = np.where(np.arange(len(second)) == 3, np.inf, second.max_power_w)
    for some in (second.replace(max_power_w=None), second.replace(max_power_w=endless)):
        with pytest.raises(ValueError, match=r"shards\[1\]: max_power_w must be given, finite"):
            sharded(problem, [first, some])
    much = second.replace(max_power_w=1e59)
    with pytest.raises(ValueError, match=r"max_power_w = 1e\+59 of 1500 learners: must be at most"):
        sharded(problem, [first, much])


def test_energies_to_send_with_are_refused_above_together_and_planned_below() -> None:
    problem = of_kind(mixed(1, 40), "battery", 1)
    shards = shards_of(problem, "anywhere")
    with pytest.raises(
        ValueError, match=r"energy_j with radio.shared = 'return': must be None for"
    ):
        sharded(problem, shards)
    assert same(sharded(problem, shards, together=40), mel.solve(problem))


@pytest.mark.parametrize("together", [0, 40])
def test_speeds_to_be_chosen_are_refused_by_name(together: int) -> None:
    problem = of_kind(mixed(1, 40), "battery", 1)
    learners = problem.learners.replace(energy_per_flop_j=None, energy_coefficient=1e-28)
    shards = [learners.take(range(15)), learners.take(range(15, 40))]
    with pytest.raises(ValueError, match=r"energy_coefficient: must be None: what shards are"):
        sharded(problem, shards, together=together)


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=12))
def test_places_cover_everybody_once_and_begin_with_chunks(lengths: list[int]) -> None:
    places = cut(lengths)
    ends = [0] * len(lengths)
    at = 0
    for piece in (piece for place in places for piece in place.pieces):
        assert piece.shard >= at
        assert piece.begin == ends[piece.shard] < piece.end
        at, ends[piece.shard] = piece.shard, piece.end
    assert ends == lengths
    assert all(place.first % shard_grain == 0 for place in places)
    assert all(a.first + a.learners == b.first for a, b in pairwise(places))


def test_columns_that_only_some_shards_have_stand_for_no_limit_in_the_others() -> None:
    problem = mixed(20, 2500)  # "energy" is in its cycle of limits
    names = problem.learners.columns()
    free = problem.learners.replace(
        **{name: None for name in ("energy_j", "energy_per_flop_j") if name in names}
    )
    limited = problem.learners
    first, last = np.arange(1000), np.arange(1000, 2500)
    got = sharded(problem, [free.take(first), limited.take(last)])
    energy = np.concatenate([np.full(1000, np.inf), limited.take(last).energy_j])
    joules = np.concatenate([np.zeros(1000), limited.take(last).energy_per_flop_j])
    whole = problem.replace(learners=limited.replace(energy_j=energy, energy_per_flop_j=joules))
    assert same(got, mel.solve(whole))


def test_few_learners_are_brought_together_with_trees_blocks_and_optional_ones() -> None:
    table = mel.scenarios.table1(learners=12, seed=3, idle="excused")
    radio = table.radio.replace(block_hz=2e6)
    learners = table.learners.replace(min_samples=10, max_samples=60_000, optional=True)
    problem = table.replace(radio=radio, learners=learners)
    shards = [problem.learners.take([0, 1, 2, 3, 4]), problem.learners.take(range(5, 12))]
    plan = sharded(problem, shards, together=12)
    assert same(plan, mel.solve(problem))
    assert mel.verify_sharded(shards, plan)
    with pytest.raises(ValueError, match=r"radio.block_hz = 2000000.0: must be None for 12 learn"):
        sharded(problem, shards)


def test_functions_are_called_for_shards_and_one_is_held_at_a_time() -> None:
    made: list[int] = []

    def shard(number: int) -> Any:
        def learners() -> mel.Learners:
            made.append(number)
            return Drawn(number, 4096)()

        return learners

    task, radio = task_and_radio(3 * 4096)
    how = {"together": 0, "keep_bytes": 0}
    plan = mel.solve_sharded([shard(i) for i in range(3)], task, radio, 30.0, **how)
    passes = Counter(made)
    assert plan.status == "optimal"
    assert passes[0] == passes[1] == passes[2] <= 16  # looks at all, not steps of a search
    made.clear()
    kept = mel.solve_sharded([shard(i) for i in range(3)], task, radio, 30.0, together=0)
    assert Counter(made)[0] <= 3  # its size, those who come first, and its place
    for ours, theirs in zip(columns(plan), columns(kept), strict=True):
        assert np.array_equal(ours, theirs)


def test_a_shard_that_is_not_the_same_each_time_is_noticed_by_name() -> None:
    rng = np.random.default_rng(0)
    task, radio = task_and_radio(6000)
    calls = Counter[int]()

    def shard(number: int, how: str) -> mel.Learners:
        calls[number] += 1
        size = 2000 + (how == "grows" and calls[number] > 1)
        learners = Drawn(number, size)()
        return (
            learners.replace(gain=rng.uniform(1e-12, 1e-10, size)) if how == "drawn" else learners
        )

    for how in ("grows", "drawn"):
        calls.clear()
        shards = [Drawn(0, 2000), lambda how=how: shard(1, how), Drawn(2, 2000)]
        with pytest.raises(
            ValueError, match=r"shards\[1\]\(\) returned other learners than before"
        ):
            mel.solve_sharded(shards, task, radio, 30.0, together=0)


def failing(error: Exception) -> mel.Learners:
    """Stand for a shard that cannot be made."""
    raise error


def test_whatever_a_shard_raises_names_the_shard_and_says_what_it_was() -> None:
    task, radio = task_and_radio(60)
    good = Drawn(0, 30)
    deaf = good().replace(return_power_w=None, return_bandwidth_hz=None)
    quick = good().replace(flops_per_s=1e40)  # too quick for this task and cycle
    refused: list[tuple[Any, type[Exception], str]] = [
        (
            lambda: failing(ZeroDivisionError("by 0")),
            ValueError,
            r"\(\) raised ZeroDivisionError: by",
        ),
        (lambda: failing(KeyError("gain")), ValueError, r"\(\) raised KeyError: 'gain'"),
        (lambda one: one, TypeError, r"\(\): .*missing 1 required positional argument"),
        (lambda: good().replace(gain=-1.0), ValueError, r"\(\): gain = -1"),
        (lambda: None, TypeError, r"\(\) is a NoneType: must return Learners"),
        (lambda: (good(), None, 3), TypeError, r"\(\) is a tuple of Learners, NoneType, int: must"),
        (deaf, ValueError, " has no return_bandwidth_hz: must be given, as in other shards"),
        (quick, ValueError, r": cycle_s \* max\(flops_per_s\)"),
    ]
    for shard, kind, words in refused:
        for together in (0, 60):
            with pytest.raises(kind, match=r"shards\[1\]" + words) as error:
                mel.solve_sharded([good, shard], task, radio, 30.0, together=together)
            assert "\n" not in str(error.value)
    with pytest.raises(FileNotFoundError, match=r"x.npy"):
        mel.solve_sharded([good, lambda: failing(FileNotFoundError("x.npy"))], task, radio, 30.0)


@pytest.mark.parametrize("kind", ["npy", "parquet"])
def test_shards_of_files_hold_what_the_files_do(kind: str, tmp_path: Path) -> None:
    problem = mixed(12, 5000)
    named = dict(problem.learners.columns())
    if kind == "npy":
        for name, column in named.items():
            np.save(tmp_path / f"{name}.npy", column)
        np.save(tmp_path / "return_power_w.npy", 0.1)  # one number for all
        shards: Any = mel.shards_from_npy(tmp_path, size=2048)
        assert [len(shard()) for shard in shards] == [2048, 2048, 904]
    else:
        arrow = pytest.importorskip("pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
        table = arrow.table({**named, "another": np.zeros(5000)})
        parquet.write_table(table, tmp_path / "l.parquet", row_group_size=1024)
        shards = mel.shards_from_parquet(tmp_path / "l.parquet", size=2048)
        assert [len(shard()) for shard in shards] == [2048, 2048, 904]
    assert same(sharded(problem, shards), mel.solve(problem))


def test_files_that_hold_no_learners_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"there is no .npy file of a column"):
        mel.shards_from_npy(tmp_path)
    np.save(tmp_path / "gain.npy", np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"gain.npy: must hold one number, or a column"):
        mel.shards_from_npy(tmp_path)
    np.save(tmp_path / "gain.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"gain.npy is not a file of one NumPy array"):
        mel.shards_from_npy(tmp_path)
    (tmp_path / "gain.npy").unlink()
    np.save(tmp_path / "gian.npy", np.ones(3))
    with pytest.raises(ValueError, match=r"gian.npy is no column of learners"):
        mel.shards_from_npy(tmp_path)
    (tmp_path / "gian.npy").unlink()
    np.save(tmp_path / "gain.npy", np.array([1e-10, -3.0]))
    with pytest.raises(ValueError, match=r"there is no flops_per_s.npy"):
        mel.shards_from_npy(tmp_path)
    np.save(tmp_path / "flops_per_s.npy", 1e9)
    with pytest.raises(ValueError, match=rf"{tmp_path}: gain\[1\] = -3.0: must"):
        mel.shards_from_npy(tmp_path)[0]()
    for wrong in (3, None):
        with pytest.raises(TypeError, match=r"folder is a .*: must be a path"):
            mel.shards_from_npy(wrong)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match=r"path is a .*: must be a path"):
            mel.shards_from_parquet(wrong)  # type: ignore[arg-type]
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "x.parquet"
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(ValueError, match="is not a Parquet file that can be read"):
        mel.shards_from_parquet(path)
    parquet.write_table(arrow.table({"gain": [1e-10]}), path)
    with pytest.raises(ValueError, match=r"x.parquet: has no column flops_per_s"):
        mel.shards_from_parquet(path)
    for entries in (["a"], [None], [[1.0]], [-1.0]):
        parquet.write_table(arrow.table({"gain": entries, "flops_per_s": [1e9]}), path)
        with pytest.raises(ValueError, match=r"x.parquet: gain.* must be"):
            mel.shards_from_parquet(path)[0]()


def test_what_cannot_be_shards_is_refused_before_any_work() -> None:
    task, radio = task_and_radio(20)
    one = mel.scenarios.table1(learners=20).learners
    for shards, words in [
        (one, "shards is a Learners: must be a sequence"),
        ([], "shards is empty"),
        ([one, 3], r"shards\[1\] is a int: must be Learners, or a function"),
        ([lambda: 3], r"shards\[0\]\(\) is a int: must return Learners"),
    ]:
        with pytest.raises((TypeError, ValueError), match=words):
            mel.solve_sharded(shards, task, radio, 30.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="executor is a int"):
        mel.solve_sharded([one], task, radio, 30.0, executor=3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="cycle_s = 0"):
        mel.solve_sharded([one], task, radio, 0.0)
    with pytest.raises(TypeError, match="payload is a dict: must be a Payload or None"):
        mel.solve_sharded([one], task, radio, 30.0, payload={})  # type: ignore[arg-type]


def test_crumbs_of_shards_beyond_what_one_process_holds_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(population, "MOST_IN_SEAMS", 1000)
    problem = mixed(0, 2500)
    with pytest.raises(ValueError, match="multiple of 1024 learners"):
        sharded(problem, shards_of(problem, "tiny"))


@pytest.mark.parametrize("seconds", [0.0, None])
def test_a_limit_or_a_callback_ends_it_with_a_bound_that_holds(seconds: float | None) -> None:
    problem = mixed(1, 5000)
    seen: list[tuple[int, int, int, float]] = []

    def stop(*progress: Any) -> bool:
        seen.append(progress)
        return len(seen) > 6

    how = {"callback": stop} if seconds is None else {"time_limit_s": seconds}
    plan = sharded(problem, shards_of(problem, "aligned"), **how)
    best = mel.solve(problem).tau
    assert plan.tau <= best <= plan.bound
    assert plan.status in ("undecided", "feasible", "optimal")
    if plan.status != "optimal":
        assert "stopped by a limit" in plan.reasons[0]


@pytest.mark.parametrize(("together", "after"), [(0, 0), (0, 5), (65_536, 0), (65_536, 2)])
def test_ctrl_c_comes_out_with_what_is_known(together: int, after: int) -> None:
    problem = mixed(0, 3000)
    asked = 0

    def interrupt(*_: Any) -> bool:
        nonlocal asked
        asked += 1
        if asked > after:
            raise KeyboardInterrupt
        return False

    with pytest.raises(mel.Interrupted) as caught:
        sharded(problem, shards_of(problem, "aligned"), together=together, callback=interrupt)
    plan = caught.value.plan
    assert plan.tau <= mel.solve(problem).tau <= plan.bound
