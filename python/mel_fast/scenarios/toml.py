"""A problem as a scenario file that is read back to the bit."""

import csv
import io
import json
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from mel_fast._base.arithmetic import guard
from mel_fast._base.atomic import write_text
from mel_fast.model.columns import ALWAYS, COLUMNS, LABELS
from mel_fast.model.payload import CHECKS
from mel_fast.model.problem import Problem
from mel_fast.model.radio import Radio
from mel_fast.model.task import LearningTask
from mel_fast.scenarios.file import MOST_BYTES

_MOST_LISTED = MOST_BYTES // 5  # flops_per_s and gain of each take no less
_LISTED = 1000  # learners that stand in the file itself, where a table can be written beside it


def to_toml(problem: Problem, path: str | PathLike[str] | None = None) -> str:
    """Return a problem as TOML and write it, see :meth:`mel_fast.Problem.to_toml`."""
    target = None if path is None else Path(path)
    beside = None
    if target is not None and len(problem.learners) > _LISTED:
        beside = target.with_name(f"{target.stem}_learners.csv")
    text = _text(problem, beside) if beside or len(problem.learners) <= _MOST_LISTED else None
    if text is None or len(text.encode()) > MOST_BYTES:
        raise ValueError(
            f"{len(problem.learners):,} learners make more than {MOST_BYTES:,} bytes, too many for "
            "a scenario: give a path, beside which their table is written"
        )
    if target is not None:
        if beside is not None:
            write_text(beside, _table(problem))
        write_text(target, text)
    return text


def _text(problem: Problem, beside: Path | None) -> str:
    task = {name: getattr(problem.task, name) for name in LearningTask._fields}
    radio = {name: getattr(problem.radio, name) for name in Radio._fields}
    if radio["shared"] == "send":
        radio.pop("shared")
    learners = problem.learners.columns()
    listed: dict[str, Any] = (
        {"table": beside.name}
        if beside is not None
        else {name: _shortest(name, column) for name, column in learners.items()}
    )
    sections = {
        "task": task,
        "radio": radio,
        "cycle": {"cycle_s": problem.cycle_s, "idle": problem.idle},
        "learners": listed,
    }
    given = problem.to_dict().get("payload")
    if given is not None:
        sections["payload"] = {
            name: getattr(problem.payload, name) for name in CHECKS if name in given
        }
    return "\n".join(
        f"[{section}]\n"
        + "".join(f"{key} = {_value(entry)}\n" for key, entry in keys.items() if entry is not None)
        for section, keys in sections.items()
    )


def _shortest(name: str, column: Any) -> Any:
    """Return one number for a column of equal ones, where others tell how many there are."""
    if name in (*ALWAYS, *LABELS) or not (column == column[0]).all():
        return column
    return column[0]


def _value(entry: Any) -> str:
    if isinstance(entry, np.ndarray | np.generic):
        entry = entry.tolist()
    if isinstance(entry, list):
        return f"[{', '.join(map(_value, entry))}]"
    if isinstance(entry, bool):
        return "true" if entry else "false"
    if isinstance(entry, str):
        return json.dumps(entry, ensure_ascii=False)
    return repr(entry)


def _table(problem: Problem) -> str:
    columns = problem.learners.columns()
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS[name].head for name in columns)
    plain = (c.astype(np.int64) if c.dtype == np.bool_ else c for c in columns.values())
    writer.writerows(zip(*(column.tolist() for column in plain), strict=True))
    return out.getvalue()


guard(__name__)
