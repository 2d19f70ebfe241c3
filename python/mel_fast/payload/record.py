"""One array's values in the bytes: written by a recipe, read from anybody."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.untrusted import shown
from mel_fast.payload.coding import sections
from mel_fast.payload.coding.stream import Reader, Writer
from mel_fast.payload.recipe import KMEANS_BITS, UNIFORM_BITS, Recipe
from mel_fast.payload.steps import hashing, kmeans, quantise, sparsify

RELATIVE, SPARSE, HASHED, REPLACES = 1, 2, 4, 8
"""Flags: added to the known version's values; only some entries follow; they are values of buckets;
they take the place of the known version's."""

EXACT, UNIFORM, CODEBOOK, HALF = range(4)
_CODEC_SHIFT = 4
FLAGS = (1 << _CODEC_SHIFT + 2) - 1

_RARE = 0.15  # share of values that are not zero below which their positions are cheaper
_EXACT_RARE = 0.5

Flat = NDArray[Any]


class Sent(NamedTuple):
    """Which entries are sent (None: all, or all buckets), and their values."""

    positions: NDArray[np.int64] | None
    values: Flat


def write_exact(writer: Writer, values: Flat, known: Flat | None, entropy: bool) -> None:
    """Append values that come back bit for bit, those alone that changed where they are few."""
    if known is not None:
        word = f"u{values.dtype.itemsize}"
        changed = np.flatnonzero(values.view(word) != known.view(word))
        if len(changed) <= _EXACT_RARE * len(values):
            writer.varint(SPARSE | REPLACES)
            _write_positions(writer, changed, entropy)
            sections.write_values(writer, values[changed], entropy)
            return
    writer.varint(0)
    sections.write_values(writer, values, entropy)


def write(
    writer: Writer,
    name: str,
    values: Flat,
    known: Flat | None,
    recipe: Recipe,
    rng: np.random.Generator,
) -> None:
    """Append an array of floating point numbers by a recipe."""
    flags = RELATIVE if known is not None else 0
    if recipe.prune:
        kept = sparsify.largest(values, sparsify.kept_by_share(len(values), recipe.prune))
        values, before = np.zeros_like(values), values
        values[kept] = before[kept]
    if known is not None:
        with np.errstate(over="ignore"):
            values = values - known
        if not np.isfinite(values).all():
            raise ValueError(
                f"arrays[{shown(name)}] is too far from base: a difference is not finite"
            )
    sent = _chosen(values, recipe)
    if recipe.buckets is not None and len(values):
        flags |= HASHED
        buckets = max(1, round(recipe.buckets * len(values)))
        sent = Sent(None, hashing.shared(values, name, buckets))
    codec = EXACT
    drawn = rng if recipe.stochastic else None
    body = Writer()
    if recipe.codebook == "float16":
        codec = HALF
        _write_half(body, name, sent.values, recipe.entropy)
    elif recipe.bits is not None and recipe.codebook == "uniform":
        codec = UNIFORM
        sent = _write_uniform(body, sent, recipe, drawn, hashed=bool(flags & HASHED))
    elif recipe.bits is not None:
        codec = CODEBOOK
        _write_codebook(body, sent.values, recipe, drawn)
    else:
        sections.write_values(body, sent.values, recipe.entropy)
    flags |= SPARSE if sent.positions is not None else 0
    writer.varint(flags | codec << _CODEC_SHIFT)
    if sent.positions is not None:
        _write_positions(writer, sent.positions, recipe.entropy)
    if flags & HASHED:
        writer.varint(len(sent.values))
    writer.add(body.done())


def _chosen(values: Flat, recipe: Recipe) -> Sent:
    """Return the entries that the recipe sends."""
    if recipe.top_k is not None:
        kept = sparsify.largest(values, sparsify.kept_by_top(len(values), recipe.top_k))
    elif recipe.threshold is not None:
        kept = sparsify.at_least(values, recipe.threshold)
    elif recipe.prune:
        kept = np.flatnonzero(values)
    else:
        return Sent(None, values)
    return Sent(kept, values[kept])


def _write_positions(writer: Writer, positions: NDArray[np.int64], entropy: bool) -> None:
    writer.varint(len(positions))
    sections.write_integers(writer, sparsify.gaps(positions), entropy)


def _write_half(body: Writer, name: str, values: Flat, entropy: bool) -> None:
    with np.errstate(over="ignore"):
        half = values.astype(np.float16)
    if not np.isfinite(half).all():
        most = float(np.abs(values).max())
        raise ValueError(f"arrays[{shown(name)}] reaches {most:g}: float16 ends at 65504")
    sections.write_values(body, half, entropy)


