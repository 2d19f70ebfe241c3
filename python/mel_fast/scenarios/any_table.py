"""Learners from whatever has columns: a file, a data frame, Arrow, a mapping."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any
from warnings import warn

import numpy as np

from mel_fast._base.arithmetic import guard
from mel_fast._base.optional import installed, require
from mel_fast._base.untrusted import shown
from mel_fast.model.learners import Learners
from mel_fast.scenarios.plausible import ImplausibleWarning, of_learners
from mel_fast.scenarios.table import HEADS, check_header, checked, read_table


def learners_from_table(kind: type[Learners], source: Any, more: Mapping[str, Any]) -> Learners:
    """Return the learners of a table, see :meth:`mel_fast.Learners.from_table`."""
    name = shown(str(source)) if isinstance(source, str | PathLike) else type(source).__name__
    columns = _read(source, name)
    twice = [word for word in more if word in columns and more[word] is not None]
    if twice:
        raise ValueError(f"{twice[0]} is given both here and by the table")
    learners = kind(**{**columns, **more})
    for remark in of_learners(learners):
        warn(f"implausible: {name}: {remark}", ImplausibleWarning, stacklevel=3)
    return learners


def _read(source: Any, name: str) -> dict[str, Any]:
    if isinstance(source, str | PathLike):
        return read_table(Path(source))
    found = _columns(source, name)
    check_header(list(found), name)
    return checked(found, name)


def _columns(source: Any, name: str) -> dict[str, Any]:
    if isinstance(source, Mapping):
        return {str(head): values for head, values in source.items()}
    if installed("pyarrow"):
        arrow = require("pyarrow", extra="parquet")
        if hasattr(source, "__arrow_c_stream__"):
            return _of_arrow(arrow.table(source))
        if hasattr(source, "__dataframe__"):
            return _of_arrow(require("pyarrow.interchange", extra="parquet").from_dataframe(source))
    if hasattr(source, "columns") and hasattr(source, "__getitem__"):  # pandas, polars
        return {str(head): source[head].to_numpy() for head in list(source.columns)}
    if hasattr(source, "__arrow_c_stream__") or hasattr(source, "__dataframe__"):
        require("pyarrow", extra="parquet")
    raise TypeError(
        f"{name} is no table: must be a .csv or .parquet file, a mapping of columns, a data frame, "
        "or an object with __arrow_c_stream__ or __dataframe__"
    )


def _of_arrow(table: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for head in table.column_names:
        column = table[head]
        if column.null_count:
            raise ValueError(f"{head}: {column.null_count:,} entries are missing")
        texts = head in HEADS and HEADS[head].dtype is np.str_
        found[str(head)] = column.to_pylist() if texts else column.to_numpy()
    return found


guard(__name__)
