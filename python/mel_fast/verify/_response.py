"""The best that one learner can do at given prices, from above and rigorously.

A learner that takes d samples is left s(d) = T' - g d seconds to receive alpha d + beta bits, so it
needs the rate rho(d) = (alpha d + beta) / s(d). With C(rho) the cheapest price of a rate, the value
v(d) = d - C(rho(d)) is maximised over the allowed integers of a box; docs/proof.md derives what is
used here. All numbers are balls that contain the true ones. Guesses (plain floats) only say where
to look: what is returned is an upper bound whatever the guess, and whichever comparisons of balls
could not be decided.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from flint import arb, ctx

from mel_fast.verify._read import Problem

Ball = Any  # flint.arb; python-flint has no types


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Compute with balls of so many bits."""
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


class Learner:
    """One learner in `tau` local cycles: the constants that do not depend on prices."""

    __slots__ = ("alpha", "area", "beta", "noise", "per_sample_s", "spare_s")

    def __init__(self, problem: Problem, row: tuple[float, ...], tau: int) -> None:
        flops, gain, bandwidth, power = map(arb, row)
        noise = arb(problem.noise)
        back = rate(problem.law, bandwidth, power, gain, noise)
        self.alpha = problem.sent_bits_per_sample
        self.beta = problem.model_bits
        self.noise = noise / gain  # n
        self.spare_s = arb(problem.cycle_s) - self.beta / back  # T'
        self.per_sample_s = (  # g
            tau * arb(problem.task["flops_per_sample"]) / flops
            + problem.model_bits_per_sample / back
        )
        self.area = self.alpha * self.spare_s + self.beta * self.per_sample_s  # A

    def need(self, d: int) -> int:
        """Bits to send."""
        return self.alpha * d + self.beta

    def slack(self, d: int) -> Ball:
        """Seconds left to send them."""
        return self.spare_s - d * self.per_sample_s


def rate(law: str, bandwidth: Ball, power: Ball, gain: Ball, noise: Ball) -> Ball:
    """Bits a second over a link; bandwidth and power above zero."""
    snr = power * gain / (noise * bandwidth if law == "density" else noise)
    return bandwidth * snr.log1p() / arb.const_log2()


class Response(Protocol):
    """A learner facing prices."""

    learner: Learner
    free: bool

    def cost(self, rho: Ball) -> Ball:
        """Cheapest price of the rate rho: increasing in rho."""

    def peak(self, low: int, high: int) -> Ball:
        """At least v(d) for every integer low <= d <= high, given that s(high) > 0."""


def respond(problem: Problem, learner: Learner, lambda_per_hz: float, mu_per_w: float) -> Response:
    """Return the learner's response to prices."""
    law = DensityResponse if problem.law == "density" else FixedResponse
    return law(learner, lambda_per_hz, mu_per_w)


def best_value(response: Response, low: int, high: int, excused: bool) -> Ball | None:
    """At least the largest v(d) over allowed integers low <= d <= high; None if none is allowed."""
    learner = response.learner
    if excused and low == 0:
        taking_part = best_value(response, 1, high, False) if high else None
        return arb(0) if taking_part is None else taking_part.max(arb(0))
    # Every allowed d is <= top; every d <= sure is allowed.
    end = learner.spare_s / learner.per_sample_s
    if not end.is_finite():
        return arb(high)
    if end.upper() < low:
        return None
    top = high if end.upper() >= high else _floor(end.upper())
    if learner.need(top) and learner.slack(top) <= 0:
        top -= 1
        if top < low:
            return None
    if response.free:
        return arb(top)
    sure = high if end.lower() > high else _floor(end.lower()) if end.lower() >= low else low - 1
    if sure >= low and not learner.slack(sure) > 0:
        sure -= 1
    if sure >= low and not learner.slack(sure) > 0:
        return arb(top)  # too coarse to say more: C >= 0
    values = [response.peak(low, sure)] if sure >= low else []
    if sure < top:
        longest = learner.slack(sure + 1).upper()
        if longest > 0:
            values.append(top - response.cost(learner.need(sure + 1) / longest))
    return _largest(values) if values else None


class DensityResponse:
    """Shannon over the allotted band: C(rho) = kappa rho, v concave."""

    __slots__ = ("_kappa", "_steep", "free", "learner")

    def __init__(self, learner: Learner, lambda_per_hz: float, mu_per_w: float) -> None:
        self.learner = learner
        self.free = mu_per_w == 0.0 or learner.alpha == learner.beta == 0
        if not self.free:
            self._kappa = unit_price(arb(lambda_per_hz), arb(mu_per_w), learner.noise)
            self._steep = self._kappa * learner.area

    def cost(self, rho: Ball) -> Ball:
        return self._kappa * rho

    def peak(self, low: int, high: int) -> Ball:
        learner = self.learner
        guess = (learner.spare_s - self._steep.sqrt()) / learner.per_sample_s
        return concave_peak(self._value, self._slope, low, high, float(guess))

    def _value(self, d: int) -> Ball:
        return d - self._kappa * (self.learner.need(d) / self.learner.slack(d))

    def _slope(self, d: int) -> Ball:
        slack = self.learner.slack(d)
        return 1 - self._steep / (slack * slack)


def unit_price(lam: Ball, mu: Ball, noise: Ball) -> Ball:
    """Kappa, the cheapest price of a bit a second: mu n ln2 e^w with (w - 1) e^w + 1 = 1/theta."""
    price = mu * noise * arb.const_log2()
    if lam == 0:
        return price
    inverse = lam / (mu * noise)
    # Near theta = infinity, w is a small difference: carry as many more bits as will cancel.
    mantissa, exponent = inverse.mid().man_exp()
    lost = max(0, -int(exponent) - int(mantissa).bit_length())
    with precision(ctx.prec + lost):
        w = 1 + ((inverse - 1) / arb.const_e()).lambertw()
    return price * w.exp()


