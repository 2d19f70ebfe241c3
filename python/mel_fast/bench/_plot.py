"""The growth curves."""

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from mel_fast._base.atomic import write_figure
from mel_fast._base.drawing.palette import LOOKS, axis, canvas, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LOOKS = {"served": LOOKS[0], "excused": LOOKS[1]}


def save_growth(report: Mapping[str, Any], path: str | PathLike[str]) -> None:
    """Draw time and memory over K from a report that has the part ``growth``.

    Raises
    ------
    ValueError
        When it does not have it.
    ImportError
        When matplotlib is missing; the message names the extra.
    OSError
        When the file cannot be written.
    """
    rows = report.get("growth")
    if not rows:
        raise ValueError("the growth plot needs the part growth")
    with styled():
        figure = _growth(rows)
    write_figure(path, figure, dpi=150)


def _growth(rows: Sequence[Mapping[str, Any]]) -> "Figure":
    figure = canvas(9.0, 3.4)
    time, each, memory = figure.subplots(1, 3)
    for idle, look in _LOOKS.items():
        mine = [row for row in rows if row["idle"] == idle]
        sizes = [row["learners"] for row in mine]
        words = {**look.words(size=3.5), "label": idle}
        time.loglog(sizes, [row["best_s"] for row in mine], **words)
        each.loglog(sizes, [row["cpu_s"] / row["learners"] * 1e9 for row in mine], **words)
        known = [row for row in mine if row["bytes_a_learner_beyond"] and row["learners"] >= 10**5]
        memory.semilogx(
            [row["learners"] for row in known],
            [row["bytes_a_learner_beyond"] for row in known],
            **words,
        )
    time.set_title("Wall time to solve and prove (s)", fontsize=9)
    each.set_title("CPU time a learner, all threads (ns)", fontsize=9)
    memory.set_title("Memory a learner (bytes)\nbeyond inputs and outputs", fontsize=9)
    memory.set_ylim(0, memory.get_ylim()[1] * 1.2)
    for axes in (time, each, memory):
        axes.set_xlabel(axis("learners"))
    time.legend(title="Idle learners", title_fontsize=8)
    return figure
