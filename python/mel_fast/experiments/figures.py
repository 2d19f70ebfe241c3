"""The four figures. The same numbers give the same files: no dates, fixed SVG ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mel_fast._base.atomic import write_figure
from mel_fast._base.drawing.palette import GREY, SCHEME_WORDS, axis, canvas, styled
from mel_fast._base.drawing.palette import SCHEMES as LOOKS
from mel_fast.experiments.published import (
    CYCLES_TO_TARGET,
    SCHEMES,
    TARGET_ACCURACY,
    TAU,
)
from mel_fast.experiments.tau import BAND, Cell
from mel_fast.learning import History

Panel = tuple[str, Sequence[Cell]]


def tau_figure(panels: Sequence[Panel], over: str, title: str, stem: Path) -> None:
    """Median tau and band of quantiles against ``over``, one panel for each setting."""
    with styled():
        figure, axes = _canvas(len(panels), title)
        for ax, (name, found) in zip(axes, panels, strict=True):
            for scheme in SCHEMES:
                line = [cell for cell in found if cell.scheme == scheme]
                x = [getattr(cell, over) for cell in line]
                low, high = ([cell.quantile(share) for cell in line] for share in BAND)
                look = LOOKS[scheme]
                ax.fill_between(x, low, high, color=look.colour, alpha=0.15, linewidth=0)
                ax.plot(x, [c.median for c in line], **look.words(), label=SCHEME_WORDS[scheme])
            _published_tau(ax, found, over)
            ax.set_title(name)
            ax.set_xlabel(axis(over))
        axes[0].set_ylabel(f"{axis('tau')} (median, 10 % to 90 %)")
        axes[0].legend()
        write(figure, stem)


def _published_tau(ax: Any, found: Sequence[Cell], over: str) -> None:
    here = {(cell.learners, cell.cycle_s) for cell in found}
    if (TAU.learners, TAU.cycle_s) in here:
        x = getattr(TAU, over)
        for scheme in SCHEMES:
            y = getattr(TAU, scheme)
            _cross(ax, x, y, LOOKS[scheme].colour)
        ax.plot([], [], "x", color=GREY, label="Published", markersize=8, markeredgewidth=2)


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
                    _cross(ax, published, 100.0 * TARGET_ACCURACY, LOOKS[scheme].colour)
            ax.axhline(100.0 * TARGET_ACCURACY, color=GREY, linewidth=0.8, linestyle=":")
            ax.set_ylim(max(0.0, 100.0 * floor - 1.0), 100.0)
            ax.xaxis.get_major_locator().set_params(integer=True)
            ax.set_title(f"$K$ = {learners}, $T$ = {cycle_s:g} s")
            ax.set_xlabel(f"{axis('round')} (x: published for 98 %)")
            ax.legend(loc="lower right")
        axes[0].set_ylabel(axis("accuracy"))
        write(figure, stem)


def _accuracy_line(ax: Any, history: History | None, scheme: str) -> None:
    if history is None:
        ax.plot([], [], color=LOOKS[scheme].colour, label=f"{SCHEME_WORDS[scheme]}: infeasible")
        return
    ax.plot(
        range(1, len(history.accuracy)),
        100.0 * history.accuracy[1:],
        **LOOKS[scheme].words(),
        label=f"{SCHEME_WORDS[scheme]}, $\\tau$ = {history.tau}",
    )


def _canvas(panels: int, title: str) -> tuple[Any, Any]:
    figure = canvas(4.2 * panels, 3.4)
    figure.suptitle(title)
    return figure, figure.subplots(1, panels, squeeze=False)[0]


def write(figure: Any, stem: Path) -> list[Path]:
    """Write a figure as .png and .svg and return the files."""
    paths = [stem.with_name(stem.name + suffix) for suffix in (".png", ".svg")]
    for path in paths:
        write_figure(path, figure, dpi=150)
    return paths