def _write_uniform(
    body: Writer, sent: Sent, recipe: Recipe, rng: np.random.Generator | None, *, hashed: bool
) -> Sent:
    positions, values = sent
    bits = recipe.bits or 0
    if not len(values):
        return sent
    peak = max(values.max(), -values.min())
    numbers = quantise.uniform(values, peak, bits, rng)
    if bits > 1 and not hashed:  # zeros among the levels: few others are cheaper by position
        top = quantise.top_level(bits)
        others = np.flatnonzero(numbers != top) if positions is not None else None
        if others is None and np.count_nonzero(numbers != top) < _RARE * len(numbers):
            others = np.flatnonzero(numbers != top)
        if others is not None:
            positions = others if positions is None else positions[others]
            numbers, values = numbers[others], values[others]
            if not len(numbers):
                return Sent(positions, values)
    body.varint(bits)
    body.array(np.array([peak], values.dtype))
    if bits <= KMEANS_BITS:
        sections.write_symbols(body, numbers, bits, recipe.entropy)
    else:
        sections.write_integers(body, quantise.folded(numbers, bits), recipe.entropy)
    return Sent(positions, values)


def _write_codebook(
    body: Writer, values: Flat, recipe: Recipe, rng: np.random.Generator | None
) -> None:
    if not len(values):
        return
    levels = kmeans.kmeans_levels(values, recipe.bits or 0, hull=recipe.stochastic)
    body.varint(len(levels))
    body.array(levels)
    width = (len(levels) - 1).bit_length()
    sections.write_symbols(body, kmeans.nearest(values, levels, rng), width, recipe.entropy)


def needs_known(flags: int) -> bool:
    """Whether values are made from the known version's."""
    return bool(flags & (RELATIVE | REPLACES))


def read(
    reader: Reader, flags: int, name: str, size: int, dtype: np.dtype[Any], known: Flat | None
) -> Flat:
    """Return the array's values, (size,), from what `write` or `write_exact` wrote."""
    codec = flags >> _CODEC_SHIFT
    if flags & HASHED and flags & (SPARSE | REPLACES):
        raise ValueError("payload is damaged: buckets exclude positions")
    if flags & REPLACES and (flags & RELATIVE or not flags & SPARSE or codec != EXACT):
        raise ValueError("payload is damaged: what is replaced is given exactly, by position")
    if dtype.kind != "f" and (codec != EXACT or flags & RELATIVE):
        raise ValueError(f"payload is damaged: levels for an array of {dtype}")
    positions, count = None, size
    if flags & SPARSE:
        count = reader.varint("number of values", size)
        positions = sparsify.positions(sections.read_integers(reader, count, "gaps"), size)
    elif flags & HASHED:
        count = reader.varint("number of buckets", size, 1)
    values = _read_values(reader, codec, count, dtype)
    if flags & HASHED:
        values = hashing.spread(values, name, size)
    if positions is not None:
        full = np.zeros(size, dtype) if known is None or flags & RELATIVE else known.copy()
        full[positions] = values
        values = full
    if flags & RELATIVE and known is not None:
        with np.errstate(over="ignore", invalid="ignore"):
            values = np.nan_to_num(known + values, copy=False)
    return values


def _read_values(reader: Reader, codec: int, count: int, dtype: np.dtype[Any]) -> Flat:
    if codec == EXACT:
        return _finite(sections.read_values(reader, count, dtype, "values"))
    if codec == HALF:
        half = sections.read_values(reader, count, np.dtype(np.float16), "values")
        return _finite(half).astype(dtype)
    if not count:
        return np.zeros(0, dtype)
    if codec == CODEBOOK:
        size = reader.varint("number of levels", 1 << KMEANS_BITS, 1)
        levels = _finite(reader.array(size, dtype, "levels"))
        symbols = sections.read_symbols(reader, count, (size - 1).bit_length(), "values")
        if int(symbols.max()) >= size:
            raise ValueError(f"payload is damaged: a value has no level among {size}")
        return sections.looked_up(levels, symbols)
    bits = reader.varint("bits of a value", UNIFORM_BITS, 1)
    (peak,) = _finite(reader.array(1, dtype, "largest magnitude"))
    levels = quantise.uniform_levels(peak, bits, dtype)
    if bits <= KMEANS_BITS:
        numbers = sections.read_symbols(reader, count, bits, "values")
    else:
        numbers = sections.read_integers(reader, count, "values")
        levels = levels[quantise.unfolding(bits)]
    if int(numbers.max()) >= len(levels):
        raise ValueError(f"payload is damaged: a value has no level among {len(levels)}")
    return sections.looked_up(levels, numbers)


def _finite(values: Flat) -> Flat:
    if values.dtype.kind == "f" and len(values):
        if not np.isfinite([values.min(), values.max()]).all():
            raise ValueError("payload is damaged: a number is not finite")
    elif values.dtype.kind == "b" and int(values.view(np.uint8).max(initial=0)) > 1:
        raise ValueError("payload is damaged: a truth value is neither 0 nor 1")
    return values
