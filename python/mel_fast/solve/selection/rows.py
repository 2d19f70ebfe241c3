"""Rows of many in which somebody may choose to sit out: each is solved by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import numpy as np

from mel_fast._base.progress import Report
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import STATUSES
from mel_fast.solve.selection.search import blame_of
from mel_fast.solve.single import answered, refuse_of_choice

_INVALID, _UNSOLVED = 4, 5  # as the core counts


def chooses(problem: Any, at_least: int | None) -> bool:
    """Say whether a row is one of those that are solved by themselves."""
    return problem is not None and (at_least is not None or problem.has_choice)


def choose_rows(
    source: Any,
    counts: "int | list[int]",
    ends: Any,
    how: Any,
    limit_s: float,
    found: dict[str, Any],
    begin: float,
    report: Report | None,
) -> None:
    """Solve the rows in which somebody may choose to sit out, which the core leaves out.

    It ends early at a limit, by the callback or Ctrl-C.
    """
    rows = [row for row, problem in enumerate(source) if chooses(problem, how.at_least)]
    if not rows:
        return
    found["own"] = {}
    found["done"] = max(found["done"] - len(rows), 0)  # the core counts what it is not given
    for row in rows:
        found["errors"].pop(row, None)
        found["status"][row] = _UNSOLVED
    cells = np.cumsum(counts).tolist() if isinstance(counts, list) else None
    told = False

    def over(passes: int) -> bool:
        nonlocal told
        if report is not None and not told:
            passes += int(found["passes"].sum())
            told = report(found["done"], len(source), passes, perf_counter() - begin)
        return told

    def tell(_tau: int, _bound: int, passes: int, _elapsed_s: float) -> bool:
        return over(passes)

    with keeping_interrupts(found):
        for row in rows:
            elapsed_s = perf_counter() - begin
            if found["interrupted"] or elapsed_s >= limit_s or over(0):
                found["ended_early"] = True
                return
            problem, left_s = source[row], min(limit_s - elapsed_s, how.row_limit_s)
            at = None if ends is None or not ends[row].all() else tuple(ends[row].tolist())
            asked = None if report is None else tell
            try:
                refuse_of_choice(problem, how.scheme, how.then, how.at_least)
            except ValueError as error:
                found["status"][row], found["errors"][row] = _INVALID, str(error)
                continue
            plan = answered(
                problem, how.scheme, left_s, how.threads, asked, how.then, at, how.at_least
            )
            size = counts if isinstance(counts, int) else counts[row]
            first = row * size if cells is None else cells[row] - size
            _put(found, row, slice(first, first + size), plan)


@contextmanager
def keeping_interrupts(found: dict[str, Any]) -> Iterator[None]:
    """Write Ctrl-C, or what is derived from it, down as the end of the work."""
    try:
        yield
    except Interrupted as stop:
        found["interrupted"] = stop.__cause__ or True
    except KeyboardInterrupt as stop:
        found["interrupted"] = stop


def _put(found: dict[str, Any], row: int, cells: slice, plan: Plan) -> None:
    found["own"][row] = plan
    found["status"][row] = STATUSES.index(plan.status)
    found["blame"][row] = blame_of(plan)
    for name in ("tau", "bound", "nodes", "passes", "elapsed_s"):
        found[name][row] = getattr(plan, name)
    tree = (plan.certificate or {}).get("tree", ())
    if len(tree) == 1:
        found["lambda_per_hz"][row] = tree[0]["lambda_per_hz"]
        found["mu_per_w"][row] = tree[0]["mu_per_w"]
    found["end"][3 * row : 3 * row + 3] = plan._end or (0.0, 0.0, 0.0)
    found["stopped"][row] = plan.status in ("feasible", "undecided")
    found["done"] += 1
    for name in ("samples", "bandwidth_hz", "power_w", "blocks"):
        column = getattr(plan, name)
        if name in found and column is not None:
            found[name][cells] = column
