"""What a learner can carry with a share of the budgets, every rounding in a stated direction.

A budget is cut into equal units (``UNITS`` of them, or the resource blocks that bandwidth comes
in), so that a grid is a set of integers and sums of grid points are exact. What a learner can carry
at a grid point is an integer too: the most samples that it receives, processes and returns within
the deadline and within its energy. Only that number needs real arithmetic; it is rounded down for
the inner model and up for the outer one (docs/cp_sat.md has the argument).
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mel_fast.model.problem import Problem

Side = Literal["inner", "outer"]
Scheme = Literal["joint", "task_only", "resource_only"]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

UNITS = 1 << 30
# A rate is a dozen roundings away from its inputs; 256 ulps cover them many times over.
MARGIN = 2.0**-44
# Below this a float64 result may have been subnormal, where relative margins mean nothing.
TINY_RATE = 1e-290
LARGEST_SUM = 2**62
MOST_TAU = 2**52


class Responses:
    """What each learner can carry, as a function of its bandwidth, its power and tau."""

    def __init__(self, problem: Problem, scheme: Scheme) -> None:
        task, learners, links = problem.task, problem.learners, problem.links
        self.problem = problem
        self.scheme = scheme
        self.count = len(learners)
        self.samples = task.samples
        self.served = problem.idle == "served"
        if problem.energy_sends:
            raise ValueError(
                "energy_j with radio.shared = 'return': the CP-SAT models know of no energy of "
                "sending over the planned link"
            )
        if self.count * self.samples > LARGEST_SUM:
            raise OverflowError(
                f"{self.count} learners times {self.samples} samples: must be at most 2**62 "
                "for CP-SAT's 64-bit sums"
            )
        self._compute_s = problem.payload.flops_per_sample / learners.flops_per_s
        self._constant_rate = {
            side: self._rate(links.bandwidth_hz, links.power_w, side) for side in ("inner", "outer")
        }
        equal = scheme == "resource_only"
        low = self.samples // self.count if equal else 0
        high = -(-self.samples // self.count) if equal else self.samples
        self.least = np.full(self.count, low, dtype=np.int64)
        self.most = np.full(self.count, high, dtype=np.int64)
        if learners.min_samples is not None:
            self.least = np.maximum(self.least, learners.min_samples)
        if learners.max_samples is not None:
            self.most = np.minimum(self.most, learners.max_samples)
        # Who may sit out has none, or at least `entry`; who must not takes part in any case.
        self.must = np.full(self.count, self.served)
        self.entry = np.zeros(self.count, dtype=np.int64)
        if problem.has_choice and learners.optional is not None:
            if scheme != "joint":
                raise ValueError(f"optional with scheme = {scheme!r}: must be 'joint'")
            self.must &= ~learners.optional
            self.entry = np.where(learners.optional, np.maximum(self.least, 1), 0)
            self.least = np.where(learners.optional, 0, self.least)
        self.floor = np.where(self.must, 0, np.maximum(self.entry, 1))
        blocks = problem.radio.blocks
        self.in_blocks = blocks is not None
        self.units = (UNITS if blocks is None else blocks, UNITS)
        self.highest = (self._highest_bandwidth(), self._highest_power())

    def bandwidth(self, units: Ints, side: Side) -> Floats:
        """Return a float64 bandwidth at most (inner) or at least (outer) `units` of the budget.

        Where bandwidth comes in blocks it is that of so many blocks. The first axis of `units` is
        the learner's; no learner gets more than its cap.
        """
        radio = self.problem.radio
        if radio.block_hz is not None:
            return np.asarray(units * radio.block_hz)
        share = _share(radio.bandwidth_hz, units, side)
        return _capped(share, self.problem.learners.max_bandwidth_hz)

    def power(self, units: Ints, side: Side) -> Floats:
        """Return a float64 power at most (inner) or at least (outer) `units` of the budget.

        The first axis of `units` is the learner's; no learner gets more than its cap.
        """
        share = _share(self.problem.power_budget_w, units, side)
        return _capped(share, self.problem.learners.max_power_w)

    def carried(self, tau: int, bandwidth_hz: Floats, power_w: Floats, side: Side) -> Ints:
        """Return the most samples carried within deadline and energy, -1 where not even none are.

        The first axis of the arguments is the learner's. Inner values are never too large, outer
        values never too small. Values stop at the most samples that the learner may have.
        """
        links = self.problem.links
        out = 1.0 if side == "inner" else -1.0
        axes = (-1, *([1] * (max(bandwidth_hz.ndim, power_w.ndim) - 1)))
        rate = self._rate(bandwidth_hz, power_w, side)
        back = self._constant_rate[side].reshape(axes)
        b, a, back_b, back_a = (
            np.reshape(np.broadcast_to(amount, self.count), axes)
            for amount in (
                links.bits,
                links.bits_per_sample,
                links.constant_bits,
                links.constant_bits_per_sample,
            )
        )
        base = _time(b, rate) + _time(back_b, back)
        each = _time(a, rate) + _time(back_a, back)
        each = each + tau * self._compute_s.reshape(axes)
        left = self.problem.cycle_s - base * (1.0 + out * MARGIN)
        with np.errstate(invalid="ignore"):  # -inf / inf where nothing gets through: masked below
            most = left * (1.0 - out * MARGIN) / (each * (1.0 + out * MARGIN))
        most = np.minimum(most, self.most.reshape(axes))
        affordable = self._affordable(tau, side)
        if affordable is not None:
            most = np.minimum(most, affordable.reshape(axes))
        return np.where(left < 0.0, -1.0, np.floor(most)).astype(np.int64)

    def _affordable(self, tau: int, side: Side) -> Floats | None:
        """Return samples that the energy is enough for, not yet floored; -1 where not for none."""
        payload, learners, links = self.problem.payload, self.problem.learners, self.problem.links
        if learners.energy_j is None or learners.energy_per_flop_j is None:
            return None
        out = 1.0 if side == "inner" else -1.0
        back, power = self._constant_rate[side], links.power_w
        base = power * _time(links.constant_bits, back)
        each = tau * (payload.flops_per_sample * learners.energy_per_flop_j)
        each = each + power * _time(links.constant_bits_per_sample, back)
        left = learners.energy_j - np.where(np.isinf(base), 0.0, base) * (1.0 + out * MARGIN)
        with np.errstate(divide="ignore", invalid="ignore"):
            most = left * (1.0 - out * MARGIN) / (each * (1.0 + out * MARGIN))
        return np.where(left < 0.0, -1.0, np.where(each > 0.0, most, math.inf))

    def conceivable(self) -> int:
        """Return a tau that no plan exceeds: some learner has an average share of the samples."""
        share = -(-self.samples // self.count)
        tau = self.problem.cycle_s / (float(self._compute_s.min()) * share)
        if not tau < MOST_TAU:
            raise OverflowError(f"tau may exceed {MOST_TAU}: take a shorter cycle_s")
        return int(tau * (1.0 + MARGIN))

    def compute_only(self, tau: int) -> Ints:
        """Return what is carried over infinitely fast forward links, rounded up, at least 0."""
        infinite = np.full(self.count, math.inf)
        return self.carried(tau, infinite, infinite, "outer")

    def lowest(self, carried: Ints) -> Ints:
        """Return the fewest samples of each learner in a plan in which these carry any."""
        return np.where(carried > 0, np.maximum(self.least, self.entry), self.least)

    def _highest_bandwidth(self) -> Ints:
        """Return a number of units that no learner's bandwidth exceeds."""
        radio, caps = self.problem.radio, self.problem.learners.max_bandwidth_hz
        if radio.block_hz is None or caps is None:
            return _highest(self.units[0], radio.bandwidth_hz, caps, self.count)
        width, total = Fraction(radio.block_hz), self.units[0]
        fit = [total if math.isinf(c) else int(Fraction(c) / width) for c in caps.tolist()]
        return np.array([min(blocks, total) for blocks in fit], dtype=np.int64)

    def _highest_power(self) -> Ints:
        """Return a number of units that no learner's power exceeds."""
        learners = self.problem.learners
        return _highest(UNITS, self.problem.power_budget_w, learners.max_power_w, self.count)

    def _rate(self, bandwidth_hz: Floats, power_w: Floats, side: Side) -> Floats:
        gain = self.problem.learners.gain
        gain = gain.reshape(-1, *([1] * (max(bandwidth_hz.ndim, power_w.ndim) - 1)))
        noise: Floats | float = self.problem.radio.noise
        if self.problem.law == "density":
            noise = noise * bandwidth_hz
        with np.errstate(divide="ignore", invalid="ignore", under="ignore"):
            rate = bandwidth_hz * np.log1p(power_w * gain / noise) / math.log(2.0)
        if side == "inner":
            rounded = np.where(rate > TINY_RATE, rate * (1.0 - MARGIN), 0.0)
        else:
            rounded = np.maximum(rate * (1.0 + MARGIN), 2.0 * TINY_RATE)
        rounded = np.where(np.isinf(bandwidth_hz) & np.isinf(power_w), math.inf, rounded)
        return np.asarray(np.where((bandwidth_hz > 0.0) & (power_w > 0.0), rounded, 0.0))


