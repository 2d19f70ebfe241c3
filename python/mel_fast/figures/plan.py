"""The schemes side by side: what each learner gets, and how long it takes (extra ``[plot]``)."""

import textwrap
from collections.abc import Callable, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.arithmetic import guard
from mel_fast._base.atomic import write_figure
from mel_fast._base.drawing.palette import (
    COMPUTE,
    DEADLINE,
    RETURN,
    SCHEME_WORDS,
    SEND,
    SHADES,
    canvas,
    styled,
)
from mel_fast._base.optional import require
from mel_fast._base.units import with_unit
from mel_fast._base.validation import FloatColumn, IntColumn
from mel_fast.model.problem import Problem
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import SCHEMES, Status
from mel_fast.solve.single import solve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROWS: tuple[tuple[str, Callable[[Plan], Any]], ...] = (
    ("Bandwidth (MHz)", lambda plan: plan.bandwidth_hz * 1e-6),  # type: ignore[operator]
    ("Power (mW)", lambda plan: plan.power_w * 1e3),  # type: ignore[operator]
    ("Samples", lambda plan: plan.samples),
)
_MOST_BARS = 60
_MOST_POINTS = 2000
_MOST_NUMBERS = 20  # on an axis


def all_schemes(
    plan: Plan, *, time_limit_s: float | None = None, threads: int = 1
) -> tuple[Plan, ...]:
    """Return `plan` and what the other schemes make of its problem, in the order of the figure."""
    return tuple(
        plan
        if scheme == plan.scheme
        else solve(plan.problem, scheme=scheme, time_limit_s=time_limit_s, threads=threads)
        for scheme in SCHEMES
    )


def save_figure(plans: Sequence[Plan], path: str | PathLike[str]) -> None:
    """Write `compare`'s figure of `plans` to a .png, .svg or .pdf file, whole or not at all.

    Raises
    ------
    ImportError
        When matplotlib is missing; the message names the extra.
    OSError
        When the file cannot be written.
    """
    write_figure(path, compare(plans), dpi=200)


def plot(plan: Plan, path: str | PathLike[str] | None = None) -> "Figure":
    """Draw one plan, see :meth:`mel_fast.Plan.plot`."""
    figure = compare([plan])
    if path is not None:
        write_figure(path, figure, dpi=200)
    return figure


def compare(plans: Sequence[Plan]) -> "Figure":
    """Draw plans of one problem side by side.

    One column a plan; in rows bandwidth, power and samples of each learner, then its time as
    stacked bars (send, compute, return) against the deadline. Learners stand in one order
    everywhere: the fastest first, and among equals the one with the best channel.

    Raises
    ------
    ImportError
        When matplotlib is missing; the message names the extra.
    """
    order = _order(plans[0])
    with styled():
        figure = canvas(3.1 * len(plans) + 0.6, 7.4)
        grid = figure.subplots(4, len(plans), sharex=True, sharey="row", squeeze=False)
        for column, plan in zip(grid.T, plans, strict=True):
            _draw_plan(column, plan, order)
        for axes, label in zip(
            grid[:, 0], [label for label, _ in _ROWS] + ["Time (s)"], strict=True
        ):
            axes.set_ylabel(label)
            axes.set_ylim(bottom=0.0)
        for axes in grid.flat:
            axes.grid(visible=False, axis="x")
        figure.align_ylabels(grid[:, 0])
        for axes in grid[-1]:
            _name_learners(axes, plans[0].problem, order)
        _legend(figure, plans[0].problem)
    return figure


def _order(plan: Plan) -> IntColumn:
    learners = plan.problem.learners
    order = np.lexsort((-learners.gain, -learners.flops_per_s))
    if order.size > _MOST_POINTS:
        order = order[np.linspace(0, order.size - 1, _MOST_POINTS).astype(np.int64)]
    return order


