"""A job on real worker processes, by a schedule of ours or by Dask's own scheduling."""

from __future__ import annotations

import queue
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.untrusted import shown
from mel_fast._base.validation import FloatColumn, integer, real
from mel_fast.tiers.jobs import Job
from mel_fast.tiers.planning import schedule
from mel_fast.tiers.runs.cluster import UPPER, Cluster, names
from mel_fast.tiers.runs.working import Done, work
from mel_fast.tiers.schedules import Schedule

DASK = "dask"
_LOOK_S = 0.05
_FETCH_S = 5.0


@dataclass(frozen=True, eq=False)
class LiveRun:
    """What really happened.

    Attributes
    ----------
    scheme : str
        Whose schedule it was; ``"dask"`` where Dask chose the devices.
    wall_s : float
        From the first task handed out to the last fine answer received.
    planned_s : float or None
        The schedule's makespan; None for Dask's.
    coarse, fine : list of arrays
        The answers to each batch of the end devices and of the upper ones, in the batches' order.
    device : tuple of two lists of str
        Who gave the coarse and the fine answer to each task.
    start_s, end_s : (2, tasks) float64
        When these devices were taken and left, from the beginning of the run.
    killed : list of str
        The workers that ended while the run went on.
    assign_s : float
        Seconds that handing out a task took this process, the mean over the first pass.
    repeated : int
        Tasks that were handed out again; Dask does not say how many it repeats: -1.

    Examples
    --------
    >>> import mel_fast as mel
    >>> run = mel.tiers.run(live, batches)  # doctest: +SKIP
    >>> run.wall_s, run.repeated  # doctest: +SKIP
    """

    scheme: str
    wall_s: float
    planned_s: float | None
    coarse: list[NDArray[Any]] = field(repr=False)
    fine: list[NDArray[Any]] = field(repr=False)
    device: tuple[list[str], list[str]] = field(repr=False)
    start_s: FloatColumn = field(repr=False)
    end_s: FloatColumn = field(repr=False)
    killed: list[str]
    assign_s: float
    repeated: int


def run(
    live: Cluster,
    batches: Sequence[NDArray[Any]],
    scheme: str | Schedule = "optimal",
    *,
    kill: Mapping[str, int] | None = None,
    limit_s: float = 600.0,
) -> LiveRun:
    """Run a job on a cluster's workers: every batch is a task.

    With a schedule of ours each task is handed to its device; what a worker that has ended did not
    bring is handed to the living device of the same stage that has least to do. With ``"dask"`` the
    whole graph goes to Dask at once, which may use any end device first and any upper one then.

    Parameters
    ----------
    live : Cluster
        From `cluster`.
    batches : sequence of arrays
        The tasks, what the networks are called with.
    scheme : str or Schedule
        As for `schedule`, two stages; or ``"dask"``.
    kill : mapping of str to int, optional
        Workers to kill (SIGKILL), each once that many of its answers are there.
    limit_s : float
        Seconds after which the run is given up.

    Returns
    -------
    LiveRun
        Answers of all tasks, and when each began and ended, in seconds.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, before anything runs.
    RuntimeError
        When no device of a stage is left.
    Exception
        What a network raised on its worker.
    TimeoutError
        After `limit_s`.

    Examples
    --------
    >>> import mel_fast as mel
    >>> run = mel.tiers.run(live, batches, "optimal")  # doctest: +SKIP
    """
    job = Job(len(batches))
    at = {name: integer(f"kill[{name!r}]", n, low=0) for name, n in (kill or {}).items()}
    for name in at:
        if name not in live.processes:
            raise ValueError(f"kill: {shown(name)} is no worker")
    limit = real("limit_s", limit_s)
    plan: Schedule | None = None
    if isinstance(scheme, Schedule):
        plan = scheme
        if plan.job.tasks != job.tasks or plan.tiers != live.tiers:
            raise ValueError("scheme is the schedule of another job or of other tiers")
    elif scheme != DASK:
        plan = schedule(job, live.tiers, scheme)
    if plan is not None and len(plan.stages) != 2:
        raise ValueError(f"scheme = {shown(scheme)}: must have two stages")
    if len(live.tiers) < 2:
        raise ValueError("tiers: must have an upper tier")
    return _Work(live, batches, plan, at, limit).run()


