"""Resource blocks by brute force: every split and every assignment of blocks, one by one.

Nothing here is shared with the solver, the checker or the reference; formulas stand as in the
paper. Only for a handful of learners, samples and blocks.
"""

import itertools
import math
from fractions import Fraction


def splits(total: int, parts: int) -> list[tuple[int, ...]]:
    """Return all tuples of non-negative integers with the given sum."""
    counts = itertools.product(range(total + 1), repeat=parts)
    return [split for split in counts if sum(split) == total]


def column(problem, name: str, neutral: float) -> list[float]:
    """Return a limit of all learners as numbers."""
    given = getattr(problem.learners, name)
    return [neutral] * len(problem.learners) if given is None else [float(x) for x in given]


def needed_rate(problem, tau: int, k: int, d: int) -> float:
    """Bits a second that d samples need in time and within energy; infinite where nothing helps."""
    task, learners = problem.task, problem.learners
    if not column(problem, "min_samples", 0)[k] <= d <= column(problem, "max_samples", math.inf)[k]:
        return math.inf
    if problem.idle == "excused" and d == 0:
        return 0.0
    noise = problem.radio.noise
    if problem.law == "density":
        noise = noise * learners.return_bandwidth_hz[k]
    snr = learners.return_power_w[k] * learners.gain[k] / noise
    back_rate = learners.return_bandwidth_hz[k] * math.log2(1 + snr)
    back_s = (task.model_bits_per_sample * d + task.model_bits) / back_rate
    flops = tau * d * task.flops_per_sample
    energy_j = flops * column(problem, "energy_per_flop_j", 0)[k]
    energy_j += learners.return_power_w[k] * back_s
    left_s = problem.cycle_s - flops / learners.flops_per_s[k] - back_s
    bits = task.alpha_bits * d + task.model_bits
    if energy_j > column(problem, "energy_j", math.inf)[k] or left_s < 0:
        return math.inf
    return 0.0 if bits == 0 else bits / left_s if left_s > 0 else math.inf


def power_for(problem, k: int, rate: float, bandwidth: float) -> float:
    """Return the watts that carry the rate over a bandwidth."""
    if rate == 0:
        return 0.0
    if math.isinf(rate) or bandwidth == 0 or rate / bandwidth > 1000:
        return math.inf
    noise = problem.radio.noise * (bandwidth if problem.law == "density" else 1.0)
    return noise / problem.learners.gain[k] * (2 ** (rate / bandwidth) - 1)


def allowed_splits(problem, scheme: str) -> list[tuple[int, ...]]:
    """Return the splits of the samples that the scheme allows."""
    total, count = problem.task.samples, len(problem.learners)
    few, many = total // count, -(-total // count)
    return [
        split
        for split in splits(total, count)
        if scheme != "resource_only" or all(few <= d <= many for d in split)
    ]


def some_plan_with_blocks(problem, tau: int, scheme: str) -> bool:
    """Whether any split and any assignment of blocks meets every constraint."""
    radio, count = problem.radio, len(problem.learners)
    width = Fraction(radio.block_hz)
    total = math.floor(Fraction(radio.bandwidth_hz) / width)
    caps_hz = column(problem, "max_bandwidth_hz", math.inf)
    most = [
        total if c == math.inf else min(total, math.floor(Fraction(c) / width)) for c in caps_hz
    ]
    caps_w = column(problem, "max_power_w", math.inf)
    if scheme == "task_only":
        assignments = [tuple(min(total // count, most[k]) for k in range(count))]
        caps_w = [min(cap, radio.power_w / count) for cap in caps_w]
    else:
        assignments = [
            blocks
            for blocks in itertools.product(*(range(m + 1) for m in most))
            if sum(blocks) <= total
        ]
    watts = {
        (k, d, n): power_for(problem, k, rate, n * radio.block_hz)
        for k in range(count)
        for d in range(problem.task.samples + 1)
        for rate in [needed_rate(problem, tau, k, d)]
        for n in range(most[k] + 1)
    }
    for split in allowed_splits(problem, scheme):
        for blocks in assignments:
            power = [watts[k, split[k], blocks[k]] for k in range(count)]
            if sum(power) <= radio.power_w and all(
                p <= c for p, c in zip(power, caps_w, strict=True)
            ):
                return True
    return False
