"""A sweep's figure: medians as lines, quantile bands behind them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mel_fast._base.drawing.palette import LOOKS, SCHEME_WORDS, axis, canvas, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DASHES = ("-", "--", ":", "-.")


def draw(
    curves: Mapping[tuple[Any, ...], Mapping[Any, Any]],
    names: Sequence[str],
    x: str,
    value: str,
    band: tuple[float, float],
) -> "Figure":
    """Return the figure of `SweepTable.plot`: for each curve, three quantiles over `x`."""
    if not curves:
        raise ValueError("nothing to draw: no row is optimal or infeasible")
    with styled():
        return _drawn(curves, names, x, value, band)


def _drawn(
    curves: Mapping[tuple[Any, ...], Mapping[Any, Any]],
    names: Sequence[str],
    x: str,
    value: str,
    band: tuple[float, float],
) -> "Figure":
    low, high = band
    figure = canvas(6.4, 4.2)
    axes = figure.subplots()
    # Colour tells the schemes apart (or the last axis), the dashes everything else.
    told = names.index("scheme") if "scheme" in names else len(names) - 1
    colours = list(dict.fromkeys(curve[told:][:1] for curve in curves))
    dashes = list(dict.fromkeys(curve[:told] + curve[told + 1 :] for curve in curves))
    for curve, places in curves.items():
        look = LOOKS[colours.index(curve[told:][:1]) % len(LOOKS)]
        dash = _DASHES[dashes.index(curve[:told] + curve[told + 1 :]) % len(_DASHES)]
        across = np.array(sorted(places))
        bottom, middle, top = np.array([places[place] for place in across.tolist()]).T
        label = ", ".join(
            SCHEME_WORDS.get(entry, str(entry)) if name == "scheme" else f"{axis(name)}: {entry}"
            for name, entry in zip(names, curve, strict=True)
        )
        axes.plot(across, middle, **{**look.words(size=3.5), "linestyle": dash})
        axes.lines[-1].set_label(label or None)
        axes.fill_between(across, bottom, top, color=look.colour, alpha=0.18, linewidth=0)
    axes.set_xlabel(axis(x))
    axes.set_ylabel(axis(value))
    axes.set_ylim(bottom=0)
    axes.locator_params(
        axis="x", integer=all(isinstance(at, int) for places in curves.values() for at in places)
    )
    axes.set_title(f"median, band {low:.0%} to {high:.0%}", fontsize=9, loc="right")
    if names:
        axes.legend()
    return figure
