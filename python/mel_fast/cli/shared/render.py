"""A plan on stdout: a rich table on a terminal, plain text in a pipe, JSON or CSV on request."""

import csv
import sys

import click
import numpy as np

from mel_fast.plans.plan import Plan
from mel_fast.plans.words.text import facts, summary

FORMATS = ("table", "json", "csv")
_COLUMNS = (
    "samples",
    "blocks",
    "bandwidth_hz",
    "power_w",
    "send_s",
    "compute_s",
    "return_s",
    "total_s",
)

_TERMINAL_ROWS = 40
_TERMINAL = {  # heads and scales that fit into 80 characters
    "bandwidth_hz": ("bandwidth\nMHz", 1e-6),
    "power_w": ("power\nmW", 1e3),
    "send_s": ("send\ns", 1.0),
    "compute_s": ("compute\ns", 1.0),
    "return_s": ("return\ns", 1.0),
    "total_s": ("total\ns", 1.0),
}


def render(plan: Plan, form: str) -> None:
    """Print a plan in one of `FORMATS`."""
    if form == "json":
        click.echo(plan.to_json())
    elif form == "csv":
        _csv(plan)
    elif sys.stdout.isatty():
        _rich(plan)
    else:
        _plain(plan)


def _columns(plan: Plan) -> dict[str, np.ndarray]:
    """Return what is printed of a plan; without a plan, the names only."""
    skipped = () if plan.problem.radio.block_hz is not None else ("blocks",)
    return {name: getattr(plan, name) for name in _COLUMNS if name not in skipped}


def _csv(plan: Plan) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    columns = _columns(plan)
    names = plan.problem.learners.names
    writer.writerow(("learner", *(() if names is None else ("name",)), *columns))
    if plan.samples is not None:
        cells = [column.tolist() for column in columns.values()]
        cells = cells if names is None else [names.tolist(), *cells]
        writer.writerows((learner, *row) for learner, row in enumerate(zip(*cells, strict=True)))


def _row(columns: list[np.ndarray], learner: int, names: np.ndarray | None) -> list[str]:
    """Return one learner's cells, reals at six digits."""
    cells = (column[learner] for column in columns)
    who = learner if names is None else names[learner]
    return [str(who), *(f"{x:,}" if isinstance(x, np.integer) else f"{x:.6g}" for x in cells)]


def _plain(plan: Plan) -> None:
    click.echo(summary(plan))
    if plan.samples is None:
        return
    columns = _columns(plan)
    cells, names = list(columns.values()), plan.problem.learners.names
    rows = [["learner", *columns], *(_row(cells, k, names) for k in range(plan.samples.size))]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    lines = (
        "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    click.echo("\n" + "\n".join(lines))


def _rich(plan: Plan) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    grid = Table.grid(padding=(0, 2))
    for label, text in facts(plan):
        grid.add_row(Text(label, style="bold"), Text(text))
    console.print(grid)
    if plan.samples is None:
        return
    table = Table(header_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    columns = []
    table.add_column("learner", justify="right", overflow="fold")
    for name, column in _columns(plan).items():
        head, scale = _TERMINAL.get(name, (name, 1))
        table.add_column(head, justify="right", overflow="fold")
        columns.append(column * scale)
    shown = min(plan.samples.size, _TERMINAL_ROWS)
    for learner in range(shown):
        table.add_row(*map(Text, _row(columns, learner, plan.problem.learners.names)))
    console.print(table)
    if shown < plan.samples.size:
        rest = plan.samples.size - shown
        console.print(f"... and {rest:,} more learners; --format csv prints them all")
