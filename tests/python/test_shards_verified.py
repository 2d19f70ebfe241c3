"""The sharded check: what is right passes, every lie is refused, in files and out of them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.solve.shards import files
from sharded import mixed, of_kind, paired, sharded, shards_of

pytest.importorskip("flint", reason="python-flint (extra [verify]) is missing")


def judged(shards: Any, plan: Any, **how: Any) -> mel.Verdict:
    """Check shard by shard, however few learners there are."""
    return mel.verify_sharded(shards, plan, together=0, **how)


@pytest.mark.parametrize("seed", [0, 1, 3, 8, 12, 16, 20, 24])
def test_a_plan_of_each_kind_is_proved_shard_by_shard(seed: int) -> None:
    problem = mixed(seed, 400)
    shards = shards_of(problem, "anywhere", seed)
    plan = sharded(problem, shards)
    verdict = judged(shards, plan)
    whole = mel.verify_sharded(shards, plan)
    assert verdict.ok == whole.ok == bool(plan.status in ("optimal", "infeasible"))
    assert verdict.learners == 400
    assert verdict.bits <= whole.bits
    if plan:
        assert verdict.spare_s == pytest.approx(whole.spare_s, rel=1e-9, abs=1e-9)
        # Arrays look at learners without their caps: that may prove less, and suffice.
        capped = "max_power_w" in problem.learners.columns()
        assert verdict.margin == pytest.approx(whole.margin, rel=1.0 if capped else 1e-6)


@pytest.mark.parametrize("kind", ["payload", "own power", "battery", "nothing sent"])
def test_own_payloads_own_power_and_nothing_sent_are_proved_from_memory_and_files(
    kind: str, tmp_path: Path
) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow (extra [parquet]) is missing")
    problem = of_kind(mixed(3, 120), kind, 3)
    shards = shards_of(problem, "anywhere", 3)
    plan = sharded(problem, shards, together=120 if kind == "battery" else 0)
    plan.write(tmp_path)
    for verdict in (
        judged(shards, plan),
        judged(shards, tmp_path),
        mel.verify_sharded(shards, tmp_path),
    ):
        assert verdict, str(verdict)
    if kind == "nothing sent":
        return
    # What is said of payloads or powers must be what the learners have.
    claim = json.loads((tmp_path / "plan.json").read_text())
    (leaf,) = claim["certificate"]["tree"]
    dear = {**leaf, "lambda_per_hz": (float.fromhex(leaf["lambda_per_hz"]) * 1e9).hex()}
    lies: list[dict[str, Any]] = [{"certificate": {**claim["certificate"], "tree": [dear]}}]
    if kind == "payload":
        columns = claim["payload"]
        name = next(iter(columns))
        for entries in (
            columns[name][:-1],
            [*columns[name][:-1], "nan"],
            [*columns[name][:-1], -1.0],
            [*columns[name][:-1], 1e99],
            [(4 * float.fromhex(entry)).hex() for entry in columns[name]],
            "0x1p+9999",
        ):
            lies.append({"payload": {**columns, name: entries}})
        lies += [{"payload": {**columns, "more": [1.0] * 120}}, {"payload": [columns]}]
    else:
        most = shards[-1].max_power_w
        assert most is not None
        weak = [*shards[:-1], shards[-1].replace(max_power_w=most / 3)]
        assert not judged(weak, tmp_path)
        assert not mel.verify_sharded(weak, tmp_path)
    for lie in lies:
        (tmp_path / "plan.json").write_text(json.dumps({**claim, **lie}))
        for verdict in (judged(shards, tmp_path), mel.verify_sharded(shards, tmp_path)):
            assert not verdict.ok, lie
            assert verdict.reasons
            assert verdict.checked


def test_a_payload_that_lives_with_its_shards_is_checked_with_them() -> None:
    problem = of_kind(mixed(2, 200), "payload", 3)
    shards = shards_of(problem, "anywhere")
    pairs = paired(problem, shards)
    plan = sharded(problem, pairs, payload=None)
    assert "payload" not in plan.to_dict()
    for together in (0, 200):
        assert mel.verify_sharded(pairs, plan, together=together)
        assert not mel.verify_sharded(shards, plan, together=together)


def test_more_of_a_payload_than_a_file_may_hold_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow (extra [parquet]) is missing")
    problem = of_kind(mixed(2, 200), "payload", 0)
    monkeypatch.setattr(files, "_MOST_NUMBERS", 199)
    plan = sharded(problem, shards_of(problem, "anywhere"))
    with pytest.raises(
        ValueError, match=r"payload: its columns have 200 entries, more than the 199"
    ):
        plan.write(tmp_path / "there")
    assert not (tmp_path / "there").exists()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """A plan of three shards in a folder."""
    pytest.importorskip("pyarrow", reason="pyarrow (extra [parquet]) is missing")
    problem = mixed(0, 300)
    shards = [problem.learners.take(np.arange(a, a + 100)) for a in (0, 100, 200)]
    folder = tmp_path_factory.mktemp("plan")
    sharded(problem, shards).write(folder)
    return shards, folder


def test_a_written_plan_is_checked_from_its_files(written: tuple[Any, Path]) -> None:
    shards, folder = written
    names = [path.name for path in sorted(folder.iterdir())]
    assert names == ["plan.json", *(f"shard-{i:06d}.parquet" for i in range(3))]
    verdict = judged(shards, folder)
    assert verdict, str(verdict)
    assert mel.verify_sharded(shards, folder).margin == pytest.approx(verdict.margin)


def changed(folder: Path, to: Path, **claims: Any) -> Path:
    """Return a copy of the folder whose plan.json says something else."""
    for path in folder.iterdir():
        (to / path.name).write_bytes(path.read_bytes())
    claim = json.loads((folder / "plan.json").read_text())
    claim.update(claims)
    (to / "plan.json").write_text(json.dumps(claim))
    return to


def test_every_lie_of_the_certificate_is_refused(
    written: tuple[Any, Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    shards, folder = written
    claim = json.loads((folder / "plan.json").read_text())
    (leaf,) = claim["certificate"]["tree"]
    certificate = claim["certificate"]

    def with_leaf(**prices: Any) -> dict[str, Any]:
        return {"certificate": {**certificate, "tree": [{**leaf, **prices}]}}

    lam, mu = (float.fromhex(leaf[name]) for name in ("lambda_per_hz", "mu_per_w"))
    tau = claim["tau"]
    lower = {"tau": tau, "rule": "prices", "tree": [leaf]}
    # Samples that count for nothing would refute anything, also tau, for which there is a plan.
    worthless = {**leaf, "per_sample": 0.0, "per_learner": 0.0}
    nothing = {"tau": tau, "rule": "prices", "tree": [worthless]}
    lies: list[dict[str, Any]] = [
        {"bound": tau + 1},
        {"tau": tau - 1, "bound": tau - 1, "certificate": nothing},
        {"bound": tau + 1, "status": "feasible"},
        {"tau": tau + 1},
        {"tau": tau + 1, "bound": tau + 1, "certificate": {**certificate, "tau": tau + 2}},
        {"tau": tau - 1, "bound": tau - 1, "certificate": lower},
        {"status": "infeasible"},
        {"status": "optimum"},
        {"certificate": None},
        with_leaf(lambda_per_hz=(lam * 100).hex()),
        with_leaf(lambda_per_hz=0.0, mu_per_w=0.0),
        with_leaf(mu_per_w=(mu * 100).hex()),
        with_leaf(mu_per_w="nan"),
        with_leaf(lambda_per_hz=-lam),
        {"certificate": {**certificate, "tree": [{"learner": 0, "at": 5}, leaf]}},
        {"certificate": {**certificate, "tree": [{"learner": 300, "at": 5}, leaf, leaf]}},
        {"certificate": {**certificate, "tree": []}},
        {"lengths": [100, 100, 101]},
        {"lengths": [300]},
        {"cycle_s": (float.fromhex(claim["cycle_s"]) * 0.9).hex()},
        {"task": {**claim["task"], "samples": claim["task"]["samples"] + 1}},
        {"radio": {**claim["radio"], "bandwidth_hz": (1e8).hex()}},
        {"radio": {**claim["radio"], "power_w": (1e-3).hex()}},
        {"radio": {}},
        {"radio": []},
        {"radio": {**claim["radio"], "block_hz": "a"}},
        {"task": 7},
        {"idle": "sometimes"},
        {"more": 1},
        {"version": 2},
    ]
    for number, lie in enumerate(lies):
        there = changed(folder, tmp_path_factory.mktemp(f"lie{number}"), **lie)
        for verdict in (judged(shards, there), mel.verify_sharded(shards, there)):
            assert not verdict.ok, lie
            assert verdict.reasons
            assert verdict.checked


def test_learners_other_than_those_of_the_plan_are_noticed(written: tuple[Any, Path]) -> None:
    shards, folder = written
    slow = shards[1].replace(flops_per_s=np.where(np.arange(100) == 7, 1e6, shards[1].flops_per_s))
    assert not judged([shards[0], slow, shards[2]], folder)
    assert "2 are given" in judged(shards[:2], folder).reasons[0]
    longer = shards[1].take([*range(100), 99])
    assert "shards[1] has 101 learners" in judged([shards[0], longer, shards[2]], folder).reasons[0]


@pytest.mark.parametrize("column", ["samples", "bandwidth_hz", "power_w"])
@pytest.mark.parametrize("change", ["one more", "moved", "gaps", "short", "kind", "bytes"])
def test_every_change_of_a_shards_file_is_refused(
    written: tuple[Any, Path], tmp_path: Path, column: str, change: str
) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    shards, folder = written
    copy = changed(folder, tmp_path)
    path = copy / "shard-000001.parquet"
    table = {name: part.to_pylist() for name, part in _columns(parquet, path).items()}
    values = table[column]
    k = max(range(100), key=values.__getitem__)
    if change == "one more":
        values[k] = values[k] * 1.01 if column != "samples" else values[k] + 1
    elif change == "moved":  # from somebody who needs it: the sums stay
        j = min((i for i in range(100) if values[i] > 0), key=values.__getitem__)
        part = values[j] * 0.99 if column != "samples" else values[j] // 2
        values[j], values[k] = values[j] - part, values[k] + part
    elif change == "gaps":
        values[k] = None
    elif change == "short":
        table = {name: part[:-1] for name, part in table.items()}
    elif change == "kind":
        table[column] = [str(value) for value in values]
    parquet.write_table(arrow.table(table), path)
    if change == "bytes":
        path.write_bytes(path.read_bytes()[: -50 if column == "samples" else 60])
    verdict = judged(shards, copy)
    assert not verdict.ok
    assert verdict.reasons


def _columns(parquet: Any, path: Path) -> dict[str, Any]:
    table = parquet.read_table(path)
    return {name: table.column(name) for name in table.column_names}


def test_a_certificate_with_boxes_is_checked_leaf_by_leaf(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = mel.scenarios.table1(learners=6, seed=5, idle="excused", law="fixed")
    problem = next(
        p
        for p in (table.replace(cycle_s=float(c)) for c in np.linspace(8, 60, 400))
        if len((mel.solve(p).certificate or {"tree": ()})["tree"]) > 1
    )
    shards = [problem.learners.take([0, 1]), problem.learners.take([2, 3, 4, 5])]
    plan = sharded(problem, shards, together=6)
    verdict = judged(shards, plan)
    assert verdict, str(verdict)
    assert verdict.leaves > 1
    tree = [dict(node) for node in plan.certificate["tree"]]  # type: ignore[index]
    leaf = next(i for i, node in enumerate(tree) if "lambda_per_hz" in node)
    tree[leaf]["lambda_per_hz"] *= 4
    wrong = {**plan.to_dict(), "certificate": {**plan.certificate, "tree": tree}}  # type: ignore[dict-item]
    monkeypatch.setattr(mel.ShardedPlan, "to_dict", lambda _: wrong)
    assert not judged(shards, plan)


def test_the_check_ends_when_it_is_told_to_without_a_verdict(written: tuple[Any, Path]) -> None:
    shards, folder = written
    for how in ({"time_limit_s": 0.0}, {"callback": lambda *_: True}):
        verdict = judged(shards, folder, **how)
        assert not verdict.ok
        assert not verdict.checked


def test_a_folder_without_a_plan_is_refused(tmp_path: Path) -> None:
    learners = mixed(0, 10).learners
    with pytest.raises(OSError, match=r"plan.json"):
        judged([learners], tmp_path)
    (tmp_path / "plan.json").write_text("[]")
    with pytest.raises(ValueError, match="format must be"):
        judged([learners], tmp_path)


def test_whom_arrays_leave_open_balls_add_to_the_same_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    from mel_fast.verify.shards import part
    from mel_fast.verify.shards.claim import read_claim

    problem = mixed(2, 60)
    learners = problem.learners
    plan = sharded(problem, [learners])
    claim = read_claim(plan.to_dict())
    ((leaf, box),) = claim.leaves()
    columns = {name: column for name, column in learners.columns().items() if name != "names"}
    asked: tuple[Any, ...] = (claim.stated, columns, leaf, box, claim.bound + 1, 0)
    share = tuple(plan.shard(0))
    arrays = part.check_leaf(*asked, part.ON_ARRAYS)
    got = part.check_plan(claim.stated, columns, share, claim.tau, 0)
    balls = part.check_leaf(*asked, 64)

    def left_open(*_: Any) -> Any:
        raise FloatingPointError

    monkeypatch.setattr(part, "worths", left_open)
    monkeypatch.setattr(part, "kept", left_open)
    opened = part.check_leaf(*asked, part.ON_ARRAYS)
    assert (opened.value, opened.least, opened.most) == (balls.value, balls.least, balls.most)
    assert 0 <= arrays.value - balls.value < 2**64 * 1e-6
    assert arrays.reached <= balls.value
    alone = part.check_plan(claim.stated, columns, share, claim.tau, 0)
    assert (alone.samples, alone.bandwidth_hz, alone.power_w) == (
        got.samples,
        got.bandwidth_hz,
        got.power_w,
    )
    assert alone.reasons == got.reasons == []
