"""Simple rules that someone would use without an optimiser, to compare with."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mel_fast.model.problem import Problem
from mel_fast.model.times import evaluate

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Allocation:
    """What a rule gives, and the most local cycles that fit (0: not even one)."""

    tau: int
    samples: NDArray[np.int64]
    bandwidth_hz: Array
    power_w: Array


def equal_split(problem: Problem) -> Allocation:
    """D/K samples, B/K bandwidth, P/K power each."""
    count = len(problem.learners)
    samples = shared(problem.task.samples, np.ones(count))
    bandwidth = np.full(count, problem.radio.bandwidth_hz / count)
    return _fitted(problem, samples, bandwidth, np.full(count, problem.power_budget_w / count))


def proportional_fair(problem: Problem) -> Allocation:
    """Samples in proportion to computing speed; radio that maximises the sum of log r_k.

    For the density law, with n_k = N0 / h_k and snr x_k, stationarity of
    ``log r - price_b B - price_p P`` gives ``(1 + x) ln(1 + x) - x = ratio / n`` and
    ``B = 1 / (price_b + price_p n x)``: one ratio of prices to find.

    Raises
    ------
    ValueError
        For the fixed law.
    """
    if problem.law != "density":
        raise ValueError("the proportional-fair rule is written for the density law")
    radio, learners = problem.radio, problem.learners
    n = radio.noise / learners.gain

    def split(log_ratio: float) -> tuple[Array, Array]:
        ratio = math.exp(log_ratio)
        x = _snr(ratio / n)
        bandwidth = 1.0 / (ratio + n * x)
        bandwidth *= radio.bandwidth_hz / bandwidth.sum()
        return bandwidth, x * n * bandwidth

    # a dearer hertz (larger ratio) means a larger snr, hence more power: bisect on the total power
    low, high = (
        math.log(problem.power_budget_w / radio.bandwidth_hz) + shift for shift in (-30.0, 30.0)
    )
    for _ in range(60):
        middle = 0.5 * (low + high)
        if split(middle)[1].sum() <= problem.power_budget_w:
            low = middle
        else:
            high = middle
    bandwidth, power = split(low)
    samples = shared(problem.task.samples, learners.flops_per_s)
    return _fitted(problem, samples, bandwidth, power)


def shared(total: int, weights: Array) -> NDArray[np.int64]:
    """Whole shares of ``total`` in proportion to weights; largest remainders get the rest."""
    exact = total * (weights / weights.sum())
    whole: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    order = np.argsort(whole - exact, kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole


def _snr(value: Array) -> Array:
    """Solve (1 + x) ln(1 + x) - x = value, by Newton's method on u = ln(1 + x), from above."""
    # e^u (u - 1) + 1 is at least u^2 / 2 and at least (e^u - 1) / 2 beyond u = 2: both bound u
    u = np.minimum(np.sqrt(2.0 * value), np.maximum(2.0, np.log1p(2.0 * value)))
    for _ in range(10):
        rise = np.expm1(u)
        u = u - (u * (rise + 1.0) - rise - value) / np.maximum(u * (rise + 1.0), 1e-300)
        u = np.maximum(u, 1e-150)
    return np.asarray(np.expm1(u))


def _fitted(
    problem: Problem, samples: NDArray[np.int64], bandwidth: Array, power: Array
) -> Allocation:
    """Find the largest tau for a given allocation, whose times rise with tau alone."""
    times = evaluate(problem, 1, samples, bandwidth, power)
    busy = samples > 0
    left = problem.cycle_s - times.send_s - times.return_s
    needed = busy if problem.idle == "excused" else np.ones(len(samples), dtype=bool)
    tau = 0
    if (left[needed] >= 0.0).all():
        tau = max(0, int(np.floor((left[busy] / times.compute_s[busy]).min())))
    return Allocation(tau, samples, bandwidth, power)
