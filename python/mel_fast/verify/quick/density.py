"""Shannon over the allotted band: a bit a second costs kappa, and values are concave."""

from typing import Any

import numpy as np

from mel_fast.verify.quick.intervals import (
    LN2,
    ONE,
    Interval,
    above,
    below,
    exactly,
    guessing,
    log1p,
)
from mel_fast.verify.quick.numbers import Constants, Numbers


class Density:
    """Learners facing prices above zero."""

    def __init__(self, numbers: Numbers, known: Constants, lam: float, mu: float) -> None:
        self._known = known
        self._send, self._each = exactly(numbers.send), exactly(numbers.send_each)
        self._kappa = unit_price(known.noise, lam, mu)
        each, fixed = self._each.times(known.spare_s), self._send.times(known.per_sample_s)
        self._steep = self._kappa.times(each.plus(fixed))  # kappa A

    def bend(self, low: Any, top: Any) -> Any:
        """Return the last d where values may be convex: nowhere."""
        del top
        return low - 1.0

    def peak(self) -> Any:
        """Guess the samples of the best value."""
        with guessing():
            known = self._known
            slack = np.sqrt(self._steep.lo)
            return np.nan_to_num((known.spare_s.lo - slack) / known.per_sample_s.lo)

    def value(self, d: Any, slack: Interval) -> tuple[Interval, Interval]:
        """Return the value and the slope at d, which leaves so many seconds, more than none."""
        samples = exactly(d)
        cost = self._kappa.times(self._each.times(samples).plus(self._send)).over(slack)
        slope = ONE.minus(self._steep.over(slack).over(slack))
        return samples.minus(cost), slope


def unit_price(noise: Interval, lam: float, mu: float) -> Interval:
    """Enclose kappa, the least ln2 (lambda + mu n x) / ln(1 + x) over x > 0.

    A logarithm lies below its tangents: ln(1 + x) <= h + x / E for any E = 1 + y, with h = ln E -
    y / E. So kappa >= ln2 min(lambda / h, mu n E) whatever y is, and it is at most what y costs.
    """
    mu_noise = exactly(mu).times(noise)
    if lam == 0.0:
        return mu_noise.times(LN2)
    y = _cheapest(lam / mu_noise.lo)
    logs = log1p(y)
    grown = Interval(below(1.0 + y), above(1.0 + y))
    least = np.minimum(exactly(lam).over(logs.excess).lo, mu_noise.times(grown).lo)
    most = exactly(lam).plus(mu_noise.times(exactly(y))).over(logs.log)
    return Interval(LN2.times(exactly(least)).lo, LN2.times(most).hi)


def _cheapest(odds: Any) -> Any:
    """Guess y = e^w - 1 with (1 + y) ln(1 + y) - y = odds."""
    with guessing():
        p = np.sqrt(2 * odds)
        z = (odds - 1) / np.e
        far = np.log1p(np.maximum(z, 0.0))
        far = 1 + far * (1 - np.log1p(far) / (2 + far))
        w = np.where(odds < 1.5, p - p * p / 3 + 11 / 72 * p**3, far)
        w = np.maximum(w, 0.1 * np.minimum(p, 1.0))
        for _ in range(2):  # Halley's method for (w - 1) e^w + 1
            grown = np.exp(w)
            off = (w - 1) * grown + 1 - odds
            slope = w * grown
            w = w - off / (slope - off * (w + 1) / (2 * w))
        y = np.expm1(w)
        y = np.where((y > 1e-30) & (y < 1e200), y, 1.0)
    logs = log1p(y)  # without the cancellation of the above
    with guessing():
        y = y + (odds - (1 + y) * logs.excess.lo) / logs.log.lo
        return np.where((y > 1e-30) & (y < 1e200), y, 1.0)
