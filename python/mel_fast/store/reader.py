"""What a store answers, to whoever holds a licence or to its owner.

Everything that leaves the store passes through `Reader._blocks`, where the licence is applied. All
that a licensed reader computes (changes, digests, sizes, differences) is computed from what comes
out of it: two stores that differ only in hidden weights give the same answers, bit for bit.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, RowMapping, select

from mel_fast._base.arithmetic import guard
from mel_fast._base.validation import integer
from mel_fast.store.blocks.arrays import Arrays, Layer, block_digest, content_digest
from mel_fast.store.blocks.coding import encode
from mel_fast.store.blocks.delta import Delta, Part
from mel_fast.store.licences import Intervals, intervals_of, masked
from mel_fast.store.tables.chunks import Chunks
from mel_fast.store.tables.database import Database
from mel_fast.store.tables.rows import Rows
from mel_fast.store.tables.schema import license as license_table
from mel_fast.store.tables.schema import model, version
from mel_fast.store.tables.versions import (
    LARGEST_NUMBER,
    DamagedError,
    Model,
    Place,
    Version,
    described,
    find_model,
    find_version,
    places,
    where_is,
)

LAYOUTS: dict[str, Chunks | Rows] = {"chunks": Chunks(), "rows": Rows()}
_NAMED = 3
_REMEMBERED = 256


@dataclass(frozen=True)
class LayerChange:
    """How a layer of one version differs from another's.

    Attributes
    ----------
    changed
        Weights that are not the same.
    largest
        The largest magnitude of a difference.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> with mel.store.open("sqlite:///models.db") as store:
    ...     _ = store.publish("net", {"w": np.zeros(10)})
    ...     _ = store.publish("net", {"w": np.eye(1, 10).ravel()})
    ...     store.diff("net", 1, 2)
    {'w': LayerChange(changed=1, largest=1.0)}
    """

    changed: int
    largest: float


class Digests:
    """The digests of versions as licences show them; found again by content, so never stale."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[bytes, Intervals], list[bytes]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[bytes, Intervals]) -> list[bytes] | None:
        """Return what is remembered."""
        with self._lock:
            return self._kept.get(key)

    def put(self, key: tuple[bytes, Intervals], digests: list[bytes]) -> None:
        """Remember, and forget the oldest where there are many."""
        with self._lock:
            self._kept[key] = digests
            while len(self._kept) > _REMEMBERED:
                self._kept.popitem(last=False)


