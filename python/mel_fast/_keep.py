"""Samples held fixed: `keep=` as limits of the learners."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mel_fast._validation import IntColumn, integer
from mel_fast.plan import Plan
from mel_fast.problem import Problem

Keep = Any  # {learner: samples}, or indices, or a mask of shape (K,)


def kept(problem: Problem, start: Plan | None, keep: Keep) -> Problem:
    """Return the problem in which the chosen learners have least and most samples alike."""
    size = len(problem.learners)
    samples = _given(keep, size) if isinstance(keep, Mapping) else _from_plan(keep, start, size)
    learners = problem.learners
    low, high = learners.min_samples, learners.max_samples
    low = np.zeros(size, dtype=np.int64) if low is None else low.copy()
    high = np.full(size, problem.task.samples) if high is None else high.copy()
    for learner, number in samples.items():
        own = learners.max_samples is None or number <= high[learner]
        if number < low[learner] or not own:
            span = f"[{low[learner]}, {high[learner]}]"
            raise ValueError(
                f"keep: learner {learner} would keep {number} samples, must lie within its own "
                f"min_samples and max_samples, {span}"
            )
        low[learner] = high[learner] = number
    if not samples:
        return problem
    return problem.replace(learners=learners.replace(min_samples=low, max_samples=high))


def _given(keep: Mapping[Any, Any], size: int) -> dict[int, int]:
    return {
        integer("keep: learner", learner, low=0, high=size - 1): integer(
            f"keep[{learner!r}]", number, low=0
        )
        for learner, number in keep.items()
    }


def _from_plan(keep: Any, start: Plan | None, size: int) -> dict[int, int]:
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
    return {learner: int(start.samples[learner]) for learner in _chosen(keep, size).tolist()}


def _chosen(keep: Any, size: int) -> IntColumn:
    try:
        given = np.asarray(keep)
    except ValueError:
        given = np.asarray(None)
    if given.dtype == np.bool_:
        if given.shape != (size,):
            raise ValueError(f"keep has shape {given.shape}: a mask must have ({size},)")
        return np.flatnonzero(given)
    if given.ndim != 1 or given.dtype.kind not in "iuf":
        raise TypeError(
            f"keep is a {type(keep).__name__}: must be {{learner: samples}}, indices of learners "
            f"or a mask of shape ({size},)"
        )
    return np.array(
        [
            integer(f"keep[{position}]", learner, low=0, high=size - 1)
            for position, learner in enumerate(given.tolist())
        ],
        dtype=np.int64,
    )
