"""Arrays to bytes and back: the container of all arrays, its version, limits and check sum."""

from collections.abc import Mapping
from math import prod
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike

from mel_fast._base.untrusted import shown
from mel_fast._base.validation import integer
from mel_fast.payload import record
from mel_fast.payload.arrays import (
    DIGEST_BYTES,
    DTYPES,
    LONGEST_NAME,
    MOST_AXES,
    Arrays,
    check_base,
    checked,
    digest,
)
from mel_fast.payload.coding.stream import Reader, Writer
from mel_fast.payload.recipe import Recipe

MAGIC = b"MELP"
VERSION = 1
MAX_BYTES = 1 << 30
"""Decoded bytes that `decode` allows unless told otherwise."""

_HAS_BASE = 1
_ALWAYS_ALLOWED = 1 << 24
_GROWTH = 1 << 15  # decoded bytes for each byte, beyond those always allowed
_CHECK_BYTES = 4


def encode(
    arrays: Mapping[str, ArrayLike],
    recipe: Recipe | None = None,
    *,
    base: Mapping[str, ArrayLike] | None = None,
    rng: np.random.Generator | int | None = None,
) -> bytes:
    """Turn arrays into the bytes that are sent.

    Parameters
    ----------
    arrays
        Numbers by name: float16, float32 or float64 to which the recipe is applied, integers and
        truth values that are sent exactly.
    recipe
        What is done to them; default ``Recipe()``, nothing but coding.
    base
        The version that the receiver has, of the same names, kinds and shapes. The recipe's
        quantisation and sparsification then apply to the differences; if it has none, the entries
        that changed are sent exactly.
    rng
        Of stochastic rounding: a generator or a seed; None draws afresh. Otherwise unused.

    Returns
    -------
    bytes
        See the byte format in ``docs/payload.md``. ``8 * len(...)`` are the bits to be sent.

    Raises
    ------
    ValueError, TypeError
        Naming array and index: numbers that are not finite or beyond float16's range where that is
        asked for, other kinds of arrays, another base.

    Examples
    --------
    >>> import numpy as np
    >>> from mel_fast.payload import Recipe, decode, encode
    >>> data = encode({"w": np.linspace(-1, 1, 1001)}, Recipe(bits=2))
    >>> np.unique(decode(data)["w"])
    array([-1.,  0.,  1.])
    """
    recipe = Recipe() if recipe is None else recipe
    if not isinstance(recipe, Recipe):
        raise TypeError(f"recipe = {shown(recipe)}: must be a Recipe")
    if rng is not None and not isinstance(rng, np.random.Generator):
        rng = integer("rng", rng, low=0)
    draws = np.random.default_rng(rng)
    mine = checked("arrays", arrays)
    known = None if base is None else checked("base", base)
    writer = Writer()
    writer.add(MAGIC)
    writer.varint(VERSION)
    writer.varint(0 if known is None else _HAS_BASE)
    if known is not None:
        check_base(mine, known)
        writer.add(digest(known))
    writer.varint(len(mine))
    for name, array in mine.items():
        text = name.encode()
        writer.varint(len(text))
        writer.add(text)
        writer.varint(DTYPES.index(array.dtype))
        writer.varint(array.ndim)
        for axis in array.shape:
            writer.varint(axis)
        before = None if known is None else known[name].reshape(-1)
        values = array.reshape(-1)
        if recipe.exact or array.dtype.kind != "f" or array.size < recipe.exact_below:
            record.write_exact(writer, values, before, recipe.entropy)
        else:
            record.write(writer, name, values, before, recipe, draws)
    total = sum(array.nbytes for array in mine.values())
    if total > _ALWAYS_ALLOWED:  # what grows further when decoded would be refused
        writer.add(bytes(max(0, -(-total // _GROWTH) - len(writer))))
    data = writer.done()
    return data + crc32(data).to_bytes(_CHECK_BYTES, "little")


def decode(
    data: bytes | bytearray | memoryview,
    *,
    base: Mapping[str, ArrayLike] | None = None,
    max_bytes: int = MAX_BYTES,
) -> Arrays:
    """Turn bytes, from anybody, into the arrays that they hold.

    Parameters
    ----------
    data
        What `encode` returned.
    base
        The version that it was encoded against, if any, to the bit.
    max_bytes
        Most bytes of the decoded arrays together. Besides, they may not be more than 16 MiB and
        more than 32,768 for each byte of `data`.

    Returns
    -------
    dict of str to ndarray
        Fresh arrays in the order, kinds and shapes of those encoded.

    Raises
    ------
    ValueError
        Bytes that are damaged, cut, too large, of a later version or made against another base.
        Nothing in them is run, and no more memory taken than some multiple of what is allowed.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> arrays = {"w": np.arange(6.0).reshape(2, 3)}
    >>> data = mel.payload.encode(arrays)
    >>> bool((mel.payload.decode(data)["w"] == arrays["w"]).all())
    True
    """
    most = integer("max_bytes", max_bytes, low=0)
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"data is a {type(data).__name__}: must be bytes")
    if base is not None and not isinstance(base, Mapping):
        raise TypeError(f"base is a {type(base).__name__}: must map names to arrays, or be None")
    view = memoryview(data).cast("B")
    if len(view) < len(MAGIC) + _CHECK_BYTES or view[: len(MAGIC)] != MAGIC:
        raise ValueError(f"no payload: {len(view)} bytes that do not begin with {MAGIC!r}")
    body, check = view[:-_CHECK_BYTES], view[-_CHECK_BYTES:]
    if crc32(body) != int.from_bytes(check, "little"):
        raise ValueError("payload is damaged or cut: its check sum is wrong")
    reader = Reader(body[len(MAGIC) :])
    version = reader.varint("version", 1 << 62)
    if version != VERSION:
        raise ValueError(f"payload has version {version}: this reads version {VERSION}")
    most = min(most, max(_ALWAYS_ALLOWED, _GROWTH * len(view)))
    known = _known(reader, base)
    found: Arrays = {}
    for _ in range(reader.varint("number of arrays", reader.left)):
        _read_array(reader, found, known, most)
        most -= next(reversed(found.values())).nbytes
    if any(reader.take(reader.left, "its end")):
        raise ValueError("payload is damaged: something follows its arrays")
    return found


def _known(reader: Reader, base: Mapping[str, ArrayLike] | None) -> Arrays | None:
    if not reader.varint("kind", _HAS_BASE):
        return None  # a base that is not needed does no harm
    wanted = bytes(reader.take(DIGEST_BYTES, "digest of its base"))
    if base is None:
        raise ValueError(f"payload was made against the version {wanted.hex()}: base is missing")
    known = checked("base", base)
    mine = digest(known)
    if mine != wanted:
        raise ValueError(
            f"payload was made against the version {wanted.hex()}: base is {mine.hex()}"
        )
    return known


def _read_array(reader: Reader, found: Arrays, known: Arrays | None, most: int) -> None:
    size = reader.varint("length of a name", LONGEST_NAME - 1)
    try:
        name = str(reader.take(size, "a name"), "utf-8")
    except UnicodeDecodeError:
        raise ValueError("payload is damaged: a name is no text in UTF-8") from None
    if name in found:
        raise ValueError(f"payload is damaged: two arrays {shown(name)}")
    dtype = DTYPES[reader.varint("kind of numbers", len(DTYPES) - 1)]
    axes = reader.varint("axes", MOST_AXES)
    shape = tuple(reader.varint("length of an axis", 1 << 62) for _ in range(axes))
    needed = prod(shape) * dtype.itemsize
    if needed > most or prod(axis for axis in shape if axis) >= 1 << 62:
        raise ValueError(
            f"payload holds an array {shown(name)} of shape {shown(shape)} and kind {dtype}: "
            f"{needed} bytes, {most} are allowed"
        )
    flags = reader.varint("flags", record.FLAGS)
    before: Any = None
    if record.needs_known(flags):
        before = None if known is None else known.get(name)
        if before is None or (before.dtype, before.shape) != (dtype, shape):
            raise ValueError(f"payload is damaged: {shown(name)} is in no known version")
        before = before.reshape(-1)
    try:
        values = record.read(reader, flags, name, prod(shape), dtype, before)
    except ValueError as error:
        raise ValueError(f"array {shown(name)}: {error}") from None
    found[name] = values.reshape(shape)
