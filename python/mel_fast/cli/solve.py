"""`mel-fast solve`: plan a scenario, or Table I."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from mel_fast._base.atomic import beside
from mel_fast.cli.shared.files import read_plan
from mel_fast.cli.shared.progress import SOLVING, Line
from mel_fast.cli.shared.render import render
from mel_fast.cli.shared.report import format_option
from mel_fast.cli.shared.scenario import (
    EXIT_STATUS,
    check_plot,
    check_targets,
    problem_of,
    refusals,
    scenario_options,
    take_changes,
)
from mel_fast.model.problem import Problem
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import THENS
from mel_fast.solve.single import solve


@click.command("solve")
@scenario_options
@click.option(
    "--then",
    type=click.Choice(THENS),
    default="time",
    show_default=True,
    help="What to spare among plans with the best tau.",
)
@click.option("--start", type=click.Path(path_type=Path), help="A plan file to begin from.")
@click.option(
    "--keep",
    metavar="LEARNERS",
    help="Learners (numbers or names) that keep their samples: 0,3 as in --start, or 0=12,3=8.",
)
@click.option(
    "--at-least", type=click.IntRange(min=0), metavar="N", help="Learners that must have samples."
)
@click.option("--output", type=click.Path(path_type=Path), help="Write the plan file (JSON) here.")
@format_option()
@click.option("--plot", type=click.Path(path_type=Path), help="Draw the schemes: .png, .svg, .pdf.")
@click.option("--print-scenario", is_flag=True, help="Print Table I as a TOML to edit, and exit.")
def command(
    start: Path | None,
    keep: str | None,
    output: Path | None,
    form: str,
    plot: Path | None,
    print_scenario: bool,
    **words: Any,
) -> int:
    """Plan SCENARIO (a TOML file); without one, the paper's Table I.

    Exit status: 0 optimal, 3 infeasible, 4 stopped by a limit or undecided, 2 wrong usage.
    """
    scenario = words.pop("scenario")
    changes = take_changes(words)
    if print_scenario:
        click.echo(_print_scenario(scenario, changes), nl=False)
        return 0
    check_plot(plot)
    check_targets(output, plot)
    with refusals():
        problem = problem_of(scenario, changes)
        begin = _start(start)
        plan, interrupted = _solve(problem, start=begin, keep=_keep(keep, problem), **words)
        plans = _beside_baselines(plan, words) if plot is not None else ()
        _write(plan, output, plans, plot)
    render(plan, form)
    if interrupted:
        raise KeyboardInterrupt
    return EXIT_STATUS[plan.status]


def _print_scenario(scenario: Path | None, changes: dict[str, Any]) -> str:
    from mel_fast.scenarios.text import table1_text

    if scenario is not None:
        raise click.ClickException("--print-scenario prints Table I; leave SCENARIO out")
    with refusals():
        problem = problem_of(None, changes)
    return table1_text(problem, learners=len(problem.learners), seed=changes.get("seed", 0))


def _start(path: Path | None) -> Plan | None:
    try:
        return None if path is None else read_plan(path)
    except OSError as error:
        raise click.ClickException(f"--start {path}: {error.strerror}") from None


def _keep(text: str | None, problem: Problem) -> list[int | str] | dict[int | str, int] | None:
    if text is None:
        return None
    names = problem.learners.names
    known = set() if names is None else set(names.tolist())

    def learner(word: str) -> int | str:
        return word if word in known or not word.isdecimal() else int(word)

    pairs = [[part.strip() for part in each.rpartition("=")] for each in text.split(",")]
    try:
        if all(equals for _, equals, _ in pairs):
            return {learner(who): int(samples) for who, _, samples in pairs}
        if not any(equals for _, equals, _ in pairs):
            return [learner(who) for _, _, who in pairs]
    except ValueError:
        pass
    raise click.ClickException(
        f"--keep {text}: must be learners such as 0,3 or learners with samples such as 0=1200,3=800"
    )


def _solve(problem: Problem, **words: Any) -> tuple[Plan, bool]:
    with Line(SOLVING) as progress:
        try:
            return solve(problem, callback=progress, **words), False
        except Interrupted as stop:
            return stop.plan, True


def _beside_baselines(plan: Plan, words: dict[str, Any]) -> tuple[Plan, ...]:
    from mel_fast.figures.plan import all_schemes

    return all_schemes(plan, time_limit_s=words["time_limit_s"], threads=words["threads"])


def _write(plan: Plan, output: Path | None, plans: tuple[Plan, ...], plot: Path | None) -> None:
    """Make both files before either appears."""
    with ExitStack() as stack:
        if output is not None:
            plan.save(stack.enter_context(beside(output)))
        if plot is not None:
            from mel_fast.figures.plan import save_figure

            save_figure(plans, stack.enter_context(beside(plot)))
