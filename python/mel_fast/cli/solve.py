"""`mel-fast solve`: plan a scenario, or Table I."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from mel_fast._asked import MAX_THREADS
from mel_fast._atomic import beside
from mel_fast.cli.progress import SolveProgress
from mel_fast.cli.render import FORMATS, render
from mel_fast.plan import SCHEMES, Plan, Scheme
from mel_fast.problem import IDLES, Problem
from mel_fast.solving import THENS, Then, solve
from mel_fast.status import Interrupted, Status
from mel_fast.task import SETTINGS

EXIT_STATUS = {
    Status.OPTIMAL: 0,
    Status.INFEASIBLE: 3,
    Status.FEASIBLE: 4,
    Status.UNDECIDED: 4,
}
PLOT_SUFFIXES = (".png", ".svg", ".pdf")

_DRAWN = {"learners": ("learners", "draw", "count"), "seed": ("learners", "draw", "seed")}
_GIVEN = {
    "cycle_s": ("cycle", "cycle_s"),
    "idle": ("cycle", "idle"),
    "setting": ("task", "setting"),
}


@click.command("solve")
@click.argument("scenario", required=False, type=click.Path(path_type=Path))
@click.option("--scheme", type=click.Choice(SCHEMES), default="joint", show_default=True)
@click.option("--learners", type=int, help="Number K of learners to draw.  [Table I: 20]")
@click.option("--cycle-s", type=float, help="Deadline T in seconds.  [Table I: 30]")
@click.option("--seed", type=int, help="Seed of the draw.  [Table I: 0]")
@click.option("--setting", type=click.Choice(SETTINGS), help="Whether samples are sent.")
@click.option("--idle", type=click.Choice(IDLES), help="What a learner without samples needs.")
@click.option("--law", type=click.Choice(["density", "fixed"]), help="Link law (Table I only).")
@click.option("--time-limit-s", type=float, help="Stop after so many seconds with what is proved.")
@click.option("--threads", type=click.IntRange(1, MAX_THREADS), default=1, show_default=True)
@click.option(
    "--then",
    type=click.Choice(THENS),
    default="time",
    show_default=True,
    help="What to spare among plans with the best tau.",
)
@click.option("--start", type=click.Path(path_type=Path), help="A plan file to begin from.")
@click.option("--output", type=click.Path(path_type=Path), help="Write the plan file (JSON) here.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--plot", type=click.Path(path_type=Path), help="Draw the schemes: .png, .svg, .pdf.")
@click.option("--print-scenario", is_flag=True, help="Print Table I as a TOML to edit, and exit.")
def command(
    scenario: Path | None,
    scheme: Scheme,
    time_limit_s: float | None,
    threads: int,
    then: Then,
    start: Path | None,
    output: Path | None,
    form: str,
    plot: Path | None,
    print_scenario: bool,
    **changes: Any,
) -> int:
    """Plan SCENARIO (a TOML file); without one, the paper's Table I.

    Exit status: 0 optimal, 3 infeasible, 4 stopped by a limit or undecided, 2 wrong usage.
    """
    changes = {name: value for name, value in changes.items() if value is not None}
    if print_scenario:
        click.echo(_print_scenario(scenario, changes), nl=False)
        return 0
    _check_targets(output, plot)
    try:
        problem = problem_of(scenario, changes)
        words = {"scheme": scheme, "time_limit_s": time_limit_s, "threads": threads, "then": then}
        plan, interrupted = _solve(problem, start=_start(start), **words)
    except (ValueError, TypeError) as error:
        raise click.ClickException(str(error)) from None
    try:
        plans = _beside_baselines(plan, time_limit_s, threads) if plot is not None else ()
        _write(plan, output, plans, plot)
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        raise click.ClickException(f"{name}{error.strerror or error}") from None
    render(plan, form)
    if interrupted:
        raise KeyboardInterrupt
    return EXIT_STATUS[plan.status]


def _table1(changes: dict[str, Any]) -> Problem:
    from mel_fast.scenarios import table1

    return table1(**changes)


def problem_of(scenario: Path | None, changes: dict[str, Any]) -> Problem:
    """Return a scenario's problem, or Table I's without one, with what is given changed in it."""
    if scenario is None:
        return _table1(changes)
    from mel_fast.scenario_file import load_scenario

    if "law" in changes:
        raise click.ClickException(
            "--law is for Table I only: a scenario's law follows from its noise key in [radio]"
        )
    paths = {**_DRAWN, **_GIVEN}
    return load_scenario(scenario, {paths[name]: value for name, value in changes.items()})


def _print_scenario(scenario: Path | None, changes: dict[str, Any]) -> str:
    from mel_fast.scenario_text import table1_text

    if scenario is not None:
        raise click.ClickException("--print-scenario prints Table I; leave SCENARIO out")
    try:
        problem = _table1(changes)
    except (ValueError, TypeError) as error:
        raise click.ClickException(str(error)) from None
    return table1_text(problem, learners=len(problem.learners), seed=changes.get("seed", 0))


def _check_targets(*targets: Path | None) -> None:
    """Refuse before solving what could not be written after it."""
    for target in filter(None, targets):
        if target.is_dir():
            raise click.ClickException(f"{target}: is a folder, must be a file name")
        if not target.parent.is_dir():
            raise click.ClickException(f"{target}: no such folder: {target.parent}")
    plot = targets[-1]
    if plot is not None and plot.suffix not in PLOT_SUFFIXES:
        raise click.ClickException(f"--plot {plot}: must end in {', '.join(PLOT_SUFFIXES)}")


def _start(path: Path | None) -> Plan | None:
    try:
        return None if path is None else Plan.load(path)
    except OSError as error:
        raise click.ClickException(f"--start {path}: {error.strerror}") from None


def _solve(problem: Problem, **words: Any) -> tuple[Plan, bool]:
    progress = SolveProgress()
    try:
        plan = solve(problem, callback=progress, **words)
    except Interrupted as stop:
        return stop.plan, True
    finally:
        progress.clear()
    return plan, False


def _beside_baselines(plan: Plan, time_limit_s: float | None, threads: int) -> tuple[Plan, ...]:
    from mel_fast.plotting import all_schemes

    return all_schemes(plan, time_limit_s=time_limit_s, threads=threads)


def _write(plan: Plan, output: Path | None, plans: tuple[Plan, ...], plot: Path | None) -> None:
    """Write both files or neither."""
    with ExitStack() as stack:
        if output is not None:
            plan.save(stack.enter_context(beside(output)))
        if plot is not None:
            from mel_fast.plotting import save_figure

            save_figure(plans, stack.enter_context(beside(plot)))
