"""Tiny problems in which nothing is sent, or nothing returned, and some limits are zero."""

from typing import Any

import numpy as np

import mel_fast as mel
from mel_fast import reference
from mel_fast.model.payload import FIELDS
from selecting import tiny
from uplinks import turned, with_own_power

# Of what travels nothing at all, nothing there, nothing back; something from some, or for all.
NOTHING = ({"send", "return"}, {"send"}, {"return"}, set(), set())
MOST = {"send_bits_per_sample": 1e4, "return_bits_per_sample": 1e3}


def payload(problem: mel.Problem, rng: np.random.Generator) -> mel.Payload:
    """Draw what travels: for all alike or for each learner, and often not at all."""
    count, kind = len(problem.learners), int(rng.integers(5))
    words: dict[str, Any] = {}
    for name in FIELDS:
        typical = np.broadcast_to(getattr(problem.payload, name), count) + MOST.get(name, 0.0)
        amount: Any = typical * np.exp(rng.uniform(-1.0, 1.0, count))
        if name.split("_")[0] in NOTHING[kind]:
            amount = 0.0
        elif rng.random() < 0.5:
            amount = float(amount[0])
        if kind > 2 and name != "flops_per_sample":
            amount = amount * (rng.random(count if kind == 3 else None) < 0.5)
        words[name] = amount
    return mel.Payload(**words)


def corner(seed: int) -> tuple[mel.Problem, int, int]:
    """Return a problem, a tau near what computing allows, and the most samples of a learner."""
    problem, _, most = tiny(seed)
    rng = np.random.default_rng([seed, 5])
    count, radio = len(problem.learners), problem.radio
    changes: dict[str, Any] = {}
    if rng.random() < 0.3:
        changes["gain"] = problem.learners.gain * (rng.random(count) < 0.6)
    shares = np.array([0.0, 0.2, 0.6, np.inf])
    which = rng.random()
    if which < 0.3:
        changes["max_bandwidth_hz"] = radio.bandwidth_hz * rng.choice(shares, count)
    if 0.2 < which < 0.5:
        changes["max_power_w"] = radio.power_w * rng.choice(shares, count)
    problem = problem.replace(
        learners=problem.learners.replace(**changes), payload=payload(problem, rng)
    )
    if rng.random() < 0.3:
        problem = turned(problem)
        if rng.random() < 0.5:
            problem = with_own_power(problem, rng)
    elif rng.random() < 0.25:
        limits = reference.random_limits(rng, problem, ("energy_j",))
        limits["energy_j"] = np.minimum(limits["energy_j"], 1e50) * (rng.random(count) < 0.8)
        problem = problem.replace(learners=problem.learners.replace(**limits))
    if rng.random() < 0.2 and problem.radio.power_w is not None:
        width = reference.random_block_hz(rng, problem, int(rng.integers(1, 8)))
        problem = problem.replace(radio=problem.radio.replace(block_hz=width))
    cycles = problem.cycle_s * problem.learners.flops_per_s / problem.payload.flops_per_sample
    tau = max(1, int(np.median(cycles) / most * rng.uniform(0.1, 1.5)))
    return problem, tau, most
