"""The problem in which samples and local cycles have changed places.

A learner with d samples is sent ``a d + b`` bits and returns ``a' d + b'``, however many cycles it
does; each cycle takes ``C d`` flops. A problem says just that of one local cycle, in which a
"sample" is a cycle: nothing is sent or returned for it, and it takes ``C d`` flops.
"""

import math
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from mel_fast._base.validation import (
    MAX_INTEGER,
    FloatColumn,
    IntColumn,
    count_column,
    freeze,
    plain_array,
)
from mel_fast._core import Problem as CoreProblem
from mel_fast.bracket.stated_samples import total_of
from mel_fast.model.learners import Learners
from mel_fast.model.links import links_of
from mel_fast.model.payload import Payload, payload_of
from mel_fast.model.problem import Problem
from mel_fast.model.task import LearningTask

_MANY = 4096  # learners: beyond, the core looks for no identical ones

_Sides = tuple[FloatColumn | float, FloatColumn | float]


def checked_samples(problem: Problem, value: Any) -> IntColumn:
    """Return the samples of each learner, which are those of the task and within its limits.

    Raises
    ------
    ValueError, TypeError
        Naming the learner, the number and the allowed range.
    """
    rule = "must be one number for each learner"
    if plain_array("samples", value, rule).ndim != 1:
        raise TypeError(f"samples is a {type(value).__name__}: {rule}")
    learners = problem.learners
    samples = count_column("samples", value, len(learners))
    low, high = learners.min_samples, learners.max_samples
    for limit, outside, word in (
        (low, None if low is None else samples < low, "at least its min_samples"),
        (high, None if high is None else samples > high, "at most its max_samples"),
    ):
        if outside is not None and learners.optional is not None:
            outside &= ~(learners.optional & (samples == 0))
        if limit is not None and outside is not None and outside.any():
            k = int(np.flatnonzero(outside)[0])
            raise ValueError(f"samples[{k}] = {samples[k]}: must be {word} = {limit[k]}")
    total = total_of(samples)
    if total != problem.task.samples:
        raise ValueError(
            f"samples adds up to {total}: must be task.samples = {problem.task.samples}"
        )
    return freeze(samples)


def swapped(problem: Problem, samples: IntColumn) -> tuple[Problem, Problem]:
    """Return the problem of one local cycle whose samples are the cycles of those with samples.

    Twice: a number that is no double is rounded, up in the first, which is no easier than the
    true one, down in the second, which is no harder. Where there is none the two are one.
    """
    who = None if samples.min() > 0 else np.flatnonzero(samples > 0)  # quicker of truth values
    harder, easier = _payloads(problem, samples, who)
    swap = _swapped(problem, samples, who, harder)
    return swap, swap if easier is harder else swap.replace(payload=easier)


def _payloads(
    problem: Problem, samples: IntColumn, who: IntColumn | None
) -> tuple[Payload, Payload]:
    takes_part = slice(None) if who is None else who
    told, chosen = problem.payload, samples[takes_part].astype(np.float64)

    def sides(each: float | FloatColumn, fixed: float | FloatColumn) -> _Sides:
        each = each[takes_part] if isinstance(each, np.ndarray) else each
        fixed = fixed[takes_part] if isinstance(fixed, np.ndarray) else fixed
        return _rounded(each, fixed, chosen)

    columns = {
        "send_bits": sides(told.send_bits_per_sample, told.send_bits),
        "return_bits": sides(told.return_bits_per_sample, told.return_bits),
        "flops_per_sample": sides(told.flops_per_sample, 0.0),
    }
    none: dict[str, Any] = {"send_bits_per_sample": 0.0, "return_bits_per_sample": 0.0}
    harder = Payload._of_fresh(**none, **{name: up for name, (up, _) in columns.items()})
    if all(up is down for up, down in columns.values()):
        return harder, harder
    return harder, Payload._of_fresh(**none, **{name: down for name, (_, down) in columns.items()})


