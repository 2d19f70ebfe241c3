"""Files that commands are given: `-` is standard input, and the wrong kind gets a hint.

What a file is is guessed from its first bytes, and only when it could not be read as what it was
given for.
"""

import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from mel_fast._base.untrusted import plain
from mel_fast.model.columns import COLUMNS
from mel_fast.model.problem import Problem
from mel_fast.plans.plan import Plan

STDIN = Path("-")
_STANDARD_INPUT = Path("/dev/stdin")
_LOOKED_AT = 4096
_MAGIC = {b"PK\x03\x04": "weights", b"PAR1": "table", b"\x89PNG": "picture", b"%PDF": "picture"}

_HINTS = {
    ("scenario", "plan"): "looks like a plan file: `mel-fast check {0}` checks it, "
    "`mel-fast solve --start {0}` begins from it",
    ("scenario", "table"): "looks like a table of learners: name it in a scenario, "
    "[learners] table = {0!r}; `mel-fast solve --print-scenario` prints one to edit",
    ("scenario", "weights"): "looks like arrays of weights: `mel-fast store publish` takes them",
    ("plan", "scenario"): "looks like a scenario: `mel-fast solve {0} --output plan.json` makes a "
    "plan of it",
    ("plan", "table"): "looks like a table, not like a plan file of `mel-fast solve --output`",
    ("plan", "weights"): "looks like arrays of weights, not like a plan file",
}
_ANY = "looks like a {1}, not like a {2}"


def source(path: Path) -> Path:
    """Return where to read from: standard input for `-`."""
    return _STANDARD_INPUT if path == STDIN else path


def read_scenario(path: Path, changes: Mapping[tuple[str, ...], Any] | None = None) -> Problem:
    """Read a scenario file, or standard input for `-`; its tables then lie where the user is.

    Raises
    ------
    click.ClickException
        For a file of another kind, with what to do with it.
    ValueError
        With everything that is wrong with a scenario.
    """
    from mel_fast.scenarios.file import MOST_BYTES, load_scenario, scenario_of

    with hinted(path, "scenario"):
        if path != STDIN:
            return load_scenario(path, changes)
        try:
            with _STANDARD_INPUT.open("rb") as file:
                content = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise ValueError(f"standard input: {error.strerror}") from None
        return scenario_of(content, "standard input", Path(), changes)


def read_plan(path: Path) -> Plan:
    """Read a plan file, or standard input for `-`.

    Raises
    ------
    click.ClickException
        For a file of another kind, with what to do with it.
    ValueError, OSError
        As of `Plan.load`.
    """
    with hinted(path, "plan"):
        return Plan.load(source(path))


@contextmanager
def hinted(path: Path, wanted: str) -> Iterator[None]:
    """Add to a refusal what the file seems to be instead, and what to do with it."""
    try:
        yield
    except ValueError as error:
        found = kind_of(path)
        if found in (None, wanted):
            raise
        hint = _HINTS.get((wanted, found or ""), _ANY)
        name = plain(str(path), 200)
        raise click.ClickException(f"{name} {hint.format(name, found, wanted)}") from error


def kind_of(path: Path) -> str | None:
    """Guess what a regular file is from its first bytes; None for no guess."""
    try:
        if path == STDIN or not stat.S_ISREG(path.stat().st_mode):
            return None
        with path.open("rb") as file:
            head = file.read(_LOOKED_AT)
    except OSError:
        return None
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    text = head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if text.startswith("{"):
        return "plan" if '"mel_fast.plan"' in text or '"problem"' in text else "JSON file"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    rows = [line for line in lines if not line.startswith("#")]
    heads = {cell.strip() for cell in rows[0].split(",")} if rows else set()
    if heads & {column.head for column in COLUMNS.values()} and "=" not in rows[0]:
        return "table"
    if any(line in ("[task]", "[radio]", "[cycle]", "[learners]") for line in lines):
        return "scenario"
    if path.suffix == ".csv":
        return "table"
    return None
