"""Sweeps in Parquet: parts, each whole or not at all, and one file of them at the end."""

import errno
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mel_fast._base.arrow import arrow_errors, opened
from mel_fast._base.atomic import beside, naming
from mel_fast._base.optional import require
from mel_fast.sweep._grid import MAX_ROWS, Grid, Key, Row, key_of
from mel_fast.sweep._work import Value
from mel_fast.sweep.files.rows import LONGEST_CELL, Known, Rows, written
from mel_fast.sweep.files.sink import Sink, locked

_LOCK = "lock"
_KINDS = re.compile("int64|double|(dictionary<values=)?(large_)?string.*")
_PART = re.compile(r"part-([0-9]{6,9})\.parquet")
_ROWS_AT_ONCE = 4096


class _Writer(Sink):
    """Writes rows as columns."""

    keeps = True

    def __init__(self, asked: Path, grid: Grid) -> None:
        self._asked = asked
        self._grid = grid
        self._rows = Rows(grid, str(asked))
        self._known = Known(str(asked))
        self._arrow = require("pyarrow", extra="parquet")
        self._parquet = require("pyarrow.parquet", extra="parquet")

    def _write(self, path: Path, rows: Sequence[Row]) -> None:
        columns: list[Sequence[Any]] = list(zip(*map(self._rows.cells, rows), strict=True))
        for place, axis in enumerate(self._grid.axes, 1):
            values = [row.point[axis] for row in rows]
            columns[place] = _alike([*self._grid.axes[axis], *values])[-len(rows) :]
        arrays = [self._arrow.array(column) for column in columns]
        table = self._arrow.table(arrays, names=self._rows.header)
        with naming(self._asked), beside(path) as temporary:
            self._parquet.write_table(table, temporary)

    def _in_order(self) -> list[Row]:
        """Return all rows: those of the grid in its order, then others that the file had."""
        mine = list(self._grid.order(self._known.rows))
        keys = set(map(key_of, (row.point for row in mine)))
        return [*mine, *(row for key, row in self._known.rows.items() if key not in keys)]


class ParquetFile(_Writer):
    """A file that is resumed, from itself and from the parts beside it."""

    def __init__(self, asked: Path, path: Path, grid: Grid) -> None:
        super().__init__(asked, grid)
        self._path = path
        self._parts = path.with_name(f"{path.name}.parts")
        self._lock: int | None = None
        self._next = 0

    def open(self, *, resume: bool) -> dict[Key, Row]:
        """Begin or go on."""
        with naming(self._asked):
            self._lock = self._locked()
            parts = self._numbered()
            if not resume:
                for path in [*parts.values(), self._path]:
                    path.unlink(missing_ok=True)
                parts = {}
        if self._path.exists() and self._path.stat().st_size > 0:
            self._read(self._path, "")
        for path in parts.values():
            self._read(path, f".parts/{path.name}")
        self._next = max(parts, default=-1) + 1
        return self._known.rows

    def write(self, rows: Sequence[Row]) -> None:
        """Write a part."""
        if rows:
            self._write(self._parts / f"part-{self._next:06d}.parquet", rows)
            self._next += 1
            for row in rows:
                self._known.again(row)

    def close(self, *, complete: bool) -> None:
        """Make one file of the parts, or leave them for the next run."""
        parts = self._numbered()
        if complete and parts:
            self._write(self._path, self._in_order())
            with naming(self._asked):
                for path in parts.values():
                    path.unlink(missing_ok=True)

    def release(self) -> None:
        """Unlock the file; the folder goes where no parts are left."""
        if self._lock is None:
            return
        with suppress(OSError):
            if not self._numbered():
                for path in self._parts.glob(".mel_fast-*"):  # of a part that a kill cut short
                    path.unlink()
                (self._parts / _LOCK).unlink()
                self._parts.rmdir()
        os.close(self._lock)
        self._lock = None

    def _locked(self) -> int:
        while True:
            try:
                self._parts.mkdir(exist_ok=True)
            except FileExistsError:
                raise OSError(errno.ENOTDIR, f"{self._parts} is not a folder") from None
            with suppress(FileNotFoundError):  # a sweep has just ended, and the folder with it
                return locked(self._parts / _LOCK, self._asked)

    def _numbered(self) -> dict[int, Path]:
        found = ((_PART.fullmatch(path.name), path) for path in self._parts.iterdir())
        return dict(sorted((int(match[1]), path) for match, path in found if match))

    def _read(self, path: Path, where: str) -> None:
        shown = f"{self._asked}{where}"
        for number, cells in enumerate(self._cells(path, shown), 1):
            self._known.add(self._rows.read(cells, number, where), number, where)

    def _cells(self, path: Path, shown: str) -> Iterator[tuple[Any, ...]]:
        with naming(self._asked):
            file = path.open("rb")
        with file:
            table = opened(file, shown)
            with arrow_errors(shown):
                names, rows = list(table.schema_arrow.names), table.metadata.num_rows
                kinds = [str(kind) for kind in table.schema_arrow.types]
            self._rows.check_header(names)
            if not all(map(_KINDS.fullmatch, kinds)):
                raise ValueError(f"{shown} is not a file of this sweep: columns of other kinds")
            if rows > MAX_ROWS:
                raise ValueError(f"{shown} has {rows} rows: must have at most {MAX_ROWS}")
            table = opened(file, shown, names)
            with arrow_errors(shown):
                batches = table.iter_batches(batch_size=_ROWS_AT_ONCE)
            while True:
                with arrow_errors(shown):
                    batch = next(batches, None)
                    if batch is None:
                        return
                    columns = [_listed(column) for column in batch.columns]
                yield from zip(*columns, strict=True)


class ParquetStream(_Writer):
    """A device or a pipe: it gets the whole file at the end, and has no rows to go on from."""

    def write(self, rows: Sequence[Row]) -> None:
        """Keep the rows until the end."""
        for row in rows:
            self._known.again(row)

    def close(self, *, complete: bool) -> None:
        """Write the file."""
        if self._known.rows:
            self._write(self._asked, self._in_order())


def _listed(column: Any) -> list[Any]:
    """Return a column's cells, unless a small file makes of a long text a great many."""
    if hasattr(column, "dictionary"):
        longest = max(map(len, filter(None, column.dictionary.to_pylist())), default=0)
        if longest > LONGEST_CELL:
            raise ValueError(f"a cell has more than {LONGEST_CELL} characters")
    return list(column.to_pylist())


def _alike(values: list[Value]) -> list[Any]:
    """Give an axis' values one type that keeps each of them as it is."""
    if all(isinstance(value, int) for value in values):
        return values
    if all(not isinstance(value, str) and float(value) == value for value in values):
        return [float(value) for value in values]
    return [str(written(value)) for value in values]
