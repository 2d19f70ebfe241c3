"""How one round is planned: who can take part, what is known of them, what they get."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mel_fast._base.validation import LARGEST, MAX_INTEGER, SMALLEST, FloatColumn
from mel_fast.campaigns import most
from mel_fast.model.learners import Learners
from mel_fast.model.payload import Payload, payload_of
from mel_fast.model.problem import Idle, Problem
from mel_fast.model.radio import Radio
from mel_fast.model.task import LearningTask
from mel_fast.orchestrate.estimates.links import Cycle, cycle_of
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import Scheme, Status
from mel_fast.solve.single import solve

_FASTEST = 2.0**52  # times through a sample: no estimate may leave what a problem takes

Start = tuple[float, float, float]
"""Tau and the prices of a hertz and a watt at which a search ended."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What stays the same from round to round."""

    task: LearningTask
    radio: Radio
    cycle_s: float
    idle: Idle
    scheme: Scheme
    threads: int
    time_limit_s: float | None


@dataclass(frozen=True, slots=True)
class Asked:
    """One round's question: learners as they are expected to be, in the order of the fleet."""

    settings: Settings
    columns: Mapping[str, Any]
    payload: Payload | None

    def problem(self, gain: FloatColumn, speed: FloatColumn, samples: int | None = None) -> Problem:
        """Return the problem with other gains and speeds."""
        task = self.settings.task
        whole = payload_of(task, self.payload)
        fastest = _FASTEST * np.asarray(whole.flops_per_sample) / self.settings.cycle_s
        speed = np.clip(np.minimum(speed, fastest), SMALLEST, LARGEST)
        columns = {**self.columns, "gain": gain, "flops_per_s": speed}
        if "min_flops_per_s" in columns:  # who is slower than it said is at its slowest, too
            columns["min_flops_per_s"] = np.minimum(columns["min_flops_per_s"], speed)
        return Problem(
            task if samples is None else task.replace(samples=samples),
            Learners(**columns),
            self.settings.radio,
            self.settings.cycle_s,
            self.settings.idle,
            self.payload,
        )

    def cycle(self, plan: Plan) -> Cycle:
        """Return what the learners' times under a plan follow from."""
        given, pace = plan.allocation, plan.flops_per_s
        assert pace is not None
        return cycle_of(
            self.settings.radio,
            plan.problem.payload,
            self.columns,
            plan.tau,
            given.samples,
            given.bandwidth_hz,
            given.power_w,
            self.settings.cycle_s,
            pace / plan.problem.learners.flops_per_s,
        )

    def take(self, places: Any) -> "Asked":
        """Ask about some of the learners."""
        columns = {name: column[places] for name, column in self.columns.items()}
        payload = None if self.payload is None else self.payload.take(places)
        return replace(self, columns=columns, payload=payload)

    def excused(self) -> "Asked":
        """Ask the same with whoever has no samples taking no part."""
        return replace(self, settings=replace(self.settings, idle="excused"))


@dataclass(frozen=True, slots=True)
class Found:
    """A plan for the learners asked about, and what could not be had."""

    plan: Plan
    asked: Asked
    reasons: tuple[str, ...]


def plan_for(
    asked: Asked, gain: FloatColumn, speed: FloatColumn, last: Plan | Start | None
) -> Found | None:
    """Plan all of the task, or, where that cannot be, as much of it as fits; None for nothing.

    A fleet that cannot be served as a whole is planned with whoever can take part.
    """
    settings = asked.settings
    start = _at(last, asked.problem(gain, speed)) if isinstance(last, tuple) else last
    words: dict[str, Any] = {
        "scheme": settings.scheme,
        "threads": settings.threads,
        "time_limit_s": settings.time_limit_s,
    }
    plan = solve(asked.problem(gain, speed), start=start, **words)
    if plan:
        return Found(plan, asked, ())
    why = plan.reasons[:1]
    reading = asked
    if settings.idle == "served":
        reading = asked.excused()
        plan = solve(reading.problem(gain, speed), start=start, **words)
        if plan:
            said = "not everybody can be served: whoever cannot sits out"
            return Found(plan, reading, (said, *why))
    problem = reading.problem(gain, speed)
    if problem.learners.min_samples is not None:  # minima that cannot be kept are given up
        columns = {name: c for name, c in asked.columns.items() if name != "min_samples"}
        reading = replace(reading, columns=columns)
        problem = reading.problem(gain, speed)
    found = most(problem, 1, start=start, **words)
    if found.plan is None:
        return None
    said = f"the fleet holds {found.value:,} of {settings.task.samples:,} samples in this round"
    return Found(found.plan, reading, (said, *why))


def _at(prices: Start, problem: Problem) -> Plan:
    """Return a claim without a plan whose search ended at some prices: where to begin."""
    leaf = {"lambda_per_hz": prices[1], "mu_per_w": prices[2]}
    tau = min(int(prices[0]), MAX_INTEGER)
    certificate = {"tau": tau + 1, "rule": "prices", "tree": [leaf]}
    return Plan(problem, status=Status.UNDECIDED, tau=0, bound=tau, certificate=certificate)
