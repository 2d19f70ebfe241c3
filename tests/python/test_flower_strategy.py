"""Rounds of the strategy, from messages built by hand: what is sent, averaged, left out."""

import math

import numpy as np
import pytest

import mel_fast as mel

pytest.importorskip("flwr", reason="needs the extra [flower]")

from flwr.app import ConfigRecord, MessageType
from flwr.serverapp.strategy import FedAvg

from flower_fake import (
    COLUMNS,
    FEATURES,
    RADIO,
    Federation,
    answers,
    client,
    fails,
    gone,
    identity,
    radio_of,
    replies,
    task,
    three,
)
from mel_fast.flower import PlannedFedAvg
from mel_fast.flower.wire.messages import ORDER, REPORT, Order
from mel_fast.orchestrate import Fleet, Orchestrator
from mel_fast.payload import Recipe

__all__ = ["identity"]
pytestmark = pytest.mark.usefixtures("identity")


def test_the_average_is_equation_5_in_float64():
    class Returns:
        def __init__(self, value):
            self.value = np.float32(value)

        def get_weights(self):
            return [np.full((FEATURES, 2), self.value), np.full(2, self.value)]

        def set_weights(self, weights):
            pass

        def train(self, x, y, local_cycles, rng):
            pass

        def score(self, x, y):
            return 0.0

    clients = [client("c0", flops_per_s=3e6), *three()[1:]]  # the first gets more samples
    values = [1.0, 2.0**-20, 16777216.0]
    for one, value in zip(clients, values, strict=True):
        one._model = Returns(value)
    run = Federation(clients)
    done = run.round()
    counts = [done.samples[f"c{number}"] for number in range(3)]
    assert counts[0] > counts[1] > 0
    exact = sum(count * value for count, value in zip(counts, values, strict=True)) / 120
    assert run.weights[1].tolist() == [np.float32(exact)] * 2
    assert run.weights[0].dtype == np.float32


def test_planned_seconds_come_true_once_the_bits_are_measured():
    run = Federation(three())
    run.round()
    done = run.round()
    assert done.measured_s == pytest.approx(done.planned_s, rel=1e-9)
    assert max(done.measured_s.values()) <= done.deadline_s
    assert (done.lost, done.missing) == (0, {})
    assert done.sent_bits == done.returned_bits > 0


def test_an_order_says_samples_tau_deadline_share_of_the_radio_and_recipe():
    recipe = Recipe(bits=8)
    run = Federation(three(), words={"recipe": recipe})
    done = run.round()
    plan, orders = run.loop._last, run.grid.trained()
    assert len(orders) == 3
    read = [Order.read(message.content) for message in orders.values()]
    assert [order.samples for order in read] == list(done.samples.values())
    assert {order.tau for order in read} == {done.tau}
    assert {o.deadline_s for o in read} == {1.0}
    assert sum(order.bandwidth_hz for order in read) <= RADIO.bandwidth_hz * (1 + 1e-12)
    assert all(order.recipe == recipe and order.indices is None for order in read)
    assert plan is not None


def test_who_has_nothing_to_do_is_not_called():
    clients = [*three(), client("snail", flops_per_s=1e-3)]
    run = Federation(clients)
    done = run.round()
    assert 13 not in run.grid.trained()
    assert "snail" in done.sitting_out
    assert "snail" not in done.missing
    for _ in range(4):  # and is not blamed for its silence
        assert "quarantine" not in run.round().sitting_out["snail"]


