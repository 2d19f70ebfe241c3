"""One row of many in the shape of the core's result, from which a Plan is made."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mel_fast._base.validation import FloatColumn, IntColumn
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import STATUSES

CELLS = ("samples", "bandwidth_hz", "power_w", "blocks")
"""The columns with an entry a learner of each row."""


@dataclass(frozen=True, slots=True)
class RowResult:
    """What a `Plan` reads from the core's result, from the columns of a batch."""

    status: int
    tau: int
    bound: int
    nodes: int
    passes: int
    elapsed_s: float
    stopped: bool
    end: tuple[float, float, float]
    samples: IntColumn | None
    bandwidth_hz: FloatColumn | None
    power_w: FloatColumn | None
    blocks: IntColumn | None
    tree: list[tuple[int, int, float, float]]
    per_part: float
    part: float
    above: float

    @property
    def tree_learner(self) -> IntColumn:
        """The learner that each node splits; -1 at a leaf."""
        return np.array([node[0] for node in self.tree], dtype=np.int64)

    @property
    def tree_at(self) -> IntColumn:
        """The samples at which each node splits."""
        return np.array([node[1] for node in self.tree], dtype=np.int64)

    @property
    def tree_lambda_per_hz(self) -> FloatColumn:
        """The price of a hertz of each leaf."""
        return np.array([node[2] for node in self.tree], dtype=np.float64)

    @property
    def tree_mu_per_w(self) -> FloatColumn:
        """The price of a watt of each leaf."""
        return np.array([node[3] for node in self.tree], dtype=np.float64)


def row_result(found: dict[str, Any], row: int, cells: slice) -> Any:
    """Read a row of the core's columns; `cells` are those of its learners."""
    prices = float(found["lambda_per_hz"][row]), float(found["mu_per_w"][row])
    leaf = [] if np.isnan(prices[0]) else [(-1, 0, *prices)]
    planned = found["tau"][row] > 0
    per_part, part, above = found["parts"].get(row, (0.0, 0.0, -1.0))

    def shares(name: str) -> Any:
        return found[name][cells] if planned and name in found else None

    end = found["end"][3 * row : 3 * row + 3].tolist()
    return RowResult(
        **{name: int(found[name][row]) for name in ("status", "tau", "bound", "nodes", "passes")},
        elapsed_s=float(found["elapsed_s"][row]),
        stopped=bool(found["stopped"][row]),
        end=(end[0], end[1], end[2]),
        samples=shares("samples"),
        bandwidth_hz=shares("bandwidth_hz"),
        power_w=shares("power_w"),
        blocks=shares("blocks"),
        tree=found["trees"].get(row, leaf),
        per_part=per_part,
        part=part,
        above=above,
    )


def some_rows(found: dict[str, Any], chosen: IntColumn, sizes: IntColumn) -> dict[str, Any]:
    """Return the columns of some rows; `sizes` has the number of learners of every row."""
    first = np.cumsum(sizes) - sizes
    cells = [np.arange(first[row], first[row] + sizes[row]) for row in chosen]
    of_cells = np.concatenate(cells) if cells else np.arange(0)
    some: dict[str, Any] = {}
    for name, column in found.items():
        if name == "end":
            some[name] = column.reshape(-1, 3)[chosen].ravel()
        elif isinstance(column, np.ndarray):
            some[name] = column[of_cells if name in CELLS else chosen]
        else:
            some[name] = column
    for name in {"trees", "parts", "own"} & found.keys():
        of_rows, rows = found[name], enumerate(chosen.tolist())
        some[name] = {i: of_rows[row] for i, row in rows if row in of_rows}
    return some


def put_own(found: dict[str, Any], row: int, cells: slice, plan: Plan) -> None:
    """Write a plan with the row's proof, and a claim or speeds that are in no column."""
    found.setdefault("own", {})[row] = plan
    for name in ("passes", "elapsed_s"):
        found[name][row] = getattr(plan, name)
    for name in CELLS:
        column = getattr(plan, name)
        if name in found and column is not None:
            found[name][cells] = column


def put_plan(found: dict[str, Any], row: int, cells: slice, plan: Plan) -> None:
    """Write a plan that came after the core's own into its row."""
    result: Any = plan._core_result
    tree = list(
        zip(
            result.tree_learner.tolist(),
            result.tree_at.tolist(),
            result.tree_lambda_per_hz.tolist(),
            result.tree_mu_per_w.tolist(),
            strict=True,
        )
    )
    one = len(tree) == 1
    found["status"][row] = STATUSES.index(plan.status)
    for name in ("tau", "bound", "nodes", "passes", "elapsed_s"):
        found[name][row] = getattr(plan, name)
    found["lambda_per_hz"][row], found["mu_per_w"][row] = tree[0][2:] if one else (np.nan, np.nan)
    found["end"][3 * row : 3 * row + 3] = result.end
    found["trees"].pop(row, None)
    if len(tree) > 1:
        found["trees"][row] = tree
    found["parts"].pop(row, None)
    if getattr(result, "part", 0.0) > 0.0:
        found["parts"][row] = result.per_part, result.part, result.above
    if isinstance(getattr(result, "blame", None), int):
        found["blame"][row] = result.blame
    for name in ("samples", "bandwidth_hz", "power_w", "blocks"):
        column = getattr(plan, name)
        if name in found:
            found[name][cells] = 0 if column is None else column
