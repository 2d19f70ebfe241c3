"""Water-filling: the least share of both budgets that pays for given rates.

Let the budgets be B and P, and let rates r_k be given. The least scale s such that bandwidths
summing to s B and powers summing to s P carry all rates is, by convex duality,

    s  =  max over 0 <= w <= 1 of  sum_k  min { w B_k / B + (1 - w) P_k / P : learner k gets r_k }.

At any w the sum is a lower bound on s, and the B_k, P_k that attain the minimum need the scale
max(sum B_k / B, sum P_k / P), an upper bound. The two meet at the best w, which is where both
budgets are used in the same proportion; it is bracketed in t = ln((1 - w) / w).

With u = ln(1 + SNR) the two laws read, B_k = r_k ln2 / u always,

    density   P_k = n_k B_k (e^u - 1)     minimal where   ln(u e^u - e^u + 1) = c
    fixed     P_k = n_k (e^u - 1)         minimal where   ln(u^2 e^u) = c + ln(r_k ln2)

with c = -t + ln(P / (B n_k)). In y = ln u both left sides are increasing and convex, so Newton's
method started above the root falls onto it without overshooting. The minimum is flat: an error of
1e-8 in u changes the cost by 1e-16.

Caps. More bandwidth needs less power, along a convex curve; so where the curve's cheapest point
lies beyond a learner's cap, the cheapest allowed point is the one at the cap:

    B_k <= cap   u >= r_k ln2 / cap
    P_k <= cap   u <= ln(1 + cap / n_k) (fixed),   (e^u - 1) / u <= cap / (n_k r_k ln2) (density)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mel_fast.reference.limits import Floats, limits_of, power_budget
from mel_fast.reference.rates import needed_rates, noise

if TYPE_CHECKING:
    from mel_fast.model.problem import Problem

T_RANGE = 2000.0  # ln of the price ratio, in budgets: far beyond what doubles can express
LN2 = float(np.log(2.0))
SMALL_GAP = 1e-13  # of the logarithms of what both budgets spend; rounding leaves as much
SMALL_STEP = 1e-9  # of Newton's method, whose next step would be about the square of it


class WaterFill(NamedTuple):
    """The least scale of both budgets, the log price ratio t there, and the allocation.

    Shapes: scale and t (...), bandwidth_hz and power_w (..., K).

    Attributes
    ----------
    scale, t
        What both budgets must be multiplied with; the logarithm of the prices' ratio there.
    bandwidth_hz, power_w
        Of each learner, in Hz and W.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> problem = mel.reference.random_problem(np.random.default_rng(0), learners=3, samples=9)
    >>> filled = mel.reference.water_fill(problem, 1, [3, 3, 3])
    >>> filled.bandwidth_hz.shape
    (3,)
    """

    scale: Floats
    t: Floats
    bandwidth_hz: Floats
    power_w: Floats


def _log_density(y: Floats) -> tuple[Floats, Floats]:
    """Value and slope of ln(u e^u - e^u + 1) at u = e^y."""
    u = np.exp(y)
    series = 2 * y - LN2 + np.log1p(u * (2 / 3 + u * (1 / 4 + u / 15)))
    shown = u + np.log(np.maximum(u - 1 + np.exp(-u), 1e-300))
    value = np.where(u < 1e-2, series, shown)
    return value, np.exp(2 * y - (value - u))


def _log_fixed(y: Floats) -> tuple[Floats, Floats]:
    """Value and slope of ln(u^2 e^u) at u = e^y."""
    u = np.exp(y)
    return 2 * y + u, 2 + u


def log_exponent(law: str, target: Floats) -> Floats:
    """Return y = ln u at which the law's left side (see above) equals `target`, elementwise."""
    density = law == "density"
    shape = _log_density if density else _log_fixed
    first = (target + LN2) / 2 if density else target / 2
    # u^2/2 <= left side, so u <= e^first; and where the target exceeds 2.2, u <= target.
    y = np.where(target > 2.2, np.minimum(first, np.log(np.maximum(target, 1.0))), first)
    for _ in range(12):
        value, slope = shape(y)
        step = (value - target) / slope
        y = y - step
        if (np.abs(step) < SMALL_STEP).all():
            break
    return y


def _exponents_within_caps(
    problem: Problem, log_rate: Floats, log_n: Floats
) -> tuple[Floats, Floats]:
    """Least and largest ln u that the caps allow, for ln(rate ln2) of shape (..., K)."""
    caps = limits_of(problem)
    least = log_rate - np.log(caps.max_bandwidth_hz)
    log_snr_cap = np.log(caps.max_power_w) - log_n
    if problem.law == "fixed":
        return least, np.log(np.logaddexp(0.0, log_snr_cap)) + 0 * log_rate
    target = np.maximum(log_snr_cap - log_rate, 1e-300)
    # ln((e^u - 1) / u) is convex and lies between u/2 and u: Newton falls onto the root from 2 c.
    u = 2 * target
    for _ in range(12):
        small = u < 1e-4
        value = np.where(small, u / 2 + u * u / 24, u + np.log(-np.expm1(-u)) - np.log(u))
        slope = np.where(small, 1 / 2 + u / 12, -1 / np.expm1(-u) - 1 / u)
        step = np.where(np.isinf(u), 0.0, (value - target) / slope)
        u = u - step
        if (np.abs(step) < SMALL_STEP * u).all():
            break
    return least, np.log(u)


