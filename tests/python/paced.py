"""Learners whose speed is chosen within an energy while the orchestrator sends, by brute force.

Every split of a few samples; of a split, the highest speed of each learner by halves, and the least
power for all of the bandwidth by halves on its price: no line of the solver, and none of its roots.
"""

import itertools
import math

import numpy as np

import mel_fast as mel
from speeds import noise_of, task


def drawn(seed: int, count: int | None = None, samples: int | None = None) -> mel.Problem:
    """A few learners at the edge of their energies: both laws, both readings, all caps."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 4)) if count is None else count
    samples = int(rng.integers(3, 9)) if samples is None else samples
    law, idle = ("density", "fixed")[seed % 2], ("excused", "served")[seed // 2 % 2]
    fastest = rng.uniform(0.5e9, 3e9, count)
    flops = 10 ** rng.uniform(6.0, 7.3)
    cycle = rng.uniform(0.8, 5.0) * samples * flops * 6 / (1e9 * count)
    bits = rng.uniform(0.05, 0.4) * cycle * 1e6
    each = 0.0 if law == "fixed" else rng.choice([0.0, 0.2]) * bits / samples
    power = 10 ** rng.uniform(-3, -1)
    coefficient = 10 ** rng.uniform(-28.3, -27.5, count)
    spend = coefficient * fastest**2 * flops * samples / count
    caps = {
        3: {"max_bandwidth_hz": 3e5}, 4: {"max_power_w": 0.6 * power},
        5: {"max_bandwidth_hz": 4e5, "max_power_w": 0.7 * power},
    }.get(seed % 7, {})  # fmt: skip
    return mel.Problem(
        task(samples, flops),
        mel.Learners(
            flops_per_s=fastest, gain=10 ** rng.uniform(-12.5, -10, count),
            return_bandwidth_hz=1e6, return_power_w=10 ** rng.uniform(-3, -1, count),
            energy_j=spend * 10 ** rng.uniform(-0.6, 1.0, count),
            energy_coefficient=coefficient,
            min_flops_per_s=fastest * rng.choice([0.0, 0.3, 0.8], count), **caps,
        ),
        mel.Radio(rng.uniform(1e5, 6e5) * count, power, **noise_of(law)),
        cycle,
        idle,
        mel.Payload(
            send_bits=bits, send_bits_per_sample=each,
            return_bits=0.1 * bits, return_bits_per_sample=rng.choice([0.0, 0.3]) * bits / samples,
        ),
    )  # fmt: skip


def slack(problem: mel.Problem, k: int, tau: int, d: int) -> float:
    """Seconds left to receive in at the highest speed; minus infinity where no speed is allowed."""
    learners = problem.learners
    _, _, back, back_each, flops = problem.payload.of(k)
    returning = (back + back_each * d) / problem.constant_rates()[k]
    left = learners.energy_j[k] - learners.return_power_w[k] * returning
    work = tau * d * flops
    slow, fast = learners.min_flops_per_s[k], learners.flops_per_s[k]
    joules = learners.energy_coefficient[k] * work
    if left < 0 or joules * slow**2 > left:
        return -math.inf
    if joules * fast**2 > left:
        for _ in range(200):
            middle = 0.5 * (slow + fast)
            if joules * middle**2 <= left:
                slow = middle
            else:
                fast = middle
        fast = slow
    return problem.cycle_s - returning - (work / fast if work else 0.0)


def least_power(problem: mel.Problem, tau: int, split: tuple[int, ...]) -> float:
    """The least power that carries a split over all of the bandwidth; infinite where none does."""
    learners, density = problem.learners, problem.law == "density"
    parts = []
    for k, d in enumerate(split):
        if d == 0 and problem.idle == "excused":
            continue
        seconds = slack(problem, k, tau, d)
        sent, sent_each, *_ = problem.payload.of(k)
        if not seconds > 0:
            return math.inf
        nats = (sent + sent_each * d) * math.log(2) / seconds
        cap = math.inf if learners.max_bandwidth_hz is None else learners.max_bandwidth_hz[k]
        most = math.inf if learners.max_power_w is None else learners.max_power_w[k]
        parts.append((nats, problem.radio.noise / learners.gain[k], cap, most))
    nats, noise, cap, most = (np.array(column) for column in zip(*parts, strict=True))
    most = np.minimum(most, problem.radio.power_w * 1.01)
    cap = np.minimum(cap, problem.radio.bandwidth_hz)

    def power(band: np.ndarray) -> np.ndarray:
        y = np.minimum(nats / band, 600.0)
        return noise * (band if density else 1.0) * np.expm1(y)

    def falls(band: np.ndarray) -> np.ndarray:
        y = np.minimum(nats / band, 600.0)
        if density:
            return noise * (np.exp(y) * (y - 1.0) + 1.0)
        return noise * np.exp(y) * y / band

    def first(test: object) -> np.ndarray:
        """The least bandwidths with what is true from there on; the caps where nothing is."""
        low, high = np.full(nats.size, 1e-3), cap.copy()
        for _ in range(52):
            middle = np.sqrt(low * high)
            yes = test(middle)
            low, high = np.where(yes, low, middle), np.where(yes, middle, high)
        return high

    if (power(cap) > most).any():
        return math.inf
    floor = first(lambda band: power(band) <= most)
    if floor.sum() > problem.radio.bandwidth_hz * (1 + 1e-12):
        return math.inf
    low, high = -60.0, 60.0
    for _ in range(60):
        price = 0.5 * (low + high)
        band = np.maximum(floor, first(lambda band, p=price: falls(band) <= math.exp(p)))
        if band.sum() > problem.radio.bandwidth_hz:
            low = price
        else:
            high = price
    band = np.maximum(floor, first(lambda band: falls(band) <= math.exp(high)))
    return float(power(band).sum())


def fits(problem: mel.Problem, tau: int, room: float) -> bool:
    """Whether any split of the samples fits into so much of the power."""
    samples, count = problem.task.samples, len(problem.learners)
    return any(
        least_power(problem, tau, split) <= problem.radio.power_w * room
        for split in itertools.product(range(samples + 1), repeat=count)
        if sum(split) == samples
    )
