"""One of Flower's rounds: the waves of messages that it takes, and what they bring together."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass

from mel_fast.flower.wave import Wave
from mel_fast.flower.wire.records import Arrays
from mel_fast.learning.averaging import WeightedAverage
from mel_fast.orchestrate import Closed


@dataclass(frozen=True, slots=True)
class Done:
    """One of Flower's rounds as it went; where it took several waves of messages, their sums.

    Attributes
    ----------
    number : int
        Flower's, from 1.
    tau : int
        Local cycles behind the average (of its last wave); 0 when nobody could take part.
    deadline_s : float
        T; with further waves of messages, their deadlines on top.
    planned_s, measured_s : dict of str to float
        By learner, the seconds that its plan gave it, and those that it reported; without a radio's
        only those of computing.
    samples : dict of str to int
        Samples behind what was averaged, by learner.
    missing : dict of str to str
        Who had samples and did not deliver them in time, and why.
    sitting_out : dict of str to str
        Who had nothing to do, and why.
    lost : int
        Samples of the task that are not behind the average.
    sent_bits, returned_bits : int
        Bits of the models' messages.
    wall_s : float
        Seconds by this machine's clock.

    Examples
    --------
    >>> import mel_fast as mel
    >>> sorted(mel.flower.Done.__dataclass_fields__)[:3]
    ['deadline_s', 'lost', 'measured_s']
    """

    number: int
    tau: int
    deadline_s: float
    planned_s: dict[str, float]
    measured_s: dict[str, float]
    samples: dict[str, int]
    missing: dict[str, str]
    sitting_out: dict[str, str]
    lost: int
    sent_bits: int
    returned_bits: int
    wall_s: float


class Cycle:
    """What the waves of one of Flower's rounds have brought so far.

    Parameters
    ----------
    number
        Flower's, of the round.
    model
        What goes out in each wave.
    """

    def __init__(self, number: int, model: Arrays) -> None:
        self.number, self.model = number, model
        self._began = time.monotonic()
        self._mean = WeightedAverage()
        self._samples: Counter[str] = Counter()
        self._planned: dict[str, float] = defaultdict(float)
        self._measured: dict[str, float] = defaultdict(float)
        self._missing: dict[str, str] = {}
        self._sitting_out: dict[str, str] = {}
        self._tau, self._deadline_s = 0, 0.0
        self._sent_bits = self._returned_bits = 0

    def restart(self) -> None:
        """Forget the models of the waves so far."""
        self._mean = WeightedAverage()
        self._samples.clear()

    def add(self, wave: Wave, closed: Closed) -> None:
        """Add the models of a wave that arrived in time, by equation (5)."""
        for name, count in closed.arrived.items():
            self._mean.add([wave.models[name][key] for key in self.model], count)
            self._samples[name] += count
        for name in wave.orders:
            job = wave.round.assignments[name]
            self._planned[name] += job.send_s + job.compute_s + job.return_s
        for name, report in wave.reports.items():
            self._measured[name] += (
                (report.send_s or 0.0) + report.compute_s + (report.return_s or 0.0)
            )
        self._missing |= {name: wave.reasons.get(name, why) for name, why in closed.missing.items()}
        self._sitting_out = wave.sitting_out
        self._tau = wave.round.tau
        self._deadline_s += wave.round.cycle_s
        self._sent_bits += wave.sent_bits
        self._returned_bits += wave.returned_bits

    def average(self) -> Arrays | None:
        """Return the average of what arrived, None of nothing."""
        if not self._samples:
            return None
        return dict(zip(self.model, self._mean.result(), strict=True))

    def done(self, samples: int) -> Done:
        """Return how a round of a task with so many samples went."""
        return Done(
            self.number,
            self._tau,
            self._deadline_s,
            dict(self._planned),
            dict(self._measured),
            dict(self._samples),
            self._missing,
            self._sitting_out,
            max(samples - self._samples.total(), 0),
            self._sent_bits,
            self._returned_bits,
            time.monotonic() - self._began,
        )
