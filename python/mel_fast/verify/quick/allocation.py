"""Whether many learners surely keep the deadline and their limits."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mel_fast.verify.quick.intervals import LN2, Interval, exactly
from mel_fast.verify.quick.numbers import Numbers, cycles, log_of_one_plus


@dataclass(frozen=True)
class Kept:
    """Of each learner, shape (K,): what is surely so."""

    sure: Any  # everything that is asked of it holds
    spare_s: float  # at least the least time that one of these has left


def kept(numbers: Numbers, tau: int, samples: Any, bandwidth_hz: Any, power_w: Any) -> Kept:
    """Look at what each learner gets: int64 and float64, shape (K,), none below zero.

    Raises FloatingPointError where a number is beyond what can be enclosed.
    """
    size = len(samples)
    within = (samples >= numbers.min_samples) & (samples <= numbers.max_samples)
    within &= (bandwidth_hz <= numbers.max_bandwidth_hz) & (power_w <= numbers.max_power_w)
    rests = (samples == 0) & (numbers.idle == "excused")
    d = samples.astype(np.float64)  # below 2^53
    sends = np.asarray(numbers.send_each) * d + numbers.send > 0.0
    reached = (bandwidth_hz > 0.0) & (power_w > 0.0) | ~sends
    looked_at = np.flatnonzero(
        within & ~rests & numbers.plain & reached & (np.broadcast_to(numbers.gain, size) > 0.0)
    )
    sure = within & rests & numbers.plain
    if not looked_at.size:
        return Kept(sure, float("inf"))
    some = numbers.at(looked_at)
    spare, left = _spare(
        some, tau, d[looked_at], bandwidth_hz[looked_at], power_w[looked_at], sends[looked_at]
    )
    good = (spare.lo >= 0.0) & (left >= 0.0)
    sure[looked_at] = good
    return Kept(sure, float(np.min(spare.lo[good], initial=np.inf)))


def _spare(
    some: Numbers, tau: int, d: Any, bandwidth_hz: Any, power_w: Any, sends: Any
) -> tuple[Interval, Any]:
    """Seconds left, and joules left at least (none asked for: infinity)."""
    gain, samples = exactly(some.gain), exactly(d)
    bits = exactly(some.send_each).times(samples).plus(exactly(some.send))
    band = np.where(sends, bandwidth_hz, 1.0)
    seconds = bits.over(_rate(some, gain, band, np.where(sends, power_w, 1.0)))
    returned = exactly(some.back_each).times(samples).plus(exactly(some.back))
    back_s = returned.over(_rate(some, gain, some.return_bandwidth_hz, some.return_power_w))
    operations = cycles(tau).times(samples).times(exactly(some.flops_each))
    computing = operations.over(exactly(some.flops_per_s))
    spare = exactly(some.cycle_s).minus(computing).minus(seconds).minus(back_s)
    finite = np.asarray(some.energy_j) < np.inf
    if not np.any(finite):
        return spare, np.full(len(d), np.inf)
    spent = operations.times(exactly(some.energy_per_flop_j))
    spent = spent.plus(exactly(some.return_power_w).times(back_s))
    left = exactly(np.where(finite, some.energy_j, 0.0)).minus(spent).lo
    return spare, np.where(finite, left, np.inf)


def _rate(some: Numbers, gain: Interval, bandwidth_hz: Any, power_w: Any) -> Interval:
    band, noise = exactly(bandwidth_hz), exactly(some.noise)
    noise = noise.times(band) if some.law == "density" else noise
    snr = exactly(power_w).times(gain).over(noise)
    return band.times(log_of_one_plus(snr)).over(LN2)
