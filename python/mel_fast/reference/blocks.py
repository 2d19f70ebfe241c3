"""Bandwidth in resource blocks: who gets how many, and the least power that then carries the rates.

A learner with n blocks of width w that needs the rate r must be given, exactly,

    P = N0 n w / h (2^(r / (n w)) - 1)   (density)       P = N / h (2^(r / (n w)) - 1)   (fixed).

What remains is to hand out samples and blocks: the least power of learners 1..k with d samples and
n blocks in all follows from that of learners 1..k-1 (`best_split_with_blocks`). For more learners,
`bounds_with_blocks` gives samples a price nu and tries every number of blocks:

    power needed by any plan  >=  nu D + min over blocks of  sum_k  min over d of  { P_k - nu d }.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mel_fast.reference.limits import Floats, Ints, limits_of, power_budget
from mel_fast.reference.rates import can_sum, noise, rate_table

if TYPE_CHECKING:
    from mel_fast.model.problem import Problem

LARGEST_EFFORT = 2_000_000_000
ROUNDING = 1e-13  # value and price nearly cancel where the price is far too high


class BlockPlan(NamedTuple):
    """The least share of the power budget, and the samples and blocks that it is for."""

    scale: float
    samples: Ints | None
    blocks: Ints | None


def block_count(problem: Problem) -> int:
    """Return N, the number of whole blocks in the budget."""
    width = problem.radio.block_hz
    assert width is not None
    return int(Fraction(problem.radio.bandwidth_hz) / Fraction(width))


def most_blocks(problem: Problem) -> Ints:
    """Return how many blocks each learner's bandwidth cap leaves it, at most N, shape (K,)."""
    width, total = problem.radio.block_hz, block_count(problem)
    assert width is not None
    caps = limits_of(problem).max_bandwidth_hz
    fit = [total if c == np.inf else min(total, int(Fraction(c) / Fraction(width))) for c in caps]
    return np.array(fit, np.int64)


def power_shares(problem: Problem, rates: Floats) -> Floats:
    """Least P_k / P for every (d, n, k), shape (D+1, N+1, K), infinite where it cannot be.

    `rates` holds the needed rate of every (d, k).
    """
    width, caps = problem.radio.block_hz, limits_of(problem)
    assert width is not None
    blocks = np.arange(block_count(problem) + 1)[:, None]
    band = blocks * width
    noise_power = noise(problem) * (band if problem.law == "density" else 1.0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        snr = np.expm1(rates[:, None, :] * np.log(2.0) / band)
        power = np.where(np.isinf(snr), np.inf, snr * noise_power / problem.learners.gain)
    power = np.where(blocks == 0, np.inf, power)
    power = np.where(rates[:, None, :] == 0, 0.0, power)
    refused = (power > caps.max_power_w) | (blocks > most_blocks(problem))
    return np.where(refused, np.inf, power / power_budget(problem))


def best_split_with_blocks(problem: Problem, tau: int, scheme: str = "joint") -> BlockPlan:
    """Find the samples and blocks that need the least power for tau local cycles."""
    table = power_shares(problem, rate_table(problem, tau, scheme))
    counts, sizes, learners = table.shape
    if learners * (counts * sizes) ** 2 > LARGEST_EFFORT:
        raise ValueError(f"{learners} learners, {counts - 1} samples, {sizes - 1} blocks: too many")
    least = np.full((counts, sizes), np.inf)  # over numbers of samples and blocks handed out
    least[0, 0] = 0.0
    tables = [least]
    for k in range(learners):
        before, least = least, np.full((counts, sizes), np.inf)
        for d, n in np.argwhere(np.isfinite(table[:, :, k])):
            rest = before[: counts - d, : sizes - n] + table[d, n, k]
            np.minimum(least[d:, n:], rest, out=least[d:, n:])
        tables.append(least)
    d, n = counts - 1, int(least[-1].argmin())
    scale = float(least[d, n])
    if not np.isfinite(scale):
        return BlockPlan(np.inf, None, None)
    samples, blocks = np.zeros(learners, np.int64), np.zeros(learners, np.int64)
    for k in reversed(range(learners)):
        with_k = tables[k][d::-1, n::-1] + table[: d + 1, : n + 1, k]
        samples[k], blocks[k] = np.unravel_index(int(with_k.argmin()), with_k.shape)
        d, n = d - int(samples[k]), n - int(blocks[k])
    return BlockPlan(scale, samples, blocks)


def bounds_with_blocks(
    problem: Problem, tau: int, scheme: str = "joint"
) -> tuple[float, BlockPlan]:
    """Return a share of the power that any plan needs, and a plan with the share that it needs."""
    table = power_shares(problem, rate_table(problem, tau, scheme))
    best = BlockPlan(np.inf, None, None)
    if not can_sum(table.min(axis=1), problem.task.samples):
        return np.inf, best
    table = np.where(np.isinf(table), np.inf, np.minimum(table, 1e290))
    count = np.arange(len(table))[:, None, None]
    dual, low, high = 0.0, -60.0, float(np.log(max(1e-30, table[np.isfinite(table)].max()))) + 1.0
    for _ in range(64):
        nu = float(np.exp((low + high) / 2))
        priced = table - nu * count
        value, blocks = _cheapest_blocks(priced.min(axis=0))
        if blocks is None:
            return np.inf, best
        paid = nu * problem.task.samples
        dual = max(dual, value + paid - ROUNDING * paid)
        plan = _cheapest_samples(table, blocks)
        best = plan if plan.scale < best.scale else best
        learner = np.arange(len(blocks))
        taken = priced[:, blocks, learner].argmin(axis=0).sum()
        low, high = (
            ((low + high) / 2, high) if taken <= problem.task.samples else (low, (low + high) / 2)
        )
    return dual, best


def _cheapest_blocks(costs: Floats) -> tuple[float, Ints | None]:
    """Hand out the blocks at least cost; costs have the shape (N+1, K)."""
    sizes, learners = costs.shape
    least = np.full(sizes, np.inf)
    least[0] = 0.0
    choices = []
    for k in range(learners):
        both = np.full((sizes, sizes), np.inf)  # row: blocks of this learner; column: of all so far
        for n in range(sizes):
            both[n, n:] = costs[n, k] + least[: sizes - n]
        choices.append(both.argmin(axis=0))
        least = both.min(axis=0)
    n = int(least.argmin())
    value = float(least[n])
    if not np.isfinite(value):
        return value, None
    blocks = np.zeros(learners, np.int64)
    for k in reversed(range(learners)):
        blocks[k] = choices[k][n]
        n -= int(blocks[k])
    return value, blocks


def _cheapest_samples(table: Floats, blocks: Ints) -> BlockPlan:
    """Hand out the samples, one by one where it costs least: power is convex in them."""
    costs = table[:, blocks, np.arange(len(blocks))]
    allowed = np.isfinite(costs)
    samples = np.asarray(allowed.argmax(axis=0))
    missing = len(costs) - 1 - int(samples.sum())
    with np.errstate(invalid="ignore"):
        steps = np.where(allowed[1:] & allowed[:-1], np.diff(costs, axis=0), np.inf)
    cheapest = np.argsort(steps, axis=None)[: max(0, missing)]
    if missing < 0 or not allowed.any(axis=0).all() or np.isinf(steps.flat[cheapest]).any():
        return BlockPlan(np.inf, None, None)
    samples = samples + np.bincount(cheapest % len(blocks), minlength=len(blocks))
    return BlockPlan(float(costs[samples, np.arange(len(blocks))].sum()), samples, blocks)
