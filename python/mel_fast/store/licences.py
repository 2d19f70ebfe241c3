"""Licences: which magnitudes of which layers a tier does not get, and how they are found.

A licence is a set of intervals [low, high) of magnitudes a layer. A weight within one is served as
zero, in every version alike: who holds the licence sees ``masked(version)`` and nothing else, and
a change is computed between two masked versions. So a value that is hidden in one version cannot
be had from another, whatever is asked for in whatever order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, RowMapping, delete, func, insert, select

from mel_fast._base.untrusted import few, shown
from mel_fast._base.validation import did_you_mean, real
from mel_fast.store.blocks.arrays import Arrays
from mel_fast.store.tables.schema import accuracy, interval, license
from mel_fast.store.tables.versions import Model, now

Span = tuple[float, float]
Intervals = tuple[tuple[int, tuple[Span, ...]], ...]
"""Hidden spans by layer's row, sorted; empty for whoever may see everything."""

Evaluate = Callable[[Arrays], float]

_MOST_EVALUATIONS = 24
_CLOSE = 0.01


@dataclass(frozen=True)
class License:
    """A tier of a model.

    Attributes
    ----------
    name, version
        Of the tier, and the version on which its accuracies were measured.
    asked, reached, held_out
        Accuracy that was asked for, that the mask has on the data it was chosen on, and on other
        data. None where it was not said or not measured.
    hidden
        Weights of that version that the mask sets to zero.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> with mel.store.open("sqlite:///models.db") as store:
    ...     _ = store.publish("net", {"w": np.linspace(0.0, 1.0, 11)})
    ...     tier = store.license("net", "free", intervals={"w": [(0.5, 0.8)]})
    >>> tier.hidden
    3
    """

    name: str
    version: int
    asked: float | None
    reached: float | None
    held_out: float | None
    hidden: int


def intervals_of(connection: Connection, of: Model, name: str | None) -> Intervals:
    """Return what the holder of a licence must not see; all may be seen without one."""
    if name is None:
        return ()
    query = select(license.c.accuracy_id).where(license.c.model_id == of.id)
    found = connection.scalar(query.where(license.c.name == name))
    if found is None:
        names = connection.scalars(select(license.c.name).where(license.c.model_id == of.id)).all()
        hint = did_you_mean(name, names) if isinstance(name, str) else ""
        raise ValueError(
            f"license = {shown(name)}: model {shown(of.name)} has none of this name{hint}"
        )
    spans: dict[int, list[Span]] = {}
    rows = select(interval.c.layer_id, interval.c.low, interval.c.high)
    for layer_id, low, high in connection.execute(rows.where(interval.c.accuracy_id == found)):
        spans.setdefault(layer_id, []).append((low, high))
    return tuple((layer_id, tuple(sorted(spans[layer_id]))) for layer_id in sorted(spans))


def masked(block: NDArray[Any], layer_id: int, intervals: Intervals) -> NDArray[Any]:
    """Return a block as the holder of a licence sees it."""
    hidden = hidden_in(block, dict(intervals).get(layer_id, ()))
    return np.where(hidden, block.dtype.type(0), block) if hidden.any() else block


def hidden_in(values: NDArray[Any], spans: Sequence[Span]) -> NDArray[np.bool_]:
    """Say which values have a magnitude within one of the spans."""
    size = np.abs(values.astype(np.float64))
    hidden = np.zeros(values.shape, np.bool_)
    for low, high in spans:
        hidden |= (size >= low) & (size < high)
    return hidden


def checked_intervals(of: Model, given: Any) -> Intervals:
    """Return a caller's intervals {layer: [(low, high), ...]} by the layers' rows."""
    rule = "must map names of layers to lists of (low, high)"
    if not isinstance(given, Mapping):
        raise TypeError(f"intervals = {shown(given)}: {rule}")
    layers = {layer.name: layer.id for layer in of.layers}
    found = []
    for name, spans in given.items():
        if name not in layers:
            hint = did_you_mean(str(name), layers)
            raise ValueError(f"intervals[{shown(name)}]: {shown(of.name)} has no such layer{hint}")
        made = []
        for place, span in enumerate(spans):
            where = f"intervals[{shown(name)}][{place}]"
            if not isinstance(span, Sequence) or len(span) != 2:
                raise TypeError(f"{where} = {shown(span)}: must be (low, high)")
            low = real(f"{where}[0]", span[0], low=0.0)
            high = real(f"{where}[1]", span[1], low=low, high=math.inf)
            made.append((low, high))
        found.append((layers[name], tuple(sorted(made))))
    return tuple(sorted(found))


def measured(field: str, evaluate: Evaluate | None, arrays: Arrays) -> float | None:
    """Return an accuracy in [0, 1], None where nobody measures it."""
    if evaluate is None:
        return None
    own = {name: array.copy() for name, array in arrays.items()}
    return real(f"{field}'s answer", evaluate(own), low=0.0, high=1.0)


