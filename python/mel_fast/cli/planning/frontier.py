"""`mel-fast frontier`: where tau steps up as the deadline or a budget grows."""

import sys
from pathlib import Path
from typing import Any

import click

from mel_fast.cli.shared.report import emit, format_option
from mel_fast.cli.shared.scenario import (
    AMOUNTS,
    EXIT_STATUS,
    check_plot,
    read_problem,
    refusals,
    scenario_options,
    told_of_energy,
)
from mel_fast.planning import frontier
from mel_fast.planning.energy.frontier import EnergyFrontier
from mel_fast.plans.status import Status


@click.command("frontier")
@scenario_options
@click.option(
    "--over",
    type=AMOUNTS,
    default="cycle_s",
    show_default=True,
    help="What grows.",
)
@click.option("--from", "start", type=float, help="Where to begin.  [below the first breakpoint]")
@click.option("--to", "stop", type=float, help="Where to end.  [twice what the scenario has]")
@click.option("--max-steps", type=click.IntRange(min=1), default=1000, show_default=True)
@click.option("--plot", type=click.Path(path_type=Path), help="Draw it: .png, .svg, .pdf.")
@format_option()
def command(plot: Path | None, form: str, **words: Any) -> int:
    """List the amounts at which one more local cycle fits, each proved from both sides.

    SCENARIO is a TOML file; without one, the paper's Table I. With --over energy_j: the least
    energy that all learners spend together, for each number of local cycles that fits. Exit status:
    0 every breakpoint bracketed to a relative 1e-9 (an energy 1e-6), 3 infeasible even with the
    most of the range, 4 stopped by a limit or not that close, 2 wrong usage.
    """
    check_plot(plot)
    with refusals():
        found = frontier(read_problem(words), progress=sys.stderr.isatty(), **words)
        if plot is not None:
            found.plot(plot)
    if isinstance(found, EnergyFrontier):
        return told_of_energy(found, form, "frontier", most=found.most)
    known = {name: getattr(found, name) for name in ("over", "scheme", "start", "stop", "first")}
    rows = {"tau": found.tau, found.over: found.amount, "proved_too_little": found.lower}
    emit(form, "frontier", {"status": found.status, **known}, rows, found.summary)
    if found.status is Status.OPTIMAL:
        return 0 if found.steps or found.first else EXIT_STATUS[Status.INFEASIBLE]
    return EXIT_STATUS[found.status]
