"""Pictures: asked against kept, strategies against the clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mel_fast._base.atomic import write_figure
from mel_fast._base.drawing.palette import BLACK, LOOKS, axis, canvas, styled
from mel_fast.experiments.loop.calibrate import Kept


def calibration(found: Sequence[Kept], path: Path) -> None:
    """Draw the share of rounds that were kept against what was asked for, a line a drift."""
    with styled():
        figure = canvas(8.4, 4.0)
        panels = sorted({one.what for one in found}, reverse=True)
        for ax, what in zip(
            figure.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels, strict=True
        ):
            ax.plot([0.45, 1.0], [0.45, 1.0], color=BLACK, linewidth=0.8, linestyle=":")
            drifts = sorted({one.drift_db for one in found if one.what == what})
            for drift, look in zip(drifts, LOOKS, strict=False):
                line = [o for o in found if o.what == what and o.drift_db == drift and o.asked]
                ax.plot(
                    [o.asked for o in line],
                    [o.kept for o in line],
                    **look.words(size=5),
                    label=f"{drift:g} dB",
                )
            ax.set_title(f"Drift {what}")
            ax.set_xlabel("Confidence asked for")
            ax.legend(loc="upper left", title="Gains drift by")
        figure.axes[0].set_ylabel("Rounds with everybody in time (share)")
        write_figure(path, figure, dpi=150)


def accuracy(found: Mapping[str, tuple[Any, Any]], path: Path) -> None:
    """Draw accuracy against the clock: the mean of the seeds and its 95 % interval."""
    with styled():
        figure = canvas(6.8, 4.4)
        ax = figure.subplots()
        for (name, (clock, seen)), look in zip(found.items(), LOOKS, strict=False):
            mean = 100.0 * seen.mean(axis=0)
            half = 196.0 * seen.std(axis=0, ddof=1) / np.sqrt(len(seen))
            low, high = mean - half, mean + half
            ax.fill_between(clock, low, high, color=look.colour, alpha=0.15, linewidth=0)
            ax.plot(clock, mean, **look.words(size=3), label=name)
        ax.set_xlabel(axis("clock_s"))
        ax.set_ylabel(f"{axis('accuracy')}, mean and its 95 % interval over seeds")
        ax.legend(loc="lower right")
        write_figure(path, figure, dpi=150)
