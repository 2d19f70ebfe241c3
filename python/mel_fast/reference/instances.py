"""Random problems for tests and benchmarks, and problems that are decided by a hair.

Every quantity is drawn relative to the others (how long the computing, sending and returning of an
equal share takes, at what SNR), so that few of the problems are trivial.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from mel_fast.model.learners import Learners
from mel_fast.model.problem import Problem
from mel_fast.model.radio import Radio
from mel_fast.model.task import LearningTask
from mel_fast.reference.enumeration import best_split
from mel_fast.reference.limits import Floats, constant_link, kinds, power_budget
from mel_fast.reference.rates import can_sum, compute_and_constant, rate_table

NOISE_DENSITY = 1e-20
NOISE_POWER = 1e-13


class Borderline(NamedTuple):
    """One problem with two budgets: tau just fits `feasible` and just misses `infeasible`.

    Attributes
    ----------
    feasible, infeasible
        The problem with a little more and a little less of both budgets.
    tau, scale, samples
        Local cycles, what the budgets were multiplied with, the split.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> problem = mel.reference.random_problem(np.random.default_rng(0), learners=2, samples=6)
    >>> pair = mel.reference.borderline_pair(problem, 1)
    >>> mel.solve(pair.feasible).tau >= 1 > mel.solve(pair.infeasible).tau
    True
    """

    feasible: Problem
    infeasible: Problem
    tau: int
    scale: float
    samples: Any


def random_problem(
    rng: np.random.Generator,
    learners: int,
    samples: int,
    *,
    law: Literal["density", "fixed"] = "density",
    setting: Literal["parallelized", "federated"] = "parallelized",
    idle: Literal["served", "excused"] = "served",
    kinds: int | None = None,
) -> Problem:
    """Draw a problem of the given sizes; `kinds` learners differ, the others are their copies.

    Parameters
    ----------
    rng
        What is drawn from.
    learners, samples
        K and D.
    law, setting, idle
        As in `Radio`, `LearningTask` and `Problem`.
    kinds
        So many learners differ; None: all.

    Returns
    -------
    Problem

    Raises
    ------
    ValueError
        For sizes that no problem has.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> problem = mel.reference.random_problem(np.random.default_rng(0), learners=3, samples=9)
    >>> len(problem.learners), problem.task.samples
    (3, 9)
    """
    cycle_s = 10 ** rng.uniform(-2, 2)
    task = _random_task(rng, samples, setting)
    kinds = learners if kinds is None else min(kinds, learners)
    kind = np.concatenate([np.arange(kinds), rng.integers(kinds, size=learners - kinds)])
    share = samples / learners

    usual_tau = int(rng.integers(1, 13))
    compute_share = 10 ** rng.uniform(-1.7, 0.1, kinds)
    flops_per_s = usual_tau * task.flops_per_sample * share / (compute_share * cycle_s)

    snr = 10 ** rng.uniform(-2, 5) * np.maximum(rng.exponential(size=kinds), 1e-3)
    send_share = 10 ** rng.uniform(-1.5, 0.5)
    send_bits = max(1.0, task.alpha_bits * share + task.model_bits)
    bandwidth = learners * send_bits / (send_share * cycle_s) / np.log2(1 + snr.mean())
    power = 10 ** rng.uniform(-2, 2)
    noise = NOISE_DENSITY * bandwidth if law == "density" else NOISE_POWER * learners
    gain = snr * noise / power

    return_share = 10 ** rng.uniform(-3, -0.7, kinds)
    return_share[rng.random(kinds) < (0.05 if idle == "excused" else 0.05 / kinds)] = 2.0
    return_bits = max(1.0, task.model_bits_per_sample * share + task.model_bits)
    return_snr = 10 ** rng.uniform(-1, 4, kinds)
    return_bandwidth = return_bits / (return_share * cycle_s) / np.log2(1 + return_snr)
    return_noise = NOISE_DENSITY * return_bandwidth if law == "density" else NOISE_POWER
    radio = (
        Radio(bandwidth, power, noise_density_w_per_hz=NOISE_DENSITY)
        if law == "density"
        else Radio(bandwidth, power, noise_power_w=NOISE_POWER)
    )
    return Problem(
        task,
        Learners(
            flops_per_s=flops_per_s[kind],
            gain=gain[kind],
            return_bandwidth_hz=return_bandwidth[kind],
            return_power_w=(return_snr * return_noise / gain)[kind],
        ),
        radio,
        cycle_s=cycle_s,
        idle=idle,
    )


def _random_task(rng: np.random.Generator, samples: int, setting: Any) -> Any:
    def sometimes(probability: float, low: int, high: int) -> int:
        drawn = round(10 ** rng.uniform(np.log10(low), np.log10(high)))
        return drawn if rng.random() < probability else 0

    return LearningTask(
        samples=samples,
        features=sometimes(0.95, 1, 10_000),
        feature_bits=int(rng.choice([1, 8, 32])),
        fixed_parameters=sometimes(0.9, 1, 1_000_000),
        parameters_per_sample=sometimes(0.4, 1, 100),
        parameter_bits=int(rng.choice([1, 8, 32])),
        flops_per_sample=10 ** rng.uniform(3, 9),
        setting=setting,
    )


def random_limits(
    rng: np.random.Generator, problem: Problem, names: tuple[str, ...]
) -> dict[str, Floats]:
    """Draw arguments of `Learners` that set some learners limits near what equal shares would use.

    `names` are of the arguments "min_samples", "max_samples", "max_bandwidth_hz", "max_power_w"
    and "energy_j" (which brings "energy_per_flop_j" along). Identical learners stay identical
    half of the time.

    Parameters
    ----------
    rng, problem
        What is drawn from, and for.
    names
        Which limits.

    Returns
    -------
    dict of str to ndarray
        Columns of shape (K,), in the units of their names.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> problem = mel.reference.random_problem(np.random.default_rng(0), learners=3, samples=9)
    >>> drawn = mel.reference.random_limits(np.random.default_rng(0), problem, ("max_power_w",))
    >>> drawn["max_power_w"].shape
    (3,)
    """
    task, radio, learners = problem.task, problem.radio, len(problem.learners)
    kind = kinds(problem) if rng.random() < 0.5 else np.arange(learners)
    share = task.samples / learners

    def draw(low: float, high: float, probability: float) -> tuple[Floats, Any]:
        decimal = 10 ** rng.uniform(low, high, learners)
        return decimal[kind], (rng.random(learners) < probability)[kind]

    limits: dict[str, Floats] = {}
    most = np.full(learners, float(task.samples))
    if "max_samples" in names:
        factor, some = draw(-0.2, 0.6, 0.6)
        most = np.where(some, np.ceil(share * factor), most)
        limits["max_samples"] = most
    if "min_samples" in names:
        factor, some = draw(-1.5, 0.0, 0.5)
        limits["min_samples"] = np.minimum(np.where(some, np.rint(share * factor), 0), most)
    budgets = {"max_bandwidth_hz": radio.bandwidth_hz, "max_power_w": power_budget(problem)}
    for name, budget in budgets.items():
        if name in names:
            factor, some = draw(-0.7, 0.7, 0.7)
            limits[name] = np.where(some, budget / learners * factor, np.inf)
    if "energy_j" in names:
        per_flop = 10 ** rng.uniform(-12, -9, learners)[kind] * (rng.random(learners) < 0.9)[kind]
        tau = int(rng.integers(1, 9))
        _, back = compute_and_constant(problem, tau, np.full(learners, round(share)))
        factor, some = draw(-0.5, 1.0, 0.7)
        spent = tau * share * task.flops_per_sample * per_flop
        spent = spent + constant_link(problem)[1] * np.asarray(back, np.float64)
        limits["energy_j"] = np.where(some & (spent > 0), spent * factor, np.inf)
        limits["energy_per_flop_j"] = per_flop
    return limits


def random_block_hz(rng: np.random.Generator, problem: Problem, blocks: int) -> float:
    """Draw a width of which `blocks` fit the bandwidth, now and then with nothing to spare.

    Parameters
    ----------
    rng, problem
        What is drawn from, and for.
    blocks
        So many fit.

    Returns
    -------
    float
        Hz.

    Raises
    ------
    ZeroDivisionError
        For no blocks.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> problem = mel.reference.random_problem(np.random.default_rng(0), learners=3, samples=9)
    >>> width_hz = mel.reference.random_block_hz(np.random.default_rng(0), problem, 10)
    >>> int(problem.radio.bandwidth_hz / width_hz)
    10
    """
    spare = rng.uniform(0, 0.99) if rng.random() < 0.7 else 0.0
    return float(problem.radio.bandwidth_hz / (blocks + spare))


def with_budgets(problem: Problem, scale: float) -> Problem:
    """Return the same problem with both budgets multiplied by `scale`.

    Where bandwidth comes in blocks, only the power is.

    Parameters
    ----------
    problem
        What is copied.
    scale
        A factor, without unit.

    Returns
    -------
    Problem

    Raises
    ------
    ValueError
        For budgets that are out of range.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> problem = mel.reference.random_problem(np.random.default_rng(0), learners=3, samples=9)
    >>> mel.reference.with_budgets(problem, 2.0).radio.power_w / problem.radio.power_w
    2.0
    """
    radio = problem.radio
    changed = radio
    if radio.power_w is not None:
        changed = radio.replace(power_w=radio.power_w * scale)
    if problem.radio.block_hz is None:
        changed = changed.replace(bandwidth_hz=radio.bandwidth_hz * scale)
    return problem.replace(radio=changed)


def random_tau(rng: np.random.Generator, problem: Problem, scheme: str = "joint") -> int:
    """Draw a tau up to the largest that computing and returning alone allow (1 if none).

    Parameters
    ----------
    rng, problem, scheme
        What is drawn from, and for.

    Returns
    -------
    int
        Local cycles.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> problem = mel.reference.random_problem(np.random.default_rng(0), learners=3, samples=9)
    >>> mel.reference.random_tau(np.random.default_rng(0), problem) >= 1
    True
    """

    def fits(tau: int) -> bool:
        return bool(can_sum(rate_table(problem, tau, scheme), problem.task.samples))

    low, high = 0, 1
    while fits(high) and high < 2**60:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return max(1, round(low * float(rng.uniform() ** rng.choice([0.5, 3.0]))))


def borderline_pair(
    problem: Problem,
    tau: int,
    *,
    scheme: str = "joint",
    margin: float = 1e-5,
    limit: int = 2_000_000,
) -> Borderline | None:
    """Set the budgets to what the best of all splits needs for tau, times 1 + and 1 - `margin`.

    None where no budgets suffice, or none are needed.

    Parameters
    ----------
    problem, tau, scheme
        What is asked: so many local cycles.
    margin
        How far the budgets are from the edge, relative.
    limit
        Splits at most.

    Returns
    -------
    Borderline or None

    Raises
    ------
    TooManySplitsError
        Beyond `limit`.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> problem = mel.reference.random_problem(np.random.default_rng(0), learners=2, samples=6)
    >>> mel.reference.borderline_pair(problem, 1).tau
    1
    """
    best = best_split(problem, tau, scheme, limit)
    if not 1e-40 < best.scale < 1e40:
        return None
    return Borderline(
        with_budgets(problem, best.scale * (1 + margin)),
        with_budgets(problem, best.scale * (1 - margin)),
        tau,
        best.scale,
        best.samples,
    )
