"""What a command prints: text for people, JSON or CSV for programs.

The forms are alike in all commands. JSON is one object with ``format`` (``mel_fast.COMMAND``),
``version``, what was found, and ``rows``; CSV is the rows. Numbers are SI at full precision in
both; what is infinite is the text "inf". docs/schemas/cli.json says what is in which object.
"""

import csv
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import click
import numpy as np

from mel_fast._base.units import folded
from mel_fast._base.untrusted import visible
from mel_fast.cli.shared.table import table

Command = TypeVar("Command", bound=Callable[..., Any])

FORMATS = ("text", "json", "csv")
VERSION = 1


class _Form(click.Choice[str]):
    """One of `FORMATS`; ``table`` is what text was called."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert("text" if value == "table" else value, param, ctx)


def format_option(default: str | None = "text") -> Callable[[Command], Command]:
    """Return the option `--format`, whose value a command gets as `form`."""
    return click.option(
        "--format",
        "form",
        type=_Form(FORMATS),
        default=default,
        show_default=default is not None,
        help="How the result is printed.",
    )


def emit(
    form: str,
    kind: str,
    found: Mapping[str, Any],
    rows: Mapping[str, Any],
    text: str | Callable[[], str],
) -> None:
    """Print a result in one of `FORMATS`.

    Parameters
    ----------
    form
        Which.
    kind
        The command's words, for ``format``: ``mel_fast.KIND``.
    found
        What was found, beside the rows.
    rows
        Columns by name, all of the same length.
    text
        What people read, or a function that returns it; long lines are folded at 80 columns.
    """
    if form == "text":
        said = text if isinstance(text, str) else text()
        if said:
            click.echo(folded(said))
    elif form == "csv":
        _csv(rows)
    else:
        names = list(rows)
        lines = zip(*(plain(column) for column in rows.values()), strict=True)
        head = {"format": f"mel_fast.{kind}", "version": VERSION}
        data = {**head, **plain(found), "rows": [dict(zip(names, line)) for line in lines]}  # noqa: B905
        click.echo(json.dumps(data, allow_nan=False))


def emit_files(form: str, kind: str, paths: Sequence[Path]) -> None:
    """Print the files that were written, one a line, however long their names are."""
    names = [visible(str(path)) for path in paths]
    if form == "text":
        click.echo("\n".join(names))
    else:
        emit(form, kind, {}, {"file": names}, "")


def emit_rows(
    form: str,
    kind: str,
    found: Mapping[str, Any],
    parts: Mapping[str, Sequence[Mapping[str, Any]]],
    title: str | None = None,
) -> None:
    """Print several tables, each under its name; as JSON and CSV, one number a row.

    The rows of one part need not be alike.
    """
    long: dict[str, list[Any]] = {"part": [], "row": [], "name": [], "value": []}
    said = [] if title is None else [title]
    for part, rows in parts.items():
        for number, row in enumerate(rows):
            for name, value in row.items():
                for key, entry in zip(long, (part, number, name, value), strict=True):
                    long[key].append(entry)
        for _, run in groupby(rows, key=list):  # rows with the same columns
            alike = list(run)
            columns = {name: [row[name] for row in alike] for name in alike[0]}
            said.append(f"## {part}\n\n{table(columns)}")
    emit(form, kind, found, long, "\n\n".join(said))


def plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)  # also of a Status
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(name): plain(entry) for name, entry in value.items()}
    return [plain(entry) for entry in value]


def _csv(rows: Mapping[str, Any]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(rows)
    columns = (c.tolist() if isinstance(c, np.ndarray) else c for c in rows.values())
    writer.writerows(zip(*columns, strict=True))
