"""What all shards have in common: the task, the radio, the cycle, and which columns there are."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mel_fast.model.columns import COLUMNS
from mel_fast.model.learners import Learners
from mel_fast.model.links import Links
from mel_fast.model.payload import Payload
from mel_fast.model.problem import Idle, Problem
from mel_fast.model.radio import Radio
from mel_fast.model.task import LearningTask

_HARMLESS = {
    "min_samples": 0,
    "max_samples": np.inf,
    "max_bandwidth_hz": np.inf,
    "max_power_w": np.inf,
    "energy_j": np.inf,
    "energy_per_flop_j": 0.0,
    "optional": False,
    "weight": 1.0,
}
"""What stands for a column that other shards have."""


@dataclass(frozen=True)
class Statement:
    """A problem but for its learners."""

    task: LearningTask
    radio: Radio
    cycle_s: float
    idle: Idle
    payload: Payload | None

    def check(self) -> None:
        """Refuse what no learners could make a problem of.

        Raises
        ------
        ValueError, TypeError
            Naming the field, its value and the allowed range.
        """
        self.links()
        amounts = () if self.payload is None else self.payload._arguments().items()
        for name, amount in amounts:
            if isinstance(amount, np.ndarray):
                raise ValueError(f"payload.{name} is a column: must be one number for all shards")

    def links(self) -> Links:
        """Return what travels over which link."""
        up = isinstance(self.radio, Radio) and self.radio.shared == "return"
        link = "send" if up else "return"
        limit: dict[str, Any] = {"max_power_w": 1.0} if up else {}
        one: dict[str, Any] = {f"{link}_bandwidth_hz": 1e6, f"{link}_power_w": 1.0, **limit}
        learner = Learners(flops_per_s=[1.0], gain=[1.0], **one)
        return self.problem(learner).links

    def problem(self, learners: Learners) -> Problem:
        """Return the problem of these learners, with all samples and budgets."""
        return Problem(
            self.task, learners, self.radio, self.cycle_s, idle=self.idle, payload=self.payload
        )


@dataclass(frozen=True)
class Survey:
    """What one shard says of itself, or all together."""

    learners: int
    columns: frozenset[str]
    outage: bool

    @property
    def limited(self) -> bool:
        """Whether some learner has a limit."""
        return self.outage or any(COLUMNS[name].role == "limit" for name in self.columns)

    @classmethod
    def of(cls, learners: Learners) -> "Survey":
        """Return that of some learners."""
        names = frozenset(learners.columns()) - {"names"}
        return cls(len(learners), names, bool((learners.gain == 0).any()))

    @classmethod
    def all(cls, parts: "list[Survey]") -> "Survey":
        """Return that of all shards."""
        return cls(
            sum(part.learners for part in parts),
            frozenset().union(*(part.columns for part in parts)),
            any(part.outage for part in parts),
        )

    def alike(self, learners: Learners) -> dict[str, Any]:
        """Return the columns that all shards' learners have, for some of them.

        A limit of samples stands in for the channels in outage, which the core takes for one: where
        one learner has it, all are looked at with limits.
        """
        own = learners.columns()
        columns = {}
        for name in sorted(self.columns | ({"max_samples"} if self.outage else set())):
            column = own.get(name)
            if column is None:
                column = np.full(len(learners), _HARMLESS[name]) if name in _HARMLESS else None
            if column is not None:
                columns[name] = column
        return columns
