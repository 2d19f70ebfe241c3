"""Run the chosen experiments and write figures, CSV files and the report."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mel_fast._base.optional import require
from mel_fast._core import __version__
from mel_fast.experiments import (
    best,
    figures,
    published,
    readings,
    report,
    sections,
    tau,
    training,
)
from mel_fast.experiments.hierarchy import report as hierarchy
from mel_fast.experiments.radio import report as radio
from mel_fast.experiments.tables import markdown, write_csv
from mel_fast.experiments.tiers import report as tiers
from mel_fast.learning import Dataset, History, load

FIGURES = ("fig1", "fig2", "fig3", "fig4")
PARTS = (*FIGURES, "report", "best")
TIERS, RADIO, HIERARCHY = (
    "tiers",
    "radio",
    "hierarchy",
)  # with reports of their own: asked for by their names only

QUICK_DRAWS, QUICK_CYCLES, QUICK_TRAIN, QUICK_TEST, QUICK_LEARNERS = 10, 2, 1500, 500, 50

PREFACE = f"""
Reading used unless a line says otherwise: {readings.DEFAULT.words}. The paper leaves all of this \
open; none of it was fitted here.

tau is the lower median over the draws, the least tau that at least half of them do not exceed (an \
infeasible draw counts as 0); in brackets or as a band the 10 % and 90 % quantiles, found in the \
same way. Means count an infeasible draw as 0, too. Every tau is proved optimal unless a column \
`unproved` counts otherwise. Each section was made by the command below its heading.
"""


class Progress(Protocol):
    """Where progress is told: a task of a number of steps, and a line of notice."""

    def task(self, name: str, steps: int) -> Callable[[], Any]:
        """Begin a task; the result is to be called at every step."""
        ...

    def notice(self, line: str) -> None:
        """Say something that the user should know."""
        ...


@dataclass(frozen=True)
class Options:
    """What to run. ``data`` is a folder of IDX files, ``quick`` a run of seconds for tests."""

    parts: tuple[str, ...]
    out: Path
    draws: int = 1000
    cycles: int = 10
    seed: int = 0
    data: Path | None = None
    jobs: int = 2
    quick: bool = False


class OutputError(OSError):
    """The output folder cannot be written."""


def reproduce(options: Options, progress: Progress) -> list[Path]:
    """Run, write, and return the files written.

    Raises
    ------
    OutputError
        Before anything is computed, if the folder cannot be written.
    mel_fast.learning.DataError
        Before anything is computed, if the named data are missing or damaged.
    ImportError
        Before anything is computed, naming the extra that is needed and missing.
    """
    if {*FIGURES, TIERS, RADIO, HIERARCHY} & set(options.parts):
        require("matplotlib", extra="plot")
    with _writable(options.out):
        pass
    learn = any(part in options.parts for part in ("fig3", "fig4"))
    trains = learn or {RADIO, HIERARCHY} & set(options.parts)
    data = _data(options, progress) if trains else None
    found: dict[str, str] = {}
    written: list[Path] = []
    if "fig1" in options.parts:
        found["fig1"] = _tau_over_learners(options, progress, written)
    if "fig2" in options.parts:
        found["fig2"] = _tau_over_cycle(options, progress, written)
    if "report" in options.parts:
        found["report"] = _compared(options, progress, written)
    if "best" in options.parts:
        found["best"] = _best(options, progress, written)
    if data is not None and learn:
        found |= _accuracy(options, data, progress, written)
    if data is not None and RADIO in options.parts:
        written += radio.reproduce(
            data,
            options.out,
            _made(options.out / "checkpoints"),
            jobs=1 if options.quick else options.jobs,
            quick=options.quick,
            told=progress.task,
        )
    if data is not None and HIERARCHY in options.parts:
        jobs = 1 if options.quick else options.jobs
        written += hierarchy.reproduce(
            data, options.out, jobs=jobs, quick=options.quick, told=progress.task
        )
    if TIERS in options.parts:
        step = progress.task("end, edge, cloud", tiers.STEPS)
        written += tiers.reproduce(options.out, step)
    if not set(PARTS) & set(options.parts):
        return written
    path = options.out / "report.md"
    sections.write(path, PREFACE, {name: _signed(options, name, found[name]) for name in found})
    return [*written, path]


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            yield
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written: {error.strerror or error}") from None


def _data(options: Options, progress: Progress) -> Dataset:
    require("sklearn.neural_network", extra="learn")
    data = load(options.data, progress.notice)
    return data.limited(QUICK_TRAIN, QUICK_TEST) if options.quick else data


def _draws(options: Options) -> int:
    return min(options.draws, QUICK_DRAWS) if options.quick else options.draws


def _signed(options: Options, part: str, text: str) -> str:
    """Return a section with what made it below its heading."""
    heading, rest = text.split("\n", 1)
    made = (
        f"Made by `mel-fast reproduce {part} --draws {options.draws} --cycles {options.cycles} "
        f"--seed {options.seed}{' --quick' if options.quick else ''}`, mel_fast {__version__}."
    )
    if options.quick:
        made += "\n\n**A quick run: few draws, few data. These are not the paper's numbers.**"
    return f"{heading}\n\n{made}\n{rest}"


def _solve(
    options: Options, progress: Progress, name: str, points: list[tuple[int, float]], **more: Any
) -> list[tau.Cell]:
    draws = more.pop("draws", _draws(options))
    step = progress.task(name, len(points) * len(published.SCHEMES))
    return tau.cells(points, draws=draws, seed=options.seed, step=step, **more)


def _saved(options: Options, name: str, found: list[tau.Cell], written: list[Path]) -> Path:
    write_csv(options.out / f"{name}.csv", [cell.row() for cell in found])
    written += [options.out / f"{name}{suffix}" for suffix in (".csv", ".png", ".svg")]
    return options.out / name


def _tau_over_learners(options: Options, progress: Progress, written: list[Path]) -> str:
    points = {
        f"T = {cycle_s:g} s": [(learners, cycle_s) for learners in published.FIG1_LEARNERS]
        for cycle_s in published.FIG1_CYCLES_S
    }
    stem, panels = _panels(options, progress, written, "fig1", points)
    figures.tau_figure(panels, "learners", "Local cycles against learners", stem)
    return "## Figure 1: local cycles against learners\n\n![figure 1](fig1.svg)\n"


def _tau_over_cycle(options: Options, progress: Progress, written: list[Path]) -> str:
    points = {
        f"K = {learners}": [(learners, cycle_s) for cycle_s in published.FIG2_CYCLES_S]
        for learners in published.FIG2_LEARNERS
    }
    stem, panels = _panels(options, progress, written, "fig2", points)
    figures.tau_figure(panels, "cycle_s", "Local cycles against the deadline", stem)
    return "## Figure 2: local cycles against the global cycle\n\n![figure 2](fig2.svg)\n"


def _panels(
    options: Options,
    progress: Progress,
    written: list[Path],
    name: str,
    points: dict[str, list[tuple[int, float]]],
) -> tuple[Path, list[figures.Panel]]:
    """Solve a figure's points panel by panel and save what was found."""
    found = {
        panel: _solve(options, progress, f"{name}, {panel}", some) for panel, some in points.items()
    }
    stem = _saved(options, name, [cell for cells in found.values() for cell in cells], written)
    return stem, list(found.items())


