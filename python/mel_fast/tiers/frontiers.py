"""Accuracy against makespan: what more of the cloud buys, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from mel_fast._base.arrow import ShownTable
from mel_fast._base.units import count
from mel_fast._base.validation import FloatColumn, IntColumn, integer, real
from mel_fast.tiers import optimum
from mel_fast.tiers.asking import Floor, upper_floor
from mel_fast.tiers.jobs import Job, Tier
from mel_fast.tiers.planning import schedule
from mel_fast.tiers.schedules import Schedule

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_POINTS = 201


@dataclass(frozen=True, eq=False, repr=False)
class Frontier(ShownTable):
    """The least makespan for numbers of tasks on the cloud; as a table, a row a point.

    Attributes
    ----------
    cloud_tasks : (points,) int64
        Tasks whose fine answer is the cloud's, ascending.
    makespan_s : (points,) float64
        The least makespan of each, exact as `schedule`'s.
    accuracy : (points,) float64
        Mean accuracy of the fine answers.
    efficient : (points,) bool
        Whether no other point is at least as good in both and better in one.

    Examples
    --------
    >>> from mel_fast.tiers import Job, Tier, frontier
    >>> tiers = [Tier("end", 4, 0.5, accuracy=0.5), Tier("edge", 2, 0.4, accuracy=0.6)]
    >>> tiers.append(Tier("cloud", 1, 0.3, accuracy=0.7))
    >>> front = frontier(Job(20), tiers)
    >>> front.makespan_s.shape == front.accuracy.shape
    True
    >>> len(front.to_dataframe()) == len(front.cloud_tasks)  # extra [pandas]
    True
    """

    job: Job
    tiers: tuple[Tier, ...]
    cloud_tasks: IntColumn
    makespan_s: FloatColumn
    accuracy: FloatColumn
    encrypt_s: Mapping[str, Any] | None = None

    @property
    def efficient(self) -> Any:
        """Points that no other one beats, (points,) bool."""
        order = np.lexsort((-self.accuracy, self.makespan_s))
        best = np.maximum.accumulate(self.accuracy[order])
        found = np.ones(order.size, dtype=np.bool_)
        found[order[1:]] = self.accuracy[order[1:]] > best[:-1]
        return found

    def columns(self) -> dict[str, Any]:
        """Return one row a point."""
        names = ("cloud_tasks", "makespan_s", "accuracy", "efficient")
        return {name: getattr(self, name) for name in names}

    def _words(self) -> str:
        fastest, best = self.makespan_s.min(), self.accuracy.max()
        return f"{count(len(self.cloud_tasks), 'point')}, from {fastest:.6g} s, up to {best:.4g}"

    def summary(self) -> str:
        """Return the points that no other one beats, a line each."""
        points = count(len(self.cloud_tasks), "number")
        lines = [f"{count(self.job.tasks, 'task')}, {points} of them on the cloud; efficient:"]
        for i in np.flatnonzero(self.efficient).tolist():
            lines.append(
                f"  {self.cloud_tasks[i]:,} on the cloud: {self.makespan_s[i]:.6g} s, "
                f"accuracy {self.accuracy[i]:.4g}"
            )
        return "\n".join(lines)

    def within(self, seconds: float) -> Schedule | None:
        """Return the most accurate optimal schedule among the points that ends in time.

        None where none does.
        """
        fits = self.makespan_s <= real("seconds", seconds)
        if not fits.any():
            return None
        best = np.flatnonzero(fits)[self.accuracy[fits].argmax()]
        tasks = int(self.cloud_tasks[best])
        return schedule(
            self.job, self.tiers, "optimal", cloud_tasks=tasks, encrypt_s=self.encrypt_s
        )

    def plot(self, path: str | PathLike[str] | None = None) -> Figure:
        """Draw accuracy against makespan; write it to `path` as well where one is given.

        Raises
        ------
        ImportError
            When matplotlib is missing; the message names the extra.
        OSError
            When the file cannot be written.
        """
        from mel_fast.tiers.gantt import saved, tradeoff

        return saved(tradeoff(self), path)


def frontier(
    job: Job,
    tiers: Any,
    *,
    points: int | None = None,
    encrypt_s: Mapping[str, Any] | None = None,
) -> Frontier:
    """Return the least makespan for every number of tasks on the cloud.

    Parameters
    ----------
    job, tiers, encrypt_s
        As for `schedule`; every upper tier must have its accuracy, and one is named ``"cloud"``.
    points : int, optional
        How many numbers of tasks, evenly spread from 0 to all and with the best one among them. By
        default all of them up to 200 tasks, and 201 points of more.

    Raises
    ------
    ValueError, TypeError
        As `schedule` does, and where an accuracy is missing.

    Notes
    -----
    Of several other upper tiers each takes what is best for the makespan. The makespan falls until
    the free choice of `schedule` and rises from there (docs/tiers.md).

    Examples
    --------
    >>> from mel_fast.tiers import Job, Tier, frontier
    >>> tiers = [Tier("end", 2, 1.0), Tier("edge", 1, 1.0, accuracy=0.6),
    ...          Tier("cloud", 1, 2.0, accuracy=0.7)]
    >>> found = frontier(Job(4), tiers)
    >>> found.makespan_s
    array([5., 4., 5., 7., 9.])
    >>> found.within(6.0).counts["cloud"]
    array([2])
    """
    listed, end, upper = upper_floor(job, tiers, encrypt_s)
    for tier in upper.tiers:
        if tier.accuracy is None:
            raise ValueError(f"tiers: {tier.name!r} has no accuracy")
    if points is not None:
        points = integer("points", points, low=2)
    free = schedule(job, listed, "optimal", encrypt_s=encrypt_s)
    chosen = _numbers(job.tasks, points, int(free.counts["cloud"].sum()), upper)
    first = optimum.smallest(end.task_s, job.tasks).value_s
    rows = [_point(job.tasks, first, upper, int(tasks)) for tasks in chosen]
    makespan, accuracy = (np.array(column) for column in zip(*rows, strict=True))
    return Frontier(job, listed, chosen, makespan, accuracy, encrypt_s)


def _numbers(tasks: int, points: int | None, best: int, upper: Floor) -> IntColumn:
    if upper.cloud().stop - upper.cloud().start == upper.task_s.size:
        return np.array([tasks])
    several = min(tasks + 1, _POINTS if points is None else points)
    spread = np.linspace(0, tasks, several).round().astype(np.int64)
    return np.union1d(spread, [best])


def _point(tasks: int, first: FloatColumn, upper: Floor, cloud_tasks: int) -> tuple[float, float]:
    second = optimum.split(upper.task_s, upper.cloud(), tasks, cloud_tasks)
    each = np.bincount(second.device, minlength=upper.task_s.size)
    accuracy = np.repeat([t.accuracy for t in upper.tiers], [t.devices for t in upper.tiers])
    makespan = float((first + second.value_s[::-1]).max())
    return makespan, float((each * accuracy).sum() / tasks)
