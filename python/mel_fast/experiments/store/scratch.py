"""An empty store to measure on: a database that is given, or a SQLite file that goes away."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text

from mel_fast.store import open as open_store
from mel_fast.store.store import Store
from mel_fast.store.tables.schema import metadata

Weights = dict[str, NDArray[np.float32]]


class WrongStoreError(ValueError):
    """The store holds models: nothing is measured in it."""


class Scratch:
    """A database whose store is empty before and after."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.postgresql = url.startswith("postgresql")
        with open_store(url) as store:
            if store.models(1):
                raise WrongStoreError("the database holds models: measure in an empty one")

    @contextmanager
    def store(self, layout: str = "chunks") -> Iterator[Store]:
        """Yield the empty store, and empty it again."""
        with open_store(self.url, layout) as store:
            try:
                yield store
            finally:
                self._empty(store)

    def _empty(self, store: Store) -> None:
        tables = [table.name for table in reversed(metadata.sorted_tables)]
        with store._database.writing() as connection:
            if self.postgresql:
                connection.execute(text(f"truncate {', '.join(tables)}"))
            else:
                for name in tables:
                    connection.execute(text(f"delete from {name}"))

    def bytes_of(self, store: Store, *tables: str) -> int:
        """Return the room that tables take with their indexes; of SQLite the whole file's."""
        with store._database.reading() as connection:
            if self.postgresql:
                sizes = ", ".join(f"pg_total_relation_size('{name}')" for name in tables)
                return sum(connection.execute(text(f"select {sizes}")).one())
            pages = connection.scalar(text("pragma page_count")) or 0
            free = connection.scalar(text("pragma freelist_count")) or 0
            return int(pages - free) * int(connection.scalar(text("pragma page_size")) or 0)


@contextmanager
def scratch(url: str | None) -> Iterator[Scratch]:
    """Yield a scratch store in the database, in a file that goes away where None is given."""
    if url is not None:
        yield Scratch(url)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Scratch(f"sqlite:///{Path(folder, 'models.db')}")


def perceptron(*widths: int, seed: int = 0) -> Weights:
    """Return normally distributed weights of the usual size (Glorot), and biases."""
    rng = np.random.default_rng(seed)
    made: Weights = {}
    for number, (inputs, outputs) in enumerate(pairwise(widths), 1):
        deviation = np.sqrt(2.0 / (inputs + outputs))
        matrix = rng.standard_normal((inputs, outputs)) * deviation
        made[f"w{number}"] = matrix.astype(np.float32)
        made[f"b{number}"] = (rng.standard_normal(outputs) * 0.1).astype(np.float32)
    return made
