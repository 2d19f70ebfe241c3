"""What is learnt from measured rounds: inversions are exact, predictions are calibrated."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mel_fast as mel
from mel_fast.orchestrate.estimates.links import Cycle, cycle_of
from mel_fast.orchestrate.estimates.tracker import SHARES, Belief, Tracker
from mel_fast.orchestrate.margins.normal import (
    below,
    density,
    index_of_density,
    index_of_hazard,
    log_below,
    student,
)
from mel_fast.orchestrate.margins.reliability import Beliefs, in_time

seeds = st.integers(0, 2**32 - 1)


def followed(levels: Any, spread: float = 0.2) -> Tracker:
    tracker = Tracker(spread)
    size = len(levels)
    tracker.follow(np.arange(size), np.ones(size, dtype=np.int64), np.exp(levels))
    return tracker


def played(tracker: Tracker, logs: Any) -> list[Belief]:
    """Let rounds go by with these logarithms measured; return what was predicted of each."""
    beliefs = []
    for row in logs:
        beliefs.append(tracker.belief())
        tracker.observe(np.arange(row.size), np.exp(row))
        tracker.pass_round()
    return beliefs


@settings(max_examples=30, deadline=None)
@given(
    seed=seeds,
    law=st.sampled_from(["density", "fixed"]),
    shared=st.sampled_from(["send", "return"]),
)
def test_times_are_those_of_the_model_and_lead_back_to_gains(
    seed: int, law: Any, shared: Any
) -> None:
    problem = mel.scenarios.table1(learners=5, cycle_s=30.0, seed=seed % 1000, law=law)
    if shared == "return":
        learners = problem.learners.replace(send_bandwidth_hz=5e6, send_power_w=0.2)
        problem = problem.replace(learners=learners, radio=problem.radio.replace(shared="return"))
    rng = np.random.default_rng(seed)
    samples = rng.integers(0, 20000, 5)
    bandwidth, power = rng.uniform(1e5, 1e7, 5), rng.uniform(0.01, 1.0, 5)
    columns = problem.learners.columns()
    args = (columns, 3, samples, bandwidth, power, 30.0)
    cycle = cycle_of(problem.radio, problem.payload, *args)
    times = mel.evaluate(problem, 3, samples, bandwidth, power)
    found = cycle.times(problem.learners.gain, problem.learners.flops_per_s)
    for mine, theirs in zip(found, times[:3], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12)
    for link, seconds in ((cycle.send, found[0]), (cycle.back, found[2])):
        np.testing.assert_allclose(link.gain(seconds), problem.learners.gain, rtol=1e-6)
        step = link.seconds(problem.learners.gain * 1.0001) / seconds - 1.0
        np.testing.assert_allclose(
            link.elasticity(problem.learners.gain), -step / 1e-4, rtol=2e-3, atol=1e-6
        )


@settings(max_examples=25, deadline=None)
@given(seed=seeds, shift=st.floats(-20.0, 20.0))
def test_the_unit_of_a_quantity_does_not_matter(seed: int, shift: float) -> None:
    rng = np.random.default_rng(seed)
    logs = rng.normal(0.0, 0.3, (6, 4))
    one, other = followed(np.zeros(4)), followed(np.full(4, shift))
    for mine, theirs in zip(played(one, logs), played(other, logs + shift), strict=True):
        np.testing.assert_allclose(theirs.level - shift, mine.level, atol=1e-9)
        np.testing.assert_allclose(theirs.scale, mine.scale, rtol=1e-9)


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_order_leavers_and_newcomers_change_nothing_for_those_who_stay(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tracker = followed(np.zeros(6))
    played(tracker, rng.normal(0.0, 0.3, (5, 6)))
    before = tracker.belief()
    stay = np.flatnonzero(rng.random(6) < 0.6)
    ids = np.concatenate((stay, [7, 9]))
    tracker.follow(ids, np.ones(ids.size, dtype=np.int64), np.ones(ids.size))
    after = tracker.belief()
    np.testing.assert_array_equal(after.level[: stay.size], before.level[stay])
    np.testing.assert_array_equal(tracker.seen[stay.size :], 0.0)


@settings(max_examples=25, deadline=None)
@given(value=st.floats(-3.0, 3.0), rounds=st.integers(1, 40))
def test_what_is_measured_again_and_again_is_believed_more_and_more(
    value: float, rounds: int
) -> None:
    tracker, last = followed(np.zeros(3), spread=1.0), np.full((SHARES.size, 3), abs(value))
    for _ in range(rounds):
        played(tracker, np.full((1, 3), value))
        error = np.abs(tracker.level - value)
        assert (error <= last + 1e-12).all()
        last = error


@settings(max_examples=40, deadline=None)
@given(seed=seeds, jump=st.floats(-200.0, 200.0))
def test_one_absurd_measurement_moves_a_level_by_a_few_standard_deviations(
    seed: int, jump: float
) -> None:
    tracker = followed(np.zeros(5))
    played(tracker, np.random.default_rng(seed).normal(0.0, 0.1, (10, 5)))
    before = tracker.belief()
    tracker.observe(np.array([0]), np.exp(np.array([jump])))
    after = tracker.belief()
    assert abs(after.level[0] - before.level[0]) <= 6.0 * before.scale[0]
    assert np.isfinite(after.scale).all()


def test_two_measurements_in_one_round_are_no_division_by_nothing() -> None:
    tracker = followed(np.zeros(2))
    for _ in range(3):
        tracker.observe(np.array([0, 1]), np.array([1.1, 0.9]))
    assert np.isfinite(tracker.belief().level).all()


@pytest.mark.parametrize(("walk", "scatter"), [(0.0, 0.3), (0.3, 0.0), (0.15, 0.3)])
def test_predictions_are_calibrated_whatever_part_of_what_moves_stays(
    walk: float, scatter: float
) -> None:
    """Told quantiles against the share of measurements below them, 20 learners, 300 rounds."""
    rng = np.random.default_rng(1)
    level = np.cumsum(rng.normal(0.0, walk, (300, 20)), axis=0)
    logs = level + rng.normal(0.0, scatter, (300, 20))
    tracker = followed(np.zeros(20))
    beliefs = played(tracker, logs)
    late = slice(40, None)
    for z, share in ((-2.0, 0.0228), (-1.0, 0.1587), (0.0, 0.5), (1.0, 0.8413), (2.0, 0.9772)):
        told = np.array([b.level + b.scale * student(z + 0 * b.level, b.freedom) for b in beliefs])
        kept = np.mean(logs[late] <= told[late])
        assert abs(kept - share) < 0.02, (z, kept)
    truth = walk**2 / (walk**2 + scatter**2)
    assert abs(tracker.share - truth) <= 0.25


def test_learners_that_differ_are_told_apart_and_learners_that_agree_are_not() -> None:
    rng = np.random.default_rng(2)
    spreads = np.where(np.arange(20) < 10, 0.05, 0.5)
    differ, agree = followed(np.zeros(20)), followed(np.zeros(20))
    played(differ, rng.normal(0.0, spreads, (150, 20)))
    played(agree, rng.normal(0.0, 0.2, (150, 20)))
    scales = differ.belief().scale
    assert scales[:10].max() < 0.15
    assert scales[10:].min() > 0.3
    assert np.ptp(agree.belief().scale) < 0.02


def test_the_shares_go_from_nothing_stays_to_nearly_all_stays() -> None:
    assert SHARES[0] == 0.0
    assert 0.9 < SHARES[-1] < 1.0
    assert (np.diff(SHARES) > 0.0).all()


def test_normal_tails_against_the_library() -> None:
    z = np.linspace(-9.0, 9.0, 400)
    exact = np.array([0.5 * math.erfc(-x / math.sqrt(2.0)) for x in z])
    np.testing.assert_allclose(below(z), exact, rtol=2e-7)
    logs = [
        math.log(e) if x < 0.0 else math.log1p(-below(-x)) for x, e in zip(z, exact, strict=True)
    ]
    np.testing.assert_allclose(log_below(z), logs, rtol=2e-7)
    hazard = density(z) / below(z)
    np.testing.assert_allclose(index_of_hazard(hazard), z, atol=1e-4)
    up = z[z > 0.0]
    np.testing.assert_allclose(index_of_density(density(up)), up, atol=1e-9)


@pytest.mark.parametrize("freedom", [4.0, 10.0, 50.0])
def test_students_quantiles_against_the_integral_of_its_density(freedom: float) -> None:
    t = np.linspace(-60.0, 60.0, 600_001)
    log_density = -(freedom + 1.0) / 2.0 * np.log1p(t * t / freedom)
    mass = np.cumsum(np.exp(log_density))
    mass /= mass[-1]
    for z in (-3.0, -2.0, -1.0, 0.5, 2.5):
        exact = np.interp(0.5 * math.erfc(-z / math.sqrt(2.0)), mass, t)
        share = np.interp(student(np.array([z]), np.array([freedom]))[0], t, mass)
        truth = np.interp(exact, t, mass)
        assert abs(share - truth) < 0.5 / freedom * min(truth, 1.0 - truth)


@settings(max_examples=12, deadline=None)
@given(seed=seeds, gain_db=st.floats(0.2, 4.0), speed=st.floats(0.0, 0.5))
def test_the_probability_of_being_in_time_against_drawing_it(
    seed: int, gain_db: float, speed: float
) -> None:
    rng = np.random.default_rng(seed)
    problem = mel.scenarios.table1(learners=6, cycle_s=30.0, seed=seed % 500)
    plan = mel.solve(problem.with_budgets(cycle_s=float(rng.uniform(20.0, 31.0))))
    if not plan:
        return
    given = plan.allocation
    cycle: Cycle = cycle_of(
        problem.radio, problem.payload, problem.learners.columns(), plan.tau, given.samples,
        given.bandwidth_hz, given.power_w, 30.0,
    )  # fmt: skip
    none, sure = np.zeros(6), np.full(6, np.inf)
    scales = np.full(6, gain_db * math.log(10.0) / 10.0), np.full(6, speed)
    beliefs = Beliefs(
        Belief(np.log(problem.learners.gain), scales[0], sure),
        Belief(np.log(problem.learners.flops_per_s), scales[1], sure),
    )
    told = in_time(cycle, beliefs, none, none)
    draws = rng.standard_normal((2, 20_000, 6))
    gains = problem.learners.gain * np.exp(scales[0] * draws[0])
    speeds = problem.learners.flops_per_s * np.exp(scales[1] * draws[1])
    kept = np.mean(sum(cycle.times(gains, speeds)) <= 30.0, axis=0)
    assert np.abs(told - kept).max() < 4.5 * 0.5 / math.sqrt(20_000)
