"""A sharded plan in a folder: a Parquet file a shard, and plan.json, which comes last."""

import json
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from mel_fast._base.arrow import arrow_errors, opened
from mel_fast._base.atomic import beside, write_text
from mel_fast._base.memory import require_bytes
from mel_fast._base.optional import require
from mel_fast.model import grammar
from mel_fast.solve.shards.crew import Crew
from mel_fast.solve.shards.shares import ShardAllocation, Share
from mel_fast.solve.shards.statement import Statement

FORMAT = "mel_fast sharded plan"
VERSION = 1
PLAN = "plan.json"
_COLUMNS = ("samples", "bandwidth_hz", "power_w")
_MOST_NUMBERS = 2**23  # of a payload's columns in plan.json, some 250 MB


class Written(NamedTuple):
    """The file of one shard's allocation, fit for a worker."""

    path: str
    learners: int

    def allocation(self) -> ShardAllocation:
        """Return it.

        Raises
        ------
        ValueError
            Naming the file, where it does not hold these columns for so many learners.
        """
        with open(self.path, "rb") as file:
            parquet = opened(file, self.path)
            rows = parquet.metadata.num_rows
            if rows != self.learners:
                raise ValueError(f"{self.path} has {rows} rows: must have {self.learners}")
            require_bytes(4 * 8 * rows, self.path)
            with arrow_errors(self.path):
                table = parquet.read(columns=list(_COLUMNS))
                types = ["int64", "double", "double"]
                found = [str(table.schema.field(name).type) for name in _COLUMNS]
                if found != types or any(table.column(name).null_count for name in _COLUMNS):
                    raise ValueError(f"columns {_COLUMNS} must be {types}, without gaps")
                columns = [table.column(name).to_numpy() for name in _COLUMNS]
        return ShardAllocation(*columns)


def path_of(folder: Path, shard: int) -> Path:
    """Return where a shard's allocation lies."""
    return folder / f"shard-{shard:06d}.parquet"


def write_share(task: tuple[Share, str]) -> None:
    """Write what one shard gets."""
    share, path = task
    arrow = require("pyarrow", extra="parquet")
    parquet = require("pyarrow.parquet", extra="parquet")
    columns = dict(zip(_COLUMNS, share.allocation(), strict=True))
    with beside(path) as temporary:
        parquet.write_table(arrow.table(columns), temporary)


def write_plan(claim: dict[str, Any], shares: Sequence[Share], place: Path, crew: Crew) -> None:
    """Write a plan into a folder."""
    require("pyarrow.parquet", extra="parquet")
    amounts = claim.get("payload", {}).values()
    numbers = sum(len(amount) for amount in amounts if isinstance(amount, list))
    if numbers > _MOST_NUMBERS:
        raise ValueError(
            f"payload: its columns have {numbers} entries, more than the {_MOST_NUMBERS} that "
            "plan.json may hold: let every shard return its own Payload"
        )
    place.mkdir(parents=True, exist_ok=True)
    (place / PLAN).unlink(missing_ok=True)
    crew.all(write_share, [(share, str(path_of(place, i))) for i, share in enumerate(shares)])
    write_text(place / PLAN, json.dumps(claim, indent=1, ensure_ascii=True) + "\n")


def claimed(statement: Statement, **claim: Any) -> dict[str, Any]:
    """Return what a sharded plan claims, JSON-ready; real numbers as hexadecimal strings."""
    head = {"format": FORMAT, "version": VERSION, **stated(statement)}
    return {**head, **claim, "certificate": _hexed(claim["certificate"])}


def stated(statement: Statement) -> dict[str, Any]:
    """Return all of a problem but its learners."""
    payload = statement.payload
    return {
        "task": statement.task.to_dict(),
        "radio": statement.radio.to_dict(),
        "cycle_s": float(statement.cycle_s).hex(),
        "idle": statement.idle,
        **({} if payload is None else {"payload": payload.to_dict()}),
    }


def _hexed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _hexed(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_hexed(entry) for entry in value]
    return value.hex() if isinstance(value, float) else value


def read_claim(folder: str | PathLike[str]) -> dict[str, Any]:
    """Return what the plan in a folder claims; whether it is right is the checker's matter.

    Raises
    ------
    OSError
        When it cannot be read.
    ValueError
        When it is not JSON, or larger than 512 MiB.
    """
    data = grammar.load(Path(folder) / PLAN)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ValueError(f"{Path(folder) / PLAN}: format must be {FORMAT!r}")
    return data
