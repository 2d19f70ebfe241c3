"""Columns as text in 80 columns: nothing is broken across lines, whatever the numbers are."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mel_fast._base.units import COLUMNS as WIDTH
from mel_fast._base.untrusted import visible

_GAP = 2
_SHORTEST = 12  # characters that are left of a name
# How people read a column: head over head, and what its numbers are multiplied with.
HEADS: Mapping[str, tuple[str, float]] = {
    "bandwidth_hz": ("bandwidth\nMHz", 1e-6),
    "power_w": ("power\nmW", 1e3),
    "send_s": ("send\ns", 1.0),
    "compute_s": ("compute\ns", 1.0),
    "return_s": ("return\ns", 1.0),
    "total_s": ("total\ns", 1.0),
    "ends_s": ("ends\ns", 1.0),
    "makespan_s": ("makespan\ns", 1.0),
}


def table(columns: Mapping[str, Any], rows: int | None = None) -> str:
    """Return columns as lines, at most `rows` of them, each head over its column.

    A table that is too wide has its texts shortened, and then its last columns below the first,
    beside the first column once more.
    """
    built = [_Column(name, column, rows) for name, column in columns.items()]
    _shorten(built)
    groups, line = [], built[:1]
    for column in built[1:]:
        if _width([*line, column]) > WIDTH and len(line) > 1:
            groups.append(line)
            line = built[:1]
        line = [*line, column]
    groups.append(line)
    return "\n\n".join("\n".join(_lines(group)) for group in groups)


class _Column:
    """One column's head and cells as text."""

    def __init__(self, name: str, values: Any, rows: int | None) -> None:
        head, scale = HEADS.get(name, (name.replace("_", " ") if " " not in name else name, 1.0))
        self.head = head.split("\n")
        self.cells = [cell(value, scale) for value in list(values[:rows])]
        self.texts = any(isinstance(value, str) for value in values[:1])

    @property
    def width(self) -> int:
        return max(map(len, (*self.head, *self.cells)))

    def cut(self, width: int) -> None:
        self.cells = [c if len(c) <= width else f"{c[: width - 2]}.." for c in self.cells]


def cell(value: Any, scale: float = 1.0) -> str:
    """Return a value as a table shows it: six digits, thousands set apart."""
    if value is None:
        return "-"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return f"{int(value):,}"
    if isinstance(value, float | np.floating):
        return f"{float(value) * scale:.6g}"
    return visible(str(value))


def _shorten(columns: list[_Column]) -> None:
    """Cut texts as far as the width asks for it and names can still be told apart."""
    for column in columns:
        over = _width(columns) - WIDTH
        if over > 0 and column.texts and column.width > _SHORTEST:
            column.cut(max(_SHORTEST, column.width - over))


def _width(columns: Sequence[_Column]) -> int:
    return sum(column.width for column in columns) + _GAP * (len(columns) - 1)


def _lines(columns: Sequence[_Column]) -> list[str]:
    tall = max(len(column.head) for column in columns)
    heads = [[""] * (tall - len(column.head)) + column.head for column in columns]
    rows = [*zip(*heads, strict=True), *zip(*(c.cells for c in columns), strict=True)]
    return [_line(columns, row) for row in rows]


def _line(columns: Sequence[_Column], row: Sequence[str]) -> str:
    parts = (
        f"{text:<{column.width}}" if column.texts else f"{text:>{column.width}}"
        for column, text in zip(columns, row, strict=True)
    )
    return (" " * _GAP).join(parts).rstrip()
