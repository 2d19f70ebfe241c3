"""The dual bound on the samples that fit, evaluated and minimised without the package's formulas.

Every learner's best real samples come from a grid that closes in on its best point, the cheapest
bandwidth and power for a rate from bisection; the least over both prices from golden sections, one
in the other. Slow, and as plain as can be.
"""

import math

import numpy as np

LN2 = math.log(2.0)
_POINTS = 97
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


class DualBound:
    """U(lambda, mu) of a problem at a tau; ``tau`` and budgets as given, or as the problem has."""

    def __init__(self, problem, tau, scheme="joint", **amounts):
        task, learners, radio = problem.task, problem.learners, problem.radio
        size = len(learners)
        self.band = amounts.get("bandwidth_hz", radio.bandwidth_hz)
        self.watt = amounts.get("power_w", radio.power_w)
        self.cycle = amounts.get("cycle_s", problem.cycle_s)
        self.alpha, self.beta = float(task.alpha_bits), float(task.model_bits)
        self.density, self.excused = problem.law == "density", problem.idle == "excused"
        self.noise = radio.noise / learners.gain
        rates = problem.return_rates()
        per_bit = 1.0 / rates
        self.spare = self.cycle - self.beta * per_bit
        self.each = tau * task.flops_per_sample / learners.flops_per_s
        self.each = self.each + task.model_bits_per_sample * per_bit
        low, high = np.zeros(size), np.full(size, float(task.samples))
        if scheme == "resource_only":
            low[:], high[:] = task.samples // size, -(-task.samples // size)
        if learners.min_samples is not None:
            low = np.maximum(low, learners.min_samples)
        if learners.max_samples is not None:
            high = np.minimum(high, learners.max_samples)
        if learners.energy_j is not None:
            joules = tau * task.flops_per_sample * learners.energy_per_flop_j
            joules = joules + learners.return_power_w * task.model_bits_per_sample * per_bit
            left = learners.energy_j - learners.return_power_w * self.beta * per_bit
            with np.errstate(divide="ignore", invalid="ignore"):
                most = np.where(joules > 0, left / joules, np.where(left >= 0, np.inf, -1.0))
            high = np.where(left >= 0, np.minimum(high, most), -1.0)
        self.cap_hz = _column(learners.max_bandwidth_hz, size)
        self.cap_w = _column(learners.max_power_w, size)
        self.rest = self.excused & (low <= 0)
        if learners.optional is not None and scheme != "resource_only":
            self.rest = self.rest | learners.optional
        self.low = np.where(self.rest, np.maximum(low, 1.0), low)
        self.high = np.minimum(high, self._within_caps())
        self.can = self.high >= self.low
        self.possible = bool((self.can | self.rest).all())

    def _within_caps(self):
        """Return the real samples that the deadline leaves room for at the largest rate."""
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            noise = self.noise * (self.cap_hz if self.density else 1.0)
            rate = np.where(
                np.isinf(self.cap_hz) & np.isinf(self.cap_w),
                np.inf,
                self.cap_hz * np.log1p(self.cap_w / noise) / LN2,
            )
            if self.density:
                rate = np.where(np.isinf(self.cap_hz), self.cap_w / (self.noise * LN2), rate)
            bare = self.spare - self.beta / rate
            most = bare / (self.each + self.alpha / rate)
        # The rate grows without end towards the end of the cycle.
        return np.where(np.isinf(rate), most * (1 - 1e-12), most)

    def cost(self, samples, per_hz, per_w):
        """Return the least that `samples`, of shape (K, n), cost."""
        with np.errstate(over="ignore", divide="ignore"):  # nothing sent costs nothing
            return self._cost(samples, per_hz, per_w)

    def _cost(self, samples, per_hz, per_w):
        slack = np.maximum(self.spare[:, None] - self.each[:, None] * samples, 1e-300)
        rate = (self.alpha * samples + self.beta) / slack
        noise = self.noise[:, None]
        band, power = self.cap_hz[:, None], self.cap_w[:, None]
        # In l = ln(1 + snr) the cost falls and then rises: bisect its slope, then obey the caps.
        shape = noise.shape if self.density else rate.shape  # then it does not depend on the rate
        low, high = np.full(shape, math.log(1e-14)), np.full(shape, math.log(650.0))
        most = np.full(rate.shape, math.log(650.0))
        least = np.full(rate.shape, math.log(1e-14))
        capped = bool(np.isfinite(power).any())
        for step in range(52 if capped else 30):
            if step < 30:  # at its least a cost hardly changes: half the digits will do
                middle = 0.5 * (low + high)
                up = np.exp(middle)
                if self.density:
                    slope = per_w * noise * (up * np.exp(up) - np.expm1(up)) - per_hz
                else:
                    slope = per_w * noise * np.exp(up) * up**2 / (rate * LN2) - per_hz
                high, low = np.where(slope > 0, middle, high), np.where(slope > 0, low, middle)
            if capped:
                centre = 0.5 * (least + most)
                watt = self._power(rate, np.exp(centre))
                most = np.where(watt > power, centre, most)
                least = np.where(watt > power, least, centre)
        log_gain = np.exp(high) + np.zeros(rate.shape)
        if capped:
            log_gain = np.where(np.isfinite(power), np.minimum(log_gain, np.exp(most)), log_gain)
        if np.isfinite(band).any():
            log_gain = np.maximum(log_gain, rate * LN2 / band)
        return per_hz * rate * LN2 / log_gain + per_w * self._power(rate, log_gain)

    def _power(self, rate, log_gain):
        noise = self.noise[:, None] * (rate * LN2 / log_gain if self.density else 1.0)
        return noise * np.expm1(np.minimum(log_gain, 700.0))

    def __call__(self, per_hz, per_w, per_member=0.0, members=0):
        """Return U at these prices, of a member beside where so many must take part."""
        best = self._best(self.low, per_hz, per_w)
        if per_member > 0.0:  # who is served with less than a sample is no member
            taking = self._best(np.maximum(self.low, 1.0), per_hz, per_w) + per_member
            best = np.where(self.low < 1.0, np.maximum(best, taking), taking)
        best = np.where(self.rest, np.maximum(best, 0.0), best)
        return per_hz * self.band + per_w * self.watt + float(best.sum()) - per_member * members

    def _best(self, low, per_hz, per_w):
        """Return the most of each from so many samples on; minus infinity where there is none."""
        can = self.high >= low
        low, high = np.where(can, low, 0.0), np.where(can, self.high, 0.0)
        share = np.linspace(0.0, 1.0, _POINTS)
        best = np.full(low.size, -np.inf)
        start, end = low.copy(), high.copy()
        for level in range(6):
            points = start[:, None] + (end - start)[:, None] * share
            value = points - self.cost(points, per_hz, per_w)
            best = np.maximum(best, value.max(axis=1))
            if level == 0:  # the ends are known now; with the fixed law a peak may lie between
                peak = np.zeros(value.shape, dtype=bool)
                peak[:, 1:-1] = (value[:, 1:-1] >= value[:, :-2]) & (value[:, 1:-1] >= value[:, 2:])
                value = np.where(peak.any(axis=1)[:, None] & ~peak, -np.inf, value)
            at = np.argmax(value, axis=1)
            gap = (end - start) / (_POINTS - 1)
            middle = points[np.arange(low.size), at]
            start, end = np.maximum(low, middle - gap), np.minimum(high, middle + gap)
        return np.where(can, best, -np.inf)

    def least(self, per_hz, per_w, span=1e3, steps=44):
        """Return the least U over both prices within `span` times about the given ones."""
        return _golden(
            lambda x: _golden(lambda y: self(math.exp(x), math.exp(y)), per_w, span, steps),
            per_hz,
            span,
            steps,
        )


def _golden(function, about, span, steps):
    low, high = math.log(about / span), math.log(about * span)
    a, b = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_a, at_b = function(a), function(b)
    for _ in range(steps):
        if at_a < at_b:
            high, b, at_b = b, a, at_a
            a = high - _GOLDEN * (high - low)
            at_a = function(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + _GOLDEN * (high - low)
            at_b = function(b)
    return min(at_a, at_b)


def _column(given, size):
    return np.full(size, np.inf) if given is None else np.asarray(given, dtype=float)
