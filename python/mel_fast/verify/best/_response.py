"""The best that one learner can do at given prices, from above and rigorously.

A learner that takes d samples is left s(d) = T' - g d seconds to receive alpha d + beta bits, so it
needs the rate rho(d) = (alpha d + beta) / s(d). With C(rho) the cheapest price of a rate, the value
v(d) = d - C(rho(d)) is maximised over the allowed integers of a box; docs/proof.md derives what is
used here. All numbers are balls that contain the true ones. Guesses (plain floats) only say where
to look: what is returned is an upper bound whatever the guess, and whichever comparisons of balls
could not be decided. Caps of a learner are in `_capped`, resource blocks in `_blocks`.
"""

import math
from typing import Protocol

from flint import arb, ctx

from mel_fast.verify._learner import Ball, Learner, precision
from mel_fast.verify.best._peak import as_float, concave_peak, floor, largest, last_true, magnitude


class Response(Protocol):
    """A learner facing prices."""

    learner: Learner
    free: bool

    def cost(self, rho: Ball) -> Ball:
        """Cheapest price of the rate rho: increasing in rho."""

    def peak(self, low: int, high: int) -> Ball | None:
        """At least v(d) for every allowed integer low <= d <= high, given that s(high) > 0."""


def best_value(response: Response, low: int, high: int, excused: bool) -> Ball | None:
    """At least the largest v(d) over allowed integers low <= d <= high; None if none is allowed."""
    learner = response.learner
    if excused and low == 0:
        taking_part = best_value(response, 1, high, False) if high else None
        return arb(0) if taking_part is None else taking_part.max(arb(0))
    if learner.most is not None:
        high = min(high, learner.most)
        if high < low:
            return None
    # Every allowed d is <= top; every d <= sure keeps the deadline.
    end = learner.spare_s / learner.per_sample_s
    if not end.is_finite():
        return arb(high)
    if end.upper() < low:
        return None
    top = high if end.upper() >= high else floor(end.upper())
    if learner.need(top) != 0 and learner.slack(top) <= 0:
        top -= 1
        if top < low:
            return None
    if response.free:
        return arb(top)
    sure = high if end.lower() > high else floor(end.lower()) if end.lower() >= low else low - 1
    if sure >= low and not learner.slack(sure) > 0:
        sure -= 1
    if sure >= low and not learner.slack(sure) > 0:
        return arb(top)  # too coarse to say more: C >= 0
    values = []
    if sure >= low and (value := response.peak(low, sure)) is not None:
        values.append(value)
    if sure < top:
        longest = learner.slack(sure + 1).upper()
        if longest > 0:
            values.append(top - response.cost(learner.need(sure + 1) / longest))
    return largest(values) if values else None


class DensityResponse:
    """Shannon over the allotted band: C(rho) = kappa rho, v concave."""

    __slots__ = ("_kappa", "free", "learner")

    def __init__(self, learner: Learner, lambda_per_hz: float, mu_per_w: float) -> None:
        self.learner = learner
        self.free = mu_per_w == 0.0 or learner.alpha == learner.beta == 0
        if not self.free:
            self._kappa = unit_price(arb(lambda_per_hz), arb(mu_per_w), learner.noise)

    def cost(self, rho: Ball) -> Ball:
        return self._kappa * rho

    def peak(self, low: int, high: int) -> Ball:
        learner = self.learner
        steep = self._kappa * learner.area
        guess = (learner.spare_s - steep.sqrt()) / learner.per_sample_s
        return concave_peak(self._value, self._slope, low, high, float(guess))

    def _value(self, d: int) -> Ball:
        return d - self._kappa * (self.learner.need(d) / self.learner.slack(d))

    def _slope(self, d: int) -> Ball:
        slack = self.learner.slack(d)
        return 1 - self._kappa * self.learner.area_at(d) / (slack * slack)


def unit_price(lam: Ball, mu: Ball, noise: Ball) -> Ball:
    """Kappa, the cheapest price of a bit a second: mu n ln2 e^w."""
    price = mu * noise * arb.const_log2()
    return price if lam == 0 else price * cheapest_depth(lam, mu, noise).exp()


def cheapest_depth(lam: Ball, mu: Ball, noise: Ball) -> Ball:
    """Return w = ln(1 + P/(nB)) of the cheapest way: (w - 1) e^w + 1 = 1/theta."""
    inverse = lam / (mu * noise)
    # Near theta = infinity, w is a small difference: carry as many more bits as will cancel.
    with precision(ctx.prec + max(0, -magnitude(inverse))):
        return 1 + ((inverse - 1) / arb.const_e()).lambertw()


class FixedResponse:
    """Fixed noise power: C(rho) concave, v first convex and then concave."""

    __slots__ = ("_lam", "_lam_ln2", "_mu_noise", "_odds", "_points", "free", "learner")

    def __init__(self, learner: Learner, lambda_per_hz: float, mu_per_w: float) -> None:
        self.learner = learner
        self.free = 0.0 in (lambda_per_hz, mu_per_w) or learner.alpha == learner.beta == 0
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
            bent = last_true(
                lambda d: not self._bend(d) <= 0, low, high, as_float(self._guess_bend)
            )
        if bent < high:
            guess = as_float(self._guess_peak)
            values.append(concave_peak(self._value, self._slope, bent + 1, high, guess))
        if bent >= low:
            values.append(self._value(low))
        if bent > low:
            convex = self._bend(bent) >= 0
            values.append(self._value(bent if convex else low) + (0 if convex else bent - low))
        return largest(values)

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
        return 1 - self._lam_ln2 * self.learner.area_at(d) / (u * slack * slack)

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


def _start(goal: float, power: float) -> float:
    """Return u right of the root of power ln u + u = goal."""
    return goal if goal > 1 else math.exp(goal / power)
