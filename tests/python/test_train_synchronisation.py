"""Training on the event clock: equation (5), bounded staleness, messages, exact resuming."""

import subprocess
import sys
import time
from itertools import pairwise

import numpy as np
import pytest

import mel_fast as mel
from mel_fast import learning
from mel_fast.learning.rounds.server import Server
from mel_fast.payload import Recipe
from patience import in_time

pytest.importorskip("sklearn", reason="needs the extra [learn]")

RUN = {"samples": [400, 300, 0, 100], "cycle_s": 30.0, "seed": 3}


@pytest.fixture(scope="module")
def data():
    return learning.digits().limited(800, 200)


@pytest.fixture(scope="module")
def plan():
    return mel.solve(mel.scenarios.table1(learners=5, samples=800, seed=2))


def network(**words):
    return learning.NumpyMLP(64, hidden=(12,), **words)


def same(one, other):
    for mine, theirs in zip(one.weights, other.weights, strict=True):
        assert mine.tobytes() == theirs.tobytes()
    for name in ("accuracy", "time_s", "bits_down", "bits_up", "updates"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize("payload", [None, Recipe()])
@pytest.mark.parametrize("partition", ["random", "shard-iid"])
def test_bsp_is_equation_five_to_the_bit_and_so_it_is_with_exact_messages(data, payload, partition):
    model = network()
    known = learning.run(2, data, model=model, cycles=3, partition=partition, **RUN)
    found = learning.train(
        2, data, model=network(), cycles=3, partition=partition, payload=payload, **RUN
    )
    np.testing.assert_array_equal(found.accuracy, known.accuracy)
    np.testing.assert_array_equal(found.time_s, known.time_s)
    for mine, theirs in zip(found.weights, model.get_weights(), strict=True):
        assert mine.tobytes() == theirs.tobytes()
    assert found.updates.tolist() == [3, 3, 0, 3]


@pytest.mark.parametrize("payload", [None, Recipe(bits=6, top_k=0.2)])
def test_ssp_with_bound_zero_is_bsp(data, plan, payload):
    own = [1, 3, 2, 1, 4]
    made = [
        learning.train(
            plan, data, model=network(), cycles=3, local_cycles=own, payload=payload, **words
        )
        for words in ({}, {"synchronisation": "ssp", "staleness": 0})
    ]
    same(*made)
    assert made[0].updates.tolist() == [3] * 5


def test_tap_is_ssp_without_a_bound(data, plan):
    words = {"model": network(), "cycles": 4, "local_cycles": [1, 9, 2, 40, 5]}
    begin = words["model"].get_weights()
    tap = learning.train(plan, data, synchronisation="tap", **words)
    words["model"].set_weights(begin)
    ssp = learning.train(plan, data, synchronisation="ssp", staleness=10**6, **words)
    same(tap, ssp)
    assert tap.updates.min() == 4  # of the slowest
    assert tap.updates.max() > 8


@pytest.mark.parametrize("own", [None, "most"])
def test_who_returns_together_by_the_plan_does_so_without_waiting_too(data, own):
    """The times of a plan differ by roundings, which are no reason for stale updates."""
    plan = mel.solve(
        mel.scenarios.table1(learners=6, samples=600, cycle_s=2.0, seed=1), scheme="resource_only"
    )
    assert 0.0 < np.ptp(plan.total_s) < 1e-9

    def made(**words):
        return learning.train(plan, data, model=network(), cycles=4, local_cycles=own, **words)

    same(made(), made(synchronisation="tap"))


def test_a_smaller_bound_keeps_learners_closer(data, plan):
    spreads = []
    for bound in (0, 1, 3, 10):
        made = learning.train(
            plan, data, model=network(), cycles=5, local_cycles=[1, 9, 2, 40, 5],
            synchronisation="ssp", staleness=bound,
        )  # fmt: skip
        spreads.append(int(made.updates.max() - made.updates.min()))
    assert spreads == sorted(spreads)
    assert spreads[0] == 0
    assert spreads[1] in (1, 2)


@pytest.mark.parametrize("bound", [0, 1, 2, 7, None])
def test_nobody_begins_further_ahead_than_the_bound(bound):
    seconds = np.random.default_rng(1).uniform(1.0, 4.0, 12)
    clock = learning.Clock(seconds, bound)
    begun, finished, times = np.ones(12, int), np.zeros(12, int), []
    for _ in range(400):
        event = clock.step()
        times.append(event.time_s)
        finished[event.arrived] += 1
        for k in event.begins:
            if bound is not None:
                assert finished[k] - finished.min() <= bound
            begun[k] += 1
        assert (begun - finished <= 1).all()
        np.testing.assert_array_equal(clock.done, finished)
    assert all(a < b for a, b in pairwise(times))
    if bound is None:  # nobody waits: everybody returns when its own time says
        for k in range(12):
            assert finished[k] == pytest.approx(times[-1] / seconds[k], abs=1.0)


def test_a_thousand_learners_and_a_hundred_cycles_of_timing_take_seconds():
    def whole():
        clock = learning.Clock(np.random.default_rng(0).uniform(1.0, 3.0, 1000), 2)
        while clock.done.min() < 100:
            clock.step()
        return clock

    assert in_time(50.0, whole).done.max() <= 103


def test_times_are_the_plans_with_own_local_cycles(data, plan):
    own = np.array([1, 2, 3, 4, 5])
    made = learning.train(plan, data, model=network(), cycles=2, local_cycles=own)
    seconds = plan.send_s + plan.compute_s * own / plan.tau + plan.return_s
    np.testing.assert_allclose(made.time_s, [0.0, seconds.max(), 2 * seconds.max()])
    assert made.local_cycles.tolist() == own.tolist()
    assert made.time_to(2.0) is None
    assert made.time_to(0.0) == 0.0


def test_most_local_cycles_are_those_of_most_and_end_by_the_deadline(data):
    problem = mel.scenarios.table1(learners=6, samples=600, cycle_s=2.0, seed=1)
    plan = mel.solve(problem, scheme="resource_only")  # 100 samples each: fast ones have time left
    words = {"model": network(), "cycles": 1, "synchronisation": "tap"}
    made = learning.train(plan, data, local_cycles="most", **words)
    found = mel.most(problem, samples=plan.samples)
    assert made.local_cycles.tolist() == found.cycles.tolist()
    assert made.local_cycles.sum() > 6 * plan.tau
    assert made.time_s[1] == pytest.approx(problem.cycle_s, rel=1e-9)
    words["model"] = network()
    same(made, learning.train(plan, data, local_cycles=found, **words))
    with pytest.raises(ValueError, match="other samples"):
        learning.train(mel.solve(problem), data, local_cycles=found, **words)


@pytest.mark.no_cover
@pytest.mark.parametrize("own", ["most", None])
def test_with_most_cycles_too_ssp_zero_is_bsp_and_tap_has_no_bound(data, own):
    # A cycle so short has some 40 local ones instead of 280, and they differ more.
    short = mel.solve(mel.scenarios.table1(learners=5, samples=800, cycle_s=5.0, seed=2))

    def made(**words):
        return learning.train(short, data, model=network(), cycles=2, local_cycles=own, **words)

    same(made(), made(synchronisation="ssp", staleness=0))
    same(made(synchronisation="tap"), made(synchronisation="ssp", staleness=10**6))


def test_stale_updates_count_for_less_and_all_new_ones_as_their_average():
    zero, one = [np.zeros(2)], [np.ones(2)]
    for power, share in ((0.0, 1.0), (1.0, 1 / (1 + 2 / 4)), (0.5, (1 + 2 / 4) ** -0.5)):
        server = Server(zero, [1, 1, 1, 1], power)
        server.give(zero, range(4))
        server.returned(0, one)
        server.publish()  # version 1: a quarter of learner 0's change
        np.testing.assert_allclose(server.weights[0], 0.25)
        server.give(server.weights, [0])
        server.returned(0, [server.weights[0] + 1.0])
        server.publish()
        np.testing.assert_allclose(server.weights[0], 0.5)
        server.give(server.weights, [0])
        server.returned(1, one)  # begun two versions ago
        np.testing.assert_allclose(server.merged()[0], 0.5 + 0.25 * share)


def test_messages_are_what_the_recipe_makes_and_their_bits_are_counted(data):
    floats = learning.train(2, data, model=network(), cycles=3, **RUN)
    memory = sum(8 * part.nbytes for part in network().get_weights())
    np.testing.assert_array_equal(floats.bits_up, 3 * memory * np.arange(4))
    np.testing.assert_array_equal(floats.bits_down, 3 * memory * np.arange(4))
    coarse = learning.train(2, data, model=network(), cycles=3, payload=Recipe(bits=6), **RUN)
    sparse = learning.train(
        2, data, model=network(), cycles=3, payload=Recipe(bits=6, top_k=0.02), **RUN
    )
    assert 4 * coarse.bits_up[-1] < floats.bits_up[-1]
    assert 3 * sparse.bits_up[-1] < coarse.bits_up[-1]
    assert coarse.accuracy[-1] > floats.accuracy[-1] - 0.1
    # Every learner receives levels, so the weights that a first update begins from are levels.
    assert (np.diff(sparse.bits_up) > 0).all()


def test_the_largest_message_is_what_a_plan_needs_bits_for(data, tmp_path):
    words = {"payload": Recipe(bits=6, top_k=0.2), "checkpoint": tmp_path / "run", **RUN}
    made = [learning.train(2, data, model=network(), cycles=n, **words) for n in (1, 3)]
    for run in made:
        assert run.largest_down >= run.bits_down[1] / 3  # three learners take part
        assert run.largest_up >= max(np.diff(run.bits_up)) / 3
    assert made[1].largest_up <= max(np.diff(made[1].bits_up))
    whole = learning.train(2, data, model=network(), cycles=3, **words | {"checkpoint": None})
    assert (whole.largest_down, whole.largest_up) == (made[1].largest_down, made[1].largest_up)


@pytest.mark.parametrize("words", [{}, {"synchronisation": "tap", "local_cycles": [1, 2, 0, 5]}])
def test_a_run_ends_with_the_cycle_that_reaches_the_accuracy(data, tmp_path, words):
    whole = learning.train(2, data, model=network(), cycles=6, **RUN, **words)
    target = float(whole.accuracy[:4].max())
    ends = whole.cycles_to(target)
    path = tmp_path / "run"
    for cycles in (1, 6, 6):  # resumed before and after the end
        found = learning.train(
            2, data, model=network(), cycles=cycles, until=target, checkpoint=path, **RUN, **words
        )
    assert len(found.accuracy) == len(found.time_s) == len(found.bits_up) == ends + 1
    np.testing.assert_array_equal(found.accuracy, whole.accuracy[: ends + 1])
    never = learning.train(2, data, model=network(), cycles=2, until=1.0, **RUN, **words)
    assert len(never.accuracy) == 3


def test_error_feedback_makes_up_for_what_sparse_messages_leave_out(data):
    words = {"cycles": 6, "payload": Recipe(top_k=0.02), **RUN}
    with_it, without = (
        learning.train(2, data, model=network(), error_feedback=f, **words) for f in (True, False)
    )
    assert with_it.accuracy[-1] > without.accuracy[-1]


def test_pruned_messages_keep_learning(data):
    model = network()
    model.train(data.train_x, data.train_y, 10, np.random.default_rng(0))
    recipe = Recipe(prune=0.5, bits=6, exact_below=100)
    made = learning.train(2, data, model=model, cycles=3, payload=recipe, **RUN)
    assert made.accuracy[-1] > 0.8


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"payload": Recipe(top_k=0.1, bits=4, stochastic=True)},
        {"synchronisation": "tap"},
        {"synchronisation": "ssp", "staleness": 2, "payload": Recipe(bits=5)},
        {"synchronisation": "tap", "payload": Recipe(top_k=0.1), "partition": "dirichlet"},
    ],
)
def test_a_resumed_run_ends_in_the_same_weights_bit_for_bit(data, plan, words, tmp_path):
    words = {"local_cycles": [1, 4, 2, 9, 3], "seed": 8, **words}
    whole = learning.train(plan, data, model=network(), cycles=3, **words)
    for cycles in (1, 2, 3, 3):
        resumed = learning.train(
            plan, data, model=network(), cycles=cycles, checkpoint=tmp_path / "run", **words
        )
    same(resumed, whole)
    shorter = learning.train(
        plan, data, model=network(), cycles=1, checkpoint=tmp_path / "run", **words
    )
    np.testing.assert_array_equal(shorter.accuracy, whole.accuracy[:2])


