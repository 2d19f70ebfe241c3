"""Simulated jobs: by hand, against the exact schedule, and under failures."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mel_fast.tiers import POLICIES, Job, Tier, schedule, simulate

END = Tier("end", 8, 0.52)


def test_two_devices_by_hand():
    tiers = [Tier("end", 2, [1.0, 2.0])]
    run = simulate(Job(5), tiers, assign_s=0.5)
    # handed out at 0.5, 1, 1.5, 2, 2.5; devices in turn, each a task at a time
    assert run.end_s.tolist() == [1.5, 3.0, 2.5, 5.0, 3.5]
    assert run.makespan_s == 5.0
    assert (run.sends, run.timeouts, run.queries) == (5, 0, 0)


def test_a_failure_by_hand():
    # Device 1 dies after one task. At 4 s, all sends done, its second task is known to be lost.
    tiers, words = [Tier("end", 2, 1.0)], {"failures": {1: 1}, "assign_s": 1.0, "timeout_s": 0.5}
    run = simulate(Job(4), tiers, "reassign", **words)
    # 1: device 0 from 1 to 2; 2: device 1 from 2 to 3; 3: device 0 from 3 to 4; at 4 device 1 is
    # dead and costs 0.5; at 5.5 device 0 takes the task
    assert run.end_s.tolist() == [2.0, 3.0, 4.0, 6.5]
    assert (int(run.sends[0]), int(run.timeouts[0])) == (5, 1)
    gone = simulate(Job(4), tiers, "none", **words)
    assert gone.makespan_s == math.inf
    assert gone.reason == "1 tasks were lost with devices 1"
    assert gone.end_s.tolist() == [2.0, 3.0, 4.0, math.inf]
    # A query at 3 s finds device 1 gone: the fourth task goes to device 0 at once.
    watched = simulate(Job(4), tiers, "monitor", query_s=3.0, **words)
    assert watched.end_s.tolist() == [2.0, 3.0, 4.0, 5.0]
    assert (int(watched.timeouts[0]), int(watched.queries[0])) == (0, 1)
    # and costs the assigner 0.25 s
    dear = simulate(Job(4), tiers, "monitor", query_s=3.0, query_cost_s=0.25, **words)
    assert dear.end_s.tolist() == [2.0, 3.0, 4.0, 5.25]


def test_a_failure_at_a_time_loses_the_task_in_hand():
    run = simulate(Job(4), [Tier("end", 2, 1.0)], "monitor", failure_times_s={0: 1.5}, query_s=2.0)
    # device 0 did one task; the one that it was at is found lost by the query at 2 s
    assert run.end_s.tolist() == [1.0, 1.0, 3.0, 2.0]


def test_queries_that_cost_nearly_all_the_time_leave_the_rest_to_the_assigner():
    run = simulate(Job(100), [END], "monitor", assign_s=0.1, query_s=0.01, query_cost_s=0.00999)
    assert run.makespan_s == pytest.approx(100 * 0.1 / (1 - 0.999), rel=0.02)


@given(
    seed=st.integers(0, 2**32),
    policy=st.sampled_from(POLICIES),
    tasks=st.integers(1, 40),
    assign_s=st.sampled_from([0.0, 0.01, 0.3]),
    timeout_s=st.sampled_from([0.0, 0.5]),
    query_s=st.sampled_from([0.01, 1.0, 100.0]),
)
def test_every_task_is_done_exactly_when_somebody_lives(
    seed, policy, tasks, assign_s, timeout_s, query_s
):
    rng = np.random.default_rng(seed)
    devices = int(rng.integers(1, 6))
    tiers = [Tier("end", devices, rng.uniform(0.1, 1.0, devices))]
    failing = rng.permutation(devices)[: rng.integers(0, devices + 1)].tolist()
    by_tasks = {d: int(rng.integers(0, 5)) for d in failing[::2]}
    by_time = {d: float(rng.uniform(0, 3)) for d in failing[1::2]}
    run = simulate(
        Job(tasks),
        tiers,
        policy,
        failures=by_tasks,
        failure_times_s=by_time,
        assign_s=assign_s,
        timeout_s=timeout_s,
        query_s=query_s,
    )
    done = np.isfinite(run.end_s)
    assert (run.makespan_s == math.inf) == (not done.all()) == bool(run.reason)
    if len(failing) < devices and policy != "none":
        assert done.all()
    if not failing:
        assert run.sends == tasks
        assert run.timeouts == 0
    # no device does more than it can: N tasks take the devices this long together
    least = schedule(Job(tasks), tiers).makespan_s
    assert run.makespan_s >= least * (1 - 1e-12)
    assert run.timeouts <= run.sends


def test_more_failures_never_help_the_devices_of_the_table():
    for policy in ("reassign", "monitor"):
        spans = [
            simulate(
                Job(200),
                [END],
                policy,
                failures=dict.fromkeys(range(failing), 12),
                assign_s=0.1245,
            ).makespan_s
            for failing in range(8)
        ]
        assert spans == sorted(spans)
        assert spans[7] < math.inf


def test_drawn_latencies_have_their_mean_and_come_back_by_their_seed():
    tiers = [Tier("end", 1, 1.0, 1.0)]
    words = {"latency_spread": 0.5, "runs": 40}
    run = simulate(Job(50), tiers, seed=3, **words)
    assert run.runs_s.shape == (40,)
    # 50 tasks of mean 2, standard deviation 0.5 each: the mean of 40 runs within five of its own
    assert run.makespan_s == pytest.approx(100.0, abs=5 * 0.5 * math.sqrt(50 / 40))
    assert np.unique(run.runs_s).size == 40
    again = simulate(Job(50), tiers, seed=3, **words)
    assert again.runs_s.tolist() == run.runs_s.tolist()
    assert simulate(Job(50), tiers, seed=4, **words).makespan_s != run.makespan_s
    fixed = simulate(Job(50), tiers, runs=3)
    assert fixed.runs_s.tolist() == [100.0] * 3


def test_a_schedule_or_its_name_is_followed_on_both_stages():
    tiers = [END, Tier("edge", 4, 0.415, 0.5), Tier("cloud", 1, 0.55, 1.0)]
    best = schedule(Job(200), tiers)
    assert simulate(Job(200), tiers).makespan_s == pytest.approx(best.makespan_s, rel=1e-15)
    # the cloud works without a pause from the first coarse answer on
    by_name = simulate(Job(200), tiers, scheme="end_cloud")
    assert by_name.makespan_s == pytest.approx(0.52 + 200 * 1.55)
    # lost coarse answers never reach the edge
    lost = simulate(Job(200), tiers, "none", failures={0: 12})
    assert lost.makespan_s == math.inf
    kept = simulate(Job(200), tiers, "monitor", failures={0: 12})
    assert kept.makespan_s >= best.makespan_s
    with pytest.raises(ValueError, match="another job"):
        simulate(Job(100), tiers, scheme=best)


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        ({"policy": "hope"}, ValueError, "policy = 'hope'"),
        ({"failures": {8: 12}}, ValueError, "device 8 is none of the 8"),
        ({"failures": dict.fromkeys(range(9), 1)}, ValueError, "device 8 is none of the 8"),
        ({"failures": {-1: 12}}, ValueError, "device = -1"),
        ({"failures": {0: -1}}, ValueError, r"failures\[0\] = -1"),
        ({"failures": [0]}, TypeError, "must be a mapping of devices"),
        ({"failure_times_s": {0: math.nan}}, ValueError, r"failure_times_s\[0\] = nan"),
        ({"assign_s": -0.1}, ValueError, "assign_s = -0.1"),
        ({"timeout_s": math.inf}, ValueError, "timeout_s = inf"),
        ({"query_s": 0.0}, ValueError, "query_s = 0.0"),
        ({"query_s": 1.0, "query_cost_s": 1.0}, ValueError, "query_cost_s = 1.0: must be less"),
        ({"latency_spread": -1.0}, ValueError, "latency_spread = -1.0"),
        ({"runs": 0}, ValueError, "runs = 0"),
        ({"scheme": "mapping"}, ValueError, "needs a tier named 'edge'"),
    ],
)
def test_bad_words_are_refused_before_anything_runs(words, error, message):
    with pytest.raises(error, match=message):
        simulate(Job(10), [END], **words)
