"""A project that `flwr run` starts, written from the template of the package."""

from __future__ import annotations

import errno
import keyword
import re
from importlib.resources import files
from importlib.util import find_spec
from os import PathLike
from pathlib import Path

from mel_fast._base.atomic import write_text
from mel_fast._base.untrusted import shown

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,49}")
_FILES = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "loopback.py": "loopback.py.txt",
    "{package}/__init__.py": "init.py.txt",
    "{package}/client_app.py": "client_app.py.txt",
    "{package}/server_app.py": "server_app.py.txt",
    "{package}/task.py": "task.py.txt",
}
"""Where each file goes, and what it is called in the template."""


def new_project(folder: str | PathLike[str]) -> list[Path]:
    """Write a project whose rounds are planned, to be started by ``flwr run FOLDER``.

    Parameters
    ----------
    folder
        Made where it is missing; must be empty. Its name becomes the project's: a letter, then
        letters, digits, ``-`` and ``_``, at most 50.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    ValueError
        For a name that no project can have.
    OSError
        For a folder that is not empty or cannot be written; nothing is written then.

    Examples
    --------
    >>> import mel_fast as mel
    >>> [path.name for path in mel.flower.new_project("planned")][:3]
    ['pyproject.toml', 'README.md', 'loopback.py']
    """
    root = Path(folder)
    name = root.absolute().name
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"project name {shown(name)}: must be a letter, then letters, digits, - and _, "
            "at most 50 in all"
        )
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise FileExistsError(errno.EEXIST, "is there already and not empty", str(root))
    package = name.replace("-", "_").lower()
    there = find_spec(package)
    if keyword.iskeyword(package) or (there is not None and there.origin is not None):
        raise ValueError(f"project name {shown(name)}: Python has a module or word of this name")
    template = files("mel_fast.flower") / "template"
    texts = {
        root / where.format(package=package): (template / what)
        .read_text(encoding="utf-8")
        .replace("@NAME@", name.replace("_", "-").lower())
        .replace("@PACKAGE@", package)
        for where, what in _FILES.items()
    }
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
    return list(texts)
