"""What clients report, before it is believed."""

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

from mel_fast._base.untrusted import shown

FIELDS = ("send_s", "compute_s", "return_s", "sent_bits", "returned_bits", "charge_j")
_LONGEST = 1e12
_BITS_PER_BYTE = 8


@dataclass(frozen=True, slots=True)
class Report:
    """What is measured of one learner in one round: numbers of at least 0, or None."""

    send_s: float | None = None
    compute_s: float | None = None
    return_s: float | None = None
    sent_bits: float | None = None
    returned_bits: float | None = None
    charge_j: float | None = None

    def total_s(self) -> float | None:
        """Return the seconds in all, None where one of them is not known."""
        if self.send_s is None or self.compute_s is None or self.return_s is None:
            return None
        return self.send_s + self.compute_s + self.return_s


def checked(given: dict[str, Any]) -> tuple[Report, str | None]:
    """Return a report, and why it makes no sense or None; of nonsense nothing is kept.

    ``sent_bytes`` and ``returned_bytes`` stand for 8 bits each.
    """
    values: dict[str, float] = {}
    for name, value in given.items():
        if value is None:
            continue
        wrong = _wrong(name, value)
        if wrong is not None:
            return Report(), wrong
        bits = _BITS_PER_BYTE if name.endswith("_bytes") else 1
        values[name.replace("_bytes", "_bits")] = float(value) * bits
    return Report(**values), None


def _wrong(name: str, value: Any) -> str | None:
    rule = f"reported {name} = {shown(value)}: must be a number in [0, {_LONGEST:g}]"
    if isinstance(value, bool) or not isinstance(value, Real):
        return rule
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return rule
    most = _LONGEST if name.endswith("_s") else _LONGEST * _LONGEST
    return None if math.isfinite(number) and 0.0 <= number <= most else rule


@dataclass(frozen=True, slots=True)
class Heard:
    """What was told of one learner in the round under way."""

    report: Report
    arrived: bool
    wrong: str | None = None
    """Why it is not believed."""


Reports = dict[str, Heard]
