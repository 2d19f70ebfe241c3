"""Whoever takes part, and however many do: their samples do not add up to D.

By counting (`check`): a learner that takes part has at least its minimum and at most what time,
energy and limits allow. So the samples of m participants lie between the m least minima and the m
largest maxima, added up (with those who must take part); where D lies between for no m, there is no
plan.

With equal shares (`check_totals`) what each can have is known: nothing, if it may, or from its
least to its most samples. A set of learners can have D samples exactly where D lies between the
sums of both. That no set does is seen from sums of all, or from shares of learners, or else by the
totals of all sets: unions of such stretches, kept as the bits of one number for each number of
participants.
"""

from collections.abc import Callable
from fractions import Fraction
from itertools import accumulate
from typing import NamedTuple

from mel_fast.verify._allowance import tick, ticked
from mel_fast.verify._learner import Learner, last_below, precision
from mel_fast.verify.claim._problem import Problem, Row

BITS = 128
_WORD = 1 << 16  # bits that count as a step
_MOST = 1 << 27  # samples of which all totals are looked at


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


class _Ends(NamedTuple):
    low: int  # where it takes part
    high: int
    none: bool  # whether it may have no samples


def check_totals(problem: Problem, at_least: int, most: list[int]) -> tuple[list[str], float]:
    """Return why no choice is not ruled out, and how far off D is at least.

    `most` is at least the most samples of each learner; below zero where not even none do.
    """
    total = problem.samples
    ends = []
    for row, high in zip(problem.learners, most, strict=True):
        none = row.rests(problem.idle) or (row.min_samples == 0 and high >= 0)
        ends.append(_Ends(max(row.min_samples, 1), min(high, total), none))
        if high < row.min_samples and not none:
            return [], 1.0  # one that must take part can not
    short = _by_sums(ends, total, at_least)
    if short > 0:
        return [], float(short)
    if total > _MOST:
        return [f"equal_shares: all totals up to D = {total} are more than are looked at"], 0.0
    return _by_totals(ends, total, at_least)


def _by_sums(ends: list[_Ends], total: int, at_least: int) -> Fraction:
    """Return by how much D is missed even where shares of learners may take part."""
    must = [end for end in ends if not end.none]
    free = [end for end in ends if end.none and end.high >= end.low]
    room = Fraction(total - sum(end.low for end in must))
    held = Fraction(sum(end.high for end in must))
    lowest = sorted(end.low for end in free)[: max(at_least - len(must), 0)]
    if len(must) + len(lowest) < at_least:
        return Fraction(total)
    if sum(lowest) > room:
        return sum(lowest) - room
    for low, high, _ in ticked(sorted(free, key=lambda e: Fraction(e.high, e.low), reverse=True)):
        share = min(Fraction(1), room / low)
        room, held = room - share * low, held + share * high
        if not room:
            break
    return total - held


def _by_totals(ends: list[_Ends], total: int, at_least: int) -> tuple[list[str], float]:
    within = (1 << (total + 1)) - 1
    totals = [1] + [0] * at_least  # the last: of so many participants or more
    for low, high, none in ends:
        some = [_shifted(bits, low, high, total) & within for bits in totals]
        totals = [
            (bits if none else 0) | (some[n - 1] if n else 0) | (some[n] if n == at_least else 0)
            for n, bits in enumerate(totals)
        ]
    reached = totals[-1]
    if reached >> total & 1:
        who = f" with {at_least} participants" if at_least else ""
        return [f"equal_shares: some learners can have D = {total} samples in all{who}"], 0.0
    return [], float(total + 1 - reached.bit_length())


def _shifted(bits: int, low: int, high: int, total: int) -> int:
    """Return all totals that `low` to `high` samples more lead to."""
    if high < low or low > total or not bits:
        return 0
    width = high - low
    bits <<= low
    have = 1
    while have <= width:
        tick(1 + (bits.bit_length() + width) // _WORD)
        step = min(have, width + 1 - have)
        bits |= bits << step
        have += step
    return bits
