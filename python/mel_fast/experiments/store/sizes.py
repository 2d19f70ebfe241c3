"""Table 1 of "Efficient Low-Latency Dynamic Licensing ...": room for weights in PostgreSQL.

Published: two perceptrons, whole, with 80 % of the weights pruned, and with those that are left
quantised to 8 bits. The paper gives no schema beyond the columns' names, no versions and no tool
of measurement; 784-128-64-10 and 784-128-10 have its numbers of parameters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import create_engine, text

from mel_fast.experiments.store.scratch import Scratch, Weights, perceptron
from mel_fast.payload import Recipe
from mel_fast.store.store import Store

NETS = {"784-128-64-10": (784, 128, 64, 10), "784-128-10": (784, 128, 10)}
STAGES = {
    "whole": Recipe(),
    "80 % pruned": Recipe(prune=0.8),
    "80 % pruned, 8 bits": Recipe(prune=0.8, bits=8),
}
PUBLISHED_MB = {
    "784-128-64-10": {"whole": 13.0, "80 % pruned": 2.92, "80 % pruned, 8 bits": 2.34},
    "784-128-10": {"whole": 12.0, "80 % pruned": 2.65, "80 % pruned, 8 bits": 2.09},
}
MIB = 2**20


@dataclass(frozen=True)
class Size:
    """One line of the table, in MiB with indexes; None where only PostgreSQL can say.

    Attributes
    ----------
    rows
        The table ``weights``, a row a non-zero weight.
    plain
        The same with indexes as PostgreSQL before 13 built them, without deduplication.
    narrow
        As that, without the date, and for 8 bits with the value as a two-byte integer.
    chunks
        The table ``chunk``, what it takes when empty included. The table ``block``, which says for
        either layout what a version consists of, is counted for neither.
    packed
        The same after ``vacuum full``, without PostgreSQL's map of free space.
    more
        What another model of the same kind adds to ``chunk`` and ``block``.
    """

    net: str
    stage: str
    published: float
    rows: float
    plain: float | None
    narrow: float | None
    chunks: float
    packed: float | None
    more: float


def measure(scratch: Scratch) -> Iterator[Size]:
    """Yield the lines, in the table's order."""
    for net, widths in NETS.items():
        arrays = perceptron(*widths)
        for stage, recipe in STAGES.items():
            with scratch.store("rows") as store:
                empty = 0 if scratch.postgresql else scratch.bytes_of(store)
                store.publish("m", arrays, recipe=recipe)
                rows = scratch.bytes_of(store, "weights") - empty
                narrow = _narrow(scratch, store, "8 bits" in stage) if scratch.postgresql else None
            plain = _plain(scratch, arrays, recipe) if scratch.postgresql else None
            with scratch.store("chunks") as store:
                empty = 0 if scratch.postgresql else scratch.bytes_of(store)
                store.publish("m", arrays, recipe=recipe)
                chunks = scratch.bytes_of(store, "chunk")
                both = scratch.bytes_of(store, "chunk", "block")
                other = perceptron(*widths, seed=1)
                store.publish("another", other, recipe=recipe)
                more = scratch.bytes_of(store, "chunk", "block") - both
            packed = _packed(scratch, arrays, recipe) if scratch.postgresql else None
            published = PUBLISHED_MB[net][stage]
            sizes = (rows / MIB, plain, narrow, (chunks - empty) / MIB, packed, more / MIB)
            yield Size(net, stage, published, *sizes)


def _plain(scratch: Scratch, arrays: Weights, recipe: Recipe) -> float:
    with scratch.store("rows") as store:
        _set(store, "set (deduplicate_items = off)")
        try:
            store.publish("m", arrays, recipe=recipe)
            return scratch.bytes_of(store, "weights") / MIB
        finally:
            _set(store, "reset (deduplicate_items)")


def _packed(scratch: Scratch, arrays: Weights, recipe: Recipe) -> float:
    with scratch.store("chunks") as store:
        store.publish("m", arrays, recipe=recipe)
        with create_engine(store._database._url, isolation_level="AUTOCOMMIT").connect() as alone:
            alone.execute(text("vacuum full chunk"))
        return scratch.bytes_of(store, "chunk") / MIB


def _set(store: Store, words: str) -> None:
    with store._database.writing() as connection:
        for name in ("ix_weights_layer_id", "ix_weights_version_id"):
            connection.execute(text(f"alter index {name} {words}"))


def _narrow(scratch: Scratch, store: Store, quantised: bool) -> float:
    kind = "smallint" if quantised else "double precision"
    value = "(value / (select max(abs(value)) / 127 from weights))::smallint"
    with store._database.writing() as connection:
        for command in (
            f"create table narrow (id serial primary key, index integer, value {kind}, "
            "layer_id integer references layer, version_id integer references version)",
            "create index on narrow (layer_id) with (deduplicate_items = off)",
            "create index on narrow (version_id) with (deduplicate_items = off)",
            "insert into narrow (index, value, layer_id, version_id) "
            f"select index, {value if quantised else 'value'}, layer_id, version_id from weights",
        ):
            connection.execute(text(command))
    try:
        return scratch.bytes_of(store, "narrow") / MIB
    finally:
        with store._database.writing() as connection:
            connection.execute(text("drop table narrow"))


def table(sizes: list[Size]) -> str:
    """Return the lines of text."""
    lines = [
        "MiB                               published    rows   plain  narrow  chunks  packed"
        "    more  published/chunks  /packed  /more"
    ]
    for one in sizes:
        cells = (one.rows, one.plain, one.narrow, one.chunks, one.packed, one.more)
        shown = "".join(f"{value:8.3f}" if value is not None else "       -" for value in cells)
        packed = "        -" if one.packed is None else f"{one.published / one.packed:9.1f}"
        ratios = f"{one.published / one.chunks:18.1f}{packed}{one.published / one.more:7.1f}"
        lines.append(f"{one.net:14}{one.stage:>20}{one.published:9.2f}{shown}{ratios}")
    return "\n".join(lines)
