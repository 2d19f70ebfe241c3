"""The numbers of many learners as arrays, and what one learner's constants are, enclosed."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from mel_fast.verify.claim._entries import HUGE, TINY
from mel_fast.verify.claim._problem import LARGEST, Problem
from mel_fast.verify.claim._read_problem import PAYLOAD
from mel_fast.verify.quick.intervals import LN2, Interval, exactly, log1p, taken

_SLOWEST, _FASTEST = 1e-200, 1e200  # of a constant link


@dataclass(frozen=True)
class Numbers:
    """Columns of learners, shape (K,), or one number where all have the same."""

    law: str
    noise: float
    cycle_s: float
    idle: str
    most: int
    flops_per_s: Any
    gain: Any
    return_bandwidth_hz: Any
    return_power_w: Any
    send: Any
    send_each: Any
    back: Any
    back_each: Any
    flops_each: Any
    min_samples: Any
    max_samples: Any
    energy_j: Any
    energy_per_flop_j: Any
    max_bandwidth_hz: Any
    max_power_w: Any
    plain: Any  # whether nothing else is said of the learner

    def at(self, rows: Any) -> "Numbers":
        """Return those of some learners."""
        names = (field.name for field in fields(self))
        found = {name: getattr(self, name) for name in names}
        return replace(
            self, **{n: taken(x, rows) for n, x in found.items() if isinstance(x, np.ndarray)}
        )


_POSITIVE = ("flops_per_s", "return_bandwidth_hz", "return_power_w", "flops_each")
_NOT_NEGATIVE = ("gain", "send", "send_each", "back", "back_each", "energy_per_flop_j")
_CAPS = ("energy_j", "max_bandwidth_hz", "max_power_w")
_COUNTS = ("min_samples", "max_samples")
_KNOWN = frozenset(
    ("flops_per_s", "gain", "return_bandwidth_hz", "return_power_w", *_COUNTS, *_CAPS)
) | {"energy_per_flop_j", "send_bandwidth_hz", "send_power_w", *PAYLOAD}
_OTHER_WAY = {"send": "back", "send_each": "back_each", "back": "send", "back_each": "send_each"}


def of_columns(problem: Problem, columns: dict[str, Any]) -> Numbers | None:
    """Return the numbers of columns that belong to `problem`, but for its learners.

    `problem` has one learner of theirs. None where something is not as it must be, or not known
    here: whoever reads every number alone then says what.
    """
    if problem.block_hz is not None or not set(columns) <= _KNOWN:
        return None
    if problem.power_w is None and not np.isfinite(columns.get("max_power_w", np.inf)).all():
        return None
    constant = "send" if problem.shared == "return" else "return"
    load = problem.learners[0].load
    amounts = {name: float(getattr(load, name)) for name in load._fields}
    for name, field in PAYLOAD.items():
        if name in columns:
            swapped = _OTHER_WAY.get(field, field) if problem.shared == "return" else field
            amounts[swapped] = columns[name]
    size = len(columns["gain"])
    energy_j = columns.get("energy_j", np.inf)
    plain: Any = np.ones(size, bool)
    if problem.energy_sends:
        plain = plain & ~(np.broadcast_to(energy_j, size) < np.inf)
    given = {
        "flops_per_s": columns["flops_per_s"],
        "gain": columns["gain"],
        "return_bandwidth_hz": columns.get(f"{constant}_bandwidth_hz"),
        "return_power_w": columns.get(f"{constant}_power_w"),
        **amounts,
        "min_samples": columns.get("min_samples", 0),
        "max_samples": columns.get("max_samples", LARGEST),
        "energy_j": energy_j,
        "energy_per_flop_j": columns.get("energy_per_flop_j", 0.0),
        "max_bandwidth_hz": columns.get("max_bandwidth_hz", np.inf),
        "max_power_w": columns.get("max_power_w", np.inf),
    }
    if not all(_one_or(size, column) for column in given.values()):
        return None
    return stated(problem, plain=plain, **given)


def stated(problem: Problem, **columns: Any) -> Numbers | None:
    """Return the columns beside the numbers of `problem`; None where they are too extreme."""
    numbers = Numbers(
        law=problem.law,
        noise=problem.noise,
        cycle_s=problem.cycle_s,
        idle=problem.idle,
        most=problem.samples,
        **columns,
    )
    return numbers if _in_range(numbers) else None


def _one_or(size: int, column: Any) -> bool:
    return np.ndim(column) == 0 or (
        isinstance(column, np.ndarray) and column.shape == (size,) and column.dtype.kind in "fi"
    )


def _in_range(numbers: Numbers) -> bool:
    """Whether every number is one that a plan file may hold."""

    def between(name: str, low: float, high: float, besides: float) -> bool:
        x = np.asarray(getattr(numbers, name))
        if x.dtype.kind == "f" or not name.endswith("samples"):
            x = x.astype(np.float64, copy=False)
        return bool((((x >= low) & (x <= high)) | (x == besides)).all())

    return (
        all(between(name, TINY, HUGE, TINY) for name in _POSITIVE)
        and all(between(name, TINY, HUGE, 0.0) for name in _NOT_NEGATIVE)
        and all(between(name, TINY, HUGE, 0.0) or _capped(numbers, name) for name in _CAPS)
        and all(between(name, 0, LARGEST, 0) and _whole(numbers, name) for name in _COUNTS)
        and bool(np.all(np.asarray(numbers.min_samples) <= numbers.max_samples))
    )


def _capped(numbers: Numbers, name: str) -> bool:
    x = np.asarray(getattr(numbers, name), dtype=np.float64)
    return bool((((x >= TINY) & (x <= HUGE)) | (x == 0.0) | (x == np.inf)).all())


def _whole(numbers: Numbers, name: str) -> bool:
    return np.asarray(getattr(numbers, name)).dtype.kind == "i"


@dataclass(frozen=True)
class Constants:
    """What a learner's rate and time are made of, in `tau` local cycles: docs/proof.md."""

    noise: Interval  # n
    spare_s: Interval  # T'
    per_sample_s: Interval  # g
    return_s: Interval  # of a bit

    def at(self, rows: Any) -> "Constants":
        """Return those of some learners."""
        return Constants(*(getattr(self, field.name).at(rows) for field in fields(self)))


