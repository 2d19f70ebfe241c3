"""Learners from a CSV or Parquet file: the columns of `Learners`, one row a learner.

A scenario may come from anybody, so a table is looked for inside the scenario's folder only, must
be a regular file, and of a file that is no table of learners nothing is ever printed. What is too
large is refused before it is read.
"""

import csv
import errno
import hashlib
import os
import stat
from array import array
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.arithmetic import guard
from mel_fast._base.arrow import arrow_errors, opened
from mel_fast._base.untrusted import few, repeated, shown
from mel_fast._base.validation import did_you_mean
from mel_fast.model.columns import COLUMNS
from mel_fast.scenarios.units import converted, in_si

HEADS = {column.head: column for column in COLUMNS.values()}
SUFFIXES = (".csv", ".parquet")

MAX_LEARNERS = 10_000_000
"""Learners of a scenario file: rows of its table, or its count."""
MAX_BYTES = 1 << 31
"""Size of a table."""

_LONGEST_LINE = 1 << 16
_ROWS_AT_ONCE = 1 << 16
_NUMBERS = ("int", "uint", "float", "double", "halffloat")
_OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def table_path(folder: Path, name: str) -> Path:
    """Return where the table of a scenario in `folder` lies.

    Raises
    ------
    ValueError
        For a path that is absolute or leads out of the folder, by ``..`` or by a link, or that no
        file can have.
    """
    if "\0" in name:
        raise ValueError(f"table = {shown(name)}: no file has such a name")
    path = folder / name
    leaves = os.path.isabs(name) or ".." in Path(name).parts
    if leaves or not _real(path).is_relative_to(_real(folder)):
        raise ValueError(f"table = {shown(name)}: must lie in the scenario's folder, or below it")
    return path


def table_digest(folder: Path, name: str) -> bytes:
    """Return what tells a table's content from others."""
    with _opened(table_path(folder, name)) as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
        return digest.digest()


def read_table(path: Path) -> dict[str, NDArray[Any]]:
    """Return the columns found in the file; those missing must be given in the scenario.

    Raises
    ------
    ValueError, TypeError
        For an unknown suffix or column, or an entry that is not a number that `Learners` takes, for
        what is not a regular file, and for more than 10,000,000 learners or 2 GiB.
    OSError
        When the file cannot be read.
    ImportError
        For a Parquet file without pyarrow.
    """
    if path.suffix not in SUFFIXES:
        raise ValueError(f"{shown(path.name)}: must be a {' or '.join(SUFFIXES)} file")
    name = path.name if path.name.isprintable() else shown(path.name)
    with _opened(path) as file:
        raw = _read_csv(file, name) if path.suffix == ".csv" else _read_parquet(file, name)
    return checked(raw, name)


def checked(raw: dict[str, Any], name: str) -> dict[str, Any]:
    """Return columns by the names that `Learners` has, in SI and checked.

    Raises
    ------
    ValueError
        Naming the table, the column and the entry.
    """
    try:
        columns = ((HEADS[head], values) for head, values in converted(raw, HEADS).items())
        return {column.name: column.check(column.name, values) for column, values in columns}
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name}: {error}") from None


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _opened(path: Path) -> BinaryIO:
    """Open a regular file; nothing else is waited for, and a device not even opened."""
    _need_regular(path, os.stat(path))
    file = os.fdopen(os.open(path, _OPEN), "rb")
    try:
        _need_regular(path, os.fstat(file.fileno()))
    except BaseException:
        file.close()
        raise
    return file


def _need_regular(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "is not a regular file", str(path))
    if found.st_size > MAX_BYTES:
        raise OSError(errno.EFBIG, f"has more than {MAX_BYTES} bytes", str(path))


def _read_csv(file: BinaryIO, name: str) -> dict[str, Any]:
    try:
        with TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
            return _columns(csv.reader(_lines(text, name), strict=True), name)
    except UnicodeDecodeError as error:
        raise ValueError(f"{name} is not a CSV file: it is not UTF-8 ({error.reason})") from None
    except csv.Error as error:
        raise ValueError(f"{name} is not a CSV file: {error}") from None


