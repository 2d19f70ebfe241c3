"""A log of rounds as a picture (extra ``[plot]``)."""

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np

from mel_fast._base.atomic import write_figure
from mel_fast._base.drawing.palette import (
    BLACK,
    BLUE,
    DEADLINE,
    GREY,
    VERMILION,
    axis,
    canvas,
    styled,
)

_PLANNED, _IN_TIME, _LATE = (GREY, "_"), (BLUE, "o"), (VERMILION, "x")
_MOST_DOTS = 20_000


def draw(rounds: Sequence[dict[str, Any]], path: str | PathLike[str]) -> None:
    """Draw planned and measured times of every round, local cycles and lost samples."""
    with styled():
        figure = _drawn(rounds)
    write_figure(path, figure, dpi=150)


def _drawn(rounds: Sequence[dict[str, Any]]) -> Any:
    batteries = [entry for entry in rounds if entry.get("battery", {}).get("least_j") is not None]
    figure = canvas(7.2, 6.7 if batteries else 5.6)
    ratios = (3, 1, 1, 1) if batteries else (3, 1, 1)
    times, cycles, lost, *below = figure.subplots(len(ratios), 1, sharex=True, height_ratios=ratios)
    number = np.array([entry["round"] for entry in rounds])
    dots = _dots(rounds)
    if dots.size:
        dots = dots[:: len(dots) // _MOST_DOTS + 1]
        came = dots[:, 3] > 0.0
        x = dots[:, 0]
        everyone = np.ones(len(dots), dtype=bool)
        for kind, at, value, shift, (colour, mark) in (
            ("planned", everyone, 1, -0.12, _PLANNED),
            ("in time", came, 2, 0.12, _IN_TIME),
            ("late", ~came, 2, 0.12, _LATE),
        ):
            times.scatter(
                x[at] + shift, dots[at, value], s=11, color=colour, marker=mark, label=kind,
                linewidths=0.0 if mark == "o" else 1.0,
            )  # fmt: skip
    deadline = [entry["cycle_s"] for entry in rounds]
    times.step(
        number,
        deadline,
        where="mid",
        color=DEADLINE,
        linewidth=1.0,
        linestyle="--",
        label="deadline",
    )
    times.set_ylabel("Time of each learner (s)")
    times.set_ylim(bottom=0.0)
    times.legend(loc="lower right", ncols=4, frameon=True, framealpha=0.9)
    cycles.step(number, [entry["tau"] for entry in rounds], where="mid", color=BLACK)
    cycles.set_ylim(bottom=0)
    cycles.set_ylabel(axis("tau"))
    whole = [max(e["samples"] + e["lost"], 1) for e in rounds]
    share = [100.0 * e["lost"] / all_ for e, all_ in zip(rounds, whole, strict=True)]
    lost.bar(number, share, color=VERMILION, width=0.8)
    lost.set_ylabel("Samples\nlost (%)")
    for charge in below:
        at = [entry["round"] for entry in batteries]
        charge.plot(at, [entry["battery"]["least_j"] for entry in batteries], "o-", color=BLUE)
        charge.set_ylim(bottom=0.0)
        charge.set_ylabel("Emptiest\nbattery (J)")
    last = [times, cycles, lost, *below][-1]
    last.set_xlabel(axis("round"))
    last.xaxis.get_major_locator().set_params(integer=True)
    return figure


def _dots(rounds: Any) -> Any:
    """Return round, planned seconds, measured seconds and whether it arrived, a row each."""
    found = []
    for entry in rounds:
        for job in entry.get("each", {}).values():
            measured = job["measured_s"]
            if measured is None or None in measured or None in job["planned_s"]:
                continue
            found.append(
                (entry["round"], sum(job["planned_s"]), sum(measured), float(job["arrived"]))
            )
    return np.array(found)
