"""The best that one learner can do at given prices where bandwidth comes in blocks of one width.

For each d the cheapest number of blocks is one of the two around B(d)/w, B(d) being the bandwidth
that would be cheapest if it were divisible: the cost is convex in the bandwidth. B(d) rises with d,
so the numbers from a to b are all that is wanted from the first d with B(d) >= a w to the last with
B(d) < b w, and for a fixed number of blocks d - C is concave in d. The other d are left out where
even divisible bandwidth is worth no more than what was found.
"""

import math
from collections.abc import Iterator

from flint import arb

from mel_fast.verify._learner import Ball, Learner, largest_rate
from mel_fast.verify.best._capped import CappedDensity, CappedFixed, rate_at_bandwidth, samples_at
from mel_fast.verify.best._peak import as_float, concave_peak, floor, largest, last_true
from mel_fast.verify.claim._problem import Problem, Row

PATIENCE = 200  # numbers of blocks that are tried; the others are bounded together


class BlockResponse:
    """A learner facing prices and whole blocks."""

    __slots__ = ("_divisible", "_lam", "_law", "_most", "_mu_noise", "_width", "free", "learner")

    def __init__(
        self, problem: Problem, row: Row, learner: Learner, lambda_per_hz: float, mu_per_w: float
    ) -> None:
        self.learner = learner
        self._law = problem.law
        self._lam, self._mu_noise = arb(lambda_per_hz), arb(mu_per_w) * learner.noise
        self._width = arb(problem.block_hz)
        self._most = problem.blocks(row.max_bandwidth_hz)
        self.free = learner.alpha == learner.beta == 0 or lambda_per_hz == mu_per_w == 0.0
        self._divisible: CappedDensity | CappedFixed | None = None
        if not self.free and (mu_per_w != 0 or learner.power_cap is not None):
            capped = CappedDensity if problem.law == "density" else CappedFixed
            cap = self._most * self._width
            self._divisible = capped(learner, lambda_per_hz, mu_per_w, cap)

    def cost(self, rho: Ball) -> Ball:
        return arb(0) if self._divisible is None else self._divisible.cost(rho)

    def peak(self, low: int, high: int) -> Ball | None:
        values = []
        if self.learner.need(low) == 0:  # d = 0, without a block
            values.append(arb(0))
            low += 1
        if low <= high and self._most:
            values += self._peaks(low, high)
        return largest(values) if values else None

    def _peaks(self, low: int, high: int) -> list[Ball]:
        """Values whose largest is at least v(d) for every low <= d <= high."""
        divisible = self._divisible
        if divisible is None:  # power costs nothing and has no cap: one block will do
            return list(self._at(1, low, low, high))
        middle = round(min(max(as_float(divisible.guess), low), high))

        def wanted(d: int) -> Ball:
            """B(d) / w."""
            return divisible.bandwidth(self.learner.need(d) / self.learner.slack(d)) / self._width

        def last_below(blocks: int) -> int:
            """Return a d up to which fewer than so many are wanted."""
            return last_true(lambda d: wanted(d) < blocks, low, high, middle)

        def first_from(blocks: int) -> int:
            """Return a d from which at least so many are wanted."""
            return 1 + last_true(lambda d: not wanted(d) >= blocks, low, high, middle)

        def within(number: int) -> int:
            return min(max(number, 1), self._most)

        def surely_from(d: int) -> int:
            """Return a whole number of blocks that d wants at least."""
            many = wanted(d)
            return within(floor(many.lower()) if many.is_finite() else 1)

        def surely_within(d: int) -> int:
            """Return a whole number of blocks that d wants at most."""
            many = wanted(d)
            return within(floor(many.upper()) + 1 if many.is_finite() else self._most)

        found: list[Ball] = []
        tried: set[int] = set()

        def try_out(*numbers: int) -> None:
            for blocks in numbers:
                if blocks not in tried:
                    tried.add(blocks)
                    found.extend(self._at(blocks, middle, low, high))

        def cover(first: int, last: int, fewest: int, most: int) -> None:
            """See to all first <= d <= last, who want from `fewest` to `most` blocks.

            The best whole number is next to the real one, and what the divisible bandwidth is
            worth over a range is worth no less: ranges that are beaten are left out.
            """
            if first > last or (found and bool(divisible.peak(first, last) <= largest(found))):
                return
            if most - fewest <= 1:
                try_out(fewest, most)
            elif len(tried) >= PATIENCE:
                found.append(divisible.peak(first, last))
            else:
                between = (fewest + most) // 2
                cover(first, min(last, first_from(between) - 1), fewest, between)
                cover(max(first, last_below(between) + 1), last, between, most)

        likely, fewest, most = surely_from(middle), surely_from(low), surely_within(high)
        try_out(likely, fewest, surely_within(low))
        cover(low, min(high, first_from(likely) - 1), fewest, max(likely, fewest))
        cover(max(low, last_below(likely) + 1), high, min(likely, most), most)
        return found

    def _at(self, blocks: int, middle: int, low: int, high: int) -> Iterator[Ball]:
        """At least the largest value of low <= d <= high with so many blocks; none if none can."""
        learner = self.learner
        bandwidth = blocks * self._width
        last = learner.last_at(largest_rate(self._law, bandwidth, learner.power_cap, learner.noise))
        top = high if last is None else min(high, last)
        if top < low:
            return
        paid = self._lam * bandwidth
        if self._mu_noise == 0:
            yield top - paid
            return
        scale = self._mu_noise * bandwidth if self._law == "density" else self._mu_noise
        pace = arb.const_log2() / bandwidth
        steep = scale * pace * learner.area

        def value(d: int) -> Ball:
            return d - paid - scale * (pace * learner.need(d) / learner.slack(d)).expm1()

        def slope(d: int) -> Ball:
            slack = learner.slack(d)
            return 1 - steep * (pace * learner.need(d) / slack).exp() / (slack * slack)

        def guess() -> float:
            rho = -math.inf
            for d in (middle, low):
                if rho == -math.inf:
                    start = float(learner.need(d) / learner.slack(d))
                    rho = rate_at_bandwidth(learner, bandwidth, scale, start)
            return samples_at(learner, rho)

        yield concave_peak(value, slope, low, top, as_float(guess))
