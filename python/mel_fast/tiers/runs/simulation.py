"""What happens when a job runs: an assigner that takes time, queues, latencies, devices that fail.

The assigner hands out one task after the other, so that the events of a device follow from what it
was sent and nothing needs a queue of events: a device works through its tasks first come, first
served, and its failure is known as soon as the task is that it fails after.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from mel_fast._base.units import Shown, count
from mel_fast._base.untrusted import shown
from mel_fast._base.validation import FloatColumn, IntColumn, choice, integer, real
from mel_fast.tiers.jobs import Job, Tier, asked_tiers
from mel_fast.tiers.planning import schedule
from mel_fast.tiers.runs.assigning import Assigner, Rules, Worker
from mel_fast.tiers.schedules import Schedule, Stage

Policy = Literal["none", "reassign", "monitor"]
POLICIES: tuple[Policy, ...] = get_args(Policy)
_SHORTEST_QUERY_S = 1e-6


@dataclass(frozen=True, eq=False, repr=False)
class Simulation(Shown):
    """What a job took.

    Attributes
    ----------
    makespan_s : float
        When the last task was done, the mean over the runs; inf where a run lost a task for good.
    reason : str
        Why it is inf; empty where it is not.
    runs_s : (runs,) float64
        The makespan of every run.
    end_s : (tasks,) float64
        When each task was done in the last run; inf if never. Tasks are in the schedule's order.
    sends, timeouts, queries : (runs,) int64
        Tasks handed out, repeated ones among them; those handed to a failed device; queries.

    Examples
    --------
    >>> from mel_fast.tiers import Job, Tier, simulate
    >>> run = simulate(Job(20), [Tier("end", 4, 0.5)], "reassign", failures={0: 2})
    >>> run.makespan_s > 2.5, run.reason
    (True, '')
    """

    makespan_s: float
    reason: str
    runs_s: FloatColumn
    end_s: FloatColumn
    sends: IntColumn
    timeouts: IntColumn
    queries: IntColumn

    def _words(self) -> str:
        return f"makespan_s={self.makespan_s:.6g}, {count(self.runs_s.size, 'run')}"

    def summary(self) -> str:
        """Return a line of text, and why the job did not end where it did not."""
        runs = self.runs_s.size
        mean = f", the mean of {count(runs, 'run')}" if runs > 1 else ""
        sends = f"{self.sends.mean():.6g} tasks handed out"
        line = f"{self.makespan_s:.6g} s{mean}; {sends}, {self.timeouts.mean():.6g} to the failed"
        return "\n".join([line, *([self.reason] if self.reason else [])])


def simulate(
    job: Job,
    tiers: Any,
    policy: str = "none",
    *,
    scheme: str | Schedule | None = None,
    failures: Mapping[int, int] | None = None,
    failure_times_s: Mapping[int, float] | None = None,
    assign_s: float = 0.0,
    timeout_s: float = 0.5,
    query_s: float = 1.0,
    query_cost_s: float = 0.0,
    latency_spread: float = 0.0,
    runs: int = 1,
    seed: int = 0,
) -> Simulation:
    """Run a job on simulated devices.

    The assigner hands out the tasks in the schedule's order, one every `assign_s`; a device queues
    what it gets. A task that an end device has done goes on to its upper device at once.

    Parameters
    ----------
    job, tiers
        As for `schedule`.
    policy : str
        What is done about failed end devices. ``"none"``: nothing. ``"reassign"``: once all tasks
        have been handed out, those that are lost are handed out again, to all devices in turn,
        failed or not. ``"monitor"``: a list of the living devices is kept, by a query every
        `query_s` and by the time-outs; only those in the list are handed tasks, in turn.
    scheme : str or Schedule, optional
        Who is to do which task: a schedule or the name of one; by default ``"end"`` for one tier
        and ``"optimal"`` for several.
    failures : mapping of int to int, optional
        End devices that fail, and the number of tasks after which each does. What is in a failed
        device's queue is lost.
    failure_times_s : mapping of int to float, optional
        The same by time; the task that a device is at is lost with it.
    assign_s : float
        Seconds that handing out a task takes, whether or not the device answers.
    timeout_s : float
        Seconds that the assigner waits, beyond that, for a device that has failed.
    query_s, query_cost_s : float
        For ``"monitor"``: seconds between two queries of all devices, and those that each query
        costs the assigner, less than `query_s`.
    latency_spread : float
        Standard deviation of every latency in parts of its mean, gamma distributed; 0: fixed.
    runs : int
        Runs to average over, each with its own latencies.
    seed : int
        Of the latencies.

    Returns
    -------
    Simulation
        Without failures, without assigning time and with fixed latencies an ``"optimal"`` schedule
        takes its own ``makespan_s``.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, before anything runs: also where a failing device is none of the first
        tier's.

    Examples
    --------
    >>> from mel_fast.tiers import Job, Tier, simulate
    >>> end = Tier("end", devices=8, process_s=0.52)
    >>> run = simulate(Job(200), [end], policy="reassign", failures={0: 12}, assign_s=0.1245)
    >>> round(run.makespan_s, 2), int(run.timeouts[0])
    (34.79, 15)
    >>> simulate(Job(200), [end], policy="none", failures={0: 12}).reason
    '13 tasks were lost with devices 0'
    """
    listed = asked_tiers(job, tiers)
    choice("policy", policy, POLICIES)
    rules = Rules(
        policy,
        real("assign_s", assign_s, low=0.0),
        real("timeout_s", timeout_s, low=0.0),
        real("query_s", query_s, low=_SHORTEST_QUERY_S),
        real("query_cost_s", query_cost_s, low=0.0),
    )
    if rules.query_cost_s >= rules.query_s:
        raise ValueError(
            f"query_cost_s = {rules.query_cost_s!r}: must be less than query_s = {rules.query_s!r}"
        )
    spread = real("latency_spread", latency_spread, low=0.0)
    runs, seed = integer("runs", runs, low=1), integer("seed", seed, low=0)
    end = listed[0]
    after = {
        device: integer(f"failures[{device}]", tasks, low=0)
        for device, tasks in _failing("failures", failures, end).items()
    }
    at = {
        device: real(f"failure_times_s[{device}]", seconds, low=0.0)
        for device, seconds in _failing("failure_times_s", failure_times_s, end).items()
    }
    plan = _plan(job, listed, scheme)
    found = []
    for run in range(runs if spread else 1):
        latency = _latency(spread, np.random.default_rng([seed, run]))
        found.append(_run(plan, rules, after, at, latency))
    reasons = [assigner.reason for assigner, _ in found if assigner.reason]
    repeat = runs // len(found)
    spans = np.repeat([float(end_s.max()) for _, end_s in found], repeat)
    counted = [
        np.repeat([getattr(assigner, name) for assigner, _ in found], repeat)
        for name in ("sends", "timeouts", "queries")
    ]
    return Simulation(
        float(spans.mean()), reasons[0] if reasons else "", spans, found[-1][1], *counted
    )


def _failing(field: str, given: Any, end: Tier) -> dict[int, Any]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise TypeError(f"{field} = {shown(given)}: must be a mapping of devices")
    found = {}
    for device, value in given.items():
        number = integer(f"{field}: device", device, low=0)
        if number >= end.devices:
            raise ValueError(
                f"{field}: device {number} is none of the {end.devices} of tier {end.name!r}: "
                f"must be in [0, {end.devices - 1}]"
            )
        found[number] = value
    return found


def _plan(job: Job, tiers: tuple[Tier, ...], scheme: Any) -> Schedule:
    if isinstance(scheme, Schedule):
        if scheme.job != job or scheme.tiers != tiers:
            raise ValueError("scheme is the schedule of another job or of other tiers")
        return scheme
    usual = "end" if len(tiers) == 1 else "optimal"
    return schedule(job, tiers, usual if scheme is None else scheme)


def _latency(spread: float, rng: np.random.Generator) -> Callable[[float], float]:
    if not spread:
        return lambda mean: mean
    shape = spread**-2.0
    return lambda mean: float(rng.gamma(shape, mean / shape)) if mean else 0.0


def _workers(stage: Stage, latency: Callable[[float], float]) -> list[Worker]:
    each = [np.broadcast_to(tier.latency_s, tier.devices) for tier in stage.tiers]
    means = np.concatenate(each).tolist()
    return [
        Worker(total, mean, latency)
        for total, mean in zip(stage.task_s.tolist(), means, strict=True)
    ]


def _run(
    plan: Schedule,
    rules: Rules,
    after: Mapping[int, int],
    at: Mapping[int, float],
    latency: Callable[[float], float],
) -> tuple[Assigner, FloatColumn]:
    first = _workers(plan.stages[0], latency)
    for device, tasks in after.items():
        first[device].fail_after(tasks)
    for device, seconds in at.items():
        first[device].fail_at(seconds)
    assigner = Assigner(rules, first, plan.stages[0].device.tolist())
    end = assigner.run()
    if len(plan.stages) > 1:
        end = _upstairs(end, plan.stages[1], latency)
    return assigner, np.array(end)


def _upstairs(
    ready: Sequence[float], stage: Stage, latency: Callable[[float], float]
) -> list[float]:
    """Return when each task is done by its upper device, which takes them as they come."""
    workers, device = _workers(stage, latency), stage.device.tolist()
    end = [math.inf] * len(ready)
    for task in sorted(range(len(ready)), key=ready.__getitem__):
        if ready[task] < math.inf:
            end[task] = workers[device[task]].take(ready[task])
    return end
