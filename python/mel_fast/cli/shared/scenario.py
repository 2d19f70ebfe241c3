"""What the commands share: the scenario's options, limits and targets."""

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mel_fast._base.atomic import check_writable, is_special, resolved
from mel_fast._base.optional import require
from mel_fast.cli.shared.files import read_scenario
from mel_fast.cli.shared.report import emit
from mel_fast.model.problem import IDLES, Problem
from mel_fast.model.task import SETTINGS
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import SCHEMES, Status
from mel_fast.solve.arguments import MAX_THREADS
from mel_fast.solve.single import solve

if TYPE_CHECKING:
    from mel_fast.bracket.energy.least import LeastEnergy
    from mel_fast.campaigns import Most
    from mel_fast.planning import Least
    from mel_fast.planning.energy.curve import EnergyCurve

Command = TypeVar("Command", bound=Callable[..., Any])

AMOUNTS = click.Choice(["cycle_s", "bandwidth_hz", "power_w", "energy_j"])
# What a command exits with, by what is known in the end: 2 is wrong usage.
EXIT_STATUS = {
    Status.OPTIMAL: 0,
    Status.INFEASIBLE: 3,
    Status.FEASIBLE: 4,
    Status.UNDECIDED: 4,
}
PLOT_SUFFIXES = (".png", ".svg", ".pdf")

# The options that change a scenario, and where a scenario file has what they change.
_PATHS: dict[str, tuple[str, ...]] = {
    "learners": ("learners", "draw", "count"),
    "cycle_s": ("cycle", "cycle_s"),
    "seed": ("learners", "draw", "seed"),
    "setting": ("task", "setting"),
    "idle": ("cycle", "idle"),
    "block_hz": ("radio", "block_hz"),
}


def _silence(context: click.Context, parameter: click.Parameter, given: bool) -> None:
    if given:
        warnings.filterwarnings("ignore", message="implausible: ")


no_warnings_option = click.option(
    "--no-warnings",
    is_flag=True,
    expose_value=False,
    callback=_silence,
    help="No remarks on implausible values.",
)
_OPTIONS = (
    click.argument("scenario", required=False, type=click.Path(path_type=Path)),
    click.option("--scheme", type=click.Choice(SCHEMES), default="joint", show_default=True),
    click.option("--learners", type=int, help="Number K of learners to draw.  [Table I: 20]"),
    click.option("--cycle-s", type=float, help="Deadline T in seconds.  [Table I: 30]"),
    click.option("--seed", type=int, help="Seed of the draw.  [Table I: 0]"),
    click.option("--setting", type=click.Choice(SETTINGS), help="Whether samples are sent."),
    click.option("--idle", type=click.Choice(IDLES), help="What a learner without samples needs."),
    click.option("--law", type=click.Choice(["density", "fixed"]), help="Link law (Table I only)."),
    click.option("--block-hz", type=float, help="Share bandwidth out in blocks of this width."),
    click.option("--time-limit-s", type=float, help="Stop after so many seconds."),
    no_warnings_option,
    click.option("--threads", type=click.IntRange(1, MAX_THREADS), default=1, show_default=True),
)


def scenario_options(command: Command) -> Command:
    """Add the argument SCENARIO, what may be changed in it, and the solver's limits."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def take_changes(words: dict[str, Any]) -> dict[str, Any]:
    """Take what changes a scenario out of a command's words, as far as it was given."""
    taken = {name: words.pop(name) for name in (*_PATHS, "law")}
    return {name: value for name, value in taken.items() if value is not None}


def problem_of(scenario: Path | None, changes: dict[str, Any]) -> Problem:
    """Return a scenario's problem, or Table I's without one, with what is given changed in it."""
    if scenario is None:
        from mel_fast.scenarios import table1

        return table1(**changes)
    if "law" in changes:
        raise click.ClickException(
            "--law is for Table I only: a scenario's law follows from its noise key in [radio]"
        )
    return read_scenario(scenario, {_PATHS[name]: value for name, value in changes.items()})


def read_problem(words: dict[str, Any]) -> Problem:
    """Take the scenario's words out of a command's and return the problem."""
    scenario = words.pop("scenario")
    return problem_of(scenario, take_changes(words))


def solved(words: dict[str, Any]) -> Plan:
    """Return the plan of a command that has the scenario's options and no others."""
    return solve(read_problem(words), **words)


def check_targets(*targets: Path | None) -> None:
    """Refuse before solving what could not be written after it, and two names of one file."""
    files: set[Path] = set()
    for target in filter(None, targets):
        with refusals():
            check_writable(target)
        if not is_special(target):
            if resolved(target) in files:
                raise click.ClickException(f"{target}: is given for two outputs")
            files.add(resolved(target))


def told(
    found: "Least | LeastEnergy | Most",
    form: str,
    kind: str,
    output: Path | None,
    proof: Path | None,
) -> int:
    """Write both claims where they are wanted, print the rest, and return the exit status."""
    for plan, target in ((found.plan, output), (found.proof, proof)):
        if target is not None and plan is not None:
            with refusals():
                plan.save(target)
    rows = found.columns()
    one = {name: values[0] for name, values in rows.items()}
    emit(form, kind, {**one, "scheme": found.scheme}, rows, found.summary)
    return EXIT_STATUS[found.status]


def told_of_energy(found: "EnergyCurve", form: str, kind: str, **known: Any) -> int:
    """Print least energies and return the exit status."""
    head = {"status": found.status, "over": "energy_j", "scheme": "joint", **known}
    emit(form, kind, head, found.columns(), found.summary)
    return EXIT_STATUS[found.status]


def check_plot(target: Path | None) -> None:
    """Refuse before solving a figure that could not be drawn after it."""
    if target is None:
        return
    if target.suffix not in PLOT_SUFFIXES:
        raise click.ClickException(f"--plot {target}: must end in {', '.join(PLOT_SUFFIXES)}")
    check_targets(target)
    require("matplotlib.figure", extra="plot")


@contextmanager
def refusals() -> Iterator[None]:
    """Let what a user got wrong, or the system does not give, end as one line and status 2."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        if getattr(sys.stdout, "failure", None) is error:
            raise  # it is stdout that takes no more
        name = f"{error.filename}: " if error.filename else ""
        raise click.ClickException(f"{name}{error.strerror or error}") from None
