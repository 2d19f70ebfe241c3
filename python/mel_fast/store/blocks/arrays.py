"""Weights as they come in: named arrays of finite numbers, checked once, then cut into blocks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.untrusted import few, shown

BLOCK = 65_536
"""Weights in a block, the unit of change detection, of storage and of damage reports."""

LONGEST_NAME = 200
MOST_LAYERS = 100_000
MOST_AXES = 32
EXACT_INTEGER = 2**53
_INTEGERS = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
DTYPES = ("float16", "float32", "float64", "bool", *_INTEGERS)

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Layer:
    """Name, dtype and shape of one array of a model."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of weights."""
        return int(np.prod(self.shape, dtype=object)) if self.shape else 1

    @property
    def blocks(self) -> int:
        """Number of blocks, the last of which may be short."""
        return -(-self.size // BLOCK)

    def block_size(self, position: int) -> int:
        """Weights in the block at `position`."""
        return min(BLOCK, self.size - position * BLOCK)


def checked(arrays: Any, field: str = "arrays") -> Arrays:
    """Return named arrays that own nothing of the caller's but may share its memory.

    Every array is contiguous, little-endian and finite; negative zeros have become zeros.

    Raises
    ------
    TypeError, ValueError
        Naming the array, the index and the value that cannot be stored.
    """
    if not isinstance(arrays, Mapping):
        raise TypeError(f"{field} = {shown(arrays)}: must map names to arrays")
    if not arrays:
        raise ValueError(f"{field} is empty: a model has at least one array")
    if len(arrays) > MOST_LAYERS:
        raise ValueError(f"{field} has {len(arrays)} arrays: must be at most {MOST_LAYERS}")
    return {
        checked_name(f"a name in {field}", name): _checked_array(f"{field}[{shown(name)}]", array)
        for name, array in arrays.items()
    }


def checked_name(field: str, name: Any) -> str:
    """Return a name of a model, an array, a licence or a token: short and printable."""
    rule = f"must be 1 to {LONGEST_NAME} printable characters"
    if not isinstance(name, str):
        raise TypeError(f"{field} = {shown(name)}: {rule}")
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise ValueError(f"{field} = {shown(name)}: {rule}, no space at either end")
    return str(name)


def _checked_array(field: str, value: Any) -> NDArray[Any]:
    if np.any(getattr(value, "_mask", False)):
        raise ValueError(f"{field} has masked entries: must be an array of finite numbers")
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{field} is ragged: must be an array of finite numbers") from None
    if array.dtype.name not in DTYPES:
        raise TypeError(f"{field} has dtype {array.dtype}: must be one of {', '.join(DTYPES)}")
    array = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(array.shape)
    if array.dtype.kind == "f":
        _refuse(field, array, ~np.isfinite(array), "must be finite")
        if np.any(np.signbit(array) & (array == 0)):
            array = array + array.dtype.type(0)
    elif array.dtype.itemsize == 8:
        limit = f"must be an integer of at most {EXACT_INTEGER} in magnitude"
        too_large = array > EXACT_INTEGER
        if array.dtype.kind == "i":
            too_large |= array < -EXACT_INTEGER
        _refuse(field, array, too_large, limit)
    return array


def _refuse(field: str, array: NDArray[Any], bad: NDArray[np.bool_], rule: str) -> None:
    if bad.any():
        where = np.unravel_index(int(np.argmax(bad)), array.shape)
        index = f"[{', '.join(str(int(i)) for i in where)}]" if where else ""
        raise ValueError(f"{field}{index} = {array[where].item()!r}: {rule}")


def layers_of(arrays: Arrays) -> list[Layer]:
    """Return what the arrays look like, in their order."""
    return [Layer(name, array.dtype.name, array.shape) for name, array in arrays.items()]


def check_layers(arrays: Arrays, layers: list[Layer], field: str = "arrays") -> Arrays:
    """Return the arrays in the order of `layers`, or say where they differ from them."""
    missing = [layer.name for layer in layers if layer.name not in arrays]
    if missing:
        raise ValueError(f"{field} lacks {few(missing)}: the model has them")
    if len(arrays) > len(layers):
        known = {layer.name for layer in layers}
        raise ValueError(f"{field} has {few([n for n in arrays if n not in known])} besides")
    for layer in layers:
        array = arrays[layer.name]
        where = f"{field}[{shown(layer.name)}]"
        if array.shape != layer.shape:
            raise ValueError(f"{where} has shape {array.shape}: the model's is {layer.shape}")
        if array.dtype.name != layer.dtype:
            raise ValueError(f"{where} has dtype {array.dtype.name}: the model's is {layer.dtype}")
    return {layer.name: arrays[layer.name] for layer in layers}


def blocks_of(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield the blocks of an array, flattened."""
    flat = array.reshape(-1)
    for start in range(0, flat.size, BLOCK):
        yield flat[start : start + BLOCK]


def block_digest(block: NDArray[Any]) -> bytes:
    """Return what identifies a block's content: 32 bytes of BLAKE2b."""
    state = hashlib.blake2b(digest_size=32, person=b"mel.store.block")
    state.update(f"{block.dtype.name}:{block.size}:".encode())
    state.update(np.ascontiguousarray(block).view(np.uint8).data)
    return state.digest()


def digests_of(arrays: Arrays) -> list[list[bytes]]:
    """Return the digests of all blocks, a list for each array."""
    return [[block_digest(block) for block in blocks_of(array)] for array in arrays.values()]


def content_digest(layers: list[Layer], digests: list[list[bytes]]) -> bytes:
    """Return what identifies a version's whole content, from the digests of its blocks."""
    state = hashlib.blake2b(digest_size=32, person=b"mel.store.model")
    heads = [[layer.name, layer.dtype, list(layer.shape)] for layer in layers]
    state.update(json.dumps(heads, ensure_ascii=True).encode())
    for of_layer in digests:
        for digest in of_layer:
            state.update(digest)
    return state.digest()
