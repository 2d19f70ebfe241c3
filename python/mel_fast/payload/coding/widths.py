"""Whole numbers at a fixed width of bits: planes of whole bytes, then what is left, packed.

The lowest 8 bits of all numbers come first, a byte each, then the next 8, and so on. Of the last
plane, of 1 to 7 bits, eight numbers take as many bytes as it has bits, the first number lowest.
"""

import numpy as np
from numpy.typing import NDArray

from mel_fast.payload.coding.stream import Reader, Writer

_GROUP = 8


def packed_bytes(count: int, width: int) -> int:
    """Bytes of `count` numbers of `width` bits."""
    return count * (width // 8) + -(-count * (width % 8) // 8)


def pack(writer: Writer, numbers: NDArray[np.integer], width: int) -> None:
    """Append numbers in [0, 2^width), `width` from 0 to 63."""
    for shift in range(0, width - 7, 8):
        writer.array((numbers >> shift).astype(np.uint8))
    bits = width % 8
    if not bits:
        return
    groups = np.zeros((-(-len(numbers) // _GROUP), _GROUP), np.uint8)
    groups.reshape(-1)[: len(numbers)] = numbers >> (width - bits)
    words = np.zeros(len(groups), "<u8")
    for place in range(_GROUP):
        words |= groups[:, place].astype(np.uint64) << np.uint64(place * bits)
    packed = np.ascontiguousarray(words.view(np.uint8).reshape(-1, 8)[:, :bits])
    writer.add(packed.reshape(-1)[: -(-len(numbers) * bits // 8)].tobytes())


def unpack(reader: Reader, count: int, width: int, what: str) -> NDArray[np.integer]:
    """Return `count` numbers of `width` bits."""
    numbers: NDArray[np.integer] = np.zeros(count, np.uint8 if width <= 8 else np.int64)
    for shift in range(0, width - 7, 8):
        plane = np.frombuffer(reader.take(count, what), np.uint8)
        numbers |= plane.astype(numbers.dtype) << shift
    bits = width % 8
    if not bits:
        return numbers
    data = np.frombuffer(reader.take(-(-count * bits // 8), what), np.uint8)
    rows = -(-count // _GROUP)
    padded = np.zeros(rows * bits, np.uint8)
    padded[: len(data)] = data
    words = np.zeros((rows, 8), np.uint8)
    words[:, :bits] = padded.reshape(rows, bits)
    whole = words.view("<u8").astype(np.uint64).reshape(-1)
    last = np.empty((rows, _GROUP), np.uint8)
    for place in range(_GROUP):
        last[:, place] = whole >> np.uint64(place * bits) & np.uint64((1 << bits) - 1)
    numbers |= last.reshape(-1)[:count].astype(numbers.dtype) << (width - bits)
    return numbers
