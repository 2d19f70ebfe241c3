"""The times of a plan, and the rate that a learner needs: equations (6) to (8) and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mel_fast.reference.limits import Floats, Ints, constant_link, is_uplink, limits_of

if TYPE_CHECKING:
    from mel_fast.model.problem import Problem

Wide = NDArray[Any]

# The slack "cycle minus computing minus return" cancels, so it is formed in extended precision
# (80 bits on x86; where long double is double it is merely less accurate).
WIDE = np.longdouble


class Times(NamedTuple):
    """Seconds that each learner spends on each of its three steps, arrays of shape (K,).

    Attributes
    ----------
    send_s, compute_s, return_s, total_s
        Equations (6) to (8) and their sum.

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=2)
    >>> times = mel.reference.evaluate(problem, 1, [10, 10], [50e6, 50e6], [0.1, 0.1])
    >>> times.total_s.shape
    (2,)
    """

    send_s: Floats
    compute_s: Floats
    return_s: Floats
    total_s: Floats


def noise(problem: Problem) -> float:
    """The noise density in W/Hz (density law) or the noise power in W (fixed law)."""
    radio = problem.radio
    value = radio.noise_density_w_per_hz if problem.law == "density" else radio.noise_power_w
    assert value is not None
    return float(value)


def link_rate(problem: Problem, bandwidth_hz: ArrayLike, power_w: ArrayLike) -> Wide:
    """Bits a second that each learner's link carries with this bandwidth and power, shape (K,)."""
    bandwidth = np.asarray(bandwidth_hz, WIDE)
    received = np.asarray(power_w, WIDE) * np.asarray(problem.learners.gain, WIDE)
    noise_power = WIDE(noise(problem)) * (bandwidth if problem.law == "density" else WIDE(1))
    ratio = np.divide(received, noise_power, out=np.zeros_like(received), where=noise_power > 0)
    return np.asarray(bandwidth * np.log1p(ratio) / np.log(WIDE(2)))


def constant_rate(problem: Problem) -> Wide:
    """Bits a second over the link that is not planned, shape (K,): back, or of an uplink there."""
    return link_rate(problem, *constant_link(problem))


def _bits(problem: Problem, samples: ArrayLike, *, sent: bool) -> Wide:
    """Bits to each learner, or from it, for samples of shape (..., K)."""
    payload, count = problem.payload, np.asarray(samples, WIDE)
    each, fixed = payload.return_bits_per_sample, payload.return_bits
    if sent:
        each, fixed = payload.send_bits_per_sample, payload.send_bits
    return np.asarray(count * np.asarray(each, WIDE) + np.asarray(fixed, WIDE))


def compute_and_constant(problem: Problem, tau: int, samples: ArrayLike) -> tuple[Wide, Wide]:
    """Seconds of computing and over the constant link for samples of shape (..., K)."""
    payload, learners = problem.payload, problem.learners
    count = np.asarray(samples, WIDE)
    compute = (
        WIDE(tau)
        * count
        * np.asarray(payload.flops_per_sample, WIDE)
        / np.asarray(learners.flops_per_s, WIDE)
    )
    bits = _bits(problem, samples, sent=is_uplink(problem))
    rate = constant_rate(problem) + 0 * bits
    seconds = np.divide(bits, rate, out=np.full_like(bits, np.inf), where=rate > 0)
    return compute, np.where(bits == 0, WIDE(0), seconds)


def planned_bits(problem: Problem, samples: ArrayLike) -> Wide:
    """Bits over the planned link for samples of shape (..., K)."""
    return _bits(problem, samples, sent=not is_uplink(problem))


def evaluate(
    problem: Problem, tau: int, samples: ArrayLike, bandwidth_hz: ArrayLike, power_w: ArrayLike
) -> Times:
    """Return the seconds of every step of a given plan; infinite where a zero rate must carry bits.

    Under ``idle="excused"`` the times of a learner without samples are still those of the model's
    way there and back; nobody waits for them.

    Parameters
    ----------
    problem, tau
        What is run: so many local cycles.
    samples, bandwidth_hz, power_w
        Of each learner, in samples, Hz and W, shape (K,).

    Returns
    -------
    Times
        Seconds.

    Raises
    ------
    ValueError
        For columns of other lengths.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=2)
    >>> ours = mel.evaluate(problem, 1, [10, 10], [50e6, 50e6], [0.1, 0.1])
    >>> slow = mel.reference.evaluate(problem, 1, [10, 10], [50e6, 50e6], [0.1, 0.1])
    >>> bool(np.allclose(ours.total_s, slow.total_s))
    True
    """
    bits = planned_bits(problem, samples)
    rate = link_rate(problem, bandwidth_hz, power_w)
    send = np.divide(bits, rate, out=np.full_like(bits, np.inf), where=rate > 0)
    send = np.where(bits == 0, WIDE(0), send)
    compute, back = compute_and_constant(problem, tau, samples)
    if is_uplink(problem):
        send, back = back, send
    return Times(*(np.asarray(t, np.float64) for t in (send, compute, back, send + compute + back)))


