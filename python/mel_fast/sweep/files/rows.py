"""Rows as the cells of a file, and back: every value and its kind returns as it was.

A text that could be read as a number stands in double quotes: ``"05"`` is a text, ``05`` none that
is ever written. The last cell of a row is a check sum of the others, so that a row of which
anything was changed is refused, not believed.
"""

import hashlib
import math
import re
from collections.abc import Sequence
from typing import Any

from mel_fast._base.untrusted import shown
from mel_fast.sweep._grid import RESULTS, Grid, Key, Row, key_of, value_of
from mel_fast.sweep._work import Value

CHECK = "check"
"""The column of check sums."""

_STATUSES = ("optimal", "infeasible", "feasible", "undecided", "invalid")
_OPEN = ("feasible", "undecided")
_COUNTS = ("tau", "bound", "active", "nodes", "passes")
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
LONGEST_CELL = 1 << 16


class Rows:
    """The cells of a grid's rows; what is wrong with those of a file is said by row."""

    def __init__(self, grid: Grid, file: str) -> None:
        self._grid = grid
        self._file = file
        self.header = ["scenario", *grid.axes, *RESULTS, CHECK]

    def cells(self, row: Row) -> list[Any]:
        """Return a row's cells: texts and numbers."""
        axes = (written(value) for value in row.point.values())
        return [row.scenario, *axes, *row.results, _check_sum(row)]

    def check_header(self, header: Sequence[str]) -> None:
        """Refuse a file with other columns."""
        if list(header) != self.header:
            listed = ", ".join(map(shown, header[: len(self.header) + 1]))
            raise ValueError(
                f"{self._file} is not a file of this sweep: its columns are {listed}, they "
                f"must be {', '.join(self.header)}; name another file or begin afresh"
            )

    def read(self, cells: Sequence[Any], number: int, where: str = "") -> Row:
        """Return the row that cells (texts, or Parquet's own numbers) hold.

        Raises
        ------
        ValueError
            Naming the file, the row's number (the first is 1) and what cannot be.
        """
        place = f"{self._file}{where}, row {number}"
        if len(cells) != len(self.header):
            raise ValueError(f"{place}: has {len(cells)} cells, must have {len(self.header)}")
        named = dict(zip(self.header, cells, strict=True))
        if any(isinstance(cell, str) and len(cell) > LONGEST_CELL for cell in cells):
            raise ValueError(f"{place}: has a cell of more than {LONGEST_CELL} characters")
        try:
            row = Row(
                str(named["scenario"]),
                {axis: _value(axis, named[axis]) for axis in self._grid.axes},
                tuple(_result(name, named[name]) for name in RESULTS),
            )
            _check_result(row)
        except (ValueError, TypeError, OverflowError) as error:
            raise ValueError(f"{place}: {error}") from None
        if named[CHECK] != _check_sum(row):
            raise ValueError(f"{place}: was changed after it was written (its {CHECK} differs)")
        self._check_scenario(row, number, where)
        return row

    def _check_scenario(self, row: Row, number: int, where: str) -> None:
        """Refuse a row that another scenario gave."""
        mine = self._grid.scenario_of(row.point)
        if mine is None:  # not a combination of the grid: its problem is not made
            mine = f"{self._grid.scenario.name}@{row.scenario.rpartition('@')[2]}"
        if row.scenario != mine:
            raise ValueError(
                f"{self._file}{where} has rows of the scenario {shown(row.scenario)}, this sweep "
                f"is of {shown(mine)} (row {number}); name another file or begin afresh"
            )


class Known:
    """The rows that a file has, each combination once."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.rows: dict[Key, Row] = {}
        self._places: dict[Key, tuple[int, str]] = {}
        self.superseded = False

    def add(self, row: Row, number: int, where: str = "") -> None:
        """Take a row; again only an open one, or what two files have because a kill came between.

        Raises
        ------
        ValueError
            Naming both rows.
        """
        key = key_of(row.point)
        before = self.rows.get(key)
        if before is not None and not (before == row and self._places[key][1] != where):
            if before == row or not is_open(before):
                raise ValueError(
                    f"{self._file}{where}, row {number}: is the combination of "
                    f"row {self._places[key][0]}{self._places[key][1]} again"
                )
            self.superseded = True
        self.rows[key] = row
        self._places[key] = number, where

    def again(self, row: Row) -> None:
        """Take a row that was solved now."""
        key = key_of(row.point)
        self.superseded = self.superseded or key in self.rows
        self.rows[key] = row


def is_open(row: Row) -> bool:
    """Whether a limit kept the row from its proof."""
    return row.results[0] in _OPEN


def written(value: Value) -> Value:
    """Return an axis' value as a file has it."""
    if isinstance(value, str) and (value[:1] == '"' or _NUMBER.fullmatch(value)):
        return f'"{value}"'
    return value


def _value(axis: str, cell: Any) -> Value:
    if isinstance(cell, str):
        if cell[:1] == '"':
            if len(cell) < 2 or cell[-1] != '"' or written(cell[1:-1]) != cell:
                raise ValueError(f"{axis} = {shown(cell)}: is not a text in quotes")
            return value_of(axis, cell[1:-1])
        if _WHOLE.fullmatch(cell):
            return value_of(axis, int(cell))
        if _NUMBER.fullmatch(cell):
            return value_of(axis, float(cell))
    return value_of(axis, cell)


def _result(name: str, cell: Any) -> Any:
    if name in _COUNTS:
        if isinstance(cell, str) and _WHOLE.fullmatch(cell):
            cell = int(cell)
        if type(cell) is not int or not 0 <= cell < 1 << 63:
            raise ValueError(f"{name} = {shown(cell)}: must be an integer from zero on")
        return cell
    if name == "elapsed_s":
        if isinstance(cell, str) and _NUMBER.fullmatch(cell):
            cell = float(cell)
        if type(cell) is not float or not 0 <= cell < math.inf:
            raise ValueError(f"{name} = {shown(cell)}: must be a number from zero on")
        return cell
    if not isinstance(cell, str) or not cell.isprintable():
        raise ValueError(f"{name} = {shown(cell)}: must be printable text")
    return cell


def _check_result(row: Row) -> None:
    """Refuse what no solver says."""
    status, tau, bound, active = row.results[:4]
    if status not in _STATUSES:
        raise ValueError(f"status = {shown(status)}: must be one of {', '.join(_STATUSES)}")
    if tau > bound:
        raise ValueError(f"tau = {tau} is above bound = {bound}")
    if status == "optimal" and not (0 < tau == bound):
        raise ValueError(f"status = 'optimal' with tau = {tau}, bound = {bound}")
    if status in ("infeasible", "invalid") and bound:
        raise ValueError(f"status = {status!r} with bound = {bound}: must be 0")
    if (tau > 0) != (active > 0):
        raise ValueError(f"tau = {tau} with active = {active}")


def _check_sum(row: Row) -> str:
    text = repr((row.scenario, [*row.point.items()], row.results))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
