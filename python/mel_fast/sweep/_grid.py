"""The grid of a sweep: its axes, and how a combination becomes a problem."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.untrusted import shown
from mel_fast._base.validation import MAX_INTEGER, choice
from mel_fast.model.problem import Problem
from mel_fast.plans.status import SCHEMES
from mel_fast.sweep._scenario import Scenario, ScenarioLike, scenario_for
from mel_fast.sweep._work import Point, Value

Key = tuple[Value, ...]

MAX_ROWS = 10_000_000
"""Combinations of a sweep, and rows of its file."""

RESULTS = ("status", "tau", "bound", "active", "nodes", "passes", "elapsed_s", "note")


def key_of(point: Point) -> Key:
    """Return what tells a combination from all others: its values, in the order of the axes."""
    return tuple(point.values())


@dataclass(frozen=True)
class Made:
    """A combination with its problem, or why it makes none, and the scenario's name for it."""

    point: Point
    problem: Problem | str
    scenario: str


@dataclass(frozen=True)
class Row:
    """A combination and what was found for it, in the order of `RESULTS`."""

    scenario: str
    point: Point
    results: tuple[Any, ...]


def one_line(text: str) -> str:
    """Return text as one printable line."""
    line = " ".join(text.split())
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


@dataclass(frozen=True)
class Grid:
    """Axes with their values, and the scenario that makes a problem of each combination."""

    scenario: Scenario
    axes: Mapping[str, tuple[Value, ...]]

    @classmethod
    def of(cls, scenario: ScenarioLike, over: Mapping[str, Any]) -> "Grid":
        """Return the grid of `sweep`'s arguments."""
        if not isinstance(over, Mapping):
            raise TypeError(f"over is a {type(over).__name__}: must map names to values")
        axes = {str(name): _values(str(name), values) for name, values in over.items()}
        for name in axes:
            if not name.isprintable():  # it heads a column of the file
                raise ValueError(f"over has an axis {shown(name)}: must be printable text")
        axes.setdefault("scheme", ("joint",))
        for scheme in axes["scheme"]:
            choice("scheme", scheme, SCHEMES)
        taken = [name for name in axes if name in (*RESULTS, "scenario", "check")]
        if taken:
            raise ValueError(f"over: {taken[0]!r} is the name of a result, not of an axis")
        found = scenario_for(scenario, [axis for axis in axes if axis != "scheme"])
        grid = cls(found, axes)
        rows = math.prod(len(values) for values in axes.values())
        if rows > MAX_ROWS:
            raise ValueError(f"over has {rows} combinations: must be at most {MAX_ROWS}")
        return grid

    def __len__(self) -> int:
        return math.prod(len(values) for values in self.axes.values())

    def points(self) -> Iterator[Point]:
        """Iterate over all combinations, the last axis fastest."""
        for values in product(*self.axes.values()):
            yield dict(zip(self.axes, values, strict=True))

    def point(self, position: int) -> Point:
        """Return the combination at a position, counted as `points` yields them."""
        point: Point = {}
        for axis, values in reversed([*self.axes.items()]):
            position, place = divmod(position, len(values))
            point[axis] = values[place]
        return {axis: point[axis] for axis in self.axes}

    def places(self, positions: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
        """Return which value of each axis the combinations at some positions have."""
        shape = tuple(len(values) for values in self.axes.values())
        return dict(zip(self.axes, np.unravel_index(positions, shape), strict=True))

    def order(self, rows: Mapping[Key, Row]) -> Iterator[Row]:
        """Iterate over the rows that belong to the grid, in its order."""
        return (rows[key] for key in map(key_of, self.points()) if key in rows)

    def made(self, point: Point) -> Made:
        """Return a combination with its problem."""
        words = _without_scheme(point)
        try:
            problem: Problem | str = self.scenario.make(words)
        except ValueError as error:
            problem = str(error)
        return Made(point, problem, self.scenario.identify(words, problem))

    def scenario_of(self, point: Point) -> str | None:
        """Return the scenario's name for a combination; None where only its problem would tell."""
        if not self.scenario.told_by_problem:
            return self.scenario.identify(_without_scheme(point), None)
        if all(value in self.axes[axis] for axis, value in point.items()):
            return self.made(point).scenario
        return None


def _without_scheme(point: Point) -> Point:
    return {name: value for name, value in point.items() if name != "scheme"}


def _values(axis: str, values: Any) -> tuple[Value, ...]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        values = (values,)
    counted = isinstance(values, Collection)  # and need not be listed to be counted
    some = values if counted else list(islice(values, MAX_ROWS + 1))
    if len(some) > MAX_ROWS:
        raise ValueError(f"over[{axis!r}] has too many values: must have at most {MAX_ROWS}")
    whole = {*map(type, some)} == {int}
    if whole and all(-(1 << 63) <= end < 1 << 63 for end in (min(some), max(some))):
        found = dict.fromkeys(some)  # a million draws need no look each
    else:
        found = dict.fromkeys(value_of(axis, value) for value in some)
    if not found:
        raise ValueError(f"over[{axis!r}] has no values: must have at least one")
    if len(found) < len(some):
        counts = Counter(value_of(axis, value) for value in some)
        raise ValueError(f"over[{axis!r}] has {counts.most_common(1)[0][0]!r} twice")
    return tuple(found)


def value_of(axis: str, value: Any) -> Value:
    """Return a value of an axis as an int, a float or a text; 30.0 and 30 are the same."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str):
        if not value.isprintable():
            raise ValueError(f"over[{axis!r}] has {value!r}: must be printable text")
        return str(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"over[{axis!r}] has {value!r}: must be numbers or texts")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"over[{axis!r}] has {value!r}: must be finite")
    if isinstance(value, int) and not -(1 << 63) <= value < (1 << 63):
        raise ValueError(f"over[{axis!r}] has an integer that is too large: must fit 64 bits")
    exact = isinstance(value, int) or (abs(value) < MAX_INTEGER and value == int(value))
    return int(value) if exact else float(value)
