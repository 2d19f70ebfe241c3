"""What a sweep varies: how a combination becomes a problem, and the name that tells it apart.

A name is kept with every row, so that rows of a file are taken for another scenario's never: files
and Problems are named with a digest of their content (a file's table of learners included); of a
function, which may depend on anything, every problem is made again and its digest compared.
"""

import hashlib
import inspect
import os
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path

import numpy as np

from mel_fast._base.validation import did_you_mean
from mel_fast.model.problem import Problem
from mel_fast.scenarios.table import table_digest
from mel_fast.sweep._work import OWN, Point, Table1Rows, Value, VariedRows, Work, varied

ScenarioLike = str | PathLike[str] | Problem | Callable[..., Problem]
Identify = Callable[[Point, Problem | str | None], str]

_FILE_KEYS = {
    "learners": ("learners", "draw", "count"),
    "seed": ("learners", "draw", "seed"),
    "draw": ("learners", "draw", "draw"),
    "cycle_s": ("cycle", "cycle_s"),
    "idle": ("cycle", "idle"),
    "setting": ("task", "setting"),
}
_TABLE = ("learners", "table")
_COLUMNS = frozenset({"cycle_s", "bandwidth_hz", "power_w"})  # of a problem, as a column of a batch


@dataclass(frozen=True)
class Scenario:
    """A maker of problems.

    `told_by_problem` says that `identify` must be given the problem (or why there is none), not
    only the combination. `check_unchanged` refuses to go on where the content is another by now.
    Combinations that differ in the axes `varying` alone are made in one go, by `rows`: from what
    they have in common and a column for each of those axes.
    """

    name: str
    shown: str
    make: Callable[[Point], Problem]
    identify: Identify
    told_by_problem: bool = False
    check_unchanged: Callable[[], None] = lambda: None
    varying: frozenset[str] = frozenset()
    rows: Callable[[Point, dict[str, list[Value]], int], Work] | None = None


def scenario_for(scenario: ScenarioLike, axes: list[str]) -> Scenario:
    """Return the maker for a scenario of `sweep`, which must have the axes."""
    if isinstance(scenario, Problem):
        return _of_problem(scenario, axes)
    if isinstance(scenario, str) and scenario == "table1":
        return _of_table1(axes)
    if isinstance(scenario, str | PathLike):
        return _of_file(Path(fspath(scenario)), axes)
    if callable(scenario):
        return _of_function(scenario)
    raise TypeError(
        f"scenario is a {type(scenario).__name__}: must be 'table1', a path, a Problem or a "
        "function that returns a Problem"
    )


def _check_axes(what: str, axes: Iterable[str], known: Iterable[str]) -> None:
    names = [*known, "scheme"]
    for axis in axes:
        if axis not in names:
            raise ValueError(
                f"over: {what} has no {axis!r}{did_you_mean(axis, names)} "
                f"(there are {', '.join(names)})"
            )


def _of_table1(axes: list[str]) -> Scenario:
    from mel_fast.scenarios import table1, table1_draws

    _check_axes("table1", axes, inspect.signature(table1).parameters)
    words: Callable[..., Problem] = table1
    one_go = {*axes} <= {"seed", "draw", *inspect.signature(table1_draws).parameters}

    def rows(common: Point, columns: dict[str, list[Value]], count: int) -> Work:
        seeds, draws = (tuple(columns.get(axis, [0] * count)) for axis in ("seed", "draw"))
        return Table1Rows(common, seeds, draws)

    return Scenario(
        "table1",
        "table1",
        lambda point: words(**point),
        lambda *_: "table1",
        varying=frozenset({"seed", "draw"}),
        rows=rows if one_go else None,
    )