def constants(numbers: Numbers, tau: int) -> Constants:
    """Enclose every learner's constants; all must have a gain above zero."""
    gain, band = exactly(numbers.gain), exactly(numbers.return_bandwidth_hz)
    power, noise = exactly(numbers.return_power_w), exactly(numbers.noise)
    snr = power.times(gain).over(noise.times(band) if numbers.law == "density" else noise)
    rate = band.times(log_of_one_plus(snr)).over(LN2)
    if np.min(rate.lo) < _SLOWEST or np.max(rate.hi) > _FASTEST:
        raise FloatingPointError("a constant rate is out of range")
    computing = cycles(tau).times(exactly(numbers.flops_each))
    computing = computing.over(exactly(numbers.flops_per_s))
    spare = exactly(numbers.cycle_s).minus(exactly(numbers.back).over(rate))
    each = computing.plus(exactly(numbers.back_each).over(rate))
    return Constants(noise.over(gain), spare, each, exactly(1.0).over(rate))


def cycles(tau: int) -> Interval:
    """Return tau, which must be a float64 without rounding."""
    if tau > LARGEST:
        raise FloatingPointError("tau is above 2^53")
    return exactly(float(tau))


def log_of_one_plus(x: Interval) -> Interval:
    """Enclose ln(1 + x): it grows with x, and relatively no faster."""
    low = log1p(x.lo).log
    return Interval(low.lo, low.hi * (x.hi / x.lo) * (1.0 + 2.0**-50))


def readable(allocation: Any, size: int) -> bool:
    """Whether samples, bandwidth and power of so many learners are ones that a plan may hold."""
    samples, *shares = allocation
    shaped = all(isinstance(x, np.ndarray) and x.shape == (size,) for x in allocation)
    if not shaped or samples.dtype != np.int64 or any(x.dtype != np.float64 for x in shares):
        return False
    counted = bool(((samples >= 0) & (samples <= LARGEST)).all())
    return counted and all(bool(((x >= 0.0) & (x <= HUGE)).all()) for x in shares)


def runs(chosen: Any) -> list[slice]:
    """Return the runs of learners that are chosen, shape (K,)."""
    ends = np.flatnonzero(np.diff(np.concatenate([[False], chosen, [False]]))).tolist()
    return [slice(a, b) for a, b in zip(ends[::2], ends[1::2], strict=True)]
