"""What the orchestrator asks of a client, and what the client reports."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from flwr.app import ConfigRecord, RecordDict

from mel_fast._base.untrusted import shown
from mel_fast._base.validation import IntColumn, integer, real
from mel_fast.model.columns import NUMBERS
from mel_fast.payload import Recipe

ORDER, REPORT, LEARNER = "order", "report", "learner"
_INDEX = np.dtype("<u4")
_LONGEST_RECIPE = 1000
_TIMES = ("send-s", "compute-s", "return-s")


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """What one client is asked to do in one round.

    Attributes
    ----------
    round : int
        Number of the round.
    samples : int
        d_k, how many samples to train on.
    tau : int
        Local cycles: passes over these samples.
    deadline_s : float
        Seconds from the round's beginning by which the model must be back.
    bandwidth_hz, power_w : float, float
        B_k and P_k, with which the orchestrator sends to the client.
    recipe : Recipe or None
        How the model is encoded on its way back; None: as it is.
    indices : ndarray of int64 or None
        Parallelized learning: which of the orchestrator's samples; None: `samples` of the
        client's own.
    skip : int
        Samples of its own that the client has trained on in this round already, in a wave of
        messages before: now it is the turn of others.

    Examples
    --------
    >>> import mel_fast as mel
    >>> order = mel.flower.Order(1, 200, tau=5, deadline_s=6.0, bandwidth_hz=1e6, power_w=0.1)
    >>> order.record()["tau"], order.indices is None
    (5, True)
    """

    round: int
    samples: int
    tau: int
    deadline_s: float
    bandwidth_hz: float
    power_w: float
    recipe: Recipe | None = None
    indices: IntColumn | None = None
    skip: int = 0

    def record(self) -> ConfigRecord:
        """Return it as Flower's record, whose numbers are Python's own."""
        values: dict[str, Any] = {
            "round": int(self.round),
            "samples": int(self.samples),
            "tau": int(self.tau),
            "deadline-s": float(self.deadline_s),
            "bandwidth-hz": float(self.bandwidth_hz),
            "power-w": float(self.power_w),
        }
        if self.skip:
            values["skip"] = int(self.skip)
        if self.recipe is not None:
            values["recipe"] = json.dumps(self.recipe._arguments())
        if self.indices is not None:
            values["indices"] = np.asarray(self.indices, dtype=_INDEX).tobytes()
        return ConfigRecord(values)

    @classmethod
    def read(cls, content: RecordDict) -> Order:
        """Return the order in a message.

        Raises
        ------
        ValueError, TypeError
            Naming what is missing or wrong.
        """
        record = _record(content, ORDER)
        samples = integer("samples", record.get("samples"), low=1)
        return cls(
            round=integer("round", record.get("round"), low=1),
            samples=samples,
            tau=integer("tau", record.get("tau"), low=1),
            deadline_s=real("deadline-s", record.get("deadline-s")),
            bandwidth_hz=real("bandwidth-hz", record.get("bandwidth-hz"), low=0.0),
            power_w=real("power-w", record.get("power-w"), low=0.0),
            recipe=_recipe(record.get("recipe")),
            indices=_indices(record.get("indices"), samples),
            skip=integer("skip", record.get("skip", 0), low=0),
        )


@dataclass(frozen=True, slots=True)
class Report:
    """What a client says of one round: seconds that it measured, None for what it cannot know.

    Attributes
    ----------
    name
        Of the client.
    samples, tau
        What it worked on, and so many local cycles.
    compute_s, send_s, return_s
        Seconds of computing, of the way to it and of the way back.

    Examples
    --------
    >>> import mel_fast as mel
    >>> told = mel.flower.Report("roof", samples=200, tau=5, compute_s=3.2)
    >>> told.send_s is None
    True
    """

    name: str
    samples: int
    tau: int
    compute_s: float
    send_s: float | None = None
    return_s: float | None = None

    def record(self) -> ConfigRecord:
        """Return it as Flower's record."""
        values: dict[str, Any] = {"name": self.name, "samples": self.samples, "tau": self.tau}
        times = (self.send_s, self.compute_s, self.return_s)
        said = zip(_TIMES, times, strict=True)
        return ConfigRecord(values | {key: float(v) for key, v in said if v is not None})

    @classmethod
    def read(cls, content: RecordDict, name: str, order: Order) -> Report:
        """Return the report in an answer to an order.

        Raises
        ------
        ValueError
            With the reason why it makes no sense: times that are negative, infinite or none at
            all; a name, samples or tau that are not those of the order.
        """
        record = _record(content, REPORT)
        if record.get("name") != name:
            raise ValueError(f"reported name = {shown(record.get('name'))}: it joined as {name!r}")
        for field in ("samples", "tau"):
            if record.get(field) != getattr(order, field):
                asked, said = getattr(order, field), shown(record.get(field))
                raise ValueError(f"reported {field} = {said}: it was asked for {asked}")
        times = [_seconds(record, key) for key in _TIMES]
        if times[1] is None:
            raise ValueError("reported no compute-s")
        return cls(name, order.samples, order.tau, times[1], times[0], times[2])


def join_record(name: str, columns: Mapping[str, Any]) -> ConfigRecord:
    """Return what a client says of itself: its name and columns of `mel_fast.Learners`.

    Raises
    ------
    ValueError, TypeError
        For a column that there is not, or what is no single number.
    """
    values: dict[str, Any] = {"name": name}
    for key, value in columns.items():
        if key not in NUMBERS:
            raise ValueError(f"{shown(key)} is no column of the learners: {', '.join(NUMBERS)}")
        if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
            raise TypeError(f"{key} = {shown(value)}: must be one number")
        values[key] = float(value)
    return ConfigRecord(values)


def read_join(content: RecordDict) -> tuple[str, dict[str, float]]:
    """Return the name and the columns that a client reports.

    Raises
    ------
    ValueError
        Without a name, or for what is no number of a column.
    """
    record = _record(content, LEARNER)
    name = record.get("name")
    if not isinstance(name, str):
        raise ValueError(f"reported name = {shown(name)}: must be a text")
    columns: dict[str, float] = {}
    for key, value in record.items():
        if key == "name":
            continue
        if key not in NUMBERS or isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"reported {shown(key)} = {shown(value)}: is no number of a column")
        columns[key] = value
    return name, columns


def _recipe(text: object) -> Recipe | None:
    if text is None:
        return None
    if not isinstance(text, str) or len(text) > _LONGEST_RECIPE:
        raise ValueError(f"order: recipe = {shown(text)}: must be a short text")
    fields = json.loads(text)
    if not isinstance(fields, dict) or not fields.keys() <= set(Recipe._fields):
        raise ValueError(f"order: recipe = {shown(text)}: is none")
    return Recipe(**fields)


def _indices(data: object, samples: int) -> IntColumn | None:
    if data is None:
        return None
    if not isinstance(data, bytes) or len(data) != _INDEX.itemsize * samples:
        raise ValueError(f"order: indices: must be {samples} numbers of 4 bytes")
    return np.frombuffer(data, _INDEX).astype(np.int64)


def _record(content: RecordDict, key: str) -> ConfigRecord:
    record = content.get(key)
    if not isinstance(record, ConfigRecord):
        raise ValueError(f"message holds no {key}")
    return record


def _seconds(record: ConfigRecord, key: str) -> float | None:
    value = record.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"reported {key} = {shown(value)}: must be a number of seconds")
    if not (math.isfinite(value) and value >= 0.0):
        raise ValueError(f"reported {key} = {value}: must be a finite number of at least 0")
    return float(value)
