"""Read everything that is stored and say what is not what was published."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select, text

from mel_fast._base.untrusted import shown
from mel_fast.store.blocks.arrays import block_digest, content_digest
from mel_fast.store.reader import LAYOUTS
from mel_fast.store.tables.database import Database
from mel_fast.store.tables.schema import model, version
from mel_fast.store.tables.versions import DamagedError, Model, find_model, places, where_is


@dataclass(frozen=True)
class Report:
    """What `verify` found.

    Attributes
    ----------
    versions, blocks
        How many were read.
    damaged
        A line for all that is not what was published, naming model, version, layer and block.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> with mel.store.open("sqlite:///models.db") as store:
    ...     _ = store.publish("net", {"w": np.zeros(10)})
    ...     store.verify().ok
    True
    """

    versions: int
    blocks: int
    damaged: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is damaged."""
        return not self.damaged

    def __str__(self) -> str:
        head = f"{self.versions:,} versions, {self.blocks:,} blocks: "
        if self.ok:
            return f"{head}all as published"
        return "\n".join([f"{head}{len(self.damaged)} damaged", *self.damaged])


def verify(database: Database, name: str | None) -> Report:
    """Verify one model, or all and the database's own structure."""
    versions = blocks = 0
    damaged: list[str] = []
    with database.reading() as connection:
        if name is None and database.sqlite:
            lines = connection.scalars(text("pragma integrity_check")).all()
            damaged += [f"database: {line}" for line in lines if line != "ok"]
        names = [name] if name is not None else list(connection.scalars(select(model.c.name)))
        for each in names:
            try:
                of = find_model(connection, each)
            except DamagedError as error:
                damaged.append(str(error))
                continue
            count, read, lines = _verified(connection, of)
            versions, blocks, damaged = versions + count, blocks + read, damaged + lines
    return Report(versions, blocks, tuple(damaged))


def _verified(connection: Connection, of: Model) -> tuple[int, int, list[str]]:
    rows = select(version).where(version.c.model_id == of.id).order_by(version.c.number)
    sound: set[bytes] = set()
    damaged: list[str] = []
    listed = list(connection.execute(rows).mappings())
    read = 0
    for row in listed:
        title = f"model {shown(of.name)} version {row['number']}"
        try:
            found = places(connection, of, row)
        except DamagedError as error:
            damaged.append(str(error))
            continue
        digests = [place.digest for place in found]
        if content_digest(list(of.layers), [digests]) != bytes(row["digest"]):
            damaged.append(f"{title}: its list of blocks is not the published one")
        # A chunk serves many versions; rows are put together anew for each.
        new = [p for p in found if of.layout == "rows" or p.digest not in sound]
        contents = LAYOUTS[of.layout].read(connection, of, new) if new else {}
        read += len(new)
        for place in new:
            if place in contents and block_digest(contents[place]) == place.digest:
                sound.add(place.digest)
            else:
                damaged.append(where_is(of, row["number"], place))
    numbers = {row["number"] for row in listed}
    if listed and of.current not in numbers:
        damaged.append(f"model {shown(of.name)}: its current version {of.current} is missing")
    return len(listed), read, damaged
