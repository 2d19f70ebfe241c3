"""The layout of compressed blocks that are found by their content.

A block is whole, or the change from another block, its base. Generation g of a block (the g-th
change since the last whole one) is the change from generation g with its lowest binary one
cleared, which the chain of generation g - 1 passes through: reading any generation takes at most
log2(g) + 1 steps, and a device that skipped versions costs no more than one that did not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Integer, LargeBinary, cast, delete, insert, select

from mel_fast.store.blocks.arrays import block_digest
from mel_fast.store.blocks.coding import MalformedError, decode, encode
from mel_fast.store.tables.schema import block, chunk, version
from mel_fast.store.tables.versions import Model, Place

Block = NDArray[Any]

_AT_ONCE = 10_000  # digests in a query; SQLite takes 32,766
_WORTH = 0.5  # a change longer than this part of the whole block is kept whole


class _Chunk(NamedTuple):
    base: bytes | None
    generation: int
    data: bytes


class Chunks:
    """Blocks in the table ``chunk``."""

    def read(
        self, connection: Connection, of: Model, wanted: Sequence[Place]
    ) -> dict[Place, Block]:
        """Return the blocks at the places, those left out that cannot be read."""
        chunks = _fetched(connection, of, {place.digest for place in wanted})
        done: dict[bytes, Block] = {}
        found = {}
        for place in wanted:
            try:
                found[place] = _decoded(place, chunks, done)[-1][1]
            except MalformedError:
                continue
        return found

    def write(
        self,
        connection: Connection,
        of: Model,
        changes: Sequence[tuple[Place, Block, Place | None]],
    ) -> int:
        """Keep new blocks at their places; the third of each is the place it changed from.

        Returns the number of weights that changed.
        """
        before = {place.digest for _, _, place in changes if place}
        chunks = _fetched(connection, of, before | {place.digest for place, _, _ in changes})
        done: dict[bytes, Block] = {}
        rows = {}
        changed = 0
        for place, new, old in changes:
            chain = _sound(old, chunks, done) if old else []
            changed += int(np.count_nonzero(new != chain[-1][1])) if chain else new.size
            if _sound(place, chunks, done):  # an earlier version had the same block
                continue
            base, generation, data = _made(new, chain)
            if place.digest in chunks:  # and it is damaged: from now on it is whole again
                base, generation, data = None, 0, encode(new)
            names = ("model_id", "digest", "base", "generation", "data")
            values = (of.id, place.digest, base, generation, data)
            rows[place.digest] = dict(zip(names, values, strict=True))
        damaged = [digest for digest in rows if digest in chunks]
        if damaged:
            mine = chunk.c.model_id == of.id
            connection.execute(delete(chunk).where(mine, chunk.c.digest.in_(damaged)))
        if rows:
            connection.execute(insert(chunk), list(rows.values()))
        return changed

    def move(
        self, connection: Connection, of: Model, own: Sequence[Place], above: Sequence[Place] | None
    ) -> None:
        """Let a version have another parent: nothing to do, for blocks know no versions."""

    def forget(self, connection: Connection, of: Model, gone: Any) -> None:
        """Remove the chunks that no version needs but those that the query `gone` gives."""
        kept = (
            select(block.c.digest)
            .join(version, version.c.id == block.c.version_id)
            .where(version.c.model_id == of.id, version.c.id.not_in(gone))
        )
        needed = _closure(of, kept)
        mine = chunk.c.model_id == of.id
        connection.execute(
            delete(chunk).where(mine, chunk.c.digest.not_in(select(needed.c.digest)))
        )


def _closure(of: Model, digests: Any) -> Any:
    """Return the query of some blocks and all that they are changes from."""
    needed = digests.cte("needed", recursive=True)
    return needed.union(
        select(chunk.c.base)
        .join(needed, chunk.c.digest == needed.c.digest)
        .where(chunk.c.model_id == of.id, chunk.c.base.is_not(None))
    )


def _fetched(connection: Connection, of: Model, digests: Iterable[bytes]) -> dict[bytes, _Chunk]:
    """Return chunks by digest, with all that they are changes from."""
    found = {}
    listed = sorted(digests)
    for start in range(0, len(listed), _AT_ONCE):
        some = listed[start : start + _AT_ONCE]
        first = select(chunk.c.digest).where(chunk.c.model_id == of.id, chunk.c.digest.in_(some))
        needed = _closure(of, first)
        # Cast, for a damaged SQLite database may hold anything in any column.
        base, data = cast(chunk.c.base, LargeBinary), cast(chunk.c.data, LargeBinary)
        query = (
            select(chunk.c.digest, base, cast(chunk.c.generation, Integer), data)
            .join(needed, chunk.c.digest == needed.c.digest)
            .where(chunk.c.model_id == of.id)
        )
        for digest, upon, generation, content in connection.execute(query):
            if None not in (digest, generation, content):
                found[bytes(digest)] = _Chunk(bytes(upon) if upon else None, generation, content)
    return found


def _decoded(
    place: Place, chunks: Mapping[bytes, _Chunk], done: dict[bytes, Block]
) -> list[tuple[_Chunk, Block, bytes]]:
    """Return the chain from the whole block to the one at `place`: chunk, content, digest."""
    chain: list[tuple[bytes, _Chunk]] = []
    digest: bytes | None = place.digest
    while digest is not None:
        one = chunks.get(digest)
        if one is None or (chain and one.generation >= chain[-1][1].generation):
            raise MalformedError("a part of it is missing")
        chain.append((digest, one))
        digest = one.base
    found: list[tuple[_Chunk, Block, bytes]] = []
    content: Block | None = None
    for digest, one in reversed(chain):
        if digest not in done:
            made = decode(one.data, place.size, place.layer.dtype, content)
            made.flags.writeable = False
            done[digest] = made
        content = done[digest]
        if content.size != place.size or content.dtype.name != place.layer.dtype:
            raise MalformedError("a block of another kind")
        found.append((one, content, digest))
    return found


def _sound(
    place: Place, chunks: Mapping[bytes, _Chunk], done: dict[bytes, Block]
) -> list[tuple[_Chunk, Block, bytes]]:
    """Return the chain of a block whose content is what its digest says, else nothing."""
    try:
        chain = _decoded(place, chunks, done)
    except MalformedError:
        return []
    _, content, digest = chain[-1]
    return chain if block_digest(content) == digest else []


def _made(
    new: Block, chain: Sequence[tuple[_Chunk, Block, bytes]]
) -> tuple[bytes | None, int, bytes]:
    """Return base, generation and data of a new block, the whole of it or a change.

    Whether a change is worth while is told by the chain's whole block: to code the new one as a
    whole, too, would take longer than all else.
    """
    if chain:
        generation = chain[-1][0].generation + 1
        wanted = generation & (generation - 1)
        base = next((entry for entry in chain if entry[0].generation == wanted), None)
        if base is not None and block_digest(base[1]) == base[2]:
            change = encode(new, base[1])
            if len(change) < _WORTH * len(chain[0][0].data):
                return base[2], generation, change
    return None, 0, encode(new)
