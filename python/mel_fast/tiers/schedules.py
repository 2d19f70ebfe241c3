"""Who does which task when, by the report's schemes or with the least makespan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from mel_fast._base.arrow import ShownTable
from mel_fast._base.units import count
from mel_fast._base.validation import FloatColumn, IntColumn
from mel_fast.tiers.certificates import Certificate
from mel_fast.tiers.jobs import Job, Tier
from mel_fast.tiers.optimum import by_device, starts_at_once, starts_when_ready

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Stage:
    """One pass of all tasks over some devices, those of its tiers one tier after the other.

    Attributes
    ----------
    tiers : tuple of Tier
        Whose devices these are.
    task_s : (devices,) float64
        What a task takes on each device, encryption included.
    device : (tasks,) int64
        The device of each task; a device takes its tasks in their order here.
    start_s, end_s : (tasks,) float64
        When each task takes its device, and when it leaves it.

    Examples
    --------
    >>> from mel_fast.tiers import Job, Tier, schedule
    >>> stage = schedule(Job(20), [Tier("end", 4, 0.5), Tier("cloud", 1, 0.3)]).stages[0]
    >>> len(stage.device)
    20
    """

    tiers: tuple[Tier, ...]
    task_s: FloatColumn
    device: IntColumn
    after: Stage | None = None
    given: FloatColumn | None = field(default=None, repr=False)

    @cached_property
    def start_s(self) -> FloatColumn:
        """Start times: those given, or else the earliest ones after the stage before."""
        if self.given is not None:
            return self.given
        if self.after is None:
            return starts_at_once(self.device, self.task_s)
        return starts_when_ready(self.after.end_s, self.device, self.task_s)

    @cached_property
    def end_s(self) -> FloatColumn:
        """End times."""
        return np.asarray(self.start_s + self.task_s[self.device])

    def parts(self) -> Iterator[tuple[Tier, slice]]:
        """Yield each tier with the places of its devices in the stage."""
        begin = 0
        for tier in self.tiers:
            yield tier, slice(begin, begin + tier.devices)
            begin += tier.devices


@dataclass(frozen=True, eq=False, repr=False)
class Schedule(ShownTable):
    """A job's schedule over tiers; as a table, a row for each task on each device that it uses.

    Attributes
    ----------
    scheme : str
        ``"end"``, ``"end_cloud"``, ``"end_edge"``, ``"mapping"`` or ``"optimal"``.
    makespan_s : float
        When the last task is done. For ``"optimal"`` no schedule is shorter: see `certificate`. It
        is rounded twice, to within 2**-52 of itself.
    ideal_s : float or None
        The scheme's equation as printed, (1), (2), (3) or (6); None for ``"optimal"``.
    stages : tuple of Stage
        The end devices, then all upper tiers (one stage only for ``"end"``); the same tasks in the
        same order.
    reading : str
        What the equation leaves open and how it was read.
    encrypt_s : mapping or None
        As it was given: None where nothing is encrypted.
    mapped : int or None
        N_map of equation (4), and `cloud_share` theta of equation (5); None but for ``"mapping"``.
    certificate : Certificate or None
        Why ``"optimal"`` cannot be bettered; `check` confirms it independently.

    Examples
    --------
    >>> from mel_fast.tiers import Job, Tier, schedule
    >>> plan = schedule(Job(20), [Tier("end", 4, 0.5), Tier("cloud", 1, 0.3)])
    >>> plan.makespan_s, {name: int(n.sum()) for name, n in plan.counts.items()}
    (6.5, {'end': 20, 'cloud': 20})
    >>> plan.columns()["tier"].count("cloud")  # or plan.to_dataframe(), plan.to_csv(path)
    20
    """

    job: Job
    tiers: tuple[Tier, ...]
    scheme: str
    makespan_s: float
    stages: tuple[Stage, ...] = field(repr=False)
    encrypt_s: Mapping[str, FloatColumn] | None = None
    ideal_s: float | None = None
    reading: str = ""
    mapped: int | None = None
    cloud_share: float | None = None
    certificate: Certificate | None = field(default=None, repr=False)

    @cached_property
    def counts(self) -> Mapping[str, IntColumn]:
        """Tasks of each device: a (devices,) int64 array under each tier's name."""
        found = {tier.name: np.zeros(tier.devices, dtype=np.int64) for tier in self.tiers}
        for stage in self.stages:
            each = np.bincount(stage.device, minlength=stage.task_s.size)
            found |= {tier.name: each[places] for tier, places in stage.parts()}
        return MappingProxyType(found)

    @cached_property
    def starts_s(self) -> Mapping[str, tuple[FloatColumn, ...]]:
        """Start times: under each tier's name one ascending float64 array a device."""
        found = {tier.name: (np.empty(0),) * tier.devices for tier in self.tiers}
        for stage in self.stages:
            order, ends = by_device(stage.device, stage.task_s.size)
            lists = np.split(stage.start_s[order], ends[:-1])
            found |= {tier.name: tuple(lists[places]) for tier, places in stage.parts()}
        return MappingProxyType(found)

    def columns(self) -> dict[str, Any]:
        """Return one row for each task on each device: `device` is numbered within its tier."""
        tier: list[str] = []
        device, task, start, end = [], [], [], []
        for stage in self.stages:
            size = stage.task_s.size
            names, first = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
            for number, (_, places) in enumerate(stage.parts()):
                names[places], first[places] = number, places.start
            tier += [stage.tiers[number].name for number in names[stage.device].tolist()]
            device.append(stage.device - first[stage.device])
            task.append(np.arange(stage.device.size))
            start.append(stage.start_s)
            end.append(stage.end_s)
        joined = (np.concatenate(parts) for parts in (task, device, start, end))
        numbers = dict(zip(("task", "device", "start_s", "end_s"), joined, strict=True))
        return {"tier": tier, **numbers}

    @property
    def accuracy(self) -> float | None:
        """Mean accuracy of the last answer to each task; None where a tier in use has none."""
        total = 0.0
        for tier in self.stages[-1].tiers:
            tasks = int(self.counts[tier.name].sum())
            if tasks and tier.accuracy is None:
                return None
            total += tasks * (tier.accuracy or 0.0)
        return total / self.job.tasks

    def _words(self) -> str:
        tasks = count(self.job.tasks, "task")
        return f"{self.scheme!r}, makespan_s={self.makespan_s:.6g}, {tasks}"

    def summary(self) -> str:
        """Return a few lines for people."""
        each = (f"{tier.name} {self.counts[tier.name].sum():,}" for tier in self.tiers)
        lines = [f"{self.scheme}: {self.makespan_s:.6g} s; tasks: {', '.join(each)}"]
        if self.accuracy is not None:
            lines.append(f"accuracy of the last answers: {self.accuracy:.4g}")
        if self.ideal_s is not None:
            lines.append(f"by the equation as printed: {self.ideal_s:.6g} s; {self.reading}")
        if self.certificate is not None:
            lines.append(self.certificate.reason)
        return "\n".join(lines)

    def plot(self, path: str | PathLike[str] | None = None) -> Figure:
        """Draw who does what when (a Gantt chart); write it to `path` as well where one is given.

        Raises
        ------
        ImportError
            When matplotlib is missing; the message names the extra.
        OSError
            When the file cannot be written.
        """
        from mel_fast.tiers.gantt import gantt, saved

        return saved(gantt(self), path)
