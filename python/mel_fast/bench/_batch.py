"""Many small problems: Monte-Carlo over Table I."""

from typing import Any

import numpy as np

from mel_fast.bench._measure import check, timed
from mel_fast.model.problem import Idle
from mel_fast.scenarios import table1_draws
from mel_fast.solve.many import Batch, Plans, solve_many


def measure(*, quick: bool, threads: int) -> list[dict[str, Any]]:
    """Return a row for each number of learners and reading of idle learners."""
    draws = 5_000 if quick else 100_000
    cases: list[tuple[int, Idle]] = [(10, "served"), (20, "served"), (10, "excused")]
    return [_row(draws, learners, idle, threads) for learners, idle in cases]


def _row(draws: int, learners: int, idle: Idle, threads: int) -> dict[str, Any]:
    made, making = timed(lambda: table1_draws(draws, learners=learners, idle=idle), 1)
    batch = Batch.from_draws(made[0])
    runs, time = timed(lambda: solve_many(batch, threads=threads), 3)
    _, alone = timed(lambda: runs.append(solve_many(batch, threads=1)), 1)
    plans = _checked(runs, f"batch, K = {learners}, {idle}")
    found = plans.tau > 0
    return {
        "draws": draws,
        "learners": learners,
        "idle": idle,
        "threads": threads,
        "optimal": int(np.count_nonzero(plans.status == "optimal")),
        "infeasible": int(np.count_nonzero(plans.status == "infeasible")),
        "tau_median": float(np.median(plans.tau)),
        "tau_sum": int(plans.tau[found].sum()),
        "best_s": time.best_s,
        "median_s": time.median_s,
        "rate_per_s": draws / time.best_s,
        "cpu_us_a_row": time.best_cpu_s / draws * 1e6,
        "core_us_a_row": float(np.median(plans.elapsed_s)) * 1e6,
        "one_thread_s": alone.best_s,
        "drawing_s": making.best_s,
    }


def _checked(runs: list[Plans], what: str) -> Plans:
    first = runs[0]
    proved = np.isin(first.status, ("optimal", "infeasible"))
    check(proved.all(), f"{what}: {np.count_nonzero(~proved)} rows are not proved")
    check((first.bound == first.tau).all(), f"{what}: a bound differs from its tau")
    for other in runs[1:]:
        for name in ("tau", "bound", "samples", "bandwidth_hz", "power_w"):
            same = np.array_equal(getattr(first, name), getattr(other, name))
            check(same, f"{what}: {name} differs between runs or numbers of threads")
    return first
