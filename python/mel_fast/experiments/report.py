"""The report: every published number beside the reproduced one, with the reading used."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mel_fast.experiments import published
from mel_fast.experiments.published import LABELS, SCHEMES
from mel_fast.experiments.tables import Row, markdown
from mel_fast.experiments.tau import Cell, by_key
from mel_fast.learning import History

#: Points (K, T) that the published numbers, and hence the sensitivity table, need.
POINTS = ((10, 30.0), (20, 30.0), (10, 10.0), (20, 12.0), (20, 60.0))

Cells = Mapping[tuple[int, float, str], Cell]


def comparison(found: Sequence[Cell]) -> str:
    """Published tau, gains and orderings beside the medians and the means over the draws."""
    return markdown([statement.row() for statement in statements(by_key(found))])


class Statement(NamedTuple):
    """One thing that the paper prints, what the draws say, and whether that agrees."""

    what: str
    printed: str
    seen: str
    by_median: bool
    by_mean: bool

    def row(self) -> Row:
        """Return the statement as a row of the report."""
        return {
            "what": self.what,
            "published": self.printed,
            "reproduced": self.seen,
            "median agrees": "yes" if self.by_median else "**no**",
            "mean agrees": "yes" if self.by_mean else "**no**",
        }


def statements(cells: Cells) -> list[Statement]:
    """Return all that the paper prints about tau, judged by the medians and by the means.

    A median agrees with a printed tau if it is that, a mean if it rounds to it; a ratio if it is
    within a tenth. Two means are equal if they round to the same tenth.
    """
    return [*_taus(cells), *_gains(cells), *_orderings(cells)]


def _taus(cells: Cells) -> list[Statement]:
    claim = published.TAU
    found = []
    for scheme in SCHEMES:
        cell = cells[claim.learners, claim.cycle_s, scheme]
        printed = getattr(claim, scheme)
        found.append(
            Statement(
                f"tau, K = {claim.learners}, T = {claim.cycle_s:g} s, {LABELS[scheme]}",
                str(printed),
                f"{cell.median} ({_band(cell)})",
                cell.median == printed,
                abs(cell.mean - printed) < 0.5,
            )
        )
    return found


def _band(cell: Cell) -> str:
    return f"{cell.quantile(0.1)} to {cell.quantile(0.9)}; mean {cell.mean:.2f}"


def _gains(cells: Cells) -> list[Statement]:
    learners, cycle_s = published.GAIN_CELL
    ours = cells[learners, cycle_s, "joint"]
    found = []
    for scheme, printed in (
        ("task_only", published.GAIN_OVER_TASK_ONLY),
        ("resource_only", published.GAIN_OVER_RESOURCE_ONLY),
    ):
        theirs = cells[learners, cycle_s, scheme]
        ratio = ours.median / theirs.median if theirs.median else math.inf
        means = ours.mean / theirs.mean if theirs.mean else math.inf
        found.append(
            Statement(
                f"joint : {LABELS[scheme]}, K = {learners}, T = {cycle_s:g} s",
                f"about {printed:.0%}",
                f"{ours.median} : {theirs.median} = {ratio:.0%} (of the means {means:.0%})",
                abs(ratio / printed - 1.0) < 0.1,
                abs(means / printed - 1.0) < 0.1,
            )
        )
    return found


def _orderings(cells: Cells) -> list[Statement]:
    learners, cycle_s = published.SHORT_CELL
    short = {scheme: cells[learners, cycle_s, scheme] for scheme in SCHEMES}
    joint, task, resource = (short[scheme].median for scheme in SCHEMES)
    tenths = [round(10 * short[scheme].mean) for scheme in SCHEMES]
    feasible = ", ".join(
        f"{LABELS[s]} {1 - cell.infeasible / len(cell.tau):.0%}" for s, cell in short.items()
    )
    k = published.HALF_TIME_LEARNERS
    half, full = published.HALF_TIME_CYCLES_S
    fast, slow = cells[k, half, "joint"], cells[k, full, "resource_only"]
    return [
        Statement(
            f"K = {learners}, T = {cycle_s:g} s: resource only 0, the other two equal and above 0",
            "0, equal",
            f"{joint}, {task}, {resource} (draws with tau of at least 1: {feasible})",
            resource == 0 and joint == task > 0,
            tenths[2] == 0 and tenths[0] == tenths[1] > 0,
        ),
        Statement(
            f"K = {k}: joint in {half:g} s above resource only in {full:g} s",
            "above",
            f"{fast.median} and {slow.median} (means {fast.mean:.2f} and {slow.mean:.2f})",
            fast.median > slow.median,
            fast.mean > slow.mean,
        ),
    ]


def sensitivity_row(words: str, found: Sequence[Cell]) -> Row:
    """Medians (joint, task only, resource only) at the published points under one reading.

    At the end, how many of the printed statements agree by the medians, and how many by the means.
    """
    cells = by_key(found)
    row: dict[str, Any] = {"reading": words}
    for learners, cycle_s in POINTS:
        medians = (cells[learners, cycle_s, scheme].median for scheme in SCHEMES)
        row[f"K={learners}, T={cycle_s:g} s"] = ", ".join(map(str, medians))
    judged = statements(cells)
    row["agree by medians"] = f"{sum(s.by_median for s in judged)} of {len(judged)}"
    row["by means"] = f"{sum(s.by_mean for s in judged)} of {len(judged)}"
    row["unproved"] = sum(cell.unproved for cell in found)
    return row


def means_row(words: str, found: Sequence[Cell]) -> Row:
    """Return means (joint, task only, resource only), infeasible draws as 0, under one reading."""
    cells = by_key(found)
    row: dict[str, Any] = {"reading": words}
    for learners, cycle_s in POINTS:
        means = (cells[learners, cycle_s, scheme].mean for scheme in SCHEMES)
        row[f"K={learners}, T={cycle_s:g} s"] = ", ".join(f"{mean:.1f}" for mean in means)
    return row


def accuracy_rows(histories: Mapping[tuple[int, float, str], History]) -> list[Row]:
    """Rows of the CSV behind an accuracy figure."""
    return [
        {
            "learners": learners,
            "cycle_s": cycle_s,
            "scheme": scheme,
            "tau": history.tau,
            "global_cycle": cycle,
            "time_s": history.time_s[cycle],
            "accuracy": f"{history.accuracy[cycle]:.4f}",
        }
        for (learners, cycle_s, scheme), history in histories.items()
        for cycle in range(len(history.accuracy))
    ]


def accuracy_comparison(
    points: Sequence[tuple[int, float]], histories: Mapping[tuple[int, float, str], History]
) -> str:
    """Global cycles until the target accuracy, published beside reproduced."""
    rows = []
    for point in points:
        for scheme in SCHEMES:
            printed = published.CYCLES_TO_TARGET.get(point, {}).get(scheme)
            history = histories.get((*point, scheme))
            rows.append(
                {
                    "K": point[0],
                    "T": f"{point[1]:g} s",
                    "scheme": LABELS[scheme],
                    "tau": history.tau if history else "infeasible",
                    "published cycles to 98 %": printed or "not given",
                    "reproduced cycles to 98 %": _reached(history, 0.98),
                    "to 97 %": _reached(history, 0.97),
                    "to 95 %": _reached(history, 0.95),
                    "last accuracy": f"{history.accuracy[-1]:.2%}" if history else "none",
                }
            )
    return markdown(rows)


def _reached(history: History | None, accuracy: float) -> str:
    if history is None:
        return "never: infeasible"
    cycle = history.cycles_to(accuracy)
    return f"not in {len(history.accuracy) - 1}" if cycle is None else str(cycle)
