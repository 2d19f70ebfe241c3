"""Pictures: asked against kept, strategies against the clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mel_fast._base.optional import require
from mel_fast.experiments.figures import styled, write
from mel_fast.experiments.loop.calibrate import Kept

_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#555555")
_MARKS = ("o", "s", "^", "D", "v", "P")


def calibration(found: Sequence[Kept], stem: Path) -> list[Path]:
    """Draw the share of rounds that were kept against what was asked for, a line a drift."""
    with styled():
        figure = require("matplotlib.figure", extra="plot").Figure(
            figsize=(8.4, 4.0), layout="constrained"
        )
        panels = sorted({one.what for one in found}, reverse=True)
        for ax, what in zip(
            figure.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels, strict=True
        ):
            ax.plot([0.45, 1.0], [0.45, 1.0], color="black", linewidth=0.8, linestyle=":")
            drifts = sorted({one.drift_db for one in found if one.what == what})
            for drift, colour, mark in zip(drifts, _COLOURS, _MARKS, strict=False):
                line = [o for o in found if o.what == what and o.drift_db == drift and o.asked]
                ax.plot(
                    [o.asked for o in line],
                    [o.kept for o in line],
                    color=colour,
                    marker=mark,
                    markersize=5,
                    label=f"{drift:g} dB",
                )
            ax.set_title(f"drift {what}")
            ax.set_xlabel("confidence asked for")
            ax.legend(loc="upper left", title="gains drift by")
        figure.axes[0].set_ylabel("share of rounds with everybody in time")
        return write(figure, stem)


def accuracy(found: Mapping[str, tuple[Any, Any]], stem: Path) -> list[Path]:
    """Draw accuracy against the clock: the mean of the seeds and its 95 % interval."""
    with styled():
        figure = require("matplotlib.figure", extra="plot").Figure(
            figsize=(6.8, 4.4), layout="constrained"
        )
        ax = figure.subplots()
        for (name, (clock, seen)), colour, mark in zip(
            found.items(), _COLOURS, _MARKS, strict=False
        ):
            mean = 100.0 * seen.mean(axis=0)
            half = 196.0 * seen.std(axis=0, ddof=1) / np.sqrt(len(seen))
            ax.fill_between(clock, mean - half, mean + half, color=colour, alpha=0.15, linewidth=0)
            ax.plot(clock, mean, color=colour, marker=mark, markersize=3, label=name)
        ax.set_xlabel("seconds on the simulated clock")
        ax.set_ylabel("test accuracy (%), mean and its 95 % interval over seeds")
        ax.legend(loc="lower right", fontsize=8)
        return write(figure, stem)
