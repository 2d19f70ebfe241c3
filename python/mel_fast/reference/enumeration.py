"""The best of all integer splits of the samples, for tiny problems.

`best_split` builds the splits learner by learner. For a partial split it knows, at some fixed price
ratios, a lower bound on the budget scale of every completion (what is spent so far plus the
cheapest completion, by dynamic programming); a partial split is dropped only if that bound
exceeds the scale of a split already in hand. What survives is water-filled. Where bandwidth comes
in blocks, `blocks` tries all numbers of them instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mel_fast.reference.blocks import (
    best_split_with_blocks,
    block_count,
    most_blocks,
    power_shares,
)
from mel_fast.reference.limits import (
    Floats,
    Ints,
    kinds,
    limits_of,
    power_budget,
    reachable,
)
from mel_fast.reference.rates import can_sum, link_rate, rate_table
from mel_fast.reference.water import cheapest, fill_rates

if TYPE_CHECKING:
    from mel_fast.model.problem import Problem

ROUNDING = 1e-9  # water-filling is right to about 1e-13; nothing is dropped for less than this


class TooManySplitsError(Exception):
    """The problem is too large to enumerate.

    Examples
    --------
    >>> import mel_fast as mel
    >>> issubclass(mel.reference.TooManySplitsError, Exception)
    True
    """


class BestSplit(NamedTuple):
    """A split that needs the least budgets, and the scale of both budgets that it needs.

    Where bandwidth comes in blocks the scale is that of the power alone.

    Attributes
    ----------
    scale
        Both budgets times this suffice; without unit.
    samples, blocks
        Of each learner, shape (K,); None where no budgets suffice, or without blocks.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> problem = mel.reference.random_problem(np.random.default_rng(0), learners=2, samples=6)
    >>> split = mel.reference.best_split(problem, 1)
    >>> split.samples is None or int(split.samples.sum()) == 6
    True
    """

    scale: float
    samples: Ints | None
    blocks: Ints | None = None


class Optimum(NamedTuple):
    """The best tau, a best split for it, and the scales needed at tau and at tau + 1.

    Attributes
    ----------
    tau, samples, blocks
        The best, in local cycles, samples and resource blocks of each learner.
    scale, scale_next
        What both budgets must be multiplied with at tau and at tau + 1.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> problem = mel.reference.random_problem(np.random.default_rng(0), learners=2, samples=6)
    >>> best = mel.reference.enumerate_optimum(problem)
    >>> best.tau == mel.solve(problem).tau, best.scale <= 1 < best.scale_next
    (True, True)
    """

    tau: int
    samples: Ints | None
    scale: float
    scale_next: float
    blocks: Ints | None = None


def best_split(
    problem: Problem, tau: int, scheme: str = "joint", limit: int = 2_000_000
) -> BestSplit:
    """Find the split of the samples that needs the least budgets for tau local cycles.

    The scale is infinite, and the split None, where no budgets suffice. Raises
    `TooManySplitsError` if more than `limit` partial splits must be kept at once.

    Parameters
    ----------
    problem, tau, scheme
        What is asked: so many local cycles.
    limit
        Splits at most.

    Returns
    -------
    BestSplit

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> problem = mel.reference.random_problem(np.random.default_rng(0), learners=2, samples=6)
    >>> mel.reference.best_split(problem, 1).scale > 0
    True
    """
    problem.refuse_choice("best_split")
    problem = reachable(problem)
    rates = rate_table(problem, tau, scheme)
    if not can_sum(rates, problem.task.samples):
        return BestSplit(np.inf, None)
    if scheme == "task_only":
        return _best_equal_share_split(problem, rates)
    if problem.radio.block_hz is not None:
        return BestSplit(*best_split_with_blocks(problem, tau, scheme))
    order = np.argsort(kinds(problem), kind="stable")
    incumbent, grid = _candidates(problem, rates[:, order], order)
    if incumbent.scale == 0:
        return incumbent
    costs = _cost_tables(problem, rates, grid)[:, :, order]
    splits, bounds = _surviving_splits(problem, costs, order, incumbent.scale, limit)
    best = incumbent
    ranked = np.argsort(bounds)
    for start in range(0, len(ranked), 256):
        chunk = ranked[start : start + 256]
        if bounds[chunk[0]] > best.scale * (1 + ROUNDING):
            break
        samples = np.empty((len(chunk), len(order)), np.int64)
        samples[:, order] = splits[chunk]
        scales = fill_rates(problem, rates[samples, np.arange(len(order))]).scale
        if scales.min() < best.scale:
            best = BestSplit(float(scales.min()), samples[int(scales.argmin())])
    return best


def enumerate_optimum(problem: Problem, scheme: str = "joint", limit: int = 2_000_000) -> Optimum:
    """Find the best tau by enumerating the splits; tau is 0 if not even one local cycle fits.

    Parameters
    ----------
    problem, scheme
        What is asked.
    limit
        Splits at most.

    Returns
    -------
    Optimum

    Raises
    ------
    TooManySplitsError
        Beyond `limit`.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> problem = mel.reference.random_problem(np.random.default_rng(1), learners=3, samples=5)
    >>> mel.reference.enumerate_optimum(problem).tau == mel.solve(problem).tau
    True
    """

    def scale_at(tau: int) -> BestSplit:
        return best_split(problem, tau, scheme, limit)

    low, best = 0, BestSplit(np.nan, None)
    high = 1
    above = scale_at(high)
    while above.scale <= 1:
        low, best = high, above
        high *= 2
        above = scale_at(high)
    while high - low > 1:
        middle = (low + high) // 2
        found = scale_at(middle)
        if found.scale <= 1:
            low, best = middle, found
        else:
            high, above = middle, found
    return Optimum(low, best.samples, best.scale, above.scale, best.blocks)


def _best_equal_share_split(problem: Problem, rates: Floats) -> BestSplit:
    """Bandwidth and power shared equally: raise the scale until the samples find room.

    The scale is that of both budgets, or of the power alone where bandwidth comes in blocks.
    """
    samples, learners = problem.task.samples, rates.shape[1]
    if problem.radio.block_hz is not None:
        blocks = np.minimum(block_count(problem) // learners, most_blocks(problem))
        shares = 1 if problem.radio.power_w is None else learners  # nobody shares, or all do
        scales = shares * power_shares(problem, rates)[:, blocks, np.arange(learners)]
    else:
        blocks, scales = None, _equal_share_scales(problem, rates)
    if not can_sum(scales, samples):
        return BestSplit(np.inf, None)
    least = np.isfinite(scales).argmax(axis=0)
    first = scales[least, np.arange(learners)]
    # Scales grow with the number of samples, so the D cheapest steps are a split; the steps up to
    # the least number that is allowed come together.
    scales = np.where(np.arange(len(scales))[:, None] < least, first, scales)
    scale = float(max(np.sort(scales[1:], axis=None)[samples - 1], first.max()))
    split = (scales[1:] <= scale).sum(axis=0)
    for learner in range(learners):
        split[learner] -= min(split[learner] - least[learner], split.sum() - samples)
    return BestSplit(scale, split, blocks)


def _equal_share_scales(problem: Problem, rates: Floats) -> Floats:
    """Scale of both budgets at which an equal share of them carries the rate, for every (d, k)."""
    learners, caps = rates.shape[1], limits_of(problem)
    band, power = problem.radio.bandwidth_hz / learners, power_budget(problem) / learners
    if problem.radio.power_w is None:  # everybody has its own limit, whatever the scale
        power = float(np.max(caps.max_power_w)) * 1e40
    low, high = np.full(rates.shape, -600.0), np.full(rates.shape, 600.0)
    for _ in range(70):
        middle = (low + high) / 2
        enough = rates <= link_rate(
            problem,
            np.minimum(np.exp(middle) * band, caps.max_bandwidth_hz),
            np.minimum(np.exp(middle) * power, caps.max_power_w),
        )
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
    return np.where(rates == 0, 0.0, np.where(np.isinf(rates), np.inf, np.exp(high)))


def _cost_tables(problem: Problem, rates: Floats, grid: Floats) -> Floats:
    """Cost of every allowed (d, k) at every log price ratio of the grid, shape (Q, D+1, K)."""
    costs = np.stack([cheapest(problem, rates, t) for t in grid])
    return np.where(np.isinf(rates), np.inf, np.minimum(costs, 1e290))


def _cheapest_completions(costs: Floats) -> list[Floats]:
    """Element k: least cost of giving learners k, k+1, ... exactly r samples, shape (Q, D+1)."""
    ratios, counts, learners = costs.shape
    rest = np.full((ratios, counts), np.inf)
    rest[:, 0] = 0.0
    tables = [rest]
    for k in reversed(range(learners)):
        table = np.full((ratios, counts), np.inf)
        for d in range(counts):
            if np.isfinite(costs[:, d, k]).any():
                given = costs[:, d, k, None] + rest[:, : counts - d]
                np.minimum(table[:, d:], given, out=table[:, d:])
        rest = table
        tables.append(rest)
    return tables[::-1]


def _cheapest_split(costs: Floats, completions: list[Floats]) -> Ints:
    """Follow the dynamic programme at one price ratio; costs have the shape (1, D+1, K)."""
    remaining, split = costs.shape[1] - 1, []
    for k in range(costs.shape[2]):
        totals = costs[0, : remaining + 1, k] + completions[k + 1][0, remaining::-1]
        split.append(int(np.argmin(totals)))
        remaining -= split[-1]
    return np.array(split)


def _candidates(problem: Problem, rates: Floats, order: Ints) -> tuple[BestSplit, Floats]:
    """Return a good split, and the price ratios around it that are worth bounding with."""
    best, at, seen = BestSplit(np.inf, None), 0.0, []
    learner = np.arange(rates.shape[1])
    inverse = np.argsort(order)
    t = float(fill_rates(problem, _some_rates(rates)).t)
    for _ in range(12):
        costs = _cost_tables(problem, rates[:, inverse], np.array([t]))[:, :, order]
        split = _cheapest_split(costs, _cheapest_completions(costs))
        filled = fill_rates(problem, rates[split, learner][inverse])
        seen.append(t)
        if filled.scale < best.scale:
            best, at = BestSplit(float(filled.scale), split[inverse]), float(filled.t)
        step = float(filled.t)
        if min(abs(step - s) for s in seen) < 1e-6:
            break
        t = step if len(seen) % 3 else (step + at) / 2
    offsets = np.array([0, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3])
    return best, np.unique(np.concatenate([seen, at + offsets, at - offsets]))


def _some_rates(rates: Floats) -> Floats:
    """Rates of a typical allowed number of samples, to start the search for price ratios."""
    allowed = np.where(np.isfinite(rates), rates, np.nan)
    return np.asarray(np.nanmedian(allowed, axis=0))


def _surviving_splits(
    problem: Problem, costs: Floats, order: Ints, incumbent: float, limit: int
) -> tuple[Ints, Floats]:
    """Enumerate the splits whose lower bound does not exceed the incumbent's scale.

    Of learners with identical data only the splits with non-increasing samples are built.
    """
    kind = kinds(problem)[order]
    completions = _cheapest_completions(costs)
    splits = np.zeros((1, 0), np.int64)
    spent = np.zeros((1, costs.shape[0]))
    remaining = np.array([costs.shape[1] - 1])
    bounds = np.zeros(1)
    for k in range(len(order)):
        kept_splits, kept_spent, kept_bounds, kept = [], [], [], 0
        for d in range(costs.shape[1]):
            cost = costs[:, d, k]
            rows = remaining >= d
            if k > 0 and kind[k] == kind[k - 1]:
                rows = rows & (splits[:, -1] >= d)
            if not np.isfinite(cost).all() or not rows.any():
                continue
            total = spent[rows] + cost
            bound = (total + completions[k + 1][:, remaining[rows] - d].T).max(axis=1)
            alive = np.isfinite(bound) & (bound <= incumbent * (1 + ROUNDING))
            kept += int(alive.sum())
            if kept > limit:
                raise TooManySplitsError(f"more than {limit} partial splits at learner {k}")
            column = np.full((int(alive.sum()), 1), d)
            kept_splits.append(np.hstack([splits[rows][alive], column]))
            kept_spent.append(total[alive])
            kept_bounds.append(bound[alive])
        splits, spent = np.vstack(kept_splits), np.vstack(kept_spent)
        bounds = np.concatenate(kept_bounds)
        remaining = costs.shape[1] - 1 - splits.sum(axis=1)
    return splits, bounds
