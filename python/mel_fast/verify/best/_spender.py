"""One learner's least energy at a price of what is shared, and at a worth of its samples.

At lambda joules a hertz a learner with d samples spends, with what its bandwidth costs, at least

    C(d) = min over the speed v of  e v^2 d + S(bits, t(v)),    S = min over B of lambda B + P t,

and C is convex (docs/energy.md). The speed is enclosed between two at which H(v), -dS/dt -
2 c v^3, which falls, has different signs; of the limit of power it is enough that S without it is
no more than with it.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from flint import arb, ctx

from mel_fast.verify._allowance import tick
from mel_fast.verify._learner import Ball, Learner, precision
from mel_fast.verify.best._capped import depth_at_power
from mel_fast.verify.best._peak import concave_peak, floor, magnitude
from mel_fast.verify.best._speed import enclosed, log_gain
from mel_fast.verify.claim._problem import INFINITE


class Sending(NamedTuple):
    """What sending in t seconds costs at least: lambda B + P t, and its slopes."""

    cost: Ball
    by_bits: Ball
    time_w: Ball  # what a second more saves


class Spender:
    """One learner at a price of bandwidth."""

    __slots__ = ("_fixed", "_lam", "_return_each", "_return_j", "learner")

    def __init__(self, law: str, learner: Learner, joules_per_hz: float) -> None:
        self.learner = learner
        self._fixed = law == "fixed"
        self._lam = arb(joules_per_hz)
        # Of returning at a constant power; none where it is the return that is planned.
        self._return_j, self._return_each = arb(0), arb(0)

    def most(self, high: int) -> int:
        """No number of samples above this, and up to `high`, is in time; -1 where none is."""
        learner = self.learner
        ends = [high if learner.most is None else min(high, learner.most)]
        end = (learner.spare_s / learner.per_sample_s).upper()
        if end.is_finite():
            ends.append(-1 if end < 0 else floor(end))
        high = min(ends)
        if high >= 0 and learner.need(high) != 0 and learner.slack(high) <= 0:
            high -= 1
        return high

    def best(self, low: int, high: int, worth: float, guess: int) -> Ball | None:
        """At least worth * d - C(d) for the integers low..high; None where none is allowed."""
        high = self.most(high)
        if high < low:
            return None
        nu = arb(worth)

        def value(d: int) -> Ball:
            cost = self._at(d)[0]
            return nu * d - cost if cost.is_finite() else nu * d

        return concave_peak(value, lambda d: nu - self._at(d)[1], low, high, float(guess))

    def _at(self, d: int) -> tuple[Ball, Ball]:
        """C(d), or less, and its slope."""
        learner = self.learner
        tick()
        if d == 0:
            return self._without()
        speed = self._speed(d)
        each_s = learner.per_sample_s + learner.work_s * (1 / speed - 1)
        each_j = learner.sample_j * speed * speed
        s = self._sending(learner.need(d), learner.spare_s - d * each_s)
        slope = learner.alpha * s.by_bits + s.time_w * each_s + each_j + self._return_each
        return s.cost + d * each_j + self._return_j + d * self._return_each, slope

    def _without(self) -> tuple[Ball, Ball]:
        """The same without samples: the first few are computed at the speed best for them."""
        learner = self.learner
        s = self._sending(learner.need(0), learner.spare_s)
        speed = arb(1)
        if learner.slowest is not None and learner.sample_j > 0:
            cube = s.time_w * learner.work_s / (2 * learner.sample_j)
            speed = cube.root(3).max(learner.slowest).min(speed)
        working = arb(0) if s.time_w == 0 else s.time_w * learner.work_s / speed
        other = s.time_w * (learner.per_sample_s - learner.work_s) + self._return_each
        slope = learner.alpha * s.by_bits + working + learner.sample_j * speed * speed + other
        return s.cost + self._return_j, slope

    def _sending(self, bits: Any, t: Ball) -> Sending:
        lam, noise, cap = self._lam, self.learner.noise, self.learner.power_cap
        ln2 = arb.const_log2()
        if self._fixed:
            # u^2 e^u = lambda bits ln2 / (n t^2)
            root = (lam * ln2 * bits / noise).sqrt() / t / 2
            u = 2 * root.lambertw()
            power = noise * u.expm1()
            if cap is not None and power > cap:
                power, u = cap, (cap / noise).log1p()
            band = bits * ln2 / (t * u)
            return Sending(lam * band + power * t, lam * ln2 / (t * u), lam * band / t - power)
        y = lam / (noise * t)
        if not y > 0:
            return Sending(arb.nan(), arb.nan(), arb.nan())
        with precision(ctx.prec + max(0, -magnitude(y))):
            w = 1 + ((y - 1) * (-arb(1)).exp()).lambertw()
        band = bits * ln2 / (t * w)
        power = noise * band * w.expm1()
        if cap is not None and power > cap:
            w = depth_at_power(noise * ln2 * bits / (t * cap))
            band = bits * ln2 / (t * w)
            by_rate = lam * ln2 / (w + (-w).expm1())
            return Sending(lam * band + cap * t, by_rate / t, by_rate * bits / (t * t) - cap)
        return Sending(lam * band + power * t, noise * ln2 * w.exp(), lam * band / t)

    def _speed(self, d: int) -> Ball:
        learner = self.learner
        if learner.slowest is None or not learner.sample_j > 0:
            return arb(1)
        base, work, bits = (
            learner.slack(d) + d * learner.work_s,
            d * learner.work_s,
            learner.need(d),
        )
        slow, least = float(learner.slowest.mid()), float((work / base).mid())
        power = 2 * learner.sample_j / learner.work_s

        def faster_helps(v: Ball) -> Ball:
            return self._sending(bits, base - work / v).time_w - power * v * v * v

        rough_s, rough_work, rough_bits, rough_w = (
            float(x.mid()) for x in (base, work, arb(bits), power)
        )
        try:
            guess = self._rough(rough_s, rough_work, rough_bits, rough_w, slow)
        except (ArithmeticError, ValueError):
            guess = 1.0  # prices beyond what float64 works out; balls judge all the same
        return enclosed(faster_helps, guess, learner.slowest, work / base, slow_end=least <= slow)

    def _rough(self, base: float, work: float, bits: float, power: float, slow: float) -> float:
        """Return about the best speed."""
        time_w = self._rough_time_w(bits * math.log(2))
        low, high = math.log(max(slow, work / base)), 0.0
        x = 0.0
        for turn in range(100):
            v = math.exp(x)
            slack = base - work / v
            saved = time_w(slack) if slack > 0.0 else INFINITE
            over = math.log(saved / (power * v**3)) if 0.0 < saved < INFINITE else INFINITE
            if over > 0.0:
                low = x
            else:
                high = x
            if high == low == 0.0:
                return 1.0
            step = over / (3.0 + 2.0 * work / (base * v - work)) if slack > 0.0 else INFINITE
            to = x + step
            if not low < to < high or turn % 8 == 7:  # where prices jump at a cap only halves help
                to = 0.5 * (low + high)
            if abs(to - x) < 1e-15 or high - low < 1e-15:
                break
            x = to
        return math.exp(x)

    def _rough_time_w(self, nats: float) -> Callable[[float], float]:
        """Return about what a second more saves."""
        noise, lam = float(self.learner.noise.mid()), float(self._lam.mid())
        cap = INFINITE if self.learner.power_cap is None else float(self.learner.power_cap.mid())

        def time_w(t: float) -> float:
            if self._fixed:
                u = fixed_root(lam * nats / (noise * t * t))
                watt = noise * math.expm1(u)
                if watt > cap:
                    watt, u = cap, math.log1p(cap / noise)
                return lam * nats / (t * t * u) - watt
            w = density_root(lam / (noise * t))
            if noise * nats / (t * w) * math.expm1(w) <= cap:
                return lam * nats / (t * t * w)
            if cap * t <= noise * nats:
                return INFINITE
            w = log_gain(cap * t / (noise * nats))
            return lam * nats / (t * t * (w + math.expm1(-w))) - cap

        return time_w


def density_root(y: float) -> float:
    """Return w with e^w (w - 1) + 1 = y, roughly."""
    w = math.sqrt(2 * y) if y < 1 else 1.0 + math.log1p(y)
    for _ in range(60):
        f = math.exp(w) * (w - 1) + 1 - y
        step = f / (w * math.exp(w))
        w = w - step if step < w else 0.5 * w
        if abs(step) <= 1e-13 * w:
            break
    return w


def fixed_root(z: float) -> float:
    """Return u with u^2 e^u = z, roughly."""
    u = math.sqrt(z) if z < 1 else max(math.log(z), 0.5)
    for _ in range(60):
        step = (2 * math.log(u) + u - math.log(z)) / (2 / u + 1)
        u = u - step if step < u else 0.5 * u
        if abs(step) <= 1e-13 * u:
            break
    return u