class _Work:
    """A run under way."""

    def __init__(
        self,
        live: Cluster,
        batches: Sequence[NDArray[Any]],
        plan: Schedule | None,
        kill: dict[str, int],
        limit_s: float,
    ) -> None:
        self._live, self._batches, self._plan = live, batches, plan
        self._kill, self._limit_s = kill, limit_s
        self._floors = [names(live.tiers[0]), [n for t in live.tiers[1:] for n in names(t)]]
        self._time_s = {
            name: time_s
            for tier in live.tiers
            for name, time_s in zip(names(tier), tier.task_s.tolist(), strict=True)
        }
        self._done: list[dict[int, Done]] = [{}, {}]
        self._answers: Counter[str] = Counter()
        self._pending: dict[Any, tuple[int, int, str | None]] = {}
        self._events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._gone = live.dead()
        self._before = frozenset(self._gone)
        self._repeated = 0

    def run(self) -> LiveRun:
        tasks = len(self._batches)
        self._kill_now()
        begin = time.time()
        for task in range(tasks):
            if self._plan is None:
                coarse = self._ask(0, task)
                self._ask(1, task, coarse)
            else:
                self._hand_out(0, task)
        assign_s = (time.time() - begin) / tasks
        limit = time.monotonic() + self._limit_s
        while len(self._done[1]) < tasks or len(self._done[0]) < tasks:
            with suppress(queue.Empty):
                self._take(self._events.get(timeout=_LOOK_S))
            self._look()
            if time.monotonic() > limit:
                raise TimeoutError(f"{tasks} tasks were not done in {self._limit_s:g} s")
        return self._found(begin, time.time() - begin, assign_s)

    def _ask(self, stage: int, task: int, before: Any = None, device: str | None = None) -> Any:
        """Hand a task to Dask, and to one worker where a device is named."""
        tag = UPPER if stage else self._live.tiers[0].name
        only = {} if device is None else {"workers": [device], "allow_other_workers": False}
        future = self._live.client.submit(
            work,
            self._batches[task],
            before,
            resources={tag: 1},
            priority=-task,
            pure=False,
            **only,
        )
        self._pending[future] = stage, task, device
        future.add_done_callback(self._events.put)
        return future

    def _hand_out(self, stage: int, task: int) -> None:
        assert self._plan is not None
        floor = self._floors[stage]
        device = self._devices(stage)[self._plan.stages[stage].device[task]]
        if device in self._gone:
            alive = [name for name in floor if name not in self._gone]
            if not alive:
                raise RuntimeError(f"no device of stage {stage + 1} is left")
            load = Counter(name for _, _, name in self._pending.values())
            device = min(alive, key=lambda name: (load[name] + 1) * self._time_s[name])
        self._ask(stage, task, device=device)

    def _devices(self, stage: int) -> list[str]:
        assert self._plan is not None
        return [name for tier in self._plan.stages[stage].tiers for name in names(tier)]

    def _take(self, future: Any) -> None:
        """Take an answer, and hand the task on."""
        if future not in self._pending:
            return
        if future.status in ("error", "cancelled", "lost"):
            future.result()  # raises what went wrong
        stage, task, _ = self._pending[future]
        try:
            done = future.result(timeout=_FETCH_S)
        except TimeoutError:  # busy, or gone with the answer, which then is asked for anew
            self._events.put(future)
            return
        if self._plan is not None or stage == 1:
            del self._pending[future]
        if task in self._done[stage]:
            return
        self._done[stage][task] = done
        self._answers[done.device] += 1
        self._kill_now()
        if self._plan is not None and stage == 0:
            self._hand_out(1, task)

    def _kill_now(self) -> None:
        for name, answers in list(self._kill.items()):
            if self._answers[name] >= answers:
                del self._kill[name]
                self._live.kill(name)

    def _look(self) -> None:
        """Hand out again what a worker that has ended was to do."""
        ended = self._live.dead() - self._gone
        if not ended:
            return
        self._gone |= ended
        if self._plan is None:
            return
        lost = [future for future, (_, _, name) in self._pending.items() if name in ended]
        again = [self._pending.pop(future) for future in lost]
        for future, (stage, task, _) in zip(lost, again, strict=True):
            future.cancel()
            self._repeated += 1
            self._hand_out(stage, task)

    def _found(self, begin: float, wall_s: float, assign_s: float) -> LiveRun:
        tasks = range(len(self._batches))
        rows = [[stage[task] for task in tasks] for stage in self._done]
        return LiveRun(
            DASK if self._plan is None else self._plan.scheme,
            wall_s,
            None if self._plan is None else self._plan.makespan_s,
            [done.answer for done in rows[0]],
            [done.answer for done in rows[1]],
            ([done.device for done in rows[0]], [done.device for done in rows[1]]),
            np.array([[done.start_s - begin for done in row] for row in rows]),
            np.array([[done.end_s - begin for done in row] for row in rows]),
            sorted(self._gone - self._before),
            assign_s,
            -1 if self._plan is None else self._repeated,
        )
