"""What many learners are worth at most at the prices of a leaf."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mel_fast.verify.quick.density import Density
from mel_fast.verify.quick.fixed import Fixed
from mel_fast.verify.quick.intervals import Interval, above, exactly
from mel_fast.verify.quick.numbers import Constants, Numbers, constants, cycles


@dataclass(frozen=True)
class Worths:
    """Of each learner, shape (K,): a bound of its best value, and a value that it surely has."""

    sure: Any  # whether the bound is one
    most: Any
    least: Any


@dataclass(frozen=True)
class Taking:
    """Who can take part, and with how many samples at most; the first four of shape (K,)."""

    rests: Any  # may have no samples, and needs nothing then
    known_to_rest: Any  # and can have none
    able: Any  # indices of those of whom more is to be known; the rest is theirs alone
    numbers: Numbers
    known: Constants
    first: Any
    top: Any

    def at(self, rows: Any) -> "Taking":
        """Return some of those who are able."""
        return replace(
            self,
            able=self.able[rows],
            numbers=self.numbers.at(rows),
            known=self.known.at(rows),
            first=self.first[rows],
            top=self.top[rows],
        )


def taking(numbers: Numbers, tau: int, low: Any, high: Any) -> Taking:
    """Say who can take part with `low` to `high` samples, whole float64, or at least 1."""
    size = len(low)
    rests = (low == 0.0) & ((numbers.idle == "excused") | (np.asarray(numbers.send) == 0.0))
    to_rest = np.zeros(size, bool)
    able = np.flatnonzero(numbers.plain & (np.broadcast_to(numbers.gain, size) > 0.0))
    some = numbers.at(able)
    known = constants(some, tau)
    first = np.where(rests, 1.0, low)[able]
    top = np.minimum(high[able], _last(some, known, tau))
    to_rest[able[(top < first) & rests[able]]] = True
    inside = (top >= first) & (known.spare_s.lo > 0.0) & (top < 2.0**53)
    return Taking(
        rests,
        to_rest,
        able[inside],
        some.at(inside),
        known.at(inside),
        first[inside],
        top[inside],
    )


def last_by_energy(numbers: Numbers, tau: int, size: int) -> Any:
    """Return at least the last d that its energy allows each; not a number where it is unknown."""
    able = np.flatnonzero(numbers.plain & (np.broadcast_to(numbers.gain, size) > 0.0))
    some, most = numbers.at(able), np.full(size, np.nan)
    most[able] = _by_energy(some, constants(some, tau), tau, np.full(len(able), np.inf))
    return most


def worths(numbers: Numbers, tau: int, lam: float, mu: float, low: Any, high: Any) -> Worths:
    """Bound the best value of each learner that takes from `low` to `high` samples, whole float64.

    Caps of bandwidth and power are passed over, which can only raise a bound. Raises
    FloatingPointError where a number is beyond what can be enclosed.
    """
    size = len(low)
    who = taking(numbers, tau, low, high)
    sure = who.known_to_rest.copy()
    most, least = np.zeros(size), np.zeros(size)
    if who.able.size:
        found = _best(who.numbers, who.known, lam, mu, who.first, who.top)
        sure[who.able], most[who.able], least[who.able] = found
    least = np.where(capped(numbers, size) | ~sure, -np.inf, least)
    return Worths(
        sure,
        np.where(who.rests, np.maximum(most, 0.0), most),
        np.where(who.rests, np.maximum(least, 0.0), least),
    )


def best_within(who: Taking, lam: float, mu: float, first: Any, top: Any) -> tuple[Any, Any]:
    """Return whether all is known, and a bound of the best value on first..top, of the able."""
    return _best(who.numbers, who.known, lam, mu, first, top)[:2]


def capped(numbers: Numbers, size: int) -> Any:
    """Say which learners have caps, or an energy, that bounds pass over."""
    finite = np.zeros(size, bool)
    for cap in (numbers.max_bandwidth_hz, numbers.max_power_w, numbers.energy_j):
        finite |= np.broadcast_to(np.asarray(cap) < np.inf, size)
    return finite


def _last(numbers: Numbers, known: Constants, tau: int) -> Any:
    """At least the last d that time and energy allow."""
    return _by_energy(numbers, known, tau, _quotient(known.spare_s, known.per_sample_s))


def _by_energy(numbers: Numbers, known: Constants, tau: int, last: Any) -> Any:
    """No more than energy allows of `last`."""
    energies = np.asarray(numbers.energy_j)
    finite = energies < np.inf
    if np.any(finite):
        spent = exactly(numbers.return_power_w).times(known.return_s)
        each = cycles(tau).times(exactly(numbers.flops_each))
        each = each.times(exactly(numbers.energy_per_flop_j))
        each = each.plus(spent.times(exactly(numbers.back_each)))
        left = exactly(np.where(finite, energies, 0.0)).minus(spent.times(exactly(numbers.back)))
        some = finite & (each.lo > 0.0)
        each = Interval(np.where(some, each.lo, 1.0), np.where(some, each.hi, 1.0))
        last = np.where(
            some | (finite & (left.hi < 0.0)), np.minimum(last, _quotient(left, each)), last
        )
    return last


def _quotient(budget: Interval, each: Interval) -> Any:
    """At least floor(budget / each); -1 where the budget is below zero."""
    return np.where(budget.hi < 0.0, -1.0, np.floor(above(np.maximum(budget.hi, 0.0) / each.lo)))


def _best(
    numbers: Numbers, known: Constants, lam: float, mu: float, first: Any, top: Any
) -> tuple[Any, Any, Any]:
    """Return whether all is known, a bound of the best value on first..top, and a value."""
    size = len(first)
    each, fixed = np.asarray(numbers.send_each), np.asarray(numbers.send)
    last_slack = _slack(known, top)
    if mu == 0.0 or (lam == 0.0 and numbers.law == "fixed"):  # whatever is lacking costs nothing
        return np.ones(size, bool), top, np.where(last_slack.lo > 0.0, top, -np.inf)
    if not np.all((each > 0.0) | (fixed > 0.0)):
        return np.zeros(size, bool), top, np.full(size, -np.inf)
    respond = (Density if numbers.law == "density" else Fixed)(numbers, known, lam, mu)
    bent = respond.bend(first, top)
    sure = ~np.isnan(bent)
    bent = np.where(sure, bent, first - 1.0)
    begin = np.minimum(bent + 1.0, top)  # concave from here on, where anything is left
    concave = bent < top
    m = np.clip(np.floor(respond.peak()), begin, top)
    after = np.minimum(m + 1.0, top)
    at_m, slope_m, good_m = _look(respond, known, m)
    at_next, slope_next, good_next = _look(respond, known, after)
    # A concave function lies below its tangents.
    left = above(at_m.hi + above(np.maximum(-slope_m.lo, 0.0) * (m - begin)))
    right = above(at_next.hi + above(np.maximum(slope_next.hi, 0.0) * (top - after)))
    beyond = above(at_m.hi + above(np.maximum(slope_m.hi, 0.0) * (top - m)))
    right = np.where(good_next, right, beyond)
    most = np.where(after > m, np.maximum(left, right), left)
    least = np.where(good_next, np.maximum(at_m.lo, at_next.lo), at_m.lo)
    most = np.where(good_m & concave, most, np.where(concave, top, -np.inf))
    least = np.where(good_m, least, -np.inf)
    if np.any(bent >= first):
        for d in (first, np.maximum(bent, first)):
            value, _, good = _look(respond, known, d)
            convex = bent >= first
            most = np.where(convex, np.maximum(most, np.where(good, value.hi, top)), most)
            least = np.where(convex & good, np.maximum(least, value.lo), least)
    return sure, np.minimum(most, top), least


def _slack(known: Constants, d: Any) -> Interval:
    return known.spare_s.minus(known.per_sample_s.times(exactly(d)))


def _look(respond: Any, known: Constants, d: Any) -> tuple[Interval, Interval, Any]:
    """Value and slope at d, and whether d surely leaves time."""
    slack = _slack(known, d)
    good = slack.lo > 0.0
    some = Interval(np.where(good, slack.lo, 1.0), np.where(good, slack.hi, 1.0))
    value, slope = respond.value(d, some)
    return value, slope, good
