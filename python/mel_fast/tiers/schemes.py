"""The report's four schemes: its equations as printed, and a whole-task schedule for each.

The equations are those of section 3.4 of Zongpu Zhang, *Optimization of Deep Learning Applications
in Highly Heterogeneous Distributed System*, EE447 course report, 2018. What they leave open is read
here as follows.

- Devices of different speeds: the time of a tier is that of its slowest device, for tasks are dealt
  one by one in turn and the slowest device is the last to finish. Equation (4) uses the same times.
- N_t / N that is no whole number: the equations are evaluated as printed (``ideal_s``); a
  schedule (``makespan_s``) deals whole tasks, and with equal devices takes the next whole number.
- A ratio within 1e-9 of a whole number counts as that one in equation (4).
- theta below 0 in equation (5), more edge devices than the end devices need, is 0.
- Equation (6) is, term by term, T_End, then the edge's share, then the cloud's: as if edge and
  cloud worked one after the other. The schedule does just that; `simulate` lets them overlap.
- The edge's share is dealt over all edge devices in turn, as equation (3) has it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mel_fast._base.validation import FloatColumn, IntColumn

NEAR_WHOLE = 1e-9


@dataclass(frozen=True, slots=True)
class Part:
    """Tasks dealt in turn over devices, from a common start."""

    device: IntColumn
    start_s: FloatColumn
    end_s: float


def dealt(tasks: int, task_s: FloatColumn, begin_s: float) -> Part:
    """Deal `tasks` tasks in turn over the devices; each works through its own from `begin_s`."""
    turn = np.arange(tasks)
    device = turn % task_s.size
    done = turn // task_s.size
    start = begin_s + done * task_s[device]
    each = np.bincount(device, minlength=task_s.size)
    return Part(device, start, begin_s + float((each * task_s).max()))


def ideal_s(tasks: int, task_s: FloatColumn) -> float:
    """N_t / N (t^c + t^p) as printed: equation (1), and what (2) and (3) add to it."""
    return tasks / task_s.size * float(task_s.max())


def mapped_devices(end: FloatColumn, edge: FloatColumn) -> int:
    """N_map, equation (4): end devices that one edge device serves."""
    ratio = float(edge.max()) / float(end.max())
    whole = round(ratio)
    if whole >= 1 and abs(ratio - whole) <= NEAR_WHOLE * whole:
        return whole
    return math.ceil(ratio)


def cloud_share(end: int, edge: int, mapped: int) -> float:
    """theta_cloud, equation (5), not below 0."""
    return max(end - edge * mapped, 0) / end


def cloud_tasks(tasks: int, end: int, edge: int, mapped: int) -> int:
    """Tasks whose end device is mapped to the cloud: the last N_end - N_edge N_map devices'."""
    first = min(edge * mapped, end)
    turns, rest = divmod(tasks, end)
    return turns * (end - first) + max(rest - first, 0)
