"""Tiny problems in which who takes part is a choice, for enumeration."""

from typing import Any

import numpy as np

import mel_fast as mel
from mel_fast.reference.selection import Splits, every_split

OPTIONS = ("optional", "weight", "learners", "at_least")
HAIR = 1e-9


def tiny(seed: int, options: tuple[str, ...] = OPTIONS) -> tuple[mel.Problem, int, int]:
    """Return a problem whose budgets matter, a tau, and the most samples of a learner."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 5))
    problem = mel.scenarios.table1(
        count,
        seed=int(rng.integers(10**6)),
        law=["density", "fixed"][rng.integers(2)],
        idle=["served", "excused"][rng.integers(2)],
    )
    most = int(rng.integers(3, 8))
    low = rng.integers(0, most, count)
    high = np.minimum(low + rng.integers(0, 4, count), most)
    kind = rng.random()
    if kind < 0.3:  # all or nothing
        low = high = np.maximum(low, 1)
    elif kind < 0.5:
        low, high = np.full(count, low[0]), np.full(count, max(low[0], high[0]))
    changes: dict[str, Any] = {"min_samples": low, "max_samples": high}
    if "optional" in options:
        changes["optional"] = rng.random(count) < 0.7
    if "weight" in options:
        whole = rng.integers(1, 20, count).astype(float)
        changes["weight"] = whole if rng.random() < 0.5 else rng.random(count) + 0.1
    if rng.random() < 0.3:  # identical but for their minima
        gain, flops_per_s = problem.learners.gain, problem.learners.flops_per_s
        changes["gain"] = np.full(count, gain[0])
        changes["flops_per_s"] = np.full(count, flops_per_s[0])
    if rng.random() < 0.2:
        changes["max_power_w"] = problem.radio.power_w * rng.uniform(0.1, 1.0, count)
    radio = problem.radio
    problem = problem.replace(
        learners=problem.learners.replace(**changes),
        task=problem.task.replace(samples=int(rng.integers(1, most * count))),
        radio=radio.replace(
            bandwidth_hz=radio.bandwidth_hz * 10 ** rng.uniform(-1.2, 0.3),
            power_w=radio.power_w * 10 ** rng.uniform(-1.0, 0.3),
        ),
        cycle_s=problem.cycle_s * 10 ** rng.uniform(-1.2, 0.0),
    )
    tau = int(rng.integers(1, 60)) * int(rng.choice([1, 10, 100]))
    return problem, tau, most


def clear_cut(splits: Splits) -> bool:
    """Whether no split is within rounding of the budgets."""
    return not (np.abs(splits.scale - 1.0) < HAIR).any()


def best_worth(problem: mel.Problem, splits: Splits, of: str) -> float | None:
    """Return what the best split that fits is worth; None where none does."""
    fits = splits.scale <= 1.0
    return float(splits.worth(problem, of)[fits].max()) if fits.any() else None


def least_scale(problem: mel.Problem, tau: int, most: int, at_least: int) -> float:
    """Return the budgets' scale that D samples with enough participants need."""
    splits = every_split(problem, tau, most)
    right = (splits.samples.sum(axis=1) == problem.task.samples) & (splits.takers >= at_least)
    return float(splits.scale[right].min()) if right.any() else np.inf
