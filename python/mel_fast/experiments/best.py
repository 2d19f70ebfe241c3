"""What is best: the proved optimum beside the baselines and beside simple rules, over K."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mel_fast import scenarios
from mel_fast.experiments.rules import Allocation, equal_split, proportional_fair
from mel_fast.experiments.tau import Step
from mel_fast.model.problem import Problem
from mel_fast.plans.status import Scheme, Status
from mel_fast.solve.single import solve

LEARNERS = (5, 10, 20, 50, 100, 1000, 10_000)
SETTINGS = tuple(
    (idle, budgets) for budgets in ("fixed", "per_learner") for idle in ("served", "excused")
)
CYCLE_S = 30.0

#: Seconds for one plan; K = 10,000 needs some.
LIMIT_S = 20.0

Method = Callable[[Problem], tuple[int, bool, int]]


def _proved(scheme: Scheme) -> Method:
    def method(problem: Problem) -> tuple[int, bool, int]:
        plan = solve(problem, scheme=scheme, time_limit_s=LIMIT_S)
        active = 0 if plan.samples is None else int(np.count_nonzero(plan.samples))
        return plan.tau, plan.status in (Status.OPTIMAL, Status.INFEASIBLE), active

    return method


def _by(rule: Callable[[Problem], Allocation]) -> Method:
    def method(problem: Problem) -> tuple[int, bool, int]:
        found = rule(problem)
        return found.tau, True, int(np.count_nonzero(found.samples))

    return method


METHODS: dict[str, Method] = {
    "joint": _proved("joint"),
    "task_only": _proved("task_only"),
    "resource_only": _proved("resource_only"),
    "equal_split": _by(equal_split),
    "proportional_fair": _by(proportional_fair),
}


def draws_for(learners: int, draws: int) -> int:
    """Fewer draws where K is large: the median moves little and every draw costs more."""
    return min(draws, max(5, 20_000 // learners))


def rows(*, draws: int, seed: int, largest: int, step: Step) -> list[dict[str, Any]]:
    """Median tau of every method for every K up to ``largest`` and every setting, T = 30 s."""
    found = []
    for idle, budgets in SETTINGS:
        for learners in (k for k in LEARNERS if k <= largest):
            count = draws_for(learners, draws)
            batch = scenarios.table1_draws(
                count,
                learners,
                CYCLE_S,
                seed,
                idle=idle,  # type: ignore[arg-type]
                budgets=budgets,  # type: ignore[arg-type]
            )
            problems = [batch.problem(i) for i in range(count)]
            row: dict[str, Any] = {
                "budgets": budgets,
                "idle": idle,
                "learners": learners,
                "draws": count,
            }
            unproved, active = 0, 0
            for name, method in METHODS.items():
                outcome = [method(problem) for problem in problems]
                taus = np.array([tau for tau, _, _ in outcome])
                row[name] = int(np.quantile(taus, 0.5, method="inverted_cdf"))
                unproved += sum(not proved for _, proved, _ in outcome)
                if name == "joint":
                    working = np.array([learning for _, _, learning in outcome])
                    active = int(np.quantile(working, 0.5, method="inverted_cdf"))
                step()
            found.append(row | {"joint_active": active, "unproved": unproved})
    return found


def steps(largest: int) -> int:
    """How often :func:`rows` calls ``step``."""
    return len(SETTINGS) * len(METHODS) * sum(k <= largest for k in LEARNERS)
