"""Maxima over integers, from above, of functions that are known through balls."""

import math
from collections.abc import Callable

from flint import arb

from mel_fast.verify._learner import Ball


def concave_peak(
    value: Callable[[int], Ball],
    slope: Callable[[int], Ball],
    low: int,
    high: int,
    guess: float,
) -> Ball:
    """At least the maximum over the integers low..high of a function that is concave there.

    A concave function lies below its tangent at any m, and right of m + 1 below its value there
    if its slope there is <= 0.
    """
    m = last_true(lambda d: not slope(d) <= 0, low, high, guess)
    values = []
    if m >= low:
        falling = (-slope(m)).max(arb(0))
        values.append(value(m) + falling * (m - low))
    if m < high:
        values.append(value(m + 1))
    return largest(values)


def last_true(test: Callable[[int], bool], low: int, high: int, guess: float) -> int:
    """Return d in low-1..high with test(d) (if d >= low) and not test(d + 1) (if d < high)."""
    start = low - 1 if not guess >= low else high if guess >= high else math.floor(guess)
    good, bad, step = low - 1, high + 1, 1
    if start < low or test(start):
        good = start
        while good + step < bad:
            if not test(good + step):
                bad = good + step
                break
            good, step = good + step, 2 * step
    else:
        bad = start
        while bad - step > good:
            if test(bad - step):
                good = bad - step
                break
            bad, step = bad - step, 2 * step
    while bad - good > 1:
        middle = (good + bad) // 2
        if test(middle):
            good = middle
        else:
            bad = middle
    return good


def as_float(guess: Callable[[], float]) -> float:
    """Return the guess, minus infinity where its formula has no number."""
    try:
        number = guess()
    except (ArithmeticError, ValueError):
        return -math.inf
    return -math.inf if math.isnan(number) else number


def floor(x: Ball) -> int:
    """Return the integer below a finite number without radius."""
    return int(x.floor().unique_fmpz())


def largest(values: list[Ball]) -> Ball:
    """Return the maximum."""
    most = values[0]
    for value in values[1:]:
        most = most.max(value)
    return most


def magnitude(x: Ball) -> int:
    """Return e with 2^(e-1) <= |midpoint| < 2^e."""
    mantissa, exponent = x.mid().man_exp()
    return int(exponent) + int(mantissa).bit_length()
