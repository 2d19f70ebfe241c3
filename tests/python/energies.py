"""The least energy of one or two learners by brute force: every split, golden sections within.

Independent of the solver: no prices and no roots; the seconds of sending are searched.
"""

import itertools
import math

import numpy as np

import mel_fast as mel
from speeds import GOLDEN


def lowest(function, low: float, high: float, steps: int = 60) -> float:
    """The least of a function with one valley, ends included."""
    a, b = low, high
    c, d = b - GOLDEN * (b - a), a + GOLDEN * (b - a)
    at_c, at_d = function(c), function(d)
    for _ in range(steps):
        if at_c <= at_d:
            b, d, at_d = d, c, at_c
            c = b - GOLDEN * (b - a)
            at_c = function(c)
        else:
            a, c, at_c = c, d, at_d
            d = a + GOLDEN * (b - a)
            at_d = function(d)
    return min(at_c, at_d, function(low), function(high))


def drawn(seed: int) -> mel.Problem:
    """One or two learners, few samples, each law and each reading."""
    rng = np.random.default_rng(seed)
    law, idle = ("density", "fixed")[seed % 2], ("excused", "served")[seed // 2 % 2]
    count, samples = 1 + (seed % 3 != 0), int(rng.integers(2, 6))
    fastest = rng.uniform(0.5e9, 3e9, count)
    flops = 10 ** rng.uniform(6.0, 7.3)
    cycle = rng.uniform(0.6, 5.0) * samples * flops * 3 / (1e9 * count)
    bits = rng.uniform(0.05, 0.4) * cycle * 1e6
    noise = {"noise_density_w_per_hz": 3.98e-21} if law == "density" else {"noise_power_w": 4e-15}
    each = 0.0 if law == "fixed" else rng.choice([0.0, 0.2]) * bits / samples
    return mel.Problem(
        mel.LearningTask(
            samples=samples, features=1, feature_bits=1, fixed_parameters=1,
            parameters_per_sample=0, parameter_bits=1, flops_per_sample=flops, setting="federated",
        ),
        mel.Learners(
            flops_per_s=fastest, gain=10 ** rng.uniform(-12.5, -10, count),
            send_bandwidth_hz=1e6, send_power_w=1.0, max_power_w=10 ** rng.uniform(-3, -1, count),
            energy_coefficient=10 ** rng.uniform(-28.3, -27.5, count),
            min_flops_per_s=fastest * rng.choice([0.0, 0.3, 0.8], count),
        ),
        mel.Radio(rng.uniform(1e5, 6e5) * count, shared="return", **noise),
        cycle,
        idle,
        mel.Payload(
            send_bits=0.1 * bits, send_bits_per_sample=0.0,
            return_bits=bits, return_bits_per_sample=each,
        ),
    )  # fmt: skip


def energy(problem: mel.Problem, k: int, tau: int, d: int, band: float) -> float:
    """The least energy of a learner with so much bandwidth; infinite where it is late."""
    if problem.idle == "excused" and d == 0:
        return 0.0
    if band <= 0.0:
        return math.inf
    learners = problem.learners
    sent, sent_each, back, back_each, flops = problem.payload.of(k)
    spare = problem.cycle_s - (sent + sent_each * d) / problem.constant_rates()[k]
    work, nats = tau * d * flops, (back + back_each * d) * math.log(2)
    noise = problem.radio.noise * (band if problem.law == "density" else 1.0) / learners.gain[k]
    longest = spare - work / learners.flops_per_s[k]
    shortest = nats / (band * math.log1p(learners.max_power_w[k] / noise))
    if shortest > longest:
        return math.inf

    def total(seconds: float) -> float:
        speed = max(work / (spare - seconds), learners.min_flops_per_s[k])
        sending = math.expm1(nats / (band * seconds)) * noise * seconds
        return sending + learners.energy_coefficient[k] * speed**2 * work

    return lowest(total, shortest, longest)


def of_split(problem: mel.Problem, tau: int, split: tuple[int, ...]) -> float:
    """The least energy of one or two learners' samples, over shares of the bandwidth."""
    band = problem.radio.bandwidth_hz
    idle = [problem.idle == "excused" and d == 0 for d in split]
    if len(split) == 1 or idle[1]:
        return energy(problem, 0, tau, split[0], band)
    if idle[0]:
        return energy(problem, 1, tau, split[1], band)

    def total(share: float) -> float:
        first = energy(problem, 0, tau, split[0], band * share)
        return first + energy(problem, 1, tau, split[1], band * (1.0 - share))

    half = np.geomspace(1e-6, 0.5, 40)
    shares = np.concatenate([half, 1.0 - half[-2::-1]])
    values = [total(share) for share in shares]
    at = int(np.argmin(values))
    if math.isinf(values[at]):
        return math.inf
    return lowest(total, shares[max(at - 1, 0)], shares[min(at + 1, shares.size - 1)], 40)


def least_energy(problem: mel.Problem, tau: int) -> float:
    """The least of every split."""
    samples, count = problem.task.samples, len(problem.learners)
    splits = itertools.product(range(samples + 1), repeat=count)
    return min(of_split(problem, tau, split) for split in splits if sum(split) == samples)
