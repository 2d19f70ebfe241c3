"""Where a sweep's rows go while it runs: nothing is ever half written, what is there is resumed.

A file belongs to one sweep at a time: it is locked, and the lock ends with its process.
"""

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from mel_fast._base.locking import is_at, try_lock
from mel_fast.sweep._grid import Key, Row


class Sink:
    """Takes rows as they are solved; by itself it `keeps` nothing."""

    keeps = False

    def open(self, *, resume: bool) -> dict[Key, Row]:
        """Begin, and return the rows that are there already."""
        return {}

    def write(self, rows: Sequence[Row]) -> None:
        """Keep some more rows."""

    def close(self, *, complete: bool) -> None:
        """End, whether or not all rows of the grid are there."""

    def release(self) -> None:
        """Let others have the file, however the sweep ended."""


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
