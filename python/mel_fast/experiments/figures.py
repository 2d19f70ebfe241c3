"""The four figures. The same numbers give the same files: no dates, fixed SVG ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mel_fast._base.atomic import write_figure
from mel_fast._base.optional import require
from mel_fast.experiments.published import (
    CYCLES_TO_TARGET,
    LABELS,
    SCHEMES,
    TARGET_ACCURACY,
    TAU,
)
from mel_fast.experiments.tau import BAND, Cell
from mel_fast.learning import History

COLOURS = {"joint": "#1b6ca8", "task_only": "#d1495b", "resource_only": "#5b8c5a"}
MARKS = {"joint": "o", "task_only": "s", "resource_only": "^"}
STYLE = {
    "svg.hashsalt": "mel_fast",
    "svg.fonttype": "none",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
}

Panel = tuple[str, Sequence[Cell]]


def tau_figure(panels: Sequence[Panel], over: str, axis: str, title: str, stem: Path) -> None:
    """Median tau and band of quantiles against ``over``, one panel for each setting."""
    with styled():
        figure, axes = _canvas(len(panels), title)
        for ax, (name, found) in zip(axes, panels, strict=True):
            for scheme in SCHEMES:
                line = [cell for cell in found if cell.scheme == scheme]
                x = [getattr(cell, over) for cell in line]
                low, high = ([cell.quantile(share) for cell in line] for share in BAND)
                ax.fill_between(x, low, high, color=COLOURS[scheme], alpha=0.15, linewidth=0)
                ax.plot(
                    x,
                    [cell.median for cell in line],
                    color=COLOURS[scheme],
                    marker=MARKS[scheme],
                    markersize=4,
                    label=LABELS[scheme],
                )
            _published_tau(ax, found, over)
            ax.set_title(name)
            ax.set_xlabel(axis)
        axes[0].set_ylabel("local cycles tau (median, 10 % to 90 %)")
        axes[0].legend()
        write(figure, stem)


def _published_tau(ax: Any, found: Sequence[Cell], over: str) -> None:
    here = {(cell.learners, cell.cycle_s) for cell in found}
    if (TAU.learners, TAU.cycle_s) in here:
        x = getattr(TAU, over)
        for scheme in SCHEMES:
            y = getattr(TAU, scheme)
            _cross(ax, x, y, COLOURS[scheme])
        ax.plot([], [], "x", color="grey", label="published", markersize=8, markeredgewidth=2)


def _cross(ax: Any, x: float, y: float, colour: str) -> None:
    ax.plot([x], [y], "x", color=colour, markersize=8, markeredgewidth=2)


def accuracy_figure(
    points: Sequence[tuple[int, float]],
    histories: Mapping[tuple[int, float, str], History],
    title: str,
    stem: Path,
) -> None:
    """Accuracy after each global cycle, one panel for each (K, T)."""
    with styled():
        figure, axes = _canvas(len(points), title)
        floor = min(float(h.accuracy[1:].min()) for h in histories.values()) if histories else 0.0
        for ax, (learners, cycle_s) in zip(axes, points, strict=True):
            for scheme in SCHEMES:
                history = histories.get((learners, cycle_s, scheme))
                _accuracy_line(ax, history, scheme)
                published = CYCLES_TO_TARGET.get((learners, cycle_s), {}).get(scheme)
                if published is not None:
                    _cross(ax, published, 100.0 * TARGET_ACCURACY, COLOURS[scheme])
            ax.axhline(100.0 * TARGET_ACCURACY, color="grey", linewidth=0.8, linestyle=":")
            ax.set_ylim(max(0.0, 100.0 * floor - 1.0), 100.0)
            ax.xaxis.get_major_locator().set_params(integer=True)
            ax.set_title(f"K = {learners}, T = {cycle_s:g} s")
            ax.set_xlabel("global cycle (x: published for 98 %)")
            ax.legend(loc="lower right")
        axes[0].set_ylabel("test accuracy (%)")
        write(figure, stem)


def _accuracy_line(ax: Any, history: History | None, scheme: str) -> None:
    if history is None:
        ax.plot([], [], color=COLOURS[scheme], label=f"{LABELS[scheme]}: infeasible")
        return
    ax.plot(
        range(1, len(history.accuracy)),
        100.0 * history.accuracy[1:],
        color=COLOURS[scheme],
        marker=MARKS[scheme],
        markersize=4,
        label=f"{LABELS[scheme]}, tau = {history.tau}",
    )


def styled() -> Any:
    """Draw in the style of all figures here while the block runs."""
    return require("matplotlib", extra="plot").rc_context(STYLE)


def _canvas(panels: int, title: str) -> tuple[Any, Any]:
    figure = require("matplotlib.figure", extra="plot").Figure(
        figsize=(4.2 * panels, 3.4), layout="constrained"
    )
    figure.suptitle(title)
    return figure, figure.subplots(1, panels, squeeze=False)[0]


def write(figure: Any, stem: Path) -> list[Path]:
    """Write a figure as .png and .svg, without dates, and return the files."""
    paths = []
    for suffix, metadata in ((".png", {"Software": None}), (".svg", {"Date": None})):
        paths.append(stem.with_name(stem.name + suffix))
        write_figure(paths[-1], figure, dpi=150, metadata=metadata)
    return paths
