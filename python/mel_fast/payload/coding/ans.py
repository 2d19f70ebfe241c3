"""Symbols at the cost of their entropy: range asymmetric numeral systems, in many lanes at once.

Symbol i goes through lane i mod `lanes`; a row of lanes is one step of NumPy. State x of a lane
stays in [2^16, 2^32): a symbol of frequency f of 2^p, whose predecessors have c together, makes it
``(x // f << p) + c + x % f``, after its low 16 bits were written if x >= f 2^(32 - p). The decoder
undoes the steps in reverse, so symbols come out in order. Every lane starts at 2^16, and must end
there when decoded: damage that leaves it elsewhere is found.

J. Duda, "Asymmetric numeral systems", 2013; interleaving: F. Giesen, "Interleaved entropy coders",
2014.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast.payload.coding import widths
from mel_fast.payload.coding.stream import Reader, Writer

PRECISIONS = (10, 12, 14)
"""Bits of a frequency, p: frequencies sum to 2^p, the p that makes table and symbols shortest."""

MOST_SYMBOLS = 1 << 10
_MOST_LANES = 1 << 14
_MOST_ROWS = 1 << 12  # of fewer lanes than the most; steps of a decoder, whoever wrote the bytes
_LANE_BITS = 2000  # a lane costs some 17 bits: it must have these to carry, so it adds 1 %
_LOW = 1 << 16
_AT_ONCE = 1 << 15
_FEW_LANES = 24

Counts = NDArray[np.int64]
Symbols = NDArray[np.integer[Any]]


def histogram(symbols: Symbols, size: int) -> Counts:
    """Return how often each of `size` symbols occurs."""
    counts = np.zeros(size, np.int64)
    for start in range(0, len(symbols), _AT_ONCE):  # in the cache: twice as fast as all at once
        counts += np.bincount(symbols[start : start + _AT_ONCE], minlength=size)
    return counts


def entropy_bits(counts: Counts) -> float:
    """Bits of the symbols at the cost of their entropy."""
    some = counts[counts > 0]
    return float((some * (np.log2(some.sum()) - np.log2(some))).sum())


def frequencies(counts: Counts, precision: int) -> Counts:
    """Return frequencies that sum to 2^precision, at least 1 for each symbol that occurs."""
    share = counts * ((1 << precision) / counts.sum())
    whole: Counts = np.maximum(np.floor(share), counts > 0).astype(np.int64)
    missing = (1 << precision) - int(whole.sum())
    if missing > 0:  # to those who lost most by rounding
        whole[np.argsort(whole - share, kind="stable")[:missing]] += 1
    for _ in range(-missing):  # from the most frequent, who lose least by it
        whole[np.argmax(whole)] -= 1
    return whole


def _shortest(counts: Counts) -> tuple[int, Counts]:
    """Return the precision with which table and symbols are shortest, and its frequencies."""
    best, least = (0, counts), np.inf
    some = counts > 0
    for precision in PRECISIONS:
        if np.count_nonzero(some) << 1 > 1 << precision:
            continue  # rounded up to 1, too many take too much of the others' share
        f = frequencies(counts, precision)
        bits = float(counts[some] @ (precision - np.log2(f[some])))
        bits += len(f) * int(f.max()).bit_length()
        if bits < least:
            best, least = (precision, f), bits
    return best


def encode(writer: Writer, symbols: Symbols, counts: Counts) -> None:
    """Append symbols, at least two different ones, that occur as often as `counts` says."""
    precision, f = _shortest(counts)
    bits = entropy_bits(counts)
    lanes = int(min(max(bits // _LANE_BITS, -(-len(symbols) // _MOST_ROWS), 1), _MOST_LANES))
    rows = -(-len(symbols) // lanes)
    grid = np.full(rows * lanes, np.argmax(f), symbols.dtype)
    grid[: len(symbols)] = symbols
    push = _push_few if lanes <= _FEW_LANES else _push
    states, words = push(grid.reshape(rows, lanes), f, precision)
    width = int(f.max()).bit_length()
    for number in (len(f), precision, width):
        writer.varint(number)
    widths.pack(writer, f, width)
    writer.varint(lanes)
    writer.array(states)
    writer.varint(len(words))
    writer.array(words)


def decode(reader: Reader, count: int, what: str) -> NDArray[np.uint16]:
    """Return the next `count` symbols."""
    size = reader.varint(f"alphabet of {what}", MOST_SYMBOLS, 2)
    precision = reader.varint(f"precision of {what}", PRECISIONS[-1], 1)
    width = reader.varint(f"width of frequencies of {what}", precision, 1)
    f = widths.unpack(reader, size, width, f"frequencies of {what}").astype(np.int64)
    if f.sum() != 1 << precision or f.max() == 1 << precision:
        raise ValueError(f"payload is damaged: frequencies of {what} sum to {f.sum()}")
    least = min(_MOST_LANES, -(-count // _MOST_ROWS))
    lanes = reader.varint(f"lanes of {what}", _MOST_LANES, max(1, least))
    states = reader.array(lanes, np.uint32, f"states of {what}")
    words = reader.varint(f"words of {what}", reader.left // 2)
    pull = _pull_few if lanes <= _FEW_LANES else _pull
    out, left, ends = pull(states, reader.array(words, np.uint16, what), f, precision, count)
    if left or (ends != _LOW).any():
        raise ValueError(f"payload is damaged: {what} does not end where it began")
    return out.reshape(-1)[:count]


def _push(
    grid: Symbols, f: Counts, precision: int
) -> tuple[NDArray[np.uint32], NDArray[np.uint16]]:
    rows, lanes = grid.shape
    table = (f | (np.cumsum(f) - f) << 16).astype(np.uint32)  # both below 2^15
    shift, whole = np.uint32(32 - precision), np.uint32(1 << precision)
    x = np.full(lanes, _LOW, np.uint32)
    words, at = np.empty(rows * lanes, np.uint16), rows * lanes
    symbol, full = np.empty(lanes, np.intp), np.empty(lanes, np.bool_)
    width, before, quotient = (np.empty(lanes, np.uint32) for _ in range(3))
    for r in range(rows - 1, -1, -1):
        symbol[...] = grid[r]
        table.take(symbol, out=width, mode="clip")
        np.right_shift(width, np.uint32(16), out=before)
        width &= np.uint32(0xFFFF)
        np.right_shift(x, shift, out=quotient)
        np.greater_equal(quotient, width, out=full)
        some = np.flatnonzero(full)
        high = x.take(some)
        at -= len(some)
        words[at : at + len(some)] = high
        x[some] = high >> 16
        np.floor_divide(x, width, out=quotient)
        np.subtract(whole, width, out=width)
        quotient *= width
        x += quotient  # x + (x // f) (2^p - f) = (x // f << p) + x % f
        x += before
    return x, words[at:]


def _pull(
    x: NDArray[Any], words: NDArray[Any], f: Counts, precision: int, count: int
) -> tuple[NDArray[np.uint16], int, NDArray[Any]]:
    """Return rows of symbols, how many words are left (below 0: were missing), and the states."""
    symbol_of = np.repeat(np.arange(len(f), dtype=np.uint16), f)
    scale = f.astype(np.uint32)[symbol_of]
    offset = (np.arange(1 << precision) - (np.cumsum(f) - f)[symbol_of]).astype(np.uint32)
    rows, at = -(-count // len(x)), 0
    out = np.empty((rows, len(x)), np.uint16)
    for r in range(rows):
        slot = x & np.uint32((1 << precision) - 1)
        np.take(symbol_of, slot, out=out[r], mode="clip")
        x = scale.take(slot) * (x >> np.uint32(precision)) + offset.take(slot)
        some = np.flatnonzero(x < _LOW)
        if at + len(some) > len(words):
            return out, -1, x
        x[some] = x[some] << np.uint32(16) | words[at : at + len(some)]
        at += len(some)
    return out, len(words) - at, x


def _push_few(
    grid: Symbols, f: Counts, precision: int
) -> tuple[NDArray[np.uint32], NDArray[np.uint16]]:
    """Do what `_push` does, a symbol at a time: faster than NumPy where rows are short."""
    lanes, shift = grid.shape[1], 32 - precision
    own, first = f.tolist(), (np.cumsum(f) - f).tolist()
    states, words = [_LOW] * lanes, []
    for row in grid[::-1].tolist():
        for lane in range(lanes - 1, -1, -1):
            x, symbol = states[lane], row[lane]
            if x >= own[symbol] << shift:
                words.append(x & 0xFFFF)
                x >>= 16
            quotient, rest = divmod(x, own[symbol])
            states[lane] = (quotient << precision) + first[symbol] + rest
    return np.array(states, np.uint32), np.array(words[::-1], np.uint16)


def _pull_few(
    x: NDArray[Any], words: NDArray[Any], f: Counts, precision: int, count: int
) -> tuple[NDArray[np.uint16], int, NDArray[Any]]:
    """Do what `_pull` does, a symbol at a time."""
    symbol_of = np.repeat(np.arange(len(f)), f).tolist()
    own, first = f.tolist(), (np.cumsum(f) - f).tolist()
    states, coming, low = x.tolist(), iter(words.tolist()), (1 << precision) - 1
    out, read = [], 0
    for _ in range(-(-count // len(states))):
        for lane, state in enumerate(states):
            slot = state & low
            symbol = symbol_of[slot]
            out.append(symbol)
            state = own[symbol] * (state >> precision) + slot - first[symbol]
            if state < _LOW:
                word = next(coming, None)
                if word is None:
                    return np.array(out, np.uint16), -1, x
                state = state << 16 | word
                read += 1
            states[lane] = state
    return np.array(out, np.uint16), len(words) - read, np.array(states)
