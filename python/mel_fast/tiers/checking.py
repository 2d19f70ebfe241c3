"""Is it a schedule, and can none be shorter? Checked with nothing of what made it.

The times of the schedule are added up task by task in double precision, to a relative 1e-12. The
bound is counted exactly, in rational numbers: tasks that can have left the first stage before t,
and tasks that the second stage can do in less than u.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from mel_fast._base.untrusted import shown
from mel_fast._base.validation import FloatColumn
from mel_fast.tiers.jobs import CLOUD, Tier
from mel_fast.tiers.schedules import Schedule, Stage

TOLERANCE = 1e-12
"""Relative, of the makespan: what sums of a million doubles may be off, a thousand times over."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `check` found.

    Attributes
    ----------
    valid : bool
        The tasks, devices and times make a schedule that ends at its ``makespan_s``.
    optimal : bool
        And no schedule ends earlier than ``(1 - 1e-12) * makespan_s``: none at all, or, where the
        certificate has limits, none with as many tasks on the cloud as they allow.
    bound_s : float
        What no schedule can end before, as proved by counting; 0 where nothing was claimed.
    reason : str
        What is wrong, empty where nothing is.

    Examples
    --------
    >>> from mel_fast.tiers import Job, Tier, check, schedule
    >>> verdict = check(schedule(Job(20), [Tier("end", 4, 0.5), Tier("cloud", 1, 0.3)]))
    >>> verdict.valid, verdict.optimal
    (True, True)
    """

    valid: bool
    optimal: bool
    bound_s: float
    reason: str = ""

    def __bool__(self) -> bool:
        return self.valid


def check(schedule: Schedule) -> Verdict:
    """Check a schedule and, if it claims to be optimal, its certificate.

    In time O(tasks + devices).

    Parameters
    ----------
    schedule
        Of any scheme.

    Returns
    -------
    Verdict

    Raises
    ------
    TypeError
        If it is no `Schedule`.

    Examples
    --------
    >>> from mel_fast.tiers import Job, Tier, check, schedule
    >>> found = schedule(Job(3), [Tier("end", 2, 1.0), Tier("edge", 1, 1.5)], scheme="optimal")
    >>> check(found)
    Verdict(valid=True, optimal=True, bound_s=5.5, reason='')
    """
    if not isinstance(schedule, Schedule):
        raise TypeError(f"schedule = {shown(schedule)}: must be a Schedule")
    try:
        _timeline(schedule)
    except _WrongError as wrong:
        return Verdict(False, False, 0.0, str(wrong))
    if schedule.certificate is None:
        return Verdict(True, False, 0.0)
    try:
        bound = _bound(schedule)
    except _WrongError as wrong:
        return Verdict(True, False, 0.0, str(wrong))
    optimal = bound >= Fraction(schedule.makespan_s) * (1 - Fraction(TOLERANCE))
    reason = "" if optimal else "the certificate proves less than the makespan"
    return Verdict(True, optimal, float(bound), reason)


class _WrongError(Exception):
    pass


def _times(schedule: Schedule, tier: Tier) -> list[float]:
    """Return what a task takes on each device of a tier, from the tier itself."""
    extra = (schedule.encrypt_s or {}).get(tier.name, 0.0)
    columns = [_column(value, tier.devices) for value in (tier.latency_s, tier.process_s, extra)]
    if len(columns[2]) != tier.devices or not all(0.0 <= more < math.inf for more in columns[2]):
        raise _WrongError(f"encrypt_s of tier {shown(tier.name)} is no column of seconds")
    return [latency + process + more for latency, process, more in zip(*columns, strict=True)]


def _column(value: float | FloatColumn, devices: int) -> list[float]:
    return [value] * devices if isinstance(value, float) else value.tolist()


def _devices(schedule: Schedule, stage: Stage) -> list[float]:
    listed = schedule.tiers
    found: list[float] = []
    for place, tier in enumerate(stage.tiers):
        if tier not in listed or tier in stage.tiers[:place]:
            raise _WrongError(f"tier {shown(tier.name)} is none of the schedule's, or stands twice")
        if not tier.trusted and schedule.encrypt_s is None:
            raise _WrongError(f"tier {shown(tier.name)} must not see raw data")
        found += _times(schedule, tier)
    return found


def _timeline(schedule: Schedule) -> None:
    if not 1 <= len(schedule.stages) <= 2 or schedule.stages[0].tiers != schedule.tiers[:1]:
        raise _WrongError("the first of one or two stages must be that of the end devices")
    if any(tier in schedule.tiers[:1] for stage in schedule.stages[1:] for tier in stage.tiers):
        raise _WrongError("the second stage must be that of upper tiers")
    makespan = schedule.makespan_s
    if not 0.0 < makespan < math.inf:
        raise _WrongError(f"the makespan is {makespan!r} s")
    slack, last = TOLERANCE * makespan, 0.0
    before = [0.0] * schedule.job.tasks
    for stage in schedule.stages:
        times = _devices(schedule, stage)
        free = [0.0] * len(times)
        devices = stage.device.tolist()
        if len(devices) != len(before) or not all(0 <= i < len(times) for i in devices):
            raise _WrongError("not every task passes every stage once, on a device of it")
        starts = stage.start_s.tolist()
        if len(starts) != len(devices):
            raise _WrongError("not every task has one start")
        for task, (device, start) in enumerate(zip(devices, starts, strict=True)):
            if not start >= before[task] - slack:
                raise _WrongError(f"task {task} starts before it is there")
            if not start >= free[device] - slack:
                raise _WrongError(f"task {task} starts while device {device} has another one")
            before[task] = free[device] = start + times[device]
        last = max(before)
    if not abs(last - makespan) <= slack:
        raise _WrongError(f"the last task ends at {last!r} s, not at {makespan!r} s")


def _bound(schedule: Schedule) -> Fraction:
    """Return what the certificate's place proves, counted anew."""
    proof, tasks = schedule.certificate, schedule.job.tasks
    assert proof is not None
    if not 0 <= proof.place < tasks:
        raise _WrongError("the certificate's place is none")
    if len(schedule.stages) == 1 and len(schedule.tiers) > 1:
        raise _WrongError("an optimal schedule of several tiers must have two stages")
    end = _devices(schedule, schedule.stages[0])
    leave = _multiple(end, proof.first.device.tolist(), proof.place)
    if sum(_less(time, leave) for time in end) > proof.place:
        raise _WrongError("more tasks can leave the first stage early than the certificate says")
    if len(schedule.stages) == 1:
        return leave
    if proof.second is None:
        raise _WrongError("the certificate has no second stage")
    allowed = [t for t in schedule.tiers[1:] if t.trusted or schedule.encrypt_s is not None]
    upper = [time for tier in allowed for time in _times(schedule, tier)]
    mine = _devices(schedule, schedule.stages[1])
    left = tasks - proof.place
    rest = _multiple(mine, proof.second.device.tolist(), left - 1)
    low, high = (0, tasks) if proof.cloud_tasks is None else proof.cloud_tasks
    if proof.cloud_tasks is not None and not low <= _cloud_tasks(schedule.stages[1]) <= high:
        raise _WrongError("the cloud has more or fewer tasks than the certificate allows")
    on_cloud = [tier.name == CLOUD for tier in allowed for _ in range(tier.devices)]
    done = [0, 0]
    for time, cloud in zip(upper, on_cloud, strict=True):
        done[cloud] += _less(time, rest)
    if min(done[0], tasks - low) + min(done[1], high) > left - 1:
        raise _WrongError("the second stage can do more in that time than the certificate says")
    return leave + rest


def _cloud_tasks(stage: Stage) -> int:
    names = [tier.name for tier in stage.tiers for _ in range(tier.devices)]
    return sum(names[device] == CLOUD for device in stage.device.tolist())


def _multiple(times: list[float], devices: list[int], place: int) -> Fraction:
    """Return the multiple at a place of a certificate's list: the how-manieth of its device."""
    device = devices[place] if place < len(devices) else -1
    if not 0 <= device < len(times):
        raise _WrongError("the certificate names a device that is none")
    return devices[: place + 1].count(device) * Fraction(times[device])


def _less(time: float, limit: Fraction) -> int:
    """Return how many positive multiples of `time` are below `limit`."""
    return math.ceil(limit / Fraction(time)) - 1