def _columns(lines: Iterator[list[str]], name: str) -> dict[str, Any]:
    rows = (row for row in lines if row)
    header = check_header([cell.strip() for cell in next(rows, [])], name)
    columns: dict[str, Any] = {head: [] if _texts(head) else array("d") for head in header}
    for index, row in enumerate(rows):
        _check_count(index + 1, name)
        if len(row) != len(header):
            raise ValueError(
                f"{name}: learner {index} has {len(row)} entries for {len(header)} columns"
            )
        for (column, values), entry in zip(columns.items(), row, strict=True):
            text = isinstance(values, list)
            values.append(entry.strip() if text else _number(entry, name, column, index))
    if not columns[header[0]]:
        raise ValueError(f"{name}: must hold a header and at least one row")
    return {
        head: values if isinstance(values, list) else np.frombuffer(values)
        for head, values in columns.items()
    }


def _texts(head: str) -> bool:
    return head in HEADS and HEADS[head].dtype is np.str_


def _is_head(word: str) -> bool:
    return word in HEADS or in_si(word, HEADS) is not None


def _lines(text: TextIO, name: str) -> Iterator[str]:
    while line := text.readline(_LONGEST_LINE + 1):
        if len(line) > _LONGEST_LINE:
            raise ValueError(f"{name}: has a line of more than {_LONGEST_LINE} characters")
        yield line


def _number(entry: str, name: str, column: str, index: int) -> float:
    try:
        return float(entry)
    except ValueError:
        raise ValueError(f"{name}: {column}[{index}] = {shown(entry)}: not a number") from None


def _read_parquet(file: BinaryIO, name: str) -> dict[str, NDArray[Any]]:
    table = opened(file, name)
    with arrow_errors(name):
        header = list(table.schema_arrow.names)
        kinds = [str(kind) for kind in table.schema_arrow.types]
        rows = table.metadata.num_rows
    check_header(header, name)
    for column, kind in zip(header, kinds, strict=True):
        texts = _texts(column)
        kinds_allowed = ("string", "large_string") if texts else (*_NUMBERS, "bool")
        if not kind.startswith(kinds_allowed):
            what = "texts" if texts else "numbers"
            raise ValueError(f"{name}: {column} holds {shown(kind)}: must hold {what}")
    _check_count(rows, name)
    if rows == 0:
        raise ValueError(f"{name}: must hold at least one row")
    parts: list[list[NDArray[Any]]] = [[] for _ in header]
    found = 0
    with arrow_errors(name):
        batches = table.iter_batches(batch_size=_ROWS_AT_ONCE)
    while True:
        with arrow_errors(name):
            batch = next(batches, None)
            if batch is None:
                break
            for part, column in zip(parts, batch.columns, strict=True):
                part.append(column.to_numpy(zero_copy_only=False))
        found += len(batch)
        _check_count(found, name)
    if found != rows:
        raise ValueError(f"{name} is not a Parquet file that can be read: rows are missing")
    return {column: np.concatenate(part) for column, part in zip(header, parts, strict=True)}


def _check_count(rows: int, name: str) -> None:
    if rows > MAX_LEARNERS:
        raise ValueError(f"{name}: has more than {MAX_LEARNERS} learners")


def check_header(header: list[str], name: str) -> list[str]:
    """Return a table's heads or refuse others, named only where some tell that it is one."""
    if not any(map(_is_head, header)):
        raise ValueError(
            f"{name}: is not a table of learners: must have columns among {', '.join(HEADS)}"
        )
    for column in header:
        if not _is_head(column):
            raise ValueError(
                f"{name}: unknown column {shown(column)}: must be among {', '.join(HEADS)}"
                f"{did_you_mean(column[:60], HEADS)}"
            )
    twice = repeated(header)
    if twice:
        raise ValueError(f"{name}: column {few(twice)} is there twice")
    return header


guard(__name__)
