"""The least energy of learners that receive over the shared link, by other means than the solver's.

Of one or two learners every split, by golden sections over bandwidth and power; of given samples of
any learners a dual bound and what is spent there, with each rate bought by a golden section.
"""

import math

import numpy as np

import mel_fast as mel
from energies import lowest, sizes
from speeds import noise_of, task

BITS = 28_100
LATE = 1e6  # joules that stand for a plan that is late; more where it is later


def cell(
    count: int = 12, seed: int = 3, law: str = "density", cycle_s: float = 0.5, **columns: object
) -> mel.Problem:
    """A cell whose orchestrator sends; with the density law each sample is bits, too."""
    rng = np.random.default_rng(seed)
    gain = 10 ** (-(128.1 + 37.6 * np.log10(rng.uniform(0.05, 0.5, count))) / 10)
    words = {
        "flops_per_s": rng.uniform(1e9, 2e9, count), "energy_coefficient": 1e-28,
        "return_bandwidth_hz": 1e6, "return_power_w": 0.01, **columns,
    }  # fmt: skip
    return mel.Problem(
        mel.LearningTask(
            samples=500 * count, features=1, feature_bits=16 if law == "density" else 1,
            fixed_parameters=BITS, parameters_per_sample=0, parameter_bits=1, flops_per_sample=2e4,
            setting="parallelized" if law == "density" else "federated",
        ),
        mel.Learners(gain=gain, **words),
        mel.Radio(4e5 * count, 0.02 * count, **noise_of(law)),
        cycle_s=cycle_s,
    )  # fmt: skip


def drawn(seed: int) -> mel.Problem:
    """One or two learners, few samples, each law and each reading."""
    rng = np.random.default_rng(seed)
    law, idle, count, samples, fastest, flops, cycle, bits, each = sizes(rng, seed, 0.8)
    power = 10 ** rng.uniform(-3, -1)
    caps = {3: {"max_bandwidth_hz": 3e5}, 4: {"max_power_w": 0.6 * power}}.get(seed % 5, {})
    return mel.Problem(
        task(samples, flops),
        mel.Learners(
            flops_per_s=fastest, gain=10 ** rng.uniform(-12.5, -10, count),
            return_bandwidth_hz=1e6, return_power_w=10 ** rng.uniform(-3, -1, count),
            energy_coefficient=10 ** rng.uniform(-28.3, -27.5, count),
            min_flops_per_s=fastest * rng.choice([0.0, 0.3, 0.8], count), **caps,
        ),
        mel.Radio(rng.uniform(1e5, 6e5) * count, power, **noise_of(law)),
        cycle,
        idle,
        mel.Payload(
            send_bits=bits, send_bits_per_sample=each,
            return_bits=0.1 * bits, return_bits_per_sample=0.1 * each,
        ),
    )  # fmt: skip


def energy(problem: mel.Problem, k: int, tau: int, d: int, band: float, power: float) -> float:
    """What a learner spends that gets so much of both; LATE or more where it is late."""
    if problem.idle == "excused" and d == 0:
        return 0.0
    learners = problem.learners
    for name, cap in (("max_bandwidth_hz", band), ("max_power_w", power)):
        if getattr(learners, name) is not None and cap > getattr(learners, name)[k]:
            band, power = (
                (float(learners.max_bandwidth_hz[k]), power)
                if name == "max_bandwidth_hz"
                else (band, float(learners.max_power_w[k]))
            )
    if band <= 0.0 or power <= 0.0:
        return 2 * LATE
    sent, sent_each, back, back_each, flops = problem.payload.of(k)
    noise = problem.radio.noise * (band if problem.law == "density" else 1.0) / learners.gain[k]
    seconds = (sent + sent_each * d) * math.log(2) / (band * math.log1p(power / noise))
    returning = (back + back_each * d) / problem.constant_rates()[k]
    left, work = problem.cycle_s - seconds - returning, tau * d * flops
    late = work / learners.flops_per_s[k] - left
    if late > 0.0:
        return LATE * (1.0 + math.atan(late / problem.cycle_s))
    speed = max(work / left, learners.min_flops_per_s[k]) if work else 0.0
    spent = learners.energy_coefficient[k] * speed**2 * work
    return spent + learners.return_power_w[k] * returning


def of_split(problem: mel.Problem, tau: int, split: tuple[int, ...]) -> float:
    """The least energy of one or two learners' samples, over shares of both budgets."""
    band, power = problem.radio.bandwidth_hz, problem.radio.power_w
    assert power is not None
    idle = [problem.idle == "excused" and d == 0 for d in split]
    if len(split) == 1 or idle[1]:
        return energy(problem, 0, tau, split[0], band, power)
    if idle[0]:
        return energy(problem, 1, tau, split[1], band, power)

    def total(x: float, y: float) -> float:
        first = energy(problem, 0, tau, split[0], band * x, power * y)
        return first + energy(problem, 1, tau, split[1], band * (1.0 - x), power * (1.0 - y))

    half = np.geomspace(1e-4, 0.5, 8)
    shares = np.concatenate([half, 1.0 - half[-2::-1]])

    def over_power(x: float) -> float:
        values = [total(x, y) for y in shares]
        at = int(np.argmin(values))
        low, high = shares[max(at - 1, 0)], shares[min(at + 1, shares.size - 1)]
        return lowest(lambda y: total(x, y), low, high, 40)

    values = [over_power(x) for x in shares]
    at = int(np.argmin(values))
    low, high = shares[max(at - 1, 0)], shares[min(at + 1, shares.size - 1)]
    return lowest(over_power, low, high, 40)
