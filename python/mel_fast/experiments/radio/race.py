"""Measure rounds, choose a campaign and its rivals, let all of them train."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil, inf
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mel_fast.campaigns import campaign
from mel_fast.experiments.radio.runs import Run, Seen
from mel_fast.experiments.radio.setting import LEVELS, Setting
from mel_fast.experiments.rules import shared
from mel_fast.experiments.training import all_of
from mel_fast.learning import DataError, Dataset
from mel_fast.model.payload import Payload
from mel_fast.model.problem import Problem
from mel_fast.model.times import evaluate
from mel_fast.planning import least

MARGIN = 1.1
"""Bits that are planned for, in parts of the largest message of the runs that measure."""

BEYOND = 1.4
"""Cycles that a racer is given, in parts of the rounds that it is expected to need."""


class Told(Protocol):
    """Begin a task of a number of steps; the result is to be called at each."""

    def __call__(self, name: str, steps: int) -> Callable[[], Any]:
        """Begin it."""
        ...


@dataclass(frozen=True)
class Measured:
    """A level: bits planned for, and the rounds to the target for each tau (infinite: never)."""

    bits_down: int
    bits_up: int
    rounds: dict[int, float]

    @property
    def payload(self) -> Payload:
        """What is sent; the flops are the task's."""
        return Payload(send_bits=self.bits_down, return_bits=self.bits_up)


@dataclass(frozen=True)
class Racer:
    """What one of the rivals does: a level, tau, the cycle that it needs, and d_k."""

    name: str
    level: str
    tau: int
    cycle_s: float
    rounds: float
    samples: tuple[int, ...]

    @property
    def total_s(self) -> float:
        """Seconds that the measured rounds take."""
        return self.rounds * self.cycle_s


@dataclass(frozen=True)
class Raced:
    """A racer, and what its runs saw, one for each seed."""

    racer: Racer
    seen: tuple[Seen, ...]

    def accuracy(self) -> NDArray[np.float64]:
        """Shape (seeds, cycles + 1)."""
        return np.array([run.accuracy for run in self.seen])

    def times_to(self, accuracy: float) -> list[float | None]:
        """Seconds of each run until the accuracy is first seen; None if never."""
        cycles = [run.cycles_to(accuracy) for run in self.seen]
        return [None if at is None else at * self.racer.cycle_s for at in cycles]


def measured(
    setting: Setting, data: Dataset, jobs: int, folder: Path, told: Told
) -> dict[str, Measured]:
    """Train every level with every tau on held-out samples: rounds to the target, and bits."""
    problem = setting.problem()
    split = {tau: tuple(_split(problem, tau)) for tau in setting.taus}
    runs = {
        (name, tau, seed): _run(setting, name, tau, split[tau], seed, cycles, folder, stop=True)
        for name in setting.levels
        for tau, cycles in zip(setting.taus, setting.cycles, strict=True)
        for seed in setting.measuring
    }
    step = told("rounds to the target", len(runs))
    done = all_of(list(runs.values()), setting.measured_on(data), jobs, step)
    found = {}
    for name in setting.levels:
        mine = {key[1:]: done[run.name] for key, run in runs.items() if key[0] == name}
        rounds = {}
        for tau in setting.taus:
            needed = [mine[tau, seed].cycles_to(setting.target) for seed in setting.measuring]
            rounds[tau] = (
                inf if None in needed else float(np.mean([max(1, n or 0) for n in needed]))
            )
        margin = 1.0 if LEVELS[name] is None else MARGIN
        down = margin * max(seen.bits_down for seen in mine.values())
        up = margin * max(seen.bits_up for seen in mine.values())
        found[name] = Measured(ceil(down), ceil(up), rounds)
    return found


def racers(setting: Setting, levels: dict[str, Measured]) -> list[Racer]:
    """Return the chosen campaign, and the best of each rival under the same measured rounds."""
    problem = setting.problem()
    found = [
        _joint(name, problem, {level: levels[level] for level in among})
        for name, among in (
            ("chosen", tuple(levels)),
            ("joint plan, 8-bit", ("8-bit",)),
            ("joint plan, float32", ("float32",)),
        )
    ]
    equal = [_equal(problem, level, tau, levels[level]) for level in levels for tau in setting.taus]
    return [*found, min(equal, key=lambda racer: racer.total_s)]


def raced(
    setting: Setting, found: Iterable[Racer], data: Dataset, jobs: int, folder: Path, told: Told
) -> list[Raced]:
    """Train all racers on all seeds and score them on the test data."""
    racing = list(found)
    runs = {
        (racer.name, seed): _run(
            setting,
            racer.level,
            racer.tau,
            racer.samples,
            seed,
            ceil(BEYOND * racer.rounds) + 1,
            folder,
            stop=False,
        )
        for racer in racing
        for seed in setting.racing
    }
    step = told("the race", len(set(runs.values())))
    done = all_of(list(set(runs.values())), setting.raced_on(data), jobs, step)
    return [
        Raced(racer, tuple(done[runs[racer.name, seed].name] for seed in setting.racing))
        for racer in racing
    ]


def _run(
    setting: Setting,
    level: str,
    tau: int,
    samples: tuple[int, ...],
    seed: int,
    cycles: int,
    folder: Path,
    *,
    stop: bool,
) -> Run:
    return Run(
        tau,
        samples,
        LEVELS[level],
        seed,
        cycles,
        setting.target if stop else None,
        setting.hidden,
        setting.batch,
        setting.learning_rate,
        folder,
    )


def _split(problem: Problem, tau: int) -> list[int]:
    plan = least(problem, tau, "cycle_s").plan
    assert plan is not None
    assert plan.samples is not None
    return [int(count) for count in plan.samples]


def _joint(name: str, problem: Problem, levels: dict[str, Measured]) -> Racer:
    asked = {level: (one.payload, one.rounds) for level, one in levels.items()}
    best = campaign(problem, None, asked)
    if best.plan is None or best.plan.samples is None or best.level is None:
        raise DataError(f"{name}: the target was reached in none of the measured runs")
    samples = tuple(int(count) for count in best.plan.samples)
    return Racer(name, best.level, best.tau, best.cycle_s, best.rounds, samples)


def _equal(problem: Problem, level: str, tau: int, one: Measured) -> Racer:
    """Everyone D/K samples, B/K and P/K; the cycle lasts until the slowest has returned."""
    count = len(problem.learners)
    samples = shared(problem.task.samples, np.ones(count))
    times = evaluate(
        problem.replace(payload=one.payload),
        tau,
        samples,
        np.full(count, problem.radio.bandwidth_hz / count),
        np.full(count, problem.power_budget_w / count),
    )
    cycle_s = float((times.send_s + times.compute_s + times.return_s).max())
    return Racer("equal shares", level, tau, cycle_s, one.rounds[tau], tuple(samples.tolist()))
