"""The least energy of one or two learners by brute force: every split, golden sections within.

Independent of the solver: no prices and no roots; the seconds of sending are searched.
"""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

import mel_fast as mel
from speeds import GOLDEN, noise_of, task

OfSplit = Callable[[mel.Problem, int, tuple[int, ...]], float]


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


def sizes(rng: np.random.Generator, seed: int, shortest: float) -> tuple:
    """What one or two learners with few samples begin with; the last is bits a sample."""
    law, idle = ("density", "fixed")[seed % 2], ("excused", "served")[seed // 2 % 2]
    count, samples = 1 + (seed % 3 != 0), int(rng.integers(2, 6))
    fastest = rng.uniform(0.5e9, 3e9, count)
    flops = 10 ** rng.uniform(6.0, 7.3)
    cycle = rng.uniform(shortest, 5.0) * samples * flops * 3 / (1e9 * count)
    bits = rng.uniform(0.05, 0.4) * cycle * 1e6
    each = 0.0 if law == "fixed" else rng.choice([0.0, 0.2]) * bits / samples
    return law, idle, count, samples, fastest, flops, cycle, bits, each


def drawn(seed: int) -> mel.Problem:
    """One or two learners, few samples, each law and each reading."""
    rng = np.random.default_rng(seed)
    law, idle, count, samples, fastest, flops, cycle, bits, each = sizes(rng, seed, 0.6)
    return mel.Problem(
        task(samples, flops),
        mel.Learners(
            flops_per_s=fastest, gain=10 ** rng.uniform(-12.5, -10, count),
            send_bandwidth_hz=1e6, send_power_w=1.0, max_power_w=10 ** rng.uniform(-3, -1, count),
            energy_coefficient=10 ** rng.uniform(-28.3, -27.5, count),
            min_flops_per_s=fastest * rng.choice([0.0, 0.3, 0.8], count),
        ),
        mel.Radio(rng.uniform(1e5, 6e5) * count, shared="return", **noise_of(law)),
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
        needed = work / (spare - seconds) if work > 0 else 0.0
        speed = max(needed, learners.min_flops_per_s[k])
        sending = math.expm1(nats / (band * seconds)) * noise * seconds
        return sending + learners.energy_coefficient[k] * speed**2 * work

    return lowest(total, shortest, longest)


def least_share(problem: mel.Problem, k: int, tau: int, d: int) -> float:
    """The least part of the bandwidth with which a learner is in time, by halves."""
    low, high = 0.0, 1.0
    if math.isinf(energy(problem, k, tau, d, problem.radio.bandwidth_hz)):
        return math.inf
    for _ in range(60):
        middle = 0.5 * (low + high)
        late = math.isinf(energy(problem, k, tau, d, problem.radio.bandwidth_hz * middle))
        low, high = (middle, high) if late else (low, middle)
    return high


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

    fewest = [least_share(problem, k, tau, split[k]) for k in range(2)]
    if sum(fewest) > 1.0:
        return math.inf
    half = np.concatenate([[0.0], np.geomspace(1e-6, 0.5, 40)])
    within = np.concatenate([half, 1.0 - half[-2::-1]])
    shares = fewest[0] + within * (1.0 - sum(fewest))
    values = [total(share) for share in shares]
    at = int(np.argmin(values))
    if math.isinf(values[at]):
        return math.inf
    return lowest(total, shares[max(at - 1, 0)], shares[min(at + 1, shares.size - 1)], 40)


def least_energy(problem: mel.Problem, tau: int, spent: OfSplit = of_split) -> float:
    """The least of every split."""
    samples, count = problem.task.samples, len(problem.learners)
    splits = itertools.product(range(samples + 1), repeat=count)
    return min(spent(problem, tau, split) for split in splits if sum(split) == samples)


def against_every_split(
    problem: mel.Problem, seed: int, *, spent: OfSplit = of_split, below: float = 1e-7
) -> tuple[mel.LeastEnergy, float] | None:
    """Return what is found for some tau, proved, and the least of every split; None without a tau.

    The bound is above the least by no more than the share `below`.
    """
    top = mel.solve(problem).tau
    if not top:
        return None
    tau = 1 + seed % top
    found, least = mel.least(problem, tau, "energy_j"), least_energy(problem, tau, spent)
    assert found.bound <= least * (1 + below)
    assert found.value == pytest.approx(found.plan.energy_j.sum())
    verdict = mel.verify(problem, found.plan)
    assert verdict.ok, verdict.reasons
    return found, least


def _valleys(function, low, high, steps: int, *, left: bool):
    """Where each of many functions is least, by golden sections; of two infinities one side."""
    a, b = low.copy(), high.copy()
    c, d = b - GOLDEN * (b - a), a + GOLDEN * (b - a)
    at_c, at_d = function(c), function(d)
    for _ in range(steps):
        go = at_c <= at_d if left else at_c < at_d
        a, b = np.where(go, a, c), np.where(go, d, b)
        new = np.where(go, b - GOLDEN * (b - a), a + GOLDEN * (b - a))
        at_new = function(new)
        c, d = np.where(go, new, d), np.where(go, c, new)
        at_c, at_d = np.where(go, at_new, at_d), np.where(go, at_c, at_new)
    return np.where(at_c <= at_d, c, d)


def of_samples(problem: mel.Problem, tau: int, samples) -> tuple[float, float]:
    """Return about the value of the dual of given samples, and what a plan spends at it.

    For a price of bandwidth everybody's seconds of sending and spectral efficiency are searched for
    on their own; the price is halved in on until the bandwidth is used.
    """
    learners, payload, band = problem.learners, problem.payload, problem.radio.bandwidth_hz
    density = problem.law == "density"
    level = problem.radio.noise / learners.gain
    work = tau * samples * payload.flops_per_sample
    spare = problem.cycle_s - payload.send_bits / problem.constant_rates()
    nats = payload.return_bits * math.log(2)
    slow = 0.0 if learners.min_flops_per_s is None else learners.min_flops_per_s

    def parts(seconds, nat):
        width = nats / (nat * seconds)
        power = level * (width if density else 1.0) * np.expm1(nat)
        speed = np.maximum(work / (spare - seconds), slow)
        spent = power * seconds + learners.energy_coefficient * speed**2 * work
        return width, np.where(power > learners.max_power_w, np.inf, spent)

    def at(price: float):
        def best_nat(seconds):
            def total(ln_nat):
                width, spent = parts(seconds, np.exp(ln_nat))
                return price * width + spent

            low, high = np.full(work.size, -12.0), np.full(work.size, 4.0)
            return np.exp(_valleys(total, low, high, 30, left=True))

        def total(seconds):
            width, spent = parts(seconds, best_nat(seconds))
            return price * width + spent

        longest = spare - work / learners.flops_per_s
        seconds = _valleys(total, 1e-3 * longest, longest, 30, left=False)
        width, spent = parts(seconds, best_nat(seconds))
        return width.sum(), spent.sum()

    low, high = -60.0, 0.0
    for _ in range(28):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if at(math.exp(middle))[0] > band else (low, middle)
    width, spent = at(math.exp(high))
    assert width <= band
    return spent + math.exp(high) * (width - band), spent