def equal_shares(r: Responses, side: Side) -> tuple[Floats, Floats]:
    """Return B/K and P/K or the learner's cap, rounded down (inner) or up (outer).

    Blocks are shared equally as far as they go; the rest is left over.
    """
    radio, learners = r.problem.radio, r.problem.learners
    toward = 0.0 if side == "inner" else math.inf
    share = math.inf if radio.power_w is None else radio.power_w / r.count
    power = np.full(r.count, math.nextafter(share, toward))
    if r.in_blocks:
        bandwidth = r.bandwidth(equal_blocks(r), side)
    else:
        bandwidth = np.full(r.count, math.nextafter(radio.bandwidth_hz / r.count, toward))
        bandwidth = _capped(bandwidth, learners.max_bandwidth_hz)
    return bandwidth, _capped(power, learners.max_power_w)


def equal_blocks(r: Responses) -> Ints:
    """Return floor(N/K) blocks for every learner, or what its cap leaves it."""
    return np.minimum(r.highest[0], r.units[0] // r.count)


def _highest(units: int, budget: float, caps: Floats | None, count: int) -> Ints:
    if caps is None:
        return np.full(count, units, dtype=np.int64)
    shares = np.minimum(caps / budget, 1.0) * units * (1.0 + MARGIN)
    return np.minimum(np.ceil(shares), units).astype(np.int64)


def _capped(shares: Floats, caps: Floats | None) -> Floats:
    if caps is None:
        return shares
    return np.minimum(shares, caps.reshape(-1, *([1] * (shares.ndim - 1))))


def _share(budget: float, units: Ints, side: Side) -> Floats:
    share = units * (budget / UNITS)
    return np.asarray(
        np.where(units > 0, np.nextafter(share, 0.0 if side == "inner" else math.inf), 0.0)
    )


def _time(bits: float | Floats, rate: Floats) -> Floats:
    """Seconds for `bits` at `rate`; nothing takes no time, even over no link."""
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        return np.where(np.equal(bits, 0), 0.0, bits / rate)
