"""A loop's state as a file: whole or not at all, and read as if anybody had written it."""

import base64
import binascii
import json
from collections.abc import Mapping
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.atomic import write_text
from mel_fast.model import grammar
from mel_fast.model.columns import COLUMNS
from mel_fast.model.learners import Learners
from mel_fast.orchestrate.estimates.knowledge import Knowledge
from mel_fast.orchestrate.estimates.standing import Standing
from mel_fast.orchestrate.estimates.tracker import Tracker
from mel_fast.orchestrate.fleet import KEPT, TOLD, Fleet

FORMAT = "mel_fast loop"
VERSION = 1
MOST_LEARNERS = 10_000_000

_KINDS: dict[str, type[np.generic]] = {"<f8": np.float64, "<i8": np.int64, "|b1": np.bool_}


def write_state(path: str | PathLike[str], state: Mapping[str, Any]) -> None:
    """Write a state; the file is replaced as a whole or not at all.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    write_text(path, json.dumps({"format": FORMAT, "version": VERSION, **state}, allow_nan=False))


def read_state(
    path: str | PathLike[str], fields: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Read a state that has these fields, but for the optional ones.

    Raises
    ------
    OSError
        When it cannot be read.
    ValueError
        When it is no such file.
    """
    data = grammar.load(path)
    try:
        found = grammar.members("loop", data, ("format", "version", *fields), optional)
        grammar.word("format", found["format"], (FORMAT,))
        grammar.integer("version", found["version"], VERSION, VERSION)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return found


def packed(array: NDArray[Any]) -> dict[str, Any]:
    """Return an array of numbers: its bytes, exactly."""
    kind = {"i": "<i8", "b": "|b1"}.get(array.dtype.kind, "<f8")
    data = base64.b64encode(np.ascontiguousarray(array, dtype=kind).tobytes()).decode()
    return {"type": kind, "shape": list(array.shape), "data": data}


def unpacked(where: str, data: object) -> NDArray[Any]:
    """Return the array that was packed.

    Raises
    ------
    ValueError
        For what `packed` does not return.
    """
    found = grammar.members(where, data, ("type", "shape", "data"))
    kind = grammar.word(f"{where}.type", found["type"], tuple(_KINDS))
    shape = grammar.counts(f"{where}.shape", found["shape"])
    if len(shape) not in (1, 2) or not isinstance(found["data"], str):
        raise ValueError(f"{where}: must be an array of one or two dimensions")
    try:
        content = base64.b64decode(found["data"], validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"{where}.data is no base64") from None
    size = np.dtype(kind).itemsize
    if len(content) != size * int(np.prod(np.array(shape, dtype=object))):
        raise ValueError(f"{where}: {len(content)} bytes do not fill the shape {shape[:2]}")
    return np.frombuffer(content, dtype=kind).astype(_KINDS[kind]).reshape(shape)


def fleet_state(fleet: Fleet) -> dict[str, Any]:
    """Return all of a fleet."""
    return {
        "names": fleet.names,
        "ids": packed(fleet.ids),
        "next": fleet._next,
        "told": {name: packed(column) for name, column in fleet.told.items()},
        "columns": {name: packed(column) for name, column in fleet.columns().items()},
    }


def fleet_of(data: object) -> Fleet:
    """Return the fleet that was saved.

    Raises
    ------
    ValueError
        For what no fleet can be.
    """
    found = grammar.members("fleet", data, ("names", "ids", "next", "told", "columns"))
    names = grammar.texts("names", found["names"])
    ids = unpacked("ids", found["ids"])
    following = grammar.integer("next", found["next"])
    told = grammar.members("told", found["told"], TOLD)
    given = grammar.members("columns", found["columns"], (), KEPT)
    fleet = Fleet()
    if names:
        columns: dict[str, Any] = {name: unpacked(name, column) for name, column in given.items()}
        for name, column in columns.items():
            if column.dtype != COLUMNS[name].dtype or column.shape != (len(names),):
                raise ValueError(f"columns.{name}: must be {len(names)} numbers of its kind")
        try:
            fleet.join(Learners(**columns, names=names))
        except TypeError as error:
            raise ValueError(str(error)) from None
    rising = ids.shape == (len(names),) and ids.dtype == np.int64 and (np.diff(ids) > 0).all()
    if not rising or (ids.size and not 0 <= ids[0] <= ids[-1] < following):
        raise ValueError("ids: must be different numbers below next, ascending")
    fleet.ids, fleet._next = ids, following
    for name in TOLD:
        counts = unpacked(f"told.{name}", told[name])
        if counts.shape != ids.shape or counts.dtype != np.int64 or (counts < 0).any():
            raise ValueError(f"told.{name}: must be a count for each learner")
        fleet.told[name] = counts
    return fleet


def knowledge_state(knowledge: Knowledge) -> dict[str, Any]:
    """Return all that is known."""

    def tracker(one: Tracker) -> dict[str, Any]:
        return {
            name: packed(value) if isinstance(value, np.ndarray) else value
            for name, value in one.state().items()
        }

    return {
        "gain": tracker(knowledge.gain),
        "speed": tracker(knowledge.speed),
        "standing": knowledge.standing.state(),
        "bits": {name: packed(column) for name, column in knowledge.bits.items()},
        "known": [knowledge.gain.known, knowledge.speed.known],
    }


def knowledge_of(data: object) -> Knowledge:
    """Return the knowledge that was saved.

    Raises
    ------
    ValueError
        For what none can be.
    """
    fields = ("gain", "speed", "standing", "bits", "known")
    found = grammar.members("knowledge", data, fields)
    trackers: dict[str, Any] = {}
    known = found["known"]
    if not isinstance(known, list) or [type(one) for one in known] != [bool, bool]:
        raise ValueError("known: must be two truth values")
    for name, told in zip(("gain", "speed"), known, strict=True):
        state = grammar.members(name, found[name], tuple(Tracker(1.0).state()))
        arrays = {
            key: unpacked(f"{name}.{key}", value) if isinstance(value, dict) else value
            for key, value in state.items()
        }
        trackers[name] = Tracker.from_state(arrays, told)
    size = trackers["gain"].ids.size
    bits = {}
    for name, column in grammar.members(
        "bits", found["bits"], (), ("send_bits", "return_bits")
    ).items():
        bits[name] = unpacked(name, column)
        wrong = bits[name].shape != (size,) or np.isinf(bits[name]).any()
        if wrong or (bits[name] < 0.0).any():
            raise ValueError(f"bits.{name}: must be {size} numbers of bits")
    if not isinstance(found["standing"], dict):
        raise ValueError("standing: must be an object")
    standing = Standing.from_state(found["standing"])
    standing.keep(trackers["gain"].ids)
    return Knowledge(**trackers, standing=standing, bits=bits)
