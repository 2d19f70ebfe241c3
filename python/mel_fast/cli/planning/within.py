"""`mel-fast within`: the most local cycles within an energy that all learners have in common."""

import sys
from pathlib import Path
from typing import Any

import click

from mel_fast.cli.shared.report import emit, format_option
from mel_fast.cli.shared.scenario import (
    EXIT_STATUS,
    check_targets,
    read_problem,
    refusals,
    scenario_options,
)
from mel_fast.planning.energy.within import within


@click.command("within")
@scenario_options
@click.option("--energy-budget-j", type=float, required=True, help="Joules of all learners.")
@click.option("--output", type=click.Path(path_type=Path), help="Write the plan file here.")
@click.option("--proof", type=click.Path(path_type=Path), help="Write the proof of its bound.")
@format_option()
def command(
    energy_budget_j: float, output: Path | None, proof: Path | None, form: str, **words: Any
) -> int:
    """Find the most local cycles for which all learners together have energy enough.

    SCENARIO is a TOML file with shared = "return" and what a flop takes. Both files are for
    `mel-fast check`: the plan, and the one of least energy at one local cycle more, whose bound is
    above the budget. Exit status: 0 proved the most, 3 proved that not even one
    local cycle, 4 the bound is open, 2 wrong usage.
    """
    check_targets(output, proof)
    if (scheme := words.pop("scheme")) != "joint":
        raise click.ClickException(f"--scheme {scheme}: an energy in common is planned jointly")
    with refusals():
        found = within(read_problem(words), energy_budget_j, progress=sys.stderr.isatty(), **words)
    above = None if found.proof is None else found.proof.proof
    for plan, target in ((found.plan, output), (above, proof)):
        if target is not None and plan is not None:
            with refusals():
                plan.save(target)
    rows = found.columns()
    one = {name: values[0] for name, values in rows.items()}
    emit(form, "within", one, rows, found.summary)
    return EXIT_STATUS[found.status]
