"""A sweep's combinations as chunks of work: rows that differ in a few axes are made in one go."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from mel_fast.model.problem import Problem
from mel_fast.sweep._found import Positions
from mel_fast.sweep._grid import Grid, Key, Made
from mel_fast.sweep._work import MadeRows, Value, Work

_FIRST_ROWS = 256
_ROWS = 1 << 13  # chunks grow to this: what a kill loses, and how often files are written
_LEARNERS = 1 << 20  # a chunk ends here too: rows of large problems are written one by one
_LEARNERS_OF_PIECE = 1 << 18
_LEARNERS_OF_BUNDLE = 1 << 17


@dataclass
class Piece:
    """Rows that one call solves."""

    positions: Positions
    scheme: Value
    work: Work


@dataclass
class Chunk:
    """Rows that are written together: pieces of work, and what makes no problem and why."""

    name: Callable[[int], str]
    pieces: list[Piece] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)


@dataclass
class Bundle:
    """Pieces of a chunk that a worker solves in one task."""

    chunk: Chunk
    pieces: list[Piece]

    def work(self) -> list[tuple[Work, Value]]:
        """Return what the worker gets."""
        return [(piece.work, piece.scheme) for piece in self.pieces]


def bundles(chunk: Chunk) -> Iterator[Bundle]:
    """Put small pieces together, so that each task is worth its way."""
    bundle, learners = Bundle(chunk, []), 0
    for piece in chunk.pieces:
        bundle.pieces.append(piece)
        learners += len(piece.positions) * piece.work.learners
        if learners >= _LEARNERS_OF_BUNDLE:
            yield bundle
            bundle, learners = Bundle(chunk, []), 0
    if bundle.pieces:
        yield bundle


def chunks(grid: Grid, todo: Positions) -> Iterator[Chunk]:
    """Cut combinations into chunks, each made when it is asked for."""
    return _one_by_one(grid, todo) if grid.scenario.rows is None else _in_one_go(grid, todo)


def made_one_by_one(grid: Grid, piece: Piece) -> Chunk:
    """Return the rows of a piece, which have no problem in common, made one at a time."""
    return next(_one_by_one(grid, piece.positions, rows=len(piece.positions), learners=1 << 62))


def _in_one_go(grid: Grid, todo: Positions) -> Iterator[Chunk]:
    def name(position: int) -> str:
        return grid.scenario.identify(grid.point(position), None)

    first, size = 0, _FIRST_ROWS
    while first < len(todo):
        chunk, learners = Chunk(name), 0
        for piece in _groups(grid, todo[first : first + size]):
            chunk.pieces.append(piece)
            learners += len(piece.positions) * piece.work.learners
            if learners >= _LEARNERS:
                yield chunk
                chunk, learners = Chunk(name), 0
        if chunk.pieces:
            yield chunk
        first, size = first + size, min(2 * size, _ROWS)


def _groups(grid: Grid, positions: Positions) -> Iterator[Piece]:
    """Yield the combinations that differ in the scenario's `varying` axes alone."""
    rows = grid.scenario.rows
    assert rows is not None
    places = grid.places(positions)
    fixed = [axis for axis in grid.axes if axis not in grid.scenario.varying]
    shape = [len(grid.axes[axis]) for axis in fixed]  # at least the scheme
    group = np.ravel_multi_index(tuple(places[axis] for axis in fixed), shape)
    _, firsts, of = np.unique(group, return_index=True, return_inverse=True)
    for number in np.argsort(firsts).tolist():
        mine = np.flatnonzero(of == number)
        common = {axis: grid.axes[axis][places[axis][mine[0]]] for axis in fixed}
        scheme = common.pop("scheme")
        step = max(_LEARNERS_OF_PIECE // rows(common, {}, 0).learners, 1)
        for some in np.split(mine, range(step, len(mine), step)):
            columns = {
                axis: [grid.axes[axis][place] for place in places[axis][some].tolist()]
                for axis in grid.axes
                if axis not in fixed
            }
            yield Piece(positions[some], scheme, rows(common, columns, len(some)))


def _one_by_one(
    grid: Grid, todo: Positions, rows: int = _FIRST_ROWS, learners: int = _LEARNERS
) -> Iterator[Chunk]:
    """Make the problems, some at a time; those that differ in the scheme share theirs."""
    made: dict[int, Made] = {}
    shared: dict[Key, Made] = {}
    total = 0
    for position in todo.tolist():
        point = grid.point(position)
        key = tuple(value for axis, value in point.items() if axis != "scheme")
        if key not in shared:
            shared[key] = grid.made(point)
            total += _learners(shared[key].problem)
        made[position] = replace(shared[key], point=point)
        if len(made) >= rows or total >= learners:
            yield _chunk_of(made)
            made, shared, total = {}, {}, 0
    if made:
        yield _chunk_of(made)


def _chunk_of(made: dict[int, Made]) -> Chunk:
    chunk = Chunk({position: each.scenario for position, each in made.items()}.__getitem__)
    by_scheme: dict[Value, dict[int, Problem]] = {}
    for position, each in made.items():
        if isinstance(each.problem, str):
            chunk.refused[position] = each.problem
        else:
            by_scheme.setdefault(each.point["scheme"], {})[position] = each.problem
    for scheme, problems in by_scheme.items():
        positions = np.array(list(problems), dtype=np.int64)
        chunk.pieces.append(Piece(positions, scheme, MadeRows(list(problems.values()))))
    return chunk


def _learners(made: Problem | str) -> int:
    return len(made.learners) if isinstance(made, Problem) else 0