def search(
    of: Model, arrays: Arrays, names: Sequence[str], asked: float, evaluate: Evaluate, close: float
) -> Intervals:
    """Find magnitudes to hide, the largest first, until the accuracy is what is asked for.

    Algorithm 1 of the paper hides intervals one after another. Here the border between hidden and
    shown magnitudes is bisected, between one whose accuracy was at least what is asked for and one
    whose was less; that needs no monotone curve, for a pair with that property always remains. Of
    all borders that were evaluated, the one closest to `asked` is returned.
    """
    sizes = np.concatenate([np.abs(arrays[name].astype(np.float64)).ravel() for name in names])
    order = np.sort(sizes[sizes > 0])[::-1]
    layers = {layer.name: layer.id for layer in of.layers}
    tried: dict[int, float] = {}

    def spans(count: int) -> Intervals:
        if not count:
            return ()
        return tuple(
            sorted((layers[name], ((float(order[count - 1]), math.inf),)) for name in names)
        )

    def at(count: int) -> float:
        hidden = {name: masked(array, layers[name], spans(count)) for name, array in arrays.items()}
        tried[count] = measured("evaluate", evaluate, hidden) or 0.0
        return tried[count]

    few_hidden, many_hidden = 0, order.size
    if at(few_hidden) < asked - close:
        raise ValueError(f"accuracy = {asked!r}: without a mask the model reaches {tried[0]:.4f}")
    if tried[0] > asked and at(many_hidden) > asked + close:
        raise ValueError(
            f"accuracy = {asked!r}: with all of {few(names)} hidden the model still reaches "
            f"{tried[many_hidden]:.4f}; name more layers"
        )
    while (
        min(abs(value - asked) for value in tried.values()) > close
        and many_hidden - few_hidden > 1
        and len(tried) < _MOST_EVALUATIONS
    ):
        middle = (few_hidden + many_hidden) // 2
        if at(middle) >= asked:
            few_hidden = middle
        else:
            many_hidden = middle
    best = min(tried, key=lambda count: (abs(tried[count] - asked), -count))
    return spans(best)


def keep(
    connection: Connection, of: Model, name: str, made: Intervals, measured: Mapping[str, Any]
) -> None:
    """Enter a mask into the accuracy table and let the licence point to it."""
    values = {"model_id": of.id, "created": now(), **measured}
    (entry,) = connection.execute(insert(accuracy).values(values)).inserted_primary_key or (None,)
    rows = [
        {"accuracy_id": entry, "layer_id": layer_id, "low": low, "high": high}
        for layer_id, spans in made
        for low, high in spans
    ]
    if rows:
        connection.execute(insert(interval), rows)
    point(connection, of, name, entry)


def point(connection: Connection, of: Model, name: str, entry: Any) -> None:
    """Let a licence, new or not, point to an entry of the accuracy table."""
    mine = (license.c.model_id == of.id) & (license.c.name == name)
    connection.execute(delete(license).where(mine))
    connection.execute(insert(license).values(model_id=of.id, name=name, accuracy_id=entry))


def entry_for(connection: Connection, of: Model, asked: float) -> Any:
    """Return the row of the accuracy table that reached what is asked for, the closest."""
    rows = connection.execute(
        select(accuracy).where(accuracy.c.model_id == of.id, accuracy.c.reached.is_not(None))
    )
    found = list(rows.mappings())
    best = min(found, key=lambda row: abs(row["reached"] - asked), default=None)
    if best is None or abs(best["reached"] - asked) > _CLOSE:
        known = sorted({round(row["reached"], 4) for row in found})
        raise ValueError(
            f"accuracy = {asked!r}: the table of {shown(of.name)} has {few(known) or 'none'}; "
            "give evaluate= to look for a mask"
        )
    return best["id"]


def described(name: str, row: RowMapping) -> License:
    """Return a licence and its row of the accuracy table as a record."""
    return License(
        name, row["version_number"], row["asked"], row["reached"], row["held_out"], row["hidden"]
    )


def listed(connection: Connection, of: Model, name: str | None = None) -> list[License]:
    """Return a model's licences by name, or the one called `name`."""
    query = (
        select(license.c.name, accuracy)
        .join(accuracy, accuracy.c.id == license.c.accuracy_id)
        .where(license.c.model_id == of.id)
        .order_by(license.c.name)
    )
    if name is not None:
        query = query.where(license.c.name == name)
    return [described(row["name"], row) for row in connection.execute(query).mappings()]


def withdraw(connection: Connection, of: Model, name: str) -> bool:
    """Take a licence away; say whether there was one."""
    mine = (license.c.model_id == of.id) & (license.c.name == name)
    count = connection.scalar(select(func.count()).select_from(license).where(mine))
    connection.execute(delete(license).where(mine))
    return bool(count)
