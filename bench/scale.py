"""Sweeps through an executor, and one problem in shards: the numbers of docs/scale.md.

    python bench/scale.py sweep [draws]                 # in process, and through Dask, in one run
    python bench/scale.py shards [shards] [workers]     # shards of 2^20 generated learners
    python bench/scale.py check [learners]              # what the sharded check takes
    python bench/scale.py growth [exponent]             # all three from 10^4 learners on, a figure

Processor seconds stand beside wall time: they hardly change when others use the machine.
"""

import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

import mel_fast as mel

SHARD = 2**20
TOGETHER = 10**7  # learners that growth solves in one piece, too
FIGURE = "docs/figures/scale.png"


@dataclass(frozen=True)
class Drawn:
    """Learners of a shard, drawn from its number."""

    number: int
    size: int = SHARD

    def __call__(self) -> mel.Learners:
        """Return them, the same each time."""
        rng = np.random.default_rng(self.number)
        return mel.Learners(
            flops_per_s=np.where(np.arange(self.size) % 2, 2.4e9, 0.7e9),
            gain=10 ** rng.uniform(-12, -10, self.size),
            return_bandwidth_hz=5e6,
            return_power_w=0.2,
        )


def cpu_s() -> float:
    """Return processor seconds of this process and of those that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def timed(name: str, work: Any) -> tuple[Any, float]:
    """Print how long something took."""
    begin, before = time.perf_counter(), cpu_s()
    found = work()
    seconds = time.perf_counter() - begin
    print(f"{name}: {seconds:.1f} s of wall time, {cpu_s() - before:.1f} s of processor")
    return found, seconds


def sweep(draws: int) -> None:
    """Draw and solve Table I with twenty learners."""
    from distributed import Client, LocalCluster

    over = {"draw": range(draws)}
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        engine = client.get_executor()
        mel.sweep("table1", {"draw": range(4000)}, executor=engine)  # the workers import
        plain, here = timed(
            f"{draws} draws in process, 2 threads", lambda: mel.sweep("table1", over, threads=2)
        )
        far, there = timed(
            f"{draws} draws on 2 Dask workers",
            lambda: mel.sweep("table1", over, executor=engine),
        )
    assert (plain["tau"] == far["tau"]).all()
    rates = f"{draws / here:,.0f} and {draws / there:,.0f} draws a second"
    print(f"{rates}; Dask at {here / there:.2f} of the rate in process")


def shards(count: int, workers: int) -> None:
    """Solve one problem of generated learners."""
    size = count * SHARD
    task = mel.scenarios.table1(learners=20).task.replace(samples=3000 * size)
    radio = mel.Radio(bandwidth_hz=5e6 * size, power_w=0.01 * size, noise_density_w_per_hz=4e-21)
    given = [Drawn(number) for number in range(count)]

    told = [-1]

    def tell(tau: int, bound: int, passes: int, elapsed_s: float) -> None:
        if passes != told[0]:
            told[0] = passes
            words = f"{elapsed_s:.0f} s: {passes} passes, tau = {tau}, bound = {bound}"
            print(words, file=sys.stderr, flush=True)

    def solve(executor: Any = None) -> mel.ShardedPlan:
        return mel.solve_sharded(given, task, radio, 30.0, executor=executor, callback=tell)

    def on_workers() -> mel.ShardedPlan:
        with ProcessPoolExecutor(workers) as pool:
            return solve(pool)

    plan, _ = timed(f"{size} learners", on_workers if workers else solve)
    peaks = [resource.getrusage(who).ru_maxrss for who in (0, resource.RUSAGE_CHILDREN)]
    print(plan.summary())
    print(f"peak resident memory: caller {peaks[0] / 1e6:.2f} GB, worker {peaks[1] / 1e6:.2f} GB")


def check(learners: int) -> None:
    """Check a plan shard by shard."""
    task = mel.scenarios.table1(learners=20).task.replace(samples=3000 * learners)
    radio = mel.Radio(
        bandwidth_hz=5e6 * learners, power_w=0.01 * learners, noise_density_w_per_hz=4e-21
    )
    given = [Drawn(0, learners)]
    plan = mel.solve_sharded(given, task, radio, 30.0, together=0)
    verdict, seconds = timed(
        f"{learners} learners checked", lambda: mel.verify_sharded(given, plan, together=0)
    )
    print(f"{verdict}\n{1e6 * seconds / learners:.0f} us a learner")


def problem_of(learners: int) -> tuple[mel.LearningTask, mel.Radio, list[Drawn]]:
    """Return a task and a radio in proportion to the learners, and these in shards."""
    task = mel.scenarios.table1(learners=20).task.replace(samples=3000 * learners)
    radio = mel.Radio(
        bandwidth_hz=5e6 * learners, power_w=0.01 * learners, noise_density_w_per_hz=4e-21
    )
    starts = range(0, learners, SHARD)
    drawn = [Drawn(n, min(SHARD, learners - begin)) for n, begin in enumerate(starts)]
    return task, radio, drawn


def spent(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what was found and the processor seconds it took, of ended children too."""
    before = cpu_s()
    found = work()
    return found, cpu_s() - before


