"""Where a sweep's rows go while it runs: nothing is ever half written, what is there is resumed.

A file belongs to one sweep at a time: it is locked, and the lock ends with its process.
"""

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from mel_fast._files.atomic import check_writable, is_special, resolved
from mel_fast._files.locking import is_at, try_lock
from mel_fast.sweep._grid import Grid, Key, Row


class Sink(Protocol):
    """Takes rows as they are solved."""

    def open(self, *, resume: bool) -> dict[Key, Row]:
        """Begin, and return the rows that are there already."""

    def write(self, rows: Sequence[Row]) -> None:
        """Keep some more rows."""

    def close(self, *, complete: bool) -> None:
        """End, whether or not all rows of the grid are there."""

    def release(self) -> None:
        """Let others have the file, however the sweep ended."""


class NoFile:
    """Keeps nothing."""

    def open(self, *, resume: bool) -> dict[Key, Row]:
        """Return no rows."""
        return {}

    def write(self, rows: Sequence[Row]) -> None:
        """Do nothing."""

    def close(self, *, complete: bool) -> None:
        """Do nothing."""

    def release(self) -> None:
        """Do nothing."""


def sink_for(asked: Path, grid: Grid) -> Sink:
    """Return the sink for an output file by its ending, refusing one that cannot be written."""
    from mel_fast.sweep._csv import CsvFile, CsvStream
    from mel_fast.sweep._parquet import ParquetFile, ParquetStream

    if asked.suffix not in (".csv", ".parquet"):
        raise ValueError(f"{asked}: must end in .csv or .parquet")
    check_writable(asked)
    special, csv = is_special(asked), asked.suffix == ".csv"
    if special:
        return CsvStream(asked, grid) if csv else ParquetStream(asked, grid)
    path = resolved(asked)
    return CsvFile(asked, path, grid) if csv else ParquetFile(asked, path, grid)


def locked(path: Path, asked: Path) -> int:
    """Open a file for reading and writing, made where it is missing, for this sweep alone.

    Raises
    ------
    BlockingIOError
        Where another sweep has it.
    """
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        try:
            if not try_lock(handle):
                raise BlockingIOError(errno.EAGAIN, "another sweep writes this file", str(asked))
            if is_at(handle, path):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # its sweep has just ended, and replaced or removed it
