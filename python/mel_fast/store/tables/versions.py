"""Models, their layers and versions, as the tables have them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from mel_fast._base.untrusted import shown
from mel_fast._base.validation import did_you_mean, integer
from mel_fast.store.blocks.arrays import BLOCK, DTYPES, MOST_AXES, Layer
from mel_fast.store.tables.schema import block, layer, model, version

LARGEST_NUMBER = 2**31 - 1


class DamagedError(ValueError):
    """What the database holds is not what was published; says which blocks.

    Examples
    --------
    >>> import mel_fast as mel
    >>> issubclass(mel.store.DamagedError, Exception)
    True
    """


@dataclass(frozen=True)
class StoredLayer(Layer):
    """A layer and its row."""

    id: int


@dataclass(frozen=True)
class Model:
    """A model's row and its layers."""

    id: int
    name: str
    layout: str
    last: int
    current: int
    layers: tuple[StoredLayer, ...]


@dataclass(frozen=True)
class Version:
    """One published state of a model.

    Attributes
    ----------
    number, parent
        Of the version, and of the one it was published upon (None for none).
    current, production
        Whether it is what devices get by default, and whether it is the one in production.
    changed
        Weights that differ from the parent's; None where a licence hides which do.
    created, message
        When, in UTC, and the publisher's words.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> with mel.store.open("sqlite:///models.db") as store:
    ...     _ = store.publish("net", {"w": np.zeros(10)}, message="first")
    ...     [(version.number, version.message) for version in store.history("net")]
    [(1, 'first')]
    """

    number: int
    parent: int | None
    current: bool
    production: bool
    changed: int | None
    created: datetime
    message: str


@dataclass(frozen=True)
class Place:
    """Where a block stands: in which version, layer and position; and what it must hold."""

    version_id: int
    layer: StoredLayer
    position: int
    digest: bytes

    @property
    def size(self) -> int:
        """Number of weights."""
        return self.layer.block_size(self.position)


def find_model(connection: Connection, name: Any, *, lock: bool = False) -> Model:
    """Return the model called `name`; with `lock`, no other writer changes it meanwhile."""
    query = select(model).where(model.c.name == name)
    row = connection.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if row is None:
        known = connection.scalars(select(model.c.name).order_by(model.c.name).limit(1000)).all()
        hint = did_you_mean(name, known) if isinstance(name, str) else ""
        raise ValueError(f"model {shown(name)} is not in the store{hint}")
    return Model(
        row["id"],
        row["name"],
        row["layout"],
        row["last_number"],
        row["current_number"],
        _layers(connection, row),
    )


def _layers(connection: Connection, row: RowMapping) -> tuple[StoredLayer, ...]:
    query = select(layer).where(layer.c.model_id == row["id"]).order_by(layer.c.position)
    found = []
    for entry in connection.execute(query).mappings():
        try:
            shape = json.loads(entry["shape"])
            sound = entry["dtype"] in DTYPES and len(shape) <= MOST_AXES
            sound = sound and all(type(n) is int and 0 <= n <= 2**48 for n in shape)
        except (ValueError, TypeError):
            sound = False
        if not sound:
            raise DamagedError(
                f"model {shown(row['name'])}: layer {shown(entry['name'])} is damaged"
            )
        found.append(StoredLayer(entry["name"], entry["dtype"], tuple(shape), entry["id"]))
    return tuple(found)


def find_version(
    connection: Connection, of: Model, number: Any, field: str = "version"
) -> RowMapping:
    """Return a version's row: the current one's for None, the one in production for that word."""
    query = select(version).where(version.c.model_id == of.id)
    if isinstance(number, str):
        if number != "production":
            raise ValueError(f"{field} = {shown(number)}: must be a number or 'production'")
        found = connection.execute(query.where(version.c.production)).mappings().one_or_none()
        if found is None:
            raise ValueError(f"model {shown(of.name)} has no version in production")
        return found
    wanted = of.current if number is None else integer(field, number, low=1, high=LARGEST_NUMBER)
    found = connection.execute(query.where(version.c.number == wanted)).mappings().one_or_none()
    if found is None:
        pruned = "; it was pruned" if wanted <= of.last else ""
        raise ValueError(
            f"{field} = {wanted}: model {shown(of.name)} has no such version, "
            f"its newest is {of.last}{pruned}"
        )
    return found


def places(connection: Connection, of: Model, row: RowMapping) -> list[Place]:
    """Return the places of all blocks of a version, in order.

    Raises
    ------
    DamagedError
        If blocks are missing or there are too many: nothing is allocated for what is not there.
    """
    query = select(block.c.layer_id, block.c.position, block.c.digest).where(
        block.c.version_id == row["id"]
    )
    found = [tuple(entry) for entry in connection.execute(query)]
    layers = {each.id: each for each in of.layers}
    order = {each.id: position for position, each in enumerate(of.layers)}
    expected = sum(each.blocks for each in of.layers)
    made = [
        Place(row["id"], layers[layer_id], position, bytes(digest))
        for layer_id, position, digest in found
        if layer_id in layers and 0 <= position < layers[layer_id].blocks
    ]
    if len(found) != expected or len(made) != expected:
        raise DamagedError(
            f"model {shown(of.name)} version {row['number']}: {len(made)} of its {expected} blocks "
            "are there"
        )
    return sorted(made, key=lambda place: (order[place.layer.id], place.position))


def where_is(of: Model, number: int, place: Place) -> str:
    """Return the words for a block in a message."""
    first = place.position * BLOCK
    return (
        f"model {shown(of.name)} version {number} layer {shown(place.layer.name)} "
        f"block {place.position} (weights {first} to {first + place.size - 1})"
    )


def described(of: Model, row: RowMapping, parents: dict[int, int], *, licensed: bool) -> Version:
    """Return a version's row as a record; `parents` maps rows to numbers."""
    created = row["created"]
    return Version(
        row["number"],
        parents.get(row["parent_id"]),
        row["number"] == of.current,
        bool(row["production"]),
        None if licensed else row["changed"],
        created.replace(tzinfo=UTC) if created.tzinfo is None else created.astimezone(UTC),
        row["message"],
    )


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)
