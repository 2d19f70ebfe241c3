"""What people read: numbers (100 MHz, 41.2 s, 60,000) and results.

A result has a text (`summary`); its other forms, on one line, in 80 columns, in a notebook, follow
from that here.
"""

import math
import re
import textwrap
from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from mel_fast._base.validation import AnyColumn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 80
LONGEST_REPR = 119
_HTML_ROWS = 20
_JOINT = "\N{NO-BREAK SPACE}"
_TOGETHER = r"(?<=\d) (?=[A-Za-z%]{1,9}(?:/[a-zA-Z]+)?\b|%)|(?<==) | (?==)|(?<=[±x]) "
"""Spaces at which no line is broken: between a number and its unit, around an equals sign."""
_PREFIXES = {-12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P"}


def with_unit(value: float, unit: str, digits: int = 4) -> str:
    """Return `value` with an SI prefix: ``with_unit(1e8, "Hz")`` is ``"100 MHz"``.

    Of seconds there are no thousands: ``with_unit(2050.8, "s")`` is ``"2,051 s"``.
    """
    if value == 0.0 or not math.isfinite(value):
        return f"{value:g} {unit}"
    if unit == "s" and 1e3 <= value < 1e7:
        return f"{float(f'{value:.{digits}g}'):,.{max(digits, 7)}g} s"
    exponent = 3 * math.floor(math.log10(abs(value)) / 3.0 + 1e-9)
    if exponent not in _PREFIXES:
        return f"{value:.{digits}g} {unit}"
    return f"{value / 10.0**exponent:.{digits}g} {_PREFIXES[exponent]}{unit}"


def rounded(value: float, digits: int, *, up: bool) -> float:
    """Return `value` with so many significant digits, rounded in one direction only."""
    if not math.isfinite(value):
        return value
    from decimal import ROUND_CEILING, ROUND_FLOOR, Context  # here: the package does without

    direction = ROUND_CEILING if up else ROUND_FLOOR
    return float(Context(prec=digits, rounding=direction).create_decimal_from_float(value))


def count(number: int, noun: str) -> str:
    """Return ``"1 sample"`` or ``"60,000 samples"``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


class Shown:
    """A result with a text: its `str` is that text in 80 columns, its `repr` one short line."""

    __slots__ = ()

    def summary(self) -> str:
        """Return the result as lines of text, each as long as it needs to be."""
        raise NotImplementedError

    def _words(self) -> str:
        """Return what stands between the parentheses of the repr."""
        raise NotImplementedError

    def __str__(self) -> str:
        return folded(self.summary())

    def __repr__(self) -> str:
        return one_line(f"{type(self).__name__}({self._words()})")

    def _repr_html_(self) -> str:
        return as_html(str(self))


def one_line(text: str) -> str:
    """Return a text as one line of less than 120 characters."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_REPR else f"{line[: LONGEST_REPR - 4]}...)"


def folded(text: str, hang: int = 2) -> str:
    """Return lines broken at 80 columns, what goes on indented by `hang` more.

    No line is broken within a number, nor between a number and its unit.
    """
    return "\n".join(line for long in text.split("\n") for line in _broken(long, hang))


def _broken(line: str, hang: int) -> list[str]:
    if len(line) <= COLUMNS:
        return [line]
    start = line[: len(line) - len(line.lstrip())]
    whole = re.sub(_TOGETHER, _JOINT, line.lstrip())
    parts = textwrap.wrap(
        whole,
        COLUMNS,
        initial_indent=start,
        subsequent_indent=start + " " * hang,
        break_on_hyphens=False,
    )
    return [part.replace(_JOINT, " ") for part in parts]


def as_html(text: str, columns: Mapping[str, Any] | None = None) -> str:
    """Return a text, and the first rows of columns, for a notebook."""
    from html import escape  # here: it takes longer than it may when the package is imported

    page = f"<pre>{escape(text)}</pre>"
    return page if columns is None else page + rows_as_html(columns)


def rows_as_html(columns: Mapping[str, Any], row_name: str | None = None) -> str:
    """Return the first rows of columns as an HTML table, and how many more there are."""
    from html import escape

    rows = len(next(iter(columns.values()), ()))
    shown = min(rows, _HTML_ROWS)
    names = [*([] if row_name is None else [row_name]), *columns]
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(
        "<tr>"
        + ("" if row_name is None else f"<td>{row}</td>")
        + "".join(f"<td>{escape(_cell(column[row]))}</td>" for column in columns.values())
        + "</tr>"
        for row in range(shown)
    )
    noun = f"more {row_name or 'row'}"
    more = f"<p>and {count(rows - shown, noun)}</p>" if rows > shown else ""
    return f"<table><tr>{head}</tr>{body}</table>{more}"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, np.integer | int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:.5g}" if isinstance(value, np.floating | float) else str(value)


def span(column: float | AnyColumn) -> str:
    """Return a number, or the least and the most of a column; of texts, the first."""
    if not isinstance(column, np.ndarray):
        return f"{column:.6g}"
    if column.dtype.kind == "U":
        return f"{column[0]!s}.." if column.size > 1 else str(column[0])
    least, most = column.min(), column.max()
    if column.dtype.kind == "i":
        return f"{least}" if least == most else f"{least}..{most}"
    return f"{least:.6g}" if least == most else f"{least:.6g}..{most:.6g}"


class Drawn:
    """What has a figure, and may be written as one."""

    __slots__ = ()

    def figure(self) -> "Figure":
        """Draw it (extra ``[plot]``)."""
        raise NotImplementedError

    def plot(self, path: str | PathLike[str]) -> None:
        """Write the figure to a .png, .svg or .pdf file, whole or not at all (extra ``[plot]``).

        Raises
        ------
        OSError
            When the file cannot be written.
        """
        from mel_fast._base.atomic import write_figure  # here: its imports take long

        write_figure(path, self.figure(), dpi=200)
