"""Run the race and write its tables, its figure and ``radio.md``."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from mel_fast._base.atomic import write_text
from mel_fast._core import __version__
from mel_fast.experiments.radio import figures
from mel_fast.experiments.radio.race import (
    MARGIN,
    Measured,
    Raced,
    Told,
    measured,
    raced,
    racers,
)
from mel_fast.experiments.radio.setting import LEVELS, Setting
from mel_fast.experiments.tables import Row, markdown, write_csv
from mel_fast.learning import DataError, Dataset
from mel_fast.planning import least


def reproduce(
    data: Dataset, out: Path, checkpoints: Path, *, jobs: int, quick: bool, told: Told
) -> list[Path]:
    """Measure, choose, race; write tables and figure into a folder and return the files.

    Raises
    ------
    DataError
        For fewer samples than the race needs, and when no measured run reaches the target.
    """
    setting = Setting().quick() if quick else Setting()
    needed = setting.samples + setting.held_out
    if len(data.train_y) < needed:
        raise DataError(
            f"{data.name} has {len(data.train_y):,} training samples: the race needs {needed:,}"
        )
    levels = measured(setting, data, jobs, checkpoints, told)
    found = raced(setting, racers(setting, levels), data, jobs, checkpoints, told)
    tables = {"levels": level_rows(setting, levels), "race": race_rows(setting, found)}
    written = []
    for name, rows in tables.items():
        written.append(out / f"radio_{name}.csv")
        write_csv(written[-1], rows)
    written.append(out / "radio_curves.csv")
    write_csv(written[-1], curve_rows(found))
    written += figures.race(found, setting.target, out / "radio_race")
    path = out / "radio.md"
    write_text(path, _words(setting, data, tables, levels, found, quick=quick))
    return [*written, path]


def level_rows(setting: Setting, levels: dict[str, Measured]) -> list[Row]:
    """Bits, the least cycle and the rounds to the target, for each level and tau."""
    problem = setting.problem()
    rows: list[Row] = []
    for name, one in levels.items():
        row: dict[str, Any] = {
            "level": name,
            "bits down": f"{one.bits_down:,}",
            "bits up": f"{one.bits_up:,}",
        }
        for tau, rounds in one.rounds.items():
            cycle_s = least(problem.replace(payload=one.payload), tau, "cycle_s").amount
            total = f"{rounds:g} x {cycle_s:.2f} s = {rounds * cycle_s:.1f} s"
            row[f"tau = {tau}"] = f"never x {cycle_s:.2f} s" if rounds == inf else total
        rows.append(row)
    return rows


def race_rows(setting: Setting, found: Sequence[Raced]) -> list[Row]:
    """What each racer does, what was expected of it and what came."""
    return [_race_row(setting, one) for one in found]


def _race_row(setting: Setting, one: Raced) -> Row:
    racer = one.racer
    times = one.times_to(setting.target)
    reached = [time for time in times if time is not None]
    spread = np.std(reached, ddof=1) if len(reached) > 1 else float("nan")
    came = f"{np.mean(reached):.1f} +- {spread:.1f}" if reached else "never"
    return {
        "racer": racer.name,
        "level": racer.level,
        "tau": racer.tau,
        "T (s)": f"{racer.cycle_s:.3f}",
        "expected (s)": f"{racer.total_s:.1f}",
        "needed (s)": came,
        "seeds that reached it": f"{len(reached)} of {len(times)}",
    }


def curve_rows(found: Sequence[Raced]) -> list[Row]:
    """Each point of the figure."""
    return [
        {
            "racer": one.racer.name,
            "time_s": one.racer.cycle_s * cycle,
            "accuracy": float(seen.mean()),
            "spread": float(seen.std(ddof=1)),
        }
        for one in found
        for cycle, seen in enumerate(one.accuracy().T)
    ]


def late(levels: dict[str, Measured], found: Sequence[Raced]) -> float:
    """Return the largest message of the race in parts of what its plan had bits for."""
    shares = [
        seen.bits_down / levels[one.racer.level].bits_down for one in found for seen in one.seen
    ]
    shares += [seen.bits_up / levels[one.racer.level].bits_up for one in found for seen in one.seen]
    return max(shares)


def _words(
    setting: Setting,
    data: Dataset,
    tables: dict[str, list[Row]],
    levels: dict[str, Measured],
    found: Sequence[Raced],
    *,
    quick: bool,
) -> str:
    quickly = "**A quick run: few data. These numbers say nothing.**\n\n" if quick else ""
    other = "" if data.name.startswith("MNIST") else f"**Not MNIST but {data.name}.** "
    recipes = ", ".join(
        f"{name}: {'as in memory' if (recipe := LEVELS[name]) is None else recipe.label}"
        for name in setting.levels
    )
    return (
        "# Time to accuracy on one radio\n\n"
        f"Made by `mel-fast reproduce radio{' --quick' if quick else ''}`, mel_fast "
        f"{__version__}.\n\n{quickly}{other}{setting.learners} learners of Table I (federated, "
        f"draw {setting.draw} of seed 0) hold {setting.samples:,} samples of {data.name}; the "
        f"target is {setting.target:.0%}. Network 784-"
        f"{'-'.join(map(str, setting.hidden))}-10, SGD in batches of {setting.batch} at rate "
        f"{setting.learning_rate:g}.\n\n"
        f"## Measured rounds\n\nLevels: {recipes}. Rounds to the target are means over "
        f"{len(setting.measuring)} seeds, on {setting.held_out:,} training samples that nobody "
        f"holds; bits are {MARGIN:g} times the largest message seen, those of float32 exact; the "
        "cycle is the least there is, proved.\n\n"
        f"{markdown(tables['levels'])}\n## The race\n\n`chosen` is `mel.campaign` over all levels, "
        "the joint plans are the same over one level alone; equal shares give everyone D/K "
        "samples, B/K and P/K with the level and tau that are best for that. All train with "
        f"{len(setting.racing)} other seeds and are scored on the test data, which took no part "
        "in any choice.\n\n"
        f"![accuracy against time](radio_race.svg)\n\n{markdown(tables['race'])}\n"
        f"The largest message of the race had {late(levels, found):.1%} of the bits that were "
        "planned for; above 100 % it would have come late.\n"
    )