def _swapped(
    problem: Problem, samples: IntColumn, who: IntColumn | None, payload: Payload
) -> Problem:
    learners = problem.learners if who is None else problem.learners.take(who)
    one = freeze(np.ones(len(learners), dtype=np.int64))
    own = learners._with(min_samples=one, max_samples=None, optional=None)
    task = problem.task.replace(samples=min(_guess(problem, samples), MAX_INTEGER))
    if len(learners) > _MANY and not problem._core.limited:
        core = problem._core if who is None else problem._core.taken(who)
        return _with_payload(problem, core, task, own, payload)
    return problem.replace(task=task, learners=own, payload=payload)


def _with_payload(
    problem: Problem, core: CoreProblem, task: LearningTask, learners: Learners, payload: Payload
) -> Problem:
    """Return the problem with another payload; the links are as they were, and not looked at."""
    whole = payload_of(task, payload)
    links = links_of(problem.radio, learners, whole)
    core = core.with_payload(
        flops_per_s=learners.flops_per_s,
        send_bits=links.bits,
        send_bits_per_sample=links.bits_per_sample,
        return_bits=links.constant_bits,
        return_bits_per_sample=links.constant_bits_per_sample,
        flops_per_sample=whole.flops_per_sample,
    )
    return problem._with(
        task=task,
        learners=learners,
        payload=whole,
        _given=payload,
        _links=links,
        _core=core.with_bounds(1, MAX_INTEGER).with_samples(task.samples),
    )


def with_box(own: Problem, low: int, high: int | None) -> Problem:
    """Return the swapped problem in which everybody does `low` to `high` cycles."""
    if low == 1 and high is None:
        return own
    return own.with_bounds(low, MAX_INTEGER if high is None else min(high, MAX_INTEGER))


def slowest_times(spread: float, cycles: int) -> int:
    """Return the most cycles that are allowed where the slowest learner does so many."""
    return int(largest_ratio(spread) * cycles)


@lru_cache(maxsize=8)
def largest_ratio(spread: float) -> Fraction:
    """Return the largest ratio that `spread` allows: whatever is rounded to it, as 6/5 to 1.2."""
    return (Fraction(spread) + Fraction(math.nextafter(spread, math.inf))) / 2


def _rounded(each: float | FloatColumn, fixed: float | FloatColumn, times: FloatColumn) -> _Sides:
    """Return ``each * times + fixed``, rounded up and down where it is no whole double.

    One array twice where every number is exact.
    """
    if not isinstance(each, np.ndarray) and not isinstance(fixed, np.ndarray):
        most = max(each * float(times.max()) + fixed, 0.0)
        if each == 0.0:
            number = float(fixed)
            return number, number
        if each == math.floor(each) and fixed == math.floor(fixed) and most < MAX_INTEGER:
            total = each * times
            if fixed != 0.0:
                total += fixed
            return total, total
    total = np.asarray(each * times + fixed)
    whole = (each == np.floor(each)) & (fixed == np.floor(fixed)) & (total < MAX_INTEGER)
    exact = whole | (np.asarray(each) == 0.0)
    if not exact.all():
        exact = exact | ((times == 1.0) & (np.asarray(fixed) == 0.0))
    if exact.all():
        return total, total
    # Two roundings to nearest: the true number is within two steps.
    up, down = (np.nextafter(np.nextafter(total, step), step) for step in (np.inf, 0.0))
    return np.where(exact, total, up), np.where(exact, total, down)


def _guess(problem: Problem, samples: IntColumn) -> int:
    """Say how many cycles there may be in all, where half of the time is for the links.

    Of many learners by every so-many-th.
    """
    stride = samples.size // _MANY + 1
    each, some = problem.payload.flops_per_sample, samples[::stride]
    flops = (each[::stride] if isinstance(each, np.ndarray) else each) * some
    cycle_s = flops / problem.learners.flops_per_s[::stride]
    many = np.divide(0.5 * problem.cycle_s, cycle_s, where=some > 0, out=np.zeros(some.size))
    all_s = float(np.minimum(many, 1e15).sum()) * stride
    return int(min(max(all_s, 1.0), 1e15))
