"""Models as records of messages: to arrays and back, in bounded time and memory; their bits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import prod
from typing import Any, Literal

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, RecordDict
from numpy.typing import NDArray

from mel_fast._base.untrusted import few, shown
from mel_fast.payload import Recipe, decode, encode

Arrays = dict[str, NDArray[Any]]

ARRAYS, ENCODED, DATA = "arrays", "encoded-arrays", "data"
_MAGIC = b"\x93NUMPY\x01\x00"
_HEAD = re.compile(
    rb"\{'descr': '(?P<kind>\|[biu]1|[<>]([iu][248]|f[248]))', "
    rb"'fortran_order': (?P<fortran>True|False), "
    rb"'shape': \((?P<shape>(\d{1,16}, ?)*(\d{1,16})?)\), \} *\n"
)
_MOST_AXES = 32


def to_record(arrays: Mapping[str, NDArray[Any]]) -> ArrayRecord:
    """Return arrays by name as Flower's record of them."""
    return ArrayRecord({name: Array(np.asarray(array)) for name, array in arrays.items()})


def put_model(
    content: RecordDict,
    arrays: Arrays,
    recipe: Recipe | None,
    base: Arrays | None,
    rng: np.random.Generator,
) -> None:
    """Add a model to a message: as it is, or, with a recipe, encoded against what is known."""
    if recipe is None:
        content[ARRAYS] = to_record(arrays)
    else:
        data = encode(arrays, recipe, base=base, rng=rng)
        content[ENCODED] = ConfigRecord({DATA: data})


def take_model(content: RecordDict, like: Arrays | None, base: Arrays | None) -> Arrays:
    """Return the model of a message.

    Parameters
    ----------
    content
        Of a message from anybody.
    like
        Arrays whose names, shapes and kinds it must have; None: whatever it has.
    base
        What its sender knew when it encoded.

    Raises
    ------
    ValueError
        For a message without exactly one model; other names, shapes or kinds; numbers that are not
        finite; damaged bytes.
    """
    raw, coded = content.get(ARRAYS), content.get(ENCODED)
    if isinstance(raw, ArrayRecord) and coded is None:
        found = {name: _read(name, array, like) for name, array in raw.items()}
    elif isinstance(coded, ConfigRecord) and raw is None:
        data = coded.get(DATA)
        if not isinstance(data, bytes):
            raise ValueError(f"{ENCODED}: holds no bytes")
        most = {} if like is None else {"max_bytes": sum(one.nbytes for one in like.values())}
        found = decode(data, base=base, **most)
    else:
        raise ValueError(f"message holds no model: must have either {ARRAYS} or {ENCODED}")
    if like is not None:
        if list(found) != list(like):
            other = [*like.keys() ^ found.keys()] or [*found]
            raise ValueError(f"arrays are not those of the model: {few(other)}")
        for name, array in found.items():
            _compare(name, array.dtype, array.shape, like[name])
    for name, array in found.items():
        if not np.isfinite(array).all():
            raise ValueError(f"array {shown(name)} has numbers that are not finite")
    return found


def bits_of(content: RecordDict) -> int:
    """Return the bits of a message's records: names and values, without what carries them."""
    return 8 * sum(_bytes_of(record) for record in content.values())


def _bytes_of(record: Any) -> int:
    if isinstance(record, ArrayRecord):
        return sum(len(name) + len(array.data) for name, array in record.items())
    return sum(len(name) + _value_bytes(value) for name, value in record.items())


def _value_bytes(value: Any) -> int:  # Flower's own count refuses empty texts and lists
    if isinstance(value, list):
        return sum(map(_value_bytes, value))
    return len(value) if isinstance(value, str | bytes) else 8


def _read(name: str, array: Array, like: Arrays | None) -> NDArray[Any]:
    """Read an array as `numpy.save` writes it, without trusting what its head promises.

    NumPy's own reader hands the head to Python's parser, which fails in many ways.
    """
    if array.stype != "numpy.ndarray":
        raise ValueError(f"array {shown(name)} is kept as {shown(array.stype)}: must be NumPy's")
    data = array.data
    begin = len(_MAGIC) + 2
    end = begin + int.from_bytes(data[len(_MAGIC) : begin], "little")
    head = _HEAD.fullmatch(data[begin:end]) if data[: len(_MAGIC)] == _MAGIC else None
    if head is None:
        raise ValueError(f"array {shown(name)} is damaged: {shown(data[:40])}")
    dtype = np.dtype(head["kind"].decode())
    shape = tuple(int(axis) for axis in head["shape"].split(b",") if axis.strip())
    if len(shape) > _MOST_AXES:
        raise ValueError(f"array {shown(name)} has {len(shape)} axes: at most {_MOST_AXES}")
    if like is not None and name in like:
        _compare(name, dtype, shape, like[name])
    if prod(shape) * dtype.itemsize != len(data) - end:
        raise ValueError(f"array {shown(name)} is damaged: {len(data) - end} bytes")
    order: Literal["F", "C"] = "F" if head["fortran"] == b"True" else "C"
    values = np.frombuffer(data, dtype, offset=end).reshape(shape, order=order)
    return values.astype(dtype.newbyteorder("="))


def _compare(name: str, dtype: Any, shape: tuple[int, ...], like: NDArray[Any]) -> None:
    if shape != like.shape or dtype.newbyteorder("=") != like.dtype.newbyteorder("="):
        raise ValueError(
            f"array {shown(name)} is {dtype} of shape {shape}: must be {like.dtype} of shape "
            f"{like.shape}"
        )
