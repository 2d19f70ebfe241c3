"""`mel-fast reproduce`: the paper's figures, and the published numbers beside the reproduced."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from mel_fast.cli import say
from mel_fast.cli.shared.report import emit_files, format_option

CHOICES = ("fig1", "fig2", "fig3", "fig4", "report", "best", "all", "tiers", "radio", "hierarchy")


class _Bars:
    """Progress bars of rich on stderr; in a pipe only the notices."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self.console = Console(stderr=True)
        self.bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total}"),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
        )

    def task(self, name: str, steps: int) -> Callable[[], Any]:
        """Begin a task and return what is to be called at every step."""
        number = self.bars.add_task(name, total=steps)
        return lambda: self.bars.advance(number)

    def notice(self, line: str) -> None:
        """Print a line on stderr."""
        say(line)


@click.command("reproduce")
@click.argument("figures", nargs=-1, type=click.Choice(CHOICES), metavar="[FIGURE]...")
@click.option(
    "--draws",
    type=click.IntRange(1, 10_000_000),
    default=1000,
    show_default=True,
    help="Channel draws behind every median.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Folder with MNIST's four IDX files, gzipped or not; without it MNIST comes from OpenML.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("reproduced"),
    show_default=True,
    help="Folder for figures, CSV files, the report and the training's checkpoints.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option(
    "--cycles",
    type=click.IntRange(1, 10_000),
    default=10,
    show_default=True,
    help="Global cycles of fig3 and fig4.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 1024),
    default=min(2, os.cpu_count() or 1),
    show_default=True,
    help="Processes that train.",
)
@click.option("--quick", is_flag=True, help="A run of seconds with few draws and few data.")
@format_option()
def command(
    figures: tuple[str, ...],
    draws: int,
    data: Path | None,
    out: Path,
    seed: int,
    cycles: int,
    jobs: int,
    quick: bool,
    form: str,
) -> None:
    """Reproduce the paper's experiments.

    FIGURE is fig1 (tau against K), fig2 (tau against T), fig3, fig4 (accuracy on MNIST), report
    (published numbers beside reproduced ones, and what changes them), best (joint against the
    baselines and simple rules for K up to 10,000) or all (the default); or tiers, the tables and
    figures of another report, on jobs over end devices, edge and cloud; or radio, the time to an
    accuracy with the chosen plan and payload beside rivals, on MNIST; or hierarchy, the same with
    edges under a cloud, against a single cell.

    Prints the files that were written. Training continues from the checkpoints in the output
    folder when it was interrupted. Exit status: 0 done, 2 wrong usage.
    """
    from mel_fast.experiments.reproduce import HIERARCHY, PARTS, RADIO, TIERS, Options, reproduce
    from mel_fast.learning import DataError

    chosen = {*figures, *(PARTS if not figures or "all" in figures else ())}
    parts = tuple(part for part in (*PARTS, TIERS, RADIO, HIERARCHY) if part in chosen)
    options = Options(parts, out, draws, cycles, seed, data, jobs, quick)
    bars = _Bars()
    try:
        with bars.bars:
            written = reproduce(options, bars)
    except (OSError, DataError) as error:
        raise click.ClickException(" ".join(str(error).split())) from None
    emit_files(form, "reproduce", written)
