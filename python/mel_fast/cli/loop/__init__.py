"""`mel-fast loop`: logs of rounds drawn; promises and strategies measured over many rounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mel_fast.cli.registry import Group
from mel_fast.cli.shared.report import emit, format_option
from mel_fast.cli.shared.table import table

_SEEDS = click.option("--seeds", type=click.IntRange(2, 1000), default=20, show_default=True)
_PLOT = click.option("--plot", type=click.Path(path_type=Path), help="Draw it: .png, .svg, .pdf.")


@click.group("loop", cls=Group)
def command() -> None:
    """Rounds of a loop: draw a log, compare strategies, check what confidence promises."""


@command.command("draw")
@click.argument("log", type=click.Path(path_type=Path))
@_PLOT
@format_option()
def draw(log: Path, plot: Path | None, form: str) -> None:
    """Print a line for each round of LOG, which an orchestrator wrote; with --plot draw it.

    Exit status: 0, 2 wrong usage.
    """
    from mel_fast.cli.shared.scenario import check_plot, refusals
    from mel_fast.orchestrate import read_log

    check_plot(plot)
    with refusals():
        found = read_log(log)
        names = ("round", "extra", "tau", "learners", "missing", "sitting_out", "samples", "lost")
        rows = {name: [one[name] for one in found.rounds] for name in names}
        if any("battery" in one for one in found.rounds):
            for name in ("spent_j", "least_j", "empty"):
                rows[name] = [one.get("battery", {}).get(name) for one in found.rounds]
        emit(form, "loop draw", {}, rows, lambda: table(rows))
        if plot is not None:
            found.plot(plot)


@command.command("compare")
@_SEEDS
@click.option("--rounds", type=click.IntRange(1, 100_000), default=30, show_default=True)
@click.option("--train", is_flag=True, help="Train on scikit-learn's digits (extra [learn]).")
@_PLOT
@format_option()
def compare(seeds: int, rounds: int, train: bool, plot: Path | None, form: str) -> None:
    """Play strategies in the same moving worlds on Table I with 20 learners and T = 30 s.

    Printed: means over seeds, and half widths (+-) of their 95 % intervals: rounds kept and
    samples lost in %, and the work of 30 s. --plot is for --train: accuracy against time. Exit
    status: 0, 2 wrong usage.
    """
    from mel_fast.cli.shared.scenario import check_plot
    from mel_fast.experiments.loop.compare import CYCLE_S, compared

    check_plot(plot)
    if plot is not None and not train:
        raise click.ClickException("--plot is for --train: give both")
    found, ended = compared(seeds, rounds)
    rows: dict[str, Any] = {"strategy": [one.name for one in found]}
    rows["tau"] = [one.tau for one in found]
    for name, scale in (("kept", 100.0), ("lost", 100.0), ("work", 1.0)):
        pairs = [getattr(one, name) for one in found]
        rows[name] = [scale * mean for mean, _ in pairs]
        rows[f"{name} +-"] = [scale * half for _, half in pairs]
    known: dict[str, Any] = {"seeds": seeds, "rounds": rounds}
    if train:
        from mel_fast import learning
        from mel_fast.experiments.loop.training import trained

        seen = trained(ended, learning.digits(), 60_000, rounds * CYCLE_S)
        known["accuracy"] = {
            name: 100.0 * float(accuracy[:, -1].mean()) for name, (_, accuracy) in seen.items()
        }
        if plot is not None:
            from mel_fast.experiments.loop.figures import accuracy as figure

            figure(seen, plot)
    ends = [
        f"{who}: {much:.2f} % accurate in the end"
        for who, much in known.get("accuracy", {}).items()
    ]
    text = "\n".join([table(rows), *([""] * bool(ends)), *ends])
    emit(form, "loop compare", known, rows, text)


@command.command("calibrate")
@_SEEDS
@click.option("--rounds", type=click.IntRange(1, 100_000), default=5, show_default=True)
@click.option("--learnt", is_flag=True, help="Also with drifts that are learnt, not told.")
@click.option("--margins", is_flag=True, help="Also simple margins, and the most work.")
@_PLOT
@format_option()
def calibrate(
    seeds: int, rounds: int, learnt: bool, margins: bool, plot: Path | None, form: str
) -> None:
    """Compare the confidence that is asked for with the share of rounds that is kept.

    On Table I with 20 served learners, T = 30 s, gains drifting by 1, 2, 3 dB after planning. Exit
    status: 0, 2 wrong usage.
    """
    from mel_fast.cli.shared.scenario import check_plot
    from mel_fast.experiments.loop.calibrate import ASKED, DRIFTS_DB, promised, simple_margins

    check_plot(plot)
    found = []
    for drift in DRIFTS_DB:
        for known in (False, True) if learnt else (False,):
            for asked in ASKED:
                found.append(promised(seeds, rounds, drift, learnt=known, confidence=asked))
    more = list(simple_margins(seeds)) if margins else []
    if margins:
        more += [promised(seeds, 1, drift, objective="work") for drift in DRIFTS_DB]
    if plot is not None:
        from mel_fast.experiments.loop.figures import calibration

        calibration(found, plot)
    names = ("what", "drift_db", "asked", "kept", "lost", "tau", "work")
    rows: dict[str, Any] = {name: [getattr(one, name) for one in found + more] for name in names}
    said = {
        **rows,
        "kept": [100.0 * x for x in rows["kept"]],
        "lost": [100.0 * x for x in rows["lost"]],
    }
    heads = {"what": "plan", "drift_db": "drift dB", "kept": "kept %", "lost": "lost %"}
    text = table({heads.get(name, name): column for name, column in said.items()})
    emit(form, "loop calibrate", {"seeds": seeds, "rounds": rounds}, rows, text)


@command.command("batteries")
@click.option("--seeds", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option("--rounds", type=click.IntRange(1, 100_000), default=40, show_default=True)
@click.option("--harvest-w", type=click.FloatRange(0.0, 1e6), default=0.0, show_default=True)
@_PLOT
@format_option()
def batteries(seeds: int, rounds: int, harvest_w: float, plot: Path | None, form: str) -> None:
    """Compare ways to spend batteries: rounds until the first of 8 learners is empty.

    Printed, as means over seeds: the rounds that all could take part in, local cycles in these, and
    in all rounds local cycles times the share of the samples. --plot draws the emptiest battery and
    the local cycles, round by round. Exit status: 0, 2 wrong usage.
    """
    from mel_fast.cli.shared.scenario import check_plot
    from mel_fast.experiments.loop.batteries import figure, played

    check_plot(plot)
    found = played(seeds, rounds, harvest_w)
    rows: dict[str, Any] = {
        "spending": [one.name for one in found],
        "rounds with all": [float(one.first.mean()) for one in found],
        "cycles until then": [float(one.until(one.tau).mean()) for one in found],
        "work in all": [float(one.work.sum(axis=1).mean()) for one in found],
    }
    if plot is not None:
        figure(found, plot)
    known = {"seeds": seeds, "rounds": rounds, "harvest_w": harvest_w}
    emit(form, "loop batteries", known, rows, table(rows))