def test_another_runs_or_a_damaged_checkpoint_is_refused(data, tmp_path):
    path = tmp_path / "run"
    learning.train(1, data, model=network(), cycles=1, checkpoint=path, **RUN)
    for other in (
        {"payload": Recipe()},
        {"synchronisation": "tap"},
        {"model": network(optimiser="adam")},
        {"seed": 4},
        {"local_cycles": 2},
    ):
        with pytest.raises(learning.DataError, match="another run"):
            learning.train(1, data, checkpoint=path, **{"model": network(), **RUN, **other})
    content = path.read_bytes()
    for damaged in (content[:-7], b"", content[:50] + b"\0" + content[51:]):
        path.write_bytes(damaged)
        with pytest.raises(learning.DataError, match="not a checkpoint"):
            learning.train(1, data, model=network(), checkpoint=path, **RUN)
        assert path.read_bytes() == damaged


def test_progress_is_told_or_drawn(data, capsys):
    told = []
    learning.train(
        1, data, model=network(), cycles=2, progress=lambda *facts: told.append(facts), **RUN
    )
    assert [facts[:2] for facts in told] == [(1, 2), (2, 2)]
    learning.train(1, data, model=network(), cycles=1, progress=True, **RUN)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"synchronisation": "asp"}, "synchronisation = 'asp'"),
        ({"staleness": 1}, "only with synchronisation 'ssp'"),
        ({"synchronisation": "ssp", "staleness": -1}, "staleness = -1"),
        ({"stale_power": -1.0}, "stale_power = -1"),
        ({"payload": "8-bit"}, "must be a Recipe"),
        ({"optimiser": "adam"}, "a NumpyMLP has its own"),
        ({"model": None, "optimiser": "adm"}, "did you mean 'adam'"),
        ({"model": None, "batch": 0}, "batch = 0"),
        ({"model": object()}, "must be a LocalModel or a torch module"),
        ({"local_cycles": [1, 2, 0, 0]}, "at least 1"),
        ({"local_cycles": [1, 2]}, "local_cycles has length 2"),
        ({"local_cycles": "all"}, "local_cycles = 'all'"),
        ({"local_cycles": "most"}, "needs a plan"),
        ({"cycles": 0}, "cycles = 0"),
        ({"until": 95.0}, "until = 95.0"),
        ({"samples": None}, "must be given"),
    ],
)
def test_what_cannot_be_trained_is_refused(data, words, message):
    with pytest.raises((ValueError, TypeError), match=message):
        learning.train(1, data, **{"model": network(), **RUN, **words})


