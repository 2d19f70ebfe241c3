"""IDX files, the format of MNIST: big-endian sizes, then unsigned bytes; gzipped or not."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


class DataError(ValueError):
    """A data file that is missing, damaged or does not fit the others; the message is one line.

    Examples
    --------
    >>> import mel_fast as mel
    >>> try:
    ...     mel.learning.read_mnist("nowhere")
    ... except mel.learning.DataError as error:
    ...     print("nowhere" in str(error))
    True
    """


def read_idx(path: str | Path) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes.

    Parameters
    ----------
    path
        The file, gzipped or plain (decided by its first bytes, not its name).

    Returns
    -------
    ndarray of uint8
        Read-only, in the shape that the file states.

    Raises
    ------
    DataError
        If the file is missing, truncated, longer than it says, or not an IDX file of bytes.

    Examples
    --------
    >>> import mel_fast as mel
    >>> with open("labels.idx", "wb") as file:
    ...     _ = file.write(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 3]))
    >>> mel.learning.read_idx("labels.idx")
    array([7, 3], dtype=uint8)
    """
    path = Path(path)
    try:
        raw = path.read_bytes()
        if raw[:2] == b"\x1f\x8b":
            raw = gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read: {error}") from None
    if len(raw) < 4 or raw[:3] != b"\0\0\x08" or not raw[3]:
        raise DataError(f"{path}: not an IDX file of unsigned bytes (starts with {raw[:4].hex()})")
    axes = raw[3]
    start = 4 + 4 * axes
    if len(raw) < start:
        raise DataError(f"{path}: truncated in its header ({len(raw)} of {start} bytes)")
    shape = struct.unpack(f">{axes}I", raw[4:start])
    if len(raw) - start != math.prod(shape):
        raise DataError(
            f"{path}: {len(raw) - start} bytes of data where its header {shape} "
            f"asks for {math.prod(shape)}"
        )
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)
