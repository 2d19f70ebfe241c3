"""`mel-fast cells`: several cells with radios of their own share the samples of one task."""

from pathlib import Path
from typing import Any

import click

from mel_fast._base.untrusted import plain
from mel_fast.campaigns import Association, Cells, cells
from mel_fast.cli.shared.files import STDIN, read_scenario
from mel_fast.cli.shared.progress import SOLVING, Line
from mel_fast.cli.shared.render import learner_rows, learner_table
from mel_fast.cli.shared.report import emit, format_option
from mel_fast.cli.shared.scenario import EXIT_STATUS, check_targets, no_warnings_option, refusals
from mel_fast.cli.shared.table import table
from mel_fast.solve.arguments import MAX_THREADS


@click.command("cells")
@click.argument("scenarios", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--associate",
    is_flag=True,
    help="All cells have the same learners; say who is in which.",
)
@no_warnings_option
@click.option("--time-limit-s", type=float, help="Stop after so many seconds.")
@click.option("--threads", type=click.IntRange(1, MAX_THREADS), default=1, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Folder for a plan file of each cell.")
@format_option()
def command(
    scenarios: tuple[Path, ...],
    associate: bool,
    time_limit_s: float | None,
    threads: int,
    out: Path | None,
    form: str,
) -> int:
    """Find the most local cycles that cells can do in common on one task.

    A cell is a TOML file of SCENARIOS, - for standard input; all state the samples of the whole
    task, which are dealt over the cells. With --associate every file has the same learners, as
    they are in that cell. Plan files are for `mel-fast check`. Exit status: 0 found and proved,
    3 infeasible, 4 stopped by a limit or undecided, 2 wrong usage.
    """
    if scenarios.count(STDIN) > 1:
        raise click.ClickException("-: standard input can be read once only")
    targets = _targets(out, len(scenarios))
    with refusals(), Line(SOLVING) as progress:
        problems = [read_scenario(path) for path in scenarios]
        words: dict[str, Any] = {"time_limit_s": time_limit_s, "threads": threads}
        found: Cells | Association = (
            cells(problems, associate=True, callback=progress, **words)
            if associate
            else cells(problems, callback=progress, **words)
        )
        for plan, target in zip(found.plans or (), targets, strict=False):
            if plan is not None:
                plan.save(target)
    names = ("status", "tau", "bound", "samples", "reasons", "passes", "elapsed_s")
    known = {name: getattr(found, name) for name in names}
    if isinstance(found, Association):
        emit(form, "cells", known, _learners(found), lambda: _associated(found))
    else:
        rows = _cells(found, scenarios)
        emit(form, "cells", known, rows, lambda: _dealt(found, rows))
    return EXIT_STATUS[found.status]


def _targets(out: Path | None, count: int) -> list[Path]:
    if out is None:
        return []
    with refusals():
        out.mkdir(parents=True, exist_ok=True)
    targets = [out / f"cell-{number}.json" for number in range(count)]
    check_targets(*targets)
    return targets


def _cells(found: Cells, scenarios: tuple[Path, ...]) -> dict[str, Any]:
    """Return one row a cell."""
    names = [plain(str(path), 200) for path in scenarios]
    rows = found.columns()
    return {"cell": list(range(len(names))), "scenario": names, **rows}


def _learners(found: Association) -> dict[str, Any]:
    """Return one row a learner; none where there are no plans."""
    if found.cell is None or found.learner_samples is None:
        return dict.fromkeys(("learner", "cell", "samples"), ())
    columns: dict[str, Any] = {"cell": found.cell, "samples": found.learner_samples}
    names = found.problems[0].learners.names
    return learner_rows(columns if names is None else {"name": names, **columns})


def _dealt(found: Cells, rows: dict[str, Any]) -> str:
    lines = [line for line in found.summary().split("\n") if not line.startswith("  cell ")]
    return "\n".join([*lines, "", table(rows)])


def _associated(found: Association) -> str:
    rows = _learners(found)
    if not len(rows["learner"]):
        return found.summary()
    return f"{found.summary()}\n\n{learner_table(found.problems[0].learners, rows)}"
