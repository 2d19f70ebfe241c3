"""Problems whose return is shared: ones that are planned forward, turned round."""

from typing import Any

import numpy as np

import mel_fast as mel
from mel_fast import reference
from strategies import LAWS


def turned(problem: mel.Problem) -> mel.Problem:
    """Return the problem with its two links swapped, and the return planned in place of sending."""
    learners, payload = problem.learners, problem.payload
    columns = learners.columns()
    columns["send_bandwidth_hz"] = columns.pop("return_bandwidth_hz")
    columns["send_power_w"] = columns.pop("return_power_w")
    swapped = mel.Payload(
        send_bits=payload.return_bits,
        send_bits_per_sample=payload.return_bits_per_sample,
        return_bits=payload.send_bits,
        return_bits_per_sample=payload.send_bits_per_sample,
        flops_per_sample=payload.flops_per_sample,
    )
    return mel.Problem(
        problem.task,
        mel.Learners(**columns),
        problem.radio.replace(shared="return"),
        problem.cycle_s,
        problem.idle,
        swapped,
    )


def with_own_power(problem: mel.Problem, rng: np.random.Generator) -> mel.Problem:
    """Take the common power budget away, and draw everybody's own limit around an equal share."""
    count, power_w = len(problem.learners), problem.radio.power_w
    own = power_w / count * 10 ** rng.uniform(-1.0, 1.0, count)
    return problem.replace(
        learners=problem.learners.replace(max_power_w=own),
        radio=problem.radio.replace(power_w=None),
    )


def random_uplink(seed: int, limits: tuple[str, ...] = (), **sizes: Any) -> mel.Problem:
    """Draw a small problem without a common power budget, with some of the limits."""
    rng = np.random.default_rng([seed, 15])
    sizes = {"learners": int(rng.integers(2, 5)), "samples": int(rng.integers(3, 8)), **sizes}
    problem = reference.random_problem(
        rng, law=LAWS[seed % 2], idle=("served", "excused")[seed // 2 % 2], **sizes
    )
    if limits:
        drawn = reference.random_limits(rng, problem, limits)
        problem = problem.replace(learners=problem.learners.replace(**drawn))
    return with_own_power(turned(problem), rng)


def with_energy(problem: mel.Problem, rng: np.random.Generator) -> mel.Problem:
    """Draw energies for computing and sending around what a plan without them takes."""
    count, learners = len(problem.learners), problem.learners
    tau = max(1, mel.solve(problem).tau)
    per_flop = 10 ** rng.uniform(-12, -9, count) * (rng.random(count) < 0.8)
    flops = tau * problem.task.samples / count * problem.payload.flops_per_sample
    energy = flops * per_flop
    energy = energy + learners.max_power_w * problem.cycle_s * 10 ** rng.uniform(-2, 0, count)
    energy = energy * 10 ** rng.uniform(-0.5, 0.3, count)
    energy = np.where(rng.random(count) < 0.85, energy, np.inf)
    return problem.replace(learners=learners.replace(energy_j=energy, energy_per_flop_j=per_flop))


def cell(learners: int = 50, seed: int = 0, own_w: float = 0.01, **changes: Any) -> mel.Problem:
    """Return a cell of 500 m: federated learning over a shared uplink of 20 MHz at -174 dBm/Hz."""
    rng = np.random.default_rng(seed)
    km = 0.5 * np.sqrt(rng.uniform(0.0004, 1.0, learners))
    words: dict[str, Any] = {
        "flops_per_s": rng.uniform(1e9, 3e9, learners),
        "gain": 10.0 ** (-0.1 * (128.1 + 37.6 * np.log10(km))),
        "send_bandwidth_hz": 20e6,
        "send_power_w": 1.0,
        "max_power_w": own_w,
    }
    words.update(changes)
    task = mel.LearningTask(
        samples=1000 * learners,
        features=784,
        feature_bits=8,
        fixed_parameters=878,
        parameters_per_sample=0,
        parameter_bits=32,
        flops_per_sample=1e6,
        setting="federated",
    )
    power_w = words.pop("power_w", None)
    radio = mel.Radio(20e6, power_w, noise_density_w_per_hz=1e-3 * 10.0**-17.4, shared="return")
    return mel.Problem(task, mel.Learners(**words), radio, 10.0)
