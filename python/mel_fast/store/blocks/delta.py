"""What a device downloads: a whole version, or what turns the version that it has into another.

    MELD1, line feed; length of the header (4 bytes, little-endian); header (JSON); blocks' bytes

The header names the model, its layers, the two versions, the digest of what must be there before
and of what is there after, and for every changed block its layer, position and length. Blocks are
coded as `_coding` says. `bits` counts all of it, so that it is what a link has to carry.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mel_fast._base.arithmetic import guard
from mel_fast._base.untrusted import shown
from mel_fast.store.blocks.arrays import (
    BLOCK,
    DTYPES,
    MOST_AXES,
    MOST_LAYERS,
    Arrays,
    Layer,
    check_layers,
    checked,
    content_digest,
    digests_of,
)
from mel_fast.store.blocks.coding import MalformedError, decode

MAGIC = b"MELD1\n"
MOST_BYTES = 2**32
_HEAD = struct.Struct("<I")

Part = tuple[int, int, bytes]
"""Layer's position in the model, block's position in the layer, coded block."""


@dataclass(frozen=True)
class Delta:
    """The change from version `have` to version `want`, or all of `want` where `have` is None.

    Attributes
    ----------
    model, have, want
        What it is of; versions by number.
    bits
        Bits to send: of the header and of all changed blocks; a `Payload`'s ``send_bits``.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> with mel.store.open("sqlite:///models.db") as store:
    ...     _ = store.publish("net", {"w": np.zeros(1000)})
    ...     _ = store.publish("net", {"w": np.eye(1, 1000).ravel()})
    ...     change = store.delta("net", have=1, want=2)
    >>> float(change.apply({"w": np.zeros(1000)})["w"].sum()), change.bits < 64_000
    (1.0, True)
    """

    model: str
    have: int | None
    want: int
    layers: tuple[Layer, ...]
    base: bytes | None
    result: bytes
    parts: tuple[Part, ...] = field(repr=False)

    @property
    def bits(self) -> int:
        """Size of `to_bytes` in bits."""
        return 8 * (len(self._header()) + sum(len(data) for _, _, data in self.parts))

    def apply(self, arrays: Mapping[str, Any] | None = None) -> Arrays:
        """Return version `want`, given the arrays of version `have` (nothing where it is None).

        Raises
        ------
        ValueError
            If the arrays are not what the change was computed from, or the bytes are damaged:
            nothing but version `want`, bit for bit, is ever returned.
        """
        if self.have is None:
            made = {one.name: np.zeros(one.shape, _dtype(one)) for one in self.layers}
        else:
            given = check_layers(checked(arrays), list(self.layers))
            if content_digest(list(self.layers), digests_of(given)) != self.base:
                raise ValueError(
                    f"the arrays are not version {self.have} of {shown(self.model)} as it was "
                    "served when this change was made: pull the whole version"
                )
            made = {name: array.copy() for name, array in given.items()}
        try:
            for layer, position, data in self.parts:
                one = self.layers[layer]
                flat = made[one.name].reshape(-1)
                start, size = position * BLOCK, one.block_size(position)
                old = None if self.have is None else flat[start : start + size]
                flat[start : start + size] = decode(data, size, one.dtype, old)
        except MalformedError as error:
            raise ValueError(f"{self._named()} is damaged: {error}") from None
        if content_digest(list(self.layers), digests_of(made)) != self.result:
            raise ValueError(f"{self._named()} is damaged: the result is another")
        return made

    def _named(self) -> str:
        return f"the change to version {self.want} of {shown(self.model)}"

    def to_bytes(self) -> bytes:
        """Return the bytes to send or to keep."""
        return self._header() + b"".join(data for _, _, data in self.parts)

    def _header(self) -> bytes:
        text = json.dumps(
            {
                "model": self.model,
                "have": self.have,
                "want": self.want,
                "base": self.base.hex() if self.base else None,
                "result": self.result.hex(),
                "layers": [[one.name, one.dtype, list(one.shape)] for one in self.layers],
                "parts": [[layer, position, len(data)] for layer, position, data in self.parts],
            },
            separators=(",", ":"),
        ).encode()
        return MAGIC + _HEAD.pack(len(text)) + text

    @classmethod
    def from_bytes(cls, data: bytes, most_bytes: int = MOST_BYTES) -> Delta:
        """Read what `to_bytes` wrote; `most_bytes` limits the model that it may describe.

        Raises
        ------
        ValueError
            If the bytes are anything else, or describe a larger model.
        """
        start = len(MAGIC) + _HEAD.size
        if data[: len(MAGIC)] != MAGIC or len(data) < start:
            raise ValueError("not a change of a model: it begins otherwise")
        end = start + _HEAD.unpack(data[len(MAGIC) : start])[0]
        try:
            made = cls._read(json.loads(data[start:end]), data[end:])
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise ValueError(f"a damaged change of a model: {shown(str(error))}") from None
        if sum(one.size * _dtype(one).itemsize for one in made.layers) > most_bytes:
            raise ValueError(f"a model of more than {most_bytes} bytes is not wanted")
        return made

    @classmethod
    def _read(cls, header: Any, body: bytes) -> Delta:
        layers = tuple(_layer(*entry) for entry in header["layers"])
        if not 0 < len(layers) <= MOST_LAYERS or len({one.name for one in layers}) < len(layers):
            raise ValueError("no layers, too many, or two of one name")
        have, want = header["have"], header["want"]
        base = None if have is None else bytes.fromhex(header["base"])
        if type(want) is not int or (have is not None and type(have) is not int):
            raise ValueError("versions must be numbers")
        if not isinstance(header["model"], str):
            raise ValueError("the model's name must be text")
        parts = tuple(_parts(header["parts"], layers, body))
        if have is None and len(parts) != sum(one.blocks for one in layers):
            raise ValueError("a whole model has all of its blocks")
        result = bytes.fromhex(header["result"])
        return cls(header["model"], have, want, layers, base, result, parts)


def _dtype(layer: Layer) -> np.dtype[Any]:
    return np.dtype(layer.dtype).newbyteorder("<")


def _layer(name: Any, dtype: Any, shape: Any) -> Layer:
    sound = isinstance(name, str) and dtype in DTYPES and len(shape) <= MOST_AXES
    if not sound or not all(type(n) is int and 0 <= n < 2**48 for n in shape):
        raise ValueError("a layer that cannot be")
    return Layer(name, dtype, tuple(shape))


def _parts(entries: Any, layers: tuple[Layer, ...], body: bytes) -> Iterable[Part]:
    at, last = 0, (-1, -1)
    for layer, position, length in entries:
        if not all(type(n) is int for n in (layer, position, length)):
            raise ValueError("parts must be numbers")
        if not 0 <= layer < len(layers) or not 0 <= position < layers[layer].blocks:
            raise ValueError("a block that the model does not have")
        if (layer, position) <= last or not 0 <= length <= len(body) - at:
            raise ValueError("parts in disorder or cut short")
        last = (layer, position)
        yield layer, position, body[at : at + length]
        at += length
    if at != len(body):
        raise ValueError("more bytes than it needs")


guard(__name__)
