"""`mel-fast trade`: the least energy of some local cycles, deadline by deadline."""

import sys
from pathlib import Path
from typing import Any

import click

from mel_fast.cli.shared.report import format_option
from mel_fast.cli.shared.scenario import (
    check_plot,
    read_problem,
    refusals,
    scenario_options,
    told_of_energy,
)
from mel_fast.planning.energy.trade import trade


def _deadlines(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        raise click.BadParameter(f"{text!r}: must be seconds, parted by commas") from None


@click.command("trade")
@scenario_options
@click.option(
    "--tau", type=click.IntRange(min=1), required=True, help="Local cycles that must fit."
)
@click.option(
    "--deadlines",
    callback=_deadlines,
    metavar="S,S,...",
    help="Deadlines in seconds.  [16 from the shortest to four times that]",
)
@click.option("--plot", type=click.Path(path_type=Path), help="Draw it: .png, .svg, .pdf.")
@format_option()
def command(tau: int, deadlines: Any, plot: Path | None, form: str, **words: Any) -> int:
    """Find the least energy of TAU local cycles for each of several deadlines.

    SCENARIO is a TOML file that says what a flop takes; its own deadline is of no consequence.
    Exit status: 0 every energy bracketed to a relative 1e-6 or its deadline proved too short, 3 all
    of them too short, 4 stopped by a limit or not that close, 2 wrong usage.
    """
    check_plot(plot)
    if (scheme := words.pop("scheme")) != "joint":
        raise click.ClickException(f"--scheme {scheme}: least energies are planned jointly")
    with refusals():
        found = trade(read_problem(words), tau, deadlines, progress=sys.stderr.isatty(), **words)
        if plot is not None:
            found.plot(plot)
    return told_of_energy(found, form, "trade", tau=tau)
