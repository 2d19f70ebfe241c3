"""The best of a learner that sends with power and energy of its own, at a price of bandwidth.

With E' = E - e C tau d joules left for sending in s(d) seconds it has the power min(cap, E'/s), and
needs the bandwidth of whichever of the two is less: B = max(B_p, B_e). Both are convex in d
(docs/uplink.md), so d - lambda B lies below every tangent of d - lambda B_p and of d - lambda B_e:
which of them is looked at is a guess, and whatever the guess, what is returned is an upper bound.
Power has no price here: it is shared by nobody, and any price of it proves less.

Where the speed of computing is chosen B(d) is the least over the speeds, convex too
(docs/energy.md), and its slope is that at the best speed.
"""

from flint import arb

from mel_fast.verify._learner import Ball, Learner
from mel_fast.verify.best._capped import depth_at_power
from mel_fast.verify.best._peak import as_float, concave_peak, last_true
from mel_fast.verify.best._speed import Held, Speeds


class BatteryResponse:
    """Maximises d - lambda B(d); `bandwidth_cap` None: without."""

    __slots__ = ("_cap", "_fixed", "_lam", "_speeds", "free", "learner")

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
        self._speeds = Speeds(law, learner)

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

    def _bandwidth(self, d: int, held: Held | None = None) -> Ball:
        slack, left, all_power = (held or self._speeds.hold(d))[1:4]
        nats = self.learner.need(d) * arb.const_log2() / slack
        return nats / self._depth(nats, self.learner.power_cap if all_power else left / slack)

    def _value(self, d: int) -> Ball:
        cost = self._lam * self._bandwidth(d)
        return d - cost if cost.is_finite() else arb(d)  # too coarse to say more: C >= 0

    def _slope(self, d: int) -> Ball:
        return 1 - self._lam * self._rise(d)

    def _rise(self, d: int) -> Ball:
        """dB/dd, the speed kept: it is best, so that its change counts for nothing."""
        learner, held = self.learner, self._speeds.hold(d)
        speed, slack, left = held[:3]
        bits, ln2 = learner.need(d), arb.const_log2()
        nats = bits * ln2 / slack
        power = learner.power_cap if held.all_power else left / slack
        w = self._depth(nats, power)
        each_s = learner.per_sample_s + learner.work_s * (1 / speed - 1)
        each_j = learner.sample_j * speed * speed
        fall = w if self._fixed else w + (-w).expm1()
        if held.all_power and held.all_energy:  # the speed follows from both
            joule_s = 2 * learner.sample_j / learner.work_s * speed * speed * speed
            less = 3 * each_j + joule_s * (learner.per_sample_s - learner.work_s)
            less /= learner.power_cap + joule_s
            return ln2 / fall * (learner.alpha * slack + bits * less) / (slack * slack)
        if held.all_power:
            return ln2 * learner.area / (slack * slack * fall)
        if self._fixed:
            whole, joule = slack * w, 1 / (learner.noise + power)
            lost = each_s * (w - power * joule) + each_j * joule
            return ln2 * (learner.alpha * whole + bits * lost) / (whole * whole)
        more = ln2 * learner.alpha + each_j * (-w).exp() / learner.noise
        return (more / fall + each_s * nats / w) / slack

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