def test_who_is_late_is_left_out_and_planned_with_less_then():
    clients = three()
    clients[2]._radio = radio_of(speed_factor={2: 0.5})
    run = Federation(clients)
    first, second = run.round(), run.round()
    assert first.lost == 0
    assert second.missing.keys() == {"c2"}
    assert "of 1 s" in second.missing["c2"]
    assert second.lost == first.samples["c2"]
    assert run.metrics["missing"] == 1
    later = [run.round() for _ in range(6)][-1]
    assert later.missing == {}
    assert later.lost == 0
    assert 0 < later.samples["c2"] < first.samples["c2"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (gone, "offline"),
        (fails(2), "its ClientApp failed"),
        (fails(3), "expired"),
        (fails(8), "crashed"),
        (fails(99), "code 99"),
        (lambda message: None, "did not answer"),
    ],
)
def test_a_failure_is_told_by_the_message_that_it_answers(answer, why):
    run = Federation(three())
    run.round()
    run.grid.nodes[11] = answer
    done = run.round()
    assert done.missing.keys() == {"c1"}
    assert why in done.missing["c1"]
    assert done.samples.keys() == {"c0", "c2"}
    assert done.lost == 40


def test_who_is_offline_is_planned_without_and_comes_back():
    run = Federation(three())
    run.round()
    answer = run.grid.nodes.pop(11)
    for _ in range(4):
        done = run.round()
        assert done.samples.keys() == {"c0", "c2"}
        assert (done.missing, done.lost) == ({}, 0)
        assert done.sitting_out["c1"] == "its node is offline"
    run.grid.nodes[77] = answer  # under a new number, as after a restart
    assert run.round().samples.keys() == {"c0", "c1", "c2"}


def test_who_joins_late_takes_part_from_the_next_round_on():
    run = Federation(three()[:2])
    assert run.round().samples.keys() == {"c0", "c1"}
    run.grid.nodes[50] = answers(client("late"))
    assert run.round().samples.keys() == {"c0", "c1", "late"}


def test_two_with_one_name_the_first_keeps_it():
    run = Federation([client("same"), client("same")])
    done = run.round()
    assert done.samples.keys() == {"same"}
    assert run.grid.trained().keys() == {10}
    assert "is node 10 already" in run.strategy.refused[11]


def test_who_comes_back_before_its_old_node_is_missed_takes_its_place_later():
    run = Federation(three())
    run.round()
    alive, run.grid.nodes[11] = run.grid.nodes[11], gone
    run.grid.nodes[77] = alive
    assert run.round().samples.keys() == {"c0", "c2"}
    assert "is node 11 already" in run.strategy.refused[77]
    del run.grid.nodes[11]
    assert run.round().samples.keys() == {"c0", "c1", "c2"}
    assert run.strategy.refused == {}


def test_who_computes_beyond_the_deadline_is_late_though_the_rest_is_not_known():
    clients = three()
    run = Federation(clients)
    run.grid.nodes[11] = replies(
        lambda content: (
            content[REPORT].update({"compute-s": 1.5}),
            content[REPORT].pop("send-s"),
            content[REPORT].pop("return-s"),
        )
    )
    done = run.round()
    assert done.missing == {"c1": "took 1.5 s of 1 s"}
    assert done.measured_s["c1"] == 1.5


def test_who_could_not_say_who_it_is_in_time_is_asked_again():
    run = Federation(three()[:2])
    run.grid.nodes[60] = fails(3)
    run.round()
    run.grid.nodes[60] = answers(client("slow"))
    run.round()
    assert "slow" in run.round().samples


def test_what_the_fleet_knows_of_a_learner_is_not_changed_by_what_that_says():
    fleet = Fleet(mel.Learners(**COLUMNS, names=["c0"], count=1))
    run = Federation([client("c0", radio_of(), gain=1.0)], fleet=fleet, task=task(50))
    run.round()
    assert fleet.learners.gain.tolist() == [1e-11]