def log_shares(problem: Problem, rates: Floats, t: ArrayLike) -> tuple[Floats, Floats]:
    """Logarithms of the cheapest B_k / B and P_k / P, shape (..., K), at the log price ratio t."""
    radio = problem.radio
    log_n = np.log(noise(problem)) - np.log(np.asarray(problem.learners.gain, np.float64))
    log_budget_ratio = np.log(power_budget(problem)) - np.log(radio.bandwidth_hz)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        log_rate = np.log(rates) + np.log(LN2)
        usable = np.isfinite(log_rate)
        log_rate = np.where(usable, log_rate, 0.0)
        fixed = problem.law == "fixed"
        target = log_budget_ratio - log_n - np.asarray(t) + (log_rate if fixed else 0 * log_rate)
        log_u = log_exponent(problem.law, target)
        if limits_of(problem).capped:
            least, most = _exponents_within_caps(problem, log_rate, log_n)
            log_u = np.minimum(np.maximum(log_u, least), most)
        u = np.exp(log_u)
        log_snr = np.where(u > 30, u, np.where(u < 1e-9, log_u, np.log(np.expm1(u))))
    log_band = log_rate - log_u - np.log(radio.bandwidth_hz)
    log_power = (
        log_n + log_snr - np.log(power_budget(problem)) + (0.0 if fixed else log_rate - log_u)
    )
    unusable = np.where(rates == 0, -np.inf, np.inf)
    return np.where(usable, log_band, unusable), np.where(usable, log_power, unusable)


def weighed(log_band: Floats, log_power: Floats, t: ArrayLike) -> Floats:
    """Return w B_k / B + (1 - w) P_k / P for logarithms of the shares, at w = 1 / (1 + e^t)."""
    with np.errstate(over="ignore"):
        both = np.logaddexp(
            log_band - np.logaddexp(0, t), log_power - np.logaddexp(0, -np.asarray(t))
        )
        return np.asarray(np.exp(both))


def cheapest(problem: Problem, rates: Floats, t: ArrayLike) -> Floats:
    """Least w B_k / B + (1 - w) P_k / P, shape (..., K), at w = 1 / (1 + e^t)."""
    return weighed(*log_shares(problem, rates, t), t)


def fill_rates(problem: Problem, rates: Floats) -> WaterFill:
    """Water-fill rates of shape (..., K).

    The gap ln(sum B_k / B) - ln(sum P_k / P) grows with t. Its root is bracketed, and looked for
    where the straight line between the bracket's ends is zero; an end that stays where it is counts
    half (the Illinois method), and every third time the middle is tried. Without a common power
    budget power costs nothing up to the learners' own limits, and the scale is that of bandwidth.
    """
    if problem.radio.power_w is None:
        free = np.full(rates.shape[:-1], -T_RANGE)
        with np.errstate(over="ignore", invalid="ignore"):
            band, power = (np.exp(share) for share in log_shares(problem, rates, free[..., None]))
            return WaterFill(
                band.sum(-1), free, band * problem.radio.bandwidth_hz, power * power_budget(problem)
            )

    def gap_at(t: Floats) -> Floats:
        band, power = log_shares(problem, rates, t[..., None])
        return np.asarray(np.logaddexp.reduce(band, -1) - np.logaddexp.reduce(power, -1))

    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = np.full(rates.shape[:-1], -T_RANGE), np.full(rates.shape[:-1], T_RANGE)
        below, above = gap_at(low), gap_at(high)
        t, done, last = (low + high) / 2, np.isnan(below), np.zeros(low.shape, bool)
        for step in range(200):
            line = low - below * ((high - low) / (above - below))
            line = np.where((line > low) & (line < high) & (step % 3 < 2), line, (low + high) / 2)
            t = np.where(done, t, line)
            gap = gap_at(t)
            done = done | (np.abs(gap) < SMALL_GAP) | (high - low <= 1e-16 * np.abs(t))
            if done.all():
                break
            # Dearer bandwidth (smaller t) where bandwidth is what is short.
            short = gap > 0
            halved = np.where(short == last, 0.5, 1.0)
            below, above = (
                np.where(short, below * halved, gap),
                np.where(short, gap, above * halved),
            )
            high, low, last = np.where(short, t, high), np.where(short, low, t), short
    with np.errstate(over="ignore"):
        band, power = (np.exp(share) for share in log_shares(problem, rates, t[..., None]))
        scale = np.maximum(band.sum(-1), power.sum(-1))
        return WaterFill(scale, t, band * problem.radio.bandwidth_hz, power * power_budget(problem))


def water_fill(problem: Problem, tau: int, samples: ArrayLike) -> WaterFill:
    """Least scale of both budgets at which these samples, shape (..., K), meet the deadline.

    Parameters
    ----------
    problem, tau
        So many local cycles.
    samples
        Of each learner, shape (..., K).

    Returns
    -------
    WaterFill

    Raises
    ------
    ValueError
        For columns of another length.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> problem = mel.reference.random_problem(np.random.default_rng(0), learners=3, samples=9)
    >>> plan = mel.solve(problem)
    >>> bool(mel.reference.water_fill(plan.problem, plan.tau, plan.samples).scale <= 1)
    True
    """
    return fill_rates(problem, needed_rates(problem, tau, samples))


def is_feasible(problem: Problem, tau: int, samples: ArrayLike) -> bool:
    """Whether the budgets suffice for tau local cycles over these samples, shape (K,).

    Parameters
    ----------
    problem, tau
        So many local cycles.
    samples
        Of each learner.

    Returns
    -------
    bool

    Raises
    ------
    ValueError
        For a column of another length.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> problem = mel.reference.random_problem(np.random.default_rng(0), learners=3, samples=9)
    >>> plan = mel.solve(problem)
    >>> mel.reference.is_feasible(plan.problem, plan.tau, plan.samples)
    True
    """
    return bool(water_fill(problem, tau, samples).scale <= 1)
