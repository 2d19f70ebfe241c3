"""A real job on real worker processes of Dask, one of which is killed while it works."""

import os
import warnings

import numpy as np
import pytest

from mel_fast.tiers import Job, Network, Tier, cluster, run, schedule

pytest.importorskip("distributed", reason="needs the extra dask")
pytest.importorskip("sklearn", reason="needs the extra learn")

from mel_fast.experiments.tiers import live as job_of_digits
from mel_fast.learning import digits

TASKS, ITEMS = 16, 30


@pytest.fixture(scope="module")
def data():
    return digits()


@pytest.fixture(scope="module")
def trained(data):
    return job_of_digits.trained(data)


@pytest.fixture(scope="module")
def tiers(trained):
    return [
        Tier("end", 2, [0.06, 0.09], 0.0, trained.accuracy["end"]),
        Tier("edge", 1, 0.05, 0.05, trained.accuracy["edge"]),
        Tier("cloud", 1, 0.03, 0.12, trained.accuracy["cloud"]),
    ]


@pytest.fixture(scope="module")
def workers(tiers, trained):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Dask warns of is not ours
        with cluster(tiers, trained.networks) as live:
            yield live


@pytest.fixture(scope="module")
def batches(data):
    return job_of_digits.batches(data, TASKS, ITEMS)


def right(found, labels, trained, tiers):
    """Check every answer against the network whose device gave it, and the labels."""
    coarse, fine = np.array(found.coarse), np.array(found.fine)
    assert coarse.shape == fine.shape == labels.shape
    assert (coarse == job_of_digits.COARSE[labels]).mean() > 0.8
    assert (fine == labels).mean() > 0.8
    assert all(name.startswith("end-") for name in found.device[0])
    assert all(name.startswith(("edge-", "cloud-")) for name in found.device[1])
    assert (found.end_s[0] <= found.start_s[1]).all()
    # no device does two tasks at a time, and none is faster than its tier
    for stage in range(2):
        for name in set(found.device[stage]):
            mine = np.array([device == name for device in found.device[stage]])
            order = np.argsort(found.start_s[stage][mine])
            start, end = found.start_s[stage][mine][order], found.end_s[stage][mine][order]
            assert (start[1:] >= end[:-1]).all()
            tier = next(tier for tier in tiers if name.startswith(tier.name))
            assert (end - start >= tier.task_s[int(name[-1])] - 0.001).all()


def test_networks_get_larger_and_the_labels_finer(trained):
    sizes = [trained.networks[name].parameters for name in ("end", "edge", "cloud")]
    assert sizes == sorted(sizes)
    assert min(trained.accuracy.values()) > 0.8


@pytest.mark.parametrize("scheme", ["optimal", "dask"])
def test_every_task_is_answered_and_no_run_beats_the_optimum(
    scheme, workers, batches, trained, tiers
):
    images, labels = batches
    found = run(workers, images, scheme, limit_s=60.0)
    right(found, labels, trained, tiers)
    best = schedule(Job(TASKS), tiers)
    assert found.wall_s >= best.makespan_s
    assert found.killed == []
    if scheme == "optimal":
        assert found.planned_s == best.makespan_s
        assert found.device[1].count("cloud-0") == best.counts["cloud"].sum()
        assert found.repeated == 0


@pytest.mark.parametrize("scheme", ["optimal", "dask"])
def test_what_a_network_raises_comes_back(scheme, workers):
    with pytest.raises(ValueError, match="matmul"):
        run(workers, [np.zeros((2, 3))] * 2, scheme, limit_s=60.0)


def test_a_worker_that_is_killed_while_it_works_costs_time_and_no_answer(
    workers, batches, trained, tiers
):
    images, labels = batches
    found = run(workers, images, "optimal", kill={"end-0": 3}, limit_s=60.0)
    right(found, labels, trained, tiers)
    assert found.killed == ["end-0"]
    assert found.repeated >= 1
    assert found.device[0].count("end-0") >= 3
    # what was left fell to the other end device
    assert found.wall_s >= (TASKS - found.device[0].count("end-0")) * tiers[0].task_s[1]
    # without it, the others go on
    again = run(workers, images[:6], "end_edge", limit_s=60.0)
    assert set(again.device[0]) == {"end-1"}
    with pytest.raises(ProcessLookupError):
        os.kill(workers.processes["end-0"].pid, 0)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"scheme": "end"}, "must have two stages"),
        ({"scheme": "best"}, "must be one of"),
        ({"kill": {"end-9": 1}}, "'end-9' is no worker"),
        ({"kill": {"end-0": -1}}, r"kill\['end-0'\] = -1"),
        ({"limit_s": 0.0}, "limit_s = 0.0"),
    ],
)
def test_a_bad_run_is_refused_before_anything_runs(words, message, workers, batches):
    with pytest.raises(ValueError, match=message):
        run(workers, batches[0], **words)


def test_a_bad_cluster_is_refused_before_anything_starts(tiers):
    network = Network([np.eye(2)], [np.zeros(2)])
    with (
        pytest.raises(ValueError, match="nothing to call for tier 'edge'"),
        cluster(tiers, {"end": network}),
    ):
        pass
    many = [Tier("end", 300, 1.0)]
    with pytest.raises(ValueError, match="300 devices"), cluster(many, {"end": network}):
        pass
