"""Train what is compared and write the table, the figure and ``hierarchy.md``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.atomic import write_text
from mel_fast._base.drawing.palette import BLACK, LOOKS, axis, canvas, styled
from mel_fast._core import __version__
from mel_fast.experiments.figures import write
from mel_fast.experiments.hierarchy.setting import Run, Setting
from mel_fast.experiments.tables import Row, markdown, write_csv
from mel_fast.experiments.training import Step, all_of
from mel_fast.learning import Dataset, Hierarchy, NumpyMLP, train_cells


@dataclass(frozen=True)
class Task:
    """One training, to be sent to a process."""

    run_: Run
    setting: Setting
    seed: int

    @property
    def name(self) -> str:
        """What it is called in the results."""
        return f"{self.run_.name}, {self.run_.edge_rounds}, seed {self.seed}"

    def run(self, data: Dataset, step: Step) -> Hierarchy:
        """Train for as many rounds of the cloud as the clock has room for."""
        labels = int(max(data.train_y.max(), data.test_y.max())) + 1
        model = NumpyMLP(
            data.train_x.shape[1],
            labels,
            hidden=self.setting.hidden,
            batch=self.setting.batch,
            learning_rate=self.setting.learning_rate,
            seed=self.seed,
        )
        made = train_cells(
            self.run_.found,
            data,
            edge_rounds=self.run_.edge_rounds,
            cloud_s=self.run_.cloud_s,
            rounds=max(1, int(self.setting.rounds_s / self.run_.round_s)),
            model=model,
            seed=self.seed,
        )
        step()
        return made


@dataclass(frozen=True)
class Compared:
    """A way to train, with what its seeds saw."""

    run: Run
    seen: tuple[Hierarchy, ...]

    @property
    def label(self) -> str:
        """What the figure calls it."""
        many = self.run.edge_rounds
        averages = "" if self.run.cloud_s == 0.0 else f", {many} edge round{'s' * (many > 1)}"
        return f"{self.run.name}{averages}: tau = {self.run.found.tau}"

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """Shape (seeds, rounds + 1)."""
        return np.stack([one.accuracy for one in self.seen])


def reproduce(
    data: Dataset, out: Path, *, jobs: int, quick: bool, told: Callable[[str, int], Step]
) -> list[Path]:
    """Plan, train, write; return the files."""
    setting = Setting().quick() if quick else Setting()
    runs = setting.runs()
    tasks = [Task(run, setting, seed) for run in runs for seed in setting.seeds]
    done = all_of(tasks, data, jobs, told("client, edge, cloud", len(tasks)))
    found = [
        Compared(run, tuple(done[Task(run, setting, seed).name] for seed in setting.seeds))
        for run in runs
    ]
    written = [out / "hierarchy.csv", out / "hierarchy_curves.csv"]
    rows = [_row(setting, one) for one in found]
    write_csv(written[0], rows)
    write_csv(written[1], curve_rows(found))
    written += figure(found, setting, out / "hierarchy")
    path = out / "hierarchy.md"
    write_text(path, _words(setting, data, rows, quick=quick))
    return [*written, path]


def _row(setting: Setting, one: Compared) -> Row:
    run, last = one.run, one.accuracy[:, -1]
    row: dict[str, Any] = {
        "learners in": run.name,
        "tau": run.found.tau,
        "proved at most": run.found.bound,
        "edge rounds": run.edge_rounds,
        "round of the cloud (s)": f"{run.round_s:g}",
    }
    for target in setting.targets:
        times = [seen.time_to(target) for seen in one.seen]
        came = [time for time in times if time is not None]
        if len(came) < len(times):
            row[f"to {100 * target:g} % (s)"] = f"{len(came)} of {len(times)} seeds"
        else:
            row[f"to {100 * target:g} % (s)"] = f"{np.mean(came):.1f} +- {np.std(came, ddof=1):.1f}"
    row["last (%)"] = f"{100 * last.mean():.2f} +- {100 * last.std(ddof=1):.2f}"
    return row


def curve_rows(found: list[Compared]) -> list[Row]:
    """Each point of the figure."""
    return [
        {
            "learners in": one.run.name,
            "edge_rounds": one.run.edge_rounds,
            "time_s": one.run.round_s * at,
            "accuracy": float(seen.mean()),
            "spread": float(seen.std(ddof=1)),
        }
        for one in found
        for at, seen in enumerate(one.accuracy.T)
    ]


def figure(found: list[Compared], setting: Setting, stem: Path) -> list[Path]:
    """Mean accuracy of the seeds over seconds, one standard deviation each way."""
    with styled():
        drawn = canvas(6.4, 4.2)
        ax = drawn.subplots()
        for one, look in zip(found, LOOKS, strict=False):
            seen = 100.0 * one.accuracy[:, 1:]
            seconds = one.run.round_s * np.arange(1, seen.shape[1] + 1)
            mean, spread = seen.mean(axis=0), seen.std(axis=0, ddof=1)
            low, high = mean - spread, mean + spread
            ax.fill_between(seconds, low, high, color=look.colour, alpha=0.15, linewidth=0)
            ax.plot(seconds, mean, **look.words(size=2.5), label=one.label)
        for target in setting.targets:
            ax.axhline(100.0 * target, color=BLACK, linewidth=0.6, linestyle=":")
        top = max(100.0 * float(one.accuracy.max()) for one in found)
        ax.set_ylim(max(100.0 * setting.targets[0] - 6.0, 0.0), top + 0.5)
        ax.set_xlabel(axis("clock_s"))
        ax.set_ylabel(f"{axis('accuracy')}, mean and one standard deviation of the seeds")
        ax.yaxis.label.set_fontsize(8)
        ax.legend(loc="lower right")
        return write(drawn, stem)


def _words(setting: Setting, data: Dataset, rows: list[Row], *, quick: bool) -> str:
    warning = "**A quick run: few data, seconds.**\n\n" if quick else ""
    return (
        "# Client, edge, cloud\n\n"
        f"Made by `mel-fast reproduce hierarchy{' --quick' if quick else ''}`, mel_fast "
        f"{__version__}.\n\n{warning}"
        f"{setting.learners} learners in a disc of {setting.radius_m:g} m, "
        f"{100 * setting.crowd:g} % of them crowded round one of {setting.masts} masts. The "
        f"single cell has one mast in the middle, {setting.bandwidth_hz / 1e6:g} MHz and "
        f"{1000 * setting.power_w:.0f} mW; the edges have equal parts of both. Path loss and "
        f"fading of Table I. {data.name}, federated: everybody has a shard of its own, alike in "
        f"kind; {setting.samples:,} samples a round, network "
        f"784-{'-'.join(map(str, setting.hidden))}-10. T = {setting.cycle_s:g} s; edges to cloud "
        f"and back {setting.cloud_s:g} s. tau is the most in common, proved; "
        f"{len(setting.seeds)} seeds of shards and weights.\n\n"
        f"{markdown(rows)}\n![accuracy against time](hierarchy.svg)\n"
    )
