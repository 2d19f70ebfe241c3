"""The same of a learner that receives over the shared link and returns over its own.

Its rate is bought at lambda joules a hertz and mu joules a watt, within its caps; what it returns
takes a constant power. S = c(bits / t) with c the cheapest price of a rate, so that -dS/dt is
c' rate / t, which falls with t: c is convex (density law), or c(bits / t) is (fixed law).
"""

import math
from collections.abc import Callable
from typing import Any

from flint import arb

from mel_fast.verify._learner import Ball, Learner, rate
from mel_fast.verify.best._capped import depth_at_power
from mel_fast.verify.best._response import cheapest_depth
from mel_fast.verify.best._speed import log_gain
from mel_fast.verify.best._spender import Sending, Spender, density_root, fixed_root
from mel_fast.verify.claim._problem import INFINITE, Problem, Row


class Receiver(Spender):
    """One learner at prices of bandwidth and power."""

    __slots__ = ("_free", "_mu")

    def __init__(
        self,
        problem: Problem,
        row: Row,
        learner: Learner,
        joules_per_hz: float,
        joules_per_w: float,
    ) -> None:
        super().__init__(problem.law, learner, joules_per_hz)
        self._mu = arb(joules_per_w)
        # Without one of the prices what the other buys little of is free, but for a cap of power.
        self._free = joules_per_hz == 0.0 or (joules_per_w == 0.0 and learner.power_cap is None)
        band, power = arb(row.return_bandwidth_hz), arb(row.return_power_w)
        bit_j = power / rate(problem.law, band, power, arb(row.gain), arb(problem.noise))
        self._return_j, self._return_each = bit_j * row.load.back, bit_j * row.load.back_each

    def _sending(self, bits: Any, t: Ball) -> Sending:
        if self._free or bits == 0:
            return Sending(arb(0), arb(0), arb(0))
        lam, mu_noise = self._lam, self._mu * self.learner.noise
        rho = bits / t
        nats = rho * arb.const_log2()
        depth, at_power = self._depth(nats)
        cost = lam * nats / depth
        if self._fixed:
            cost += mu_noise * depth.expm1()
            rise = (lam / depth).max(mu_noise * depth * depth.exp() / nats)
        else:
            cost += mu_noise * nats / depth * depth.expm1()
            rise = mu_noise * depth.exp()
            if at_power:
                rise = rise.max(lam / (depth + (-depth).expm1()))
        by_rate = rise * arb.const_log2()  # of the dearer of the two ways: at a cap that is it
        return Sending(cost, by_rate / t, by_rate * rho / t)

    def _depth(self, nats: Ball) -> tuple[Ball, bool]:
        """ln(1 + P/N) of the cheapest way within the caps; whether power may be at its own."""
        noise, power, band = self.learner.noise, self.learner.power_cap, self.learner.bandwidth_cap
        free = self._mu == 0
        if self._fixed:
            depth = arb.pos_inf()
            if not free:
                depth = 2 * ((self._lam * nats / (self._mu * noise)).sqrt() / 2).lambertw()
            at_power = power is not None
            if at_power:
                depth = depth.min((power / noise).log1p())
        else:
            depth = arb.pos_inf() if free else cheapest_depth(self._lam, self._mu, noise)
            within = (
                not free and power is not None and noise * nats * depth.expm1() <= power * depth
            )
            at_power = power is not None and not within
            if at_power:
                depth = depth.min(depth_at_power(noise * nats / power))
        return (depth if band is None else depth.max(nats / band)), at_power

    def _rough_time_w(self, nats: float) -> Callable[[float], float]:
        learner = self.learner
        noise, lam, mu = (float(x.mid()) for x in (learner.noise, self._lam, self._mu))
        caps = (learner.power_cap, learner.bandwidth_cap)
        power, band = (INFINITE if cap is None else float(cap.mid()) for cap in caps)

        def time_w(t: float) -> float:
            rate_nats = nats / t
            least = rate_nats / band
            if self._fixed:
                u = fixed_root(lam * rate_nats / (mu * noise)) if mu else INFINITE
                u = max(min(u, math.log1p(power / noise)), least)
                rise = max(lam / u, mu * noise * u * math.exp(u) / rate_nats)
                return rise * rate_nats / t
            w = density_root(lam / (mu * noise)) if mu else INFINITE
            rise = 0.0
            if not w < INFINITE or noise * rate_nats * math.expm1(w) > power * w:
                if power <= noise * rate_nats:
                    return INFINITE
                w = min(w, log_gain(power / (noise * rate_nats)))
                rise = lam / (w + math.expm1(-w))
            return max(rise, mu * noise * math.exp(max(w, least))) * rate_nats / t

        if self._free:
            return lambda _t: 0.0
        return time_w
