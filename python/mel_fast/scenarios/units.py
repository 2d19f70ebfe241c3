"""The table of units: what files may write in place of SI, and how it becomes SI.

A key's ending is its unit. Wherever ``NAME_hz`` may stand, ``NAME_mhz`` may; both at once are
refused. TOML, CSV, Parquet and data frames all read this one table; docs/units.md is made of it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mel_fast._base.arithmetic import guard
from mel_fast._base.untrusted import shown
from mel_fast.channel import db, dbm


@dataclass(frozen=True)
class Unit:
    """A unit that may stand in place of an SI one."""

    ending: str
    """Of the key that is written."""
    si: str
    """Of the key that it stands for."""
    words: str
    convert: float | Callable[[Any], Any]
    """A factor, or a function of a number or an array."""

    def to_si(self, value: Any) -> Any:
        """Return numbers in SI; what is no number comes back as it is, to be refused by name."""
        if isinstance(value, bool) or not _numbers(value):
            return value
        if callable(self.convert):
            return self.convert(value)
        scaled = np.asarray(value, dtype=np.float64) * self.convert
        return float(scaled) if scaled.ndim == 0 else scaled


UNITS = (
    Unit("_dbm_per_hz", "_w_per_hz", "dBm/Hz", dbm),
    Unit("_dbm", "_w", "dBm", dbm),
    Unit("_mw", "_w", "mW", 1e-3),
    Unit("_db", "", "dB", db),
    Unit("_khz", "_hz", "kHz", 1e3),
    Unit("_mhz", "_hz", "MHz", 1e6),
    Unit("_ghz", "_hz", "GHz", 1e9),
    Unit("_ms", "_s", "ms", 1e-3),
    Unit("_mj", "_j", "mJ", 1e-3),
    Unit("_nj", "_j", "nJ", 1e-9),
    Unit("mflops_per_s", "flops_per_s", "Mflop/s", 1e6),
    Unit("gflops_per_s", "flops_per_s", "Gflop/s", 1e9),
)


def in_si(word: str, known: Collection[str]) -> tuple[str, Unit] | None:
    """Return the SI name that a key in another unit stands for, and the unit; None for none."""
    if word in known:
        return None
    for unit in UNITS:
        if word.endswith(unit.ending):
            name = word[: len(word) - len(unit.ending)] + unit.si
            if name in known:
                return name, unit
    return None


def converted(given: Mapping[str, Any], known: Collection[str], where: str = "") -> dict[str, Any]:
    """Return a table or a set of columns with every key in SI, in the order in which they stand.

    Parameters
    ----------
    given
        Values by key; a value is a number, a list or an array of numbers.
    known
        The keys that there are, in SI.
    where
        What messages call the table.

    Raises
    ------
    ValueError, TypeError
        For one quantity in two units, naming both keys, and for what has no value in SI.
    """
    found: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for word, value in given.items():
        meant = in_si(word, known)
        name = word if meant is None else meant[0]
        if name in found:
            raise ValueError(
                f"{where}{origin[name]} and {where}{word} are one quantity: give one of them"
            )
        origin[name] = word
        try:
            found[name] = value if meant is None else meant[1].to_si(value)
        except (ValueError, TypeError) as error:
            raise type(error)(f"{where}{word} = {shown(value)}: {error}") from None
    return found


def _numbers(value: Any) -> bool:
    try:
        array = np.asarray(value)
    except ValueError:
        return False
    if isinstance(value, list | tuple) and any(isinstance(entry, bool) for entry in value):
        return False
    return array.ndim <= 1 and array.dtype.kind in "iuf" and array.size > 0


guard(__name__)
