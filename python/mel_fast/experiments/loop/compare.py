"""Strategies over many rounds: rounds kept, samples lost, work done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast import scenarios
from mel_fast.experiments.loop.world import DEADLINE, Array, Motion, World, drawn, seconds
from mel_fast.model.times import evaluate
from mel_fast.orchestrate import Fleet, Orchestrator, Round
from mel_fast.planning.policies import left_out
from mel_fast.solve.single import solve

EPOCHS = 5
"""Local cycles of federated averaging without a plan."""
LEARNERS, CYCLE_S = 20, 30.0
MOTION = Motion(walk_db=0.5, scatter_db=1.5, speed=0.05, failure=0.005)


@dataclass(frozen=True, slots=True)
class Ended:
    """How one round ended under one strategy."""

    tau: int
    arrived: NDArray[np.int64]
    """Samples behind each learner's model that came in time, shape (K,)."""
    kept: bool
    """Whether everybody with samples was in time."""
    ends_s: float


Strategy = Callable[[World], list[Ended]]


def _ended(world: World, tau: int, held: Any, total_s: Array, at: int, deadline_s: float) -> Ended:
    in_time = ~world.failed[at] & (total_s <= deadline_s * DEADLINE)
    kept = left_out(held, in_time, world.problem.task.samples)
    arrived = np.where(kept.arrived, held, 0)
    last = float(total_s[kept.arrived].max(initial=0.0))
    late = bool((held > 0).any() and kept.missing.size)
    every = not kept.missing.size and bool((total_s <= world.problem.cycle_s * DEADLINE).all())
    return Ended(tau, arrived, every, deadline_s if late else last)


def plan_once(world: World) -> list[Ended]:
    """Carry the first plan out again and again."""
    plan = solve(world.problem)
    given = plan.allocation
    return [
        _carried(world, at, plan.tau, given.samples, given.bandwidth_hz, given.power_w)
        for at in range(len(world.gain))
    ]


def _carried(
    world: World, at: int, tau: int, samples: Any, bandwidth: Any, power: Any, wait: float = 1.0
) -> Ended:
    problem = world.problem
    learners = problem.learners.replace(gain=world.gain[at], flops_per_s=world.speed[at])
    now = problem.replace(learners=learners)
    times = evaluate(now, tau, samples, bandwidth, power)
    return _ended(world, tau, samples, times.total_s, at, wait * problem.cycle_s)


def equal_shares(world: World) -> list[Ended]:
    """Deal samples, bandwidth and power equally; as many local cycles as then fit, as expected."""
    problem, size = world.problem, len(world.problem.learners)
    samples, bandwidth, power = _equal(world)
    times = evaluate(problem, 1, samples, bandwidth, power)
    room = (problem.cycle_s - times.send_s - times.return_s) / times.compute_s
    tau = max(int(room.min()), 1)
    assert size
    return [_carried(world, at, tau, samples, bandwidth, power) for at in range(len(world.gain))]


def federated_averaging(world: World) -> list[Ended]:
    """Deal equally, compute five local cycles, and wait for everybody, ten deadlines at most."""
    samples, bandwidth, power = _equal(world)
    return [
        _carried(world, at, EPOCHS, samples, bandwidth, power, wait=10.0)
        for at in range(len(world.gain))
    ]


def _equal(world: World) -> tuple[NDArray[np.int64], Array, Array]:
    size, task, radio = len(world.problem.learners), world.problem.task, world.problem.radio
    samples = np.full(size, task.samples // size)
    samples[: task.samples % size] += 1
    assert radio.power_w is not None
    return samples, np.full(size, radio.bandwidth_hz / size), np.full(size, radio.power_w / size)


def looped(**words: Any) -> Strategy:
    """Return a strategy that plans every round with an orchestrator."""

    def play(world: World) -> list[Ended]:
        problem = world.problem
        loop = Orchestrator(
            Fleet(problem.learners), problem.task, problem.radio, problem.cycle_s, problem.idle,
            **words,
        )  # fmt: skip
        return [_round(loop, loop.plan_round(), world, at) for at in range(len(world.gain))]

    return play


def _round(loop: Orchestrator, round: Round, world: World, at: int) -> Ended:
    called, (send, compute, back) = seconds(round, world.gain[at], world.speed[at])
    size = len(world.problem.learners)
    held, total = np.zeros(size, dtype=np.int64), np.zeros(size)
    held[called], total[called] = round.assignments.samples, send + compute + back
    for k, learner in enumerate(called):
        if world.failed[at, learner]:
            loop.observe(str(learner), arrived=False)
        else:
            times = {"send_s": send[k], "compute_s": compute[k], "return_s": back[k]}
            loop.observe(str(learner), **times)
    loop.close_round()
    return _ended(world, round.tau, held, total, at, world.problem.cycle_s)


STRATEGIES: dict[str, Strategy] = {
    "federated averaging, 5 epochs": federated_averaging,
    "equal shares": equal_shares,
    "plan once": plan_once,
    "plan each round": looped(),
    "confidence 0.95": looped(confidence=0.95),
    "most work": looped(objective="work"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A strategy over all rounds and seeds: means, and half widths of 95 % intervals over seeds."""

    name: str
    tau: float
    kept: tuple[float, float]
    lost: tuple[float, float]
    work: tuple[float, float]
    """Local cycles times the share of the samples that arrived, for each 30 s of the clock."""


def compared(
    seeds: int, rounds: int, motion: Motion = MOTION, names: Sequence[str] = tuple(STRATEGIES)
) -> tuple[list[Row], dict[str, list[list[Ended]]]]:
    """Play all strategies in the same worlds; return a row each, and how each round ended."""
    ended: dict[str, list[list[Ended]]] = {name: [] for name in names}
    for seed in range(seeds):
        problem = scenarios.table1(learners=LEARNERS, cycle_s=CYCLE_S, seed=seed)
        world = drawn(problem, motion, rounds, seed)
        for name in names:
            ended[name].append(STRATEGIES[name](world))
    samples = float(problem.task.samples)
    rows = []
    for name, played in ended.items():
        kept = np.array([[one.kept for one in row] for row in played]).mean(axis=1)
        shares = np.array([[one.arrived.sum() / samples for one in row] for row in played])
        tau = np.array([[one.tau for one in row] for row in played])
        spent = np.array([[one.ends_s for one in row] for row in played]).sum(axis=1)
        work = (tau * shares).sum(axis=1) * CYCLE_S / np.maximum(spent, 1e-9)
        lost = 1.0 - shares.mean(axis=1)
        rows.append(Row(name, float(tau.mean()), _mean(kept), _mean(lost), _mean(work)))
    return rows, ended


def _mean(values: Array) -> tuple[float, float]:
    """Return the mean and the half width of its 95 % interval, by Student's distribution."""
    from mel_fast.orchestrate.margins.normal import student

    count = values.size
    if count < 2:
        return float(values.mean()), float("inf")
    factor = student(np.array([1.959964]), np.array([count - 1.0]))[0]
    return float(values.mean()), float(factor * values.std(ddof=1) / np.sqrt(count))