class FixedResponse:
    """Fixed noise power: C(rho) concave, v first convex and then concave."""

    __slots__ = ("_lam", "_lam_ln2", "_mu_noise", "_odds", "_points", "free", "learner")

    def __init__(self, learner: Learner, lambda_per_hz: float, mu_per_w: float) -> None:
        self.learner = learner
        self.free = 0.0 in (lambda_per_hz, mu_per_w) or learner.alpha == learner.beta == 0
        if not self.free:
            self._lam_ln2 = arb(lambda_per_hz) * arb.const_log2()
            self._mu_noise = arb(mu_per_w) * learner.noise
            self._odds = self._lam_ln2 / self._mu_noise
            self._points: dict[int, tuple[Ball, Ball, Ball]] = {}

    def cost(self, rho: Ball) -> Ball:
        return self._cost(rho, self._root(rho))

    def peak(self, low: int, high: int) -> Ball:
        values = []
        bent = low - 1  # last d where v may be convex
        if self.learner.alpha and not self._bend(low) <= 0:
            bent = last_true(lambda d: not self._bend(d) <= 0, low, high, _float(self._guess_bend))
        if bent < high:
            guess = _float(self._guess_peak)
            values.append(concave_peak(self._value, self._slope, bent + 1, high, guess))
        if bent >= low:
            values.append(self._value(low))
        if bent > low:
            convex = self._bend(bent) >= 0
            values.append(self._value(bent if convex else low) + (0 if convex else bent - low))
        return _largest(values)

    def _root(self, rho: Ball) -> Ball:
        """Return u = ln(1 + P/n) of the cheapest way: u^2 e^u = lambda rho ln2 / (mu n)."""
        return 2 * ((self._odds * rho).sqrt() / 2).lambertw()

    def _cost(self, rho: Ball, u: Ball) -> Ball:
        return self._lam_ln2 * rho / u + self._mu_noise * u.expm1()

    def _point(self, d: int) -> tuple[Ball, Ball, Ball]:
        """Slack, rate and root at d samples, which must need a rate above zero."""
        if d not in self._points:
            slack = self.learner.slack(d)
            rho = self.learner.need(d) / slack
            self._points[d] = slack, rho, self._root(rho)
        return self._points[d]

    def _value(self, d: int) -> Ball:
        if self.learner.need(d) == 0:
            return arb(d)
        _, rho, u = self._point(d)
        return d - self._cost(rho, u)

    def _slope(self, d: int) -> Ball:
        slack, _, u = self._point(d)
        return 1 - self._lam_ln2 * self.learner.area / (u * slack * slack)

    def _bend(self, d: int) -> Ball:
        """Return a number of v'''s sign, decreasing in d: alpha / (g rho) - 3 - 2 u."""
        if self.learner.need(d) == 0:
            return arb.pos_inf()
        _, rho, u = self._point(d)
        return self.learner.alpha / (self.learner.per_sample_s * rho) - 3 - 2 * u

    def _guess_bend(self) -> float:
        """Solve (3 + 2u) u^2 e^u = alpha c / g by Newton's method in ln u, then go back to d."""
        spare, g = float(self.learner.spare_s), float(self.learner.per_sample_s)
        log_odds = float(self._odds.log())
        goal = math.log(self.learner.alpha / g) + log_odds
        u = _start(goal, 2.0)
        for _ in range(30):
            excess = math.log(3 + 2 * u) + 2 * math.log(u) + u - goal
            step = excess / (2 * u / (3 + 2 * u) + 2 + u)
            u *= math.exp(-step)
            if abs(step) < 1e-8:
                break
        rho = math.exp(2 * math.log(u) + u - log_odds)
        return (rho * spare - self.learner.beta) / (self.learner.alpha + g * rho)

    def _guess_peak(self) -> float:
        """Solve v' = 0, u s^2 = lambda ln2 A, for its largest root u; then go back to d."""
        spare, g = float(self.learner.spare_s), float(self.learner.per_sample_s)
        half = float((self.learner.area / self._lam_ln2).log()) / 2
        goal = float(self._odds.log()) - math.log(g)
        u = _start(goal + half, 1.5)
        for _ in range(30):
            rise = math.exp(half + math.log(u) / 2)  # A / s, so that g rho = A / s - alpha
            if rise <= self.learner.alpha:
                return -math.inf
            excess = 2 * math.log(u) + u - goal - math.log(rise - self.learner.alpha)
            slope = 2 + u - rise / 2 / (rise - self.learner.alpha)
            if slope <= 0:
                return -math.inf
            u *= math.exp(-excess / slope)
            if abs(excess / slope) < 1e-8:
                break
        return (spare - math.exp(math.log(float(self.learner.area)) - math.log(u) / 2 - half)) / g


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
    return _largest(values)


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


def _start(goal: float, power: float) -> float:
    """Return u right of the root of power ln u + u = goal."""
    return goal if goal > 1 else math.exp(goal / power)


def _float(guess: Callable[[], float]) -> float:
    try:
        return guess()
    except (ArithmeticError, ValueError):
        return -math.inf


def _floor(x: Ball) -> int:
    return int(x.floor().unique_fmpz())


def _largest(values: list[Ball]) -> Ball:
    largest = values[0]
    for value in values[1:]:
        largest = largest.max(value)
    return largest
