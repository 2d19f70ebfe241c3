"""What a shard may be; shards of learners in files: memory-mapped columns, row groups."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from mel_fast._base.arrow import arrow_errors, opened
from mel_fast._base.memory import require_bytes
from mel_fast._base.validation import integer
from mel_fast.model.columns import COLUMNS
from mel_fast.model.learners import Learners

Shard = Learners | Callable[[], Learners]

SHARD = 2**20
"""Learners of a shard, where nobody says how many."""

_MOST = 2**40
_READ = tuple(name for name, column in COLUMNS.items() if column.role != "label")


def checked_shards(shards: Any) -> tuple[Shard, ...]:
    """Return the shards, each Learners or a function of no arguments."""
    if isinstance(shards, Learners | str | bytes) or not isinstance(shards, Iterable):
        raise TypeError(
            f"shards is a {type(shards).__name__}: must be a sequence of Learners or of functions "
            "that return one"
        )
    found = tuple(shards)
    for number, shard in enumerate(found):
        if not isinstance(shard, Learners) and not callable(shard):
            raise TypeError(
                f"shards[{number}] is a {type(shard).__name__}: must be Learners, or a function of "
                "no arguments that returns one"
            )
    if not found:
        raise ValueError("shards is empty: at least 1 shard is needed")
    return found


def made(shard: Shard, number: int) -> Learners:
    """Return a shard's learners.

    Raises
    ------
    TypeError
        Where a function returns something else.
    """
    if isinstance(shard, Learners):
        return shard
    learners = shard()
    if not isinstance(learners, Learners):
        raise TypeError(
            f"shards[{number}]() is a {type(learners).__name__}: must return Learners, the same "
            "each time"
        )
    return learners


@dataclass(frozen=True)
class NpyShard:
    """Rows of memory-mapped columns; a function of no arguments."""

    folder: str
    begin: int
    end: int

    def __call__(self) -> Learners:
        """Return these learners."""
        columns = {
            name: column if column.ndim == 0 else column[self.begin : self.end]
            for name, column in _mapped(Path(self.folder)).items()
        }
        return Learners(**columns, count=self.end - self.begin)


def _mapped(folder: Path) -> dict[str, Any]:
    files = {path.stem: path for path in sorted(folder.glob("*.npy"))}
    unknown = [name for name in files if name not in _READ]
    if unknown:
        raise ValueError(f"{folder}: {unknown[0]}.npy is no column of learners: {', '.join(_READ)}")
    columns = {}
    for name, path in files.items():
        try:
            column = np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            raise ValueError(f"{path} is not a file of one NumPy array: {error}") from None
        if not isinstance(column, np.ndarray) or column.ndim > 1 or column.dtype.kind not in "fiub":
            raise ValueError(f"{path}: must hold one number, or a column of numbers")
        columns[name] = column
    return columns


def shards_from_npy(folder: str | PathLike[str], *, size: int = SHARD) -> list[NpyShard]:
    """Return shards of learners whose columns are the ``.npy`` files of a folder.

    Parameters
    ----------
    folder
        Holds ``gain.npy``, ``flops_per_s.npy`` and so on: a file for each argument of
        :class:`mel_fast.Learners` that is given, of shape (K,), or of shape () for the same number
        at every learner. They are memory-mapped: a worker reads its own rows.
    size
        Learners of a shard; all but the last have as many.

    Raises
    ------
    ValueError, TypeError
        Naming the file, or the argument with its value and range.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> Path("columns").mkdir()
    >>> learners = mel.scenarios.table1(learners=20).learners
    >>> for name in ("flops_per_s", "gain", "return_bandwidth_hz", "return_power_w"):
    ...     np.save(f"columns/{name}.npy", getattr(learners, name))
    >>> shards = mel.shards_from_npy("columns", size=12)
    >>> [len(shard()) for shard in shards]
    [12, 8]
    """
    size = integer("size", size, low=1, high=_MOST)
    place = Path(folder).absolute()
    lengths = {name: len(column) for name, column in _mapped(place).items() if column.ndim}
    if not lengths:
        raise ValueError(f"{folder}: there is no .npy file of a column of learners")
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"{folder}: columns differ in length ({listed}); all must agree")
    rows = next(iter(lengths.values()))
    if rows < 1:
        raise ValueError(f"{folder}: the columns have length 0: at least 1 learner is needed")
    return [NpyShard(str(place), a, min(a + size, rows)) for a in range(0, rows, size)]


@dataclass(frozen=True)
class ParquetShard:
    """Row groups of a Parquet file; a function of no arguments."""

    path: str
    groups: tuple[int, ...]

    def __call__(self) -> Learners:
        """Return these learners."""
        with open(self.path, "rb") as file:
            parquet = opened(file, self.path)
            names = _known(parquet, self.path)
            rows = sum(parquet.metadata.row_group(group).num_rows for group in self.groups)
            require_bytes(2 * 8 * len(names) * rows, f"{self.path}: a shard of {rows} learners")
            with arrow_errors(self.path):
                table = parquet.read_row_groups(list(self.groups), columns=names)
                columns = {name: table.column(name).to_numpy() for name in names}
        return Learners(**columns)


def _known(parquet: Any, shown: str) -> list[str]:
    names = [name for name in parquet.schema_arrow.names if name in _READ]
    if not names:
        raise ValueError(f"{shown}: has no column of learners: {', '.join(_READ)}")
    return names


def shards_from_parquet(path: str | PathLike[str], *, size: int = SHARD) -> list[ParquetShard]:
    """Return shards of learners whose columns are those of a Parquet file (extra ``[parquet]``).

    Parameters
    ----------
    path
        A file with a column for each argument of :class:`mel_fast.Learners` that is given; other
        columns are passed over.
    size
        Row groups are taken together up to so many learners. A file whose row groups have a
        multiple of 1024 rows is cut as the solver sums.

    Raises
    ------
    ValueError, TypeError
        Naming the file, or the argument with its value and range.
    ImportError
        When pyarrow is missing; the message names the extra.

    Examples
    --------
    >>> import pyarrow
    >>> import pyarrow.parquet
    >>> import mel_fast as mel
    >>> learners = mel.scenarios.table1(learners=20).learners
    >>> pyarrow.parquet.write_table(pyarrow.table(learners), "learners.parquet", row_group_size=12)
    >>> [len(shard()) for shard in mel.shards_from_parquet("learners.parquet", size=12)]
    [12, 8]
    """
    size = integer("size", size, low=1, high=_MOST)
    place = str(Path(path).absolute())
    with open(place, "rb") as file:
        parquet = opened(file, place)
        _known(parquet, place)
        rows = [parquet.metadata.row_group(g).num_rows for g in range(parquet.num_row_groups)]
    shards: list[ParquetShard] = []
    groups: list[int] = []
    held = 0
    for group, count in enumerate(rows):
        if groups and held + count > size:
            shards.append(ParquetShard(place, tuple(groups)))
            groups, held = [], 0
        if count:
            groups.append(group)
            held += count
    if groups:
        shards.append(ParquetShard(place, tuple(groups)))
    if not shards:
        raise ValueError(f"{path}: has no rows: at least 1 learner is needed")
    return shards
