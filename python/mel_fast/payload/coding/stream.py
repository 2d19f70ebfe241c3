"""Bytes with whole numbers in them: written, and read with every length checked before use."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_LONGEST_VARINT = 9  # 63 bits


class Writer:
    """Bytes that grow."""

    def __init__(self) -> None:
        self._data = bytearray()

    def __len__(self) -> int:
        return len(self._data)

    def varint(self, number: int) -> None:
        """Append a whole number, seven bits a byte, the least first; 0x80 says that more follow."""
        while number > 0x7F:
            self._data.append(number & 0x7F | 0x80)
            number >>= 7
        self._data.append(number)

    def add(self, data: bytes | memoryview) -> None:
        """Append bytes."""
        self._data += data

    def array(self, values: NDArray[Any]) -> None:
        """Append an array's entries, the least byte of each first."""
        little = values.astype(values.dtype.newbyteorder("<"), copy=False)
        self._data += np.ascontiguousarray(little).tobytes()

    def done(self) -> bytes:
        """Return all that was appended."""
        return bytes(self._data)


class Reader:
    """Bytes of anybody's, from the first to the last; what they do not hold is a ValueError."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data, self._at = memoryview(data).cast("B"), 0

    @property
    def left(self) -> int:
        """Bytes that were not read yet."""
        return len(self._data) - self._at

    def take(self, count: int, what: str) -> memoryview:
        """Return the next `count` bytes."""
        if count > self.left:
            raise ValueError(f"payload is cut: {what} needs {count} bytes, {self.left} are left")
        self._at += count
        return self._data[self._at - count : self._at]

    def varint(self, what: str, most: int, least: int = 0) -> int:
        """Return a whole number in [least, most]."""
        number = 0
        for place in range(_LONGEST_VARINT):
            byte = self.take(1, what)[0]
            number |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                break
        else:
            raise ValueError(f"payload is damaged: {what} has more than 63 bits")
        if not least <= number <= most:
            raise ValueError(f"payload is damaged: {what} = {number}, must be in [{least}, {most}]")
        return number

    def array(self, count: int, dtype: DTypeLike, what: str) -> NDArray[Any]:
        """Return `count` entries as a fresh array in the machine's byte order."""
        kind = np.dtype(dtype)
        data = self.take(count * kind.itemsize, what)
        return np.frombuffer(data, kind.newbyteorder("<")).astype(kind)