def _of_function(function: Callable[..., Problem]) -> Scenario:
    kind = getattr(function, "__qualname__", type(function).__qualname__)
    name = f"{_printable(kind)}()"

    def make(point: Point) -> Problem:
        made: object = function(**point)
        if not isinstance(made, Problem):
            raise TypeError(f"{name} returned a {type(made).__name__}: must return a Problem")
        return made

    def identify(_: Point, made: Problem | str | None) -> str:
        return f"{name}@{_digest(made)}"

    return Scenario(name, name, make, identify, told_by_problem=True)


def _of_file(path: Path, axes: list[str]) -> Scenario:
    from mel_fast.scenarios.file import load_scenario

    plain = [axis for axis in axes if "." not in axis]
    _check_axes("a scenario file", plain, [*_FILE_KEYS, "or a path such as radio.bandwidth_hz"])
    keys = {axis: _FILE_KEYS.get(axis, tuple(axis.split("."))) for axis in axes}
    try:
        seen = {path: _mark(path)}
        content = path.read_bytes()
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from None
    name = _printable(path.name)
    own_table = _own_table(content)
    digests: dict[object, str] = {}

    def changes(point: Point) -> dict[tuple[str, ...], Value]:
        return {keys[axis]: value for axis, value in point.items()}

    def identify(point: Point, _: Problem | str | None) -> str:
        table = changes(point).get(_TABLE, own_table)
        if table not in digests:
            digest = hashlib.sha256(content)
            if isinstance(table, str) and table:
                digest.update(_of_table(path.parent, table, seen))
            digests[table] = digest.hexdigest()[:12]
        return f"{name}@{digests[table]}"

    def check_unchanged() -> None:
        for file, mark in seen.items():
            if _mark(file) != mark:
                raise ValueError(f"{file} was changed while it was swept")

    def make(point: Point) -> Problem:
        return load_scenario(path, changes(point))

    shown = name if _TABLE in keys.values() else identify({}, None)
    return Scenario(name, shown, make, identify, check_unchanged=check_unchanged)


def _own_table(content: bytes) -> object:
    """Return the table of learners that a scenario file names; what is no TOML is refused later."""
    try:
        learners = tomllib.loads(content.decode()).get("learners")
    except (ValueError, RecursionError):
        return None
    return learners.get("table") if isinstance(learners, dict) else None


def _of_table(folder: Path, table: str, seen: dict[Path, tuple[int, ...]]) -> bytes:
    """Return a digest of a table's content; nothing for one that is refused where it is read."""
    file = folder / table
    try:
        mark = _mark(file)
        digest = table_digest(folder, table)
    except (OSError, ValueError):
        return b""
    seen[file] = mark
    return digest


def _mark(path: Path) -> tuple[int, ...]:
    found = os.stat(path)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _of_problem(problem: Problem, axes: list[str]) -> Scenario:
    _check_axes("a Problem", axes, [*problem.task._fields, *problem.radio._fields, *OWN])
    name = f"problem@{_digest(problem)}"

    def make(point: Point) -> Problem:
        return varied(problem, point)

    def rows(common: Point, columns: dict[str, list[Value]], count: int) -> Work:
        return VariedRows(problem, common, columns, count)

    return Scenario("problem", name, make, lambda *_: name, varying=_COLUMNS, rows=rows)


def _digest(made: Problem | str | None) -> str:
    """Return what tells a problem from all others, or a reason to make none."""
    if not isinstance(made, Problem):
        return hashlib.sha256(repr(made).encode()).hexdigest()[:12]
    words = {**made.task.to_dict(), **made.radio.to_dict()}
    if made._given is not None:
        words["payload"] = made._given.to_dict()
    digest = hashlib.sha256(repr((words, made.cycle_s.hex(), made.idle)).encode())
    for name in made.learners._fields:
        column = getattr(made.learners, name)
        if column is not None:
            array = np.ascontiguousarray(column)
            digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
            digest.update(array.tobytes())
    return digest.hexdigest()[:12]


def _printable(name: str) -> str:
    return name if name.isprintable() else ascii(name)[1:-1]
