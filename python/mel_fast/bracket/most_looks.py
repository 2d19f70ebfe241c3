"""Looks from which the most samples are closed in on: prices, and what they refute.

At prices that refute n samples with a little more of a budget, the bound falls with that budget at
its own price, so one look tells which smaller n the same prices refute with what there is.
"""

import math
from fractions import Fraction

import numpy as np

from mel_fast import _core
from mel_fast._base.validation import LARGEST, MAX_INTEGER, SMALLEST
from mel_fast.bracket.inquiry import Inquiry
from mel_fast.bracket.search import RESOURCES, Split, amount_of
from mel_fast.model.problem import Problem
from mel_fast.plans.claims.parts import PartsLeaf
from mel_fast.plans.most import by_energy, by_own_limit, by_time

_ESTIMATES = 2  # of the continuous problem
_NEAR = 1e-5  # relative, of a budget: what is left is so far below a sample as its square
_ABOVE = 1e-6  # relative, of the samples
_LOOKS = 8
_SHARE = 0.5  # of the time that is left, for a look


class Looking(Inquiry):
    """The part of a search for the most samples that looks where they may be."""

    problem: Problem
    tau: int
    value: int
    split: Split | None
    ruled_out: int
    refuted: _core.Result | _core.Selection | PartsLeaf | None
    _fewest: int
    _seen_at: tuple[float, float, float] | None

    def with_samples(self, samples: int) -> Problem:
        """Return the problem of so many samples."""
        raise NotImplementedError

    def _guess(self) -> int:
        """Say where to begin: for equal shares the answer itself, up to rounding."""
        samples = self.problem.task.samples
        if self.scheme == "resource_only":
            return samples
        if self.scheme == "task_only" or not self._sends():
            return int(min(self._most_by_limits(), float(MAX_INTEGER)))
        return self._estimate(samples)

    def _most_by_limits(self) -> float:
        """Return how many samples all may have, and have the time and energy for."""
        far = self.with_samples(MAX_INTEGER)
        each = np.minimum(by_time(far, self.tau, self.scheme), by_energy(far, self.tau))
        each = np.minimum(each, by_own_limit(far))
        return float(np.fmax(each, 0.0).sum())  # who is sent nothing and has no time is no number

    def _sends(self) -> bool:
        return self.problem.links.uses_planned

    def _may_look(self) -> bool:
        return self.scheme == "joint" and self._sends()

    @property
    def _resource(self) -> str:
        """The budget that a look varies: bandwidth, unless that comes in blocks."""
        return "bandwidth_hz" if self.problem.radio.block_hz is None else "power_w"

    @property
    def _what(self) -> int:
        return RESOURCES.index(self._resource)

    def _estimate(self, samples: int) -> int:
        """Follow the continuous problem to the samples that need just the budget there is."""
        if self.problem.law == "fixed":  # its responses jump: what it says would be far off
            return samples
        for _ in range(_ESTIMATES):
            amount, per_hz, per_w, converged, interrupted = _core.estimate_least(
                *self._asked_about(self.with_samples(samples))
            )
            self._seen(interrupted)
            if self.stopped or not converged or not SMALLEST <= amount <= LARGEST:
                break
            self.start = (float(self.tau), per_hz, per_w)
            samples = self._next(samples, amount, per_hz, per_w)
        return samples

    def _next(self, samples: int, amount: float, per_hz: float, per_w: float) -> int:
        """Say which number needs just the budget there is, from the last needs and prices.

        Along the logarithm of the budget, whose slope the prices are: a line, then a cubic. A
        little above it: what is refuted from above refutes all the way down.
        """
        has = amount_of(self.problem, self._resource)
        price = per_hz if self._resource == "bandwidth_hz" else per_w
        x, y, slope = math.log(amount / has), float(samples), price * amount
        to = y - slope * x
        if self._seen_at is not None and self._seen_at[0] != x:
            x0, y0, slope0 = self._seen_at
            h = x - x0
            t = -x0 / h
            if -1.0 <= t <= 2.0:
                to = (
                    y0 * (1 + 2 * t) * (1 - t) ** 2
                    + slope0 * h * t * (1 - t) ** 2
                    + y * t * t * (3 - 2 * t)
                    + slope * h * t * t * (t - 1)
                )
        self._seen_at = x, y, slope
        if not math.isfinite(to):
            return samples
        return int(min(max(to * (1.0 + _ABOVE) + 1.0, 1.0), float(MAX_INTEGER)))

    def _look_around(self, guess: int, fewest: int, most: int) -> int:
        """Look at the prices near the answer, and at which numbers of samples they refute."""
        for _ in range(_LOOKS):
            last, bound = guess, self._look(guess)
            if self.stopped or bound is None:
                break
            guess = min(max(bound, self.value + 1, fewest), most, self.ruled_out - 1)
            if guess <= self.value or guess == last or guess < fewest:
                break
        return guess

    def _all_below(self, samples: int) -> bool:
        """Say whether nobody may have more than so many: so prices bound any number of them."""
        most = self.problem.learners.max_samples
        return most is not None and int(most.max()) <= samples

    def _rule_out(self, samples: int, refuted: _core.Result, lower: float, has: float) -> None:
        """Keep which numbers of samples what refutes so many with `lower` refutes with `has`.

        The bound is below `samples`, and what parts count for, with `lower`; with what there is it
        is less or more by what the difference costs. Exact, so that it is as good a proof; but not
        of a tree, whose splits may lie beyond what other samples leave a learner, and of more
        samples only where nobody may have more than before.
        """
        alone, leaf = refuted.tree_learner.size == 1, PartsLeaf.of(refuted)
        prices = refuted.tree_lambda_per_hz, refuted.tree_mu_per_w
        price = Fraction(float(prices[self._resource == "power_w"][0]) if alone else 0.0)
        saved = price * (Fraction(lower) - Fraction(has))
        if lower < has and not (alone and self._all_below(samples)):
            return
        if leaf is None:
            ruled_out = samples - math.floor(saved)
        elif leaf.above is None:
            ruled_out = _fewest_counting(leaf, samples, saved)
        elif lower >= has:  # how many parts there are hangs on what learners may hold
            ruled_out = samples
        else:
            return
        # No lower than the minima: fewer are impossible anyway, and say nothing of more.
        ruled_out = max(ruled_out, self._fewest)
        if ruled_out < self.ruled_out:
            self.ruled_out, self.refuted = ruled_out, leaf or refuted

    def _look(self, samples: int) -> int | None:
        """Bracket the budget that so many samples need; return the most that its prices allow."""
        problem, resource = self.with_samples(samples), self._resource
        has = amount_of(problem, resource)
        core, tau, what, code, left_s, threads, teller, start = self._asked_about(problem)
        limit_s = _SHARE * left_s
        lower, refuted, amount, found, interrupted, *_ = _core.bracket(
            core, tau, what, code, limit_s, threads, teller, start, parts=True
        )
        bound = None
        if found is not None and SMALLEST <= amount <= has and samples > self.value:
            self.value, self.split = samples, Split.of(problem.cycle_s, found)
        if refuted is not None and SMALLEST <= lower <= LARGEST:
            self.passes += refuted.passes
            self.start = refuted.end if min(refuted.end) > 0 else self.start
            self._rule_out(samples, refuted, lower, has)
            if abs(lower - has) > _NEAR * has:
                bound = self._next(samples, lower, *refuted.end[1:])
            else:
                near = samples - refuted.end[1 + (resource == "power_w")] * (lower - has)
                bound = min(max(math.ceil(near) - 1, 1), MAX_INTEGER) if near < LARGEST else None
        self._seen(interrupted)
        return bound


def _fewest_counting(leaf: PartsLeaf, samples: int, less: Fraction) -> int:
    """Return the fewest samples that count, with their parts, for as many but `less`."""
    part, worth = leaf.part, Fraction(leaf.per_part)
    wanted = samples + worth * -(-samples // part) - less
    parts = math.ceil(wanted / (part + worth))  # so many whole ones count for as much
    return max(math.ceil(wanted - worth * parts), part * (parts - 1) + 1)
