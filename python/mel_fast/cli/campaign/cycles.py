"""`mel-fast cycles`: the most local cycles where each learner has its own, for a plan's samples."""

from pathlib import Path

import click
import numpy as np

from mel_fast.campaigns import most
from mel_fast.cli.shared.progress import CYCLES, Line
from mel_fast.cli.shared.scenario import EXIT_STATUS, check_targets, refusals
from mel_fast.plans.plan import Plan
from mel_fast.solve.arguments import MAX_THREADS

_LISTED = 30  # learners


@click.command("cycles")
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("--spread", type=float, help="Nobody does more than so many times another's cycles.")
@click.option("--time-limit-s", type=float, help="Stop after so many seconds.")
@click.option("--threads", type=click.IntRange(1, MAX_THREADS), default=1, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="Write the plan file here.")
@click.option(
    "--proof", type=click.Path(path_type=Path), help="Write the proof that more fail (no spread)."
)
def command(
    plan: Path,
    spread: float | None,
    time_limit_s: float | None,
    threads: int,
    output: Path | None,
    proof: Path | None,
) -> int:
    """Find the most local cycles in all, each learner its own, with the samples of a plan file.

    Both files are for `mel-fast check`: in them cycles and samples have changed places. Exit
    status: 0 found and proved, 3 not everybody can do one, 4 stopped by a limit or open in double
    precision, 2 wrong usage.
    """
    if spread is not None and proof is not None:
        raise click.ClickException("--proof is of one claim: with --spread there are several")
    check_targets(output, proof)
    with refusals(), Line(CYCLES) as progress:
        given = Plan.load(plan)
        if given.samples is None:
            raise ValueError(f"{plan}: the plan is {given.status}, without samples")
        found = most(
            given.problem,
            samples=given.samples,
            spread=spread,
            time_limit_s=time_limit_s,
            threads=threads,
            callback=progress,
        )
        for claim, target in ((found.plan, output), (found.proof, proof)):
            if target is not None and claim is not None:
                claim.save(target)
    click.echo(found.summary())
    if found.cycles is not None:
        learners = given.problem.learners
        for k in np.flatnonzero(found.cycles)[:_LISTED].tolist():
            click.echo(f"  learner {learners.name(k)}: {found.cycles[k]:,}")
        if np.count_nonzero(found.cycles) > _LISTED:
            click.echo("  ...")
    return EXIT_STATUS[found.status]
