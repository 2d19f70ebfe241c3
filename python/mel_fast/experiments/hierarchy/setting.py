"""Who stands where, over which masts, and which ways to train are compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mel_fast import channel
from mel_fast.campaigns import Association, Cells, cells
from mel_fast.campaigns.association.proof import members
from mel_fast.model.learners import Learners
from mel_fast.model.problem import Problem
from mel_fast.model.radio import Radio
from mel_fast.model.task import LearningTask
from mel_fast.scenarios.draws import (
    FAST_FLOPS_PER_S,
    NODE_BANDWIDTH_HZ,
    NODE_POWER_W,
    NOISE_DENSITY_W_PER_HZ,
    SLOW_FLOPS_PER_S,
)

_LOSS = channel.paper()  # the law of Table I, and its 7 dB on top
_EXTRA_DB = 7.0


@dataclass(frozen=True)
class Run:
    """One way to train: where the learners are, and how often the cloud averages."""

    name: str
    found: Cells | Association
    edge_rounds: int
    cloud_s: float

    @property
    def round_s(self) -> float:
        """Seconds of a round of the cloud."""
        return self.edge_rounds * self.found.problems[0].cycle_s + self.cloud_s


@dataclass(frozen=True)
class Setting:
    """One comparison.

    Attributes
    ----------
    learners, radius_m, masts, crowd
        Learners in a disc, a share of them crowded round one of the masts, which stand on a circle;
        the single cell's mast is in the middle. Rayleigh fading, each mast's its own.
    samples, hidden, batch, learning_rate
        Samples that the learners train on in a round, and a network that trains in seconds.
    cycle_s, bandwidth_hz, power_w
        T of a round, and what the single cell has; the edges have equal parts of both.
    cloud_s
        Seconds in which the edges' models reach the cloud and its average comes back.
    edge_rounds
        What is tried where the association was searched.
    rounds_s, targets, seeds
        Seconds on the simulated clock, accuracies asked for, seeds of shards and initial weights.
    """

    learners: int = 24
    radius_m: float = 300.0
    masts: int = 3
    crowd: float = 0.6
    samples: int = 12_000
    hidden: tuple[int, ...] = (64,)
    batch: int = 64
    learning_rate: float = 0.1
    cycle_s: float = 2.0
    bandwidth_hz: float = 20e6
    power_w: float = NODE_POWER_W
    cloud_s: float = 0.5
    edge_rounds: tuple[int, ...] = (1, 2, 5)
    rounds_s: float = 60.0
    targets: tuple[float, ...] = (0.90, 0.92, 0.94)
    seeds: tuple[int, ...] = (1, 2, 3)

    def quick(self) -> Setting:
        """Return a comparison of seconds."""
        return replace(
            self,
            samples=1500,
            cycle_s=0.6,
            rounds_s=1.8,
            edge_rounds=(2,),
            seeds=(1, 2),
            targets=(0.2,),
        )

    def _draws(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return positions of learners and masts (the middle one last), and what fades."""
        u = np.random.Generator(np.random.PCG64(0)).random((self.learners, 6 + self.masts))
        turn = 2.0 * np.pi * np.arange(self.masts) / self.masts
        sites = 0.55 * self.radius_m * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        crowded = u[:, 0] < self.crowd
        reach = np.where(crowded, 0.2, 1.0) * self.radius_m * np.sqrt(u[:, 1])
        angle = 2.0 * np.pi * u[:, 2]
        where = reach[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        where[crowded] += sites[0]
        faded = -np.log1p(-u[:, 4 : 5 + self.masts])
        return where, np.vstack([sites, np.zeros(2)]), faded

    def _distances(self) -> NDArray[np.float64]:
        where, sites, _ = self._draws()
        return np.asarray(np.hypot(*(where[:, None, :] - sites[None, :, :]).transpose(2, 0, 1)))

    def _problem(self, mast: int, share: float) -> Problem:
        sizes = (784, *self.hidden, 10)
        weights = sum(a * b for a, b in pairwise(sizes))
        task = LearningTask(
            samples=self.samples,
            features=784,
            feature_bits=32,
            fixed_parameters=weights + sum(sizes[1:]),
            parameters_per_sample=0,
            parameter_bits=32,
            flops_per_sample=4.0 * (weights + sum(sizes[1:])),
            setting="federated",
        )
        loss_db = _LOSS.loss_db(self._distances()[:, mast]) + _EXTRA_DB
        speeds = np.where(np.arange(self.learners) % 2, SLOW_FLOPS_PER_S, FAST_FLOPS_PER_S)
        learners = Learners(
            flops_per_s=0.25 * speeds,  # a quarter of each device is free for this
            gain=10.0 ** (-loss_db / 10.0) * self._draws()[2][:, mast],
            return_bandwidth_hz=NODE_BANDWIDTH_HZ,
            return_power_w=NODE_POWER_W,
        )
        radio = Radio(
            self.bandwidth_hz * share,
            self.power_w * share,
            noise_density_w_per_hz=NOISE_DENSITY_W_PER_HZ,
        )
        return Problem(task, learners, radio, self.cycle_s, "excused")

    def single(self) -> Problem:
        """Return the one cell with everything."""
        return self._problem(self.masts, 1.0)

    def edges(self) -> tuple[Problem, ...]:
        """Return the edges' cells, each with all learners."""
        return tuple(self._problem(mast, 1.0 / self.masts) for mast in range(self.masts))

    def runs(self) -> list[Run]:
        """Return what is compared."""
        edges = self.edges()
        nearest = self._distances()[:, :-1].argmin(axis=1)
        fixed = cells(members(edges, nearest))
        free = cells(edges, associate=True)
        return [
            Run("single cell", cells([self.single()]), 1, 0.0),
            Run("edges, nearest mast", fixed, 1, self.cloud_s),
            *(Run("edges, searched", free, many, self.cloud_s) for many in self.edge_rounds),
        ]
