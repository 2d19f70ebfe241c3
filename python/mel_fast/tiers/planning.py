"""`schedule`: the scheme that is asked for, on the tiers that it may use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np

from mel_fast._base.untrusted import shown
from mel_fast._base.validation import choice, integer
from mel_fast.tiers import optimum, schemes
from mel_fast.tiers.asking import Asked, Floor, asked, floor
from mel_fast.tiers.certificates import Certificate
from mel_fast.tiers.jobs import CLOUD, EDGE, Job
from mel_fast.tiers.schedules import Schedule, Stage

Scheme = Literal["end", "end_cloud", "end_edge", "mapping", "optimal"]
SCHEMES: tuple[Scheme, ...] = get_args(Scheme)
_USES = {"end": (), "end_cloud": (CLOUD,), "end_edge": (EDGE,), "mapping": (EDGE, CLOUD)}


def schedule(
    job: Job,
    tiers: Any,
    scheme: str = "optimal",
    *,
    cloud_tasks: int | tuple[int, int] | None = None,
    encrypt_s: Mapping[str, Any] | None = None,
    mapped: int | None = None,
) -> Schedule:
    """Say which device does which task when.

    Every task is first done on an end device (a coarse answer) and then, but for the scheme
    ``"end"``, on a device of an upper tier (a fine one). A device does one task at a time.

    Parameters
    ----------
    job : Job
        The tasks.
    tiers : list of Tier
        The end devices first.
    scheme : str
        ``"end"``, ``"end_cloud"``, ``"end_edge"``, ``"mapping"``: equations (1), (2), (3) and (4)
        to (6) of Zhang's report, with whole tasks; ``"optimal"``: no schedule has a shorter
        makespan. With one tier alone ``"optimal"`` is the shortest first stage.
    cloud_tasks : int or (int, int), optional
        For ``"optimal"``: how many tasks the tier named ``"cloud"`` takes, or the fewest and the
        most.
    encrypt_s : mapping, optional
        Says that the data are encrypted, so that tiers that are not trusted may be used, and what
        that adds to every task on the devices of a tier: ``{"end": 0.46}`` where every task is
        encrypted on its end device, ``{"cloud": 0.38}`` where the cloud's device waits for it.
    mapped : int, optional
        For ``"mapping"``: N_map in place of equation (4)'s.

    Returns
    -------
    Schedule
        With ``makespan_s``, ``counts``, ``starts_s``, ``stages`` and, if optimal, a certificate.

    Raises
    ------
    ValueError, TypeError
        Naming the argument: a tier that the scheme needs is missing, has no device or is not
        trusted; a number out of its range.

    Examples
    --------
    >>> import mel_fast as mel
    >>> end = mel.tiers.Tier("end", devices=8, process_s=0.52)
    >>> edge = mel.tiers.Tier("edge", devices=4, process_s=0.415, latency_s=0.5)
    >>> cloud = mel.tiers.Tier("cloud", devices=1, process_s=0.55, latency_s=1.0)
    >>> job = mel.tiers.Job(tasks=200)
    >>> mel.tiers.schedule(job, [end, edge, cloud], scheme="end_edge").makespan_s
    58.75
    >>> best = mel.tiers.schedule(job, [end, edge, cloud], scheme="optimal")
    >>> round(best.makespan_s, 6), best.counts["cloud"].tolist()
    (40.78, [25])
    """
    choice("scheme", scheme, SCHEMES)
    if scheme != "optimal" and cloud_tasks is not None:
        raise ValueError(f"cloud_tasks is for scheme 'optimal', not for {scheme!r}")
    if scheme != "mapping" and mapped is not None:
        raise ValueError(f"mapped is for scheme 'mapping', not for {scheme!r}")
    given = asked(job, tiers, encrypt_s)
    if scheme == "optimal":
        return _optimal(given, cloud_tasks)
    found = {tier.name: tier for tier in given.tiers[1:]}
    for name in _USES[scheme]:
        if name not in found:
            raise ValueError(f"tiers: scheme {scheme!r} needs a tier named {name!r}")
    used = {name: floor((found[name],), given.extra) for name in _USES[scheme]}
    if scheme == "mapping":
        return _mapping(given, used[EDGE], used[CLOUD], mapped)
    return _simple(given, scheme, next(iter(used.values()), None))


def _asked_cloud(cloud_tasks: Any, tasks: int, upper: Floor) -> tuple[int, int] | None:
    """Return the fewest and the most tasks of the cloud, as far as something was asked."""
    if cloud_tasks is None:
        return None
    pair = cloud_tasks if isinstance(cloud_tasks, tuple) else (cloud_tasks, cloud_tasks)
    if len(pair) != 2:
        raise ValueError(f"cloud_tasks = {shown(cloud_tasks)}: must be an integer or two of them")
    low = integer("cloud_tasks", pair[0], low=0, high=tasks)
    high = integer("cloud_tasks", pair[1], low=low, high=tasks)
    cloud = upper.cloud()
    if high and cloud.start == cloud.stop:
        if low:
            raise ValueError(
                f"cloud_tasks = {low}: no tier named {CLOUD!r} has devices that may see the data"
            )
        return 0, 0
    if low < tasks and cloud.stop - cloud.start == upper.task_s.size:
        if high < tasks:
            raise ValueError(
                f"cloud_tasks = {high} of {tasks} tasks: no other upper tier has devices "
                "that may see the data"
            )
        return tasks, tasks
    return low, high


def _optimal(given: Asked, cloud_tasks: Any) -> Schedule:
    job, end, upper = given.job, given.end, given.upper()
    allowed = _asked_cloud(cloud_tasks, job.tasks, upper)
    first = optimum.smallest(end.task_s, job.tasks)
    stages: tuple[Stage, ...] = (Stage(end.tiers, end.task_s, first.device),)
    second = None
    if upper.tiers:
        second = optimum.second_stage(upper.task_s, upper.cloud(), job.tasks, allowed)
        stages += (Stage(upper.tiers, upper.task_s, second.device[::-1], after=stages[0]),)
    makespan, place = optimum.least_makespan(first, second)
    proof = Certificate(first, second, place, allowed)
    return _schedule(given, "optimal", makespan, stages, certificate=proof)


def _schedule(
    given: Asked, scheme: str, makespan_s: float, stages: tuple[Stage, ...], **more: Any
) -> Schedule:
    return Schedule(given.job, given.tiers, scheme, makespan_s, stages, given.extra, **more)


def _whole(tasks: int, *floors: Floor) -> str:
    words = "each tier at the pace of its slowest device"
    if any(tasks % floor.task_s.size for floor in floors):
        words += ", whole tasks in the schedule where the equation has fractions"
    return words


def _simple(given: Asked, scheme: str, upper: Floor | None) -> Schedule:
    tasks, end = given.job.tasks, given.end
    first = schemes.dealt(tasks, end.task_s, 0.0)
    ideal, makespan = schemes.ideal_s(tasks, end.task_s), first.end_s
    floors: tuple[Floor, ...] = (end,)
    stages: tuple[Stage, ...] = (Stage(end.tiers, end.task_s, first.device, given=first.start_s),)
    if upper is not None:
        then = schemes.dealt(tasks, upper.task_s, first.end_s)
        ideal, makespan = ideal + schemes.ideal_s(tasks, upper.task_s), then.end_s
        floors += (upper,)
        stages += (Stage(upper.tiers, upper.task_s, then.device, stages[0], then.start_s),)
    reading = _whole(tasks, *floors)
    return _schedule(given, scheme, makespan, stages, ideal_s=ideal, reading=reading)


def _mapping(given: Asked, edge: Floor, cloud: Floor, mapped: int | None) -> Schedule:
    tasks, end = given.job.tasks, given.end
    ends, edges = end.task_s.size, edge.task_s.size
    if mapped is not None:
        number = integer("mapped", mapped, low=1)
        which = f"N_map = {number} as given"
    else:
        number = schemes.mapped_devices(end.task_s, edge.task_s)
        which = f"N_map = {number} by equation (4)"
    theta = schemes.cloud_share(ends, edges, number)
    clipped = "theta below 0 taken as 0, " if edges * number > ends else ""
    first = schemes.dealt(tasks, end.task_s, 0.0)
    on_cloud = first.device >= min(edges * number, ends)
    nearer = schemes.dealt(int((~on_cloud).sum()), edge.task_s, first.end_s)
    rest = schemes.dealt(int(on_cloud.sum()), cloud.task_s, nearer.end_s)
    device, start = np.empty(tasks, dtype=np.int64), np.empty(tasks)
    device[~on_cloud], start[~on_cloud] = nearer.device, nearer.start_s
    device[on_cloud], start[on_cloud] = rest.device + edges, rest.start_s
    to_end, to_edge, to_cloud = (schemes.ideal_s(tasks, f.task_s) for f in (end, edge, cloud))
    stage = Stage(end.tiers, end.task_s, first.device, given=first.start_s)
    both = np.concatenate((edge.task_s, cloud.task_s))
    return _schedule(
        given,
        "mapping",
        rest.end_s,
        (stage, Stage((*edge.tiers, *cloud.tiers), both, device, stage, start)),
        ideal_s=theta * (to_end + to_cloud) + (1.0 - theta) * (to_end + to_edge),
        reading=f"{which}, {clipped}{_whole(tasks, end, edge, cloud)}",
        mapped=number,
        cloud_share=theta,
    )
