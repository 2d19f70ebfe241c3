"""What a rate costs a learner whose bandwidth or power is capped, and its best value then.

Along the pairs (B, P) that give a rate the cost is convex, so the cheapest pair within the caps is
the cheapest of all, moved to the nearest cap where it lies beyond one. With w = ln(1 + P/(nB))
(density) or u = ln(1 + P/n) (fixed) a bandwidth cap is a lower limit of w or u, and a power cap an
upper one; `max` and `min` of balls need not know which holds. Beyond the largest rate within both
caps the formulas go on with more power than allowed, which only makes the bound larger.
"""

import math

from flint import arb, ctx

from mel_fast.verify._allowance import tick
from mel_fast.verify._learner import Ball, Learner, precision
from mel_fast.verify.best._peak import as_float, concave_peak, magnitude
from mel_fast.verify.best._response import (
    DensityResponse,
    FixedResponse,
    Response,
    cheapest_depth,
)

LN2 = math.log(2)
COSTLY = 8  # steps that one of Lambert's functions, or Newton's method, takes the time of


def respond(
    law: str,
    learner: Learner,
    lambda_per_hz: float,
    mu_per_w: float,
    bandwidth_cap: Ball | None,
) -> Response:
    """Return the response to prices of a learner with a cap of bandwidth (None: without)."""
    plain = DensityResponse if law == "density" else FixedResponse
    unlimited = bandwidth_cap is None, learner.power_cap is None
    if unlimited == (True, True):
        return plain(learner, lambda_per_hz, mu_per_w)
    # A cap does not matter where the other thing is free without limit.
    free = lambda_per_hz == 0.0, mu_per_w == 0.0
    if free == (True, True) or (True, True) in zip(unlimited, free, strict=True):
        return plain(learner, lambda_per_hz, mu_per_w)
    capped = CappedDensity if law == "density" else CappedFixed
    return capped(learner, lambda_per_hz, mu_per_w, bandwidth_cap)


