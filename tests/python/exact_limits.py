"""Whether a plan keeps its learners' limits and its resource blocks: fractions, and 60 digits.

Written from the equations alone; it shares no code with the solver, the checker or the reference.
"""

import math
from fractions import Fraction

import mpmath
import numpy as np

DIGITS = 60


def limit_violations(plan) -> list[str]:
    """Return every limit of its problem that the plan breaks, in words."""
    learners = plan.problem.learners
    found = []
    for name, given, sign in (
        ("min_samples", plan.samples, -1),
        ("max_samples", plan.samples, 1),
        ("max_bandwidth_hz", plan.bandwidth_hz, 1),
        ("max_power_w", plan.power_w, 1),
    ):
        limits = getattr(learners, name)
        if limits is not None:
            found += [
                f"learner {k}: {value} against {name} {limit}"
                for k, (value, limit) in enumerate(zip(given, limits, strict=True))
                if sign * value > sign * limit
            ]
    if learners.energy_j is not None:
        for k, budget in enumerate(learners.energy_j):
            takes_part = plan.problem.idle == "served" or plan.samples[k] > 0
            if takes_part and not math.isinf(budget) and _spent_j(plan, k) > mpmath.mpf(budget):
                found.append(f"learner {k} spends {_spent_j(plan, k)} of {budget} J")
    return found + _block_violations(plan)


def equal_shares(plan) -> tuple[list[float], list[float]]:
    """Return the bandwidths and powers of equal shares under caps and in blocks."""
    problem = plan.problem
    radio, learners, count = problem.radio, problem.learners, len(problem.learners)
    caps_hz = [math.inf] * count if learners.max_bandwidth_hz is None else learners.max_bandwidth_hz
    caps_w = [math.inf] * count if learners.max_power_w is None else learners.max_power_w
    powers = [min(radio.power_w / count, cap) for cap in caps_w]
    if radio.block_hz is None:
        return [min(radio.bandwidth_hz / count, cap) for cap in caps_hz], powers
    width = Fraction(radio.block_hz)
    share = math.floor(Fraction(radio.bandwidth_hz) / width) // count
    blocks = [
        share if math.isinf(cap) else min(share, math.floor(Fraction(cap) / width))
        for cap in caps_hz
    ]
    return [n * radio.block_hz for n in blocks], powers


def amounts_of(problem, k: int) -> tuple[Fraction, ...]:
    """Return learner k's bits down and up, each fixed and a sample, and its flops a sample.

    What the payload states goes before what the task says.
    """
    task = problem.task
    told = {
        "send_bits": task.model_bits,
        "send_bits_per_sample": task.alpha_bits,
        "return_bits": task.model_bits,
        "return_bits_per_sample": task.model_bits_per_sample,
        "flops_per_sample": task.flops_per_sample,
    }
    if problem._given is not None:
        told.update(problem._given.given())
    return tuple(Fraction(float(v[k]) if np.ndim(v) else v) for v in told.values())


def _block_violations(plan) -> list[str]:
    radio, caps = plan.problem.radio, plan.problem.learners.max_bandwidth_hz
    if radio.block_hz is None:
        return [] if plan.blocks is None else ["blocks where bandwidth does not come in blocks"]
    width = Fraction(radio.block_hz)
    found = []
    if min(plan.blocks) < 0 or sum(map(int, plan.blocks)) * width > Fraction(radio.bandwidth_hz):
        found.append(f"blocks {plan.blocks} of {radio.block_hz} Hz in {radio.bandwidth_hz} Hz")
    for k, n in enumerate(map(int, plan.blocks)):
        if plan.bandwidth_hz[k] != n * radio.block_hz:
            found.append(f"learner {k}: {plan.bandwidth_hz[k]} Hz are not {n} blocks")
        if caps is not None and not math.isinf(caps[k]) and n * width > Fraction(float(caps[k])):
            found.append(f"learner {k}: {n} blocks exceed {caps[k]} Hz")
    return found


def _spent_j(plan, k: int):
    problem = plan.problem
    learners, radio = problem.learners, problem.radio
    _, _, back, back_each, flops_each = map(_real, amounts_of(problem, k))
    with mpmath.workdps(DIGITS):
        samples = int(plan.samples[k])
        power = mpmath.mpf(float(learners.return_power_w[k]))
        band = mpmath.mpf(float(learners.return_bandwidth_hz[k]))
        noise = mpmath.mpf(radio.noise) * (band if problem.law == "density" else 1)
        rate = band * mpmath.log1p(power * mpmath.mpf(float(learners.gain[k])) / noise)
        rate /= mpmath.log(2)
        back_s = (samples * back_each + back) / rate
        flops = plan.tau * samples * flops_each
        return flops * mpmath.mpf(float(learners.energy_per_flop_j[k])) + power * back_s


def _real(number: Fraction):
    with mpmath.workdps(DIGITS):
        return mpmath.mpf(number.numerator) / number.denominator
