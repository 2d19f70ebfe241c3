"""Shards on workers that end, and in little memory."""

import os
import re
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from sharded import Drawn, columns, mixed, sharded, shards_of, task_and_radio

SPAWN = get_context("spawn")  # nothing of this process, its threads least of all, is copied
SIZE, SHARDS = 8192, 6


def solved(executor: Any = None, **how: Any) -> mel.ShardedPlan:
    """Solve drawn learners in shards."""
    task, radio = task_and_radio(SIZE * SHARDS)
    shards = [Drawn(i, SIZE) for i in range(SHARDS)]
    how = {"together": 0, **how}
    return mel.solve_sharded(shards, task, radio, 30.0, executor=executor, **how)


def assert_same(one: mel.ShardedPlan, other: mel.ShardedPlan) -> None:
    assert (one.status, one.tau, one.bound) == (other.status, other.tau, other.bound)
    assert one.certificate == other.certificate
    assert one.passes == other.passes
    for mine, theirs in zip(columns(one), columns(other), strict=True):
        assert np.array_equal(mine, theirs)


class Deadly(Executor):
    """Has workers that end at every task."""

    def submit(self, function: Any, /, *arguments: Any, **words: Any) -> Future[Any]:
        """Give back what a broken pool does."""
        future: Future[Any] = Future()
        future.set_exception(BrokenProcessPool("a worker ended"))
        return future


def test_a_shard_whose_workers_end_each_time_is_named(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"^shards\[0\] was lost with its workers: Broken"):
        solved(Deadly())
    shards = [Drawn(0, 30), Drawn(1, 30)]
    plan = mel.solve_sharded(shards, *task_and_radio(60), 30.0)
    pytest.importorskip("pyarrow")
    with pytest.raises(RuntimeError, match=r"part 0 of 2 was lost with its workers"):
        plan.write(tmp_path, executor=Deadly())
    assert not list(tmp_path.iterdir())
    with pytest.raises(TypeError, match="executor is a int"):
        plan.write(tmp_path, executor=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="folder is a NoneType: must be a path"):
        plan.write(None)  # type: ignore[arg-type]
    pytest.importorskip("flint")
    with pytest.raises(RuntimeError, match=r"^shards\[0\] was lost with its workers: Broken"):
        mel.verify_sharded(shards, plan, executor=Deadly())
    with pytest.raises(TypeError, match="plan is a int: must be a ShardedPlan, or the folder"):
        mel.verify_sharded(shards, 3)  # type: ignore[arg-type]


class Killer:
    """Kills a worker once the search has made some passes."""

    def __init__(self, victims: list[int]) -> None:
        self.victims = victims
        self.killed = 0

    def __call__(self, tau: int, bound: int, passes: int, elapsed_s: float) -> bool:
        """Look where the search is."""
        if passes >= 2 and self.victims:
            os.kill(self.victims.pop(), signal.SIGKILL)
            self.killed += 1
        return False


def test_workers_that_are_killed_in_mid_solve_are_replaced_and_their_shards_made_again() -> None:
    with ProcessPoolExecutor(2, mp_context=SPAWN) as pool:
        for future in [pool.submit(os.getpid) for _ in range(2)]:
            future.result()
        killer = Killer([min(pool._processes)])
        plan = solved(pool, callback=killer)
    assert killer.killed == 1
    assert_same(plan, solved())


def test_shards_that_are_columns_and_ends_of_shards_go_to_workers_too(tmp_path: Path) -> None:
    problem = mixed(3, 6000)
    shards = shards_of(problem, "anywhere", 3)
    here = sharded(problem, shards)
    with ProcessPoolExecutor(2, mp_context=SPAWN) as pool:
        there = sharded(problem, shards, executor=pool)
        assert_same(there, here)
        if not there:
            return
        pytest.importorskip("pyarrow")
        there.write(tmp_path, executor=pool)
        pytest.importorskip("flint")
        part = [learners.take(np.arange(len(learners))) for learners in shards]
        verdict = mel.verify_sharded(part, tmp_path, executor=pool, together=0, time_limit_s=0.0)
    assert not verdict.checked
    files = sorted(tmp_path.glob("shard-*.parquet"))
    assert len(files) == len(shards)


def test_dask_gives_the_same_though_a_worker_is_killed_in_mid_solve() -> None:
    distributed = pytest.importorskip("distributed", reason="the extra [dask] is missing")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        killer = Killer([next(iter(cluster.workers.values())).pid])
        plan = solved(client.get_executor(), callback=killer)
    assert killer.killed == 1
    assert_same(plan, solved())


def test_a_function_that_cannot_travel_is_refused_by_its_executor() -> None:
    task, radio = task_and_radio(100)
    with (
        ProcessPoolExecutor(1, mp_context=SPAWN) as pool,
        pytest.raises((TypeError, AttributeError), match=r"shards\[0\] .*cannot be sent|pickle"),
    ):
        mel.solve_sharded([lambda: Drawn(0, 100)()], task, radio, 30.0, executor=pool)


MEMORY = """
    import resource, sys
    sys.path[:0] = [{tests!r}]
    import mel_fast as mel
    from sharded import Drawn, task_and_radio
    def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    mel.solve_sharded([Drawn(i, 8192) for i in range(9)], *task_and_radio(9 * 8192), 30.0)
    before = peak()
    shards, size = {shards}, {size}
    plan = mel.solve_sharded(
        [Drawn(i, size) for i in range(shards)], *task_and_radio(shards * size), 30.0,
        keep_bytes=0,
    )
    assert plan.status == "optimal"
    print(peak() - before)
"""


def bytes_taken(shards: int, size: int) -> int:
    """Return by how much a process grows that solves so many shards one at a time."""
    code = textwrap.dedent(MEMORY).format(
        tests=str(Path(__file__).parent), shards=shards, size=size
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=600
    )
    return int(ran.stdout)


def test_one_shard_at_a_time_is_all_the_memory_that_a_process_takes() -> None:
    size = 2**17
    taken = bytes_taken(12, size)
    assert taken < 200 * size + 30e6  # a shard and the search; the whole would be twelve times


@pytest.mark.long
def test_a_hundred_million_generated_learners_are_solved_within_a_gigabyte() -> None:
    assert bytes_taken(96, 2**20) < 1e9


@pytest.mark.long
def test_a_billion_generated_learners_take_less_than_four_gigabytes_a_process() -> None:
    """Two workers: 320 s on two idle cores."""
    script = Path(__file__).parents[2] / "bench" / "scale.py"
    ran = subprocess.run(
        [sys.executable, script, "shards", "954", "2"],
        capture_output=True,
        text=True,
        check=True,
        timeout=7200,
    )
    assert re.search(r"^optimal: tau = (\d+), bound \1; 1000341504 learners", ran.stdout, re.M)
    peaks = re.search(r"caller (\S+) GB, worker (\S+) GB", ran.stdout)
    assert peaks
    assert max(map(float, peaks.groups())) < 4 * 2**30 / 1e9
