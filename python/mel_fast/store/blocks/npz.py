"""Arrays from and to NumPy's .npz files, which may come from anybody."""

from __future__ import annotations

import zipfile
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.atomic import beside
from mel_fast._base.untrusted import plain, shown
from mel_fast.store.blocks.arrays import MOST_LAYERS, Arrays

MOST_BYTES = 2**32


def read_npz(path: str | PathLike[str], most_bytes: int = MOST_BYTES) -> Arrays:
    """Return the arrays of a .npz file, in the file's order.

    Raises
    ------
    ValueError
        If it is none, holds Python objects, or expands to more than `most_bytes`.
    OSError
        If it cannot be read.
    """
    name = plain(str(path))
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_LAYERS or sum(e.file_size for e in entries) > most_bytes:
                raise ValueError(f"{name}: more arrays or bytes than are taken ({most_bytes})")
        with np.load(path, allow_pickle=False) as file:
            return {key: _entry(file, key) for key in file.files}
    except zipfile.BadZipFile as error:
        raise ValueError(f"{name}: no .npz file ({error})") from None
    except (EOFError, KeyError, NotImplementedError, MemoryError, RuntimeError) as error:
        raise ValueError(f"{name}: damaged ({shown(str(error))})") from None


def _entry(file: Any, key: str) -> NDArray[Any]:
    value = file[key]
    if not isinstance(value, np.ndarray):
        raise ValueError(f"entry {shown(key)} is no array")
    return value


def write_npz(path: str | PathLike[str], arrays: Arrays) -> None:
    """Write arrays to a .npz file, whole or not at all."""
    with beside(Path(path)) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)
