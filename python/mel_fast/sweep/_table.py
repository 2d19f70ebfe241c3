"""What a sweep found, as columns."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.arrow import ShownTable
from mel_fast._base.atomic import write_figure
from mel_fast._base.frozen import alike, hashable
from mel_fast._base.units import count
from mel_fast._base.untrusted import plain, shown
from mel_fast._base.validation import choice
from mel_fast.sweep._found import Found
from mel_fast.sweep._grid import RESULTS, Grid
from mel_fast.sweep._plot import draw
from mel_fast.sweep._work import Value

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_SHOWN = 6


class SweepTable(ShownTable):
    """One row a combination, in the order of the grid.

    Attributes
    ----------
    scenario : str
        What was swept: its name, for files with a digest of the content.
    axes : dict of str to tuple
        The values of each axis.

    Notes
    -----
    ``table["tau"]`` is a column, an array; `columns` has them all.
    """

    def __init__(self, grid: Grid, found: Found) -> None:
        positions = found.known()
        self.scenario = grid.scenario.shown
        self.axes = dict(grid.axes)
        self._columns: dict[str, NDArray[Any]] = {
            axis: _column(grid.axes[axis])[place] for axis, place in grid.places(positions).items()
        }
        self._columns.update(found.columns(positions))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SweepTable):
            return NotImplemented
        mine, theirs = (
            {**table.columns(), "scenario": table.scenario, "axes": table.axes, "elapsed_s": 0.0}
            for table in (self, other)
        )
        return alike(mine, theirs)

    def __hash__(self) -> int:
        return hash((self.scenario, hashable(self["tau"])))

    def __len__(self) -> int:
        return len(self["tau"])

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._columns[name]

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the columns by name.

        The axes, then `status`, `tau`, `bound`, `active` (learners that have samples), `nodes`,
        `passes`, `elapsed_s` and `note` (why a row is infeasible or invalid).
        """
        return dict(self._columns)

    def summary(self) -> str:
        """Return a few lines of text: the axes, how many rows of each status, the spread of tau."""
        lines = [f"{count(len(self), 'row')} of {plain(self.scenario)}"]
        lines += [f"  {name}: {_few(values)}" for name, values in self.axes.items()]
        words, numbers = np.unique(self["status"], return_counts=True)
        found = ", ".join(f"{n:,} {word}" for word, n in zip(words, numbers, strict=True))
        taus = self["tau"][self["tau"] > 0]
        if taus.size:
            found += f"; tau {taus.min():,} to {taus.max():,}, median {np.median(taus):g}"
        return "\n".join((*lines, found or "none"))

    def _words(self) -> str:
        axes = ", ".join(f"{name}: {len(values)}" for name, values in self.axes.items())
        return f"{len(self)} rows of {shown(self.scenario)}, axes {{{axes}}}"

    def quantiles(
        self, x: str, value: str = "tau", q: Sequence[float] = (0.1, 0.5, 0.9)
    ) -> "dict[tuple[Value, ...], dict[Value, NDArray[np.float64]]]":
        """Return quantiles of a column over seeds and draws.

        Rows count whose `value` is known: the optimal, and the infeasible with tau = 0.

        Returns
        -------
        dict
            For each combination of the other axes (see `curves`), for each value of axis `x`, the
            quantiles `q`.
        """
        if x not in self.axes:
            raise ValueError(f"x = {x!r}: must be one of the axes {', '.join(self.axes)}")
        known = np.isin(self["status"], ("optimal", "infeasible"))
        names = self.curves(x)
        found: dict[tuple[Value, ...], dict[Value, list[float]]] = {}
        for row in np.flatnonzero(known):
            curve = tuple(self[name][row].item() for name in names)
            place = self[x][row].item()
            number = float(self[value][row])
            found.setdefault(curve, {}).setdefault(place, []).append(number)
        return {
            curve: {place: np.quantile(numbers, q) for place, numbers in places.items()}
            for curve, places in found.items()
        }

    def curves(self, x: str) -> list[str]:
        """Return the axes that tell curves over `x` apart: several values, not seed nor draw."""
        return [
            name
            for name, values in self.axes.items()
            if len(values) > 1 and name not in ("seed", "draw", x)
        ]

    def plot(
        self,
        path: str | PathLike[str] | None = None,
        *,
        x: str | None = None,
        value: str = "tau",
        band: tuple[float, float] = (0.1, 0.9),
    ) -> "Figure":
        """Draw the median over seeds and draws, with a band between two quantiles.

        Parameters
        ----------
        path
            Where to save it: .png, .svg or .pdf; None for nowhere.
        x
            The axis to draw over; None for the first with several numbers that is not seed nor
            draw. Each combination of the other axes is a curve.
        value
            The column to draw.
        band
            The band's quantiles.

        Raises
        ------
        ImportError
            When matplotlib is missing; the message names the extra.
        ValueError
            When there is nothing to draw over, or for another ending of `path`.
        """
        if path is not None and Path(path).suffix not in (".png", ".svg", ".pdf"):
            raise ValueError(f"{path}: must end in .png, .svg or .pdf")
        choice("value", value, [name for name in RESULTS if name not in ("status", "note")])
        across = axis_to_draw(self.axes, x)
        low, high = band
        curves = self.quantiles(across, value, (low, 0.5, high))
        figure = draw(curves, self.curves(across), across, value, band)
        if path is not None:
            write_figure(path, figure, dpi=200)
        return figure


def axis_to_draw(axes: Mapping[str, tuple[Value, ...]], asked: str | None = None) -> str:
    """Return the axis that is asked for, or the first with several numbers, not seed nor draw.

    Raises
    ------
    ValueError
        When there is none, or it has texts.
    """
    numbers = [
        name for name, values in axes.items() if all(not isinstance(value, str) for value in values)
    ]
    if asked is None:
        for name in numbers:
            if len(axes[name]) > 1 and name not in ("seed", "draw"):
                return name
        raise ValueError("no axis to draw over: one (not seed, not draw) needs several numbers")
    if asked not in numbers:
        raise ValueError(
            f"x = {shown(asked)}: must be one of the axes of numbers ({', '.join(numbers)})"
        )
    return asked


def _few(values: tuple[Value, ...]) -> str:
    """Return the values of an axis, of many the first and the last."""
    if len(values) <= _SHOWN:
        return ", ".join(plain(str(value)) for value in values)
    first = ", ".join(plain(str(value)) for value in values[: _SHOWN - 2])
    return f"{first}, ..., {plain(str(values[-1]))} ({len(values):,} values)"


def _column(values: tuple[Value, ...]) -> NDArray[Any]:
    kinds = {*map(type, values)}
    if str in kinds:
        return np.array([str(value) for value in values], dtype=np.str_)
    return np.array(values, dtype=np.int64 if kinds == {int} else np.float64)
