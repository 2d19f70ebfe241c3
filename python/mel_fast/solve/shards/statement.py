"""What all shards have in common: the task, the radio, the cycle, and which columns there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mel_fast import _core
from mel_fast.model.columns import COLUMNS
from mel_fast.model.learners import Learners
from mel_fast.model.links import Links
from mel_fast.model.payload import FIELDS, Payload, payload_of
from mel_fast.model.problem import Idle, Problem
from mel_fast.model.radio import Radio
from mel_fast.model.task import LearningTask
from mel_fast.solve.shards.sources import Made

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
class Survey:
    """What one shard says of itself, or all together."""

    learners: int
    columns: frozenset[str]
    outage: bool
    amounts: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """The least and the largest of each column of a payload."""
    top_power_w: float = np.inf
    """The largest of everybody's own limits; infinite where somebody has none."""
    power_w: float | None = None
    """Of all together: the budget that stands for everybody's own, where there is no other."""
    mark: bytes = b""
    """By which a shard is known again."""

    @property
    def limited(self) -> bool:
        """Whether some learner has a limit."""
        return self.outage or any(COLUMNS[name].role == "limit" for name in self.columns)

    @classmethod
    def of(cls, made: Made) -> "Survey":
        """Return that of some learners."""
        learners = made.learners
        names = frozenset(learners.columns()) - {"names"}
        top = np.inf if learners.max_power_w is None else float(learners.max_power_w.max())
        found = cls(len(learners), names, bool((learners.gain == 0).any()), {}, top)
        found = replace(found, mark=made.mark())
        return found if made.payload is None else found.with_payload(made.payload)

    def with_payload(self, payload: Payload) -> "Survey":
        """Return that of the same learners with these columns, too."""
        ends = {
            name: (float(np.min(amount)), float(np.max(amount)))
            for name, amount in payload.given().items()
        }
        return replace(self, amounts={**self.amounts, **ends})

    @classmethod
    def all(cls, parts: "Sequence[Survey]") -> "Survey":
        """Return that of all shards.

        Raises
        ------
        ValueError
            Where some shard lacks a column that nothing can stand for.
        """
        columns: frozenset[str] = frozenset().union(*(part.columns for part in parts))
        amounts: frozenset[str] = frozenset().union(*(part.amounts for part in parts))
        for number, part in enumerate(parts):
            lacks = [*(columns - part.columns - _HARMLESS.keys()), *(amounts - part.amounts.keys())]
            if lacks:
                raise ValueError(
                    f"shards[{number}] has no {min(lacks)}: must be given, as in other shards"
                )
        return cls(
            sum(part.learners for part in parts),
            columns,
            any(part.outage for part in parts),
            {
                name: (
                    min(part.amounts[name][0] for part in parts),
                    max(part.amounts[name][1] for part in parts),
                )
                for name in sorted(amounts)
            },
            max(part.top_power_w for part in parts),
        )

    def alike(self, made: Made) -> dict[str, Any]:
        """Return the columns that all shards' learners have, for some of them.

        A limit of samples stands in for the channels in outage, which the core takes for one: where
        one learner has it, all are looked at with limits.
        """
        own = made.columns()
        limit = {"max_samples"} if self.outage else set()
        columns = {}
        for name in sorted(self.columns | self.amounts.keys() | limit):
            column = own.get(name)
            if column is None:
                column = np.full(len(made.learners), _HARMLESS[name])
            columns[name] = column
        return columns


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
        if self.payload is not None and not isinstance(self.payload, Payload):
            kind = type(self.payload).__name__
            raise TypeError(f"payload is a {kind}: must be a Payload or None")
        self.links()

    def links(self) -> Links:
        """Return what travels over which link; of payloads in columns, one learner's."""
        up = isinstance(self.radio, Radio) and self.radio.shared == "return"
        link = "send" if up else "return"
        limit: dict[str, Any] = {"max_power_w": 1.0} if up else {}
        one: dict[str, Any] = {f"{link}_bandwidth_hz": 1e6, f"{link}_power_w": 1.0, **limit}
        learner = Learners(flops_per_s=[1.0], gain=[1.0], **one)
        payload = None if self.payload is None else self.payload.take(slice(0, 1))
        return Problem(self.task, learner, self.radio, self.cycle_s, self.idle, payload).links

    def columns(self) -> Payload | None:
        """Return the part of the payload that is in columns; None where there is none."""
        given = {} if self.payload is None else self.payload.given()
        columns = {name: x for name, x in given.items() if isinstance(x, np.ndarray)}
        return Payload(**columns) if columns else None

    def without_columns(self) -> "Statement":
        """Return the same with the numbers of the payload alone."""
        given = {} if self.payload is None else self.payload.given()
        same = {name: x for name, x in given.items() if not isinstance(x, np.ndarray)}
        return replace(self, payload=Payload(**same) if same else None)

    def problem(self, columns: Mapping[str, Any]) -> Problem:
        """Return the problem of learners with these columns, with all samples and budgets."""
        own = {name: column for name, column in columns.items() if name in FIELDS}
        learners = {name: column for name, column in columns.items() if name not in FIELDS}
        return self.stated(Learners(**learners), Payload(**own) if own else None)

    def stated(self, learners: Learners, own: Payload | None) -> Problem:
        """Return the same of learners with what is their own of the payload."""
        payload = self.payload
        if own is not None:
            payload = Payload(**({} if payload is None else payload.given()), **own.given())
        return Problem(self.task, learners, self.radio, self.cycle_s, self.idle, payload)

    def core(self, problem: Problem, survey: Survey) -> _core.Problem:
        """Return the core's problem of some learners, as a part of all that were surveyed."""
        core = problem._core
        if survey.power_w is not None:
            core = core.with_budgets(problem.cycle_s, self.radio.bandwidth_hz, survey.power_w)
        if not survey.amounts:
            return core
        given = payload_of(self.task, self.payload)._arguments()
        ends = {**{name: (x, x) for name, x in given.items()}, **survey.amounts}
        most = {name: end[1] for name, end in ends.items()}
        planned, constant = self.radio.shared, "send" if self.radio.shared == "return" else "return"
        return core.among(
            differ=any(low < high for low, high in ends.values()),
            send=max(most[f"{planned}_bits"], most[f"{planned}_bits_per_sample"]) > 0,
            give_back=max(most[f"{constant}_bits"], most[f"{constant}_bits_per_sample"]) > 0,
            grow=most[f"{planned}_bits_per_sample"] > 0,
        )
