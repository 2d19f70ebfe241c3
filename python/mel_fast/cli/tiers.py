"""`mel-fast tiers`: jobs over end devices, edge and cloud: planned, or run on worker processes."""

import sys
from pathlib import Path
from typing import Any

import click

from mel_fast._base.untrusted import shown
from mel_fast.cli import say
from mel_fast.cli.registry import Group
from mel_fast.cli.shared.report import emit, emit_rows, format_option
from mel_fast.cli.shared.scenario import check_plot, refusals
from mel_fast.cli.shared.table import table
from mel_fast.tiers import SCHEMES, Job, Schedule, Tier, frontier, schedule

_TIERS = ("end,8,0.52,0,0.5", "edge,4,0.415,0.5,0.61", "cloud,1,0.55,1,0.73")
_FORM = "NAME,DEVICES,PROCESS_S[,LATENCY_S[,ACCURACY]]"


@click.group("tiers", cls=Group)
def command() -> None:
    """Plan a job over end devices, edge and cloud, or run one."""


@command.command("plan")
@click.option("--tasks", type=int, default=200, show_default=True)
@click.option(
    "--tier",
    "words",
    multiple=True,
    metavar=_FORM,
    help=f"A tier, the end devices first. Repeat.  [{' '.join(_TIERS)}]",
)
@click.option("--scheme", type=click.Choice(["all", *SCHEMES]), default="all", show_default=True)
@click.option("--cloud-tasks", type=int, help="Tasks on the cloud, for the optimal scheme.")
@click.option("--frontier", "curve", is_flag=True, help="Accuracy against makespan for all splits.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw it: .png, .svg, .pdf.")
@format_option()
def plan(
    tasks: int,
    words: tuple[str, ...],
    scheme: str,
    cloud_tasks: int | None,
    curve: bool,
    plot: Path | None,
    form: str,
) -> None:
    """Print each scheme's makespan and who does how much; with --plot draw the last one.

    The default tiers are those of the report that `mel-fast reproduce tiers` is about.
    Exit status: 0, 2 wrong usage.
    """
    check_plot(plot)
    with refusals():
        job, tiers = Job(tasks), [_tier(word) for word in words or _TIERS]
        if curve:
            found = frontier(job, tiers)
            names = ("cloud_tasks", "makespan_s", "accuracy", "efficient")
            rows = {name: getattr(found, name) for name in names}
            drawn: Any = found
            emit(form, "tiers plan", {"tasks": job.tasks}, rows, lambda: table(rows))
        else:
            chosen = _fitting(tiers) if scheme == "all" else [scheme]
            made = []
            for name in chosen:
                limit = cloud_tasks if name == "optimal" or scheme != "all" else None
                drawn = schedule(job, tiers, name, cloud_tasks=limit)
                made.append(drawn)
            text = "\n".join(each.summary() for each in made)
            emit(form, "tiers plan", {"tasks": job.tasks}, _schemes(made, tiers), text)
        if plot is not None:
            drawn.plot(plot)


def _schemes(made: list[Schedule], tiers: list[Tier]) -> dict[str, Any]:
    """Return one row a scheme: its makespan, and the tasks of each tier."""
    tasks = {
        f"{tier.name}_tasks": [int(one.counts[tier.name].sum()) for one in made] for tier in tiers
    }
    names = ("scheme", "makespan_s", "accuracy")
    return {**{name: [getattr(one, name) for one in made] for name in names}, **tasks}


def _fitting(tiers: list[Tier]) -> list[str]:
    """Return the schemes for which the tiers are there."""
    names = {tier.name for tier in tiers[1:]}
    needs = {"end_cloud": {"cloud"}, "end_edge": {"edge"}, "mapping": {"edge", "cloud"}}
    return [scheme for scheme in SCHEMES if needs.get(scheme, set()) <= names]


def _tier(word: str) -> Tier:
    parts = word.split(",")
    if not 3 <= len(parts) <= 5:
        raise ValueError(f"--tier {shown(word)}: must be {_FORM}")
    try:
        devices, numbers = int(parts[1]), [float(part) for part in parts[2:]]
    except ValueError:
        raise ValueError(f"--tier {shown(word)}: must be {_FORM}") from None
    latency_s = numbers[1] if len(numbers) > 1 else 0.0
    accuracy = numbers[2] if len(numbers) > 2 else None
    return Tier(parts[0], devices, numbers[0], latency_s, accuracy)


@command.command("run")
@click.option("--tasks", type=click.IntRange(1, 10_000), default=60, show_default=True)
@click.option("--items", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Folder with MNIST's four IDX files, gzipped or not.  [scikit-learn's digits]",
)
@click.option(
    "--kill-after",
    type=click.IntRange(0),
    default=5,
    show_default=True,
    help="Tasks after which the first end device is killed, in the last two runs.",
)
@format_option()
def live(tasks: int, items: int, data: Path | None, kill_after: int, form: str) -> None:
    """Run a job on worker processes of Dask, one a device, and compare with plan and simulation.

    Needs the extras [dask] and [learn]. Images of digits go to four end devices for a coarse label
    and then to two edge devices or the cloud for the digit; networks are real, latencies
    injected. Exit status: 0, 2 wrong usage.
    """
    from mel_fast._base.optional import require
    from mel_fast.experiments.tiers.live import rows
    from mel_fast.learning import DataError, digits, read_mnist

    for module, extra in (("distributed", "dask"), ("sklearn.neural_network", "learn")):
        require(module, extra=extra)
    try:
        found = digits() if data is None else read_mnist(data)
    except DataError as error:
        raise click.ClickException(" ".join(str(error).split())) from None
    ran = rows(found, tasks=tasks, items=items, kill_after=kill_after, tell=say)
    emit_rows(form, "tiers run", {"tasks": tasks, "items": items}, {"runs": ran})
    sys.stdout.flush()
