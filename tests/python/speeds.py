"""Learners whose speed is chosen, by brute force: every split of a few samples, every speed.

The least bandwidth of a learner is found by golden section over the speed, the power following from
what is left of the energy, in mpmath-free double precision: independent of the solver's roots.
"""

import math

import numpy as np
from numpy.typing import NDArray

import mel_fast as mel

GOLDEN = (math.sqrt(5) - 1) / 2


def task(samples: int, flops: float) -> mel.LearningTask:
    """So many samples, each so much work; what is sent is for a payload to say."""
    return mel.LearningTask(
        samples=samples, features=1, feature_bits=1, fixed_parameters=1, parameters_per_sample=0,
        parameter_bits=1, flops_per_sample=flops, setting="federated",
    )  # fmt: skip


def noise_of(law: str) -> dict[str, float]:
    """The noise of a radio with either law."""
    return {"noise_density_w_per_hz": 3.98e-21} if law == "density" else {"noise_power_w": 4e-15}


def at_its_speeds(plan: mel.Plan) -> mel.Simulation:
    """What happens to a plan of six learners keeps the energies that a round leaves of theirs."""
    calm = mel.simulate(plan)
    assert {outcome.lost for outcome in calm.outcomes.values()} == {0}
    told = mel.simulate(plan, failures=[0], gain_drift=1.0, seed=1)
    again = told.outcomes["reassign"].plan
    assert again is not None
    left = plan.problem.learners.energy_j[told.outcomes["reassign"].learners]
    assert (again.problem.learners.energy_j < left).all()
    assert (again.energy_j <= again.problem.learners.energy_j).all()
    return told


def random_problem(
    seed: int, count: int, samples: int, law: str = "density", idle: str = "excused"
) -> mel.Problem:
    """A few learners at the edge of their energies."""
    rng = np.random.default_rng(seed)
    gain = 10 ** rng.uniform(-12.5, -10, count)
    fastest = rng.uniform(0.5e9, 3e9, count)
    noise = 3.98e-21 if law == "density" else 3.98e-21 * 1e6
    radio = mel.Radio(
        rng.uniform(1e5, 6e5) * count,
        shared="return",
        **{"noise_density_w_per_hz" if law == "density" else "noise_power_w": noise},
    )
    flops = 10 ** rng.uniform(6.5, 7.3)
    cycle = rng.uniform(0.5, 4.0) * samples * flops * 3 / (1e9 * count)
    spend = 1e-28 * 1e18 * flops * samples / count
    learners = mel.Learners(
        flops_per_s=fastest,
        gain=gain,
        send_bandwidth_hz=1e6,
        send_power_w=1.0,
        max_power_w=10 ** rng.uniform(-3, -1, count),
        energy_j=spend * rng.uniform(0.3, 6.0, count),
        energy_coefficient=10 ** rng.uniform(-28.3, -27.5, count),
        min_flops_per_s=fastest * rng.choice([0.0, 0.3, 0.8], count),
    )
    bits = rng.uniform(0.05, 0.4) * cycle * 1e6
    return mel.Problem(
        task=task(samples, flops),
        learners=learners,
        radio=radio,
        cycle_s=cycle,
        idle=idle,
        payload=mel.Payload(
            send_bits=0.1 * bits, send_bits_per_sample=0.0,
            return_bits=bits, return_bits_per_sample=rng.choice([0.0, 0.2]) * bits / samples,
        ),
    )  # fmt: skip


def bandwidth_at(problem: mel.Problem, k: int, tau: int, d: int, speed: float) -> float:
    """The least bandwidth of a learner at a speed; infinite where there is none."""
    learners, payload = problem.learners, problem.payload
    sent, sent_each, back, back_each, flops = payload.of(k)
    gain, noise = learners.gain[k], problem.radio.noise
    density = problem.law == "density"
    down = problem.constant_rates()[k]
    work = tau * d * flops
    seconds = problem.cycle_s - (sent + sent_each * d) / down - work / speed
    bits = back + back_each * d
    left = learners.energy_j[k] - learners.energy_coefficient[k] * speed**2 * work
    if seconds <= 0 or left <= 0:
        return math.inf
    power = min(learners.max_power_w[k], left / seconds)
    rate = bits / seconds
    if not density:
        return rate / math.log2(1 + power * gain / noise)
    if power * gain / (noise * math.log(2)) <= rate:
        return math.inf
    low, high = 1e-300, 1e300
    for _ in range(3000):
        middle = math.sqrt(low * high)
        if middle in (low, high):
            break
        if middle * math.log1p(power * gain / (noise * middle)) / math.log(2) >= rate:
            high = middle
        else:
            low = middle
    return high


def least_bandwidth(problem: mel.Problem, k: int, tau: int, d: int) -> float:
    """The least bandwidth over the speeds: a valley, so golden section in its logarithm."""
    learners = problem.learners
    if problem.idle == "excused" and d == 0:
        return 0.0
    if d == 0:
        return bandwidth_at(problem, k, tau, d, learners.flops_per_s[k])
    # Where both seconds and joules are left, which may be a narrow window.
    sent, sent_each, _, _, flops = problem.payload.of(k)
    work = tau * d * flops
    spare = problem.cycle_s - (sent + sent_each * d) / problem.constant_rates()[k]
    if spare <= 0:
        return math.inf
    joules = learners.energy_j[k] / (learners.energy_coefficient[k] * work)
    fastest = math.log(min(learners.flops_per_s[k], math.sqrt(joules)))
    slowest = math.log(max(learners.min_flops_per_s[k], work / spare))
    if slowest > fastest:
        return math.inf

    def need(x: float) -> float:
        return bandwidth_at(problem, k, tau, d, math.exp(x))

    grid = np.linspace(slowest, fastest, 120)
    values = [need(x) for x in grid]
    i = int(np.argmin(values))
    low, high = grid[max(i - 1, 0)], grid[min(i + 1, grid.size - 1)]
    for _ in range(90):
        a, b = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        if need(a) <= need(b):
            high = b
        else:
            low = a
    return min(need(0.5 * (low + high)), *values)


def largest_tau(problem: mel.Problem, most: int = 40, room: float = 1.0) -> int:
    """The most local cycles, by every split of the samples."""
    count, samples = len(problem.learners), problem.task.samples
    best = 0
    for tau in range(1, most + 1):
        need: NDArray[np.float64] = np.array(
            [
                [least_bandwidth(problem, k, tau, d) for d in range(samples + 1)]
                for k in range(count)
            ]
        )
        total = need[0]
        for k in range(1, count):
            total = np.array(
                [min(total[: d + 1] + need[k, : d + 1][::-1]) for d in range(samples + 1)]
            )
        if total[samples] > problem.radio.bandwidth_hz * room:
            return best
        best = tau
    return best
