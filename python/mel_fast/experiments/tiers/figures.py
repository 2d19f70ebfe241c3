"""Figures 3 and 4. The same numbers give the same files: no dates, fixed SVG ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mel_fast._base.optional import require
from mel_fast.experiments.figures import styled, write
from mel_fast.experiments.tiers import published

_SCHEMES = {
    "end": ("End", "#0072B2", "o"),
    "end_edge": ("End-Edge", "#E69F00", "s"),
    "mapping": ("Mapping, N_map = 1", "#CC79A7", "^"),
    "end_cloud": ("End-Cloud", "#009E73", "D"),
    "optimal": ("optimal, edge and cloud", "#000000", "x"),
}
_POLICIES = {"reassign": ("reassign", "#D55E00"), "monitor": ("monitor", "#0072B2")}

Rows = Sequence[Mapping[str, Any]]


def scaling(rows: Rows, stem: Path) -> list[Path]:
    """Figure 3: makespan against end devices, by the equations and with the assigner."""
    panels = (("equation (s)", "equations (1) to (6)"), ("with the assigner (s)", "simulated"))
    with styled():
        figure = _figure((8.4, 3.8))
        axes = figure.subplots(1, 2, sharey=True)
        for ax, (column, title) in zip(axes, panels, strict=True):
            for scheme, (label, colour, mark) in _SCHEMES.items():
                mine = [row for row in rows if row["scheme"] == scheme]
                name = column if mine[0][column] else "whole tasks (s)"
                ax.plot(
                    [row["end devices"] for row in mine],
                    [float(row[name]) for row in mine],
                    color=colour,
                    marker=mark,
                    markersize=4,
                    label=label,
                )
            ax.set_title(title)
            ax.set_xlabel("end devices")
            ax.set_yscale("log")
            ax.set_yticks([10, 20, 50, 100, 200, 400], ["10", "20", "50", "100", "200", "400"])
            ax.minorticks_off()
        axes[0].set_ylabel("time to finish (s)")
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=5)
        return write(figure, stem)


def faults(rows: Rows, stem: Path) -> list[Path]:
    """Figure 4: time to finish against failures, published and simulated."""
    with styled():
        figure = _figure((5.6, 3.8))
        ax = figure.subplots()
        for policy, (label, colour) in _POLICIES.items():
            printed = published.FAULTS_S[policy]
            ax.plot(range(len(printed)), printed, "o-", color=colour, label=f"{label}, published")
            words = [row["reading"] for row in rows if row["policy"] == policy]
            for reading, dash in zip(dict.fromkeys(words), ("--", ":", "-."), strict=False):
                mine = [row for row in rows if row["reading"] == reading]
                ax.plot(
                    [row["failures"] for row in mine],
                    [float(row["reproduced (s)"]) for row in mine],
                    dash,
                    color=colour,
                    label=reading,
                )
        first = published.FAULTS_S["none"][0]
        ax.plot([0], [first], "kx", label="without fault tolerance: Inf from 1 failure on")
        ax.set_yscale("log")
        ax.set_yticks([25, 50, 100, 200], ["25", "50", "100", "200"])
        ax.minorticks_off()
        ax.set_xlabel("failed devices")
        ax.set_ylabel("time to finish (s)")
        ax.legend(fontsize=7)
        return write(figure, stem)


def _figure(size: tuple[float, float]) -> Any:
    figures = require("matplotlib.figure", extra="plot")
    return figures.Figure(figsize=size, layout="constrained")
