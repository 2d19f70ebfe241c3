"""The problem in which samples and local cycles have changed places.

A learner with d samples is sent ``a d + b`` bits and returns ``a' d + b'``, however many cycles it
does; each cycle takes ``C d`` flops. A problem says just that of one local cycle, in which a
"sample" is a cycle: nothing is sent or returned for it, and it takes ``C d`` flops.
"""

from fractions import Fraction
from typing import Any, Literal

import numpy as np

from mel_fast._base.validation import (
    MAX_INTEGER,
    FloatColumn,
    IntColumn,
    count_column,
    freeze,
)
from mel_fast.model.payload import Payload
from mel_fast.model.problem import Problem

Side = Literal["harder", "easier"]
_SIDES: tuple[Side, Side] = ("harder", "easier")


def checked_samples(problem: Problem, value: Any) -> IntColumn:
    """Return the samples of each learner, which are those of the task and within its limits.

    Raises
    ------
    ValueError, TypeError
        Naming the learner, the number and the allowed range.
    """
    if np.ndim(value) != 1:
        raise TypeError(f"samples is a {type(value).__name__}: must be one number for each learner")
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
    total = sum(samples.tolist())
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
    harder, easier = (_payload(problem, samples, side) for side in _SIDES)
    swap = _swapped(problem, samples, harder)
    return swap, swap if easier == harder else swap.replace(payload=easier)


def _payload(problem: Problem, samples: IntColumn, side: Side) -> Payload:
    takes_part = np.flatnonzero(samples)
    told, chosen = problem.payload, samples[takes_part]

    def column(value: float | FloatColumn) -> FloatColumn:
        return value[takes_part] if isinstance(value, np.ndarray) else np.full(chosen.size, value)

    return Payload(
        send_bits=_rounded(column(told.send_bits_per_sample), chosen, column(told.send_bits), side),
        send_bits_per_sample=0.0,
        return_bits=_rounded(
            column(told.return_bits_per_sample), chosen, column(told.return_bits), side
        ),
        return_bits_per_sample=0.0,
        flops_per_sample=_rounded(
            column(told.flops_per_sample), chosen, np.zeros(chosen.size), side
        ),
    )


def _swapped(problem: Problem, samples: IntColumn, payload: Payload) -> Problem:
    learners = problem.learners.take(np.flatnonzero(samples))
    return problem.replace(
        task=problem.task.replace(samples=min(_guess(problem, samples), MAX_INTEGER)),
        learners=learners.replace(min_samples=1, max_samples=None, optional=None),
        payload=payload,
    )


def with_box(own: Problem, low: int, high: int | None) -> Problem:
    """Return the swapped problem in which everybody does `low` to `high` cycles."""
    if low == 1 and high is None:
        return own
    most = None if high is None else min(high, MAX_INTEGER)
    return own.replace(learners=own.learners.replace(min_samples=low, max_samples=most))


def slowest_times(spread: float, cycles: int) -> int:
    """Return the most cycles that are allowed where the slowest learner does so many."""
    return int(Fraction(spread) * cycles)


def _rounded(each: FloatColumn, count: IntColumn, fixed: FloatColumn, side: Side) -> FloatColumn:
    """Return ``each * count + fixed``, rounded to one side where it is no whole double."""
    times = count.astype(np.float64)
    total = each * times + fixed
    whole = (each == np.floor(each)) & (fixed == np.floor(fixed)) & (total < MAX_INTEGER)
    exact = whole | (each == 0.0) | ((times == 1.0) & (fixed == 0.0))
    # Two roundings to nearest: the true number is within two steps.
    step = np.inf if side == "harder" else 0.0
    moved = np.nextafter(np.nextafter(total, step), step)
    return np.asarray(np.where(exact, total, moved))


def _guess(problem: Problem, samples: IntColumn) -> int:
    """Say how many cycles there may be in all, where half of the time is for the links."""
    flops = np.asarray(problem.payload.flops_per_sample) * samples
    cycle_s = flops / problem.learners.flops_per_s
    many = np.divide(0.5 * problem.cycle_s, cycle_s, where=samples > 0, out=np.zeros(samples.size))
    return int(min(max(float(np.minimum(many, 1e15).sum()), 1.0), 1e15))
