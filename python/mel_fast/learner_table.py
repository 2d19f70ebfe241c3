"""Learners from a CSV or Parquet file: the columns of `Learners`, one row a learner."""

import csv
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from mel_fast._optional import require
from mel_fast._validation import did_you_mean
from mel_fast.learners import CHECKS

COLUMNS = tuple(CHECKS)
SUFFIXES = (".csv", ".parquet")


def read_table(path: Path) -> dict[str, NDArray[Any]]:
    """Return the columns found in the file; those missing must be given in the scenario.

    Raises
    ------
    ValueError, TypeError
        For an unknown suffix or column, or an entry that is not a number that `Learners` takes.
    OSError
        When the file cannot be read.
    ImportError
        For a Parquet file without pyarrow.
    """
    if path.suffix not in SUFFIXES:
        raise ValueError(f"{path}: must be a {' or '.join(SUFFIXES)} file")
    raw = _read_csv(path) if path.suffix == ".csv" else _read_parquet(path)
    try:
        columns = {name: CHECKS[name](name, values) for name, values in raw.items()}
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path.name}: {error}") from None
    return columns


def _read_csv(path: Path) -> dict[str, list[float]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path.name} is not a CSV file: {error}") from None
    rows = [row for row in rows if row]
    if len(rows) < 2:
        raise ValueError(f"{path.name}: must hold a header and at least one row")
    header = _check_header(path, [name.strip() for name in rows[0]])
    columns: dict[str, list[float]] = {name: [] for name in header}
    for index, row in enumerate(rows[1:]):
        if len(row) != len(header):
            raise ValueError(
                f"{path.name}: learner {index} has {len(row)} entries for {len(header)} columns"
            )
        for name, entry in zip(header, row, strict=True):
            try:
                columns[name].append(float(entry))
            except ValueError:
                raise ValueError(
                    f"{path.name}: {name}[{index}] = {entry!r}: not a number"
                ) from None
    return columns


def _read_parquet(path: Path) -> dict[str, list[object]]:
    parquet = require("pyarrow.parquet", extra="parquet")
    arrow = require("pyarrow", extra="parquet")
    with path.open("rb") as file:
        try:
            table = parquet.read_table(file)
        except arrow.ArrowException as error:
            raise ValueError(f"{path.name} is not a Parquet file: {error}") from None
    _check_header(path, table.column_names)
    return {name: table.column(name).to_pylist() for name in table.column_names}


def _check_header(path: Path, header: list[str]) -> list[str]:
    for name in header:
        if name not in COLUMNS:
            raise ValueError(
                f"{path.name}: unknown column {name!r}: must be among {', '.join(COLUMNS)}"
                f"{did_you_mean(name, COLUMNS)}"
            )
        if header.count(name) > 1:
            raise ValueError(f"{path.name}: column {name!r} is there twice")
    return header
