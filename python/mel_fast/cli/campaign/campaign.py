"""`mel-fast campaign`: the least time in which the rounds that a target needs can be done."""

from pathlib import Path
from typing import Any

import click

from mel_fast.campaigns import campaign
from mel_fast.cli.shared.progress import CAMPAIGN, Line
from mel_fast.cli.shared.report import emit, format_option
from mel_fast.cli.shared.scenario import (
    EXIT_STATUS,
    check_plot,
    check_targets,
    read_problem,
    refusals,
    scenario_options,
)

HEAD = ("status", "tau", "rounds", "cycle_s", "total_s", "bound_s")


def _rounds(context: click.Context, parameter: click.Parameter, text: str) -> dict[int, float]:
    table: dict[int, float] = {}
    for word in text.split(","):
        tau, _, rounds = word.partition("=")
        try:
            known, needed = int(tau), float(rounds)
        except ValueError:
            raise click.BadParameter(f"{word!r}: must be TAU=ROUNDS, two numbers") from None
        if known in table:
            raise click.BadParameter(f"{word!r}: tau = {known} is given twice")
        table[known] = needed
    return table


@click.command("campaign")
@scenario_options
@click.option(
    "--needs",
    "rounds",
    required=True,
    callback=_rounds,
    metavar="TAU=ROUNDS,...",
    help="Rounds that the target needs with so many local cycles each.",
)
@click.option("--output", type=click.Path(path_type=Path), help="Write one round's plan file here.")
@click.option("--proof", type=click.Path(path_type=Path), help="Write the proof of its cycle.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw it: .png, .svg, .pdf.")
@format_option()
def command(
    rounds: Any, output: Path | None, proof: Path | None, plot: Path | None, form: str, **words: Any
) -> int:
    """Find how many local cycles a round should have for a target to be reached soonest.

    SCENARIO is a TOML file; its own deadline is of no consequence. With more local cycles fewer
    rounds are needed and each takes longer: for every tau in --needs the least cycle is bracketed,
    unless a proved bound rules it out. Both files are for `mel-fast check`: the plan of one round,
    and that its local cycles do not fit a shorter cycle. Exit status: 0 proved the soonest, 3 no
    cycle is long enough, 4 stopped by a limit, 2 wrong usage.
    """
    check_targets(output, proof, plot)
    check_plot(plot)
    with refusals(), Line(CAMPAIGN) as progress:
        found = campaign(read_problem(words), rounds, callback=progress, **words)
    above = None if found.least is None else found.least.proof
    for plan, target in ((found.plan, output), (above, proof)):
        if target is not None and plan is not None:
            with refusals():
                plan.save(target)
    if plot is not None:
        with refusals():
            found.plot(plot)
    head = {name: getattr(found, name) for name in HEAD}
    emit(form, "campaign", head, found.columns(), found.summary)
    return EXIT_STATUS[found.status]
