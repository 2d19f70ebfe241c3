"""A plan on stdout, and whatever else has a row a learner."""

import sys
from collections.abc import Mapping
from typing import Any

import click
import numpy as np

from mel_fast._base.units import folded
from mel_fast.cli.shared.report import emit
from mel_fast.cli.shared.table import table
from mel_fast.model.learners import Learners
from mel_fast.plans.plan import Plan
from mel_fast.plans.words.text import facts

_COLUMNS = (
    "samples",
    "blocks",
    "bandwidth_hz",
    "power_w",
    "send_s",
    "compute_s",
    "return_s",
    "total_s",
)
_TERMINAL_ROWS = 40


def render(plan: Plan, form: str) -> None:
    """Print a plan: its attributes as JSON, a row a learner as CSV, both in words."""
    if form == "json":
        click.echo(plan.to_json())
    else:
        emit(form, "solve", {}, learner_rows(_columns(plan), plan), lambda: _text(plan))


def learner_rows(columns: Mapping[str, Any], plan: Plan | None = None) -> dict[str, Any]:
    """Return columns with the learner's number before them, and its name where it has one."""
    given = dict(columns)
    names = given.pop("name", None)
    if plan is not None and plan.problem.learners.names is not None:
        names = plan.problem.learners.names
    rows = len(next(iter(given.values())))
    named = {} if names is None else {"name": names[:rows]}
    return {"learner": np.arange(rows), **named, **given}


def learner_table(learners: Learners, columns: Mapping[str, Any]) -> str:
    """Return a row a learner, called by its name; on a terminal only the first."""
    given = {name: c for name, c in columns.items() if name not in ("learner", "name")}
    rows = len(next(iter(given.values())))
    shown = min(rows, _TERMINAL_ROWS) if sys.stdout.isatty() else rows
    who: Any = learners.names
    if who is None:
        who = [str(k) for k in range(rows)] if rows == 0 else np.arange(rows)
    text = table({"learner": who, **given}, shown)
    if shown < rows:
        text += f"\n\n... and {rows - shown:,} more learners; --format csv prints them all"
    return text


def _columns(plan: Plan) -> dict[str, Any]:
    """Return what is printed of a plan; without a plan, the names only."""
    skipped = () if plan.problem.radio.block_hz is not None else ("blocks",)
    found = {name: getattr(plan, name) for name in _COLUMNS if name not in skipped}
    return {name: () if column is None else column for name, column in found.items()}


def _text(plan: Plan) -> str:
    lines = _facts(plan)
    if plan.samples is None:
        return lines
    return f"{lines}\n\n{learner_table(plan.problem.learners, _columns(plan))}"


def _facts(plan: Plan) -> str:
    """Return the facts as a column of labels and one of texts."""
    rows = facts(plan)
    wide = max(len(label) for label, _ in rows) + 2
    return "\n".join(folded(f"{label:<{wide}}{text}", wide) for label, text in rows)
