"""Clocks, checks and instances that the parts share."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from mel_fast.model.problem import Idle, Problem
from mel_fast.model.radio import Law
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import Status
from mel_fast.scenarios import NODE_POWER_W, TOTAL_BANDWIDTH_HZ, table1

T = TypeVar("T")

TABLE_LEARNERS = 20  # Table I's D = 60,000, B and P are for so many


class WrongAnswerError(AssertionError):
    """An answer that is not proved or not repeated."""


def check(holds: object, words: str) -> None:
    """Refuse a wrong answer."""
    if not holds:
        raise WrongAnswerError(words)


@dataclass(frozen=True)
class Timing:
    """Seconds of several runs of the same thing; CPU seconds are of all threads together."""

    wall_s: tuple[float, ...]
    cpu_s: tuple[float, ...]

    @property
    def best_s(self) -> float:
        """Shortest run: what the machine can do when nobody else uses it."""
        return min(self.wall_s)

    @property
    def median_s(self) -> float:
        """Median run."""
        return float(np.median(self.wall_s))

    @property
    def best_cpu_s(self) -> float:
        """Least CPU time of a run, which other users of the machine hardly change."""
        return min(self.cpu_s)


def timed(work: Callable[[], T], runs: int) -> tuple[list[T], Timing]:
    """Do the work several times; return all answers and the times."""
    answers, wall, cpu = [], [], []
    for _ in range(runs):
        begin, begin_cpu = time.perf_counter(), time.process_time()
        answers.append(work())
        wall.append(time.perf_counter() - begin)
        cpu.append(time.process_time() - begin_cpu)
    return answers, Timing(tuple(wall), tuple(cpu))


def grown(learners: int, law: Law = "density", idle: Idle = "served", seed: int = 0) -> Problem:
    """Table I with samples and budgets in proportion to K: 3000 samples a learner.

    Among so many Rayleigh channels some are too weak to return the model at all, and one such
    learner makes the served reading infeasible: those whose return would take more than a third of
    the cycle get the channel of another learner.
    """
    growth = learners / TABLE_LEARNERS
    drawn = table1(
        learners=learners,
        seed=seed,
        law=law,
        idle=idle,
        samples=3000 * learners,
        bandwidth_hz=TOTAL_BANDWIDTH_HZ * growth,
        power_w=NODE_POWER_W * growth,
        noise_bandwidth_hz=TOTAL_BANDWIDTH_HZ if law == "fixed" else None,
    )
    weak = drawn.task.model_bits / drawn.return_rates() > drawn.cycle_s / 3
    strong = np.flatnonzero(~weak)
    gain = drawn.learners.gain.copy()
    gain[weak] = gain[np.resize(strong, np.count_nonzero(weak))]
    return drawn.replace(learners=drawn.learners.replace(gain=gain))


def check_plans(plans: list[Plan], what: str) -> Plan:
    """Check that all plans are optimal and the same to the bit; return the first."""
    first = plans[0]
    check(first.status is Status.OPTIMAL, f"{what}: status {first.status}, must be optimal")
    for plan in plans[1:]:
        same = plan.tau == first.tau and plan.bound == first.bound
        for name in ("samples", "bandwidth_hz", "power_w"):
            same = same and np.array_equal(getattr(plan, name), getattr(first, name))
        check(same, f"{what}: two runs differ")
    return first
