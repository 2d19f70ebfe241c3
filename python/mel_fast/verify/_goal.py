"""What a certificate rules out: D samples with enough participants, or that a plan is worth more.

A plan adds up, over its learners, s d + q for each that has d > 0 samples, s being what a sample
counts for times the learner's weight and q what a participant does. Nothing in a box adds up to
more than U = lambda B + mu P + sum max { s d + q - C(d) }; docs/proof.md, section 6. Where parts
of c samples count, it is d + q ceil((d - r) / c), r being a learner's samples before its first
part, and ceil((D - sum r) / c) parts there are at least.
"""

from collections.abc import Callable
from fractions import Fraction
from math import gcd
from typing import Any

from flint import arb

from mel_fast.verify._allowance import ticked
from mel_fast.verify._learner import Ball
from mel_fast.verify.best._peak import largest
from mel_fast.verify.best._response import Response, best_value
from mel_fast.verify.claim._problem import LARGEST, Problem, Row
from mel_fast.verify.claim._read import Leaf, NoMore

At = Callable[[Any, Any], Response]  # a learner at prices of a hertz and a watt

_MOST_PARTS = 64  # of a learner, that are looked at one by one


class Goal:
    """What has to be out of reach in every box."""

    def __init__(self, problem: Problem, at_least: int = 0, no_more: NoMore | None = None) -> None:
        self.of = None if no_more is None else no_more.of
        self.samples = problem.samples
        self.most = LARGEST if no_more else problem.samples
        self.idle = problem.idle
        self._at_least = at_least
        # Identical learners change places; what a sample is worth counts only where it counts.
        self.rows = problem.learners
        if self.of != "weight":
            self.rows = [row._replace(weight=1.0) for row in ticked(problem.learners)]
        self._than = None if no_more is None else _next(no_more.than, self.rows, self.of)

    def values(self, leaf: Leaf) -> tuple[float, float]:
        """Return what a sample (times its weight) and a participant count for."""
        if self.of is None:
            return leaf.per_sample, leaf.per_learner
        return (0.0, 1.0) if self.of == "learners" else (1.0, 0.0)

    def target(self, leaf: Leaf, parts: int) -> Any:
        """Return what no plan of a box may reach, of so many parts: its bound must be below."""
        if self._than is not None:
            return arb(self._than.numerator) / self._than.denominator
        if leaf.plain:
            return self.samples
        per_sample, per_learner = self.values(leaf)
        counted = arb(per_learner) * self._at_least + arb(leaf.per_part) * parts
        return arb(per_sample) * self.samples + counted

    def best(
        self, row: Row, at: At, leaf: Leaf, offset: int = 0
    ) -> Callable[[tuple[int, int]], Ball | None]:
        """Return, for an interval of samples, at least the most that a learner adds to U.

        Where parts count, `offset` samples come before the first of them.
        """
        if leaf.per_part != 0.0:
            return _best_in_parts(row, at, leaf, self.idle, offset)
        per_sample, per_learner = self.values(leaf)
        if not row.optional and per_learner == 0.0 and per_sample == row.weight == 1.0:
            whole = at(leaf.lambda_per_hz, leaf.mu_per_w)
            return lambda interval: best_value(whole, *interval, self.idle == "excused")
        each = arb(per_sample) * arb(row.weight)
        priced = at(leaf.lambda_per_hz, leaf.mu_per_w)
        dealt = priced
        if per_sample > 0.0:
            dealt = at(leaf.lambda_per_hz / each, leaf.mu_per_w / each)

        def value(interval: tuple[int, int]) -> Ball | None:
            low, high = interval
            found = []
            if low == 0 and row.rests(self.idle):
                found.append(arb(0))
            elif low == 0 and (bare := best_value(priced, 0, 0, False)) is not None:
                found.append(bare)
            first = max(low, 1, row.min_samples)
            if first <= high and per_sample > 0.0:
                best = best_value(dealt, first, high, False)
                if best is not None:
                    found.append(each * best + per_learner)
            elif first <= high:  # a sample more is worth nothing, or less
                best = best_value(priced, first, first, False)
                if best is not None:
                    found.append(best - first + each * first + per_learner)
            return largest(found) if found else None

        return value


def _best_in_parts(
    row: Row, at: At, leaf: Leaf, idle: str, offset: int = 0
) -> Callable[[tuple[int, int]], Ball | None]:
    """Return `Goal.best` where a part of so many samples counts for something, too.

    d samples are ceil((d - r) / c) parts, `offset` being r. Within one part that adds the same to
    every d. Beyond, ceil((d - r) / c) is at most (d - r + c - 1) / c, which is linear in d: as if
    samples counted for more. So parts are looked at from the first on, until all others together
    are worth no more; after many, that is the bound.
    """
    per_part, part = arb(leaf.per_part), leaf.part
    more = 1 + per_part / part  # what a sample counts for where parts need not be whole
    priced = at(leaf.lambda_per_hz, leaf.mu_per_w)
    dealt = at(leaf.lambda_per_hz / more, leaf.mu_per_w / more)

    def value(interval: tuple[int, int]) -> Ball | None:
        low, high = interval
        found = None
        if low == 0:
            found = arb(0) if row.rests(idle) else best_value(priced, 0, 0, False)
        first = max(low, 1, row.min_samples)
        looked_at = 0
        while first <= high:
            best = best_value(dealt, first, high, False)
            if best is None:  # none of these is allowed
                break
            others = more * best + per_part * (part - 1 - offset) / part
            if found is not None and others <= found:
                break
            looked_at += 1
            if looked_at > _MOST_PARTS:
                return others if found is None else largest([found, others])
            count = -(-(first - offset) // part)
            last = min(offset + count * part, high)
            best = best_value(priced, first, last, False)
            if best is not None:
                whole = best + count * per_part
                found = whole if found is None else largest([found, whole])
            first = last + 1
        return found

    return value


def _next(than: float, rows: list[Row], of: str | None) -> Fraction:
    """Return the least worth above `than` that a plan can have, or `than` and hardly more."""
    if than < 0:
        return Fraction(0)
    if than == 0 and of != "learners":
        return min(_least(row) for row in set(ticked(rows)))
    grain = Fraction(1) if of == "learners" else _grain(rows)
    return (Fraction(than) // grain + 1) * grain if grain else Fraction(than)


def _least(row: Row) -> Fraction:
    return Fraction(row.weight) * max(row.min_samples, 1)


def _grain(rows: list[Row]) -> Fraction:
    """Return a number of which every worth is a multiple; 0 where that is too fine to count."""
    top, bottom = 0, 1
    for row in set(ticked(rows)):
        count = row.min_samples if row.min_samples == row.max_samples > 0 else 1
        number = Fraction(row.weight) * count
        common = bottom * number.denominator // gcd(bottom, number.denominator)
        top = gcd(top * (common // bottom), number.numerator * (common // number.denominator))
        bottom = common
        if bottom.bit_length() > 400:
            return Fraction(0)
    return Fraction(top, bottom)
