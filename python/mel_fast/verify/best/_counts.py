"""Whoever takes part, and however many do: their samples do not add up to D.

A learner that takes part has at least its minimum and at most what time, energy and limits allow.
So the samples of m participants lie between the m least minima and the m largest maxima, added up
(with those who must take part); where D lies between for no m, there is no plan.
"""

from collections.abc import Callable
from itertools import accumulate

from mel_fast.verify._allowance import tick
from mel_fast.verify._learner import Learner, last_below, precision
from mel_fast.verify.claim._problem import Problem, Row

BITS = 128


def check(
    problem: Problem, tau: int, at_least: int, advance: Callable[[int], None]
) -> tuple[list[str], int]:
    """Return why counting does not rule out `tau` local cycles, and how far off D is at least."""
    ends: dict[Row, tuple[int, int]] = {}
    lowest: list[int] = []
    highest: list[int] = []
    must = must_low = must_high = 0
    with precision(BITS):
        for row in problem.learners:
            tick()
            if row not in ends:
                ends[row] = max(row.min_samples, 1), _most(problem, row, tau)
            low, high = ends[row]
            if row.rests(problem.idle):
                if low <= high:
                    lowest.append(low)
                    highest.append(high)
                continue
            if high < row.min_samples:
                return [], 1  # one that must take part has not the time
            must += high > 0
            must_low += row.min_samples
            must_high += high
    advance(len(problem.learners))
    least = accumulate(sorted(lowest), initial=must_low)
    most = accumulate(sorted(highest, reverse=True), initial=must_high)
    margin = problem.samples
    for count, (low, high) in enumerate(zip(least, most, strict=True), must):
        if count < at_least:
            continue
        if low <= problem.samples <= high:
            return [
                f"certificate: {count} participants may have from {low} to {high} samples, "
                f"D = {problem.samples} among them"
            ], 0
        margin = min(margin, max(low - problem.samples, problem.samples - high))
    return [], margin


def _most(problem: Problem, row: Row, tau: int) -> int:
    """At least the most samples that a learner can have; -1 if not even none."""
    learner = Learner(problem, row, tau)
    ends = (last_below(learner.spare_s, learner.per_sample_s), learner.most)
    return min(problem.samples, row.max_samples, *(end for end in ends if end is not None))