def _compared(options: Options, progress: Progress, written: list[Path]) -> str:
    points = list(report.POINTS)
    default = _solve(options, progress, "published numbers", points)
    few = max(1, _draws(options) // 5)
    rows = [report.sensitivity_row("default", default)]
    means = [report.means_row("default", default)]
    for reading in readings.CHANGES:
        found = _solve(
            options, progress, reading.words, points, draws=few, settings=reading.settings
        )
        rows.append(report.sensitivity_row(reading.words, found))
        means.append(report.means_row(reading.words, found))
    for name, table in (("sensitivity", rows), ("sensitivity_means", means)):
        write_csv(options.out / f"{name}.csv", table)
        written.append(options.out / f"{name}.csv")
    return (
        f"## Published and reproduced\n\n{report.comparison(default)}\n"
        "## What changes it\n\n"
        f"Medians (joint, task only, resource only) with one reading changed at a time; {few} "
        f"draws a row, {_draws(options)} in the first.\n\n{markdown(rows)}\n"
        f"The same draws by their means, infeasible ones counted as 0:\n\n{markdown(means)}"
    )


def _best(options: Options, progress: Progress, written: list[Path]) -> str:
    largest = QUICK_LEARNERS if options.quick else best.LEARNERS[-1]
    step = progress.task("what is best", best.steps(largest))
    rows = best.rows(draws=min(_draws(options), 200), seed=options.seed, largest=largest, step=step)
    write_csv(options.out / "best.csv", rows)
    written.append(options.out / "best.csv")
    return (
        f"## What is best\n\nMedian tau at T = {best.CYCLE_S:g} s; `joint_active` is the median "
        f"number of learners with samples in the joint plan.\n\n{markdown(rows)}"
    )


def _accuracy(
    options: Options, data: Dataset, progress: Progress, written: list[Path]
) -> dict[str, str]:
    wanted = {"fig3": published.FIG3_CELLS, "fig4": published.FIG4_CELLS}
    wanted = {name: points for name, points in wanted.items() if name in options.parts}
    # always the same cells, so that fig3 alone, fig4 alone and both use the same draw
    points = sorted({*published.FIG3_CELLS, *published.FIG4_CELLS})
    found = _solve(options, progress, "plans to train with", points)
    draw, planned = training.curves(found, options.seed)
    used = {point for chosen in wanted.values() for point in chosen}
    cycles = min(options.cycles, QUICK_CYCLES) if options.quick else options.cycles
    step: list[Callable[[], Any]] = []
    histories = training.train(
        [curve for curve in planned if (curve.learners, curve.cycle_s) in used],
        data,
        cycles=cycles,
        seed=options.seed,
        jobs=1 if options.quick else options.jobs,
        checkpoints=_made(options.out / "checkpoints"),
        started=lambda steps: step.append(progress.task("training", steps)),
        step=lambda: step[0](),
    )
    other = "" if data.name.startswith("MNIST") else "**Not the paper's data.** "
    text = (
        f"{other}Trained on {data.name}: {len(data.train_y)} samples, tested on "
        f"{len(data.test_y)}. Network 784-300-124-60-10 (by the data's features), ReLU, "
        f"{training.NETWORK['optimiser']} at rate {training.NETWORK['learning_rate']:g} in batches "
        f"of {training.NETWORK['batch']}, a new random split every global cycle, average (5). "
        "Optimiser, rate, batch and initial weights are open in the paper; these were found by a "
        "search on held-out training samples. "
        f"Plans: draw {draw} of seed {options.seed}, the first one nearest to the median tau of "
        "all cells.\n\n"
    )
    made = {}
    for name, chosen in wanted.items():
        part = _chosen(histories, chosen)
        write_csv(options.out / f"{name}.csv", report.accuracy_rows(part))
        title = "Accuracy over global cycles"
        figures.accuracy_figure(chosen, part, title, options.out / name)
        written += [options.out / f"{name}{suffix}" for suffix in (".csv", ".png", ".svg")]
        made[name] = (
            f"## Accuracy: figure {name[3:]}\n\n{text}"
            f"![figure {name[3:]}]({name}.svg)\n\n{report.accuracy_comparison(chosen, part)}"
        )
    return made


def _chosen(
    histories: dict[tuple[int, float, str], History], points: tuple[tuple[int, float], ...]
) -> dict[tuple[int, float, str], History]:
    return {key: history for key, history in histories.items() if key[:2] in points}


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder
