"""Accuracy curves: one training run a cell, two at a time, each resumable."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import queue
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.optional import require
from mel_fast.experiments.rules import shared
from mel_fast.experiments.tau import Cell, representative_draw
from mel_fast.learning import Dataset, History, NumpyMLP, run
from mel_fast.plans.status import Scheme
from mel_fast.scenarios import table1
from mel_fast.solve.single import solve

Step = Callable[[], Any]

#: Found by `bench/mnist_search.py` on held-out training samples; the paper leaves them open.
NETWORK: dict[str, Any] = {"optimiser": "nadam", "learning_rate": 3.68e-3, "batch": 64}

Found = TypeVar("Found", covariant=True)


@dataclass(frozen=True)
class Curve:
    """One training run: a scheme at (K, T), its plan's tau and d_k (None: infeasible)."""

    learners: int
    cycle_s: float
    scheme: str
    tau: int
    samples: tuple[int, ...] | None

    @property
    def key(self) -> tuple[int, float, str]:
        """(learners, cycle_s, scheme)."""
        return (self.learners, self.cycle_s, self.scheme)


def curves(found: Sequence[Cell], seed: int) -> tuple[int, list[Curve]]:
    """Plan the representative draw of the cells: the draw, and a curve for each cell."""
    draw = representative_draw(found)
    planned = []
    for cell in found:
        scheme: Scheme = cell.scheme  # type: ignore[assignment]
        plan = solve(table1(cell.learners, cell.cycle_s, seed, draw=draw), scheme=scheme)
        samples = None if plan.samples is None else tuple(plan.samples.tolist())
        planned.append(Curve(cell.learners, cell.cycle_s, cell.scheme, plan.tau, samples))
    return draw, planned


def train(
    planned: Sequence[Curve],
    data: Dataset,
    *,
    cycles: int,
    seed: int,
    jobs: int,
    checkpoints: Path,
    started: Callable[[int], Any],
    step: Step,
) -> dict[tuple[int, float, str], History]:
    """Train every feasible curve; equal plans share one run.

    Parameters
    ----------
    data
        With fewer samples than the plan deals, every d_k shrinks in proportion.
    jobs
        Processes, each with single-threaded linear algebra. With one, nothing is spawned.
    checkpoints
        Folder in which every run keeps its state after each global cycle, and goes on from it.
    started, step
        Told the number of steps (learners' trainings) before they begin, and of each one done.
    """
    runs: dict[str, Curve] = {}
    names: dict[tuple[int, float, str], str] = {}
    for curve in planned:
        if curve.samples is not None:
            name = _name(curve, data, seed)
            runs.setdefault(name, curve)
            names[curve.key] = name
    tasks = [
        _Task(name, c.tau, _dealt(c, data), c.cycle_s, cycles, seed, checkpoints / f"{name}.npz")
        for name, c in runs.items()
    ]
    tasks.sort(key=lambda task: -task.tau)  # the longest first, so that the processes end together
    started(sum(len(task.samples) * cycles for task in tasks))
    done = all_of(tasks, data, jobs, step)
    return {key: done[name] for key, name in names.items()}


class Task(Protocol[Found]):
    """A training with a name of its own, to be sent to a process."""

    @property
    def name(self) -> str:
        """What it is called in the results."""
        ...

    def run(self, data: Dataset, step: Step) -> Found:
        """Train; call `step` at every step done."""
        ...


def all_of(tasks: Sequence[Task[Found]], data: Dataset, jobs: int, step: Step) -> dict[str, Found]:
    """Run tasks in so many processes, with single-threaded linear algebra, in their order."""
    return _alone(tasks, data, step) if jobs == 1 else _pooled(tasks, data, jobs, step)


@dataclass(frozen=True)
class _Task:
    name: str
    tau: int
    samples: NDArray[np.int64]
    cycle_s: float
    cycles: int
    seed: int
    checkpoint: Path

    def run(self, data: Dataset, step: Step) -> History:
        labels = int(max(data.train_y.max(), data.test_y.max())) + 1
        return run(
            self.tau,
            data,
            model=NumpyMLP(data.train_x.shape[1], labels, seed=self.seed, **NETWORK),
            samples=self.samples,
            cycle_s=self.cycle_s,
            cycles=self.cycles,
            seed=self.seed,
            checkpoint=self.checkpoint,
            progress=lambda cycle, learner, accuracy: step(),
        )


def _dealt(curve: Curve, data: Dataset) -> NDArray[np.int64]:
    samples = np.array(curve.samples)
    have = len(data.train_y)
    return samples if samples.sum() <= have else shared(have, samples.astype(np.float64))


def _name(curve: Curve, data: Dataset, seed: int) -> str:
    parts = json.dumps([curve.tau, curve.samples, curve.cycle_s, data.name, seed, NETWORK])
    return f"tau{curve.tau}-{hashlib.sha256(parts.encode()).hexdigest()[:12]}"


def _one_thread() -> Any:
    try:
        return require("threadpoolctl", extra="learn").threadpool_limits(1)
    except ImportError:
        return nullcontext()


def _alone(tasks: Sequence[Task[Found]], data: Dataset, step: Step) -> dict[str, Found]:
    with _one_thread():
        return {task.name: task.run(data, step) for task in tasks}


_worker: dict[str, Any] = {}


def _begin(data: Dataset, steps: Any) -> None:
    _worker.update(data=data, steps=steps, threads=_one_thread())


def _work(task: Task[Found]) -> Found:
    return task.run(_worker["data"], lambda: _worker["steps"].put(1))


def _drain(steps: Any, step: Step) -> None:
    try:
        while steps.get(timeout=0.1):
            step()
    except queue.Empty:
        pass


def _pooled(tasks: Sequence[Task[Found]], data: Dataset, jobs: int, step: Step) -> dict[str, Found]:
    context = multiprocessing.get_context("spawn")
    steps, others = context.Queue(), set(multiprocessing.active_children())
    # BLAS reads these when it is loaded, before any limit can be set
    kept = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    os.environ.update(dict.fromkeys(kept, "1"))
    pool = ProcessPoolExecutor(jobs, context, _begin, (data, steps))
    try:
        futures = {task.name: pool.submit(_work, task) for task in tasks}
        waiting = set(futures.values())
        while waiting:
            finished, waiting = wait(waiting, timeout=0.5, return_when=FIRST_EXCEPTION)
            _drain(steps, step)
            for future in finished:
                future.result()
        return {name: future.result() for name, future in futures.items()}
    except BaseException:
        # the state of every run is in its checkpoint, so nothing is lost by ending at once
        for worker in set(multiprocessing.active_children()) - others:
            worker.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        steps.close()
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
