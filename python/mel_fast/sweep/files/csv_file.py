"""Sweeps in CSV: whole lines are appended, a line that a kill cut short is dropped on resuming."""

import csv
import errno
import io
import os
import time
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from mel_fast._base.atomic import beside, naming, open_through, sync_folder
from mel_fast._base.locking import is_at
from mel_fast.sweep._grid import MAX_ROWS, Grid, Key, Row
from mel_fast.sweep.files.rows import Known, Rows
from mel_fast.sweep.files.sink import Sink, locked

MAX_BYTES = 1 << 31
"""Size of a sweep's CSV file."""

_LONGEST_LINE = 1 << 17
_SYNC_S = 1.0  # what was appended is on the disk after so long


class CsvFile(Sink):
    """A file that is resumed."""

    keeps = True

    def __init__(self, asked: Path, path: Path, grid: Grid) -> None:
        self._asked = asked
        self._path = path
        self._rows = Rows(grid, str(asked))
        self._known = Known(str(asked))
        self._handle: int | None = None
        self._synced = time.monotonic()

    def open(self, *, resume: bool) -> dict[Key, Row]:
        """Begin or go on."""
        header = _lines([self._rows.header]).encode()
        with naming(self._asked):
            self._handle = locked(self._path, self._asked)
            begin = os.pread(self._handle, len(header) + 1, 0)
        if not resume or header.startswith(begin):  # or killed before the first line stood
            with naming(self._asked):
                os.ftruncate(self._handle, 0)
                self._append(header)
            return self._known.rows
        end = self._read()
        with naming(self._asked):
            if end is None:
                self._replace()
            else:
                os.ftruncate(self._handle, end)
        return self._known.rows

    def write(self, rows: Sequence[Row]) -> None:
        """Append lines."""
        if not rows:
            return
        with naming(self._asked):
            self._append(_lines(map(self._rows.cells, rows)).encode())
        for row in rows:
            self._known.again(row)

    def close(self, *, complete: bool) -> None:
        """Bring all to the disk, without the open rows that were solved again."""
        assert self._handle is not None
        with naming(self._asked):
            if self._known.superseded:
                self._replace()
            os.fsync(self._handle)
            sync_folder(self._path.parent)

    def release(self) -> None:
        """Unlock the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _read(self) -> int | None:
        """Take the rows of all whole lines.

        Returns
        -------
        int or None
            Where they end, if they stand as they would be written: not with other line ends.
        """
        end: int | None = 0
        number = 0
        for line in self._whole_lines():
            if not line.strip():
                end = None
                continue
            cells = self._cells(line, number)
            if number == 0:
                self._rows.check_header(cells)
            else:
                row = self._rows.read(cells, number)
                self._known.add(row, number)
                cells = self._rows.cells(row)
            number += 1
            usual = _lines([cells])
            end = end + len(usual.encode()) if end is not None and line == usual else None
        if number == 0:
            self._rows.check_header([])
        return end

    def _whole_lines(self) -> Iterator[str]:
        """Iterate over the lines with their ends; one without an end was cut short."""
        assert self._handle is not None
        size = os.fstat(self._handle).st_size
        if size > MAX_BYTES:
            raise ValueError(f"{self._asked} has {size} bytes: must have at most {MAX_BYTES}")
        os.lseek(self._handle, 0, os.SEEK_SET)
        marked = os.pread(self._handle, len(BOM_UTF8), 0) == BOM_UTF8
        if marked:
            yield "\n"  # which makes the file one that is written anew
        with open(os.dup(self._handle), encoding="utf-8-sig", newline="") as file:
            while True:
                try:
                    line = file.readline(_LONGEST_LINE + 1)
                except UnicodeDecodeError:
                    raise ValueError(
                        f"{self._asked} is not a file of this sweep: it is not UTF-8"
                    ) from None
                if len(line) > _LONGEST_LINE:
                    raise ValueError(
                        f"{self._asked} is not a file of this sweep: it has a line of more than "
                        f"{_LONGEST_LINE} characters"
                    )
                if not line.endswith(("\n", "\r")):
                    return
                yield line

    def _cells(self, line: str, number: int) -> list[str]:
        if number > MAX_ROWS:
            raise ValueError(f"{self._asked} has too many rows: must have at most {MAX_ROWS}")
        try:
            return next(csv.reader([line], strict=True))
        except csv.Error as error:
            raise ValueError(f"{self._asked}, row {number}: is not CSV: {error}") from None

    def _append(self, lines: bytes) -> None:
        assert self._handle is not None
        if not is_at(self._handle, self._path):
            raise OSError(errno.ESTALE, "was removed or replaced while the sweep ran")
        end = os.lseek(self._handle, 0, os.SEEK_END)
        try:
            left = memoryview(lines)
            while left:
                left = left[os.write(self._handle, left) :]
        except BaseException:
            with suppress(OSError):
                os.ftruncate(self._handle, end)
            raise
        if time.monotonic() - self._synced > _SYNC_S:
            os.fsync(self._handle)
            self._synced = time.monotonic()

    def _replace(self) -> None:
        rows = self._known.rows.values()
        with (
            beside(self._path) as temporary,
            temporary.open("w", encoding="utf-8", newline="") as file,
        ):
            file.write(_lines([self._rows.header]))
            file.writelines(_lines([self._rows.cells(row)]) for row in rows)
        self.release()
        self._handle = locked(self._path, self._asked)


class CsvStream(Sink):
    """A device or a pipe: it gets the rows as they come, and has none to go on from."""

    keeps = True

    def __init__(self, asked: Path, grid: Grid) -> None:
        self._asked = asked
        self._rows = Rows(grid, str(asked))
        self._file: BinaryIO | None = None

    def open(self, *, resume: bool) -> dict[Key, Row]:
        """Begin."""
        with naming(self._asked):
            self._file = open_through(self._asked)
        self._write([self._rows.header])
        return {}

    def write(self, rows: Sequence[Row]) -> None:
        """Write lines."""
        self._write(map(self._rows.cells, rows))

    def release(self) -> None:
        """Close it."""
        if self._file is not None:
            with suppress(OSError):  # was said already
                self._file.close()

    def _write(self, rows: Iterable[Sequence[Any]]) -> None:
        assert self._file is not None
        with naming(self._asked):
            self._file.write(_lines(rows).encode())
            self._file.flush()


def _lines(rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
