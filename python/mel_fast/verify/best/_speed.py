"""The speed at which a learner that sends needs the least bandwidth, enclosed in a ball.

At a share v of its full speed computing takes 1/v of the seconds and v^2 of the joules; what is
left of both carries the bits. With the energy alone the bandwidth falls with v as long as

    H(v) = N ((1 + p) ln(1 + p) - p) - 2 c v^3 > 0,      c = joules over seconds of a sample,

with p the signal to noise and N the power of the noise, and H falls (docs/energy.md): two speeds at
which H has different signs enclose the best, and so do the ends of what is allowed.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from flint import arb, ctx

from mel_fast.verify._learner import Ball, Learner
from mel_fast.verify.best._capped import depth_at_power

_NEAR = 1e-5  # relative: a guess is this near, or none


class Held(NamedTuple):
    """What is left to send with at a speed."""

    speed: Ball
    slack: Ball
    left_j: Ball
    all_power: bool
    all_energy: bool


class Speeds:
    """The speeds of one learner; bounds of its bandwidth hold whatever is guessed here."""

    __slots__ = ("_fixed", "learner")

    def __init__(self, law: str, learner: Learner) -> None:
        self.learner = learner
        self._fixed = law == "fixed"

    def hold(self, d: int) -> Held:
        """Return what d samples leave at the best speed, or at another that needs no more."""
        learner = self.learner
        slack, left = learner.slack(d), learner.left_j(d)
        assert left is not None
        full = Held(arb(1), slack, left, all_power=False, all_energy=True)
        if bool(left.mid() >= (learner.power_cap * slack).mid()):
            return full._replace(all_power=True, all_energy=False)
        if learner.slowest is None or not learner.sample_j > 0:
            return full
        if d == 0:
            return full._replace(speed=self._first(full))
        base, work = slack + d * learner.work_s, d * learner.work_s
        joules = d * learner.sample_j
        held = self._at(d, self._best(d, base, work, joules))
        if not bool(held.left_j.mid() > (learner.power_cap * held.slack).mid()):
            return held
        speed = self._between(base, work, joules)
        between = self._at(d, speed)._replace(all_power=True)
        return between if self._faster_helps(d, speed) < 0 else held

    def _at(self, d: int, speed: Ball) -> Held:
        learner = self.learner
        slack = learner.slack(d) + d * learner.work_s * (1 - 1 / speed)
        left = learner.energy_j - d * learner.sample_j * speed * speed
        return Held(speed, slack, left, all_power=False, all_energy=True)

    def _faster_helps(self, d: int, speed: Ball) -> Ball:
        """H(v)."""
        learner = self.learner
        bend = self._bend(d, self._at(d, speed))
        return bend - 2 * learner.sample_j / learner.work_s * speed * speed * speed

    def _bend(self, d: int, held: Held) -> Ball:
        """N ((1 + p) ln(1 + p) - p)."""
        power, noise = held.left_j / held.slack, self.learner.noise
        if self._fixed:
            p = power / noise
            return noise * ((1 + p) * p.log1p() - p)
        nats = self.learner.need(d) * arb.const_log2() / held.slack
        w = depth_at_power(noise * nats / power)
        return noise * nats * (w.exp() * (w - 1) + 1) / w

    def _first(self, held: Held) -> Ball:
        """The best speed of the first few samples: nobody computes without any, at any speed."""
        learner = self.learner
        cube = self._bend(0, held) * learner.work_s / (2 * learner.sample_j)
        return cube.root(3).max(learner.slowest).min(arb(1))

    def _best(self, d: int, base: Ball, work: Ball, joules: Ball) -> Ball:
        """Enclose the best speed, the limit of power left aside."""
        learner = self.learner
        assert learner.slowest is not None
        assert learner.energy_j is not None
        slowest = float(learner.slowest.mid())
        least = max(slowest, float((work / base).mid()))
        floor = 0.0 if self._fixed else float((learner.noise * arb.const_log2()).mid())
        floor *= float(arb(learner.need(d)).mid())
        energy = float(learner.energy_j.mid())
        most = min(1.0, math.sqrt(max(energy - floor, 0.0) / float(joules.mid())))
        helps = self._rough(d, float(base.mid()), float(work.mid()), float(joules.mid()), floor)
        guess = _falling_root(helps, least, most)
        return enclosed(
            lambda v: self._faster_helps(d, v),
            guess,
            learner.slowest,
            work / base,
            slow_end=least <= slowest,
        )

    def _between(self, base: Ball, work: Ball, joules: Ball) -> Ball:
        """Enclose the speed at which the limit of power and the energy both hold."""
        learner = self.learner
        cap, energy = learner.power_cap, learner.energy_j
        assert learner.slowest is not None
        assert energy is not None
        c, e, b, w, j = (float(arb(x).mid()) for x in (cap, energy, base, work, joules))

        def over(v: Ball) -> Ball:
            return energy - joules * v * v - cap * (base - work / v)

        guess = _falling_root(lambda v: e - j * v * v - c * (b - w / v), w / b, 1.0)
        return enclosed(over, guess, learner.slowest, work / base, slow_end=False)

    def _rough(
        self, d: int, base: float, work: float, joules: float, floor: float
    ) -> Callable[[float], float]:
        """H in double precision; the sign of what cannot be says in which direction to go."""
        learner = self.learner
        assert learner.energy_j is not None
        noise, energy = float(learner.noise.mid()), float(learner.energy_j.mid())
        power = 2 * float((learner.sample_j / learner.work_s).mid())

        def helps(v: float) -> float:
            left, slack = energy - joules * v * v, base - work / v
            if slack <= 0.0:
                return 1.0
            if left <= floor:
                return -1.0
            if self._fixed:
                p = left / slack / noise
                return noise * ((1 + p) * math.log1p(p) - p) - power * v**3
            mean = left / floor  # (e^w - 1)/w
            w = log_gain(mean)
            bend = w * w * 0.5 * (1 + 2 * w / 3) if w < 1e-4 else math.exp(w) * (w - 1) + 1
            return floor / slack / w * bend - power * v**3

        return helps


def enclosed(
    test: Callable[[Ball], Ball], guess: float, slowest: Ball, least: Ball, *, slow_end: bool
) -> Ball:
    """Return a ball around the speed in which a function that falls changes its sign."""
    root = _refined(test, guess).min(arb(1))
    if slow_end:  # the function's own root may lie beyond the ends
        root = root.max(slowest)
    width = arb(2) ** -(ctx.prec * 2 // 3)
    while width < _NEAR:
        low, high = root * (1 - width), root * (1 + width)
        below = (slow_end and low <= slowest) or test(low) > 0
        above = high >= 1 or test(high) < 0
        if below and above:
            if slow_end:
                low = low.max(slowest)
            return low.union(high.min(arb(1)))
        width *= 64
    return _halved(test, least.max(slowest), arb(1))


def _halved(test: Callable[[Ball], Ball], low: Ball, high: Ball) -> Ball:
    """Return a ball around the speed between two ends, by halves: for guesses far from it."""
    for _ in range(ctx.prec):
        middle = ((low + high) / 2).mid()
        sign = test(middle)
        if sign > 0:
            low = middle
        elif sign < 0:
            high = middle
        else:
            break
    return low.union(high)


def log_gain(mean: float) -> float:
    """Return w with (e^w - 1)/w = mean, roughly."""
    y = math.log(mean)
    w = 2 * y if y < 1 else y + math.log(y + 1) + 1
    for _ in range(30):
        grown = math.expm1(w)
        if grown <= 0.0:
            return max(w, 1e-300)
        step = (math.log(grown / w) - y) / ((grown + 1) / grown - 1 / w if w > 1e-5 else 0.5)
        w -= step
        if abs(step) <= 1e-12 * abs(w):
            break
    return max(w, 1e-300)


def _falling_root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return about where a function that falls changes its sign; an end where it does not."""
    if not low < high or function(high) >= 0.0:
        return high
    for _ in range(200):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        if function(middle) > 0.0:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _refined(test: Callable[[Ball], Ball], guess: float) -> Ball:
    """Return a root to the precision at hand, by secants from one in double precision."""
    x, y = arb(guess), arb(guess) * (1 - arb(2) ** -40)
    if ctx.prec <= 64:
        return x
    at_y = test(y).mid()
    for _ in range(12):
        at_x = test(x).mid()
        if at_x == at_y:
            break
        x, y, at_y = (x - at_x * (x - y) / (at_x - at_y)).mid(), x, at_x
        if not x.is_finite():
            return arb(guess)
    return x
