"""A million learners in one problem, against one pass of numpy.log1p in the same process."""

from typing import Any

import numpy as np

from mel_fast.bench._measure import check_plans, grown, timed
from mel_fast.model.problem import Idle
from mel_fast.model.radio import Law
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import Status
from mel_fast.solve.single import solve

LIMIT_S = 20.0

_CASES: tuple[tuple[Law, Idle], ...] = (
    ("density", "served"),
    ("density", "excused"),
    ("fixed", "served"),
    ("fixed", "excused"),
)


def measure(*, quick: bool, threads: int) -> list[dict[str, Any]]:
    """Return a row for each link law and reading of idle learners."""
    learners = 100_000 if quick else 1_000_000
    return [_row(learners, law, idle, threads) for law, idle in _CASES]


def log1p_pass_s(size: int) -> float:
    """Best time of `numpy.log1p` over so many float64, into an array that is there."""
    numbers = np.random.default_rng(0).random(size) * 100
    out = np.empty_like(numbers)
    _, time = timed(lambda: np.log1p(numbers, out=out), 30)
    return time.best_s


def _unproved(plan: Plan, threads: int, seconds: float) -> dict[str, Any]:
    """Return the row of a problem on which the limit came before the proof."""
    problem = plan.problem
    return {
        "learners": len(problem.learners),
        "law": problem.law,
        "idle": problem.idle,
        "threads": threads,
        "status": str(plan.status),
        "tau": plan.tau,
        "bound": plan.bound,
        "passes": plan.passes,
        "nodes": plan.nodes,
        "stopped_after_s": seconds,
    }


def _row(learners: int, law: Law, idle: Idle, threads: int) -> dict[str, Any]:
    problem = grown(learners, law, idle)
    first, warm = timed(lambda: solve(problem, threads=threads, time_limit_s=LIMIT_S), 1)
    if first[0].status in (Status.FEASIBLE, Status.UNDECIDED):
        return _unproved(first[0], threads, warm.best_s)
    plans, time = timed(lambda: solve(problem, threads=threads), 5)
    alone, one = timed(lambda: solve(problem, threads=1), 2)
    plan = check_plans([*first, *plans, *alone], f"K = {learners}, {law}, {idle}")
    reference = log1p_pass_s(learners)
    assert plan.samples is not None  # optimal
    return {
        "learners": learners,
        "law": law,
        "idle": idle,
        "threads": threads,
        "status": str(plan.status),
        "tau": plan.tau,
        "bound": plan.bound,
        "active": int(np.count_nonzero(plan.samples)),
        "passes": plan.passes,
        "nodes": plan.nodes,
        "best_s": time.best_s,
        "median_s": time.median_s,
        "cpu_s": time.best_cpu_s,
        "one_thread_s": one.best_s,
        "first_s": warm.best_s,
        "log1p_s": reference,
        "times_log1p": time.best_s / reference,
        "ns_a_learner": time.best_s / learners * 1e9,
        "ns_a_learner_and_pass": time.best_s / learners / plan.passes * 1e9,
    }