def largest_rates(problem: Problem) -> Wide:
    """Bits a second beyond which the learners' caps on bandwidth and power do not go, shape (K,).

    Attained, except over unlimited bandwidth.
    """
    caps = limits_of(problem)
    both = np.isfinite(caps.max_bandwidth_hz) & np.isfinite(caps.max_power_w)
    rates = link_rate(
        problem,
        np.where(both, caps.max_bandwidth_hz, 1.0),
        np.where(both, caps.max_power_w, 1.0),
    )
    rates = np.where(both, rates, WIDE(np.inf))
    if problem.law == "density":  # B log2(1 + P h / (N0 B)) rises to P h / (N0 ln 2)
        power = np.asarray(caps.max_power_w, WIDE)
        ceiling = power * problem.learners.gain / noise(problem) / np.log(WIDE(2))
        rates = np.where(both, rates, ceiling)
    return rates


def spent_energy(problem: Problem, tau: int, samples: ArrayLike) -> Wide:
    """Joules that learners spend on computing and returning samples of shape (..., K)."""
    per_flop = np.asarray(limits_of(problem).energy_per_flop_j, WIDE)
    flops = WIDE(tau) * np.asarray(samples, WIDE)
    flops = flops * np.asarray(problem.payload.flops_per_sample, WIDE)
    _, back = compute_and_constant(problem, tau, samples)
    return flops * per_flop + np.asarray(constant_link(problem)[1], WIDE) * back


def rate_at_full_power(problem: Problem, tau: int, count: Ints, rate: Wide, slack: Wide) -> Wide:
    """What the same bandwidth would carry if a learner could use all of its power limit.

    A learner that sends with energy of its own has the power min(cap, E' / slack), E' being what
    computing leaves. The bandwidth that then carries the rate is found by halves of its logarithm.
    """
    limits = limits_of(problem)
    if not np.isfinite(limits.energy_j).any():
        return rate
    flops = tau * np.asarray(count, np.float64) * problem.payload.flops_per_sample
    left = limits.energy_j - flops * limits.energy_per_flop_j
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        power = np.minimum(limits.max_power_w, np.asarray(left / slack, np.float64))
    less = (power < limits.max_power_w) & (rate > 0) & np.isfinite(rate)
    usable = less & (power > 0)
    power = np.where(usable, power, limits.max_power_w)
    low, high = np.full(rate.shape, -200.0), np.full(rate.shape, 200.0)
    for _ in range(90):
        middle = (low + high) / 2
        enough = link_rate(problem, np.exp(middle), power) >= rate
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    usable &= (high < 199.0) & (np.exp(high) <= limits.max_bandwidth_hz)
    whole = link_rate(problem, np.exp(high), limits.max_power_w + 0 * power)
    nothing = (rate == 0) & (left >= 0)
    short = (less & ~usable) | ((rate == 0) & ~nothing)
    return np.asarray(np.where(short, WIDE(np.inf), np.where(usable, whole, rate)))


def needed_rates(problem: Problem, tau: int, samples: ArrayLike) -> Floats:
    """Bits a second that samples of shape (..., K) need to meet the deadline.

    Infinite where no rate is enough or the learner's own limits forbid the samples or the rate;
    zero where there is nothing to send, and for an excused learner without samples.

    Parameters
    ----------
    problem, tau
        So many local cycles.
    samples
        Of each learner, shape (..., K).

    Returns
    -------
    ndarray
        Bit/s, of the same shape.

    Raises
    ------
    ValueError
        For columns of another length.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> problem = mel.reference.random_problem(np.random.default_rng(0), learners=3, samples=9)
    >>> rates = mel.reference.needed_rates(problem, 1, [2, 3, 4])
    >>> rates.shape, bool((rates > 0).all())
    ((3,), True)
    """
    count = np.asarray(samples)
    bits = planned_bits(problem, count)
    compute, back = compute_and_constant(problem, tau, count)
    slack = WIDE(problem.cycle_s) - compute - back
    limits = limits_of(problem)
    with np.errstate(over="ignore"):
        rate = np.divide(bits, slack, out=np.full_like(slack, np.inf), where=slack > 0)
        rate = np.where((bits == 0) & (slack >= 0), WIDE(0), rate)
        rate = np.where(rate > largest_rates(problem), WIDE(np.inf), rate)
        if is_uplink(problem):
            rate = rate_at_full_power(problem, tau, count, rate, slack)
        elif np.isfinite(limits.energy_j).any():
            spent = spent_energy(problem, tau, count)
            rate = np.where(spent > limits.energy_j, WIDE(np.inf), rate)
        if problem.idle == "excused":
            rate = np.where(count == 0, WIDE(0), rate)
        outside = (count < limits.min_samples) | (count > limits.max_samples)
        rate = np.where(outside, WIDE(np.inf), rate)
        optional = problem.learners.optional
        if optional is not None:  # who sits out needs nothing
            rate = np.where((count == 0) & optional, WIDE(0), rate)
        return rate.astype(np.float64)


def rate_table(problem: Problem, tau: int, scheme: str) -> Floats:
    """Needed rates for every allowed number of samples, shape (D+1, K); infinite if not allowed."""
    samples, learners = problem.task.samples, len(problem.learners)
    table = needed_rates(problem, tau, np.arange(samples + 1)[:, None] + np.zeros(learners, int))
    if scheme == "resource_only":
        table[: samples // learners] = np.inf
        table[-(-samples // learners) + 1 :] = np.inf
    return table


def can_sum(rates: Floats, samples: int) -> bool:
    """Whether some split has finite rates everywhere (allowed numbers are contiguous)."""
    allowed = np.isfinite(rates)
    if not allowed.any(axis=0).all():
        return False
    least = allowed.argmax(axis=0).sum()
    most = (len(rates) - 1 - allowed[::-1].argmax(axis=0)).sum()
    return bool(least <= samples <= most)
