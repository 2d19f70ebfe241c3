"""Sections of whole numbers and of values: each the shorter of a plain and a coded form."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast.payload.coding import ans, widths
from mel_fast.payload.coding.stream import Reader, Writer

_CONSTANT, _FIXED, _CODED = range(3)
_EXACT = 16  # numbers below have a token each
_STEPS = 8  # tokens an octave above
_WIDEST = 62  # bits of a number
_CODED_BYTES = 10  # of a coded section beside table and words, at least
_WORTH = 1 - 1 / 256  # of the plain form: saving less, as of random bytes, is not worth the time
_SHORT = 16  # bits of numbers that are held in two bytes
_AT_ONCE = 1 << 15  # numbers whose order stays in the cache

Numbers = NDArray[np.integer[Any]]


def write_symbols(writer: Writer, symbols: Numbers, width: int, entropy: bool) -> None:
    """Append numbers of less than 2^width, width at most 8."""
    if not len(symbols):
        return
    counts = ans.histogram(symbols, 256)[: max(2, int(symbols.max()) + 1)]
    if entropy and counts.max() == len(symbols):
        writer.varint(_CONSTANT)
        writer.varint(int(symbols[0]))
        return
    coded = Writer()
    plain = widths.packed_bytes(len(symbols), width)
    if entropy and ans.entropy_bits(counts) < _WORTH * 8.0 * (plain - _CODED_BYTES):
        ans.encode(coded, symbols.astype(np.uint8, copy=False), counts)
    if 0 < len(coded) < plain:
        writer.varint(_CODED)
        writer.add(coded.done())
    else:
        writer.varint(_FIXED)
        widths.pack(writer, symbols, width)


def read_symbols(reader: Reader, count: int, width: int, what: str) -> Numbers:
    """Return what `write_symbols` wrote, each below 2^width."""
    if not count:
        return np.zeros(0, np.uint8)
    form = reader.varint(f"form of {what}", _CODED)
    if form == _CONSTANT:
        return np.full(count, reader.varint(what, (1 << width) - 1), np.uint8)
    if form == _FIXED:
        return widths.unpack(reader, count, width, what)
    symbols = ans.decode(reader, count, what)
    if symbols.max() >> width:
        raise ValueError(f"payload is damaged: {what} has symbols of more than {width} bits")
    return symbols


def write_integers(writer: Writer, numbers: Numbers, entropy: bool) -> None:
    """Append whole numbers of at least 0: a token each for its leading bits, then the others.

    Numbers below 16 are their own tokens. Above, a token says the power of two and the three bits
    after the first one; the rest, nearly equally likely, follows at fixed widths, narrowest first.
    """
    if not len(numbers):
        return
    width = int(numbers.max()).bit_length()
    if width <= _SHORT:
        numbers = numbers.astype(np.uint16, copy=False)
    plain = 8 * widths.packed_bytes(len(numbers), width)
    tokens = tokens_of(numbers) if entropy else None
    if tokens is not None:
        counts = ans.histogram(tokens, _TOKENS)
        coded = Writer()
        if counts.max() == len(tokens):
            coded.varint(_CONSTANT)
            coded.varint(int(tokens[0]))
        else:
            coded.varint(_CODED)
            ans.encode(coded, tokens, counts[: int(np.flatnonzero(counts)[-1]) + 1])
        if 8 * len(coded) + int(counts @ _REST) >= plain:
            tokens = None
    if tokens is None:
        writer.varint(_FIXED)
        writer.varint(width)
        widths.pack(writer, numbers, width)
        return
    writer.add(coded.done())
    _write_rest(writer, numbers, tokens, counts)


def read_integers(reader: Reader, count: int, what: str) -> Numbers:
    """Return what `write_integers` wrote."""
    if not count:
        return np.zeros(0, np.int64)
    form = reader.varint(f"form of {what}", _CODED)
    if form == _FIXED:
        width = reader.varint(f"width of {what}", _WIDEST)
        return widths.unpack(reader, count, width, what)
    if form == _CONSTANT:
        tokens: Numbers = np.full(count, reader.varint(what, _TOKENS - 1), np.uint16)
    else:
        tokens = ans.decode(reader, count, what)
    if int(tokens.max()) >= _TOKENS:
        raise ValueError(f"payload is damaged: {what} has a token above {_TOKENS - 1}")
    return _with_rest(reader, tokens, what)


def tokens_of(numbers: Numbers) -> Numbers:
    """Return the tokens of whole numbers in [0, 2^62)."""
    if int(numbers.max(initial=0)) < len(_SMALL):
        return looked_up(_SMALL, numbers)
    return (np.searchsorted(_LEAST, numbers, side="right") - 1).astype(np.uint16)


def looked_up(table: NDArray[Any], numbers: Numbers) -> NDArray[Any]:
    """Return ``table[numbers]``; in pieces, whose indices stay in the cache."""
    found = np.empty(len(numbers), table.dtype)
    for start in range(0, len(numbers), _AT_ONCE):
        found[start : start + _AT_ONCE] = table.take(numbers[start : start + _AT_ONCE])
    return found


def _write_rest(writer: Writer, numbers: Numbers, tokens: Numbers, counts: ans.Counts) -> None:
    """Append what follows the tokens, all of one width together, the narrowest first."""
    ends = _sizes(counts).cumsum()
    if len(ends) == 1:
        return
    gathered = np.empty(len(numbers), numbers.dtype)
    for block, order, moves in _by_width(tokens, ends):
        ordered = numbers[block].take(order)
        for place, piece in moves:
            gathered[place] = ordered[piece]
    for bits in range(1, len(ends)):
        some = gathered[ends[bits - 1] : ends[bits]]
        widths.pack(writer, some & some.dtype.type((1 << bits) - 1), bits)


def _with_rest(reader: Reader, tokens: Numbers, what: str) -> Numbers:
    """Return the numbers of tokens, with the rest that `_write_rest` wrote."""
    counts = ans.histogram(tokens, _TOKENS)
    ends = _sizes(counts).cumsum()
    least = _LEAST.astype(np.uint16) if not counts[int(_SMALL[-1]) + 1 :].any() else _LEAST
    numbers = looked_up(least, tokens)
    if len(ends) == 1:
        return numbers
    rest = np.zeros(len(numbers), least.dtype)
    for bits in range(1, len(ends)):
        count = int(ends[bits] - ends[bits - 1])
        rest[ends[bits - 1] : ends[bits]] = widths.unpack(reader, count, bits, what)
    ordered, added = np.empty(_AT_ONCE, least.dtype), np.empty(_AT_ONCE, least.dtype)
    for block, order, moves in _by_width(tokens, ends):
        for place, piece in moves:
            ordered[piece] = rest[place]
        added[order] = ordered[: len(order)]
        numbers[block] |= added[: len(order)]
    return numbers


def _sizes(counts: ans.Counts) -> ans.Counts:
    """Return how many tokens have a rest of 0, 1, ... bits."""
    sizes = np.zeros(int(_REST[np.flatnonzero(counts)[-1]]) + 1, np.int64)
    np.add.at(sizes, _REST[: len(counts)][counts > 0], counts[counts > 0])
    return sizes


def _by_width(
    tokens: Numbers, ends: ans.Counts
) -> Iterator[tuple[slice, NDArray[np.int64], list[tuple[slice, slice]]]]:
    """Yield blocks of tokens, their order by width of rest, and where pieces of it belong."""
    free = [0, *ends[:-1].tolist()]
    for start in range(0, len(tokens), _AT_ONCE):
        octave = (
            tokens[start : start + _AT_ONCE] >> 3
        )  # a rest of 0 bits in 0 and 1, then of 1, ...
        moves, at = [], 0
        for bits in range(len(ends)):  # counted by comparing: a tenth of the time of a histogram
            size = int(np.count_nonzero(octave == bits + 1 if bits else octave < 2))
            if size:
                moves.append((slice(free[bits], free[bits] + size), slice(at, at + size)))
                free[bits] += size
                at += size
        yield slice(start, start + at), octave.argsort(kind="stable"), moves  # by radix: linear


def write_values(writer: Writer, values: NDArray[np.generic], entropy: bool) -> None:
    """Append numbers exactly: their bytes in planes, first the lowest byte of each."""
    size = values.dtype.itemsize
    little = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"), copy=False))
    planes = little.view(np.uint8).reshape(-1, size)
    for place in range(size):
        write_symbols(writer, np.ascontiguousarray(planes[:, place]), 8, entropy)


def read_values(
    reader: Reader, count: int, dtype: np.dtype[np.generic], what: str
) -> NDArray[np.generic]:
    """Return what `write_values` wrote, bit for bit."""
    planes = np.empty((count, dtype.itemsize), np.uint8)
    for place in range(dtype.itemsize):
        planes[:, place] = read_symbols(reader, count, 8, what)
    return planes.reshape(-1).view(dtype.newbyteorder("<")).astype(dtype)


_REST = np.repeat(np.arange(_WIDEST - 3), [_EXACT] + [_STEPS] * (_WIDEST - 4)).astype(np.uint8)
"""Bits that follow each token."""

_LEAST = np.concatenate(
    [np.arange(_EXACT), *(np.arange(_STEPS, 2 * _STEPS) << bits for bits in range(1, _WIDEST - 3))]
)
"""Least number of each token."""

_TOKENS = len(_LEAST)
_SMALL = (np.searchsorted(_LEAST, np.arange(1 << _SHORT), side="right") - 1).astype(np.uint8)
