"""Locks on open files that end with the process that holds them, however it ends."""

import fcntl
import os
import stat
from os import PathLike


def try_lock(handle: int) -> bool:
    """Lock an open file for this process alone; False where another has it.

    Raises
    ------
    OSError
        On a file system without locks.
    """
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_at(handle: int, path: str | PathLike[str]) -> bool:
    """Whether the open file is what `path` names: not removed or replaced meanwhile."""
    try:
        there = os.stat(path, follow_symlinks=False)
    except OSError:
        return False
    return stat.S_ISREG(there.st_mode) and os.path.samestat(os.fstat(handle), there)