@pytest.mark.parametrize("setting", ["federated", "parallelized"])
def test_reassign_deals_lost_samples_to_those_who_delivered(setting):
    clients = [client(f"c{number}", radio_of(setting=setting)) for number in range(3)]
    run = Federation(clients, late="reassign", task=task(90, setting))
    run.round()
    run.grid.trained()
    before = run.weights[1][0]
    answer, run.grid.nodes[11] = run.grid.nodes[11], fails(2)
    done = run.round()
    assert done.samples == {"c0": 45, "c2": 45}
    assert (done.lost, done.missing.keys()) == (0, {"c1"})
    assert run.weights[1][0] == before + done.tau  # all began with the same model
    assert done.measured_s["c0"] == pytest.approx(done.planned_s["c0"], rel=1e-9)
    assert 1.0 < done.measured_s["c0"] <= done.deadline_s * (1 + 1e-9) < 2.0
    orders = [Order.read(message.content) for message in run.grid.sent]
    assert [order.samples for order in orders] == [30, 30, 30, 15, 15]
    if setting == "parallelized":
        lost, again = orders[1].indices, np.concatenate([one.indices for one in orders[3:]])
        assert sorted(lost) == sorted(again)
    else:  # of its own samples, others than before
        seen = np.concatenate([x[:, 0] for x in clients[0]._model.seen[1:]])
        assert len(np.unique(seen)) == len(seen) == 45
    run.grid.nodes[11] = answer
    assert run.round().samples.keys() == {"c0", "c1", "c2"}


def test_replan_runs_a_round_again_without_those_who_failed():
    run = Federation(three(), words={"replan": 1})
    run.round()
    run.grid.trained()
    run.grid.nodes[11] = fails(2)
    before = run.weights[1][0]
    done = run.round()
    assert done.samples == {"c0": 60, "c2": 60}
    assert done.lost == 0
    assert done.missing.keys() == {"c1"}
    assert run.weights[1][0] == before + done.tau  # from the same model, once
    assert run.loop.number == 3


def test_replan_gives_up_after_so_many_attempts_and_averages_what_arrived():
    run = Federation(three(), words={"replan": 2})
    run.round()
    run.grid.nodes[10], run.grid.nodes[11] = fails(2), lambda message: None
    done = run.round()
    assert done.missing.keys() == {"c0", "c1"}
    assert done.samples == {"c2": 100}
    assert done.lost == 20


def test_a_round_without_anybody_leaves_the_model_as_it_was():
    run = Federation([])
    done = run.round()
    assert (done.tau, done.samples, done.lost) == (0, {}, 120)
    assert run.weights[1].tolist() == [0.0, 0.0]
    assert run.metrics["learners"] == 0
    run = Federation(three(), words={"replan": 3})
    run.round()
    for node in list(run.grid.nodes):
        run.grid.nodes[node] = fails(2)
    before = run.weights
    assert run.round().lost == 120
    assert all(map(np.array_equal, before, run.weights))


