"""A lower and an upper bound on the best tau, for some hundred learners and thousand samples.

The upper bound is Lagrangian. With the notation of `water` let c_k(d; w) be learner k's cheapest
share of the budgets for d samples. For every weight w and every price nu of a sample

    scale needed by any split  >=  nu D + sum_k  min over d of  { c_k(d; w) - nu d }.

Every d is tried, so nothing depends on the shape of c_k. The best nu is found by bisection on the
number of samples taken; the best w by bisection on which budget is the shorter one. The lower bound
comes from rounding what the minimisers take to a split, and water-filling it. Where bandwidth comes
in blocks, both come from `blocks`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mel_fast.reference.blocks import block_count, bounds_with_blocks
from mel_fast.reference.enumeration import BestSplit, best_split
from mel_fast.reference.limits import Floats, Ints, reachable
from mel_fast.reference.rates import can_sum, rate_table
from mel_fast.reference.water import fill_rates, log_shares, weighed

if TYPE_CHECKING:
    from mel_fast.model.problem import Problem

MARGIN = 1e-9  # a scale this near to one counts for neither side
LARGEST_TABLE = 3_000_000
LARGEST_TAU = 2**62


class Bracket(NamedTuple):
    """lower <= best tau <= upper, and a split that attains the lower bound (None for 0).

    Attributes
    ----------
    lower, upper
        Local cycles.
    samples
        A split that attains `lower`, shape (K,).

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> problem = mel.reference.random_problem(np.random.default_rng(0), learners=3, samples=9)
    >>> found = mel.reference.solve(problem)
    >>> found.lower <= mel.solve(problem).tau <= found.upper
    True
    """

    lower: int
    upper: int
    samples: Ints | None

    def __str__(self) -> str:
        split = "no split" if self.samples is None else f"a split over {self.samples.size} learners"
        return f"{self.lower} <= tau* <= {self.upper}: {split} attains the lower bound"

    def __repr__(self) -> str:
        return f"Bracket(lower={self.lower}, upper={self.upper})"

    def _repr_html_(self) -> str:
        return f"<pre>{str(self).replace('<', '&lt;')}</pre>"


class _Bounds(NamedTuple):
    """At one tau: no split needs less than `dual`; `split.scale` is enough."""

    dual: float
    split: BestSplit


def solve(problem: Problem, scheme: str = "joint") -> Bracket:
    """Bracket the best tau by bisection over tau.

    Parameters
    ----------
    problem, scheme
        What is asked.

    Returns
    -------
    Bracket

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> problem = mel.reference.random_problem(np.random.default_rng(0), learners=3, samples=9)
    >>> mel.reference.solve(problem).lower <= mel.solve(problem).tau
    True
    """
    problem.refuse_choice("the reference's search")
    sizes = 1 if problem.radio.block_hz is None else block_count(problem) + 1
    if (problem.task.samples + 1) * len(problem.learners) * sizes > LARGEST_TABLE:
        raise ValueError(
            f"the reference takes (samples + 1) * learners (* (blocks + 1)) up to {LARGEST_TABLE}"
        )
    known: dict[int, _Bounds] = {}

    def bounds(tau: int) -> _Bounds:
        if tau not in known:
            known[tau] = bounds_at(problem, tau, scheme)
        return known[tau]

    upper = _largest(lambda tau: bounds(tau).dual <= 1 + MARGIN)
    lower = _largest(lambda tau: bounds(tau).split.scale <= 1 - MARGIN)
    return Bracket(lower, upper, bounds(lower).split.samples if lower else None)


def bounds_at(problem: Problem, tau: int, scheme: str = "joint") -> _Bounds:
    """Bound the budget scale that tau local cycles need from below and from above."""
    problem = reachable(problem)
    if problem.radio.block_hz is not None and scheme != "task_only":
        least, plan = bounds_with_blocks(problem, tau, scheme)
        return _Bounds(least, BestSplit(*plan))
    if scheme == "task_only":
        exact = best_split(problem, tau, scheme)
        return _Bounds(exact.scale, exact)
    rates = rate_table(problem, tau, scheme)
    if not can_sum(rates, problem.task.samples):
        return _Bounds(np.inf, BestSplit(np.inf, None))
    learner = np.arange(rates.shape[1])
    dual, best = 0.0, BestSplit(np.inf, None)
    low, high = -2000.0, 2000.0
    for _ in range(48):
        t = (low + high) / 2
        logs = log_shares(problem, rates, t)
        costs = np.where(np.isinf(rates), np.inf, np.minimum(weighed(*logs, t), 1e290))
        value, fewer, more = _best_sample_price(costs)
        dual = max(dual, value)
        if high - low < 1 or dual > 1 + MARGIN:
            for split in _round(costs, fewer, more):
                scale = float(fill_rates(problem, rates[split, learner]).scale)
                if scale < best.scale:
                    best = BestSplit(scale, split)
        if dual > 1 + MARGIN or best.scale <= 1 - MARGIN:
            break
        share = (len(rates) - 1 - fewer.sum()) / max(1, more.sum() - fewer.sum())
        with np.errstate(over="ignore"):
            band, power = (np.minimum(np.exp(share), 1e290) for share in logs)
        excess = band - power
        gaps = [float(excess[taken, learner].sum()) for taken in (fewer, more)]
        if (1 - share) * gaps[0] + share * gaps[1] > 0:
            high = t
        else:
            low = t
    return _Bounds(dual, best)


def _largest(holds: Callable[[int], bool]) -> int:
    """Largest tau >= 0 at which a property holds that, once lost, stays lost."""
    low, high = 0, 1
    while holds(high):
        low, high = high, 2 * high
        if high > LARGEST_TAU:
            raise OverflowError("tau exceeds 2**62")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _best_sample_price(costs: Floats) -> tuple[float, Ints, Ints]:
    """Maximise over nu: the bound, and minimisers that take at most and at least D samples."""
    count = np.arange(len(costs), dtype=float)[:, None]
    learner = np.arange(costs.shape[1])
    samples = len(costs) - 1

    def minimisers(nu: float) -> Ints:
        return np.asarray((costs - nu * count).argmin(axis=0))

    finite = np.isfinite(costs)
    fewer = np.asarray(finite.argmax(axis=0))
    more = np.asarray(samples - finite[::-1].argmax(axis=0))
    value = 0.0
    low, high = -60.0, float(np.log(max(1e-30, costs[finite].max()))) + 1.0
    for _ in range(64):
        middle = (low + high) / 2
        nu = float(np.exp(middle))
        taken = minimisers(nu)
        value = max(value, float(costs[taken, learner].sum() + nu * (samples - taken.sum())))
        if taken.sum() <= samples:
            low, fewer = middle, taken
        if taken.sum() >= samples:
            high, more = middle, taken
        if low == high:  # exactly as many: no price is better
            break
    return value, fewer, more


def _round(costs: Floats, fewer: Ints, more: Ints) -> list[Ints]:
    """Split by whole steps from `fewer` to `more`, then single samples at least extra cost."""
    samples = len(costs) - 1
    splits = []
    for order in (np.argsort(more - fewer), np.argsort(fewer - more)):
        split = fewer.copy()
        for k in order:
            if split.sum() - split[k] + more[k] <= samples:
                split[k] = more[k]
        while split.sum() < samples:
            after = costs[np.minimum(split + 1, samples), np.arange(len(split))]
            added = np.where(split < samples, after - costs[split, np.arange(len(split))], np.inf)
            if not np.isfinite(added).any():
                break
            split[int(added.argmin())] += 1
        if split.sum() == samples:
            splits.append(split)
    return splits
