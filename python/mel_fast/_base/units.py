"""Numbers as people read them: 100 MHz, 41.2 s, 60,000."""

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Context

_PREFIXES = {-12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P"}


def with_unit(value: float, unit: str, digits: int = 4) -> str:
    """Return `value` with an SI prefix: ``with_unit(1e8, "Hz")`` is ``"100 MHz"``."""
    if value == 0.0 or not math.isfinite(value):
        return f"{value:g} {unit}"
    exponent = 3 * math.floor(math.log10(abs(value)) / 3.0 + 1e-9)
    if exponent not in _PREFIXES:
        return f"{value:.{digits}g} {unit}"
    return f"{value / 10.0**exponent:.{digits}g} {_PREFIXES[exponent]}{unit}"


def rounded(value: float, digits: int, *, up: bool) -> float:
    """Return `value` with so many significant digits, rounded in one direction only."""
    if not math.isfinite(value):
        return value
    direction = ROUND_CEILING if up else ROUND_FLOOR
    return float(Context(prec=digits, rounding=direction).create_decimal_from_float(value))


def count(number: int, noun: str) -> str:
    """Return ``"1 sample"`` or ``"60,000 samples"``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
