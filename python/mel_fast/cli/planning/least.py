"""`mel-fast least` (alias `fastest`): the least deadline or budget for a number of local cycles."""

from pathlib import Path
from typing import Any

import click

from mel_fast.cli.shared.progress import LEAST, Line
from mel_fast.cli.shared.report import format_option
from mel_fast.cli.shared.scenario import (
    AMOUNTS,
    check_targets,
    read_problem,
    refusals,
    scenario_options,
    told,
)
from mel_fast.planning import least


@click.command("least")
@scenario_options
@click.option(
    "--tau", type=click.IntRange(min=1), required=True, help="Local cycles that must fit."
)
@click.option(
    "--over",
    type=AMOUNTS,
    default="cycle_s",
    show_default=True,
    help="What is least.",
)
@click.option(
    "--at-least", type=click.IntRange(min=0), metavar="N", help="Learners that must have samples."
)
@click.option("--output", type=click.Path(path_type=Path), help="Write the plan file here.")
@click.option("--proof", type=click.Path(path_type=Path), help="Write the proof that less fails.")
@format_option()
def command(
    tau: int, over: Any, output: Path | None, proof: Path | None, form: str, **words: Any
) -> int:
    """Find the least deadline (or --over another budget) in which TAU local cycles fit.

    SCENARIO is a TOML file; without one, the paper's Table I. Both files are for `mel-fast check`.
    Exit status: 0 bracketed to a relative 1e-9, 3 no amount suffices, 4 stopped by a limit, 2 wrong
    usage.
    """
    check_targets(output, proof)
    with refusals(), Line(LEAST) as progress:
        found = least(read_problem(words), tau, over, callback=progress, **words)
    return told(found, form, "least", output, proof)
