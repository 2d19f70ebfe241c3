"""Batteries over rounds: how long until the first learner is empty, and what was done until then.

A cell of 500 m as in `mel_fast.experiments.radio.uplink`, 8 learners of 10 dBm and at most 2 GHz,
kappa = 1e-28, updates of 28.1 kbit over 3.2 MHz, 4,000 samples of 2e4 cycles dealt at will, 1,500
to one at most; batteries of 1 J, drawn between 0.3 and full.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mel_fast._base.atomic import write_figure
from mel_fast._base.drawing.palette import LOOKS, axis, canvas, styled
from mel_fast._base.validation import FloatColumn
from mel_fast.experiments.radio.uplink import UPDATE_BITS, cell
from mel_fast.model.payload import Payload
from mel_fast.orchestrate import Batteries, Fair, Fleet, Greedy, Orchestrator
from mel_fast.orchestrate.batteries.charges import spent_j

LEARNERS, CYCLE_S, CYCLES = 8, 0.15, 2e4
MOST_SAMPLES, HERTZ_EACH, COEFFICIENT = 1500, 4e5, 1e-28
CAPACITY_J, LEAST_SHARE = 1.0, 0.3

SPENDING: Mapping[str, Callable[[int], Greedy | Fair | None]] = {
    "as if endless": lambda rounds: None,
    "greedy": lambda rounds: Greedy(),
    "fair": lambda rounds: Fair(),
    "fair, over all rounds": lambda rounds: Fair(rounds),
}


@dataclass(frozen=True, slots=True)
class Played:
    """Rounds of one way to spend: shape (seeds, rounds)."""

    name: str
    tau: FloatColumn
    work: FloatColumn
    """Local cycles times the share of the samples that were dealt."""
    least_j: FloatColumn
    """What the emptiest battery holds after the round."""
    first: FloatColumn
    """Rounds that every learner could take part in, shape (seeds,)."""

    def until(self, values: FloatColumn) -> FloatColumn:
        """Return the sum of some values up to each seed's first empty battery."""
        counted = np.arange(values.shape[1]) < self.first[:, None]
        return np.asarray((values * counted).sum(axis=1))


def played(seeds: int, rounds: int, harvest_w: float = 0.0) -> list[Played]:
    """Play every way to spend over the same draws."""
    found = []
    for name, spending in SPENDING.items():
        each = [_played(seed, rounds, harvest_w, spending(rounds)) for seed in range(seeds)]
        tau, work, least, first = (np.array(column) for column in zip(*each, strict=True))
        found.append(Played(name, tau, work, least, first.astype(np.float64)))
    return found


def _played(
    seed: int, rounds: int, harvest_w: float, spending: Greedy | Fair | None
) -> tuple[list[int], list[float], list[float], int]:
    drawn = cell(seed, users=LEARNERS)
    learners = drawn.learners.replace(
        min_samples=None, max_samples=MOST_SAMPLES, energy_coefficient=COEFFICIENT
    )
    radio = drawn.radio.replace(bandwidth_hz=HERTZ_EACH * LEARNERS)
    shares = np.random.default_rng([seed, 0xBA7]).uniform(LEAST_SHARE, 1.0, LEARNERS)
    charge_j = {str(k): CAPACITY_J * share for k, share in enumerate(shares.tolist())}
    batteries = None
    if spending is not None:
        batteries = Batteries(charge_j, CAPACITY_J, harvest_w, spending)
    loop = Orchestrator(
        Fleet(learners),
        drawn.task,
        radio,
        CYCLE_S,
        "served",
        payload=Payload(return_bits=UPDATE_BITS, flops_per_sample=CYCLES),
        batteries=batteries,
    )
    tau, work, least = list[int](), list[float](), list[float]()
    left, first = np.array(list(charge_j.values())), rounds
    for at in range(rounds):
        round = loop.plan_round()
        spent = spent_j(round.assignments, {})
        for name, job in round.assignments.items():
            loop.observe(name, send_s=job.send_s, compute_s=job.compute_s, return_s=job.return_s)
        loop.close_round()
        if batteries is not None:
            left = np.array(list(loop.charge_j.values()))
            out = len(round.assignments) < LEARNERS
        else:  # who cannot pay for its part is gone with the whole round
            out = bool((spent > left).any())
            left = np.minimum(np.maximum(left - spent, 0.0) + harvest_w * CYCLE_S, CAPACITY_J)
        if out:
            first = min(first, at)
        done = batteries is not None or not out
        tau.append(round.tau if done else 0)
        dealt = float(round.assignments.samples.sum()) / drawn.task.samples
        work.append(round.tau * dealt if done else 0.0)
        least.append(float(left.min()))
        if batteries is None and out:
            pad = rounds - at - 1
            return tau + [0] * pad, work + [0.0] * pad, least + [least[-1]] * pad, first
    return tau, work, least, first


def figure(found: list[Played], path: Path) -> None:
    """Draw the emptiest battery and the local cycles, round by round: means over the draws."""
    with styled():
        drawn = canvas(6.8, 5.0)
        charge, cycles = drawn.subplots(2, 1, sharex=True)
        for one, look in zip(found, LOOKS, strict=False):
            number = np.arange(1, one.tau.shape[1] + 1)
            charge.plot(number, one.least_j.mean(axis=0), **look.words(size=3), label=one.name)
            cycles.plot(number, one.work.mean(axis=0), **look.words(size=3))
        charge.set_ylabel("Emptiest battery (J)")
        cycles.set_ylabel("Local cycles x\nshare of samples")
        cycles.set_xlabel(axis("round"))
        charge.legend(loc="upper right")
        for ax in (charge, cycles):
            ax.set_ylim(bottom=0.0)
        write_figure(path, drawn, dpi=150)
