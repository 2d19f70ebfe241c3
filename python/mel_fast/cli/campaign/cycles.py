"""`mel-fast cycles`: the most local cycles where each learner has its own, for a plan's samples."""

from pathlib import Path

import click

from mel_fast.campaigns import MostCycles, most
from mel_fast.cli.shared.files import read_plan
from mel_fast.cli.shared.progress import CYCLES, Line
from mel_fast.cli.shared.render import learner_rows, learner_table
from mel_fast.cli.shared.report import emit, format_option
from mel_fast.cli.shared.scenario import EXIT_STATUS, check_targets, refusals
from mel_fast.solve.arguments import MAX_THREADS


@click.command("cycles")
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("--spread", type=float, help="Nobody does more than so many times another's cycles.")
@click.option("--time-limit-s", type=float, help="Stop after so many seconds.")
@click.option("--threads", type=click.IntRange(1, MAX_THREADS), default=1, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="Write the plan file here.")
@click.option(
    "--proof", type=click.Path(path_type=Path), help="Write the proof that more fail (no spread)."
)
@format_option()
def command(
    plan: Path,
    spread: float | None,
    time_limit_s: float | None,
    threads: int,
    output: Path | None,
    proof: Path | None,
    form: str,
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
        given = read_plan(plan)
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
    names = ("status", "value", "bound", "spread", "reasons", "passes", "elapsed_s")
    known = {name: getattr(found, name) for name in names}
    emit(form, "cycles", known, learner_rows(found.columns()), lambda: _text(found))
    return EXIT_STATUS[found.status]


def _text(found: MostCycles) -> str:
    if found.cycles is None:
        return found.summary()
    return f"{found.summary()}\n\n{learner_table(found.problem.learners, found.columns())}"
