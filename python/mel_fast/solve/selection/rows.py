"""Rows of many in which somebody may choose to sit out: each is solved by itself."""

from time import perf_counter
from typing import Any

import numpy as np

from mel_fast._base.progress import Report
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.status import STATUSES
from mel_fast.solve.single import solve

_UNSOLVED = 5  # as the core counts


def choose_rows(
    source: Any,
    counts: "int | list[int]",
    how: Any,
    limit_s: float,
    found: dict[str, Any],
    begin: float,
    report: Report | None,
) -> None:
    """Solve the rows in which somebody may choose to sit out, which the core leaves out.

    It ends early at a limit, by the callback or Ctrl-C.
    """
    rows = [row for row, p in enumerate(source) if p is not None and p.has_choice]
    if not rows:
        return
    found["own"] = {}
    ends = np.cumsum(counts).tolist() if isinstance(counts, list) else None
    for row in rows:
        found["errors"].pop(row, None)
        found["status"][row] = _UNSOLVED
    for row in rows:
        elapsed_s = perf_counter() - begin
        passes = int(found["passes"].sum())
        told = report is not None and report(found["done"], len(source), passes, elapsed_s)
        if found["interrupted"] or elapsed_s >= limit_s or told:
            found["ended_early"] = True
            return
        left_s = min(limit_s - elapsed_s, how.row_limit_s)
        try:
            plan = solve(
                source[row],
                scheme=how.scheme,
                time_limit_s=None if np.isinf(left_s) else left_s,
                threads=how.threads,
                then=how.then,
            )
        except Interrupted:
            found["interrupted"] = True
            return
        size = counts if isinstance(counts, int) else counts[row]
        first = row * size if ends is None else ends[row] - size
        found["own"][row] = plan
        found["status"][row] = STATUSES.index(plan.status)
        for name in ("tau", "bound", "nodes", "passes", "elapsed_s"):
            found[name][row] = getattr(plan, name)
        tree = (plan.certificate or {}).get("tree", ())
        if len(tree) == 1:
            found["lambda_per_hz"][row] = tree[0]["lambda_per_hz"]
            found["mu_per_w"][row] = tree[0]["mu_per_w"]
        found["end"][3 * row : 3 * row + 3] = plan._end or (0.0, 0.0, 0.0)
        found["stopped"][row] = plan.status in ("feasible", "undecided")
        for name in ("samples", "bandwidth_hz", "power_w", "blocks"):
            column = getattr(plan, name)
            if name in found and column is not None:
                found[name][first : first + size] = column
