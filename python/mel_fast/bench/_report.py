"""A report as Markdown and JSON."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mel_fast._base.atomic import check_writable, write_text

_TITLES = {
    "single": "One small problem through Python (microseconds: median of all calls)",
    "batch": "Many small problems: solve_many on arrays, plans and bounds included",
    "large": "One large problem against one numpy.log1p pass of the same size",
    "growth": "From ten learners to ten million (density law)",
    "payload": "What is sent: float32 values to bytes and back by one thread (processor time)",
}


def targets(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what was to be reached beside what was measured."""
    rows: list[dict[str, Any]] = []

    def add(what: str, goal: float, measured: float, at_least: bool = False) -> None:
        reached = measured >= goal if at_least else measured <= goal
        rows.append({"what": what, "goal": goal, "measured": measured, "reached": reached})

    for row in report.get("single", []):
        if row.get("learners") == 10 and row["scheme"] == "joint":
            add("K = 10 through Python, microseconds", 50.0, row["call_us"])
            add("of which the core, microseconds", 20.0, row["core_us"])
    for row in report.get("batch", []):
        if row["learners"] == 10 and row["idle"] == "served":
            add("batch of K = 10, instances a second", 5e5, row["rate_per_s"], at_least=True)
    for row in report.get("large", []):
        goal = 20.0 if row["law"] == "density" else 30.0
        what = f"K = {row['learners']:.0e}, {row['law']}, {row['idle']}, log1p passes"
        add(what, goal, row.get("times_log1p", math.inf))
        if "cpu_s" in row:
            each = row["cpu_s"] / row["threads"]
            add(f"{what}, by CPU time a thread", goal, each / row["log1p_s"])
    for row in report.get("payload", []):
        if row["recipe"] in ("8-bit uniform", "4-bit kmeans", "12-bit uniform"):
            for way in ("encode", "decode"):
                what = f"{row['recipe']}: {way}, MB of float32 a second"
                add(what, 100.0, row[f"{way}_mb_per_s"], at_least=True)
            add(f"{row['recipe']}: % above entropy", 3.0, row["above_entropy_percent"])
    growth = report.get("growth", [])
    for idle in dict.fromkeys(row["idle"] for row in growth):
        by_size = {row["learners"]: row for row in growth if row["idle"] == idle}
        if 10**7 in by_size:
            top, middle = by_size[10**7], by_size[10**5]
            ratio = top["ns_a_learner"] / middle["ns_a_learner"]
            add(f"{idle}: time a learner at K = 1e7 over that at 1e5", 1.3, ratio)
            ratio = top["cpu_s"] / middle["cpu_s"] * 10**5 / 10**7
            add(f"{idle}: the same, by CPU time", 1.3, ratio)
            if top["bytes_a_learner_beyond"] is not None:
                what = f"{idle}: bytes a learner beyond inputs and outputs, K = 1e7"
                add(what, 100.0, top["bytes_a_learner_beyond"])
            if top["return_after_stop_ms"] is not None:
                add(
                    f"{idle}: return after a stop at K = 1e7, ms",
                    100.0,
                    top["return_after_stop_ms"],
                )
    return rows


def markdown(report: Mapping[str, Any]) -> str:
    """Return the report as a page."""
    machine = report["machine"]
    lines = [f"# mel-fast bench, {machine['date']}", ""]
    lines += [f"- {name.replace('_', ' ')}: {value}" for name, value in machine.items()]
    lines += [f"- threads: {report['threads']}"]
    if report["quick"]:
        lines += ["- quick: small sizes, few runs; not for publication"]
    lines += ["", "Answers were asserted: every status proved, repeated runs equal to the bit."]
    for part, title in _TITLES.items():
        if part in report:
            lines += ["", f"## {title}", ""]
            for rows in _alike(report[part]):
                lines += [*_table(rows), ""]
    goals = targets(report)
    if goals:
        lines += ["## Goals", "", *_table(goals)]
    return "\n".join(lines).rstrip() + "\n"


def prepare(folder: Path) -> None:
    """Make the folder of the reports; an OSError names it where that cannot be."""
    folder.mkdir(parents=True, exist_ok=True)
    check_writable(folder / "bench.md")


def save(report: Mapping[str, Any], folder: Path) -> tuple[Path, Path]:
    """Write ``bench-DATE.md`` and ``bench-DATE.json``; return their paths."""
    prepare(folder)
    name = f"bench-{'quick-' if report['quick'] else ''}{report['machine']['date'][:10]}"
    page, data = folder / f"{name}.md", folder / f"{name}.json"
    write_text(page, markdown(report))
    write_text(data, json.dumps({**report, "goals": _finite(report)}, indent=1) + "\n")
    return page, data


def _finite(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the goals with None, which JSON knows, for what took for ever."""
    return [
        {name: None if value == math.inf else value for name, value in row.items()}
        for row in targets(report)
    ]


def _alike(rows: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Return runs of rows that have the same columns: a table each."""
    tables: list[list[Mapping[str, Any]]] = []
    for row in rows:
        if tables and list(tables[-1][0]) == list(row):
            tables[-1].append(row)
        else:
            tables.append([row])
    return tables


def _table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    header = list(rows[0])
    lines = [f"| {' | '.join(name.replace('_', ' ') for name in header)} |"]
    lines.append("|" + "---|" * len(header))
    lines += [f"| {' | '.join(_cell(row[name]) for name in header)} |" for row in rows]
    return lines


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if value == math.inf:
        return "not proved"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return "" if value is None else str(value)
