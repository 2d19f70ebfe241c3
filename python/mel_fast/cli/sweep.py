"""`mel-fast sweep`: solve a scenario over a grid of values."""

from pathlib import Path

import click
import numpy as np

from mel_fast.cli import say
from mel_fast.cli.shared.report import emit, format_option
from mel_fast.cli.shared.scenario import check_plot, check_targets, no_warnings_option, refusals
from mel_fast.plans.interrupted import Interrupted
from mel_fast.solve.arguments import MAX_THREADS
from mel_fast.sweep import sweep
from mel_fast.sweep._run import check_drawable
from mel_fast.sweep._table import SweepTable

PROVED_STATUS = 0
ALL_INFEASIBLE_STATUS = 3
OPEN_STATUS = 4

Number = int | float

_EXAMPLE = """\b
mel-fast sweep --over learners=5,10,20 --over seed=0:100
    --over scheme=joint,task_only --output sweep.csv --plot sweep.png
"""


@click.command("sweep", epilog=_EXAMPLE)
@click.argument("scenario", required=False, default="table1")
@click.option(
    "--over",
    "axes",
    multiple=True,
    required=True,
    metavar="NAME=VALUES",
    help="An axis: NAME=1,2,5 or NAME=FIRST:STOP[:STEP] (integers, STOP left out). Repeat.",
)
@click.option("--output", type=click.Path(path_type=Path), help="Rows go here: .csv or .parquet.")
@click.option("--restart", is_flag=True, help="Solve all again instead of going on with --output.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw tau: .png, .svg, .pdf.")
@click.option("--plot-over", metavar="NAME", help="The axis to draw over.  [the first of numbers]")
@no_warnings_option
@click.option("--time-limit-s", type=float, help="Seconds for each problem.")
@click.option("--threads", type=click.IntRange(1, MAX_THREADS), default=1, show_default=True)
@click.option("-q", "--quiet", is_flag=True, help="No progress bar.")
@format_option(None)
def command(
    scenario: str,
    axes: tuple[str, ...],
    output: Path | None,
    restart: bool,
    plot: Path | None,
    plot_over: str | None,
    time_limit_s: float | None,
    threads: int,
    quiet: bool,
    form: str | None,
) -> int:
    """Solve SCENARIO (a TOML file, or table1) for every combination of the axes' values.

    Axes of table1 are its parameters (learners, cycle_s, seed, draw, law, idle, ...), of a file
    learners, seed, draw, cycle_s, idle, setting or the path of a key (radio.bandwidth_hz); scheme
    goes with both. Without --output the rows are printed, as CSV unless --format says otherwise;
    with it only where --format is given. Interrupted, the same command goes on.

    Exit status: 0 every row proved (optimal or infeasible), 3 every row infeasible, 4 some row
    stopped by a limit, undecided or invalid, 2 wrong usage, 130 interrupted.
    """
    over = dict(_axis(text) for text in axes)
    if len(over) < len(axes):
        raise click.ClickException("--over: an axis is given twice")
    check_plot(plot)
    check_targets(output, plot)
    if plot_over is not None and plot is None:
        raise click.ClickException("--plot-over is for --plot: give both")
    try:
        with refusals():
            if plot is not None:
                check_drawable(scenario, over, plot_over)
            table = sweep(
                scenario,
                over,
                output=output,
                resume=not restart,
                threads=threads,
                time_limit_s=time_limit_s,
                progress=not quiet,
            )
    except Interrupted as stop:
        where = f"; the same command goes on from {output}" if output is not None else ""
        say(f"{len(stop.table)} rows are done{where}")
        raise
    if output is not None:
        words, numbers = np.unique(table["status"], return_counts=True)
        how = ", ".join(f"{n:,} {word}" for word, n in zip(words, numbers, strict=True))
        say(f"{len(table):,} rows are in {output}: {how}")
    if output is None or form is not None:
        grid = {name: list(values) for name, values in table.axes.items()}
        emit(form or "csv", "sweep", {"axes": grid}, table.columns(), table.summary)
    if plot is not None:
        _draw(table, plot, plot_over)
    return _exit_status(table)


def _draw(table: SweepTable, plot: Path, over: str | None) -> None:
    with refusals():
        try:
            table.plot(plot, x=over)
        except ValueError as error:  # no row is proved, which the exit status tells
            say(f"no figure: {error}")
        else:
            say(f"the figure is in {plot}")


def _axis(text: str) -> tuple[str, list[Number | str]]:
    name, equals, values = text.partition("=")
    if not equals or not name.strip() or not values.strip():
        raise click.ClickException(f"--over {text}: must be NAME=VALUES")
    if ":" in values:
        try:
            span = range(*(int(part) for part in values.split(":")))
        except (ValueError, TypeError):
            raise click.ClickException(
                f"--over {text}: FIRST:STOP[:STEP] must be two or three integers, STEP not 0"
            ) from None
        if not span:
            raise click.ClickException(f"--over {text}: has no values")
        return name.strip(), list(span)
    return name.strip(), [_value(part.strip()) for part in values.split(",")]


def _value(text: str) -> Number | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _exit_status(table: SweepTable) -> int:
    status = table["status"]
    if not np.isin(status, ("optimal", "infeasible")).all():
        return OPEN_STATUS
    return ALL_INFEASIBLE_STATUS if (status == "infeasible").all() else PROVED_STATUS
