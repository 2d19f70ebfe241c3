"""Readings of what Table I leaves open: the default, and one change at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mel_fast import channel

CARRIER_HZ = 2.4e9


@dataclass(frozen=True)
class Reading:
    """A reading: words for the report, and what changes in ``scenarios.table1_draws``."""

    words: str
    settings: Mapping[str, Any] = field(default_factory=dict)


DEFAULT = Reading(
    "32-bit features; uniform in a disc of 50 m; Rayleigh fading; loss 70 + 21 log10(R) + 7 dB; "
    "100 MHz and 23 dBm in total for every K; density law; every learner served"
)


def _law(law: channel.Attenuation) -> dict[str, Any]:
    return {"attenuation": law, "extra_loss_db": 0.0}


CHANGES = (
    Reading("8-bit features (MNIST's own)", {"feature_bits": 8}),
    Reading("64-bit features", {"feature_bits": 64}),
    Reading("federated (no samples sent)", {"setting": "federated"}),
    Reading("idle learners excused", {"idle": "excused"}),
    Reading("all learners at 50 m", {"placement": channel.Fixed(50.0)}),
    Reading("all learners at 25 m", {"placement": channel.Fixed(25.0)}),
    Reading("no fading", {"fading": "none"}),
    Reading("Rician fading, 6 dB", {"fading": "rician:6"}),
    Reading("Nakagami fading, m = 2", {"fading": "nakagami:2"}),
    Reading("no extra loss", {"extra_loss_db": 0.0}),
    Reading("10 dB extra loss", {"extra_loss_db": 10.0}),
    Reading("14 dB extra loss", {"extra_loss_db": 14.0}),
    Reading("8-bit features and 10 dB extra loss", {"feature_bits": 8, "extra_loss_db": 10.0}),
    Reading("loss 7 + 2.1 log10(R) dB as printed", _law(channel.paper("decibels"))),
    Reading("free space at 2.4 GHz", _law(channel.free_space(CARRIER_HZ))),
    Reading("3GPP indoor office, LOS, 2.4 GHz", _law(channel.IndoorOffice(CARRIER_HZ))),
    Reading("3GPP urban micro, LOS, 2.4 GHz", _law(channel.UrbanMicro(CARRIER_HZ))),
    Reading("K x 5 MHz, K x 23 dBm", {"budgets": "per_learner"}),
    Reading("K x 5 MHz, 23 dBm", {"budgets": "bandwidth_per_learner"}),
    Reading("100 MHz, K x 23 dBm", {"budgets": "power_per_learner"}),
    Reading("fixed law, noise of the whole 100 MHz", {"law": "fixed"}),
    Reading("fixed law, N = -174 dBm as printed", {"law": "fixed", "noise_bandwidth_hz": 1.0}),
)