class CappedDensity:
    """Shannon over the allotted band: C(rho) convex, v concave."""

    __slots__ = ("_bandwidth_cap", "_lam", "_mu_noise", "_points", "_w", "free", "learner")

    def __init__(
        self,
        learner: Learner,
        lambda_per_hz: float,
        mu_per_w: float,
        bandwidth_cap: Ball | None,
    ) -> None:
        self.learner = learner
        self.free = learner.alpha == learner.beta == 0
        self._bandwidth_cap = bandwidth_cap
        self._lam, self._mu_noise = arb(lambda_per_hz), arb(mu_per_w) * learner.noise
        self._points: dict[int, tuple[Ball, Ball, Ball, bool]] = {}
        # Prices may be balls, which are true whatever they hold.
        self._w = arb.pos_inf() if mu_per_w == 0 else arb(0)  # w without caps
        if lambda_per_hz != 0 and mu_per_w != 0:
            self._w = cheapest_depth(self._lam, arb(mu_per_w), learner.noise)

    def cost(self, rho: Ball) -> Ball:
        return self._cost(rho, self._depth(rho)[0])

    def bandwidth(self, rho: Ball) -> Ball:
        """B of the cheapest pair."""
        return rho * arb.const_log2() / self._depth(rho)[0]

    def peak(self, low: int, high: int) -> Ball:
        if self.learner.need(low) == 0:  # d = 0
            return arb(0) if high == low else self.peak(low + 1, high).max(arb(0))
        return concave_peak(self._value, self._slope, low, high, as_float(self.guess))

    def _depth(self, rho: Ball) -> tuple[Ball, bool]:
        """Return w, and whether power may be at its cap."""
        cap, w = self.learner.power_cap, self._w
        y = rho * arb.const_log2()
        at_cap = cap is not None and not (
            w.is_finite() and self.learner.noise * y * w.expm1() <= cap * w
        )
        if at_cap:
            w = w.min(depth_at_power(self.learner.noise * y / cap))
        return (w if self._bandwidth_cap is None else w.max(y / self._bandwidth_cap)), at_cap

    def _cost(self, rho: Ball, w: Ball) -> Ball:
        total = rho * arb.const_log2() / w * (self._lam + self._mu_noise * w.expm1())
        return total if total.is_finite() else arb(0)  # too coarse to say more: C >= 0

    def _point(self, d: int) -> tuple[Ball, Ball, Ball, bool]:
        """Slack, rate, w, and whether power may be at its cap; d must need a rate above zero."""
        if d not in self._points:
            slack = self.learner.slack(d)
            rho = self.learner.need(d) / slack
            self._points[d] = slack, rho, *self._depth(rho)
        return self._points[d]

    def _value(self, d: int) -> Ball:
        _, rho, w, _ = self._point(d)
        return d - self._cost(rho, w)

    def _slope(self, d: int) -> Ball:
        """1 - C' rho': C' is what a bit a second more costs in the dearer of the two ways."""
        slack, _, w, at_cap = self._point(d)
        rise = self._mu_noise * w.exp()
        if at_cap:
            rise = rise.max(self._lam / (w + (-w).expm1()))
        return 1 - rise * arb.const_log2() * self.learner.area_at(d) / (slack * slack)

    def guess(self) -> float:
        """Samples of about the best value."""
        learner, w = self.learner, self._w
        band, power = math.inf, math.inf  # rates at which the caps begin to bind
        if not w.is_finite():
            power = 0.0
        elif w == 0:
            band = 0.0
        else:
            if self._bandwidth_cap is not None:
                band = float(self._bandwidth_cap * w) / LN2
            if learner.power_cap is not None:
                power = float(learner.power_cap * w / (learner.noise * w.expm1())) / LN2
        if band < power:
            scale = self._mu_noise * self._bandwidth_cap
            rho = rate_at_bandwidth(learner, self._bandwidth_cap, scale, band)
        else:
            rho = -math.inf if power == math.inf else self._rate_at_power(power)
        if rho > min(band, power):
            return samples_at(learner, rho)
        kappa = self._mu_noise * arb.const_log2() * w.exp()
        return float((learner.spare_s - (kappa * learner.area).sqrt()) / learner.per_sample_s)

    def _rate_at_power(self, join: float) -> float:
        """Solve lambda ln2 rho' = w - 1 + e^-w at the power cap by Newton's method in ln w."""
        learner = self.learner
        alpha, g = learner.alpha, float(learner.per_sample_s)
        scale = float(learner.power_cap / learner.noise) / LN2  # rho = scale w / expm1(w)
        goal = float((learner.area / (self._lam * arb.const_log2())).log())
        w = float(self._w) if self._w.is_finite() else 1.0
        rho = join
        for _ in range(30):
            grown, fall = math.expm1(w), w + math.expm1(-w)
            rho = scale * w / grown
            excess = 2 * math.log(g * rho + alpha) - math.log(fall) - goal
            slope = 2 * g * rho / (g * rho + alpha) * (1 - w * (1 + 1 / grown))
            slope += w * math.expm1(-w) / fall
            step = max(-2.0, min(2.0, excess / slope))
            w *= math.exp(-step)
            if abs(step) < 1e-9:
                break
        tick(COSTLY)
        return rho


def depth_at_power(gamma: Ball) -> Ball:
    """Return w with expm1(w) = w / gamma, NaN unless gamma < 1: w = -W_{-1}(-g e^-g) - g."""
    tick(COSTLY)
    gap = 1 - gamma
    if not gap > 0:
        return arb.nan()
    # Near gamma = 1, w is a small difference: carry as many more bits as will cancel.
    with precision(ctx.prec + 2 * max(0, -magnitude(gap))):
        return -(-gamma * (-gamma).exp()).lambertw(-1) - gamma


