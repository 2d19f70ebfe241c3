"""Figures 3 and 4. The same numbers give the same files: no dates, fixed SVG ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mel_fast._base.drawing.palette import BLACK, LOOKS, canvas, styled
from mel_fast.experiments.figures import write
from mel_fast.experiments.tiers import published

_SCHEMES = {
    "end": ("End", LOOKS[0]),
    "end_edge": ("End-Edge", LOOKS[4]),
    "mapping": ("Mapping, one end device an edge device", LOOKS[3]),
    "end_cloud": ("End-Cloud", LOOKS[2]),
    "optimal": ("Optimal, edge and cloud", LOOKS[6]),
}
_POLICIES = {"reassign": ("Reassign", LOOKS[1]), "monitor": ("Monitor", LOOKS[0])}

Rows = Sequence[Mapping[str, Any]]


def scaling(rows: Rows, stem: Path) -> list[Path]:
    """Figure 3: makespan against end devices, by the equations and with the assigner."""
    panels = (("equation (s)", "equations (1) to (6)"), ("with the assigner (s)", "simulated"))
    with styled():
        figure = canvas(8.4, 3.8)
        axes = figure.subplots(1, 2, sharey=True)
        for ax, (column, title) in zip(axes, panels, strict=True):
            for scheme, (label, look) in _SCHEMES.items():
                mine = [row for row in rows if row["scheme"] == scheme]
                name = column if mine[0][column] else "whole tasks (s)"
                ax.plot(
                    [row["end devices"] for row in mine],
                    [float(row[name]) for row in mine],
                    **look.words(),
                    label=label,
                )
            ax.set_title(title)
            ax.set_xlabel("End devices")
            ax.set_yscale("log")
            ax.set_yticks([10, 20, 50, 100, 200, 400], ["10", "20", "50", "100", "200", "400"])
            ax.minorticks_off()
        axes[0].set_ylabel("Time to finish (s)")
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=5)
        return write(figure, stem)


def faults(rows: Rows, stem: Path) -> list[Path]:
    """Figure 4: time to finish against failures, published and simulated."""
    with styled():
        figure = canvas(5.6, 3.8)
        ax = figure.subplots()
        for policy, (label, look) in _POLICIES.items():
            printed = published.FAULTS_S[policy]
            words = {**look.words(), "linestyle": "-"}
            ax.plot(range(len(printed)), printed, **words, label=f"{label}, published")
            readings = [row["reading"] for row in rows if row["policy"] == policy]
            for reading, dash in zip(dict.fromkeys(readings), ("--", ":", "-."), strict=False):
                mine = [row for row in rows if row["reading"] == reading]
                ax.plot(
                    [row["failures"] for row in mine],
                    [float(row["reproduced (s)"]) for row in mine],
                    dash,
                    color=look.colour,
                    label=reading,
                )
        first = published.FAULTS_S["none"][0]
        ax.plot(
            [0], [first], "x", color=BLACK, label="Without fault tolerance: never from 1 failure on"
        )
        ax.set_yscale("log")
        ax.set_yticks([25, 50, 100, 200], ["25", "50", "100", "200"])
        ax.minorticks_off()
        ax.set_xlabel("Failed devices")
        ax.set_ylabel("Time to finish (s)")
        ax.legend(fontsize=7)
        return write(figure, stem)
