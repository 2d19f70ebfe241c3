"""The least makespan: against trying everything, against CP-SAT, by its certificate."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mel_fast.tiers import SCHEMES, Job, Tier, check, frontier, schedule, simulate
from patience import in_time
from tiers_brute import brute, cp_sat


def random_tiers(rng, most=3, top=10):
    """Three tiers with whole times, so that sums are exact."""

    def times():
        return rng.integers(1, top, rng.integers(1, most + 1)).astype(float)

    end, edge, cloud = times(), times(), times()
    latency = rng.integers(0, 4, cloud.size).astype(float)
    return [
        Tier("end", end.size, end, accuracy=0.5),
        Tier("edge", edge.size, edge, accuracy=0.6),
        Tier("cloud", cloud.size, cloud, latency, accuracy=0.7),
    ]


def times_of(tiers):
    return [[int(t) for t in tier.task_s] for tier in tiers]


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_nothing_that_can_be_tried_is_shorter(first):
    for seed in range(first, first + 100):
        rng = np.random.default_rng(seed)
        tiers = random_tiers(rng, most=2)
        tasks = int(rng.integers(1, 5))
        end, edge, cloud = times_of(tiers)
        found = schedule(Job(tasks), tiers)
        assert found.makespan_s == brute(tasks, end, edge + cloud), seed
        assert check(found).optimal, seed


@pytest.mark.parametrize("seed", range(60))
def test_nothing_is_shorter_with_so_many_tasks_on_the_cloud(seed):
    rng = np.random.default_rng(1000 + seed)
    tiers = random_tiers(rng, most=2)
    tasks = int(rng.integers(1, 5))
    end, edge, cloud = times_of(tiers)
    low = int(rng.integers(0, tasks + 1))
    high = int(rng.integers(low, tasks + 1))
    for allowed in (low, (low, high)):
        least, most = (low, low) if allowed == low else (low, high)

        def wanted(chosen, least=least, most=most):
            return least <= sum(j >= len(edge) for j in chosen) <= most

        found = schedule(Job(tasks), tiers, cloud_tasks=allowed)
        assert found.makespan_s == brute(tasks, end, edge + cloud, wanted)
        assert least <= found.counts["cloud"].sum() <= most
        assert check(found).optimal


@pytest.mark.parametrize("seed", range(8))
def test_cp_sat_finds_the_same_makespan(seed):
    pytest.importorskip("ortools", reason="needs the extra cpsat")
    rng = np.random.default_rng(2000 + seed)
    tiers = random_tiers(rng)
    tasks = int(rng.integers(4, 8))
    end, edge, cloud = times_of(tiers)
    found = cp_sat(tasks, end, edge + cloud)
    assert found is not None
    assert schedule(Job(tasks), tiers).makespan_s == found


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), tasks=st.integers(1, 60))
def test_the_optimum_is_checked_simulated_and_beats_every_scheme(seed, tasks):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 9, 3)
    tiers = [
        Tier(name, int(n), rng.lognormal(0, 1, n), rng.exponential(0.3, n))
        for name, n in zip(("end", "edge", "cloud"), sizes, strict=True)
    ]
    job = Job(tasks)
    best = schedule(job, tiers)
    verdict = check(best)
    assert verdict.optimal
    assert verdict.bound_s == pytest.approx(best.makespan_s, rel=1e-14)
    run = simulate(job, tiers, scheme=best)
    assert run.makespan_s == pytest.approx(best.makespan_s, rel=1e-14)
    assert run.end_s == pytest.approx(best.stages[-1].end_s, rel=1e-12)
    for scheme in ("end_cloud", "end_edge", "mapping"):
        other = schedule(job, tiers, scheme)
        assert check(other).valid
        assert not check(other).optimal
        assert best.makespan_s <= other.makespan_s * (1 + 1e-14)
        # the same assignment without waiting for a whole tier is shorter, yet not optimal
        assert best.makespan_s <= simulate(job, tiers, scheme=other).makespan_s * (1 + 1e-14)
    alone = schedule(job, tiers[:1])
    assert check(alone).optimal
    assert alone.makespan_s <= schedule(job, tiers, "end").makespan_s * (1 + 1e-14)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), tasks=st.integers(1, 25))
def test_the_frontier_is_what_a_schedule_of_every_number_takes(seed, tasks):
    rng = np.random.default_rng(seed)
    tiers = random_tiers(rng, most=4, top=30)
    found = frontier(Job(tasks), tiers)
    assert found.cloud_tasks.tolist() == list(range(tasks + 1))
    for m, makespan, accuracy in zip(
        range(tasks + 1), found.makespan_s, found.accuracy, strict=True
    ):
        alone = schedule(Job(tasks), tiers, cloud_tasks=m)
        assert alone.makespan_s == makespan
        assert alone.accuracy == pytest.approx(accuracy)
    best = int(schedule(Job(tasks), tiers).counts["cloud"].sum())
    assert (np.diff(found.makespan_s[: best + 1]) <= 0).all()
    assert (np.diff(found.makespan_s[best:]) >= 0).all()
    efficient = found.efficient
    for i in range(tasks + 1):
        beaten = (
            (found.makespan_s <= found.makespan_s[i])
            & (found.accuracy >= found.accuracy[i])
            & ((found.makespan_s < found.makespan_s[i]) | (found.accuracy > found.accuracy[i]))
        )
        assert efficient[i] != beaten.any()
    limit = float(np.median(found.makespan_s))
    inside = found.within(limit)
    assert inside is not None
    assert inside.accuracy == pytest.approx(found.accuracy[found.makespan_s <= limit].max())
    assert found.within(found.makespan_s.min() / 2) is None


def test_many_points_are_spread_and_hold_the_best():
    tiers = [
        Tier("end", 3, 1.0),
        Tier("edge", 2, 2.0, accuracy=0.6),
        Tier("cloud", 1, 1.7, accuracy=0.9),
    ]
    found = frontier(Job(1000), tiers)
    assert found.cloud_tasks.size in (201, 202)
    assert found.makespan_s.min() == schedule(Job(1000), tiers).makespan_s
    assert frontier(Job(1000), tiers, points=5).cloud_tasks[[0, -1]].tolist() == [0, 1000]


def paper():
    return [Tier("end", 8, 0.52), Tier("edge", 4, 0.415, 0.5), Tier("cloud", 1, 0.55, 1.0)]


def changed(found, **words):
    return dataclasses.replace(found, **words)


def test_a_tampered_schedule_or_certificate_is_refused():
    found = schedule(Job(50), paper())
    first, second = found.stages
    proof = found.certificate
    late = second.start_s.copy()
    late[7] -= 1.0
    twice = first.device.copy()
    twice[3] = (twice[3] + 1) % 8
    wrong = [
        changed(found, makespan_s=found.makespan_s * 0.99),
        changed(found, stages=(first, changed(second, given=late))),
        changed(found, stages=(changed(first, device=twice, given=first.start_s), second)),
        changed(found, stages=(first, changed(second, device=second.device + 5))),
        changed(found, stages=(first,)),
        changed(found, stages=(first, first)),
        changed(found, stages=(first, changed(second, device=second.device[1:]))),
    ]
    # an edge that stands twice would have twice the devices
    doubled = second.tiers[:1] * 2
    wrong += [changed(found, makespan_s=bad) for bad in (0.0, -1.0, float("inf"), float("nan"))]
    wrong += [
        changed(found, stages=(first, changed(second, tiers=doubled))),
        changed(found, stages=(first, changed(second, given=second.start_s[1:]))),
        changed(found, encrypt_s={"edge": np.full(4, -0.5)}),
        changed(found, encrypt_s={"edge": np.zeros(3)}),
        changed(found, tiers=tuple(reversed(found.tiers))),
    ]
    for other in wrong:
        verdict = check(other)
        assert not verdict.optimal, verdict
        assert verdict.reason
    for place in range(50):
        verdict = check(changed(found, certificate=changed(proof, place=place)))
        assert verdict.valid
        assert verdict.bound_s <= found.makespan_s * (1 + 1e-15)
    untrusted = [found.tiers[0], found.tiers[1].replace(trusted=False), found.tiers[2]]
    assert not check(changed(found, tiers=tuple(untrusted))).valid
    slower = schedule(Job(50), paper(), cloud_tasks=40)
    lie = changed(slower, certificate=changed(slower.certificate, cloud_tasks=None))
    assert check(slower).optimal
    assert not check(lie).optimal
    narrow = changed(found, certificate=slower.certificate)
    assert "more or fewer tasks" in check(narrow).reason
    short = changed(proof.first, device=proof.first.device[:0])
    assert not check(changed(found, certificate=changed(proof, first=short))).optimal
    with pytest.raises(TypeError, match="must be a Schedule"):
        check(None)


def test_nothing_is_optimal_that_waits_for_a_whole_tier():
    phased = schedule(Job(50), paper(), "end_edge")
    claimed = changed(phased, certificate=schedule(Job(50), paper()).certificate)
    verdict = check(claimed)
    assert verdict.valid
    assert not verdict.optimal


@pytest.mark.parametrize("scale", [1e-50, 1.0, 1e50])
def test_times_of_any_size_and_very_unequal_ones(scale):
    tiers = [
        Tier("end", 3, np.array([1e-6, 1.0, 7.0]) * scale),
        Tier("edge", 2, np.array([3.0, 1e6]) * scale),
    ]
    found = schedule(Job(40), tiers)
    assert check(found).optimal
    assert found.counts["edge"].tolist() == [40, 0]
    assert found.makespan_s == pytest.approx(120.000001 * scale, rel=1e-14)


def test_a_million_tasks_on_ten_thousand_devices_within_seconds_of_processor_time():
    rng = np.random.default_rng(0)
    tiers = [
        Tier("end", 6000, rng.uniform(0.2, 2.0, 6000)),
        Tier("edge", 3900, rng.uniform(0.5, 3.0, 3900)),
        Tier("cloud", 100, rng.uniform(0.1, 0.3, 100), 1.0),
    ]
    found = in_time(8.0, lambda: schedule(Job(10**6), tiers))
    assert found.counts["end"].sum() == 10**6


@pytest.mark.long
def test_a_million_tasks_are_checked():
    rng = np.random.default_rng(1)
    tiers = [
        Tier("end", 6000, rng.uniform(0.2, 2.0, 6000)),
        Tier("edge", 3900, rng.uniform(0.5, 3.0, 3900)),
        Tier("cloud", 100, rng.uniform(0.1, 0.3, 100), 1.0),
    ]
    for cloud_tasks in (None, 1000, (200_000, 10**6)):
        assert check(schedule(Job(10**6), tiers, cloud_tasks=cloud_tasks)).optimal


@pytest.mark.long
@pytest.mark.parametrize("seed", range(40))
def test_larger_jobs_against_trying_everything(seed):
    rng = np.random.default_rng(5000 + seed)
    tiers = random_tiers(rng, most=2)
    end, edge, cloud = times_of(tiers)
    assert schedule(Job(6), tiers).makespan_s == brute(6, end, edge + cloud)


def test_schemes_are_named_once():
    assert SCHEMES == ("end", "end_cloud", "end_edge", "mapping", "optimal")
