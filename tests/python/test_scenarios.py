"""Table I: what is drawn, that draws are counted, and that they are the same everywhere."""

import numpy as np
import pytest

from mel_fast import channel, scenarios
from mel_fast.scenarios import streams


def test_defaults_are_the_papers_table():
    problem = scenarios.table1()
    assert len(problem.learners) == 20
    assert problem.task.samples == 60_000
    assert problem.task.model_bits == 8_974_080
    assert problem.task.flops_per_sample == 1_123_736
    assert problem.radio.bandwidth_hz == 100e6
    assert problem.radio.power_w == pytest.approx(0.2, rel=0.003)
    assert (problem.law, problem.idle, problem.cycle_s) == ("density", "served", 30.0)


def test_draws_are_the_same_on_every_machine():
    gain = scenarios.table1(3, seed=42, draw=5).learners.gain
    assert [g.hex() for g in gain.tolist()] == [
        "0x1.6b7764089c47bp-39",
        "0x1.6cebb81fdc596p-39",
        "0x1.b11333a85f643p-35",
    ]
    mixed = scenarios.table1(
        2, seed=1, fading="rician:6", attenuation=channel.UrbanMicro(3.5e9)
    ).learners.gain
    assert [g.hex() for g in mixed.tolist()] == ["0x1.9a5904b95bbb9p-29", "0x1.edee67c89ca34p-27"]


def test_a_draw_uses_numpys_own_jumped_stream():
    bits = np.random.PCG64(np.random.SeedSequence(9)).jumped(4)
    u = np.random.Generator(bits).random((6, 2))
    expected = 10**-7.7 * (50.0 * np.sqrt(u[:, 0])) ** -2.1 * -np.log(u[:, 1])
    np.testing.assert_allclose(scenarios.table1(6, seed=9, draw=4).learners.gain, expected)


@pytest.mark.parametrize("learners", [1, 7, 20])
def test_rows_of_a_batch_are_single_draws(learners):
    batch = scenarios.table1_draws(5, learners, seed=3, first_draw=2, fading="nakagami:1.5")
    for i in range(len(batch)):
        alone = scenarios.table1(learners, seed=3, draw=2 + i, fading="nakagami:1.5")
        assert batch.problem(i) == alone


def test_blocks_do_not_show(monkeypatch):
    whole = scenarios.table1_draws(7, 10, seed=1).gain
    large = scenarios.table1(100, seed=1).learners.gain
    monkeypatch.setattr(streams, "BLOCK", 16)
    np.testing.assert_array_equal(scenarios.table1_draws(7, 10, seed=1).gain, whole)
    np.testing.assert_array_equal(scenarios.table1(100, seed=1).learners.gain, large)


def test_a_smaller_k_is_the_start_of_a_larger_one():
    few, many = (scenarios.table1(k, seed=8, draw=1).learners for k in (10, 20))
    np.testing.assert_array_equal(few.gain, many.gain[:10])
    np.testing.assert_array_equal(few.flops_per_s, many.flops_per_s[:10])


def test_seeds_and_draws_differ():
    gains = [scenarios.table1(5, seed=s, draw=i).learners.gain for s in (0, 1) for i in (0, 1)]
    assert len({tuple(g.tolist()) for g in gains}) == 4


def test_half_of_the_learners_are_of_each_kind():
    speeds = scenarios.table1(21).learners.flops_per_s
    assert (speeds == 2.4e9).sum() == 11
    assert (speeds == 0.7e9).sum() == 10


@pytest.mark.parametrize(
    ("word", "bandwidth_hz", "powers"),
    [
        ("fixed", 100e6, 1),
        ("per_learner", 200e6, 40),
        ("bandwidth_per_learner", 200e6, 1),
        ("power_per_learner", 100e6, 40),
    ],
)
def test_budgets_stay_or_grow_with_the_learners(word, bandwidth_hz, powers):
    radio = scenarios.table1(40, budgets=word).radio
    assert radio.bandwidth_hz == bandwidth_hz
    assert radio.power_w == powers * scenarios.NODE_POWER_W


def test_the_fixed_law_takes_noise_over_a_bandwidth():
    density = scenarios.NOISE_DENSITY_W_PER_HZ
    assert scenarios.table1(law="fixed").radio.noise_power_w == density * 100e6
    assert scenarios.table1(law="fixed", noise_bandwidth_hz=1.0).radio.noise_power_w == density


def test_given_gains_are_used():
    problem = scenarios.table1(2, gain=[1e-9, 3e-9])
    np.testing.assert_array_equal(problem.learners.gain, [1e-9, 3e-9])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"learners": 0}, "learners"),
        ({"seed": -1}, "seed"),
        ({"draw": -1}, "draw"),
        ({"budgets": "more"}, "budgets"),
        ({"law": "shannon"}, "law"),
        ({"radius_m": float("nan")}, "radius_m"),
        ({"noise_bandwidth_hz": 1.0}, "noise_bandwidth_hz"),
        ({"device_mix": ()}, "device_mix"),
        ({"gain": [1e-9]}, "gain has 1 entries, learners is 20"),
        ({"gain": [0.0] * 20}, r"gain\[0\]"),
        ({"feature_bits": 0}, "feature_bits"),
        ({"cycle_s": -1.0}, "cycle_s"),
        ({"extra_loss_db": 1e9}, "loss"),
    ],
)
def test_a_wrong_parameter_is_named(changed, message):
    with pytest.raises(ValueError, match=message):
        scenarios.table1(**changed)


@pytest.mark.parametrize("changed", [{"learners": 2.5}, {"seed": "0"}, {"learners": True}])
def test_a_wrong_type_is_named(changed):
    with pytest.raises(TypeError, match=next(iter(changed))):
        scenarios.table1(**changed)


def test_more_learners_than_memory_are_refused_before_they_are_drawn(monkeypatch):
    monkeypatch.setattr("mel_fast._base.memory.available_bytes", lambda: 10**9)
    with pytest.raises(MemoryError, match="a draw of 1,000,000,000 learners needs"):
        scenarios.table1(1_000_000_000)
    assert len(scenarios.table1(1_000_000).learners) == 1_000_000