def growth(exponent: int) -> None:
    """Measure from 10^4 learners to 10^exponent, and draw nanoseconds of processor a learner."""
    rows: dict[str, list[tuple[int, float]]] = {"solve": [], "solve_sharded": [], "check": []}
    for power in range(4, exponent + 1):
        learners = 10**power
        task, radio, given = problem_of(learners)
        times = {}
        if learners <= TOGETHER:
            parts = [shard() for shard in given]
            columns = {
                name: np.concatenate([part.columns()[name] for part in parts])
                for name in parts[0].columns()
            }
            whole = mel.Problem(task, mel.Learners(**columns), radio, 30.0, idle="excused")
            runs = [spent(lambda whole=whole: mel.solve(whole)) for _ in range(3)]
            assert runs[0][0].status == "optimal"
            times["solve"] = min(seconds for _, seconds in runs)
            del whole, runs, parts, columns

        def solved(given: Any = given, task: Any = task, radio: Any = radio) -> mel.ShardedPlan:
            if len(given) < 20:
                return mel.solve_sharded(given, task, radio, 30.0, together=0)
            with ProcessPoolExecutor(2) as pool:
                return mel.solve_sharded(given, task, radio, 30.0, executor=pool)

        def checked(plan: Any, given: Any = given) -> mel.Verdict:
            if len(given) < 20:
                return mel.verify_sharded(given, plan, together=0)
            with ProcessPoolExecutor(2) as pool:
                return mel.verify_sharded(given, plan, executor=pool)

        plan, times["solve_sharded"] = spent(solved)
        verdict, times["check"] = spent(lambda plan=plan: checked(plan))
        assert plan.status == "optimal", plan.summary()
        assert verdict.ok, str(verdict)
        for name, seconds in times.items():
            rows[name].append((learners, seconds))
            each = f"{seconds:.3f} s of processor, {1e9 * seconds / learners:.0f} ns a learner"
            print(f"{learners:.0e} learners, {name}: {each}; {plan.passes} passes", flush=True)
    draw(rows)


def draw(rows: dict[str, list[tuple[int, float]]]) -> None:
    """Draw processor time a learner over the number of learners."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 3.6), layout="constrained")
    words = {
        "solve": "solve, in memory",
        "solve_sharded": "solve_sharded, shards made from seeds",
        "check": "verify_sharded, made again",
    }
    for (name, points), marker in zip(rows.items(), "os^", strict=True):
        learners, seconds = np.array(points).T
        axes.loglog(learners, 1e9 * seconds / learners, marker=marker, label=words[name])
    axes.set_xlabel("learners")
    axes.set_ylabel("processor time, ns a learner")
    axes.grid(which="both", alpha=0.3)
    axes.legend()
    figure.savefig(FIGURE, dpi=150)


if __name__ == "__main__":
    what, *numbers = sys.argv[1:] or ["shards"]
    given = [int(float(number)) for number in numbers]
    if what == "sweep":
        sweep(*(given or [1_000_000]))
    elif what == "growth":
        growth(*(given or [7]))
    elif what == "check":
        check(*(given or [20_000]))
    else:
        shards(*([*given, *[8, 2][len(given) :]]))
