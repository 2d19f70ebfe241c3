"""The grid of a sweep: its axes, and how a combination becomes a problem."""

import hashlib
import inspect
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np

from mel_fast._validation import choice, did_you_mean
from mel_fast.plan import SCHEMES
from mel_fast.plans import Plans
from mel_fast.problem import Problem

ScenarioLike = str | PathLike[str] | Problem | Callable[..., Problem]
Value = int | float | str
Point = dict[str, Value]
Key = tuple[Value, ...]

RESULTS = ("status", "tau", "bound", "active", "nodes", "passes", "elapsed_s", "note")
_FILE_KEYS = {
    "learners": ("learners", "draw", "count"),
    "seed": ("learners", "draw", "seed"),
    "draw": ("learners", "draw", "draw"),
    "cycle_s": ("cycle", "cycle_s"),
    "idle": ("cycle", "idle"),
    "setting": ("task", "setting"),
}


def key_of(point: Point) -> Key:
    """Return what tells a combination from all others: its values, in the order of the axes."""
    return tuple(point.values())


@dataclass(frozen=True)
class Row:
    """A combination and what was found for it, in the order of `RESULTS`."""

    point: Point
    results: tuple[Any, ...]

    @classmethod
    def refused(cls, point: Point, why: str) -> "Row":
        """Return the row of a combination that makes no problem."""
        return cls(point, ("invalid", 0, 0, 0, 0, 0, 0.0, " ".join(why.split())))

    @classmethod
    def found(cls, point: Point, plans: Plans, i: int, cut_short: bool) -> "Row | None":
        """Return the row of a solved problem; None for one that a stop kept from its answer."""
        status = str(plans.status[i])
        if status == "unsolved" or (cut_short and plans.cut_short[i]):
            return None
        numbers = (int(plans.tau[i]), int(plans.bound[i]), int(np.count_nonzero(plans.samples[i])))
        effort = (int(plans.nodes[i]), int(plans.passes[i]), float(plans.elapsed_s[i]))
        note = plans.errors.get(i, str(plans.blame[i]))
        return cls(point, (status, *numbers, *effort, " ".join(note.split())))


@dataclass(frozen=True)
class Grid:
    """Axes with their values, and the function from a combination to its problem."""

    name: str
    axes: Mapping[str, tuple[Value, ...]]
    make: Callable[[Point], Problem]

    @classmethod
    def of(cls, scenario: ScenarioLike, over: Mapping[str, Any]) -> "Grid":
        """Return the grid of `sweep`'s arguments."""
        if not isinstance(over, Mapping):
            raise TypeError(f"over is a {type(over).__name__}: must map names to values")
        axes = {str(name): _values(str(name), values) for name, values in over.items()}
        axes.setdefault("scheme", ("joint",))
        for scheme in axes["scheme"]:
            choice("scheme", scheme, SCHEMES)
        taken = [name for name in axes if name in (*RESULTS, "scenario")]
        if taken:
            raise ValueError(f"over: {taken[0]!r} is the name of a result, not of an axis")
        name, make = _maker(scenario, [axis for axis in axes if axis != "scheme"])
        return cls(name, axes, make)

    def __len__(self) -> int:
        return math.prod(len(values) for values in self.axes.values())

    def points(self) -> Iterator[Point]:
        """Iterate over all combinations, the last axis fastest."""
        for values in itertools.product(*self.axes.values()):
            yield dict(zip(self.axes, values, strict=True))

    def order(self, rows: Mapping[Key, Row]) -> Iterator[Row]:
        """Iterate over the rows that belong to the grid, in its order."""
        return (rows[key] for key in map(key_of, self.points()) if key in rows)

    def problem(self, point: Point) -> Problem:
        """Return the problem of a combination."""
        return self.make({name: value for name, value in point.items() if name != "scheme"})


def _values(axis: str, values: Any) -> tuple[Value, ...]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        values = (values,)
    found = tuple(value_of(axis, value) for value in values)
    if not found:
        raise ValueError(f"over[{axis!r}] has no values: must have at least one")
    if len(set(found)) < len(found):
        twice = next(value for value in found if found.count(value) > 1)
        raise ValueError(f"over[{axis!r}] has {twice!r} twice")
    return found


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
    return int(value) if value == int(value) else float(value)


def _maker(scenario: ScenarioLike, axes: list[str]) -> tuple[str, Callable[[Point], Problem]]:
    if isinstance(scenario, Problem):
        return _of_problem(scenario, axes)
    if isinstance(scenario, str) and scenario == "table1":
        return _of_table1(axes)
    if isinstance(scenario, str | PathLike):
        return _of_file(Path(fspath(scenario)), axes)
    if callable(scenario):
        name = getattr(scenario, "__qualname__", type(scenario).__qualname__)
        make = scenario
        return f"{name}()", lambda point: _problem(name, make(**point))
    raise TypeError(
        f"scenario is a {type(scenario).__name__}: must be 'table1', a path, a Problem or a "
        "function that returns a Problem"
    )


def _problem(name: str, made: Any) -> Problem:
    if not isinstance(made, Problem):
        raise TypeError(f"{name}() returned a {type(made).__name__}: must return a Problem")
    return made


def _check_axes(what: str, axes: Iterable[str], known: Iterable[str]) -> None:
    names = [*known, "scheme"]
    for axis in axes:
        if axis not in names:
            raise ValueError(
                f"over: {what} has no {axis!r}{did_you_mean(axis, names)} "
                f"(there are {', '.join(names)})"
            )


def _of_table1(axes: list[str]) -> tuple[str, Callable[[Point], Problem]]:
    from mel_fast.scenarios import table1

    _check_axes("table1", axes, inspect.signature(table1).parameters)
    words: Callable[..., Problem] = table1
    return "table1", lambda point: words(**point)


def _of_file(path: Path, axes: list[str]) -> tuple[str, Callable[[Point], Problem]]:
    from mel_fast.scenario_file import load_scenario

    plain = [axis for axis in axes if "." not in axis]
    _check_axes("a scenario file", plain, [*_FILE_KEYS, "or a path such as radio.bandwidth_hz"])
    keys = {axis: _FILE_KEYS.get(axis, tuple(axis.split("."))) for axis in axes}
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from None

    def make(point: Point) -> Problem:
        return load_scenario(path, {keys[axis]: value for axis, value in point.items()})

    return f"{path.name}@{digest}", make


def _of_problem(problem: Problem, axes: list[str]) -> tuple[str, Callable[[Point], Problem]]:
    parts = {"task": problem.task._fields, "radio": problem.radio._fields}
    own = ("cycle_s", "idle")
    _check_axes("a Problem", axes, [*parts["task"], *parts["radio"], *own])
    text = repr(sorted(problem.to_dict().items())).encode()
    name = f"problem@{hashlib.sha256(text).hexdigest()[:12]}"

    def make(point: Point) -> Problem:
        changes: dict[str, Any] = {axis: point[axis] for axis in own if axis in point}
        for part, fields in parts.items():
            inner = {axis: value for axis, value in point.items() if axis in fields}
            if inner:
                changes[part] = getattr(problem, part).replace(**inner)
        return problem.replace(**changes)

    return name, make