class Reader:
    """The store as one licence shows it; without a licence, all of it.

    A reader cannot change anything. Made by :meth:`mel_fast.store.Store.reader`.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> with mel.store.open("sqlite:///models.db") as store:
    ...     _ = store.publish("net", {"w": np.zeros(10)})
    ...     store.reader().models()
    ['net']
    """

    def __init__(self, database: Database, license: str | None, digests: Digests) -> None:
        self._database, self._license, self._digests = database, license, digests

    def models(self, first: int = 100, after: str = "") -> list[str]:
        """Return names of models in alphabetical order, at most `first` of those after `after`."""
        most = integer("first", first, low=1, high=10_000)
        query = select(model.c.name).where(model.c.name > after).order_by(model.c.name)
        if self._license is not None:
            query = query.join(license_table).where(license_table.c.name == self._license)
        with self._database.reading() as connection:
            return list(connection.scalars(query.limit(most)))

    def layers(self, name: str) -> list[Layer]:
        """Return names, dtypes and shapes of a model's arrays."""
        with self._database.reading() as connection:
            of = find_model(connection, name)
            intervals_of(connection, of, self._license)
            return [Layer(one.name, one.dtype, one.shape) for one in of.layers]

    def current(self, name: str) -> int:
        """Return the number of the version that devices get by default."""
        with self._database.reading() as connection:
            of = find_model(connection, name)
            intervals_of(connection, of, self._license)
            return of.current

    def history(self, name: str, first: int | None = None, after: int = 0) -> list[Version]:
        """Return a model's versions, the oldest first: at most `first` of those after `after`."""
        most = LARGEST_NUMBER if first is None else integer("first", first, low=1)
        since = integer("after", after, low=0)
        with self._database.reading() as connection:
            of = find_model(connection, name)
            intervals_of(connection, of, self._license)
            rows = select(version).where(version.c.model_id == of.id, version.c.number > since)
            rows = rows.order_by(version.c.number).limit(most)
            listed = list(connection.execute(rows).mappings())
            wanted = {row["parent_id"] for row in listed}
            pairs = select(version.c.id, version.c.number).where(version.c.model_id == of.id)
            parents = {key: number for key, number in connection.execute(pairs) if key in wanted}
        licensed = self._license is not None
        return [described(of, row, parents, licensed=licensed) for row in listed]

    def pull(self, name: str, version: int | str | None = None) -> Arrays:
        """Return a version's arrays: the current one's for None, also "production".

        Raises
        ------
        ValueError
            If there is no such model, version or licence; a `DamagedError` naming the blocks that
            are not what was published.
        """
        with self._database.reading() as connection:
            of = find_model(connection, name)
            return self._whole(connection, of, find_version(connection, of, version))

    def _whole(self, connection: Connection, of: Model, row: RowMapping) -> Arrays:
        hidden = intervals_of(connection, of, self._license)
        blocks = self._blocks(connection, of, [(row, places(connection, of, row))], hidden)
        made: dict[str, list[NDArray[Any]]] = {one.name: [] for one in of.layers}
        for place, content in blocks.items():
            made[place.layer.name].append(content)
        return {
            one.name: np.concatenate(made[one.name]).reshape(one.shape)
            if made[one.name]
            else np.zeros(one.shape, one.dtype)
            for one in of.layers
        }

    def delta(self, name: str, have: int | None = None, want: int | str | None = None) -> Delta:
        """Return what turns version `have` into version `want` (the current one for None).

        Whatever lies between the two is skipped. Without `have` it is the whole of `want`.

        Raises
        ------
        ValueError
            As `pull` does.
        """
        return self.prepare(name, have, want).build()

    def prepare(
        self, name: str, have: int | None = None, want: int | str | None = None
    ) -> Prepared:
        """Return a change that is not computed yet, with the key of what it will be."""
        with self._database.reading() as connection:
            of = find_model(connection, name)
            hidden = intervals_of(connection, of, self._license)
            target = find_version(connection, of, want, "want")["number"]
            if have is not None:
                have = integer("have", have, low=1)
                find_version(connection, of, have, "have")
        return Prepared(self, (of.name, have, int(target), hidden))

    def _computed(self, name: str, have: int | None, want: int, hidden: Intervals) -> Delta:
        with self._database.reading() as connection:
            of = find_model(connection, name)
            target = find_version(connection, of, want, "want")
            new, new_view = self._view(connection, of, target, hidden)
            reading = [(target, new)]
            wanted, old, base = list(enumerate(new)), new, None
            if have is not None:
                source = find_version(connection, of, have, "have")
                old, old_view = self._view(connection, of, source, hidden)
                wanted = [(i, place) for i, place in wanted if new_view[i] != old_view[i]]
                reading = [(target, [place for _, place in wanted])]
                reading.append((source, [old[i] for i, _ in wanted]))
                base = content_digest(list(of.layers), [old_view])
            found = self._blocks(connection, of, reading, hidden)
        numbers = {one.id: number for number, one in enumerate(of.layers)}
        parts: list[Part] = []
        for i, place in wanted:
            data = encode(found[place], None if have is None else found[old[i]])
            parts.append((numbers[place.layer.id], place.position, data))
        layers = tuple(Layer(one.name, one.dtype, one.shape) for one in of.layers)
        result = content_digest(list(layers), [new_view])
        return Delta(of.name, have, want, layers, base, result, tuple(parts))

    def diff(self, name: str, one: int, other: int) -> dict[str, LayerChange]:
        """Return how the layers of version `other` differ from those of `one`, if they do."""
        with self._database.reading() as connection:
            of = find_model(connection, name)
            first = self._whole(connection, of, find_version(connection, of, one, "one"))
            second = self._whole(connection, of, find_version(connection, of, other, "other"))
        found = {}
        for layer, array in first.items():
            changed = int(np.count_nonzero(array != second[layer]))
            if changed:
                step = np.abs(array.astype(np.float64) - second[layer].astype(np.float64))
                found[layer] = LayerChange(changed, float(step.max()))
        return found

    def _view(
        self, connection: Connection, of: Model, row: RowMapping, hidden: Intervals
    ) -> tuple[list[Place], list[bytes]]:
        """Return the places of a version's blocks, and their digests as the licence shows them."""
        listed = places(connection, of, row)
        if not hidden:
            return listed, [place.digest for place in listed]
        key = (bytes(row["digest"]), hidden)
        known = self._digests.get(key)
        if known is None:
            blocks = self._blocks(connection, of, [(row, listed)], hidden)
            known = [block_digest(blocks[place]) for place in listed]
            self._digests.put(key, known)
        return listed, known

    def _blocks(
        self,
        connection: Connection,
        of: Model,
        wanted: Sequence[tuple[RowMapping, Sequence[Place]]],
        hidden: Intervals,
    ) -> dict[Place, NDArray[Any]]:
        """Read blocks of versions in one query, check them, and hide what is not to be seen."""
        numbers = {row["id"]: row["number"] for row, _ in wanted}
        listed = [place for _, some in wanted for place in some]
        found = LAYOUTS[of.layout].read(connection, of, listed) if listed else {}
        damaged = [
            place
            for place in listed
            if place not in found or block_digest(found[place]) != place.digest
        ]
        if damaged:
            words = [where_is(of, numbers[place.version_id], place) for place in damaged[:_NAMED]]
            more = f" and {len(damaged) - _NAMED} more" if len(damaged) > _NAMED else ""
            raise DamagedError(f"damaged: {'; '.join(words)}{more}")
        return {place: masked(found[place], place.layer.id, hidden) for place in listed}


@dataclass(frozen=True)
class Prepared:
    """A change before it is computed.

    Attributes
    ----------
    key
        Model, version before, version after and what is hidden: equal keys, equal bytes, for a
        version never changes.
    """

    reader: Reader
    key: tuple[str, int | None, int, Intervals]

    def build(self) -> Delta:
        """Compute the change, as the licence was when it was prepared."""
        return self.reader._computed(*self.key)


guard(__name__)
