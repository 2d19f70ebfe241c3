"""`mel-fast loop`: logs of rounds drawn; promises and strategies measured over many rounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mel_fast._base.untrusted import visible

_STRATEGIES = f"{'strategy':<30}    tau  rounds kept %    samples lost %   work each 30 s"
_SEEDS = click.option("--seeds", type=click.IntRange(2, 1000), default=20, show_default=True)
_OUT = click.option("--out", type=click.Path(path_type=Path), help="Stem of figures to write.")


@click.group("loop")
def command() -> None:
    """Rounds of a loop: draw a log, compare strategies, check what confidence promises."""


@command.command("draw")
@click.argument("log", type=click.Path(path_type=Path))
@click.option("--plot", type=click.Path(path_type=Path), help="Picture to write: .png, .svg, .pdf.")
def draw(log: Path, plot: Path | None) -> None:
    """Print a line for each round of LOG, which an orchestrator wrote; with --plot draw it."""
    from mel_fast.cli.shared.scenario import check_plot, refusals
    from mel_fast.orchestrate import read_log

    check_plot(plot)
    with refusals():
        found = read_log(log)
        click.echo(found.summary())
        if plot is not None:
            found.plot(plot)


@command.command("compare")
@_SEEDS
@click.option("--rounds", type=click.IntRange(1, 100_000), default=30, show_default=True)
@click.option("--train", is_flag=True, help="Train on scikit-learn's digits (extra [learn]).")
@_OUT
def compare(seeds: int, rounds: int, train: bool, out: Path | None) -> None:
    """Play strategies in the same moving worlds on Table I with 20 learners and T = 30 s.

    Printed: means over seeds, and half widths of their 95 % intervals.
    """
    from mel_fast.experiments.loop.compare import CYCLE_S, compared

    rows, ended = compared(seeds, rounds)
    click.echo(_STRATEGIES)
    for row in rows:
        click.echo(
            f"{row.name:<30} {row.tau:6.2f}  {_percent(row.kept)}    {_percent(row.lost)}   "
            f"{row.work[0]:6.2f} +- {row.work[1]:.2f}"
        )
    if train:
        from mel_fast import learning
        from mel_fast.experiments.loop.training import trained

        seen = trained(ended, learning.digits(), 60_000, rounds * CYCLE_S)
        for name, (_, accuracy) in seen.items():
            click.echo(f"{name:<30} accuracy at the end {100.0 * accuracy[:, -1].mean():.2f} %")
        if out is not None:
            from mel_fast.experiments.loop.figures import accuracy as figure

            _written(figure(seen, out))


@command.command("calibrate")
@_SEEDS
@click.option("--rounds", type=click.IntRange(1, 100_000), default=5, show_default=True)
@click.option("--learnt", is_flag=True, help="Also with drifts that are learnt, not told.")
@click.option("--margins", is_flag=True, help="Also simple margins, and the most work.")
@_OUT
def calibrate(seeds: int, rounds: int, learnt: bool, margins: bool, out: Path | None) -> None:
    """Compare the confidence that is asked for with the share of rounds that is kept.

    On Table I with 20 served learners, T = 30 s, gains drifting by 1, 2, 3 dB after planning.
    """
    from mel_fast.experiments.loop.calibrate import ASKED, DRIFTS_DB, promised, simple_margins

    click.echo("plan              drift dB  asked    kept %  samples lost %    tau    work")
    found = []
    for drift in DRIFTS_DB:
        for known in (False, True) if learnt else (False,):
            for asked in ASKED:
                one = promised(seeds, rounds, drift, learnt=known, confidence=asked)
                found.append(one)
                click.echo(_kept(one))
    if margins:
        for one in simple_margins(seeds):
            click.echo(_kept(one))
        for drift in DRIFTS_DB:
            click.echo(_kept(promised(seeds, 1, drift, objective="work")))
    if out is not None:
        from mel_fast.experiments.loop.figures import calibration

        _written(calibration(found, out))


def _percent(value: tuple[float, float]) -> str:
    return f"{100.0 * value[0]:6.2f} +- {100.0 * value[1]:5.2f}"


def _kept(one: Any) -> str:
    asked = "     " if one.asked is None else f"{one.asked:5.2f}"
    return (
        f"{one.what:<18} {one.drift_db:7.1f}  {asked}  {100.0 * one.kept:8.2f}  "
        f"{100.0 * one.lost:12.2f}  {one.tau:7.2f} {one.work:7.3f}"
    )


def _written(paths: list[Path]) -> None:
    for path in paths:
        click.echo(visible(str(path)), err=True)
