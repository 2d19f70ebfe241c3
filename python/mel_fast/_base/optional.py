"""What is imported when it is used: optional dependencies, and rooms above those that ask."""

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_above: dict[str, str] = {}


def attach(**modules: str) -> None:
    """Say where the functions are by which rooms above answer what values are asked.

    The face does this, with each one's module below the package.
    """
    _above.update(modules)


def above(name: str) -> Any:
    """Return such a function; its module is imported when it is asked for first."""
    return getattr(importlib.import_module(f"mel_fast.{_above[name]}"), name)


def installed(module: str) -> bool:
    """Say whether a module can be imported, without doing so."""
    return importlib.util.find_spec(module) is not None


def require(module: str, *, extra: str) -> Any:
    """Import and return `module`; if it is missing, raise ImportError naming the extra."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{module} is needed here and could not be imported ({error}): {how_to_install(extra)}"
        ) from error


def how_to_install(extra: str) -> str:
    """Return the command that brings an extra; where pip took the package from a folder, of that.

    A checkout that nobody installed is named, too: an index need not have this package.
    """
    command = f"pip install 'mel_fast[{extra}]'"
    folder = _folder()
    return command if folder is None else f"{command}, here: pip install '{folder}[{extra}]'"


def _folder() -> "Path | None":
    """Return the folder of sources that the package is run or was installed from, if there."""
    import json  # here: the package is imported without them
    from importlib import metadata
    from pathlib import Path
    from urllib.parse import unquote, urlsplit

    try:
        told = json.loads(metadata.distribution("mel_fast").read_text("direct_url.json") or "{}")
        url = urlsplit(str(told.get("url", "")))
        folder = Path(unquote(url.path)) if url.scheme == "file" else None
    except metadata.PackageNotFoundError:
        folder = Path(__file__).resolve().parents[3]
    except ValueError:
        return None
    return folder if folder is not None and (folder / "pyproject.toml").is_file() else None
