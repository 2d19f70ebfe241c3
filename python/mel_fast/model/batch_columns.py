"""Columns of a batch: what broadcasts, to which shape, and what is no number."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.validation import MAX_INTEGER, FloatColumn, freeze, integer

_TOO_LARGE = 2.0 * MAX_INTEGER  # no count: what integers beyond float64 become


def as_array(field: str, value: Any, most: int) -> NDArray[Any]:
    """Return `value` as numbers of at most `most` dimensions, without looking at the numbers."""
    shapes = "a number or an array of shape (M,)"
    if most == 2:
        shapes = "a number or an array of shape (K,), (M, 1) or (M, K)"
    if isinstance(value, bool | str | bytes | complex) or value is None:
        raise TypeError(f"{field} = {value!r}: must be {shapes}")
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{field} is ragged: must be {shapes}") from None
    if array.dtype.kind == "O":
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError, OverflowError):
            raise TypeError(f"{field} holds things that are no numbers: must be {shapes}") from None
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{field} has dtype {array.dtype}: must be {shapes}")
    if array.ndim > most:
        raise ValueError(f"{field} has shape {array.shape}: must be {shapes}")
    if np.any(getattr(value, "_mask", False)):
        array = np.where(np.ma.getmaskarray(value), np.nan, array)
    return array


def as_float64(array: NDArray[Any], *, count: bool) -> FloatColumn:
    """Return numbers as float64; a count that is none of float64's integers stays none."""
    if count and array.dtype.kind in "iu" and array.size and int(array.max()) > MAX_INTEGER:
        array = np.where(array > MAX_INTEGER, _TOO_LARGE, array)
    with np.errstate(over="ignore"):
        return np.asarray(array, dtype=np.float64)


def agreed_shape(
    per_learner: Mapping[str, NDArray[Any]],
    per_row: Mapping[str, NDArray[Any]],
    rows: int | None,
    learners: int | None,
) -> tuple[int, int]:
    """Return M and K as the arrays tell them."""
    told_rows = {} if rows is None else {"rows": integer("rows", rows, low=0)}
    told_learners = {} if learners is None else {"learners": integer("learners", learners, low=1)}
    for name, column in per_learner.items():
        if column.ndim == 2:
            told_rows[name] = column.shape[0]
        if column.ndim >= 1 and not (column.ndim == 2 and column.shape[1] == 1):
            told_learners[name] = column.shape[-1]
    told_rows.update({name: col.size for name, col in per_row.items() if col.ndim == 1})
    if not told_learners and any(column.ndim == 2 for column in per_learner.values()):
        told_learners["columns of one"] = 1  # (M, 1) everywhere: one learner a row
    return (
        _agreed("rows", told_rows, "give rows="),
        _agreed("learners", told_learners, "give learners="),
    )


def _agreed(what: str, told: Mapping[str, int], remedy: str) -> int:
    if not told:
        raise ValueError(f"no array tells the number of {what}: {remedy}")
    if len(set(told.values())) > 1:
        listed = ", ".join(f"{name} {number}" for name, number in told.items())
        raise ValueError(f"the number of {what} differs ({listed}): all must agree")
    number = next(iter(told.values()))
    if what == "learners" and number < 1:
        raise ValueError("learners = 0: must be at least 1")
    return number


def spread(column: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Return a column at its full shape, a read-only view."""
    return freeze(np.broadcast_to(column, shape))


def without_repeats(column: NDArray[Any]) -> NDArray[Any]:
    """Return one of all the equal rows, or equal columns, that `spread` made of it."""
    once = tuple(slice(0, 1) if stride == 0 else slice(None) for stride in column.strides)
    return column[once]


def counts(column: FloatColumn, low: int) -> FloatColumn:
    """Not a number, which the core refuses, where an entry is no count."""
    right = (column >= low) & (column <= MAX_INTEGER) & (column == np.floor(column))
    return np.where(right, column, np.nan)


def products(column: FloatColumn, factors: FloatColumn | int) -> FloatColumn:
    """Not a number where the exact product of two counts is none."""
    with np.errstate(invalid="ignore", over="ignore"):
        product = column * factors
    one, other = (np.broadcast_to(x, product.shape) for x in (column, factors))
    for at in np.flatnonzero(product == MAX_INTEGER):  # may have been rounded to it
        if int(one[at]) * int(other[at]) > MAX_INTEGER:
            product[at] = np.nan
    return product


def row_number(row: int, rows: int) -> int:
    """Return a row's number counted from the front."""
    index = range(rows)
    try:
        return index[row]
    except IndexError:
        raise IndexError(f"row {row}: there are {rows} rows") from None
