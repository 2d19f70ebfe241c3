"""Files of many plans: one row a problem, allocations as lists."""

import csv
import json
from os import PathLike
from typing import Any, Protocol

from numpy.typing import NDArray

from mel_fast._base.atomic import beside
from mel_fast._base.optional import require


class Rows(Protocol):
    """Plans as columns, as far as a file needs them."""

    tau: Any
    samples: Any

    def __len__(self) -> int:
        """Return the number of rows."""

    def columns(self) -> dict[str, Any]:
        """Return what has one entry a row."""

    def allocated(self) -> tuple[str, ...]:
        """Return the names of the allocation's columns."""

    def flat(self, name: str) -> NDArray[Any]:
        """Return a column of the allocation."""


def write_csv(plans: Rows, path: str | PathLike[str]) -> None:
    """Write a CSV; allocations are JSON arrays, empty where there is no plan."""
    columns_of_learners = plans.allocated()
    columns = {name: _listed(column) for name, column in plans.columns().items()}
    with beside(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("row", *columns, *columns_of_learners))
        for row, cells in enumerate(zip(*columns.values(), strict=True)):
            lists = (getattr(plans, name)[row].tolist() for name in columns_of_learners)
            found = plans.tau[row] > 0
            writer.writerow((row, *cells, *(json.dumps(cell) if found else "" for cell in lists)))


def write_parquet(plans: Rows, path: str | PathLike[str]) -> None:
    """Write a Parquet file; allocations are list columns."""
    arrow = require("pyarrow", extra="parquet")
    parquet = require("pyarrow.parquet", extra="parquet")
    columns: dict[str, Any] = {"row": arrow.array(range(len(plans)))}
    columns.update({name: arrow.array(column) for name, column in plans.columns().items()})
    ends = [0]
    for row in plans.samples:
        ends.append(ends[-1] + len(row))
    offsets = arrow.array(ends, type=arrow.int64())
    for name in plans.allocated():
        cells = arrow.array(plans.flat(name))
        columns[name] = arrow.LargeListArray.from_arrays(offsets, cells)
    with beside(path) as temporary:
        parquet.write_table(arrow.table(columns), temporary)


def _listed(column: Any) -> list[Any]:
    return column if isinstance(column, list) else column.tolist()
