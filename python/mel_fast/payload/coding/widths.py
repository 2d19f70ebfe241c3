"""Whole numbers at a fixed width of bits: planes of whole bytes, then what is left, packed.

The lowest 8 bits of all numbers come first, a byte each, then the next 8, and so on. Of the last
plane, of 1 to 7 bits, eight numbers take as many bytes as it has bits, the first number lowest.
"""

import numpy as np
from numpy.typing import NDArray

from mel_fast.payload.coding.stream import Reader, Writer

_GROUP = 8
_AT_ONCE = 1 << 15  # numbers in the cache, whole groups


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
    shifts = [(_every(2 * size, size), size, bits * size // 8) for size in (8, 16, 32)]
    packed = np.empty((-(-len(numbers) // _GROUP), bits), np.uint8)
    for start in range(0, len(numbers), _AT_ONCE):
        block = numbers[start : start + _AT_ONCE]
        groups = np.zeros(-(-len(block) // _GROUP) * _GROUP, np.uint8)
        np.right_shift(block, width - bits, out=groups[: len(block)], casting="unsafe")
        words = groups.view("<u8")
        for low, size, part in shifts:  # two neighbours become one of twice the size and the bits
            even = words & low
            words >>= np.uint64(size)
            words &= low
            words <<= np.uint64(part)
            words |= even
        place = start // _GROUP
        packed[place : place + len(words)] = groups.reshape(-1, _GROUP)[:, :bits]
    writer.array(packed.reshape(-1)[: -(-len(numbers) * bits // 8)])


def unpack(reader: Reader, count: int, width: int, what: str) -> NDArray[np.integer]:
    """Return `count` numbers of `width` bits."""
    kind = np.uint8 if width <= 8 else np.uint16 if width <= 16 else np.int64
    numbers: NDArray[np.integer] = np.zeros(count, kind)
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
    whole = words.view("<u8").reshape(-1)
    for size in (32, 16, 8):  # the inverse: each is parted in two
        part = bits * size // 8
        low = _every(2 * size, part)
        whole = whole & low | (whole >> np.uint64(part) & low) << np.uint64(size)
    last = whole.view(np.uint8)
    numbers |= last[:count].astype(numbers.dtype, copy=False) << (width - bits)
    return numbers


def _every(size: int, bits: int) -> np.uint64:
    """Return the word whose parts of `size` bits have their lowest `bits` set."""
    return np.uint64(sum(((1 << bits) - 1) << place for place in range(0, 64, size)))
