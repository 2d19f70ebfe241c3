"""A log of rounds as a picture (extra ``[plot]``)."""

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np

from mel_fast._base.atomic import write_figure
from mel_fast._base.optional import require

_PLANNED, _IN_TIME, _LATE, _DEADLINE = "#7F93A8", "#009E73", "#D55E00", "#B22222"
_MOST_DOTS = 20_000


def draw(rounds: Sequence[dict[str, Any]], path: str | PathLike[str]) -> None:
    """Draw planned and measured times of every round, local cycles and lost samples."""
    figure = require("matplotlib.figure", extra="plot").Figure(
        figsize=(7.2, 5.6), layout="constrained"
    )
    times, cycles, lost = figure.subplots(3, 1, sharex=True, height_ratios=(3, 1, 1))
    number = np.array([entry["round"] for entry in rounds])
    dots = _dots(rounds)
    if dots.size:
        dots = dots[:: len(dots) // _MOST_DOTS + 1]
        came = dots[:, 3] > 0.0
        x = dots[:, 0]
        times.scatter(x - 0.12, dots[:, 1], s=9, color=_PLANNED, label="planned", linewidths=0)
        for kind, at, colour in (("in time", came, _IN_TIME), ("late", ~came, _LATE)):
            times.scatter(x[at] + 0.12, dots[at, 2], s=9, color=colour, label=kind, linewidths=0)
    deadline = [entry["cycle_s"] for entry in rounds]
    times.step(number, deadline, where="mid", color=_DEADLINE, linewidth=1.0, label="deadline")
    times.set_ylabel("seconds of each learner")
    times.set_ylim(bottom=0.0)
    times.legend(loc="lower right", ncols=4, fontsize=8, framealpha=0.9)
    cycles.step(number, [entry["tau"] for entry in rounds], where="mid", color="black")
    cycles.set_ylim(bottom=0)
    cycles.set_ylabel("tau")
    whole = [max(e["samples"] + e["lost"], 1) for e in rounds]
    share = [100.0 * e["lost"] / all_ for e, all_ in zip(rounds, whole, strict=True)]
    lost.bar(number, share, color=_LATE, width=0.8)
    lost.set_ylabel("samples\nlost (%)")
    lost.set_xlabel("round")
    lost.xaxis.get_major_locator().set_params(integer=True)
    for ax in (times, cycles, lost):
        ax.spines[["top", "right"]].set_visible(False)
    write_figure(path, figure, dpi=150)


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
