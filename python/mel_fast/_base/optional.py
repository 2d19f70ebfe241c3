"""Optional dependencies, imported when they are used."""

import importlib
from typing import Any


def require(module: str, *, extra: str) -> Any:
    """Import and return `module`; if it is missing, raise ImportError naming the extra."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{module} is needed here and could not be imported ({error}): "
            f"pip install 'mel_fast[{extra}]'"
        ) from error
