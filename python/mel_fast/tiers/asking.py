"""What `schedule` and `frontier` are asked: checked, with the time of a task on every device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mel_fast._base.untrusted import shown
from mel_fast._base.validation import FloatColumn, freeze, share_column
from mel_fast.tiers.jobs import CLOUD, Job, Tier, asked_tiers


@dataclass(frozen=True, slots=True)
class Floor:
    """Tiers that a stage may use, and what a task takes on each of their devices."""

    tiers: tuple[Tier, ...]
    task_s: FloatColumn

    def cloud(self) -> slice:
        """The places of the cloud's devices; none where there is no cloud."""
        begin = 0
        for tier in self.tiers:
            if tier.name == CLOUD:
                return slice(begin, begin + tier.devices)
            begin += tier.devices
        return slice(0, 0)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for, checked: with `extra` None nothing is encrypted."""

    job: Job
    tiers: tuple[Tier, ...]
    extra: Mapping[str, FloatColumn] | None
    end: Floor

    def upper(self) -> Floor:
        """Return the upper tiers that have devices and may see what they get."""
        tiers = tuple(
            tier
            for tier in self.tiers[1:]
            if tier.devices and (tier.trusted or self.extra is not None)
        )
        if len(self.tiers) > 1 and not any(tier.devices for tier in self.tiers[1:]):
            names = ", ".join(repr(tier.name) for tier in self.tiers[1:])
            raise ValueError(f"tiers: no upper tier has devices ({names}): must have at least 1")
        if len(self.tiers) > 1 and not tiers:
            raise ValueError(
                "tiers: no upper tier has devices that may see the data: trusted=True, "
                "or encrypt_s= where they are encrypted"
            )
        return _times(tiers, self.extra)


def asked(job: Any, tiers: Any, encrypt_s: Any) -> Asked:
    """Return what was asked, checked."""
    listed = asked_tiers(job, tiers)
    extra = _encryption(listed, encrypt_s)
    return Asked(job, listed, extra, floor(listed[:1], extra))


def upper_floor(job: Any, tiers: Any, encrypt_s: Any) -> tuple[tuple[Tier, ...], Floor, Floor]:
    """Return the tiers, the end devices and what may be used above them, a cloud among it."""
    found = asked(job, tiers, encrypt_s)
    upper = found.upper()
    if upper.cloud().start == upper.cloud().stop:
        raise ValueError(f"tiers: no tier named {CLOUD!r} has devices that may see the data")
    return found.tiers, found.end, upper


def _encryption(tiers: tuple[Tier, ...], encrypt_s: Any) -> Mapping[str, FloatColumn] | None:
    if encrypt_s is None:
        return None
    if not isinstance(encrypt_s, Mapping):
        raise TypeError(f"encrypt_s = {shown(encrypt_s)}: must be a mapping of tiers to seconds")
    known = {tier.name: tier for tier in tiers}
    for name in encrypt_s:
        if name not in known:
            raise ValueError(f"encrypt_s: {shown(name)} is no tier")
    return {
        name: freeze(share_column(f"encrypt_s[{name!r}]", value, known[name].devices))
        for name, value in encrypt_s.items()
    }


def floor(tiers: tuple[Tier, ...], extra: Mapping[str, FloatColumn] | None) -> Floor:
    """Return tiers that a scheme needs, or say why they cannot be had."""
    for tier in tiers:
        if not tier.devices:
            raise ValueError(f"tiers: {tier.name!r} has no devices: must have at least 1")
        if not tier.trusted and extra is None:
            raise ValueError(
                f"tiers: {tier.name!r} is not trusted and must not see raw data: "
                "give encrypt_s= where they are encrypted"
            )
    return _times(tiers, extra)


def _times(tiers: tuple[Tier, ...], extra: Mapping[str, FloatColumn] | None) -> Floor:
    added = extra or {}
    times = [t.task_s + added[t.name] if t.name in added else t.task_s for t in tiers]
    return Floor(tiers, times[0] if len(times) == 1 else np.concatenate([np.empty(0), *times]))
