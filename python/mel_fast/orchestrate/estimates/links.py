"""From measured seconds back to speeds and gains, and forward again, whole columns at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mel_fast._base.validation import FloatColumn
from mel_fast.model.links import needed_columns
from mel_fast.model.radio import Radio

LN2 = float(np.log(2.0))


@dataclass(frozen=True, slots=True)
class Link:
    """One direction between the orchestrator and its learners: columns, all of one length."""

    bits: FloatColumn
    bandwidth_hz: FloatColumn
    power_w: FloatColumn
    noise_w: FloatColumn

    def seconds(self, gain: FloatColumn) -> FloatColumn:
        """Return how long the bits take; infinite at rate 0, 0 where there are none."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            rate = self.bandwidth_hz * np.log1p(self.power_w * gain / self.noise_w) / LN2
            taken = self.bits / rate
        return np.asarray(np.where(self.bits > 0.0, taken, 0.0))

    def gain(self, seconds: FloatColumn) -> FloatColumn:
        """Return the gain at which the bits take so long; no number where it cannot be told."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            exponent = LN2 * self.bits / (seconds * self.bandwidth_hz)
            found = np.expm1(exponent) * self.noise_w / self.power_w
        told = (self.bits > 0.0) & (self.power_w > 0.0) & (exponent < 600.0) & (found > 0.0)
        return np.asarray(np.where(told, found, np.nan))

    def elasticity(self, gain: FloatColumn) -> FloatColumn:
        """Return by how many per cent the time falls when the gain rises by one."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            snr = self.power_w * gain / self.noise_w
            found = snr / ((1.0 + snr) * np.log1p(snr))
        return np.asarray(np.where(snr > 0.0, np.nan_to_num(found, nan=1.0), 1.0))

    def of(self, bits: FloatColumn) -> "Link":
        """Return the link with other bits on it."""
        return Link(bits, self.bandwidth_hz, self.power_w, self.noise_w)

    def take(self, places: Any) -> "Link":
        """Return the link of some of the learners."""
        columns = (self.bits, self.bandwidth_hz, self.power_w, self.noise_w)
        return Link(*(column[places] for column in columns))


@dataclass(frozen=True, slots=True)
class Cycle:
    """A global cycle of some learners under an allocation: what their times follow from."""

    send: Link
    back: Link
    flops: FloatColumn
    """tau d_k C_k; where less than full speed is asked for, those that full speed would do."""
    deadline_s: float
    returns: bool = False
    """Whether the way back is the link that all share."""

    @property
    def shared(self) -> Link:
        """The link whose bandwidth and power are dealt out."""
        return self.back if self.returns else self.send

    def times(
        self, gain: FloatColumn, speed: FloatColumn
    ) -> tuple[FloatColumn, FloatColumn, FloatColumn]:
        """Return the seconds of sending, computing and returning."""
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            compute = np.where(self.flops > 0.0, self.flops / speed, 0.0)
        return self.send.seconds(gain), compute, self.back.seconds(gain)

    def take(self, places: Any) -> "Cycle":
        """Return the cycle of some of the learners."""
        flops = self.flops[places]
        send, back = self.send.take(places), self.back.take(places)
        return Cycle(send, back, flops, self.deadline_s, self.returns)


def cycle_of(
    radio: Radio,
    payload: Any,
    columns: Mapping[str, Any],
    tau: int,
    samples: Any,
    bandwidth_hz: FloatColumn,
    power_w: FloatColumn,
    deadline_s: float,
    pace: FloatColumn | float = 1.0,
) -> Cycle:
    """Return the cycle of learners with some columns, under an allocation of the shared link.

    `payload` is a whole one, of as many learners; `pace` the share of its full speed at which each
    computes.
    """
    size = len(bandwidth_hz)
    dealt = np.asarray(samples, dtype=np.float64)

    def full(value: Any) -> FloatColumn:
        return np.asarray(np.broadcast_to(np.asarray(value, dtype=np.float64), size))

    def link(bits: Any, bandwidth: Any, power: Any) -> Link:
        width = full(bandwidth)
        noise = width * radio.noise if radio.law == "density" else full(radio.noise)
        return Link(full(bits), width, full(power), noise)

    sent = payload.send_bits + payload.send_bits_per_sample * dealt
    returned = payload.return_bits + payload.return_bits_per_sample * dealt
    own = tuple(columns[name] for name in needed_columns(radio.shared))
    shared = bandwidth_hz, power_w
    there, back = (own, shared) if radio.shared == "return" else (shared, own)
    return Cycle(
        send=link(sent, *there),
        back=link(returned, *back),
        flops=full(tau * dealt * payload.flops_per_sample / pace),
        deadline_s=deadline_s,
        returns=radio.shared == "return",
    )
