"""Changes to the tables, each within one transaction that holds the model's lock."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from mel_fast._base.untrusted import shown
from mel_fast._base.validation import integer
from mel_fast.store.blocks.arrays import Arrays, blocks_of, content_digest, digests_of, layers_of
from mel_fast.store.reader import LAYOUTS
from mel_fast.store.tables.schema import block, layer, model, version
from mel_fast.store.tables.versions import Model, Place, find_model, find_version, now, places

_MOST_IN_A_ROW_LAYER = 2**31 - 1


def found_or_made(
    connection: Connection, name: str, arrays: Arrays, layout: str, parent: int | None
) -> Model:
    """Return the model, locked; without one, make it with the arrays' layers."""
    if connection.scalar(select(model.c.id).where(model.c.name == name)) is None:
        if parent is not None:
            find_model(connection, name)  # says that it is not there
        _make(connection, name, arrays, layout)
    return find_model(connection, name, lock=True)


def _make(connection: Connection, name: str, arrays: Arrays, layout: str) -> None:
    values = {"name": name, "layout": layout, "last_number": 0, "current_number": 0}
    values["created"] = now()
    if connection.dialect.name == "postgresql":  # another may make it at this moment
        command = postgresql_insert(model).values(values).on_conflict_do_nothing()
        made = connection.scalar(command.returning(model.c.id))
        if made is None:
            return
    else:
        made = connection.scalar(insert(model).values(values).returning(model.c.id))
    for position, one in enumerate(layers_of(arrays)):
        if layout == "rows" and one.size > _MOST_IN_A_ROW_LAYER:
            raise ValueError(f"arrays[{shown(one.name)}] is too large for layout 'rows'")
        row = {"name": one.name, "dtype": one.dtype, "shape": json.dumps(one.shape)}
        connection.execute(insert(layer).values(model_id=made, position=position, **row))


def published(
    connection: Connection,
    of: Model,
    arrays: Arrays,
    parent: int | None,
    production: bool,
    message: str,
) -> int:
    """Enter a new version and its changed blocks; return its number."""
    digests = digests_of(arrays)
    above: RowMapping | None = None
    before: dict[tuple[int, int], Place] = {}
    if of.last:
        if parent is not None:
            parent = integer("parent", parent, low=1)
        above = find_version(connection, of, parent, "parent")
        before = {
            (place.layer.id, place.position): place for place in places(connection, of, above)
        }
    elif parent is not None:
        raise ValueError(f"parent = {shown(parent)}: model {shown(of.name)} has no version yet")
    number = of.last + 1
    row = {
        "model_id": of.id,
        "number": number,
        "parent_id": above["id"] if above else None,
        "production": False,
        "message": message,
        "digest": content_digest(list(of.layers), digests),
        "created": now(),
    }
    key = connection.scalar(insert(version).values(changed=0, **row).returning(version.c.id))
    changes: list[tuple[Place, Any, Place | None]] = []
    entries = []
    for one, array, some in zip(of.layers, arrays.values(), digests, strict=True):
        for position, (new, digest) in enumerate(zip(blocks_of(array), some, strict=True)):
            place = Place(int(key or 0), one, position, digest)
            entries.append(_entry(place))
            old = before.get((one.id, position))
            if old is None or old.digest != digest:
                changes.append((place, new, old))
    if entries:
        connection.execute(insert(block), entries)
    changed = LAYOUTS[of.layout].write(connection, of, changes)
    connection.execute(update(version).where(version.c.id == key).values(changed=changed))
    connection.execute(update(model).where(model.c.id == of.id).values(last_number=number))
    set_current(connection, of, number)
    if production:
        set_production(connection, of, int(key or 0))
    return number


def _entry(place: Place) -> dict[str, Any]:
    return {
        "version_id": place.version_id,
        "layer_id": place.layer.id,
        "position": place.position,
        "digest": place.digest,
    }


def set_current(connection: Connection, of: Model, number: int) -> None:
    """Let devices get this version by default."""
    connection.execute(update(model).where(model.c.id == of.id).values(current_number=number))


def set_production(connection: Connection, of: Model, version_id: int) -> None:
    """Let one version of the model, and no other, be in production."""
    mine = version.c.model_id == of.id
    connection.execute(update(version).where(mine, version.c.production).values(production=False))
    connection.execute(update(version).where(version.c.id == version_id).values(production=True))


def prune(connection: Connection, of: Model, keep: int) -> list[int]:
    """Remove all versions but the newest, the current one and the one in production."""
    mine = version.c.model_id == of.id
    rows = list(
        connection.execute(select(version).where(mine).order_by(version.c.number)).mappings()
    )
    by_id = {row["id"]: row for row in rows}
    leaving = {
        row["id"]: row["number"]
        for row in rows[:-keep]
        if row["number"] != of.current and not row["production"]
    }
    if not leaving:
        return []
    layout = LAYOUTS[of.layout]
    for row in rows:
        if row["id"] in leaving or row["parent_id"] not in leaving:
            continue
        parent = row["parent_id"]
        while parent in leaving:
            parent = by_id[parent]["parent_id"]
        above = places(connection, of, by_id[parent]) if parent is not None else None
        layout.move(connection, of, places(connection, of, row), above)
        connection.execute(
            update(version).where(version.c.id == row["id"]).values(parent_id=parent)
        )
    # As a condition, not as a list: databases take lists of some thousands only.
    gone = select(version.c.id).where(
        mine,
        version.c.number <= max(leaving.values()),
        version.c.number != of.current,
        version.c.production.is_(False),
    )
    layout.forget(connection, of, gone)
    connection.execute(delete(block).where(block.c.version_id.in_(gone)))
    connection.execute(delete(version).where(version.c.id.in_(gone)))
    return sorted(leaving.values())
