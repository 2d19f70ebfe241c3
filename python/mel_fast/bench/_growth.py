"""Time and memory from ten learners to ten million, each size in a process of its own."""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from mel_fast.bench._measure import check, check_plans, grown, timed
from mel_fast.model.problem import IDLES, Idle, Problem
from mel_fast.solve.single import solve

OUTPUT_BYTES = 24  # a learner: samples, bandwidth, power
_LEAST_FOR_MEMORY = 100_000  # below, pages and the allocator's own hide what a learner takes
_STOP_AFTER_S = 0.05
_RETURN_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}


def measure(*, quick: bool, threads: int) -> list[dict[str, Any]]:
    """Return a row for each size and reading of idle learners (density law)."""
    top = 5 if quick else 7
    sizes = [10**exponent for exponent in range(1, top + 1)]
    return [_apart(size, idle, threads) for idle in IDLES for size in sizes]


def _apart(learners: int, idle: Idle, threads: int) -> dict[str, Any]:
    times = _child("time", learners, idle, threads)
    return {**times, **_child("memory", learners, idle, threads)}


def _child(what: str, learners: int, idle: Idle, threads: int) -> dict[str, Any]:
    command = [sys.executable, "-m", __name__, what, str(learners), idle, str(threads)]
    # Where memory is measured, what is freed goes back to the system at once.
    settings = _RETURN_MEMORY if what == "memory" else {}
    child = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **settings}
    )
    check(child.returncode == 0, f"K = {learners}, {idle}: {child.stderr.strip()[-300:]}")
    found: dict[str, Any] = json.loads(child.stdout)
    return found


def _memory(learners: int, idle: Idle, threads: int) -> dict[str, Any]:
    made = grown(learners, idle=idle)
    inputs = (made.task, made.learners, made.radio, made.cycle_s, made.idle)
    del made  # with the core's own columns: they are no inputs
    solve(grown(10, idle=idle), threads=threads)  # what is loaded once is not counted
    before = _resident_bytes("VmRSS")
    _forget_peak()  # the peak begins anew from what is resident now
    plan = solve(Problem(*inputs), threads=threads)
    after = _resident_bytes("VmHWM")
    check_plans([plan], f"K = {learners}, {idle}")
    peak = None if before is None or after is None else after - before
    if peak is None or learners < _LEAST_FOR_MEMORY:
        return {"bytes_a_learner_beyond": None}
    return {"bytes_a_learner_beyond": peak / learners - OUTPUT_BYTES}


def _times(learners: int, idle: Idle, threads: int) -> dict[str, Any]:
    problem = grown(learners, idle=idle)
    plans = [solve(problem, threads=threads)]
    runs, timing = timed(lambda: solve(problem, threads=threads), _runs(plans[0].elapsed_s))
    plan = check_plans([*plans, *runs], f"K = {learners}, {idle}")
    return {
        "learners": learners,
        "idle": idle,
        "threads": threads,
        "tau": plan.tau,
        "passes": plan.passes,
        "best_s": timing.best_s,
        "median_s": timing.median_s,
        "cpu_s": timing.best_cpu_s,
        "ns_a_learner": timing.best_s / learners * 1e9,
        "return_after_stop_ms": _stop_latency_ms(problem, threads),
    }


def _runs(seconds: float) -> int:
    return int(np.clip(2.0 / max(seconds, 1e-9), 3, 200))


def _stop_latency_ms(problem: Problem, threads: int) -> float | None:
    """Time from the callback's stop to the return; None where the solver was done before."""
    said: list[float] = []

    def stop(*progress: float) -> bool:
        if progress[-1] < _STOP_AFTER_S:
            return False
        said.append(time.perf_counter())
        return True

    solve(problem, threads=threads, callback=stop)
    return (time.perf_counter() - said[0]) * 1e3 if said else None


def _resident_bytes(field: str) -> int | None:
    """Return VmRSS or VmHWM, None where the system does not tell."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) * 1024
    return None


def _forget_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def main() -> None:
    """Measure one size and print its numbers as JSON."""
    measures = {"time": _times, "memory": _memory}
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=measures)
    parser.add_argument("learners", type=int)
    parser.add_argument("idle", choices=IDLES)
    parser.add_argument("threads", type=int)
    words = parser.parse_args()
    print(json.dumps(measures[words.what](words.learners, words.idle, words.threads)))


if __name__ == "__main__":
    main()