def _draw_plan(column: Sequence["Axes"], plan: Plan, order: IntColumn) -> None:
    column[0].set_title(_title(plan))
    column[-1].axhline(plan.problem.cycle_s, color=DEADLINE, linestyle="--", linewidth=1.2)
    column[-1].set_xlim(0.3, order.size + 0.7)
    if plan.times is None:
        _explain(column, plan)
        return
    shades = _shades(plan.problem)[order]
    for axes, (_, value) in zip(column, _ROWS, strict=False):
        _bars(axes, np.asarray(value(plan), dtype=np.float64)[order], shades)
    floor = np.zeros(order.size)
    parts = (plan.times.send_s, plan.times.compute_s, plan.times.return_s)
    for part, colour in zip(parts, (SEND, COMPUTE, RETURN), strict=True):
        top = floor + part[order]
        _bars(column[-1], top, colour, floor)
        floor = top


def _name_learners(axes: "Axes", problem: Problem, order: IntColumn) -> None:
    """Mark learners by their names or numbers, from 0 as everywhere; many only by rank."""
    how = "fastest first, then best channel"
    if len(problem.learners) > _MOST_BARS:
        axes.locator_params(axis="x", integer=True)
        axes.set_xlabel(f"Rank of learner; {how}")
        return
    every = -(-order.size // _MOST_NUMBERS)
    places = np.arange(1, order.size + 1)[::every]
    names = problem.learners.names
    shown = order[::every]
    labels = shown.tolist() if names is None else names[shown].tolist()
    turned = 0 if names is None else 90
    axes.set_xticks(places, map(str, labels), fontsize=6.5, rotation=turned)
    axes.set_xlabel(f"Learner; {how}")


def _speeds(problem: Problem) -> FloatColumn:
    """Return the distinct computing speeds, fastest first, as far as there are shades for them."""
    speeds = np.unique(problem.learners.flops_per_s)[::-1]
    return speeds if speeds.size <= len(SHADES) else speeds[:1]


def _shades(problem: Problem) -> NDArray[np.str_]:
    speeds = _speeds(problem)
    kind = np.searchsorted(-speeds, -problem.learners.flops_per_s).clip(max=speeds.size - 1)
    return np.asarray(np.array(SHADES)[kind])


def _bars(
    axes: "Axes",
    top: FloatColumn,
    colour: str | NDArray[np.str_],
    floor: FloatColumn | float = 0.0,
) -> None:
    places = np.arange(1, top.size + 1)
    if top.size <= _MOST_BARS:
        axes.bar(places, top - floor, bottom=floor, color=colour, width=0.8)
    else:
        for shade in np.unique(colour):
            where = np.broadcast_to(np.asarray(colour) == shade, top.shape)
            axes.fill_between(
                places, floor, top, where=where, step="mid", color=str(shade), linewidth=0.0
            )


def _title(plan: Plan) -> str:
    name = SCHEME_WORDS[plan.scheme]
    if plan.status is Status.INFEASIBLE:
        return f"{name}: infeasible"
    proved = "proved optimal" if plan.status is Status.OPTIMAL else f"at most {plan.bound}"
    return f"{name}: $\\tau$ = {plan.tau} ({proved})"


def _explain(column: Sequence["Axes"], plan: Plan) -> None:
    text = textwrap.fill(plan.reasons[0] if plan.reasons else "no plan", 34)
    column[1].text(
        0.5,
        0.5,
        text,
        transform=column[1].transAxes,
        ha="center",
        va="center",
        fontsize=7.5,
        bbox={"facecolor": "white", "edgecolor": "none"},
    )


def _legend(figure: "Figure", problem: Problem) -> None:
    patches = require("matplotlib.patches", extra="plot")
    lines = require("matplotlib.lines", extra="plot")
    speeds = _speeds(problem)
    kinds = [
        (shade, with_unit(speed, "flop/s"))
        for shade, speed in zip(SHADES, speeds.tolist(), strict=False)
        if speeds.size > 1
    ]
    times = [(SEND, "send"), (COMPUTE, "compute"), (RETURN, "return")]
    handles = [patches.Patch(color=colour, label=label) for colour, label in kinds + times]
    deadline = f"deadline T = {with_unit(problem.cycle_s, 's')}"
    handles.append(lines.Line2D([], [], color=DEADLINE, linestyle="--", label=deadline))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))


guard(__name__)
