"""The least energy of few samples, and at prices near nothing or beyond everything."""

import numpy as np
import pytest

import mel_fast as mel
from energies import least_energy, of_split
from receivers import of_split as received


def payload(send, send_each, back, back_each, flops=None) -> mel.Payload:
    return mel.Payload(
        send_bits=send, send_bits_per_sample=send_each,
        return_bits=back, return_bits_per_sample=back_each, flops_per_sample=flops,
    )  # fmt: skip


TASK = mel.LearningTask(
    samples=4, features=25, feature_bits=8, fixed_parameters=10, parameters_per_sample=0,
    parameter_bits=16, flops_per_sample=3.7e6, setting="parallelized",
)  # fmt: skip


def sender(noise: float, band: float, cycle_s: float, bits, samples, **learner) -> mel.Problem:
    """One learner that sends to the orchestrator and chooses its speed."""
    return mel.Problem(
        TASK.replace(samples=samples),
        mel.Learners(send_bandwidth_hz=1e6, send_power_w=5.5, min_flops_per_s=[0.0], **learner),
        mel.Radio(band, None, noise_density_w_per_hz=noise, shared="return"),
        cycle_s,
        payload=payload(*bits),
    )


def is_least(problem: mel.Problem, tau: int, spent=of_split, within: float = 1e-6) -> float:
    """Compare the plan with the least of every split; return the relative gap that is left."""
    found, least = mel.least(problem, tau, "energy_j"), least_energy(problem, tau, spent)
    assert found.value == pytest.approx(least, rel=within)
    assert found.bound <= least * (1 + 1e-9)
    return found.width


@pytest.mark.parametrize("tau", [3, 4, 5])
def test_one_who_must_hold_all_that_the_cycle_allows(tau) -> None:
    """At tau = 4 and 5 no worth of a sample makes it hold more than four, nor is one needed."""
    problem = sender(
        1.7246e-6, 1.3696e6, 9.618, (197.8, 75.68, 420.1, 16.6, 3.7065e6), 4,
        flops_per_s=1.55157e7, gain=[7902.0], max_power_w=0.9634, energy_coefficient=3.1622e-21,
    )  # fmt: skip
    assert is_least(problem, tau) < 1e-6


@pytest.mark.parametrize("tau", [1, 2])
def test_bandwidth_that_is_worth_less_than_rounding_leaves_is_no_obstacle(tau) -> None:
    """Sending costs 1e-10 of what computing does, and takes as little of the cycle."""
    problem = sender(
        8.3298e-6, 9.717e5, 95178.4, (0.0, 400.0, 0.0, 48.0, 5.0873e6), 5,
        flops_per_s=534.5016, gain=[44.904], max_power_w=3.4777, energy_coefficient=1.73167e-7,
    )  # fmt: skip
    assert is_least(problem, tau) < 1e-4


@pytest.mark.parametrize("tau", [1, 2, 3])
def test_where_the_learner_in_the_middle_computes_for_nothing(tau) -> None:
    """The first prices are those of a learner that spends something on computing."""
    for order in ([0, 1], [1, 0]):
        learners = mel.Learners(
            flops_per_s=[1.58e8, 3.64e7], gain=[0.333, 1.46], return_bandwidth_hz=3.5e6,
            return_power_w=[0.034, 0.125], energy_coefficient=[1.6e-26, 0.0],
            min_flops_per_s=[0.0, 0.0],
        ).take(order)  # fmt: skip
        problem = mel.Problem(
            TASK.replace(flops_per_sample=2.284e5),
            learners,
            mel.Radio(5.0275e6, 0.1268, noise_density_w_per_hz=3.739e-8),
            0.0373,
            payload=payload(1600.0, 48.0, 1600.0, 48.0),
        )
        is_least(problem, tau, received)


def excused(samples: int, seed: int) -> mel.Problem:
    """Two learners who may rest; what returning costs whoever takes part is a large share."""
    rng = np.random.default_rng(seed)
    fastest = rng.uniform(4e7, 1.4e8, 2)
    return mel.Problem(
        TASK.replace(samples=samples),
        mel.Learners(
            fastest, gain=10 ** rng.uniform(-0.3, 0.7, 2), send_bandwidth_hz=1e5, send_power_w=3.5,
            max_power_w=rng.uniform(0.5, 2.0, 2),
            energy_coefficient=10 ** rng.uniform(-24.5, -23, 2),
            min_flops_per_s=np.zeros(2),
        ),
        mel.Radio(1.8e5, None, noise_density_w_per_hz=3.8e-7, shared="return"),
        0.07 * samples,
        "excused",
        payload(16000.0, 200.0, 16000.0, 40.0, 1.66e6),
    )  # fmt: skip


def test_of_few_samples_the_plan_is_the_least_of_every_split_and_proved_to_be() -> None:
    """One sample from one to another may help nobody where two would, and one pair of prices
    leaves up to half of what is spent open: boxes of splits with prices of their own close it."""
    in_boxes = 0
    for seed in range(12):
        problem = excused(2 + seed % 4, seed)
        if mel.solve(problem).tau:
            assert is_least(problem, 1) < 1e-6
            in_boxes += len(mel.least(problem, 1, "energy_j").plan.least_energy.tree) > 1
    assert in_boxes >= 3
