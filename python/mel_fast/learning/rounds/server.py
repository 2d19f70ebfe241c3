"""The orchestrator's global model: updates of any age merged, equation (5) where all are new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast.learning.averaging import WeightedAverage, Weights


@dataclass(frozen=True)
class Returned:
    """A learner's model, and the version that it received for it."""

    learner: int
    version: int
    weights: list[NDArray[Any]]


class Server:
    """The global model in versions; a new one is made whenever a learner begins.

    Parameters
    ----------
    weights
        Of version 0.
    samples
        d_k of the learners that take part.
    stale_power
        a of the weight (1 + age / K)^-a of an update that was begun `age` versions ago.

    Notes
    -----
    The model that learner k returns changes the global one by ``d_k / D`` times its change of the
    model that k received, and less if that is stale. If every learner returns one that was begun
    at the present version, this is the weighted average, equation (5), and worked out as that.
    Weights that fall with staleness: Xie, Koyejo, Gupta, "Asynchronous federated optimization",
    2019.
    """

    def __init__(self, weights: Weights, samples: Sequence[int], stale_power: float) -> None:
        self.weights = [np.array(part) for part in weights]
        self.version = 0
        self.received: dict[int, list[NDArray[Any]]] = {}
        self.holds = [0] * len(samples)
        self.pending: list[Returned] = []
        self._samples, self._power = samples, stale_power

    def returned(self, learner: int, weights: list[NDArray[Any]]) -> None:
        """Take in what a learner returns."""
        self.pending.append(Returned(learner, self.holds[learner], weights))

    def merged(self) -> list[NDArray[Any]]:
        """Return the global model with all that was returned since the last version."""
        if not self.pending:
            return self.weights
        learners = sorted(item.learner for item in self.pending)
        new = all(item.version == self.version for item in self.pending)
        if new and learners == list(range(len(self._samples))):
            mean = WeightedAverage()
            for item in sorted(self.pending, key=lambda item: item.learner):
                mean.add(item.weights, self._samples[item.learner])
            return mean.result()
        total = float(sum(self._samples))
        sums = [part.astype(np.float64) for part in self.weights]
        for item in self.pending:
            age = self.version - item.version
            share = self._samples[item.learner] / total
            share *= (1.0 + age / len(self._samples)) ** -self._power
            for place, old in enumerate(self.received[item.version]):
                sums[place] += share * (item.weights[place].astype(np.float64) - old)
        return [
            (np.rint(part) if mine.dtype.kind in "iu" else part).astype(mine.dtype)
            for mine, part in zip(self.weights, sums, strict=True)
        ]

    def publish(self) -> None:
        """Make the merged model the next version."""
        self.weights, self.pending = self.merged(), []
        self.version += 1

    def give(self, received: list[NDArray[Any]], learners: Sequence[int]) -> None:
        """Note what learners received as the present version; forget what nobody needs."""
        self.received[self.version] = received
        for learner in learners:
            self.holds[learner] = self.version
        needed = {*self.holds, *(item.version for item in self.pending)}
        self.received = {v: part for v, part in self.received.items() if v in needed}