class CappedFixed(FixedResponse):
    """Fixed noise power: C(rho) concave, then convex; v first convex and then concave."""

    __slots__ = ("_bandwidth_cap", "_most_u")

    def __init__(
        self,
        learner: Learner,
        lambda_per_hz: float,
        mu_per_w: float,
        bandwidth_cap: Ball | None,
    ) -> None:
        super().__init__(learner, lambda_per_hz, mu_per_w)
        self.free = learner.alpha == learner.beta == 0
        self._bandwidth_cap = bandwidth_cap
        self._most_u = arb.pos_inf()
        if learner.power_cap is not None:
            self._most_u = (learner.power_cap / learner.noise).log1p()

    def bandwidth(self, rho: Ball) -> Ball:
        """B of the cheapest pair."""
        return rho * arb.const_log2() / self._root(rho)

    def guess(self) -> float:
        """Samples of about the best value."""
        return self._guess_peak()

    def _least_u(self, rho: Ball) -> Ball:
        cap = self._bandwidth_cap
        return arb(0) if cap is None else rho * arb.const_log2() / cap

    def _free_root(self, rho: Ball) -> Ball:
        """Return u without caps."""
        if 0 in (self._lam_ln2, self._mu_noise):
            return arb(0) if self._lam_ln2 == 0 else arb.pos_inf()
        return super()._root(rho)

    def _root(self, rho: Ball) -> Ball:
        return self._free_root(rho).min(self._most_u).max(self._least_u(rho))

    def _slope(self, d: int) -> Ball:
        """1 - C' rho': C' is what a bit a second more costs in the dearer of the two ways."""
        slack, rho, u = self._point(d)
        rise = (self._lam_ln2 / u).max(self._mu_noise * u * u.exp() / rho)
        return 1 - rise * self.learner.area_at(d) / (slack * slack)

    def _bend(self, d: int) -> Ball:
        """Return a number of v'''s sign; at a cap v is concave."""
        if self.learner.need(d) == 0:
            return arb.pos_inf()
        _, rho, _ = self._point(d)
        u, least = self._free_root(rho), self._least_u(rho)
        if u > self._most_u or u < least:
            return arb(-1)
        bend = super()._bend(d)
        return bend if least <= u <= self._most_u else bend.min(arb(-1)).union(bend.max(arb(-1)))

    def _joins(self) -> tuple[float, float]:
        """Rates at which the caps of bandwidth and power begin to bind."""
        if self._mu_noise == 0:
            return math.inf, 0.0
        if self._lam_ln2 == 0:
            return 0.0, math.inf
        band = power = math.inf
        if self._bandwidth_cap is not None:
            u = (self._odds * self._bandwidth_cap / arb.const_log2()).lambertw()
            band = float(u * self._bandwidth_cap) / LN2
        if self.learner.power_cap is not None:
            power = float(self._most_u**2 * self._most_u.exp() / self._odds)
        return band, power

    def _guess_bend(self) -> float:
        if 0 in (self._lam_ln2, self._mu_noise):
            return -math.inf
        return min(super()._guess_bend(), samples_at(self.learner, min(self._joins())))

    def _guess_peak(self) -> float:
        band, power = self._joins()
        learner = self.learner
        if band < power:
            rho = rate_at_bandwidth(learner, self._bandwidth_cap, self._mu_noise, band)
        else:
            rise = self._lam_ln2 / self._most_u
            end = (learner.spare_s - (rise * learner.area).sqrt()) / learner.per_sample_s
            rho = float(learner.need(end) / learner.slack(end))
        if rho > min(band, power):
            return samples_at(learner, rho)
        return super()._guess_peak()


def rate_at_bandwidth(learner: Learner, bandwidth: Ball, scale: Ball, start: float) -> float:
    """Return where C' rho' = 1 with C' = scale k e^(k rho), k = ln2/B; -inf if left of `start`."""
    alpha, g = learner.alpha, float(learner.per_sample_s)
    k = LN2 / float(bandwidth)
    goal = float((learner.area / (scale * arb.const_log2() / bandwidth)).log())
    rho = start
    for _ in range(50):
        rise = g * rho + alpha
        lacking = goal - k * rho - 2 * math.log(rise)
        if rho == start and lacking <= 0:
            return -math.inf
        step = lacking / (k + 2 * g / rise)
        rho += step
        if abs(step) <= 1e-9 * rho:
            break
    return rho


def samples_at(learner: Learner, rho: float) -> float:
    """Return the samples that need the rate rho."""
    g = float(learner.per_sample_s)
    return (rho * float(learner.spare_s) - learner.beta) / (learner.alpha + g * rho)
