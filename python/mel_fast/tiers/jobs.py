"""What is to be done and where: a job of equal tasks, and the tiers of devices that take them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from mel_fast._base.frozen import Frozen
from mel_fast._base.untrusted import shown
from mel_fast._base.validation import (
    FloatColumn,
    freeze,
    integer,
    real,
    scalar_or_column,
    share_column,
)

MOST_TASKS = 10**8
MOST_DEVICES = 10**7
CLOUD, EDGE = "cloud", "edge"


class Job(Frozen):
    """A job of equal, independent tasks.

    Parameters
    ----------
    tasks : int
        N_t, at least 1 and at most 10**8.
    items : int
        What one task holds, images of a batch for instance: times divided by it are times an item.

    Raises
    ------
    ValueError, TypeError
        Naming the field, its value and the allowed range.

    Examples
    --------
    >>> from mel_fast.tiers import Job
    >>> Job(tasks=200, items=50)
    Job(tasks=200, items=50)
    """

    __slots__ = ("items", "tasks")
    _fields: ClassVar[tuple[str, ...]] = ("tasks", "items")

    tasks: int
    items: int

    def __init__(self, tasks: int, items: int = 1) -> None:
        self._set("tasks", integer("tasks", tasks, low=1, high=MOST_TASKS))
        self._set("items", integer("items", items, low=1))


class Tier(Frozen):
    """Devices of one kind: the end devices, the edge, the cloud.

    A task takes a device for ``latency_s + process_s``, latency counted there and back; meanwhile
    the device takes no other one (t^c and t^p of the report's equations).

    Parameters
    ----------
    name : str
        The schemes know ``"edge"`` and ``"cloud"``; the first tier of a list is the end devices,
        whatever its name.
    devices : int
        How many; 0 is a tier that is not there.
    process_s : float or (devices,) array
        Seconds that a task takes on each device, positive.
    latency_s : float or (devices,) array
        Seconds that sending a task and returning its answer take, 0 or more.
    accuracy : float, optional
        Share of right answers, in [0, 1].
    trusted : bool
        Whether these devices may see raw data. `schedule` sends none to others, unless it is told
        that the data are encrypted.
    parameters : int, optional
        Parameters of the network that these devices hold.

    Attributes
    ----------
    task_s : (devices,) float64
        ``latency_s + process_s`` of each device.

    Raises
    ------
    ValueError, TypeError
        Naming the field, index, value and allowed range.

    Examples
    --------
    >>> from mel_fast.tiers import Tier
    >>> Tier("edge", devices=2, process_s=[0.25, 0.5], latency_s=0.5).task_s
    array([0.75, 1.  ])
    """

    __slots__ = (
        "accuracy",
        "devices",
        "latency_s",
        "name",
        "parameters",
        "process_s",
        "task_s",
        "trusted",
    )
    _fields: ClassVar[tuple[str, ...]] = (
        "name",
        "devices",
        "process_s",
        "latency_s",
        "accuracy",
        "trusted",
        "parameters",
    )

    name: str
    devices: int
    process_s: float | FloatColumn
    latency_s: float | FloatColumn
    accuracy: float | None
    trusted: bool
    parameters: int | None
    task_s: FloatColumn

    def __init__(
        self,
        name: str,
        devices: int,
        process_s: Any,
        latency_s: Any = 0.0,
        accuracy: float | None = None,
        trusted: bool = True,
        parameters: int | None = None,
    ) -> None:
        if not isinstance(name, str):
            raise TypeError(f"name = {shown(name)}: must be a string")
        if not name or not name.isprintable():
            raise ValueError(f"name = {shown(name)}: must be printable characters, at least one")
        if not isinstance(trusted, bool):
            raise TypeError(f"trusted = {shown(trusted)}: must be True or False")
        self._set("name", name)
        self._set("devices", integer("devices", devices, low=0, high=MOST_DEVICES))
        scalar_or_column("process_s", process_s)  # refuses 0, which a latency may be
        process = freeze(share_column("process_s", process_s, self.devices))
        latency = freeze(share_column("latency_s", latency_s, self.devices))
        self._set("process_s", float(process_s) if np.ndim(process_s) == 0 else process)
        self._set("latency_s", float(latency_s) if np.ndim(latency_s) == 0 else latency)
        shared = None if accuracy is None else real("accuracy", accuracy, low=0.0, high=1.0)
        self._set("accuracy", shared)
        self._set("trusted", trusted)
        counted = None if parameters is None else integer("parameters", parameters, low=0)
        self._set("parameters", counted)
        self._set("task_s", freeze(process + latency))


def asked_tiers(job: Any, tiers: Any) -> tuple[Tier, ...]:
    """Return the tiers as a tuple, the end devices first, or refuse what is none."""
    if not isinstance(job, Job):
        raise TypeError(f"job = {shown(job)}: must be a Job")
    if isinstance(tiers, Tier) or not isinstance(tiers, Sequence):
        raise TypeError(f"tiers = {shown(tiers)}: must be a list of Tier, the end devices first")
    for index, tier in enumerate(tiers):
        if not isinstance(tier, Tier):
            raise TypeError(f"tiers[{index}] = {shown(tier)}: must be a Tier")
    if not tiers:
        raise ValueError("tiers is empty: must be a list of Tier, the end devices first")
    names = [tier.name for tier in tiers]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise ValueError(f"tiers[{index}] is named {shown(name)} as another one: must differ")
    return tuple(tiers)
