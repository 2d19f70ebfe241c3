"""What one learner needs of bandwidth and power, with many bits (formulas: docs/proof.md)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mel_fast._base.validation import FloatColumn, IntColumn
from mel_fast.model.problem import Problem

BITS = 320
_STEPS = 40  # of Newton's method, which needs some ten

Ball = Any  # flint.arb; python-flint has no types


@dataclass(slots=True)
class Need:
    """A rate over a noise, within caps: midpoints, for the answer is judged by balls."""

    learner: int
    rate: Ball  # bits a second
    noise: Ball  # n of docs/proof.md
    caps: tuple[Ball | None, Ball | None]  # of bandwidth and of power


def needs_of(problem: Problem, tau: int, samples: IntColumn) -> list[Need] | None:
    """Return the needs of all who are sent anything; None where one has no time for it."""
    from flint import arb

    learners, links = problem.learners, problem.links
    law, noise = problem.law, arb(problem.radio.noise)
    rests = np.full(len(learners), problem.idle == "excused")
    if learners.optional is not None:
        rests |= learners.optional
    needs = []
    for k, d in enumerate(samples.tolist()):
        b, a, back_b, back_a, each = map(arb, problem.payload.of(k))
        if links.planned == "return":
            b, a, back_b, back_a = back_b, back_a, b, a
        bits = a * d + b
        if bits == 0 or (d == 0 and rests[k]):
            continue
        band, watt, gain, flops = (
            arb(float(column[k]))
            for column in (
                links.bandwidth_hz,
                links.power_w,
                learners.gain,
                learners.flops_per_s,
            )
        )
        if not gain > 0:
            return None
        snr = watt * gain / (noise * band if law == "density" else noise)
        back = band * snr.log1p() / arb.const_log2()
        returned = (back_a * d + back_b) / back
        left = arb(problem.cycle_s) - tau * d * each / flops - returned
        if not left > 0:
            return None
        caps = _cap(learners.max_bandwidth_hz, k), _cap(learners.max_power_w, k)
        needs.append(Need(k, (bits / left).mid(), (noise / gain).mid(), caps))
    return needs


def _cap(column: FloatColumn | None, learner: int) -> Ball | None:
    from flint import arb

    return (
        None if column is None or column[learner] == float("inf") else arb(float(column[learner]))
    )


def bought_by(law: str, need: Need, ratio: Ball) -> tuple[Ball, Ball]:
    """Return the cheapest bandwidth and power where a watt costs `ratio` hertz."""
    from flint import arb

    if law == "density":
        w = (1 + ((1 / (ratio * need.noise) - 1) / arb(1).exp()).lambertw()).mid()
        band = need.rate * arb.const_log2() / w
        watt = need.noise * band * w.expm1()
    else:
        root = (need.rate * arb.const_log2() / (ratio * need.noise)).sqrt() / 2
        u = 2 * root.lambertw().mid()
        band = need.rate * arb.const_log2() / u
        watt = need.noise * u.expm1()
    most_band, most_watt = need.caps
    if most_band is not None and band > most_band:
        return most_band, power_for(law, need, most_band)
    if most_watt is not None and watt > most_watt:
        return bandwidth_for(law, need, most_watt), most_watt
    return band, watt


def power_for(law: str, need: Need, band: Ball) -> Ball:
    """Return the power that buys the rate over a bandwidth."""
    from flint import arb

    spectral = need.rate * arb.const_log2() / band
    return need.noise * (band if law == "density" else 1) * spectral.expm1()


def bandwidth_for(law: str, need: Need, watt: Ball) -> Ball:
    """Return the bandwidth that buys the rate with a power; infinite or not a number if none."""
    from flint import arb

    bits = need.rate * arb.const_log2()
    if law != "density":
        return bits / (watt / need.noise).log1p()
    # (e^w - 1)/w = P/(n rho ln2), w being the rate in nats a hertz; ln of it is convex in w.
    aim = (watt / (need.noise * bits)).log().mid()
    if not aim > 0:
        return arb("inf")
    w = (2 * aim).mid()
    for _ in range(_STEPS):
        step = ((w.expm1() / w).log() - aim) / (1 - 1 / w + 1 / w.expm1())
        w = (w - step).mid()
        if abs(step) < w * arb(2) ** (16 - BITS // 2):
            break
    return bits / w
