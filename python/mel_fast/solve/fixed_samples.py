"""Samples held fixed: `keep=` as limits of the learners."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.validation import IntColumn, integer, plain_array
from mel_fast.model.problem import Problem
from mel_fast.plans.plan import Plan

Keep = Any  # {learner: samples}, or indices, names, or a mask of shape (K,)


def kept(problem: Problem, start: Plan | None, keep: Keep) -> Problem:
    """Return the problem in which the chosen learners have least and most samples alike."""
    size, keep = len(problem.learners), problem.learners.numbers(keep, "keep")
    given = _given(keep, size) if isinstance(keep, Mapping) else _from_plan(keep, start, size)
    chosen, samples = given
    if not chosen.size:
        return problem
    learners = problem.learners
    low = np.zeros(size, dtype=np.int64) if learners.min_samples is None else learners.min_samples
    high = (
        np.full(size, problem.task.samples)
        if learners.max_samples is None
        else learners.max_samples
    )
    # Without a max_samples of its own a learner may be told to keep more than all samples: no plan.
    outside = samples < low[chosen]
    if learners.optional is not None:
        outside &= ~(learners.optional[chosen] & (samples == 0))
    if learners.max_samples is not None:
        outside |= samples > high[chosen]
    if outside.any():
        first = int(np.flatnonzero(outside)[0])
        learner = int(chosen[first])
        raise ValueError(
            f"keep: learner {learners.name(learner)} would keep {samples[first]} samples, must lie "
            f"within its own min_samples and max_samples, [{low[learner]}, {high[learner]}]"
        )
    low, high = low.copy(), high.copy()
    low[chosen] = high[chosen] = samples
    optional = learners.optional
    if optional is not None:  # who keeps its samples may not sit out
        optional = optional.copy()
        optional[chosen] = False
    return problem.replace(
        learners=learners.replace(min_samples=low, max_samples=high, optional=optional)
    )


def fixed_samples_of(
    keep: Keep, starts: Any, size: int
) -> tuple[IntColumn, IntColumn, NDArray[np.bool_]]:
    """Return who is kept in every row, with how many samples, and which rows tell it.

    The samples have the shape (n,), or (M, n) where `starts` are Plans.
    """
    if isinstance(keep, Mapping) or starts is None or isinstance(starts, Plan):
        given = isinstance(keep, Mapping)
        chosen, samples = _given(keep, size) if given else _from_plan(keep, starts, size)
        return chosen, samples, np.array([True])
    chosen = _chosen(keep, size)
    if isinstance(starts.samples, tuple) or starts.samples.shape[1] != size:
        return chosen, chosen, np.array([False])
    return chosen, starts.samples[:, chosen], starts.tau > 0


def _given(keep: Mapping[Any, Any], size: int) -> tuple[IntColumn, IntColumn]:
    samples = {
        integer("keep: learner", learner, low=0, high=size - 1): integer(
            f"keep[{learner!r}]", number, low=0
        )
        for learner, number in keep.items()
    }
    return np.array(list(samples), dtype=np.int64), np.array([*samples.values()], dtype=np.int64)


def _from_plan(keep: Any, start: Plan | None, size: int) -> tuple[IntColumn, IntColumn]:
    if start is None:
        raise ValueError(
            "keep: indices or a mask need start=, the plan whose samples are kept; "
            "without it give {learner: samples}"
        )
    if start.samples is None:
        raise ValueError(f"keep: the plan start= has no samples to keep (status {start.status})")
    if start.samples.size != size:
        raise ValueError(
            f"keep: start has {start.samples.size} learners, the problem {size}: indices and masks "
            "need the same number; give {learner: samples}"
        )
    chosen = _chosen(keep, size)
    return chosen, start.samples[chosen]


def _chosen(keep: Any, size: int) -> IntColumn:
    rule = f"must be {{learner: samples}}, indices of learners or a mask of shape ({size},)"
    given = plain_array("keep", keep, rule)
    if given.dtype == np.bool_:
        if given.shape != (size,):
            raise ValueError(f"keep has shape {given.shape}: a mask must have ({size},)")
        return np.flatnonzero(given)
    if given.ndim != 1 or given.dtype.kind not in "iuf":
        raise TypeError(f"keep is a {type(keep).__name__}: {rule}")
    if given.dtype.kind in "iu" and given.size and given.min() >= 0 and given.max() < size:
        return given.astype(np.int64)
    return np.array(
        [
            integer(f"keep[{position}]", learner, low=0, high=size - 1)
            for position, learner in enumerate(given.tolist())
        ],
        dtype=np.int64,
    )
