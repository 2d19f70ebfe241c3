"""Named arrays at the border: which are taken, and the digest of a known version."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mel_fast._base.untrusted import few, shown

Arrays = dict[str, NDArray[Any]]

DTYPES = tuple(
    np.dtype(kind)
    for kind in ("?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8")
)
"""Kinds of numbers by their codes in the bytes."""

DIGEST_BYTES = 16
LONGEST_NAME = 1 << 16
MOST_AXES = 32


def checked(field: str, arrays: Mapping[str, ArrayLike]) -> Arrays:
    """Return arrays of finite numbers, contiguous and in the machine's byte order, by name.

    Raises
    ------
    TypeError, ValueError
        Naming the array, and for numbers that are not finite the index.
    """
    if not isinstance(arrays, Mapping):
        raise TypeError(f"{field} = {shown(arrays)}: must map names to arrays")
    return {_name(field, name): _array(f"{field}[{shown(name)}]", a) for name, a in arrays.items()}


def _name(field: str, name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"{field} has the name {shown(name)}: must be text")
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise ValueError(f"{field} has the name {shown(name)}: is no text in UTF-8") from None
    if size >= LONGEST_NAME:
        raise ValueError(f"{field} has a name of {size} bytes: at most {LONGEST_NAME - 1}")
    return name


def _array(field: str, value: ArrayLike) -> NDArray[Any]:
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{field} = {shown(value)}: must be an array of numbers") from None
    if np.any(getattr(value, "_mask", False)):
        raise ValueError(f"{field} has masked entries: must be an array of numbers")
    native = array.dtype.newbyteorder("=")
    if native not in DTYPES:
        listed = ", ".join(str(kind) for kind in DTYPES)
        raise TypeError(f"{field} has dtype {shown(str(array.dtype))}: must be one of {listed}")
    array = np.ascontiguousarray(array, dtype=native).reshape(array.shape)
    if array.ndim > MOST_AXES:
        raise ValueError(f"{field} has {array.ndim} axes: at most {MOST_AXES}")
    if native.kind == "f" and array.size and not np.isfinite([array.min(), array.max()]).all():
        bad = int(np.flatnonzero(~np.isfinite(array))[0])
        where = ", ".join(str(int(i)) for i in np.unravel_index(bad, array.shape))
        place = f"{field}[{where}]" if array.ndim else field
        raise ValueError(f"{place} = {array.reshape(-1)[bad]}: must be finite")
    return array


def check_base(arrays: Arrays, base: Arrays) -> None:
    """Refuse a known version whose arrays are others, or of other kind or shape.

    Raises
    ------
    ValueError
        Naming the array.
    """
    other = arrays.keys() ^ base.keys()
    if other:
        raise ValueError(f"base and arrays differ in their names: {few(sorted(other))}")
    for name, array in arrays.items():
        known = base[name]
        if (known.shape, known.dtype) != (array.shape, array.dtype):
            raise ValueError(
                f"base[{shown(name)}] is {known.dtype} of shape {known.shape}, "
                f"the array is {array.dtype} of shape {array.shape}"
            )


def digest(arrays: Arrays) -> bytes:
    """Return what tells one version of arrays from any other."""
    found = blake2b(digest_size=DIGEST_BYTES)
    for name in sorted(arrays):
        array = arrays[name]
        little = array.dtype.newbyteorder("<")
        head = f"{len(name.encode())} {name} {little.str} {array.shape}\n"
        found.update(head.encode())
        found.update(np.ascontiguousarray(array, dtype=little).reshape(-1).view(np.uint8).data)
    return found.digest()
