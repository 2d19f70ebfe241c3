"""The paper's layout: a row a non-zero weight, with the version in which it got its value.

A version's weights are, at every index, the row of the nearest of the version and its ancestors
that has one; where there is none the weight is zero. A weight that becomes zero gets a row that
says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Float, Integer, cast, delete, select

from mel_fast.store.blocks.arrays import BLOCK
from mel_fast.store.tables.schema import version, weights
from mel_fast.store.tables.versions import Model, Place, now

Block = NDArray[Any]


class Rows:
    """Weights in the table ``weights``."""

    def read(
        self, connection: Connection, of: Model, wanted: Sequence[Place]
    ) -> dict[Place, Block]:
        """Return the blocks at the places; what does not fit its dtype is left out."""
        lines = _lines(connection, sorted({place.version_id for place in wanted}))
        by_layer: dict[int, list[Place]] = {}
        for place in wanted:
            by_layer.setdefault(place.layer.id, []).append(place)
        owner, layer_id, index, value = _columns(connection, lines, sorted(by_layer))
        found: dict[Place, Block] = {}
        ends = np.searchsorted(layer_id, [*by_layer], "right")
        starts = np.searchsorted(layer_id, [*by_layer], "left")
        for places, start, end in zip(by_layer.values(), starts, ends, strict=True):
            rows = slice(int(start), int(end))
            for version_id in {place.version_id for place in places}:
                own = np.isin(owner[rows], lines[version_id])
                # Sorted by version: where an index comes twice, the later version's value stays.
                flat = np.zeros(places[0].layer.size)
                inside = own & (index[rows] >= 0) & (index[rows] < flat.size)
                flat[index[rows][inside].astype(np.int64)] = value[rows][inside]
                found |= {
                    place: _as(place, flat) for place in places if place.version_id == version_id
                }
        return found

    def write(
        self,
        connection: Connection,
        of: Model,
        changes: Sequence[tuple[Place, Block, Place | None]],
    ) -> int:
        """Write a row for every weight that differs from the one before; return how many do."""
        before = self.read(connection, of, [old for _, _, old in changes if old])
        compared = [(place, new, before[old] if old else None) for place, new, old in changes]
        _insert(connection, compared)
        return sum(
            new.size if old is None else int(np.count_nonzero(new != old))
            for _, new, old in compared
        )

    def move(
        self, connection: Connection, of: Model, own: Sequence[Place], above: Sequence[Place] | None
    ) -> None:
        """Let a version have another parent: its rows become the differences from that one."""
        if not own:
            return
        blocks = self.read(connection, of, own)
        below = self.read(connection, of, above) if above else {}
        compared = [
            (place, blocks[place], below[above[i]] if above else None)
            for i, place in enumerate(own)
        ]
        connection.execute(delete(weights).where(weights.c.version_id == own[0].version_id))
        _insert(connection, compared)

    def forget(self, connection: Connection, of: Model, gone: Any) -> None:
        """Remove the rows of the versions that a query gives."""
        connection.execute(delete(weights).where(weights.c.version_id.in_(gone)))


def _as(place: Place, flat: NDArray[np.float64]) -> Block:
    start = place.position * BLOCK
    with np.errstate(over="ignore", invalid="ignore"):
        kind = np.dtype(place.layer.dtype).newbyteorder("<")
        return flat[start : start + place.size].astype(kind)


def _lines(connection: Connection, versions: Sequence[int]) -> dict[int, list[int]]:
    """Return versions and their ancestors, all of which are older, in one query."""
    first = select(version.c.id.label("root"), version.c.id, version.c.parent_id)
    line = first.where(version.c.id.in_(versions)).cte("line", recursive=True)
    above = select(line.c.root, version.c.id, version.c.parent_id)
    line = line.union_all(above.where(version.c.id == line.c.parent_id, version.c.id < line.c.id))
    found: dict[int, list[int]] = {}
    for root, one in connection.execute(select(line.c.root, line.c.id)):
        found.setdefault(root, []).append(one)
    return found


def _columns(
    connection: Connection, lines: dict[int, list[int]], layers: Sequence[int]
) -> tuple[NDArray[np.float64], ...]:
    """Return version, layer, index and value of all rows of some versions in one query."""
    # Cast, for a damaged SQLite database may hold anything in any column.
    index, value = cast(weights.c.index, Integer), cast(weights.c.value, Float(53))
    names = (weights.c.version_id, weights.c.layer_id, index, value)
    owners = sorted({one for line in lines.values() for one in line})
    query = select(*names).where(weights.c.layer_id.in_(layers), weights.c.version_id.in_(owners))
    rows = connection.execute(query.order_by(weights.c.layer_id, weights.c.version_id)).all()
    flat = np.fromiter(chain.from_iterable(rows), np.float64, 4 * len(rows))
    return tuple(flat.reshape(-1, 4).T)


def _insert(connection: Connection, changes: Iterable[tuple[Place, Block, Block | None]]) -> None:
    """Insert rows for blocks of one version that differ from others, from zeros where None.

    By COPY or the driver's own loop, ten times as fast as row by row through SQLAlchemy.
    """
    date = f"{now():%Y-%m-%d %H:%M:%S.%f}"
    rows: list[tuple[int, float, str, int, int]] = []
    for place, new, old in changes:
        where = np.flatnonzero(new if old is None else new != old)
        indices = (where + place.position * BLOCK).tolist()
        values = new[where].astype(np.float64).tolist()
        fixed = (date, place.layer.id, place.version_id)
        rows += ((index, value, *fixed) for index, value in zip(indices, values, strict=True))
    names = ("index", "value", "date_added", "layer_id", "version_id")
    columns = ", ".join(f'"{name}"' for name in names)
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"copy weights ({columns}) from stdin") as out:
            for row in rows:
                out.write_row(row)
    elif rows:
        command = f"insert into weights ({columns}) values (?, ?, ?, ?, ?)"
        connection.exec_driver_sql(command, rows)
