"""Where a sweep's rows go while it runs: nothing is ever half written, what is there is resumed."""

import csv
import io
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from mel_fast._atomic import beside
from mel_fast._optional import require
from mel_fast.sweep._grid import RESULTS, Grid, Key, Row, Value, key_of, value_of

_COUNTS = ("tau", "bound", "active", "nodes", "passes")


class Sink(Protocol):
    """Takes rows as they are solved."""

    def open(self, *, resume: bool) -> dict[Key, Row]:
        """Begin, and return the rows that are there already."""

    def write(self, rows: Sequence[Row]) -> None:
        """Keep some more rows."""

    def close(self, rows: Sequence[Row], *, complete: bool) -> None:
        """End; `rows` are all rows of the grid that are known, in its order."""


class NoFile:
    """Keeps nothing."""

    def open(self, *, resume: bool) -> dict[Key, Row]:
        """Return no rows."""
        return {}

    def write(self, rows: Sequence[Row]) -> None:
        """Do nothing."""

    def close(self, rows: Sequence[Row], *, complete: bool) -> None:
        """Do nothing."""


def sink_for(path: Path, grid: Grid) -> Sink:
    """Return the sink for an output file by its ending."""
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: must be a file name")
    if path.suffix == ".csv":
        return CsvFile(path, grid)
    if path.suffix == ".parquet":
        return ParquetFile(path, grid)
    raise ValueError(f"{path}: must end in .csv or .parquet")


class _Format:
    """What rows look like in both kinds of file."""

    def __init__(self, path: Path, grid: Grid) -> None:
        self._path = path
        self._grid = grid
        self._header = ["scenario", *grid.axes, *RESULTS]

    def _cells(self, row: Row) -> tuple[Any, ...]:
        return (self._grid.name, *row.point.values(), *row.results)

    def _check_header(self, header: Sequence[str], path: Path) -> None:
        if list(header) != self._header:
            raise ValueError(
                f"{path} is not a file of this sweep: its columns are {', '.join(header)}, they "
                f"must be {', '.join(self._header)}; name another file or begin afresh"
            )

    def _row(self, cells: Sequence[Any], path: Path) -> Row:
        """Return a row from a file's cells (texts, or Parquet's own numbers)."""
        named = dict(zip(self._header, cells, strict=True))
        if named["scenario"] != self._grid.name:
            raise ValueError(
                f"{path} has rows of the scenario {named['scenario']!r}, this sweep is of "
                f"{self._grid.name!r}; name another file or begin afresh"
            )
        point = {axis: _parsed(axis, named[axis]) for axis in self._grid.axes}
        results = tuple(
            int(named[name])
            if name in _COUNTS
            else float(named[name])
            if name == "elapsed_s"
            else str(named[name])
            for name in RESULTS
        )
        return Row(point, results)


def _parsed(axis: str, value: Any) -> Value:
    if isinstance(value, str):
        for kind in (int, float):
            try:
                return value_of(axis, kind(value))
            except ValueError:
                continue
    return value_of(axis, value)


class CsvFile(_Format):
    """Appends whole lines; a line that a crash cut short is dropped when the file is opened."""

    def open(self, *, resume: bool) -> dict[Key, Row]:
        """Begin or go on."""
        text = ""
        if resume and self._path.exists():
            text = self._path.read_text(encoding="utf-8")
            text = text[: text.rfind("\n") + 1]
        lines = list(csv.reader(io.StringIO(text)))
        if not lines:
            with beside(self._path) as temporary:
                temporary.write_text(_lines([self._header]), encoding="utf-8")
            return {}
        self._check_header(lines[0], self._path)
        bad = [number for number, line in enumerate(lines, 1) if len(line) != len(self._header)]
        if bad:
            raise ValueError(f"{self._path}, line {bad[0]}: must have {len(self._header)} cells")
        rows = [self._row(line, self._path) for line in lines[1:]]
        with self._path.open("r+b") as file:
            file.truncate(len(text.encode()))
        return {key_of(row.point): row for row in rows}

    def write(self, rows: Sequence[Row]) -> None:
        """Append lines."""
        if not rows:
            return
        with self._path.open("ab") as file:
            file.write(_lines(self._cells(row) for row in rows).encode())

    def close(self, rows: Sequence[Row], *, complete: bool) -> None:
        """Do nothing: the lines are there."""


def _lines(rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


class ParquetFile(_Format):
    """Writes parts, each whole or not at all, and one file of them when all rows are there."""

    def __init__(self, path: Path, grid: Grid) -> None:
        super().__init__(path, grid)
        self._arrow = require("pyarrow", extra="parquet")
        self._parquet = require("pyarrow.parquet", extra="parquet")
        self._parts = path.with_name(f"{path.name}.parts")
        self._next = 0

    def open(self, *, resume: bool) -> dict[Key, Row]:
        """Begin or go on."""
        if not resume:
            self._path.unlink(missing_ok=True)
            shutil.rmtree(self._parts, ignore_errors=True)
        rows: dict[Key, Row] = {}
        parts = sorted(self._parts.glob("part-*.parquet"))
        for path in [self._path, *parts] if self._path.exists() else parts:
            rows.update((key_of(row.point), row) for row in self._read(path))
        self._next = int(parts[-1].stem.removeprefix("part-")) + 1 if parts else 0
        self._parts.mkdir(exist_ok=True)
        return rows

    def _read(self, path: Path) -> list[Row]:
        try:
            table = self._parquet.read_table(path)
        except self._arrow.ArrowInvalid as error:
            raise ValueError(f"{path} is not a Parquet file: {error}") from None
        self._check_header(table.column_names, path)
        columns = table.to_pydict().values()
        return [self._row(cells, path) for cells in zip(*columns, strict=True)]

    def write(self, rows: Sequence[Row]) -> None:
        """Write a part."""
        if rows:
            self._write(self._parts / f"part-{self._next:06d}.parquet", rows)
            self._next += 1

    def close(self, rows: Sequence[Row], *, complete: bool) -> None:
        """Make one file of the parts, or leave them for the next run."""
        if complete:
            self._write(self._path, rows)
            shutil.rmtree(self._parts, ignore_errors=True)

    def _write(self, path: Path, rows: Sequence[Row]) -> None:
        columns = list(zip(*(self._cells(row) for row in rows), strict=True))
        arrays = [
            self._arrow.array(self._column(name, column))
            for name, column in zip(self._header, columns, strict=True)
        ]
        with beside(path) as temporary:
            self._parquet.write_table(self._arrow.table(arrays, names=self._header), temporary)

    def _column(self, name: str, column: Sequence[Any]) -> list[Any]:
        """Give an axis one type, whatever values of it a part happens to have."""
        values = self._grid.axes.get(name)
        if values is None:
            return list(column)
        if all(isinstance(value, int) for value in values):
            return [int(value) for value in column]
        if any(isinstance(value, str) for value in values):
            return [str(value) for value in column]
        return [float(value) for value in column]