def test_parallelized_learning_deals_different_samples_to_each():
    clients = [client(f"c{number}", radio_of(setting="parallelized")) for number in range(3)]
    run = Federation(clients, task=task(90, "parallelized"), words={"data_size": 100})
    run.round()
    first = [Order.read(one.content).indices for one in run.grid.trained().values()]
    together = np.concatenate(first)
    assert len(np.unique(together)) == len(together) == 90
    assert together.max() < 100
    seen = {float(row[0]) // FEATURES for one in clients for x in one._model.seen for row in x}
    assert seen == set(map(float, together))
    done = run.round()
    second = np.concatenate([Order.read(m.content).indices for m in run.grid.trained().values()])
    assert not np.array_equal(together, second)
    assert done.measured_s == pytest.approx(done.planned_s, rel=1e-9)  # samples' bits counted


def test_a_recipe_makes_returned_models_smaller_and_is_read_back():
    exact, coded = Federation(three()), Federation(three(), words={"recipe": Recipe(bits=4)})
    assert coded.round().returned_bits < exact.round().returned_bits
    both = Federation(three(), words={"recipe": Recipe(), "send_recipe": Recipe()})
    assert both.round().sent_bits < exact.round().sent_bits
    assert both.weights[1].tolist() == [both.strategy.history[0].tau] * 2


def test_configure_train_returns_a_list_with_plain_numbers():
    run = Federation(three())
    made = run.strategy.configure_train(1, run.arrays, ConfigRecord(), run.grid)
    assert isinstance(made, list)
    assert len(made) == 3
    values = made[0].content[ORDER].values()
    assert all(type(value) in (int, float, str, bytes) for value in values)
    assert {message.metadata.ttl for message in made} == {1.0}  # the deadline
    assert made[0].metadata.group_id == "1"


def test_what_start_is_told_for_the_clients_is_sent_along():
    run = Federation(three())
    config = ConfigRecord({"rate": 0.1})
    made = run.strategy.configure_train(1, run.arrays, config, run.grid)
    assert made[0].content["config"]["rate"] == 0.1


def test_clients_are_waited_for_before_the_first_round_only(monkeypatch):
    from mel_fast.flower import roster

    now, run = [0.0], Federation(three(), words={"min_clients": 4, "wait_s": 50.0})

    def sleep(seconds):
        now[0] += seconds
        if 20.0 < now[0] <= 20.25:
            run.grid.nodes[13] = answers(client("fourth"))

    monkeypatch.setattr(roster.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(roster.time, "sleep", sleep)
    assert len(run.round().samples) == 4
    waited = now[0]
    assert 20.0 < waited < 21.0
    del run.grid.nodes[13]
    run.round()
    assert now[0] == waited
    run.grid.nodes.clear()
    run.round()  # one is waited for
    assert now[0] == waited + 50.0


def test_evaluation_on_clients_is_left_to_another_strategy():
    run = Federation(three())
    assert run.strategy.configure_evaluate(1, run.arrays, ConfigRecord(), run.grid) == []
    assert run.strategy.aggregate_evaluate(1, []) is None
    other = Federation(three(), words={"evaluation": FedAvg(min_available_nodes=3)})
    asked = other.strategy.configure_evaluate(1, other.arrays, ConfigRecord(), other.grid)
    assert [one.metadata.message_type for one in asked] == [MessageType.EVALUATE] * 3
    for node in range(3):
        other.grid.nodes[10 + node] = client(f"c{node}").evaluate
    found = other.strategy.aggregate_evaluate(1, other.grid.send_and_receive(asked))
    assert found["accuracy"] == 0.5


def test_start_runs_rounds_and_tells_of_each():
    run, told = Federation(three()), []
    strategy = PlannedFedAvg(run.loop, wait_s=0.0, poll_s=0.01, done=told.append)
    result = strategy.start(run.grid, run.arrays, num_rounds=2)
    assert [done.number for done in told] == [1, 2]
    assert result.arrays.to_numpy_ndarrays()[1].tolist() == [sum(done.tau for done in told)] * 2
    assert result.train_metrics_clientapp[2]["lost"] == 0


@pytest.mark.parametrize(
    ("words", "kind", "said"),
    [
        ({"replan": -1}, ValueError, "replan = -1"),
        ({"recipe": "small"}, TypeError, "recipe = 'small'"),
        ({"ttl_s": math.inf}, ValueError, "ttl_s"),
        ({"min_clients": 1.5}, ValueError, "min_clients = 1.5"),
        ({"poll_s": 0.0}, ValueError, "poll_s"),
        ({"data_size": 3}, ValueError, "data_size = 3"),
        ({"evaluation": 1}, TypeError, "evaluation"),
        ({"seed": -1}, ValueError, "seed"),
    ],
)
def test_wrong_arguments_are_named(words, kind, said):
    loop = Orchestrator(Fleet(), task(), RADIO, 1.0)
    with pytest.raises(kind, match=said):
        PlannedFedAvg(loop, **words)


def test_replan_and_reassign_exclude_each_other():
    loop = Orchestrator(Fleet(), task(), RADIO, 1.0, late="reassign")
    with pytest.raises(ValueError, match="replan = 1"):
        PlannedFedAvg(loop, replan=1)


def test_what_is_no_orchestrator_is_refused():
    with pytest.raises(TypeError, match="loop is a int"):
        PlannedFedAvg(3)
