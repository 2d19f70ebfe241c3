"""What the orchestrator knows of its fleet: speeds, channels, bits, standing."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mel_fast._base.validation import LARGEST, SMALLEST, FloatColumn, IntColumn
from mel_fast.model.payload import Payload, payload_of
from mel_fast.model.task import LearningTask
from mel_fast.orchestrate.estimates.links import Cycle
from mel_fast.orchestrate.estimates.reports import Report
from mel_fast.orchestrate.estimates.standing import Standing
from mel_fast.orchestrate.estimates.tracker import Belief, Tracker
from mel_fast.orchestrate.fleet import Fleet

DB = 10.0 / math.log(10.0)
"""Decibels of one unit of the natural logarithm."""

_FIRST_DRIFT_DB = 1.0
_FIRST_SPEED_DRIFT = 0.05
_LATE = 1.1
_PROPORTION = 1e4  # by which a measurement may differ from what was known
_BITS = {"sent_bits": "send_bits", "returned_bits": "return_bits"}


@dataclass(slots=True)
class Knowledge:
    """What is known, in the order of the fleet as it was last followed."""

    gain: Tracker
    speed: Tracker
    standing: Standing = field(default_factory=Standing)
    bits: dict[str, FloatColumn] = field(default_factory=dict)
    """Measured bits beside those of the samples, by the payload's names; no number: unknown."""

    @classmethod
    def beginning(cls, gain_drift_db: float | None, speed_drift: float | None) -> "Knowledge":
        """Return what is known before the first round; None for what is to be learnt."""
        gain = _FIRST_DRIFT_DB if gain_drift_db is None else gain_drift_db
        speed = _FIRST_SPEED_DRIFT if speed_drift is None else speed_drift
        return cls(
            Tracker(gain / DB, gain_drift_db is not None),
            Tracker(speed, speed_drift is not None),
        )

    def follow(self, fleet: Fleet) -> None:
        """Take the fleet as it is now."""
        ids = self.gain.ids
        if self.bits and not np.array_equal(ids, fleet.ids):
            _, mine, theirs = np.intersect1d(ids, fleet.ids, True, True)
            for name, column in self.bits.items():
                self.bits[name] = np.full(fleet.ids.size, np.nan)
                self.bits[name][theirs] = column[mine]
        if not np.array_equal(ids, fleet.ids):
            self.standing.keep(fleet.ids)
        for tracker, name in ((self.gain, "gain"), (self.speed, "flops_per_s")):
            values = fleet.column(name)
            told = fleet.told[name]
            tracker.follow(fleet.ids, told, np.empty(0) if values is None else values)

    def beliefs(self) -> tuple[Belief, Belief]:
        """Return what is predicted of the logarithms of gains and speeds."""
        return self.gain.belief(), self.speed.belief()

    def payload(self, task: LearningTask, given: Payload | None) -> Payload | None:
        """Return the payload with the bits that were measured, where it says nothing of them."""
        stated = {} if given is None else given.given()
        whole, measured = payload_of(task, given), dict[str, Any]()
        for name, column in self.bits.items():
            if name not in stated:
                measured[name] = np.where(np.isnan(column), getattr(whole, name), column)
        return Payload(**stated, **measured) if measured else given

    def pass_round(self) -> None:
        """Let a round go by."""
        self.gain.pass_round()
        self.speed.pass_round()

    def learn(
        self, places: IntColumn, reports: list[Report], cycle: Cycle, whole: Payload, samples: Any
    ) -> dict[int, str]:
        """Learn from reports of learners at some places, whose times follow from `cycle`.

        Returns
        -------
        dict of int to str
            Places of whom nothing was believed, and why: what follows from the report is out of
            all proportion to what was known.
        """
        columns = {
            name: np.array([_or_nan(getattr(report, name)) for report in reports])
            for name in ("send_s", "compute_s", "return_s", "sent_bits", "returned_bits")
        }
        wrong: dict[int, str] = {}
        self._learn_speeds(places, columns["compute_s"], cycle, wrong)
        self._learn_gains(places, columns, cycle, wrong)
        dealt = np.asarray(samples, dtype=np.float64)
        for name, field_name in _BITS.items():
            each = getattr(whole, f"{field_name}_per_sample")
            told = np.maximum(columns[name] - each * dealt, 0.0)
            seen = np.isfinite(told)
            usual = np.broadcast_to(np.asarray(getattr(whole, field_name)), told.shape)
            absurd = seen & (usual > 0.0) & (told > _PROPORTION * usual)
            _refuse(wrong, places[absurd], told[absurd], f"bits as its {field_name}")
            seen &= ~absurd
            if seen.any():
                if field_name not in self.bits:
                    self.bits[field_name] = np.full(self.gain.ids.size, np.nan)
                self.bits[field_name][places[seen]] = told[seen]
        return wrong

    def learn_late(self, places: IntColumn, cycle: Cycle) -> None:
        """Learn from learners that did not answer in time, and said nothing of how long it took.

        All that is known is that it was longer than the deadline. It is taken to be a tenth longer,
        for a speed that is lower than was thought.
        """
        gain = np.exp(self.gain.belief().level[places])
        speed = np.exp(self.speed.belief().level[places])
        send, compute, back = cycle.times(gain, speed)
        longer = np.maximum(_LATE * cycle.deadline_s - send - back, compute)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            slower = np.minimum(cycle.flops / longer, speed)
        told = _usable(slower) & (compute > 0.0)
        self.speed.observe(places[told], slower[told])

    def _learn_speeds(
        self, places: IntColumn, compute_s: FloatColumn, cycle: Cycle, wrong: dict[int, str]
    ) -> None:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            speed = cycle.flops / compute_s
        told = _usable(speed) & (speed > 0.0)
        absurd = told & self.speed.absurd(places, np.where(told, speed, 1.0), _PROPORTION)
        _refuse(wrong, places[absurd], speed[absurd], "flops a second")
        told &= ~absurd
        self.speed.observe(places[told], speed[told])

    def _learn_gains(
        self,
        places: IntColumn,
        columns: Mapping[str, FloatColumn],
        cycle: Cycle,
        wrong: dict[int, str],
    ) -> None:
        total = np.zeros(places.size)
        weight = np.zeros(places.size)
        for link, seconds, bits in (
            (cycle.send, columns["send_s"], columns["sent_bits"]),
            (cycle.back, columns["return_s"], columns["returned_bits"]),
        ):
            measured = link.of(np.where(np.isfinite(bits), bits, link.bits))
            with np.errstate(divide="ignore", invalid="ignore"):
                gain = measured.gain(seconds)
            told = _usable(gain)
            # A relative error of the time is one of the gain divided by the elasticity.
            trust = np.where(told, measured.elasticity(np.where(told, gain, 1.0)) ** 2, 0.0)
            total += trust * np.log(np.where(told, gain, 1.0))
            weight += trust
        told = weight > 0.0
        gains = np.exp(total / np.where(told, weight, 1.0))
        absurd = told & self.gain.absurd(places, gains, _PROPORTION)
        _refuse(wrong, places[absurd], gains[absurd], "as its gain")
        told &= ~absurd
        self.gain.observe(places[told], gains[told])


def _refuse(wrong: dict[int, str], places: IntColumn, values: FloatColumn, what: str) -> None:
    for place, value in zip(places.tolist(), values.tolist(), strict=True):
        wrong[place] = f"its report would mean {value:.3g} {what}: out of all proportion"


def _usable(values: FloatColumn) -> Any:
    with np.errstate(invalid="ignore"):
        return (values >= SMALLEST) & (values <= LARGEST)


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
