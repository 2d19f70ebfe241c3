"""Pictures: who does what when, and accuracy against makespan (extra ``[plot]``)."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from mel_fast._base.atomic import write_figure
from mel_fast._base.drawing.palette import BLUE, DEADLINE, GREY, LOOKS, canvas, styled
from mel_fast._base.untrusted import plain
from mel_fast._base.validation import FloatColumn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_ROWS = 48
_MOST_BARS = 120
_TOUCH = 1e-9

# A Schedule and a Frontier, which import this module and are not imported by it.
Schedule = Any
Frontier = Any


def gantt(schedule: Schedule) -> Figure:
    """Draw one row a device: tasks as bars, told apart by their edges as long as they are few."""
    devices = sum(tier.devices for tier in schedule.tiers)
    each = devices if devices <= _MOST_ROWS else max(1, _MOST_ROWS // len(schedule.tiers))
    rows = [
        (number, tier, int(device))
        for number, tier in enumerate(schedule.tiers)
        for device in np.linspace(0, tier.devices - 1, min(tier.devices, each)).round()
    ]
    with styled():
        height = 1.3 + 0.22 * len(rows)
        figure = canvas(7.2, height)
        axes = figure.subplots()
        for row, (number, tier, device) in enumerate(rows):
            bars = _bars(schedule, tier.name, device)
            axes.broken_barh(
                bars,
                (row - 0.4, 0.8),
                facecolors=LOOKS[number % len(LOOKS)].colour,
                edgecolors="white",
                linewidth=0.6 if len(bars) <= _MOST_BARS else 0.0,
            )
        axes.axvline(schedule.makespan_s, color=DEADLINE, linestyle="--", linewidth=1.0)
        names = [f"{plain(tier.name, 20)} {device}" for _, tier, device in rows]
        axes.set_yticks(range(len(rows)), names)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(0.0, schedule.makespan_s * 1.02)
        axes.set_xlabel("Time (s)")
        axes.grid(visible=False, axis="y")
        shown = "" if len(rows) == devices else f"; {len(rows)} of {devices:,} devices"
        proved = ", proved optimal" if schedule.certificate is not None else ""
        axes.set_title(f"{schedule.scheme}: {schedule.makespan_s:.6g} s{proved}{shown}", loc="left")
    return figure


def _bars(schedule: Schedule, tier: str, device: int) -> list[tuple[float, float]]:
    """Return beginning and length of a device's bars; of very many tasks, of its busy periods."""
    start: FloatColumn = schedule.starts_s[tier][device]
    took = _task_s(schedule, tier)[device]
    if start.size <= 4 * _MOST_BARS:
        return [(begin, took) for begin in start.tolist()]
    pauses = np.diff(start) > took * (1.0 + _TOUCH)
    begin = start[np.concatenate(([True], pauses))]
    end = start[np.concatenate((pauses, [True]))] + took
    return list(zip(begin.tolist(), (end - begin).tolist(), strict=True))


def _task_s(schedule: Schedule, name: str) -> FloatColumn:
    for stage in schedule.stages:
        for tier, places in stage.parts():
            if tier.name == name:
                return np.asarray(stage.task_s[places])
    return np.zeros(0)


def tradeoff(frontier: Frontier) -> Figure:
    """Draw the frontier: points that nothing beats, and those that something does."""
    good = frontier.efficient
    middle = (frontier.makespan_s.min() + frontier.makespan_s.max()) / 2.0
    with styled():
        figure = canvas(5.6, 3.8)
        axes = figure.subplots()
        axes.plot(
            frontier.makespan_s[~good],
            frontier.accuracy[~good],
            "x",
            color=GREY,
            markersize=4,
            label="beaten by another",
        )
        axes.plot(
            frontier.makespan_s[good],
            frontier.accuracy[good],
            "o",
            color=BLUE,
            markersize=3,
            label="efficient",
        )
        for at in np.unique(np.flatnonzero(good)[[0, good.sum() // 2, -1]]).tolist():
            axes.annotate(
                f"{frontier.cloud_tasks[at]:,} on the cloud",
                (frontier.makespan_s[at], frontier.accuracy[at]),
                xytext=(6, -10) if frontier.makespan_s[at] < middle else (-10, 2),
                textcoords="offset points",
                ha="left" if frontier.makespan_s[at] < middle else "right",
                fontsize=8,
            )
        axes.margins(x=0.12)
        axes.set_xlabel("Least makespan (s)")
        axes.set_ylabel("Accuracy of the fine answers")
        axes.legend(loc="lower right")
    return figure


def saved(figure: Figure, path: str | PathLike[str] | None) -> Figure:
    """Write a figure where a path is given, whole or not at all; equal ones give equal files."""
    if path is None:
        return figure
    write_figure(path, figure, dpi=150)
    return figure
