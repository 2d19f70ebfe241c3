"""What is found for many rows in this process: the core's answers, and what follows them."""

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from mel_fast import _core
from mel_fast._base.progress import Report
from mel_fast.model.batch import Batch
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import SCHEMES, STATUSES, Scheme, Then
from mel_fast.solve.finish import finished, imported_for, unfinished
from mel_fast.solve.row_plan import put_own, put_plan, row_result
from mel_fast.solve.rows import FixedSamplesBatch
from mel_fast.solve.selection.rows import choose_rows, chooses, keeping_interrupts


@dataclass(frozen=True)
class How:
    """What all rows share."""

    scheme: Scheme
    then: Then
    row_limit_s: float
    threads: int
    at_least: int | None = None


def found_here(
    source: Any,
    counts: "int | list[int]",
    ends: Any,
    how: How,
    limit_s: float,
    report: Report | None,
) -> dict[str, Any]:
    """Solve rows in this process."""
    imported_for(how.then)
    begin = perf_counter()
    settings = _core.BatchSettings(
        scheme=SCHEMES.index(how.scheme),
        time_limit_s=limit_s,
        row_time_limit_s=how.row_limit_s,
        threads=how.threads,
        spare_time=how.then == "time",
        starts=ends,
        callback=report,
    )
    if isinstance(source, Batch | FixedSamplesBatch):
        found = _core.solve_columns(**source.core_columns(how.scheme), settings=settings)
    else:
        cores = [
            None
            if problem is None or chooses(problem, how.at_least)
            else problem.core_for(how.scheme)
            for problem in source
        ]
        sizes = [counts] * len(source) if isinstance(counts, int) else counts
        found = _core.solve_problems(problems=cores, learners=sizes, settings=settings)
        choose_rows(source, counts, ends, how, limit_s, found, begin, report)
    if not (found["ended_early"] or found["interrupted"]):
        _finish(source, counts, how, found, begin, limit_s, report)
    return found


def _finish(
    source: Any,
    counts: "int | list[int]",
    how: How,
    found: dict[str, Any],
    begin: float,
    time_limit_s: float,
    report: Report | None,
) -> None:
    """Do for each row what `solve` does after the core, until a limit, the callback or Ctrl-C."""
    wanted = [
        code
        for code, status in enumerate(STATUSES)
        if unfinished(status, stopped=False, then=how.then)
    ]
    own = found.get("own", {})  # these are what `solve` says already
    open_rows = np.zeros(len(found["status"]), np.bool_)
    for code in wanted:
        open_rows |= found["status"] == code
    todo = np.flatnonzero(open_rows & (found["stopped"] == 0))
    ends = np.cumsum(counts).tolist() if isinstance(counts, list) else None

    def stop(passes: int) -> bool:
        if report is None:
            return False
        passes += int(found["passes"].sum())
        return report(found["done"], len(found["status"]), passes, perf_counter() - begin)

    def told(_tau: int, _bound: int, passes: int, _elapsed_s: float) -> bool:
        return stop(passes)

    with keeping_interrupts(found):
        for row in todo.tolist():
            if row in own:
                continue
            elapsed_s = perf_counter() - begin
            limit_s = time_limit_s - elapsed_s
            if limit_s <= 0.0 or stop(0):
                break
            limit_s = min(limit_s, how.row_limit_s - float(found["elapsed_s"][row]))
            size = counts if isinstance(counts, int) else counts[row]
            first = row * size if ends is None else ends[row] - size
            cells = slice(first, first + size)
            old = Plan._from_core(source[row], how.scheme, row_result(found, row, cells))
            new = finished(
                old,
                stopped=False,
                then=how.then,
                limit_s=max(limit_s, 0.0),
                threads=how.threads,
                callback=None if report is None else told,
            )
            if new is not old:
                put = put_plan if new.least_energy is None else put_own
                put(found, row, cells, new)
