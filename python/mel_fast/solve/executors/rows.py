"""Many rows on an executor."""

from concurrent.futures import CancelledError, Executor
from time import perf_counter
from typing import Any

from mel_fast._base.progress import Report
from mel_fast.solve.executors.in_order import InOrder, Lost
from mel_fast.solve.executors.parts import Part, nothing_found, parts, put, put_lost
from mel_fast.solve.rows_found import How, found_here

_GRACE_S = 0.05  # for what the workers found until the limit to arrive


def _found_of_part(task: "tuple[Part, How, float]") -> dict[str, Any]:
    """Solve rows on a worker."""
    part, how, limit_s = task
    found = found_here(part.source, part.counts, part.ends, how, limit_s, None)
    if found["interrupted"]:  # the worker alone, or the caller will not ask for this any more
        raise CancelledError("the worker was interrupted")
    return found


def found_on(
    executor: Executor,
    source: Any,
    counts: int | list[int],
    ends: Any,
    how: How,
    limit_s: float,
    report: Report | None,
    *,
    blocks: bool,
) -> dict[str, Any]:
    """Solve rows in parts on an executor, and return what `found_here` would."""
    begin, rows = perf_counter(), len(source)
    cells = counts * rows if isinstance(counts, int) else sum(counts)
    found = nothing_found(rows, cells, blocks=blocks)

    def stop() -> bool:
        elapsed_s = perf_counter() - begin
        passes = int(found["passes"].sum())
        told = report is not None and report(found["done"], rows, passes, elapsed_s)
        return told or elapsed_s >= limit_s + _GRACE_S

    tasks = (
        (part, how, max(limit_s - (perf_counter() - begin), 0.0))
        for part in parts(source, counts, ends)
    )
    try:
        for (part, *_), answer in InOrder(executor, _found_of_part, tasks, stop):
            if isinstance(answer, Lost):
                put_lost(found, part, answer.why)
            else:
                put(found, part, answer)
            if stop():
                break
    except KeyboardInterrupt as interrupt:
        found["interrupted"] = interrupt
    return found
