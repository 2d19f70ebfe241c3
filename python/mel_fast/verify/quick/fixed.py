"""Fixed noise power: costs are concave in the rate, values first convex and then concave."""

from typing import Any

import numpy as np

from mel_fast.verify.quick.intervals import (
    LN2,
    ONE,
    TWO,
    Interval,
    above,
    below,
    exactly,
    guessing,
    log,
    log1p,
)
from mel_fast.verify.quick.numbers import Constants, Numbers

_THREE = exactly(3.0)
_ROUNDS = 12  # of Newton's method for a guess


class Fixed:
    """Learners facing prices above zero, who have something to send."""

    def __init__(self, numbers: Numbers, known: Constants, lam: float, mu: float) -> None:
        self._known = known
        self._send, self._each = exactly(numbers.send), exactly(numbers.send_each)
        each, fixed = self._each.times(known.spare_s), self._send.times(known.per_sample_s)
        area = each.plus(fixed)
        self._lam = exactly(lam).times(LN2)
        self._mu_noise = exactly(mu).times(known.noise)
        self._odds = self._lam.over(self._mu_noise)
        self._steep = self._lam.times(area)
        self._area = area

    def value(self, d: Any, slack: Interval) -> tuple[Interval, Interval]:
        """Return the value and the slope at d, which leaves so many seconds, more than none."""
        samples = exactly(d)
        rate = self._rate(samples, slack)
        cost, u = self._cost(rate)
        slope = ONE.minus(self._steep.over(u).over(slack).over(slack))
        return samples.minus(cost), slope

    def _rate(self, samples: Interval, slack: Interval) -> Interval:
        return self._each.times(samples).plus(self._send).over(slack)

    def _cost(self, rate: Interval) -> tuple[Interval, Interval]:
        """Enclose C(rho), and the u with u^2 e^u = lambda ln2 rho / (mu n) where it is reached.

        For any E = 1 + x, y = ln E and h = y - x / E, a logarithm lies below its tangent at x, so
        C >= min over t of lambda ln2 rho / t + mu n E (t - h) = 2 sqrt(lambda ln2 rho mu n E) - mu
        n E h; and it is at most what x costs.
        """
        goal = self._odds.times(rate)
        x, y = _root(goal.lo)
        logs = log1p(x)
        grown = Interval(below(1.0 + x), above(1.0 + x))
        paid = self._lam.times(rate)
        share = self._mu_noise.times(grown)
        least = TWO.times(paid.times(share).root()).minus(share.times(logs.excess)).lo
        most = paid.over(logs.log).plus(self._mu_noise.times(exactly(x))).hi
        return Interval(np.maximum(least, 0.0), most), _around(y, goal)

    def _bends(self, d: Any, slack: Interval) -> Interval:
        """Enclose b(d) = alpha / (g rho) - 3 - 2u, which falls with d and has the sign of v''."""
        rate = self._rate(exactly(d), slack)
        goal = self._odds.times(rate)
        u = _around(_root(goal.lo)[1], goal)
        falls = self._each.over(self._known.per_sample_s.times(rate))
        return falls.minus(_THREE.plus(TWO.times(u)))

    def bend(self, low: Any, top: Any) -> Any:
        """Return d such that values are concave on d+1..top, convex on low..d; NaN: not known."""
        known = self._known

        def surely(d: Any) -> Interval:
            inside = np.clip(d, low, top)
            slack = known.spare_s.minus(known.per_sample_s.times(exactly(inside)))
            at = Interval(np.maximum(slack.lo, 1e-30), np.maximum(slack.hi, 1e-30))
            return self._bends(inside, at)

        first = surely(low).hi <= 0.0
        if np.all(first):
            return low - 1.0
        with guessing():
            last = np.floor(np.nan_to_num(self._guess_bend(), nan=-1.0))
            last = np.clip(last, low, top)
        right = (last >= top) | (surely(last + 1.0).hi <= 0.0)
        left = (last <= low) | (surely(last).lo >= 0.0)
        return np.where(first, low - 1.0, np.where(left & right, last, np.nan))

    def _guess_bend(self) -> Any:
        """Solve (3 + 2u) u^2 e^u = odds alpha / g by Newton's method in ln u; go back to d."""
        known = self._known
        goal = np.log(self._odds.lo * self._each.lo / known.per_sample_s.lo)
        u = np.where(goal > 1.0, goal, np.exp(goal / 2))
        for _ in range(_ROUNDS):
            excess = np.log(3 + 2 * u) + 2 * np.log(u) + u - goal
            u = u * np.exp(-excess / (2 * u / (3 + 2 * u) + 2 + u))
        rho = np.exp(2 * np.log(u) + u) / self._odds.lo
        return (rho * known.spare_s.lo - self._send.lo) / (
            self._each.lo + known.per_sample_s.lo * rho
        )

    def peak(self) -> Any:
        """Guess the samples of the best value: u s^2 = lambda ln2 A, for the largest root u."""
        known, g = self._known, self._known.per_sample_s.lo
        with guessing():
            half = np.sqrt(self._area.lo / self._lam.lo)
            goal = np.log(self._odds.lo / g)
            start = goal + np.log(half)
            u = np.where(start > 1.0, start, np.exp(start / 1.5))
            for _ in range(_ROUNDS):
                rise = half * np.sqrt(u)
                excess = 2 * np.log(u) + u - goal - np.log(rise - self._each.lo)
                slope = 2 + u - rise / 2 / (rise - self._each.lo)
                u = u * np.exp(-excess / slope)
            slack = np.sqrt(self._lam.lo * self._area.lo / u)
            return np.nan_to_num((known.spare_s.lo - slack) / g, nan=-1.0)


def _root(goal: Any) -> tuple[Any, Any]:
    """Guess x and u = ln(1 + x) with u^2 e^u = goal."""
    with guessing():
        z = np.sqrt(goal) / 2  # u = 2 W(z)
        far = np.log1p(z)
        w = far * (1 - np.log1p(far) / (2 + far))
        for _ in range(2):
            grown = np.exp(w)
            off = w * grown - z
            w = w - off / (grown * (w + 1) - (w + 2) * off / (2 * w + 2))
        x = np.expm1(2 * w)
        fine = (x > 1e-30) & (x < 1e200)
        x = np.where(fine, x, 1.0)
        return x, np.where(fine, 2 * w, np.log1p(x))


def _around(guess: Any, goal: Interval) -> Interval:
    """Enclose u with u^2 e^u = goal.

    2 ln u + u - ln goal rises by d at least from the guess to 1 + d times it, and falls by more
    than 2 d to 1 - d times it, for 0 < d < 1: what it is off by encloses u.
    """
    logs = log(guess)
    low, high = log(goal.lo), log(goal.hi)
    there = logs.plus(logs).plus(exactly(guess))
    off = np.maximum(np.abs(above(there.hi - low.lo)), np.abs(below(there.lo - high.hi)))
    if np.max(off) >= 0.5:
        raise FloatingPointError("no guess near the root")
    return Interval(below(guess * (1.0 - above(off))), above(guess * (1.0 + above(off))))
