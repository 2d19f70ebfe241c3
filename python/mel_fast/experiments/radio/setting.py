"""What the race is about: learners, radio, data, levels of payload and what is tried."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mel_fast.learning import Dataset
from mel_fast.model.problem import Problem
from mel_fast.payload import Recipe
from mel_fast.scenarios import table1

LEVELS: dict[str, Recipe | None] = {
    "float32": None,
    "8-bit": Recipe(bits=8),
    "4-bit": Recipe(bits=4, stochastic=True, exact_below=1000),
    "top 10 %": Recipe(top_k=0.1, bits=8),
    "top 1 %": Recipe(top_k=0.01, bits=8),
}
"""Levels of payload: what a model, or its change, is sent as."""


@dataclass(frozen=True)
class Setting:
    """One race.

    Attributes
    ----------
    learners, samples, draw
        Federated Table I: K learners of a draw that hold D samples of MNIST in all.
    levels, target
        Names of the levels that are tried, and the accuracy that is asked for.
    taus, cycles
        Local cycles that are tried, and the most global cycles of each.
    measuring, racing
        Seeds of the runs that rounds are measured by, on held-out training samples, and of those
        that race, on the test data. No seed is in both.
    held_out
        Training samples that rounds are measured on; no learner holds one of them.
    hidden, batch, learning_rate
        The paper's network, trained by SGD.
    """

    learners: int = 10
    samples: int = 3000
    draw: int = 0
    levels: tuple[str, ...] = tuple(LEVELS)
    target: float = 0.9
    taus: tuple[int, ...] = (1, 2, 4, 8)
    cycles: tuple[int, ...] = (40, 25, 15, 10)
    measuring: tuple[int, ...] = (101, 102)
    racing: tuple[int, ...] = (1, 2, 3, 4, 5)
    held_out: int = 5000
    hidden: tuple[int, ...] = (300, 124, 60)
    batch: int = 16
    learning_rate: float = 0.1

    def quick(self) -> Setting:
        """Return a race of seconds."""
        return replace(
            self,
            learners=4,
            samples=200,
            levels=("float32", "8-bit"),
            target=0.5,
            taus=(2, 4),
            cycles=(8, 4),
            measuring=(101,),
            racing=(1, 2),
            held_out=60,
            hidden=(16,),
        )

    def problem(self) -> Problem:
        """Return the problem; its deadline is of no consequence."""
        return table1(
            self.learners, 30.0, 0, draw=self.draw, samples=self.samples, setting="federated"
        )

    def measured_on(self, data: Dataset) -> Dataset:
        """Return the learners' samples, tested on training samples that nobody holds."""
        rest = slice(self.samples, self.samples + self.held_out)
        return Dataset(
            f"{data.name}, {self.samples} samples, {self.held_out} held out",
            data.train_x[: self.samples],
            data.train_y[: self.samples],
            data.train_x[rest],
            data.train_y[rest],
        )

    def raced_on(self, data: Dataset) -> Dataset:
        """Return the learners' samples and the test data."""
        return data.limited(self.samples, len(data.test_y))
