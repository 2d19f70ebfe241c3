"""How much memory there is, asked before much of it is taken."""

import os
from pathlib import Path

_MEMINFO = Path("/proc/meminfo")
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
_CGROUP_USED = Path("/sys/fs/cgroup/memory.current")


def available_bytes() -> int | None:
    """Return the bytes that a new allocation can count on, None where the system does not say."""
    amounts = [amount for amount in (_of_system(), _of_container()) if amount is not None]
    return min(amounts) if amounts else None


def require_bytes(needed: int, what: str) -> None:
    """Refuse what cannot fit.

    Raises
    ------
    MemoryError
        Naming `what`, the gigabytes that it needs and those that are there.
    """
    there = available_bytes()
    if there is not None and needed > there:
        raise MemoryError(
            f"{what} needs about {needed / 1e9:.3g} GB of memory: {there / 1e9:.3g} GB are there"
        )


def _of_system() -> int | None:
    try:
        for line in _MEMINFO.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _of_container() -> int | None:
    try:
        limit = _CGROUP_LIMIT.read_text(encoding="ascii").strip()
        return None if limit == "max" else int(limit) - int(_CGROUP_USED.read_text())
    except (OSError, ValueError):
        return None
