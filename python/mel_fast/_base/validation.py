"""The one place where a user's numbers become trusted numbers.

Every refusal names the field, the index, the value and the allowed range, and happens before any
solving. A wrong kind of thing is a TypeError, a wrong number of the right kind a ValueError.
"""

import math
import operator
from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any

import numpy as np

from mel_fast._base.untrusted import shown

SMALLEST = 1e-60
LARGEST = 1e60
MAX_INTEGER = 2**53
_LONGEST_WORD = 60
_LONGEST_NAME = 100
_COUNTS_RULE = f"must be an integer in [0, {MAX_INTEGER}] or a one-dimensional array of such"

# As numpy.typing.NDArray, which takes longer to import than all that is here.
AnyColumn = np.ndarray[tuple[Any, ...], np.dtype[Any]]
FloatColumn = np.ndarray[tuple[Any, ...], np.dtype[np.float64]]
IntColumn = np.ndarray[tuple[Any, ...], np.dtype[np.int64]]
BoolColumn = np.ndarray[tuple[Any, ...], np.dtype[np.bool_]]
TextColumn = np.ndarray[tuple[Any, ...], np.dtype[np.str_]]


def real(field: str, value: Any, *, low: float = SMALLEST, high: float = LARGEST) -> float:
    """Return `value` as a float in [low, high]."""
    if type(value) is not float:
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value[()]
        if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
            raise TypeError(
                f"{field} = {shown(value)}: must be a real number in {_span(low, high)}"
            )
        try:
            value = float(value)
        except OverflowError:
            raise ValueError(f"{field} = {shown(value)}: {_number_rule(low, high)}") from None
    if not low <= value <= high:
        hint = unit_hint(field, value)
        raise ValueError(f"{field} = {value!r}: {_number_rule(low, high)}{hint}")
    return float(value)


def integer(field: str, value: Any, *, low: int, high: int = MAX_INTEGER) -> int:
    """Return `value` (an integer, or a float that is one, such as 6e4) as an int in [low, high]."""
    rule = f"must be an integer in [{low}, {high}]"
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"{field} = {value!r}: {rule}, not a truth value")
    try:
        number = operator.index(value)
    except TypeError:
        if not isinstance(value, float | np.floating):
            raise TypeError(f"{field} = {shown(value)}: {rule}") from None
        if not math.isfinite(value) or value != math.floor(value):
            raise ValueError(f"{field} = {float(value)!r}: {rule}") from None
        number = int(value)
    if not low <= number <= high:
        raise ValueError(f"{field} = {shown(number)}: {rule}")
    return number


