"""Whose samples add up to just so many, where each has nothing or a number within its own ends.

With the ends of everybody known, a set S of learners can have D samples in all exactly where the
sum of its lower ends is at most D and that of its upper ends at least D. To find such a set is a
knapsack problem; it is decided by the totals that can be reached at all, as the bits of one number.
"""

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from mel_fast._base.validation import BoolColumn, IntColumn

_BITS = 64
_WORK = 2 * 10**7  # words of bits that are looked at, and kept
_CORE = 64  # learners on either side of where a greedy choice ends


class Ends(NamedTuple):
    """What everybody may have: nothing where it may rest, else from `low` to `high`."""

    low: IntColumn
    """At least 1 for whoever may rest."""
    high: IntColumn
    rests: BoolColumn


class Sum(NamedTuple):
    """Who takes part, or whether it is proved that nobody can."""

    who: BoolColumn | None
    refuted: bool = False


def some_with_sum(ends: Ends, total: int, at_least: int = 0) -> Sum:
    """Return learners who can have `total` samples in all, with so many who have some.

    Nothing is proved where the numbers are too large to look at all totals.
    """
    low, high, rests = ends
    if bool((high < low)[~rests].any()):
        return Sum(None, refuted=True)
    must = ~rests
    open_ = np.flatnonzero(rests & (high >= low))
    left = total - int(low[must].sum())
    spare = int((high - low)[must].sum())
    # Who must take part, and may have nothing, counts only with a sample.
    needed = max(at_least - int((must & (high > 0)).sum()), 0)
    bare = int((must & (low == 0) & (high > 0)).sum()) if at_least else 0
    if left < 0 or needed > open_.size:
        return Sum(None, refuted=True)
    if bare:  # those with nothing yet take one each where they must count
        return _with_bare(ends, total, at_least)
    return _choose(must, open_, low[open_], high[open_], left, spare, needed)


def _with_bare(ends: Ends, total: int, at_least: int) -> Sum:
    """Look at those who are served without samples as learners that may rest."""
    low = np.maximum(ends.low, 1)
    rests = ends.rests | (ends.low == 0)
    return some_with_sum(Ends(low, ends.high, rests), total, at_least)


def _choose(
    must: BoolColumn,
    open_: IntColumn,
    low: IntColumn,
    high: IntColumn,
    left: int,
    spare: int,
    needed: int,
) -> Sum:
    """Choose among those who may rest; `left` samples are wanted of them, or `spare` less."""

    def everybody(chosen: IntColumn) -> BoolColumn:
        who = must.copy()
        who[open_[chosen]] = True
        return who

    quick = _greedy(low, high, left, spare, needed)
    if quick is not None:
        return Sum(everybody(quick))
    if _too_much(low, high, left, spare, needed):
        return Sum(None, refuted=True)
    words = (left // _BITS + 1) * open_.size * (needed + 1)
    if words <= _WORK:
        exact = _reached(low.tolist(), high.tolist(), left, spare, needed)
        return Sum(None, refuted=True) if exact is None else Sum(everybody(np.array(exact, int)))
    near = _around(low, high, left, spare, needed)
    return Sum(None) if near is None else Sum(everybody(near))


def _order(low: IntColumn, high: IntColumn) -> IntColumn:
    """Order those first who can have most for what they must have at least."""
    return np.lexsort((-high, -(high / low)))


def _greedy(
    low: IntColumn, high: IntColumn, left: int, spare: int, needed: int
) -> IntColumn | None:
    """Take those who need least until enough take part, then those with the widest ends."""
    first = np.argsort(low, kind="stable")[:needed]
    rest = np.setdiff1d(np.arange(low.size), first)
    rest = rest[_order(low[rest], high[rest])]
    order = np.concatenate([first, rest])
    least, most = (np.concatenate([[0], np.cumsum(ends[order])]) for ends in (low, high))
    enough = np.flatnonzero((least <= left) & (most + spare >= left))
    enough = enough[enough >= needed]
    return order[: enough[0]] if enough.size else None


def _too_much(low: IntColumn, high: IntColumn, left: int, spare: int, needed: int) -> bool:
    """Say whether shares of learners, too, leave too much or too little: in rationals."""
    if int(np.sort(low)[:needed].sum()) > left:
        return True
    room, held = Fraction(left), Fraction(spare)
    pairs = zip(low.tolist(), high.tolist(), strict=True)
    for least, most in sorted(pairs, key=lambda ends: Fraction(ends[1], ends[0]), reverse=True):
        if not room:
            break
        share = min(Fraction(1), room / least)
        room, held = room - share * least, held + share * most
    return held < left


def _widened(bits: int, width: int) -> int:
    """Return the bits with each spread over the `width` places above it."""
    have = 1
    while have <= width:
        step = min(have, width + 1 - have)
        bits |= bits << step
        have += step
    return bits


def _reached(
    low: list[int], high: list[int], left: int, spare: int, needed: int
) -> list[int] | None:
    """Return who takes part, found among all totals that can be reached; None where none can."""
    mask = (1 << (left + 1)) - 1
    start = _widened(1, min(spare, left)) & mask
    # layers[c]: totals with c participants, the last one with so many or more.
    layers = [start] + [0] * needed
    history = []
    for least, most in zip(low, high, strict=True):
        history.append(layers)
        width = min(most - least, left)
        joined = [_widened((bits << least) & mask, width) & mask for bits in layers]
        layers = [
            bits | (joined[c - 1] if c else 0) | (joined[c] if c == needed else 0)
            for c, bits in enumerate(layers)
        ]
    if not layers[needed] >> left & 1:
        return None
    at, members, chosen = left, needed, []
    for k in range(len(low) - 1, -1, -1):
        before = history[k]
        if before[members] >> at & 1:
            continue
        chosen.append(k)
        at, members = _came_from(before, at, members, needed, (low[k], high[k]))
    return chosen[::-1]


def _came_from(
    before: list[int], at: int, members: int, needed: int, ends: tuple[int, int]
) -> tuple[int, int]:
    """Return the total, and the layer, from which a learner within `ends` led to `at`."""
    least, most = ends
    first = max(at - most, 0)
    places = (1 << (at - least - first + 1)) - 1
    for layer in (members - 1, members) if members == needed else (members - 1,):
        if layer < 0:
            continue
        found = before[layer] >> first & places
        if found:
            return first + found.bit_length() - 1, layer
    raise AssertionError("no total leads here")


def _around(
    low: IntColumn, high: IntColumn, left: int, spare: int, needed: int
) -> IntColumn | None:
    """Take the first of an order as they are; of a few around where it ends, look at all sets."""
    order = _order(low, high)
    n = int(np.searchsorted(np.cumsum(low[order]), left, side="right"))
    fixed = order[: max(n - _CORE, 0)]
    some = order[max(n - _CORE, 0) : n + _CORE]
    left, spare = left - int(low[fixed].sum()), spare + int((high - low)[fixed].sum())
    wanted = max(needed - fixed.size, 0)
    words = (left // _BITS + 1) * some.size * (wanted + 1)
    if left < 0 or words > _WORK:
        return None
    found = _reached(low[some].tolist(), high[some].tolist(), left, spare, wanted)
    return None if found is None else np.concatenate([fixed, some[np.array(found, int)]])
