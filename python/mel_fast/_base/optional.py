"""Optional dependencies, imported when they are used."""

import importlib
import importlib.util
from typing import Any


def installed(module: str) -> bool:
    """Say whether a module can be imported, without doing so."""
    return importlib.util.find_spec(module) is not None


def require(module: str, *, extra: str) -> Any:
    """Import and return `module`; if it is missing, raise ImportError naming the extra."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{module} is needed here and could not be imported ({error}): "
            f"pip install 'mel_fast[{extra}]'"
        ) from error
