"""The store's owner: publish, roll back, prune, license, verify."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Self

import numpy as np

from mel_fast._base.arithmetic import guard
from mel_fast._base.untrusted import shown
from mel_fast._base.validation import choice, did_you_mean, integer, real
from mel_fast.store import licences, verifying
from mel_fast.store.blocks.arrays import Arrays, check_layers, checked, checked_name
from mel_fast.store.blocks.delta import Delta
from mel_fast.store.licences import License, hidden_in
from mel_fast.store.reader import LAYOUTS, Digests, LayerChange, Reader
from mel_fast.store.tables.database import Database
from mel_fast.store.tables.versions import Model, Version, find_model, find_version
from mel_fast.store.tokens import Tokens
from mel_fast.store.writing import found_or_made, prune, published, set_current, set_production

_LONGEST_MESSAGE = 1000


class Store:
    """Models and their versions in a database. Made by :func:`mel_fast.store.open`.

    Safe for many readers and several writers, in one process or many. Every change is one
    transaction: it is there as a whole, or nothing of it is.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> with mel.store.open("sqlite:///models.db") as store:
    ...     first = store.publish("net", {"w": np.zeros(10)})
    ...     second = store.publish("net", {"w": np.ones(10)})
    ...     store.roll_back("net", first)
    ...     float(store.pull("net")["w"].sum()), float(store.pull("net", second)["w"].sum())
    (0.0, 10.0)
    """

    def __init__(self, url: str, layout: str = "chunks") -> None:
        self._layout = choice("layout", layout, LAYOUTS)
        self._database = Database(url)
        self._digests = Digests()
        self._all = self.reader()
        self.tokens = Tokens(self._database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Store({self._database.shown!r})"

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def reader(self, license: str | None = None) -> Reader:
        """Return the store as the holder of a licence sees it; without one, all of it."""
        return Reader(self._database, license, self._digests)

    def publish(
        self,
        model: str,
        arrays: Mapping[str, Any],
        parent: int | None = None,
        production: bool = False,
        *,
        recipe: Any = None,
        message: str = "",
    ) -> int:
        """Store a new version, of which only what changed takes room, and make it the current one.

        Parameters
        ----------
        model
            Name; the first version makes the model, its layers and its layout.
        arrays
            {name: array} of finite numbers: float16 to float64, integers, truth values. All
            versions of a model have the same names, shapes and dtypes.
        parent
            The version it changes, the current one by default. A better guess saves room.
        production
            Whether it takes the place of the version in production.
        recipe
            A `mel_fast.payload.Recipe`: what is stored are the arrays as they come out of
            its compression.
        message
            Words for the history.

        Returns
        -------
        int
            The version's number, counted from 1.

        Raises
        ------
        ValueError, TypeError
            Naming what cannot be stored.
        StoreError
            If the database cannot do it; then nothing has changed.
        """
        name = checked_name("model", model)
        if not isinstance(message, str) or len(message) > _LONGEST_MESSAGE:
            raise ValueError(f"message must be a text of at most {_LONGEST_MESSAGE} characters")
        if not isinstance(production, bool):
            raise TypeError(f"production = {shown(production)}: must be True or False")
        new = checked(arrays if recipe is None else _compressed(arrays, recipe))
        with self._database.writing() as connection:
            of = found_or_made(connection, name, new, self._layout, parent)
            new = check_layers(new, list(of.layers))
            return published(connection, of, new, parent, production, message)

    def pull(
        self, model: str, version: int | str | None = None, license: str | None = None
    ) -> Arrays:
        """Return a version's arrays as a licence shows them. See :meth:`Reader.pull`."""
        return self.reader(license).pull(model, version)

    def delta(
        self,
        model: str,
        have: int | None = None,
        want: int | str | None = None,
        license: str | None = None,
    ) -> Delta:
        """Return what turns one version into another. See :meth:`Reader.delta`."""
        return self.reader(license).delta(model, have, want)

    def diff(
        self, model: str, one: int, other: int, license: str | None = None
    ) -> dict[str, LayerChange]:
        """Return how layers differ between versions. See :meth:`Reader.diff`."""
        return self.reader(license).diff(model, one, other)

    def history(
        self, model: str, first: int | None = None, after: int = 0, license: str | None = None
    ) -> list[Version]:
        """Return versions, the oldest first. See :meth:`Reader.history`."""
        return self.reader(license).history(model, first, after)

    def models(self, first: int = 100, after: str = "") -> list[str]:
        """Return names of models. See :meth:`Reader.models`."""
        return self._all.models(first, after)

    def roll_back(self, model: str, version: int) -> None:
        """Make an older version the current one, until the next is published; none is lost."""
        with self._database.writing() as connection:
            of = find_model(connection, model, lock=True)
            row = find_version(connection, of, integer("version", version, low=1))
            set_current(connection, of, row["number"])

    def put_into_production(self, model: str, version: int) -> None:
        """Make a version the one in production, in place of the one that was."""
        with self._database.writing() as connection:
            of = find_model(connection, model, lock=True)
            row = find_version(connection, of, integer("version", version, low=1))
            set_production(connection, of, row["id"])

    def prune_history(self, model: str, keep: int = 1) -> list[int]:
        """Remove old versions and return their numbers.

        The newest `keep` versions stay, and the current one and the one in production in any case:
        all that stay can be pulled bit for bit as before, whatever they were built upon.
        """
        count = integer("keep", keep, low=1)
        with self._database.writing() as connection:
            return prune(connection, find_model(connection, model, lock=True), count)

    def verify(self, model: str | None = None) -> verifying.Report:
        """Read everything that is stored of one model, or of all, and say what is damaged."""
        return verifying.verify(self._database, model)

    def license(
        self,
        model: str,
        name: str,
        accuracy: float | None = None,
        evaluate: Callable[[Arrays], float] | None = None,
        *,
        held_out: Callable[[Arrays], float] | None = None,
        layers: Sequence[str] | None = None,
        intervals: Mapping[str, Sequence[tuple[float, float]]] | None = None,
        version: int | str | None = None,
        tolerance: float = 0.002,
    ) -> License:
        """Make or replace a tier of a model: what its holders do not get.

        Dynamic: with `accuracy` and `evaluate`, the largest magnitudes of `layers` are hidden down
        to the border at which the model's accuracy is what is asked for, found by bisection.
        Static: with `intervals` they are given; with `accuracy` alone, a mask of the accuracy table
        (what was found before) that reached it is taken.

        Parameters
        ----------
        accuracy, evaluate
            The accuracy to come down to, in [0, 1], and the function that measures the accuracy of
            arrays {name: array}.
        held_out
            The same on other data: the mask was chosen to meet `accuracy` on those of `evaluate`.
        layers
            Names of the layers that hide weights; the first with two axes or more by default.
        intervals
            {layer: [(low, high), ...]}: magnitudes from `low` to just below `high` are hidden.
        version
            On which to measure, the current one by default. The mask holds for all versions.
        tolerance
            The search ends when `evaluate` is within it.

        Returns
        -------
        License
            With the accuracy that was reached, which may be further off: it is measured, not
            promised.
        """
        tier = checked_name("name", name)
        asked = None if accuracy is None else real("accuracy", accuracy, low=0.0, high=1.0)
        if (intervals is None) == (asked is None):
            raise ValueError("license needs either accuracy= or intervals=")
        if asked is not None and evaluate is None:
            return self._from_table(model, tier, asked)
        with self._database.reading() as connection:
            of = find_model(connection, model)
            number = find_version(connection, of, version)["number"]
        arrays = self.pull(model, number)
        if intervals is not None:
            made = licences.checked_intervals(of, intervals)
        elif asked is not None and evaluate is not None:
            names = _chosen(of, layers)
            close = real("tolerance", tolerance, low=0.0, high=1.0)
            made = licences.search(of, arrays, names, asked, evaluate, close)
        spans = dict(made)
        ids = {one.name: one.id for one in of.layers}
        hidden = {key: licences.masked(array, ids[key], made) for key, array in arrays.items()}
        entry = {
            "version_number": number,
            "asked": asked,
            "reached": licences.measured("evaluate", evaluate, hidden),
            "held_out": licences.measured("held_out", held_out, hidden),
            "hidden": sum(
                int(np.count_nonzero(hidden_in(array, spans.get(ids[key], ()))))
                for key, array in arrays.items()
            ),
        }
        with self._database.writing() as connection:
            licences.keep(connection, find_model(connection, model, lock=True), tier, made, entry)
            return licences.listed(connection, of, tier)[0]

    def _from_table(self, model: str, tier: str, asked: float) -> License:
        with self._database.writing() as connection:
            of = find_model(connection, model, lock=True)
            licences.point(connection, of, tier, licences.entry_for(connection, of, asked))
            return licences.listed(connection, of, tier)[0]

    def licenses(self, model: str) -> list[License]:
        """Return a model's tiers, by name."""
        with self._database.reading() as connection:
            return licences.listed(connection, find_model(connection, model))

    def withdraw(self, model: str, name: str) -> None:
        """Take a tier away: its holders get nothing of the model any more."""
        with self._database.writing() as connection:
            of = find_model(connection, model, lock=True)
            licences.intervals_of(connection, of, name)  # says that there is none
            licences.withdraw(connection, of, name)


def _compressed(arrays: Mapping[str, Any], recipe: Any) -> Arrays:
    """Return the arrays as they come out of a compression. The only use of the sibling room."""
    payload = import_module("mel_fast.payload")
    made: Arrays = payload.decode(payload.encode(dict(arrays), recipe))
    return made


def _chosen(of: Model, layers: Sequence[str] | None) -> list[str]:
    """Return the names of the layers that hide weights."""
    known = [one.name for one in of.layers]
    if layers is None:
        wide = [one.name for one in of.layers if len(one.shape) > 1]
        return wide[:1] or known[:1]
    if isinstance(layers, str) or not layers:
        raise TypeError(f"layers = {shown(layers)}: must be a list of names of layers")
    for name in layers:
        if name not in known:
            hint = did_you_mean(str(name), known)
            raise ValueError(f"layers: {shown(of.name)} has no layer {shown(name)}{hint}")
    return list(dict.fromkeys(layers))


guard(__name__)
