"""The rows of many problems cut into parts, and what was found for the parts put together."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from mel_fast.solve.row_plan import CELLS

_PARTS = 8
_LEARNERS = 1 << 17  # of all rows of a part: a tenth of a second of work
_ROWS = 1 << 15
_UNSOLVED = 5


@dataclass(frozen=True)
class Part:
    """Some rows as a worker gets them."""

    rows: slice
    cells: slice
    source: Any  # a Batch, a batch with fixed samples, or a tuple of Problems
    counts: int | list[int]
    ends: Any


def parts(source: Any, counts: int | list[int], ends: Any) -> Iterator[Part]:
    """Cut the rows into parts, each made when it is asked for.

    At least eight parts where there are as many rows, none much longer than some tenths of a
    second: where the cuts lie changes no answer.
    """
    rows = len(source)
    sizes = np.full(rows, counts) if isinstance(counts, int) else np.array(counts)
    cell_ends = np.cumsum(sizes)
    most = min(_ROWS, math.ceil(rows / _PARTS))
    first = cell = 0
    while first < rows:
        last = int(np.searchsorted(cell_ends, cell + _LEARNERS, "right"))
        last = min(max(last, first + 1), first + most, rows)
        here, until = slice(first, last), int(cell_ends[last - 1])
        yield Part(
            here,
            slice(cell, until),
            source[here],
            counts if isinstance(counts, int) else counts[here],
            None if ends is None else ends[here],
        )
        first, cell = last, until


def nothing_found(rows: int, cells: int, *, blocks: bool) -> dict[str, Any]:
    """Return the core's columns of rows of which none was begun."""
    found: dict[str, Any] = {
        **{name: np.zeros(rows, np.int8) for name in ("status", "blame", "stopped")},
        **{name: np.zeros(rows, np.int64) for name in ("tau", "bound", "nodes", "passes")},
        **{name: np.zeros(rows) for name in ("elapsed_s", "lambda_per_hz", "mu_per_w")},
        "end": np.zeros(3 * rows),
        "samples": np.zeros(cells, np.int64),
        "bandwidth_hz": np.zeros(cells),
        "power_w": np.zeros(cells),
    }
    if blocks:
        found["blocks"] = np.zeros(cells, np.int64)
    found["status"][:] = _UNSOLVED
    found["lambda_per_hz"][:] = found["mu_per_w"][:] = np.nan
    found.update(errors={}, trees={}, parts={}, done=0, ended_early=False, interrupted=False)
    return found


def put(found: dict[str, Any], part: Part, of_part: dict[str, Any]) -> None:
    """Write what was found for a part into the columns of all."""
    first, rows = part.rows.start, part.rows.stop - part.rows.start
    for name, column in found.items():
        if not isinstance(column, np.ndarray) or name not in of_part:
            continue
        if name == "end":
            column[3 * first : 3 * (first + rows)] = of_part[name]
        else:
            column[part.cells if name in CELLS else part.rows] = of_part[name]
    for name in ("errors", "trees", "parts"):
        found[name].update({first + row: what for row, what in of_part[name].items()})
    own = of_part.get("own", {})
    if own:
        found.setdefault("own", {}).update({first + row: plan for row, plan in own.items()})
    found["done"] += of_part["done"]


def put_lost(found: dict[str, Any], part: Part, why: str) -> None:
    """Write that the rows of a part were lost with their workers."""
    rows = range(part.rows.start, part.rows.stop)
    found["status"][part.rows] = _UNSOLVED
    found["errors"].update(dict.fromkeys(rows, f"the workers that had the row ended: {why}"))
    found["done"] += len(rows)
