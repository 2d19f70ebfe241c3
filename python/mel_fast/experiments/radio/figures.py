"""Accuracy against time. The same numbers give the same files: no dates, fixed SVG ids."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mel_fast._base.optional import require
from mel_fast.experiments.figures import styled, write
from mel_fast.experiments.radio.race import Raced

_LOOKS = (("#1b6ca8", "o"), ("#5b8c5a", "^"), ("#d1495b", "s"), ("#6b6b6b", "D"))


def race(found: Sequence[Raced], target: float, stem: Path) -> list[Path]:
    """Mean accuracy of the seeds over seconds, one standard deviation each way."""
    with styled():
        figures = require("matplotlib.figure", extra="plot")
        figure = figures.Figure(figsize=(6.6, 4.6), layout="constrained")
        ax = figure.subplots()
        for one, (colour, mark) in zip(found, _LOOKS, strict=True):
            racer, seen = one.racer, 100.0 * one.accuracy()[:, 1:]
            seconds = racer.cycle_s * np.arange(1, seen.shape[1] + 1)
            mean, spread = seen.mean(axis=0), seen.std(axis=0, ddof=1)
            ax.fill_between(
                seconds, mean - spread, mean + spread, color=colour, alpha=0.18, linewidth=0
            )
            level = "" if racer.level in racer.name else f"{racer.level}, "
            label = f"{racer.name}: {level}tau = {racer.tau}, T = {racer.cycle_s:.2f} s"
            ax.plot(seconds, mean, color=colour, marker=mark, markersize=3, label=label)
        ax.axhline(100.0 * target, color="black", linewidth=0.8, linestyle=":")
        ax.set_ylim(100.0 * target - 6.0, 100.0 * target + 1.5)
        ax.set_xscale("log")
        ticker = require("matplotlib.ticker", extra="plot")
        ax.xaxis.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_formatter(ticker.NullFormatter())
        ax.set_xlabel("seconds on the simulated clock")
        ax.set_ylabel("test accuracy (%), mean and one standard deviation of the seeds")
        ax.yaxis.label.set_fontsize(8)
        figure.legend(loc="outside lower center", ncols=2, fontsize=8)
        return write(figure, stem)