@pytest.mark.parametrize("payload", [None, Recipe(bits=8)])
def test_training_that_diverges_is_refused(data, payload):
    model = network(optimiser="sgd", learning_rate=1e30)
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="not finite: the training"):
        learning.train(2, data, model=model, cycles=2, payload=payload, **RUN)


KILLED = """
import sys
from mel_fast import learning
from mel_fast.payload import Recipe, encode

made = learning.train(
    2, learning.digits().limited(800, 200), samples=[400, 300, 100], cycle_s=30.0, cycles=8,
    hidden=(12,), synchronisation=sys.argv[3], payload=Recipe(top_k=0.1, bits=6), seed=5,
    local_cycles=[1, 2, 3], checkpoint=sys.argv[1],
)
open(sys.argv[2], "wb").write(encode({str(i): part for i, part in enumerate(made.weights)}))
"""


@pytest.mark.long
@pytest.mark.parametrize("waiting", ["bsp", "ssp", "tap"])
def test_a_run_that_is_killed_again_and_again_ends_in_the_same_weights(tmp_path, waiting):
    command = [sys.executable, "-c", KILLED]
    whole = [*command, tmp_path / "whole", tmp_path / "known", waiting]
    subprocess.run(whole, check=True, timeout=600)
    rng, kills, path = np.random.default_rng(0), 0, tmp_path / "run"
    for _ in range(20):
        before = path.stat().st_mtime_ns if path.exists() else None
        running = subprocess.Popen([*command, path, tmp_path / "found", waiting])
        while running.poll() is None:  # until a cycle is saved, and a moment more
            time.sleep(0.005)
            if path.exists() and path.stat().st_mtime_ns != before:
                time.sleep(float(rng.uniform(0.0, 0.1)))
                break
        if running.poll() is not None:
            break
        running.kill()
        running.wait()
        kills += 1
    assert running.returncode == 0
    assert kills > 1
    assert (tmp_path / "found").read_bytes() == (tmp_path / "known").read_bytes()
