"""The machine, the build and the versions that a figure belongs to."""

import datetime
import os
import platform
from pathlib import Path
from typing import Any

import numpy as np

from mel_fast import _core
from mel_fast._base.memory import available_bytes


def machine() -> dict[str, Any]:
    """Return what should stand beside every figure."""
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_available_gb": round((available_bytes() or 0) / 1e9, 1),
        "load": [round(load, 1) for load in os.getloadavg()],
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "mel_fast": _core.__version__,
        **{f"build_{name}": value for name, value in _core.build_info().items()},
        "build_instruction_set": _core.active_instruction_set(),
    }


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
