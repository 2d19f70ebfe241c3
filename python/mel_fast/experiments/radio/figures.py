"""Accuracy against time. The same numbers give the same files: no dates, fixed SVG ids."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mel_fast._base.drawing.palette import BLACK, LOOKS, axis, canvas, styled
from mel_fast._base.optional import require
from mel_fast.experiments.figures import write
from mel_fast.experiments.radio.race import Raced


def race(found: Sequence[Raced], target: float, stem: Path) -> list[Path]:
    """Mean accuracy of the seeds over seconds, one standard deviation each way."""
    with styled():
        figure = canvas(6.6, 4.6)
        ax = figure.subplots()
        for one, look in zip(found, LOOKS, strict=False):
            racer, seen = one.racer, 100.0 * one.accuracy()[:, 1:]
            seconds = racer.cycle_s * np.arange(1, seen.shape[1] + 1)
            mean, spread = seen.mean(axis=0), seen.std(axis=0, ddof=1)
            low, high = mean - spread, mean + spread
            ax.fill_between(seconds, low, high, color=look.colour, alpha=0.18, linewidth=0)
            level = "" if racer.level in racer.name else f"{racer.level}, "
            label = f"{racer.name}: {level}$\\tau$ = {racer.tau}, $T$ = {racer.cycle_s:.2f} s"
            ax.plot(seconds, mean, **look.words(size=3), label=label)
        ax.axhline(100.0 * target, color=BLACK, linewidth=0.8, linestyle=":")
        ax.set_ylim(100.0 * target - 6.0, 100.0 * target + 1.5)
        ax.set_xscale("log")
        ticker = require("matplotlib.ticker", extra="plot")
        ax.xaxis.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_formatter(ticker.NullFormatter())
        ax.set_xlabel(axis("clock_s"))
        ax.set_ylabel(f"{axis('accuracy')}, mean and one standard deviation of the seeds")
        ax.yaxis.label.set_fontsize(8)
        figure.legend(loc="outside lower center", ncols=2, fontsize=8)
        return write(figure, stem)
