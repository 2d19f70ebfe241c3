"""What the commands of the planner share: the scenario's options, limits and targets."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from mel_fast._asked import MAX_THREADS
from mel_fast.cli.solve import problem_of
from mel_fast.plan import SCHEMES
from mel_fast.problem import IDLES, Problem
from mel_fast.task import SETTINGS

Command = TypeVar("Command", bound=Callable[..., Any])

RESOURCES = click.Choice(["cycle_s", "bandwidth_hz", "power_w"])

_SCENARIO = ("scenario", "learners", "cycle_s", "seed", "setting", "idle", "law")
_OPTIONS = (
    click.argument("scenario", required=False, type=click.Path(path_type=Path)),
    click.option("--scheme", type=click.Choice(SCHEMES), default="joint", show_default=True),
    click.option("--learners", type=int, help="Number K of learners to draw.  [Table I: 20]"),
    click.option("--cycle-s", type=float, help="Deadline T in seconds.  [Table I: 30]"),
    click.option("--seed", type=int, help="Seed of the draw.  [Table I: 0]"),
    click.option("--setting", type=click.Choice(SETTINGS), help="Whether samples are sent."),
    click.option("--idle", type=click.Choice(IDLES), help="What an idle learner needs."),
    click.option("--law", type=click.Choice(["density", "fixed"]), help="Link law (Table I only)."),
    click.option("--time-limit-s", type=float, help="Stop after so many seconds."),
    click.option("--threads", type=click.IntRange(1, MAX_THREADS), default=1, show_default=True),
)


def scenario_options(command: Command) -> Command:
    """Add the argument SCENARIO, what may be changed in it, and the solver's limits."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_problem(words: dict[str, Any]) -> Problem:
    """Take the scenario's words out of a command's and return the problem."""
    given = {name: words.pop(name) for name in _SCENARIO}
    scenario = given.pop("scenario")
    return problem_of(scenario, {n: value for n, value in given.items() if value is not None})


def check_folder(*targets: Path | None) -> None:
    """Refuse before solving what could not be written after it."""
    for target in filter(None, targets):
        if target.is_dir() or not target.parent.is_dir():
            raise click.ClickException(f"{target}: no such folder, or not a file name")
