"""One block of weights as bytes, alone or as the change from another: exact, and near its entropy.

    change  = 'W' values(n)                                  all n weights
            | 'S' count rice-k stream stream values(count)   where (gaps), and the values there
    values  = 'P' planes | 'D' planes | 'T' table codes

Gaps between changed positions are Rice coded: for positions that change independently this is
within 0.1 bit of their entropy. Values are the cheapest of their bytes (a stream for every byte
of the dtype), of the bytes of their differences from the values before (of the numbers' order, so
that a small step is a small number), and of codes into a table of the values that occur. A stream
is raw or compressed by Zstandard. The reader knows how long every stream may be before it expands
it, so that no bytes can ask for more memory than the block has.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.optional import require

Block = NDArray[Any]
Bits = NDArray[np.unsignedinteger[Any]]

_LARGEST_TABLE = 4096
_SAMPLE = 1024
_MOST_K = 24
_LEVEL = 3
_TELLS_ITS_SIZE = 0b1110_0000  # of a frame header's first byte


class MalformedError(ValueError):
    """Bytes that no encoder wrote."""


@cache
def _zstandard() -> Any:
    return require("zstandard", extra="store")


def encode(new: Block, old: Block | None = None) -> bytes:
    """Return `new` as bytes, as the change from `old` (zeros where None) where that is shorter."""
    before = np.zeros_like(new) if old is None else old
    where = np.flatnonzero(_bits(new) != _bits(before))
    found = []
    if where.size < new.size:
        reference = None if old is None else before[where]
        found.append(b"S" + _positions(where) + _values(new[where], reference))
    if where.size > new.size // 2 or not found:
        found.append(b"W" + _values(new, old))
    return min(found, key=len)


def decode(data: bytes, size: int, dtype: str, old: Block | None = None) -> Block:
    """Return the block that `encode` was given.

    Raises
    ------
    MalformedError
        If the bytes are not an encoding of `size` weights.
    """
    source = _Source(data)
    form = source.take(1)
    if form == b"W":
        block = source.values(size, dtype, old)
    elif form == b"S":
        block = np.zeros(size, _little(dtype)) if old is None else old.copy()
        where = source.positions(size)
        block[where] = source.values(where.size, dtype, None if old is None else old[where])
    else:
        raise MalformedError("neither a whole block nor a change")
    source.end()
    return block


def _little(dtype: str) -> np.dtype[Any]:
    return np.dtype(dtype).newbyteorder("<")


def _bits(values: Block) -> Bits:
    return np.ascontiguousarray(values).view(f"<u{values.dtype.itemsize}")


def _ordered(values: Block) -> Bits:
    """Return integers in the order of the numbers; neighbours differ by one."""
    bits = _bits(values)
    if values.dtype.kind != "f":
        return bits
    top = bits.dtype.type(1 << (8 * bits.itemsize - 1))
    return np.asarray(np.where(bits & top, ~bits, bits | top))


def _unordered(ordered: Bits, dtype: str) -> Block:
    kind = _little(dtype)
    if kind.kind == "f":
        top = ordered.dtype.type(1 << (8 * ordered.itemsize - 1))
        ordered = np.where(ordered & top, ordered ^ top, ~ordered)
    return ordered.view(kind)


def _values(values: Block, reference: Block | None) -> bytes:
    found = [b"P" + _planes(_bits(values))]
    if reference is not None:
        step: Bits = _ordered(values) - _ordered(reference)
        width = 8 * step.itemsize - 1
        sign = (step >> step.dtype.type(width)) * step.dtype.type(np.iinfo(step.dtype).max)
        coded: Bits = np.asarray((step << step.dtype.type(1)) ^ sign)
        found.append(b"D" + _planes(coded))
    sample = values[:: max(1, values.size // _SAMPLE)]
    if values.size > 1 and np.unique(sample).size <= sample.size // 2 + 1:
        bits = _bits(values)
        table = np.unique(bits)
        if table.size <= _LARGEST_TABLE:
            codes = np.searchsorted(table, bits)  # faster than what np.unique does for them
            width = 1 if table.size <= 256 else 2
            head = b"T" + _number(table.size) + _stream(table.tobytes())
            found.append(head + _planes(codes.astype(f"<u{width}")))
    return min(found, key=len)


def _planes(bits: Bits) -> bytes:
    rows = bits.view(np.uint8).reshape(bits.size, bits.itemsize)
    return b"".join(_stream(np.ascontiguousarray(column).tobytes()) for column in rows.T)


def _positions(where: NDArray[np.intp]) -> bytes:
    count = where.size
    if not count:
        return _number(0)
    gaps = np.diff(where, prepend=-1) - 1
    costs = [int((gaps >> k).sum()) + count * (k + 1) for k in range(_MOST_K)]
    k = int(np.argmin(costs))
    ends = np.cumsum((gaps >> k) + 1) - 1
    unary = np.zeros(int(ends[-1]) + 1, np.uint8)
    unary[ends] = 1
    low = (gaps[:, None] >> np.arange(k)) & 1
    packed = _stream(np.packbits(unary).tobytes()) + _stream(np.packbits(low).tobytes())
    return _number(count) + bytes([k]) + packed


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _stream(raw: bytes) -> bytes:
    packed = _compressor().compress(raw) if len(raw) > 8 else raw
    if len(packed) < len(raw):
        return _number(2 * len(packed) + 1) + packed
    return _number(2 * len(raw)) + raw


def _compressor() -> Any:
    # Not shared between threads; to make one costs a microsecond.
    library = _zstandard()
    plain: dict[str, Any] = {"write_content_size": False, "write_checksum": False}
    settings = library.ZstdCompressionParameters.from_level(
        _LEVEL, format=library.FORMAT_ZSTD1_MAGICLESS, **plain
    )
    return library.ZstdCompressor(compression_params=settings)


def _expand(data: bytes, most: int) -> bytes:
    library = _zstandard()
    expander = library.ZstdDecompressor(format=library.FORMAT_ZSTD1_MAGICLESS)
    # Ours never say how much they hold. What does would have that much memory taken at once.
    if not data or data[0] & _TELLS_ITS_SIZE:
        raise MalformedError("a stream is none of ours: it tells its size, or is empty")
    try:
        return bytes(expander.decompress(data, max_output_size=max(most, 1)))
    except (library.ZstdError, MemoryError) as error:
        raise MalformedError(f"a stream cannot be expanded ({error})") from None


class _Source:
    """Bytes that are read from their beginning to their end."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> bytes:
        part = self._data[self._at : self._at + count]
        if len(part) != count:
            raise MalformedError("cut short")
        self._at += count
        return part

    def end(self) -> None:
        if self._at != len(self._data):
            raise MalformedError("more bytes than it needs")

    def number(self) -> int:
        value = 0
        for shift in range(0, 63, 7):
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise MalformedError("a number without an end")

    def stream(self, most: int, *, exact: bool = True) -> bytes:
        length = self.number()
        raw = self.take(length >> 1)
        if length & 1:
            raw = _expand(raw, most)
        if len(raw) > most or (exact and len(raw) != most):
            raise MalformedError("a stream of another length")
        return raw

    def planes(self, count: int, width: int) -> Bits:
        columns = [np.frombuffer(self.stream(count), np.uint8) for _ in range(width)]
        return np.stack(columns, axis=1).reshape(-1).view(f"<u{width}")

    def values(self, count: int, dtype: str, reference: Block | None) -> Block:
        kind = _little(dtype)
        form = self.take(1)
        read: dict[bytes, Callable[[], Block]] = {
            b"P": lambda: self.planes(count, kind.itemsize).view(kind),
            b"D": lambda: self._stepped(count, dtype, reference),
            b"T": lambda: self._tabled(count, kind),
        }
        if form not in read:
            raise MalformedError("values of an unknown form")
        found = read[form]()
        if kind.kind == "b" and found.size and found.view(np.uint8).max() > 1:
            raise MalformedError("truth values other than 0 and 1")
        return found

    def _stepped(self, count: int, dtype: str, reference: Block | None) -> Block:
        if reference is None:
            raise MalformedError("differences from nothing")
        coded = self.planes(count, _little(dtype).itemsize)
        one = coded.dtype.type(1)
        step = (coded >> one) ^ ((coded & one) * coded.dtype.type(np.iinfo(coded.dtype).max))
        return _unordered(_ordered(reference) + step, dtype)

    def _tabled(self, count: int, kind: np.dtype[Any]) -> Block:
        entries = self.number()
        if not 0 < entries <= _LARGEST_TABLE:
            raise MalformedError("a table of no or too many values")
        table = np.frombuffer(self.stream(entries * kind.itemsize), kind)
        codes = self.planes(count, 1 if entries <= 256 else 2)
        if count and int(codes.max()) >= entries:
            raise MalformedError("a code beyond the table")
        return table[codes]

    def positions(self, size: int) -> NDArray[np.int64]:
        count = self.number()
        if not count:
            return np.zeros(0, np.int64)
        k = self.take(1)[0]
        if count > size or k >= _MOST_K:
            raise MalformedError("more changes than weights")
        unary = np.unpackbits(
            np.frombuffer(self.stream((size + count + 7) // 8, exact=False), "u1")
        )
        low = np.unpackbits(np.frombuffer(self.stream((count * k + 7) // 8), "u1"))[: count * k]
        ends = np.flatnonzero(unary)
        if ends.size != count:
            raise MalformedError("as many gaps as changes are needed")
        high = np.diff(ends, prepend=-1) - 1
        gaps = (high << k) + low.reshape(count, k).astype(np.int64) @ (1 << np.arange(k))
        where = np.cumsum(gaps + 1) - 1
        if int(where[-1]) >= size or int(where.min()) < 0:
            raise MalformedError("a change beyond the last weight")
        return where
