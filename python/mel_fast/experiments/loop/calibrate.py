"""Promises against what was kept: the confidence asked for, and simple margins beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mel_fast import scenarios
from mel_fast.experiments.loop.compare import CYCLE_S, LEARNERS
from mel_fast.experiments.loop.world import DEADLINE, Array
from mel_fast.model.problem import Problem
from mel_fast.model.times import evaluate
from mel_fast.orchestrate import Fleet, Orchestrator, Round
from mel_fast.plans.plan import Plan
from mel_fast.solve.single import solve

DRIFTS_DB = (1.0, 2.0, 3.0)
ASKED = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99)
MARGINS = (("no margin", 1.0, 0.0), ("0.8 T", 0.8, 0.0), ("3 dB", 1.0, 3.0), ("6 dB", 1.0, 6.0))

_DRAWS = 400
_LEARNT_AFTER = 25  # rounds


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of one promise: means over seeds and draws."""

    what: str
    drift_db: float
    asked: float | None
    tau: float
    kept: float
    """Share of rounds in which all were in time."""
    lost: float
    """Share of the samples."""
    work: float
    """tau times the share of the samples in time, the mean of the product."""


def _outcome(planned: Round, problem: Problem, factors: Array) -> Any:
    dealt, learners = planned.assignments, problem.learners
    called = [int(name) for name in dealt.names]
    gains = (learners.gain * factors)[:, called]
    send, compute, back = dealt.cycle.times(gains, learners.flops_per_s[called])
    late = send + compute + back > problem.cycle_s * DEADLINE
    lost = 1.0 - (~late * dealt.samples).sum(axis=1) / problem.task.samples
    return planned.tau, np.mean(~late.any(axis=1)), lost.mean(), planned.tau * (1.0 - lost.mean())


def _factors(drift_db: float, seed: int, draws: int = _DRAWS) -> Array:
    rng = np.random.default_rng([seed, round(drift_db * 1000)])
    return np.asarray(10.0 ** (0.1 * drift_db * rng.standard_normal((draws, LEARNERS))))


def _problem(seed: int) -> Problem:
    return scenarios.table1(learners=LEARNERS, cycle_s=CYCLE_S, seed=seed)


def simple_margins(seeds: int, drifts_db: Sequence[float] = DRIFTS_DB) -> list[Kept]:
    """Plan with a shorter deadline, or with lower gains, and let the gains drift."""
    found = []
    for what, share, lower_db in MARGINS:
        for drift in drifts_db:
            rows = []
            for seed in range(seeds):
                problem = _problem(seed)
                gain = problem.learners.gain * 10.0 ** (-0.1 * lower_db)
                asked = problem.replace(learners=problem.learners.replace(gain=gain))
                plan = solve(asked.with_budgets(cycle_s=share * CYCLE_S))
                rows.append(_drifted(problem, plan, _factors(drift, seed)))
            found.append(Kept(what, drift, None, *np.mean(rows, axis=0).tolist()))
    return found


def _drifted(problem: Problem, plan: Plan, factors: Array) -> Any:
    given, rows = plan.allocation, []
    for factor in factors[:: max(len(factors) // 100, 1)]:
        now = problem.learners.replace(gain=problem.learners.gain * factor)
        times = evaluate(
            problem.replace(learners=now), plan.tau, given.samples, given.bandwidth_hz,
            given.power_w,
        )  # fmt: skip
        late = times.total_s > CYCLE_S * DEADLINE
        lost = given.samples[late].sum() / problem.task.samples
        rows.append((plan.tau, not late.any(), lost, plan.tau * (1.0 - lost)))
    return np.mean(rows, axis=0)


def promised(
    seeds: int, rounds: int, drift_db: float, *, learnt: bool = False, **words: Any
) -> Kept:
    """Let orchestrators play rounds in which gains drift; judge each plan by many more drifts.

    With `learnt` they are not told how much gains drift, and the first rounds are not counted.
    """
    rows, first = [], _LEARNT_AFTER if learnt else 0
    told: dict[str, Any] = {} if learnt else {"gain_drift_db": drift_db, "speed_drift": 0.0}
    for seed in range(seeds):
        problem = _problem(seed)
        loop = Orchestrator(
            Fleet(problem.learners), problem.task, problem.radio, CYCLE_S, "served",
            **told, **words,
        )  # fmt: skip
        one = _factors(drift_db, 1000 + seed, first + rounds)
        for number in range(first + rounds):
            planned = loop.plan_round()
            if number >= first:
                many = _factors(drift_db, seed * 1000 + number)
                rows.append(_outcome(planned, problem, many))
            _tell(loop, planned, problem, one[number])
    what = ("learnt" if learnt else "told") + (", most work" if "objective" in words else "")
    return Kept(what, drift_db, words.get("confidence"), *np.mean(rows, axis=0).tolist())


def _tell(loop: Orchestrator, planned: Round, problem: Problem, factor: Array) -> None:
    dealt = planned.assignments
    called = [int(name) for name in dealt.names]
    gain, speed = problem.learners.gain * factor, problem.learners.flops_per_s
    times = dealt.cycle.times(gain[called], speed[called])
    for name, send, compute, back in zip(dealt.names, *times, strict=True):
        loop.observe(name, send_s=send, compute_s=compute, return_s=back)
    loop.close_round()
