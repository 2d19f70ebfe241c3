"""What a sweep has found so far, as columns over its grid."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast.solve.plans import ROW_STATUSES
from mel_fast.sweep._grid import RESULTS, Grid, Key, Row, one_line
from mel_fast.sweep._work import COUNTS, NUMBERS, Solved

Positions = NDArray[np.int64]

_UNKNOWN = -1
_OPEN = (ROW_STATUSES.index("feasible"), ROW_STATUSES.index("undecided"))
_INVALID = ROW_STATUSES.index("invalid")


class Found:
    """Results by a combination's position in the grid."""

    def __init__(self, grid: Grid) -> None:
        rows = len(grid)
        self._grid = grid
        self._status = np.full(rows, _UNKNOWN, np.int8)
        self._numbers: dict[str, NDArray[Any]] = {
            name: np.zeros(rows, np.int64 if name in COUNTS else np.float64) for name in NUMBERS
        }
        self._notes: dict[int, str] = {}

    def take_rows(self, rows: Mapping[Key, Row]) -> None:
        """Take the rows of a file that belong to the grid."""
        places = [{value: i for i, value in enumerate(axis)} for axis in self._grid.axes.values()]
        shape = [len(place) for place in places]
        for key, row in rows.items():
            at = [place.get(value) for place, value in zip(places, key, strict=True)]
            if None not in at:
                self._take_row(int(np.ravel_multi_index(tuple(at), shape)), row)  # type: ignore[arg-type]

    def _take_row(self, position: int, row: Row) -> None:
        named = dict(zip(RESULTS, row.results, strict=True))
        self._status[position] = ROW_STATUSES.index(named["status"])
        for name, column in self._numbers.items():
            column[position] = named[name]
        self._note(position, named["note"])

    def refuse(self, position: int, why: str) -> None:
        """Take a combination that makes no problem."""
        self._status[position] = _INVALID
        for column in self._numbers.values():
            column[position] = 0
        self._note(position, one_line(why))

    def take(self, positions: Positions, solved: Solved) -> Positions:
        """Take what was found for some combinations; return those that have an answer."""
        mine = positions[solved.answered]
        self._status[mine] = solved.status[solved.answered]
        for name, column in self._numbers.items():
            column[mine] = solved.numbers[name][solved.answered]
        if self._notes:
            for position in self._notes.keys() & set(mine.tolist()):
                del self._notes[position]
        for row, note in solved.notes.items():
            if note and solved.answered[row]:
                self._notes[int(positions[row])] = one_line(note)
        return mine

    def _note(self, position: int, note: str) -> None:
        if note:
            self._notes[position] = note
        else:
            self._notes.pop(position, None)

    def due(self, time_limit_s: float | None) -> Positions:
        """Return what is to be solved: the unknown, and the open that may take longer now."""
        again = np.isin(self._status, _OPEN)
        if time_limit_s is not None:
            again &= self._numbers["elapsed_s"] < time_limit_s
        return np.flatnonzero(again | (self._status == _UNKNOWN))

    def known(self) -> Positions:
        """Return all that have an answer, in the order of the grid."""
        return np.flatnonzero(self._status != _UNKNOWN)

    def rows(self, positions: Iterable[int], name: Callable[[int], str]) -> Iterator[Row]:
        """Yield combinations as rows of a file; `name` tells the scenario's name of each."""
        for position in positions:
            numbers = (self._numbers[name][position].item() for name in NUMBERS)
            status = ROW_STATUSES[self._status[position]]
            results = (status, *numbers, self._notes.get(position, ""))
            yield Row(name(position), self._grid.point(position), results)

    def columns(self, positions: Positions) -> dict[str, NDArray[Any]]:
        """Return the columns of RESULTS of some combinations."""
        longest = max(map(len, self._notes.values()), default=1)
        notes = np.zeros(len(positions), dtype=f"U{longest}")
        noted = np.flatnonzero(np.isin(positions, np.fromiter(self._notes, np.int64)))
        notes[noted] = [self._notes[position] for position in positions[noted].tolist()]
        return {
            "status": np.array(ROW_STATUSES)[self._status[positions]],
            **{name: column[positions] for name, column in self._numbers.items()},
            "note": notes,
        }
