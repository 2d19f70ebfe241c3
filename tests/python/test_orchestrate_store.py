"""Each learner downloads what leads from the version that it holds to the newest."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.orchestrate import Fleet, Orchestrator, Round

TABLE = mel.scenarios.table1(learners=5, cycle_s=30.0, seed=0, samples=5000)


class Shelf:
    """A store of the simplest kind: a hundred bits for each version between, a thousand for all."""

    def __init__(self) -> None:
        self.number = 0

    def publish(self, model: str, arrays: Any) -> int:
        self.number += 1
        return self.number

    def delta(self, model: str, have: int | None = None, want: int | None = None) -> Any:
        if have == 1 and self.number > 4:
            raise ValueError("version 1 was pruned")
        assert want is not None
        bits = 1000 if have is None else 100 * (want - have)
        return type("Delta", (), {"bits": bits})()


def a_loop(**words: Any) -> Orchestrator:
    return Orchestrator(Fleet(TABLE.learners), TABLE.task, TABLE.radio, 30.0, "served", **words)


def bits(round: Round) -> list[float]:
    assert round.plan is not None
    return np.broadcast_to(round.plan.problem.payload.send_bits, 5).tolist()


def close(loop: Orchestrator, answered: str) -> None:
    for name in answered:
        loop.observe(name, arrived=True)
    loop.close_round()


def test_who_missed_a_round_needs_more_and_who_lost_its_version_needs_all(tmp_path: Path) -> None:
    loop = a_loop(store=Shelf())
    assert bits(loop.plan_round()) == [TABLE.task.model_bits] * 5
    close(loop, "01234")
    assert loop.publish({}) == 1
    first = loop.plan_round()
    assert bits(first) == [1000] * 5
    assert (first.assignments["3"].have, first.assignments["3"].want) == (None, 1)
    close(loop, "0123")
    loop.publish({})
    assert bits(loop.plan_round()) == [100, 100, 100, 100, 1000]
    close(loop, "0124")
    loop.publish({})
    third = loop.plan_round()
    assert bits(third) == [100, 100, 100, 200, 100]
    assert (third.assignments["3"].have, third.assignments["3"].want) == (1, 3)
    loop.save(tmp_path / "loop.json")
    again = Orchestrator.load(tmp_path / "loop.json", store=loop._versions.store)
    assert bits(again.plan_round()) == bits(third)
    close(loop, "0124")
    loop.publish({})
    loop.publish({})
    assert bits(loop.plan_round()) == [200, 200, 200, 1000, 200]


def test_who_comes_back_under_an_old_name_holds_nothing() -> None:
    loop = a_loop(store=Shelf())
    loop.publish({})
    loop.plan_round()
    close(loop, "01234")
    loop.publish({})
    loop.fleet.leave("4")
    loop.fleet.join(TABLE.learners.take([4]).replace(names=["4"]))
    assert bits(loop.plan_round()) == [100, 100, 100, 100, 1000]


def test_stated_bits_are_not_touched_and_without_a_store_nothing_is_published() -> None:
    loop = a_loop(store=Shelf(), payload=mel.Payload(send_bits=7e5))
    loop.publish({})
    assert bits(loop.plan_round()) == [7e5] * 5
    with pytest.raises(ValueError, match="the loop has no store"):
        a_loop().publish({})
    with pytest.raises(TypeError, match="store is a str"):
        a_loop(store="sqlite://")


def test_with_the_real_store_a_few_changed_weights_are_a_small_download(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy", reason="needs the extra [store]")
    weights = np.random.default_rng(0).standard_normal((100, 80)).astype(np.float32)
    with mel.store.open(f"sqlite:///{tmp_path / 'models.db'}") as store:
        loop = a_loop(store=store, model="digits")
        loop.publish({"w": weights})
        whole = bits(loop.plan_round())
        close(loop, "0123")
        weights[0, :20] += 1.0
        loop.publish({"w": weights})
        round = loop.plan_round()
        found = bits(round)
        assert max(found[:4]) < 0.05 * whole[0] < found[4]
        job = round.assignments["2"]
        step = store.delta("digits", have=job.have, want=job.want)
        assert step.bits == found[2]
        np.testing.assert_array_equal(step.apply(store.pull("digits", job.have))["w"], weights)