def choice(field: str, value: Any, options: Iterable[str]) -> str:
    """Return `value`, one of the words in `options`."""
    words = list(options)
    listed = ", ".join(repr(word) for word in words)
    if not isinstance(value, str):
        raise TypeError(f"{field} = {shown(value)}: must be one of {listed}")
    if value not in words:
        raise ValueError(
            f"{field} = {shown(value)}: must be one of {listed}{did_you_mean(value, words)}"
        )
    return str(value)


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the closest of `words`, or nothing."""
    import difflib  # only for words that are refused

    if len(word) > _LONGEST_WORD:
        return ""
    close = difflib.get_close_matches(word, list(words), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def unit_hint(field: str, value: float) -> str:
    """Return what a negative number seems to be in, where decibels are usual, or nothing."""
    name = field.rpartition(".")[2]
    if not -1e3 < value < -1.0:  # minus one more often stands for nothing at all
        return ""
    if name.endswith("_w_per_hz"):
        file = f"{name.removesuffix('_w_per_hz')}_dbm_per_hz"
        return f"; {value:g} looks like dBm/Hz: mel.channel.dbm({value:g}) is W/Hz, in files {file}"
    if name.endswith("_w"):
        file = f"{name.removesuffix('_w')}_dbm"
        return f"; {value:g} looks like dBm: mel.channel.dbm({value:g}) is W, in files {file}"
    if name == "gain":
        return f"; {value:g} looks like dB: mel.channel.db({value:g}) is a ratio, in files gain_db"
    return ""


def scalar_or_column(field: str, value: Any) -> FloatColumn | float:
    """Return a validated positive scalar, or a fresh float64 column of positive numbers."""
    array = _as_array(field, value)
    if array.ndim == 0:
        return real(field, value if isinstance(value, Real) else array[()])
    column = _as_float64(field, array)
    if column.size:
        least, most = float(column.min()), float(column.max())
        if not (least >= SMALLEST and most <= LARGEST):
            _refuse_entry(field, column, ~((column >= SMALLEST) & (column <= LARGEST)), SMALLEST)
    return column


def limit_column(field: str, value: Any, also: tuple[float, ...]) -> FloatColumn | float:
    """Return what `scalar_or_column` does, of numbers in [1e-60, 1e60] or equal to one of `also`.

    `also` holds 0, infinity or both: numbers that stand for "none at all" and "no limit".
    """
    array = _as_array(field, value)
    if array.ndim == 0:
        number = _as_float(field, value if isinstance(value, Real) else array[()])
        _check_limits(field, np.array([number]), also, scalar=True)
        return number + 0.0
    column = _as_float64(field, array)
    _check_limits(field, column, also, scalar=False)
    return column + 0.0  # no negative zero


def _check_limits(
    field: str, column: FloatColumn, also: tuple[float, ...], *, scalar: bool
) -> None:
    if not column.size or (column.min() >= SMALLEST and column.max() <= LARGEST):
        return
    bad = ~((column >= SMALLEST) & (column <= LARGEST))
    for special in also:
        bad &= column != special
    if bad.any():
        index = int(np.flatnonzero(bad)[0])
        where = field if scalar else f"{field}[{index}]"
        listed = " or ".join(f"{special:g}" for special in also)
        rule = _number_rule(finite=math.isfinite(max(also)))
        hint = unit_hint(field, float(column[index]))
        raise ValueError(f"{where} = {float(column[index])!r}: {rule} or {listed}{hint}")


def count_or_column(field: str, value: Any) -> IntColumn | int:
    """Return an integer in [0, 2**53], or a fresh int64 column of such."""
    array = _as_array(field, value, _COUNTS_RULE)
    if array.ndim == 0:
        return integer(field, array[()], low=0)
    return count_column(field, value, array.size)


def most_or_column(field: str, value: Any) -> IntColumn | int:
    """Return what `count_or_column` does; infinity stands for no limit, which 2**53 is as well."""
    array = _as_array(field, value, _COUNTS_RULE)
    if array.dtype.kind == "f" and np.isposinf(array).any():
        value = np.where(np.isposinf(array), float(MAX_INTEGER), array)
    elif array.dtype.kind == "O" and array.ndim == 1:
        value = [MAX_INTEGER if _is_infinite(entry) else entry for entry in array]
    return count_or_column(field, value)


def _is_infinite(entry: object) -> bool:
    return isinstance(entry, float | np.floating) and entry == math.inf


def flag_column(field: str, value: Any) -> BoolColumn | np.bool_:
    """Return a truth value, or a fresh column of such; 0 and 1, as tables write them, will do."""
    rule = "must be true or false (1 or 0), or a list of such"
    array = plain_array(field, value, rule)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{field} = {shown(value)}: {rule}")
    bad = ~((array == 0) | (array == 1))
    if bad.any():
        index = int(np.flatnonzero(bad)[0])
        where, entry = (f"{field}[{index}]", array[index]) if array.ndim else (field, array)
        raise ValueError(f"{where} = {entry.item()!r}: {rule}")
    flags = array.astype(np.bool_)
    return flags if flags.ndim else flags[()]


def name_column(field: str, value: Any) -> TextColumn:
    """Return names, one each: different texts of 1 to 100 printable characters."""
    rule = "must be a list of different names of 1 to 100 printable characters"
    if isinstance(value, str | bytes) or not isinstance(value, Sequence | np.ndarray):
        raise TypeError(f"{field} = {shown(value)}: {rule}")
    names = value.tolist() if isinstance(value, np.ndarray) else list(value)
    seen: dict[str, int] = {}
    for index, name in enumerate(names if isinstance(names, list) else [names]):
        if not isinstance(name, str):
            raise TypeError(f"{field}[{index}] = {shown(name)}: {rule}")
        if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable() or name != name.strip():
            raise ValueError(f"{field}[{index}] = {shown(name)}: {rule}, no space at the ends")
        if seen.setdefault(name, index) != index:
            raise ValueError(f"{field}[{index}] = {shown(name)}: is {field}[{seen[name]}] too")
    return np.array(list(seen), dtype=np.str_)


def share_column(field: str, value: Any, count: int) -> FloatColumn:
    """Return `value` (scalar or (count,)) as a fresh float64 column of numbers in [0, 1e60]."""
    array = _as_array(field, value)
    if array.ndim == 0:
        return np.full(count, real(field, value if isinstance(value, Real) else array[()], low=0.0))
    column = _as_float64(field, array)
    _check_length(field, column, count)
    if count and not (column.min() >= 0.0 and column.max() <= LARGEST):
        _refuse_entry(field, column, ~((column >= 0.0) & (column <= LARGEST)), 0.0)
    return column


def count_column(field: str, value: Any, count: int) -> IntColumn:
    """Return `value` (scalar or (count,)) as a fresh int64 column of integers in [0, 2**53]."""
    rule = f"must be an integer in [0, {MAX_INTEGER}]"
    array = _as_array(field, value, _COUNTS_RULE)
    if array.ndim == 0:
        return np.full(count, integer(field, array[()], low=0), dtype=np.int64)
    if array.dtype.kind == "O":
        numbers = [integer(f"{field}[{i}]", entry, low=0) for i, entry in enumerate(array)]
        array = np.array(numbers, dtype=np.int64)
    elif array.dtype.kind not in "iuf":
        raise TypeError(f"{field} has dtype {array.dtype}: {rule}")
    _check_length(field, array, count)
    whole = array.dtype.kind != "f"
    if whole and count and array.min() >= 0 and array.max() <= MAX_INTEGER:
        return array.astype(np.int64)
    bad = ~((array >= 0) & (array <= MAX_INTEGER))
    if not whole:
        bad |= array != np.floor(array)
    if bad.any():
        index = int(np.flatnonzero(bad)[0])
        raise ValueError(f"{field}[{index}] = {array[index].item()!r}: {rule}")
    return array.astype(np.int64)


def plain_array(field: str, value: Any, rule: str) -> AnyColumn:
    """Return `value` as an array of at most one dimension, of whatever kind."""
    if np.any(getattr(value, "_mask", False)):
        raise ValueError(f"{field} has masked entries: {rule}")
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{field} is ragged: {rule}") from None
    if array.ndim > 1:
        raise ValueError(f"{field} has shape {array.shape}: {rule}")
    return array


def freeze(array: AnyColumn) -> AnyColumn:
    """Make an array read-only and return it."""
    array.flags.writeable = False
    return array


def _as_array(field: str, value: Any, rule: str | None = None) -> AnyColumn:
    """Return `value` as an array of at most one dimension, not yet converted to float64."""
    rule = rule or _column_rule()
    if isinstance(value, str | bytes | bool | np.bool_ | complex) or value is None:
        raise TypeError(f"{field} = {shown(value)}: {rule}")
    if isinstance(value, list | tuple):
        for index, entry in enumerate(value):
            if isinstance(entry, bool | np.bool_):
                raise TypeError(f"{field}[{index}] = {entry!r}: {_number_rule()}")
    return plain_array(field, value, rule)


def _as_float64(field: str, array: AnyColumn) -> FloatColumn:
    if array.dtype.kind == "O":
        numbers = [_as_float(f"{field}[{index}]", entry) for index, entry in enumerate(array)]
        return np.array(numbers, dtype=np.float64)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{field} has dtype {array.dtype}: {_column_rule()}")
    with np.errstate(over="ignore"):
        return np.array(array, dtype=np.float64, order="C")


def _as_float(field: str, entry: Any) -> float:
    if isinstance(entry, bool | np.bool_) or not isinstance(entry, Real):
        raise TypeError(f"{field} = {shown(entry)}: {_number_rule()}")
    try:
        return float(entry)
    except OverflowError:
        raise ValueError(f"{field} = {shown(entry)}: {_number_rule()}") from None


def _check_length(field: str, column: AnyColumn, count: int) -> None:
    if column.shape != (count,):
        raise ValueError(f"{field} has length {column.size}: must be a number or of length {count}")


def _refuse_entry(field: str, column: FloatColumn, bad: BoolColumn, low: float) -> None:
    index = int(np.flatnonzero(bad)[0])
    value = float(column[index])
    hint = unit_hint(field, value)
    raise ValueError(f"{field}[{index}] = {value!r}: {_number_rule(low)}{hint}")


def _span(low: float, high: float) -> str:
    return f"[{low:g}, {high:g}]"


def _number_rule(low: float = SMALLEST, high: float = LARGEST, *, finite: bool = True) -> str:
    kind = "finite number" if finite and math.isfinite(high) else "number"
    return f"must be a {kind} in {_span(low, high)}"


def _column_rule() -> str:
    return f"must be a number or a one-dimensional array of numbers in {_span(SMALLEST, LARGEST)}"
