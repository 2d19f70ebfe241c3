"""The best that one learner can do at given prices where bandwidth comes in blocks of one width.

For each d the cheapest number of blocks is one of the two around B(d)/w, B(d) being the bandwidth
that would be cheapest if it were divisible: the cost is convex in the bandwidth. B(d) rises with d,
so a range of d leaves a range of blocks, and for a fixed number of blocks d - C is concave in d.
Ranges of d are left out where even divisible bandwidth is worth no more than what was found.
"""

from collections.abc import Iterator

from flint import arb

from mel_fast.verify._capped import CappedDensity, CappedFixed, rate_at_bandwidth, samples_at
from mel_fast.verify._learner import Ball, Learner, largest_rate
from mel_fast.verify._peak import as_float, concave_peak, floor, largest
from mel_fast.verify._problem import Problem, Row

FEW = 4  # numbers of blocks that are tried one by one
PATIENCE = 1000  # ranges of d that are looked at


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
        if not self.free and (mu_per_w or learner.power_cap is not None):
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
            return list(self._at(1, low, high))
        middle = round(min(max(as_float(divisible.guess), low), high))
        reach = 1 + middle // (
            1 + self._around(divisible, middle, middle)[0]
        )  # about one block more or less
        first, last = max(low, middle - reach), min(high, middle + reach)
        ranges = [(low, first - 1), (last + 1, high), (first, last)]  # the last one comes first
        found: list[Ball] = []
        patience = PATIENCE
        while ranges:
            first, last = ranges.pop()
            if first > last:
                continue
            patience -= 1
            bound = divisible.peak(first, last)
            if found and bound <= largest(found):
                continue
            fewest, most = self._around(divisible, first, last)
            if most - fewest < FEW:
                for blocks in range(fewest, most + 1):
                    found += self._at(blocks, first, last)
            elif first == last or patience < 0:
                found.append(bound)
            else:
                cut = (first + last) // 2
                ranges += sorted(
                    [(first, cut), (cut + 1, last)], key=lambda ends: -abs(sum(ends) - 2 * middle)
                )
        return found

    def _around(
        self, divisible: CappedDensity | CappedFixed, low: int, high: int
    ) -> tuple[int, int]:
        """Numbers of blocks between which the cheapest is for every low <= d <= high."""
        fewest, most = 1, self._most
        least, greatest = (
            divisible.bandwidth(self.learner.need(d) / self.learner.slack(d)) / self._width
            for d in (low, high)
        )
        if least.is_finite():
            fewest = max(fewest, min(most, floor(least.lower())))
        if greatest.is_finite():
            most = max(fewest, min(most, floor(greatest.upper()) + 1))
        return fewest, most

    def _at(self, blocks: int, low: int, high: int) -> Iterator[Ball]:
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
            start = float(learner.need(low) / learner.slack(low))
            return samples_at(learner, rate_at_bandwidth(learner, bandwidth, scale, start))

        yield concave_peak(value, slope, low, top, as_float(guess))
