"""Accuracy against time: what arrived in each round is really trained and averaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mel_fast.experiments.loop.compare import CYCLE_S, Ended
from mel_fast.learning import Dataset, ScikitMLP, WeightedAverage


def trained(
    ended: Mapping[str, Sequence[Sequence[Ended]]], data: Dataset, samples: int, until_s: float
) -> dict[str, tuple[Any, Any]]:
    """Train along each strategy's rounds; return the clock and the accuracies, shape (seeds, T).

    Samples of the plan stand for the same share of the data's.
    """
    grid = np.arange(0.0, until_s + 1e-9, CYCLE_S)
    return {
        name: (grid, np.array([_along(rounds, data, samples, grid, s) for s, rounds in numbered]))
        for name, numbered in ((name, list(enumerate(played))) for name, played in ended.items())
    }


def _along(rounds: Sequence[Ended], data: Dataset, samples: int, grid: Any, seed: int) -> Any:
    labels = int(data.train_y.max()) + 1
    model = ScikitMLP(
        data.train_x.shape[1], labels, hidden=(30,), batch=16, learning_rate=0.05, seed=seed
    )
    rng = np.random.default_rng([seed, 0x200])
    share = len(data.train_y) / samples
    clock, times, seen = 0.0, [0.0], [model.score(data.test_x, data.test_y)]
    for ended in rounds:
        clock += CYCLE_S if ended.ends_s <= CYCLE_S else ended.ends_s
        if clock > grid[-1] + 1e-9:
            break
        order, begin = rng.permutation(len(data.train_y)), 0
        weights, mean, any_arrived = model.get_weights(), WeightedAverage(), False
        for held in ended.arrived.tolist():
            own = order[begin : begin + round(held * share)]
            begin += own.size
            if own.size:
                model.set_weights(weights)
                model.train(data.train_x[own], data.train_y[own], ended.tau, rng)
                mean.add(model.get_weights(), own.size)
                any_arrived = True
        model.set_weights(mean.result() if any_arrived else weights)
        times.append(clock)
        seen.append(model.score(data.test_x, data.test_y))
    at = np.searchsorted(times, grid + 1e-6, side="right") - 1
    return np.array(seen)[at]
