"""What many learners are worth at most where parts of so many samples count, too.

d samples are ceil((d - r) / c) parts, 0 <= r < c: docs/proof.md, section 6. Within one part each
learner is worth what it is without, and the parts; what lies beyond is bounded by a line.
"""

from typing import Any

import numpy as np

from mel_fast.verify.quick.intervals import above, below, exactly
from mel_fast.verify.quick.leaf import Taking, best_within, taking
from mel_fast.verify.quick.numbers import Numbers

_MOST_PARTS = 12  # of a learner, that are looked at one by one
_LARGEST = 2**53


def worths_in_parts(
    numbers: Numbers,
    tau: int,
    leaf: tuple[float, float, float, int],
    low: Any,
    high: Any,
    offset: Any = 0,
) -> tuple[Any, Any]:
    """Return which bounds are known, and a bound of each learner's best value with its parts.

    `leaf` has the prices of a hertz and a watt, and a part's worth and samples. Everybody takes
    from `low` to `high` samples, whole float64, of which `offset`, less than a part, come before
    its first part. Raises FloatingPointError where a number is beyond what can be enclosed.
    """
    lam, mu, per_part, part = leaf
    if part > _LARGEST:
        raise FloatingPointError("a part has too many samples")
    who = taking(numbers, tau, low, high)
    sure, most = who.known_to_rest.copy(), np.zeros(len(low))
    if who.able.size:
        before = np.broadcast_to(np.asarray(offset, np.int64), len(low))[who.able]
        known, best = _best(who, (lam, mu), per_part, part, before)
        sure[who.able], most[who.able] = known, best
    return sure, np.where(who.rests, np.maximum(most, 0.0), most)


def _best(
    who: Taking, prices: tuple[float, float], per_part: float, part: int, offset: Any
) -> tuple[Any, Any]:
    """Return whether all is known, and a bound, of those who are able to take part."""
    each = exactly(per_part).over(exactly(float(part)))
    worth_lo, worth_hi = below(1.0 + each.lo), above(1.0 + each.hi)
    # Lower prices make no bound smaller.
    dealt = tuple(float(below(price / worth_hi)) for price in prices)
    size = len(who.first)
    known = np.ones(size, bool)
    best = np.where(who.rests[who.able], 0.0, -np.inf)
    first, top = who.first.astype(np.int64), who.top.astype(np.int64)
    left = np.arange(size)  # who may be worth more with parts not looked at
    for _ in range(_MOST_PARTS):
        some = who.at(left)
        count = -(-(first[left] - offset[left]) // part)
        last = np.minimum(offset[left] + count * part, top[left])
        sure, value = best_within(some, *prices, first[left].astype(float), last.astype(float))
        value = above(value + above(per_part * count.astype(float)))
        known[left] &= sure
        best[left] = np.maximum(best[left], value)
        first[left] = last + 1
        left = left[first[left] <= top[left]]
        if not left.size:
            return known, best
        ends = first[left].astype(float), top[left].astype(float)
        sure, value = best_within(who.at(left), dealt[0], dealt[1], *ends)
        others = above(np.where(value > 0.0, value * worth_hi, value * worth_lo))
        others = above(others + above(per_part))
        known[left] &= sure
        more = others > best[left]
        left, others = left[more], others[more]
        if not left.size:
            return known, best
    best[left] = np.maximum(best[left], others)
    return known, best
