"""Standard output and error that are closed, full, or read by nobody any more."""

import os
import sys
from typing import Any, TextIO


class Output:
    """Stdout that remembers what kept it from being written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.failure: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, and remember why that failed."""
        try:
            return self._stream.write(text)
        except OSError as error:
            self.failure = error
            raise

    def flush(self) -> None:
        """Flush, and remember why that failed."""
        try:
            self._stream.flush()
        except OSError as error:
            self.failure = error
            raise


def open_closed_streams() -> None:
    """Take the places of closed streams, so that no file that is opened later gets their numbers.

    Messages for a closed stderr go nowhere; output for a closed stdout is an error.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # the lowest number that is free is this one
            os.open(os.devnull, os.O_RDONLY if number == 1 else os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def let_go_of_messages() -> None:
    """Drop what stderr holds and nobody can take, so that the interpreter's end does not try again.

    Where it did, the exit status would be 120, whatever the program's own is.
    """
    try:
        sys.stderr.flush()
    except OSError:
        lead_nowhere(2)


def lead_nowhere(number: int) -> None:
    """Let the interpreter's end write what a stream still holds to where all of it is taken."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), number)
