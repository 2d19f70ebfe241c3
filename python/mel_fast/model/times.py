"""The three times of each learner, equations (6) to (8)."""

from typing import Any, NamedTuple

import numpy as np

from mel_fast import _core
from mel_fast._base.arithmetic import guard
from mel_fast._base.frozen import hashable, same
from mel_fast._base.validation import (
    MAX_INTEGER,
    FloatColumn,
    IntColumn,
    count_column,
    freeze,
    integer,
    share_column,
)
from mel_fast.model.problem import Problem


class Times(NamedTuple):
    """Seconds of each learner, read-only float64 arrays of shape (K,).

    Attributes
    ----------
    send_s, compute_s, return_s, total_s
        Equations (6) to (8) and their sum; ``inf`` where bits meet a rate of zero.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> plan = mel.solve(mel.scenarios.table1(learners=4, cycle_s=30.0))
    >>> times = plan.times
    >>> bool(np.allclose(times.send_s + times.compute_s + times.return_s, times.total_s))
    True
    """

    send_s: FloatColumn
    """t_S, equation (6): the model and the samples on their way to the learner."""
    compute_s: FloatColumn
    """t_C, equation (7): tau local cycles."""
    return_s: FloatColumn
    """t_R, equation (8): the model on its way back."""
    total_s: FloatColumn
    """The sum, to be compared with the deadline ``cycle_s``."""

    def __eq__(self, other: object) -> bool:
        return type(other) is Times and all(map(same, self, other))

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(tuple(map(hashable, self)))


def evaluate(problem: Problem, tau: int, samples: Any, bandwidth_hz: Any, power_w: Any) -> Times:
    """Return how long each learner sends, computes and returns under a given allocation.

    Parameters
    ----------
    problem
        Whose idle reading counts too: an excused learner without samples takes no time at all.
    tau
        Local cycles, an integer of at least 1.
    samples, bandwidth_hz, power_w
        d_k, B_k and P_k, scalars or shape (K,). Budgets are not checked here.

    Returns
    -------
    Times
        ``send_s, compute_s, return_s, total_s``; infinite where something must be sent at rate 0.

    Raises
    ------
    ValueError, TypeError
        Naming the field, index, value and allowed range.

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=2, cycle_s=30.0, seed=1)
    >>> times = mel.evaluate(problem, 1, [100, 100], [50e6, 50e6], [0.1, 0.1])
    >>> times.total_s.shape, bool((times.total_s > 0).all())
    ((2,), True)
    """
    if not isinstance(problem, Problem):
        raise TypeError(f"problem is a {type(problem).__name__}: must be a Problem")
    count = len(problem.learners)
    return evaluate_columns(
        problem,
        integer("tau", tau, low=1, high=MAX_INTEGER),
        count_column("samples", samples, count),
        share_column("bandwidth_hz", bandwidth_hz, count),
        share_column("power_w", power_w, count),
    )


def evaluate_columns(
    problem: Problem,
    tau: int,
    samples: IntColumn,
    bandwidth_hz: FloatColumn,
    power_w: FloatColumn,
    flops_per_s: FloatColumn | None = None,
) -> Times:
    """Do what `evaluate` does for columns that are known to be right, at speeds of one's own."""
    columns = _core.evaluate(problem._core, tau, samples, bandwidth_hz, power_w)
    if problem.idle == "excused" or problem.has_choice:
        idle = samples == 0
        if problem.idle == "served":
            idle &= problem.learners.optional
        columns = (
            np.where(idle, 0.0, columns[0]),
            np.where(idle, 0.0, columns[1]),
            np.where(idle, 0.0, columns[2]),
        )
    send, compute, back = columns  # as the core has it, which sends over the planned link
    if flops_per_s is not None:
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            slower = compute * (problem.learners.flops_per_s / flops_per_s)
        compute = np.where(compute > 0.0, slower, compute)
    if problem.links.planned == "return":
        send, back = back, send
    return Times(freeze(send), freeze(compute), freeze(back), freeze(send + compute + back))


guard(__name__)
