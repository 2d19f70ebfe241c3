"""What a shard may be; shards of learners in files: memory-mapped columns, row groups."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate, pairwise
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mel_fast._base.arrow import arrow_errors, opened
from mel_fast._base.memory import require_bytes
from mel_fast._base.validation import integer
from mel_fast.model.columns import ALWAYS, COLUMNS
from mel_fast.model.learners import Learners
from mel_fast.model.payload import Payload

Pair = tuple[Learners, Payload]
Shard = Learners | Pair | Callable[[], Learners | Pair]

SHARD = 2**20
"""Learners of a shard, where nobody says how many."""

_MOST = 2**40
_MARKED = 61  # learners of a shard by whom it is known again
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
        if not isinstance(shard, Learners | tuple) and not callable(shard):
            raise TypeError(
                f"shards[{number}] is a {type(shard).__name__}: must be Learners, or a function of "
                "no arguments that returns one"
            )
        if isinstance(shard, tuple):
            made(shard, number)
    if not found:
        raise ValueError("shards is empty: at least 1 shard is needed")
    return found


def checked_path(field: str, value: Any, what: str = "a path") -> Path:
    """Return an absolute path; refuse what is none, by name."""
    if not isinstance(value, str | PathLike):
        raise TypeError(f"{field} is a {type(value).__name__}: must be {what}")
    path = Path(value)
    if "\0" in str(path):
        raise ValueError(f"{field}: a path holds no null characters")
    return path.absolute()


class Made(NamedTuple):
    """The learners of a shard, and what differs in their payload."""

    learners: Learners
    payload: Payload | None

    def columns(self) -> dict[str, Any]:
        """Return all columns but names, those of the payload among them."""
        columns = {name: col for name, col in self.learners.columns().items() if name != "names"}
        if self.payload is not None:
            size = len(self.learners)
            for name, amount in self.payload.given().items():
                columns[name] = np.broadcast_to(amount, size)
        return columns

    def mark(self) -> bytes:
        """Return what tells these learners from most others: a digest of some of their numbers."""
        size = len(self.learners)
        digest = blake2b(str(size).encode(), digest_size=16)
        for name, column in self.learners.columns().items():
            if name != "names":
                digest.update(name.encode())
                digest.update(np.ascontiguousarray(column[:: max(1, size // _MARKED)]).tobytes())
        return digest.digest()


@dataclass(frozen=True)
class WithPayload:
    """A shard and its part of the columns of a payload that was given for all."""

    shard: "Shard | WithPayload"
    payload: Payload


def with_payload(
    shards: Sequence[Shard | WithPayload], payload: Payload, lengths: Sequence[int]
) -> list[WithPayload]:
    """Return the shards with their parts of a payload's columns.

    Raises
    ------
    ValueError
        Naming a column of another length.
    """
    payload.check_length(sum(lengths))
    ends = pairwise(accumulate([0, *lengths]))
    return [
        WithPayload(shard, payload.take(slice(*rows)))
        for shard, rows in zip(shards, ends, strict=True)
    ]


def made(shard: Shard | WithPayload, number: int) -> Made:
    """Return a shard's learners.

    Raises
    ------
    TypeError, ValueError
        Naming the shard, where a function returns something else, or does not return.
    OSError
        Where it cannot read what it needs.
    """
    if isinstance(shard, WithPayload):
        own = made(shard.shard, number)
        given = {} if own.payload is None else own.payload.given()
        twice = given.keys() & shard.payload.given().keys()
        if twice:
            raise ValueError(f"payload.{min(twice)}: is given by shards[{number}] already")
        return Made(own.learners, Payload(**given, **shard.payload.given()))
    name, found = f"shards[{number}]", shard
    if not isinstance(shard, Learners | tuple):
        name, found = f"shards[{number}]()", _called(shard, number)
    learners, payload = found if isinstance(found, tuple) and len(found) == 2 else (found, None)
    if not isinstance(learners, Learners) or not isinstance(payload, Payload | None):
        kind = type(found).__name__
        if isinstance(found, tuple):
            kind += f" of {', '.join(type(part).__name__ for part in found[:3])}"
        raise TypeError(
            f"{name} is a {kind}: must return Learners, or these and their Payload, the same each "
            "time"
        )
    if payload is not None:
        try:
            payload.check_length(len(learners))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return Made(learners, payload)


def _called(shard: Callable[[], Any], number: int) -> Any:
    try:
        return shard()
    except (OSError, ImportError, MemoryError):
        raise
    except TypeError as error:
        raise TypeError(f"shards[{number}](): {error}") from error
    except ValueError as error:
        raise ValueError(f"shards[{number}](): {error}") from error
    except (Exception, SystemExit) as error:
        raise ValueError(f"shards[{number}]() raised {type(error).__name__}: {error}") from error


@contextmanager
def naming(place: str) -> Iterator[None]:
    """Say in which file what is refused stands."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise ValueError(f"{place}: {error}") from None


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
        with naming(self.folder):
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
    missing = [name for name in ALWAYS if name not in columns]
    if columns and missing:
        raise ValueError(f"{folder}: there is no {missing[0]}.npy")
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
    place = checked_path("folder", folder)
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
        with naming(self.path):
            return Learners(**columns)


def _known(parquet: Any, shown: str) -> list[str]:
    names = [name for name in parquet.schema_arrow.names if name in _READ]
    if not names:
        raise ValueError(f"{shown}: has no column of learners: {', '.join(_READ)}")
    missing = [name for name in ALWAYS if name not in names]
    if missing:
        raise ValueError(f"{shown}: has no column {missing[0]}")
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
    place = str(checked_path("path", path))
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
