"""A sweep's figure: medians as lines, quantile bands behind them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mel_fast._base.optional import require

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which colour-blind readers can tell apart.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
_DASHES = ("-", "--", ":", "-.")
_LABELS = {
    "learners": "Number of learners K",
    "cycle_s": "Global cycle T (s)",
    "tau": r"Local cycles $\tau$",
    "bound": r"Bound on $\tau$",
    "active": "Learners with samples",
    "elapsed_s": "Time to solve (s)",
}


def draw(
    curves: Mapping[tuple[Any, ...], Mapping[Any, Any]],
    names: Sequence[str],
    x: str,
    value: str,
    band: tuple[float, float],
) -> "Figure":
    """Return the figure of `SweepTable.plot`: for each curve, three quantiles over `x`."""
    figures = require("matplotlib.figure", extra="plot")
    low, high = band
    if not curves:
        raise ValueError("nothing to draw: no row is optimal or infeasible")
    figure: Figure = figures.Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    # Colour tells the schemes apart (or the last axis), the dashes everything else.
    told = names.index("scheme") if "scheme" in names else len(names) - 1
    colours = list(dict.fromkeys(curve[told:][:1] for curve in curves))
    dashes = list(dict.fromkeys(curve[:told] + curve[told + 1 :] for curve in curves))
    for curve, places in curves.items():
        colour = _COLOURS[colours.index(curve[told:][:1]) % len(_COLOURS)]
        dash = _DASHES[dashes.index(curve[:told] + curve[told + 1 :]) % len(_DASHES)]
        across = np.array(sorted(places))
        bottom, middle, top = np.array([places[place] for place in across.tolist()]).T
        label = ", ".join(
            str(entry) if name == "scheme" else f"{name} = {entry}"
            for name, entry in zip(names, curve, strict=True)
        )
        axes.plot(across, middle, color=colour, linestyle=dash, marker="o", markersize=3)
        axes.lines[-1].set_label(label or None)
        axes.fill_between(across, bottom, top, color=colour, alpha=0.18, linewidth=0)
    axes.set_xlabel(_LABELS.get(x, x))
    axes.set_ylabel(_LABELS.get(value, value))
    axes.set_ylim(bottom=0)
    axes.locator_params(
        axis="x", integer=all(isinstance(at, int) for places in curves.values() for at in places)
    )
    axes.grid(color="#DDDDDD", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(f"median, band {low:.0%} to {high:.0%}", fontsize=9, loc="right")
    if names:
        axes.legend(frameon=False, fontsize=8)
    return figure
