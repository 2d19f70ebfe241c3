"""One learner in exact terms: the constants of its rate, and how far its limits let it go."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

from flint import arb, ctx

from mel_fast.verify._allowance import tick
from mel_fast.verify.claim._problem import INFINITE, Problem, Row

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

    __slots__ = (
        "alpha",
        "area",
        "bandwidth_cap",
        "beta",
        "by_energy",
        "energy_j",
        "most",
        "noise",
        "per_sample_s",
        "power_cap",
        "sample_j",
        "slowest",
        "spare_s",
        "work_s",
    )

    def __init__(self, problem: Problem, row: Row, tau: int) -> None:
        speed, gain, bandwidth, power = map(arb, row[:4])
        outage = row.gain == 0.0
        if outage:  # with any channel it could do no less: what it cannot do is said below
            gain = arb(1)
        noise = arb(problem.noise)
        back = rate(problem.law, bandwidth, power, gain, noise)
        load = row.load
        self.alpha, self.beta = load.send_each, load.send
        self.noise = noise / gain  # n
        self.spare_s = arb(problem.cycle_s) - load.back / back  # T'
        self.per_sample_s = (  # g
            tau * arb(load.flops_each) / speed + load.back_each / back
        )
        self.area = self.alpha * self.spare_s + self.beta * self.per_sample_s  # A
        self.bandwidth_cap: Ball | None = None
        self.power_cap: Ball | None = None
        self.most: int | None = None  # every d that energy and caps allow is at most this
        if load.returns_nothing:
            self._at_most(last_computed(problem, row, tau))
        if min(row.max_bandwidth_hz, row.max_power_w) < INFINITE:
            if row.max_power_w < INFINITE:
                self.power_cap = arb(row.max_power_w)
            if problem.block_hz is not None:
                self.bandwidth_cap = problem.blocks(row.max_bandwidth_hz) * arb(problem.block_hz)
            elif row.max_bandwidth_hz < INFINITE:
                self.bandwidth_cap = arb(row.max_bandwidth_hz)
            fastest = largest_rate(problem.law, self.bandwidth_cap, self.power_cap, self.noise)
            self._at_most(self.last_at(fastest))
        if outage:
            self._at_most(self.last_at(arb(0)))
            if not load.returns_nothing:
                self._at_most(-1 if load.back else 0)
        self.by_energy: int | None = None  # at least the last d of computing and returning alone
        self.energy_j: Ball | None = None  # for computing and sending over the planned link
        self.slowest: Ball | None = None  # share of its speed; None: its speed is not chosen
        flop_j = arb(row.energy_per_flop_j)
        if row.energy_coefficient is not None:
            self.slowest = arb(row.min_flops_per_s) / speed
            flop_j = arb(row.energy_coefficient) * speed * speed
        self.work_s = tau * arb(load.flops_each) / speed  # of a sample, at full speed
        self.sample_j = tau * arb(load.flops_each) * flop_j
        if row.energy_j < INFINITE and problem.energy_sends:
            self.energy_j = arb(row.energy_j)
            # What boundless bandwidth carries takes some joules a bit; with the fixed law none.
            bit_j = self.noise * arb.const_log2() if problem.law == "density" else arb(0)
            least = arb(1) if self.slowest is None else self.slowest * self.slowest
            each = self.sample_j * least + bit_j * self.alpha
            self._at_most(last_below(self.energy_j - bit_j * self.beta, each))
            if self.slowest is not None and self.power_cap is not None:
                self._at_most(last_below(self.spare_s, self.per_sample_s))
                self._at_most(self._last_slow(bit_j))
        elif row.energy_j < INFINITE:
            self.by_energy = last_by_energy(row, tau, power / back)
            self._at_most(self.by_energy)

    def _last_slow(self, bit_j: Ball) -> int | None:
        """At least the last d whose computing, as slow as there is time, leaves energy to send."""
        good, bad = -1, 1 + (-1 if self.most is None else self.most)
        while bad - good > 1:
            middle = (good + bad) // 2 if bad <= (self.most or 0) else bad - 1
            if self._impossible(middle, bit_j):
                bad = middle
            else:
                good = middle
        return None if self.most is None else good

    def _impossible(self, d: int, bit_j: Ball) -> bool:
        """Whether d samples take too much energy; boundless bandwidth takes `bit_j` a bit."""
        sending = bit_j * self.need(d)
        work = d * self.work_s
        time = self.slack(d) + work - sending / self.power_cap
        if time < work:
            return True
        speed = (work / time).max(self.slowest)
        return bool(sending + d * self.sample_j * speed * speed > self.energy_j)

    def _at_most(self, last: int | None) -> None:
        if last is not None:
            self.most = last if self.most is None else min(self.most, last)

    def last_at(self, fastest: Ball | None) -> int | None:
        """At least the last d with rho(d) <= `fastest`; None: no limit; -1: not even d = 0."""
        if fastest is None or self.alpha == self.beta == 0:
            return None
        if fastest == 0:
            return -1 if self.beta else 0
        return last_below(
            self.spare_s - self.beta / fastest, self.per_sample_s + self.alpha / fastest
        )

    def left_j(self, d: int) -> Ball | None:
        """Joules left for sending over the planned link; None where they are not limited."""
        return None if self.energy_j is None else self.energy_j - d * self.sample_j

    def need(self, d: int) -> Any:
        """Bits to send, an integer where they are one."""
        return bits(self.alpha, self.beta, d)

    def area_at(self, d: int) -> Ball:
        """A, the slope of the rate at d samples times the square of their slack."""
        del d
        return self.area

    def slack(self, d: int) -> Ball:
        """Seconds left to send them."""
        tick(1 + ctx.prec // 128)
        return self.spare_s - d * self.per_sample_s


def bits(each: float, fixed: float, d: int) -> Any:
    """Return ``each * d + fixed`` without rounding, or as a ball of the precision at hand."""
    if isinstance(each, int) and isinstance(fixed, int):
        return each * d + fixed
    return arb(each) * d + arb(fixed)


def ball(number: Fraction) -> Ball:
    """Return a ball around a fraction."""
    return arb(number.numerator) / arb(number.denominator)


def flops(row: Row, tau: int, samples: int = 1) -> Fraction:
    """Operations of `tau` local cycles."""
    return tau * samples * Fraction(row.load.flops_each)


def least_flop_j(row: Row) -> Fraction:
    """Joules that a flop takes at the least: at the lowest speed where it is chosen."""
    if row.energy_coefficient is None:
        return Fraction(row.energy_per_flop_j)
    return Fraction(row.energy_coefficient) * Fraction(row.min_flops_per_s) ** 2


def last_computed(problem: Problem, row: Row, tau: int) -> int:
    """Return the last d whose computing ends in time: before T, where sending it takes time."""
    whole, rest = divmod(Fraction(problem.cycle_s) * Fraction(row.flops_per_s), flops(row, tau))
    return int(whole) - (rest == 0 and row.load.send_each > 0)


def rate(law: str, bandwidth: Ball, power: Ball, gain: Ball, noise: Ball) -> Ball:
    """Bits a second over a link; bandwidth and power above zero."""
    snr = power * gain / (noise * bandwidth if law == "density" else noise)
    return bandwidth * snr.log1p() / arb.const_log2()


def largest_rate(law: str, bandwidth: Ball | None, power: Ball | None, noise: Ball) -> Ball | None:
    """Return the supremum of the rates within caps, with noise n; None where it is infinite."""
    if any(cap is not None and cap == 0 for cap in (bandwidth, power)):
        return arb(0)
    if power is None or (law == "fixed" and bandwidth is None):
        return None
    if bandwidth is None:
        return power / (noise * arb.const_log2())
    return rate(law, bandwidth, power, arb(1), noise)


def last_by_energy(row: Row, tau: int, bit_j: Ball) -> int | None:
    """At least the last d whose computing and returning keep the energy; None: no limit."""
    load = row.load
    if load.returns_nothing:
        sample_j = flops(row, tau) * least_flop_j(row)
        return Fraction(row.energy_j) // sample_j if sample_j else None
    each = tau * arb(load.flops_each) * ball(least_flop_j(row))
    each += bit_j * load.back_each
    return last_below(arb(row.energy_j) - bit_j * load.back, each)


def last_below(budget: Ball, each: Ball) -> int | None:
    """At least the last integer d >= 0 with d * each <= budget; None: no limit; -1: none."""
    if budget < 0:
        return -1
    end = (budget / each).upper()
    return int(end.max(arb(0)).floor().unique_fmpz()) if end.is_finite() else None
