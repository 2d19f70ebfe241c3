"""Problems of mixed kinds with their learners in shards, for the tests of `solve_sharded`."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

import mel_fast as mel

LAWS = ("density", "fixed")
IDLES = ("served", "excused")
LIMITS = ("none", "even channels", "most", "least", "caps", "energy", "outage")
CUTS = ("aligned", "anywhere", "tiny")


@dataclass(frozen=True)
class Drawn:
    """Learners of a shard, drawn from its number; a function of no arguments."""

    number: int
    size: int

    def __call__(self) -> mel.Learners:
        """Return them, the same each time."""
        rng = np.random.default_rng(self.number)
        return mel.Learners(
            flops_per_s=np.where(np.arange(self.size) % 2, 2.4e9, 0.7e9),
            gain=10 ** rng.uniform(-12, -10, self.size),
            return_bandwidth_hz=5e6,
            return_power_w=0.2,
        )


def task_and_radio(learners: int, each: int = 3000) -> tuple[mel.LearningTask, mel.Radio]:
    """Return a task and a radio in proportion to the learners."""
    task = mel.scenarios.table1(learners=20).task.replace(samples=each * learners)
    radio = mel.Radio(
        bandwidth_hz=5e6 * learners, power_w=0.01 * learners, noise_density_w_per_hz=4e-21
    )
    return task, radio


def mixed(seed: int, size: int) -> mel.Problem:
    """Return a problem whose law, reading, limits and setting go round with the seed."""
    rng = np.random.default_rng(seed)
    law, idle = LAWS[seed % 2], IDLES[seed // 2 % 2]
    limit = LIMITS[seed // 4 % len(LIMITS)]
    setting = ("federated", "parallelized")[seed // 28 % 2]
    low, high = (-11, -10.8) if limit == "even channels" else (-12.5, -10)
    gain = 10 ** rng.uniform(low, high, size)
    each = int(rng.integers(300, 4000))
    own: dict[str, Any] = {}
    if limit == "most":
        own = {"max_samples": rng.integers(each // 2, 4 * each, size)}
    elif limit == "least":
        own = {"min_samples": rng.integers(0, each // 3, size)}
    elif limit == "caps":
        own = {
            "max_bandwidth_hz": rng.uniform(2e6, 5e7, size),
            "max_power_w": rng.uniform(0.005, 0.2, size),
        }
    elif limit == "energy":
        own = {
            "energy_j": rng.uniform(1, 40, size),
            "energy_per_flop_j": rng.uniform(1e-11, 1e-10, size),
        }
    elif limit == "outage" and idle == "excused":
        gain[rng.integers(0, size, 3)] = 0
    learners = mel.Learners(
        flops_per_s=np.where(np.arange(size) % 2, 2.4e9, 0.7e9) * rng.uniform(0.9, 1.1, size),
        gain=gain,
        return_bandwidth_hz=5e6,
        return_power_w=0.1,
        **own,
    )
    task, radio = task_and_radio(size, each)
    if law == "fixed":
        radio = mel.Radio(radio.bandwidth_hz, radio.power_w, noise_power_w=2e-14)
    return mel.Problem(
        task.replace(setting=setting), learners, radio, float(rng.uniform(20, 60)), idle=idle
    )


def of_kind(problem: mel.Problem, kind: str, seed: int) -> mel.Problem:
    """Return one like it whose payloads differ, or with everybody's own power, or nothing sent."""
    rng = np.random.default_rng(seed)
    size = len(problem.learners)
    if kind == "nothing sent":
        payload = mel.Payload(send_bits=0.0, send_bits_per_sample=0.0, return_bits=(seed % 2) * 2e5)
        return problem.replace(payload=payload)
    if kind == "payload":
        first = np.arange(size) < size // 2
        amounts = {
            "return_bits": np.where(first, 0, rng.uniform(1e5, 4e5, size)),
            "send_bits": rng.uniform(1e5, 4e5, size),
            "flops_per_sample": rng.uniform(0.8e6, 1.2e6, size),
            "send_bits_per_sample": np.where(first, 0, rng.uniform(1e2, 9e3, size)),
        }
        few = dict(list(amounts.items())[: 1 + seed % 4])
        return problem.replace(payload=mel.Payload(**few))
    radio, learners = problem.radio, problem.learners
    own: dict[str, Any] = dict.fromkeys(("energy_j", "energy_per_flop_j"))
    if kind == "battery":
        own = {
            "energy_j": rng.uniform(1, 40, size),
            "energy_per_flop_j": rng.uniform(1e-11, 1e-10, size),
        }
    learners = learners.replace(
        max_power_w=rng.uniform(0.005, 0.2, size), send_bandwidth_hz=5e6, send_power_w=0.5, **own
    )
    noise = "noise_density_w_per_hz" if radio.law == "density" else "noise_power_w"
    radio = mel.Radio(radio.bandwidth_hz, None, shared="return", **{noise: radio.noise})
    return problem.replace(radio=radio, learners=learners)


def paired(problem: mel.Problem, shards: list[mel.Learners]) -> list[Any]:
    """Return the shards each with its part of the problem's payload."""
    ends = np.cumsum([0, *map(len, shards)]).tolist()
    payload = problem._given
    assert payload is not None
    return [
        (shard, payload.take(slice(a, b)))
        for shard, (a, b) in zip(shards, pairwise(ends), strict=True)
    ]


def shards_of(problem: mel.Problem, how: str, seed: int = 0) -> list[mel.Learners]:
    """Cut a problem's learners: at chunks, anywhere, or with single learners between."""
    size = len(problem.learners)
    rng = np.random.default_rng(seed)
    if how == "aligned":
        ends = set(range(1024, size, 1024 * int(rng.integers(1, 3))))
    elif how == "anywhere":
        ends = set(rng.integers(1, size, 3).tolist())
    else:
        ends = {1, size // 2, size // 2 + 1}
    places = [0, *sorted(ends), size]
    return [problem.learners.take(np.arange(a, b)) for a, b in pairwise(places)]


def sharded(problem: mel.Problem, shards: Any, **how: Any) -> mel.ShardedPlan:
    """Solve a problem by its shards, none of it brought together."""
    return mel.solve_sharded(
        shards,
        problem.task,
        problem.radio,
        problem.cycle_s,
        problem.idle,
        **{"together": 0, "payload": problem._given, **how},
    )


def columns(plan: mel.ShardedPlan) -> list[Any]:
    """Return samples, bandwidth and power of all shards, one after the other."""
    shares = [plan.shard(i) for i in range(len(plan.shards))]
    return [np.concatenate(column) for column in zip(*shares, strict=True)]


def same(plan: mel.ShardedPlan, whole: mel.Plan) -> bool:
    """Whether both say the same, to the bit."""
    if (plan.status, plan.tau, plan.bound) != (whole.status, whole.tau, whole.bound):
        return False
    if plan.certificate != whole.certificate:
        return False
    if whole.samples is None:
        return not plan
    wholes = (whole.samples, whole.bandwidth_hz, whole.power_w)
    return all(
        np.array_equal(a, b) and a.dtype == b.dtype
        for a, b in zip(columns(plan), wholes, strict=True)
    )
