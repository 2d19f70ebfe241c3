"""Problems of other numbers of samples: which can be stated, and the one that has next to none."""

from typing import Any

import numpy as np

from mel_fast._base.validation import MAX_INTEGER, SMALLEST
from mel_fast.model.payload import Payload
from mel_fast.model.problem import Problem
from mel_fast.plans.status import Scheme


def with_samples(problem: Problem, samples: int) -> Problem:
    """Return the problem of so many samples in all."""
    return problem.with_samples(samples)


def fewest_stated(problem: Problem, scheme: Scheme) -> int:
    """Return the fewest samples that every learner's minimum allows, at least 1."""
    minima = problem.learners.min_samples
    if minima is None:
        return 1
    if scheme == "resource_only":  # everybody has n/K, rounded down or up
        top = int(minima.max())
        return max((top - 1) * minima.size + int((minima == top).sum()), 1)
    return max(total_of(minima), 1)


def most_stated(problem: Problem, scheme: Scheme) -> int:
    """Return the most samples that the learners' own limits allow and that can be counted."""
    maxima = problem.learners.max_samples
    if maxima is None:
        return MAX_INTEGER
    if scheme == "resource_only":
        low = int(maxima.min())
        return min(low * maxima.size + int((maxima > low).sum()), MAX_INTEGER)
    return min(total_of(maxima), MAX_INTEGER)


def total_of(column: Any) -> int:
    """Return the sum of a column of integers, however large."""
    rough = float(np.asarray(column, dtype=np.float64).sum())
    return int(column.sum()) if rough < 2.0**62 else sum(column.tolist())


def bare_problem(problem: Problem, cycle_s: float) -> Problem:
    """Return the problem of one sample that costs next to nothing, whoever it is given to."""
    learners, payload = problem.learners, problem.payload
    flops = cycle_s * float(learners.flops_per_s.max()) * 2.0**-52
    bare = Payload(
        send_bits=payload.send_bits,
        send_bits_per_sample=0.0,
        return_bits=payload.return_bits,
        return_bits_per_sample=0.0,
        flops_per_sample=max(flops, SMALLEST),
    )
    free: dict[str, Any] = {"min_samples": None, "max_samples": None}
    if learners.energy_per_flop_j is not None:
        free["energy_per_flop_j"] = np.zeros(len(learners))
    if learners.energy_coefficient is not None:
        free["energy_coefficient"] = np.zeros(len(learners))
    return problem.replace(
        task=problem.task.replace(samples=1),
        learners=learners.replace(**free),
        cycle_s=cycle_s,
        payload=bare,
    )
