"""Run it all and write tables, figures and ``tiers.md``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mel_fast._base.atomic import write_text
from mel_fast._core import __version__
from mel_fast.experiments.tables import Row, markdown, write_csv
from mel_fast.experiments.tiers import cells, figures, published, statements
from mel_fast.tiers import frontier, schedule

STEPS = 5


def reproduce(out: Path, step: Callable[[], Any]) -> list[Path]:
    """Write the report's tables and figures into a folder and return the files."""
    written: list[Path] = []
    parts = [_head(), _inputs()]
    step()
    tables: tuple[tuple[str, list[Row], str], ...] = (
        ("table3", cells.table3(), _TABLE_3),
        ("table4", cells.table4(), _TABLE_4),
        ("table5", cells.table5(), _TABLE_5),
    )
    for name, rows, words in tables:
        path = out / f"tiers_{name}.csv"
        write_csv(path, rows)
        written.append(path)
        parts.append(f"{words}\n\n{markdown(rows)}")
        if name == "table5":
            written += figures.faults(rows, out / "tiers_fig4")
            parts.append("## Figure 4\n\n![time against failures](tiers_fig4.svg)\n")
        step()
    curves = cells.figure3()
    write_csv(out / "tiers_fig3.csv", curves)
    written += [out / "tiers_fig3.csv", *figures.scaling(curves, out / "tiers_fig3")]
    parts.append(f"{_FIGURE_3}\n\n{markdown(statements.of_figure3(curves))}")
    parts.append(_optimum(curves))
    step()
    path = out / "tiers.md"
    write_text(path, "\n".join(parts))
    return [*written, path]


def _head() -> str:
    return (
        "# End, edge and cloud: published and reproduced\n\n"
        f"Made by `mel-fast reproduce tiers`, mel_fast {__version__}. Published "
        "numbers are those of Zongpu Zhang, *Optimization of Deep Learning Applications in Highly "
        "Heterogeneous Distributed System*, EE447 course report, 2018.\n"
    )


def _inputs() -> str:
    table1 = [
        {"device": device, **dict(zip(published.NETWORKS, times, strict=True))}
        for device, times in published.INFERENCE_MS.items()
    ]
    return (
        "## Tables 1 and 2: inputs\n\nMeasured by the report; nothing of them can be derived "
        "here. Inference of Table 1 in ms an image:\n\n"
        f"{markdown(table1)}\nWhat the text draws from Table 1, and what its numbers give "
        f"(agreeing means within 5 %):\n\n{markdown(statements.of_table1())}\n"
        "Table 2's processing time is inference, latency and a rest that the report puts down to "
        "HTTP, packing and synchronisation. A task is a batch of 50 images and takes a device for "
        f"the processing time with the latency in it:\n\n{markdown(cells.table2())}"
    )


_TABLE_3 = (
    "## Table 3: encryption modules\n\nFirst layers of ResNet-34 (7 x 7, stride 2, 64 filters with "
    "bias) and WRN-28-10 (3 x 3, 16 filters without bias) on images of 32 x 32 x 3. Outputs and "
    "parameters are the published ones. The files hold 10 to 12 kB beyond the weights: the format, "
    "which is not said."
)
_TABLE_4 = (
    "## Table 4: overhead of encryption\n\nEquations (7) and (8) with a constant overhead a row, "
    "in parts of the time of a task on the cloud without it: inference of Table 2 and the latency. "
    "The constant is fitted to the row (least largest relative difference), one number for four "
    "cells."
)
_TABLE_5 = (
    "## Table 5: fault tolerance\n\nEight end devices, 200 tasks of 0.52 s (Table 2), failures "
    "after 12 tasks; the mean over all choices of the failing devices, where the report has five "
    "runs. Two numbers are calibrated, each on one cell: the time to hand out a task makes `none` "
    "without failures 24.9 s, the cost of a query makes `monitor` without failures 26.4 s. The "
    "other cells follow. The first reading of each policy is ours; the others are printed beside "
    "it, for the report does not say when a time-out begins or how often devices are queried. The "
    "closed form's second for each repeated task is explained by the first reading: such a task is "
    "handed out in vain eight times for each living device, and 8 x 0.1219 s is 0.98 s."
)
_FIGURE_3 = (
    "## Figure 3: scaling\n\nTime to finish against end devices; the report prints the curves "
    "without numbers, so that only its text can be compared. `simulated` is pipelined, with tasks "
    "handed out as in Table 5. The report ran it with its encryption module on, whose time on an "
    "end device it does not give; here it is off.\n\n![time against end devices](tiers_fig3.svg)"
)


def _optimum(rows: list[dict[str, Any]]) -> str:
    most = published.END_DEVICES
    last = [row for row in rows if row["end devices"] == most]
    best = schedule(cells.JOB, cells.tiers())
    curve = frontier(cells.JOB, cells.tiers())
    found = []
    for seconds in (best.makespan_s, 58.75, 100.0, 200.0, 323.0):
        plan = curve.within(seconds)
        assert plan is not None
        found.append(
            {
                "within (s)": f"{seconds:.2f}",
                "tasks on the cloud": int(plan.counts["cloud"].sum()),
                "makespan (s)": f"{plan.makespan_s:.2f}",
                "accuracy of fine labels": f"{plan.accuracy:.4f}",
            }
        )
    assert best.certificate is not None
    return (
        f"## What is best\n\n{most} end devices, 4 edge devices, 1 cloud:\n\n{markdown(last)}\n"
        f"The optimum is {best.certificate.reason.replace('proved optimal', 'proved')}. "
        "The frontier of accuracy against makespan, 58.75 s being End-Edge's and 323 s "
        f"End-Cloud's equation:\n\n{markdown(found)}"
    )
