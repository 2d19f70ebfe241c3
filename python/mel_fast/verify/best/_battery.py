"""The best of a learner that sends with power and energy of its own, at a price of bandwidth.

With E' = E - e C tau d joules left for sending in s(d) seconds it has the power min(cap, E'/s), and
needs the bandwidth of whichever of the two is less: B = max(B_p, B_e). Both are convex in d
(docs/uplink.md), so d - lambda B lies below every tangent of d - lambda B_p and of d - lambda B_e:
which of them is looked at is a guess, and whatever the guess, what is returned is an upper bound.
Power has no price here: it is shared by nobody, and any price of it proves less.
"""

from flint import arb

from mel_fast.verify._learner import Ball, Learner
from mel_fast.verify.best._capped import depth_at_power
from mel_fast.verify.best._peak import as_float, concave_peak, last_true


class BatteryResponse:
    """Maximises d - lambda B(d); `bandwidth_cap` None: without."""

    __slots__ = ("_cap", "_fixed", "_lam", "free", "learner")

    def __init__(
        self, law: str, learner: Learner, lambda_per_hz: float, bandwidth_cap: Ball | None
    ) -> None:
        self.learner = learner
        self.free = learner.alpha == learner.beta == 0 or (
            lambda_per_hz == 0.0 and bandwidth_cap is None
        )
        self._fixed = law == "fixed"
        self._lam = arb(lambda_per_hz)
        self._cap = bandwidth_cap

    def cost(self, rho: Ball) -> Ball:
        """No less than with the whole of the power limit."""
        nats = rho * arb.const_log2()
        total = self._lam * nats / self._depth(nats, self.learner.power_cap)
        return total if total.is_finite() else arb(0)

    def peak(self, low: int, high: int) -> Ball | None:
        learner = self.learner
        if learner.need(low) == 0:  # d = 0
            rest = None if high == low else self.peak(low + 1, high)
            return arb(0) if rest is None else rest.max(arb(0))
        if self._cap is not None:
            high = self.last_carried(low, high, self._cap)
            if high < low:
                return None
        return concave_peak(
            self._value, self._slope, low, high, as_float(lambda: self._guess(low, high))
        )

    def last_carried(self, low: int, high: int, bandwidth: Ball) -> int:
        """At least the last d in low..high that so much bandwidth carries; low - 1 if none does."""
        return last_true(lambda d: not self._bandwidth(d) > bandwidth, low, high, high)

    def _depth(self, nats: Ball, power: Ball) -> Ball:
        noise = self.learner.noise
        return (power / noise).log1p() if self._fixed else depth_at_power(noise * nats / power)

    def _by_energy(self, d: int) -> bool:
        """Guess whether the energy leaves less power than the limit."""
        learner = self.learner
        left, slack = learner.left_j(d), learner.slack(d)
        return left is not None and bool(left.mid() < (learner.power_cap * slack).mid())

    def _bandwidth(self, d: int) -> Ball:
        learner = self.learner
        slack = learner.slack(d)
        nats = learner.need(d) * arb.const_log2() / slack
        power = learner.left_j(d) / slack if self._by_energy(d) else learner.power_cap
        return nats / self._depth(nats, power)

    def _value(self, d: int) -> Ball:
        cost = self._lam * self._bandwidth(d)
        return d - cost if cost.is_finite() else arb(d)  # too coarse to say more: C >= 0

    def _slope(self, d: int) -> Ball:
        return 1 - self._lam * self._rise(d)

    def _rise(self, d: int) -> Ball:
        """dB/dd of the guessed one of the two."""
        learner = self.learner
        slack, bits, ln2 = learner.slack(d), learner.need(d), arb.const_log2()
        nats = bits * ln2 / slack
        if not self._by_energy(d):
            w = self._depth(nats, learner.power_cap)
            fall = w if self._fixed else w + (-w).expm1()
            return ln2 * learner.area / (slack * slack * fall)
        power = learner.left_j(d) / slack
        w = self._depth(nats, power)
        if self._fixed:
            whole, joule = slack * w, 1 / (learner.noise + power)
            fall = learner.per_sample_s * (w - power * joule) + learner.sample_j * joule
            return ln2 * (learner.alpha * whole + bits * fall) / (whole * whole)
        more = ln2 * learner.alpha + learner.sample_j * (-w).exp() / learner.noise
        return (more / (w + (-w).expm1()) + learner.per_sample_s * nats / w) / slack

    def _guess(self, low: int, high: int) -> float:
        """Samples of about the best value, by halves."""
        rising, falling = low - 1, high + 1
        while falling - rising > 1:
            middle = (rising + falling) // 2
            if self._slope(middle).mid() > 0:
                rising = middle
            else:
                falling = middle
        return float(rising)
