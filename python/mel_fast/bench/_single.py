"""One small problem through Python, and what importing costs."""

import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np

from mel_fast.bench._measure import check_plans
from mel_fast.plans.status import SCHEMES
from mel_fast.scenarios import table1
from mel_fast.solve.single import solve

_IMPORT = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"


def measure(*, quick: bool, threads: int) -> list[dict[str, Any]]:
    """Return a row for each scheme at K = 10 and K = 20, then one for the import."""
    rows: list[dict[str, Any]] = []
    for learners in (10, 20):
        problem = table1(learners=learners)
        _ = problem._core  # made once a problem, shown on its own
        for scheme in SCHEMES:
            plans, micros = [], []
            for _ in range(300 if quick else 3000):
                begin = time.perf_counter_ns()
                plans.append(solve(problem, scheme=scheme))
                micros.append((time.perf_counter_ns() - begin) / 1e3)
            plan = check_plans(plans, f"K = {learners}, {scheme}")
            rows.append(
                {
                    "learners": learners,
                    "scheme": scheme,
                    "tau": plan.tau,
                    "bound": plan.bound,
                    "call_us": float(np.median(micros)),
                    "core_us": float(np.median([p.elapsed_s for p in plans])) * 1e6,
                    "call_us_90": float(np.quantile(micros, 0.9)),
                }
            )
    rows.append({"import_mel_fast_s": _import("mel_fast"), "import_numpy_s": _import("numpy")})
    return rows


def _import(module: str) -> float:
    """Seconds to import a module in a fresh interpreter, median of five."""
    command = [sys.executable, "-c", _IMPORT.format(module)]
    runs = [subprocess.run(command, capture_output=True, check=True, text=True) for _ in range(5)]
    return statistics.median(float(run.stdout) for run in runs)
