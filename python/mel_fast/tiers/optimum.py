"""The least makespan of a job that passes two stages, by two sorted lists.

Task by task the first stage is left at multiples q a_i of the end devices' times at the earliest,
and the second stage must be entered by M - q b_j at the latest. With ``first`` the N smallest
q a_i and ``second`` the N smallest q b_j, both ascending, a makespan M can be kept if and only if
``first[k] + second[N-1-k] <= M`` for every k; so the least one is the largest of these sums. The
proof stands in docs/tiers.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mel_fast._base.validation import FloatColumn, IntColumn


@dataclass(frozen=True, slots=True)
class Multiples:
    """The smallest multiples of some devices' times, ascending, and whose they are."""

    value_s: FloatColumn
    device: IntColumn


def smallest(task_s: FloatColumn, count: int) -> Multiples:
    """Return the `count` smallest of ``{q * task_s[i] : q = 1, 2, ...}``, ties by device.

    At ``level`` the devices together have at least `count` multiples, for each of them has more
    than level / task_s - 1; one more of each covers the rounding. In time
    O((count + devices) log(count + devices)).
    """
    level = (count + task_s.size) / np.reciprocal(task_s).sum()
    most = np.minimum(level / task_s, count - 1).astype(np.int64)
    most += 1
    ends = most.cumsum()
    device = np.arange(task_s.size).repeat(most)
    value = np.arange(1, device.size + 1) - (ends - most).repeat(most)
    value = value * task_s[device]
    order = value.argsort(kind="stable")[:count]
    return Multiples(value[order], device[order])


def merged(one: Multiples, other: Multiples) -> Multiples:
    """Return both as one ascending list."""
    value = np.concatenate((one.value_s, other.value_s))
    device = np.concatenate((one.device, other.device))
    order = np.argsort(value, kind="stable")
    return Multiples(value[order], device[order])


def second_stage(
    task_s: FloatColumn, cloud: slice, count: int, cloud_tasks: tuple[int, int] | None
) -> Multiples:
    """Return the list of the second stage with as many tasks on the cloud as is best.

    ``cloud`` says which devices are the cloud's, ``cloud_tasks`` the fewest and the most tasks that
    may go there. Away from the free choice the list gets larger entry by entry, so that the best
    number is the one next to it.
    """
    free = smallest(task_s, count)
    if cloud_tasks is None:
        return free
    chosen = int(((free.device >= cloud.start) & (free.device < cloud.stop)).sum())
    wanted = min(max(chosen, cloud_tasks[0]), cloud_tasks[1])
    if wanted == chosen:
        return free
    return split(task_s, cloud, count, wanted)


def split(task_s: FloatColumn, cloud: slice, count: int, cloud_tasks: int) -> Multiples:
    """Return the list of the second stage with exactly so many tasks on the cloud."""
    others = np.r_[0 : cloud.start, cloud.stop : task_s.size]
    lists = []
    for devices, tasks in ((np.r_[cloud], cloud_tasks), (others, count - cloud_tasks)):
        if tasks:
            found = smallest(task_s[devices], tasks)
            lists.append(Multiples(found.value_s, devices[found.device]))
    return lists[0] if len(lists) == 1 else merged(*lists)


def least_makespan(first: Multiples, second: Multiples | None) -> tuple[float, int]:
    """Return the least makespan and the place in `first` that decides it."""
    if second is None:
        return float(first.value_s[-1]), first.value_s.size - 1
    sums = first.value_s + second.value_s[::-1]
    place = int(sums.argmax())
    return float(sums[place]), place


def by_device(device: IntColumn, devices: int) -> tuple[IntColumn, IntColumn]:
    """Return the tasks device by device, each device's in their order, and where each ends."""
    narrow = device.astype(np.uint16) if devices <= 2**16 else device  # sorted in linear time
    return narrow.argsort(kind="stable"), np.bincount(device, minlength=devices).cumsum()


def starts_at_once(device: IntColumn, task_s: FloatColumn) -> FloatColumn:
    """Return when each task starts if all are there from the beginning."""
    order, ends = by_device(device, task_s.size)
    mine = device[order]
    before = np.arange(device.size) - np.concatenate(([0], ends))[mine]
    start = np.empty(device.size)
    start[order] = before * task_s[mine]
    return start


def starts_when_ready(ready_s: FloatColumn, device: IntColumn, task_s: FloatColumn) -> FloatColumn:
    """Return when each task starts if a device takes its tasks in their order, once ready.

    On one device start n is the larger of ready n and start n - 1 plus b, which is the largest
    ready m + (n - m) b of m <= n.
    """
    order, ends = by_device(device, task_s.size)
    ready, start, begin = ready_s[order], np.empty(device.size), 0
    for end, time_s in zip(ends.tolist(), task_s.tolist(), strict=True):
        before = np.arange(end - begin) * time_s
        np.maximum.accumulate(ready[begin:end] - before, out=start[begin:end])
        start[begin:end] += before
        begin = end
    found = np.empty(device.size)
    found[order] = np.maximum(start, ready)
    return found
