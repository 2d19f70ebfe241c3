"""`mel-fast most`: the most samples that fit at a number of local cycles."""

from pathlib import Path
from typing import Any

import click

from mel_fast.campaigns import most
from mel_fast.cli.shared.progress import MOST, Line
from mel_fast.cli.shared.report import format_option
from mel_fast.cli.shared.scenario import (
    check_targets,
    read_problem,
    refusals,
    scenario_options,
    told,
)
from mel_fast.plans.claims.no_more import WORTHS


@click.command("most")
@scenario_options
@click.option(
    "--tau", type=click.IntRange(min=1), required=True, help="Local cycles that must fit."
)
@click.option(
    "--of", type=click.Choice(WORTHS), default="samples", show_default=True, help="What counts."
)
@click.option("--output", type=click.Path(path_type=Path), help="Write the plan file here.")
@click.option("--proof", type=click.Path(path_type=Path), help="Write the proof that more fail.")
@format_option()
def command(
    tau: int, of: Any, output: Path | None, proof: Path | None, form: str, **words: Any
) -> int:
    """Find the most samples with which TAU local cycles fit, whatever the scenario's own number.

    Or the most that samples times weights, or learners with samples, add up to: --of.

    SCENARIO is a TOML file; without one, the paper's Table I. Both files are for `mel-fast check`.
    Exit status: 0 found and proved, 3 not even the fewest samples fit, 4 stopped by a limit or
    open in double precision, 2 wrong usage.
    """
    check_targets(output, proof)
    with refusals(), Line(MOST) as progress:
        found = most(read_problem(words), tau, of, callback=progress, **words)
    return told(found, form, "most", output, proof)
