"""Tables for other programs, and Parquet files from anybody.

A result that is a table has `columns`; data frames and Arrow follow from them here. Parquet files
may hold anything: what Arrow says of them is one line with the file's name.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike
from typing import IO, TYPE_CHECKING, Any, ClassVar

import numpy as np

from mel_fast._base.optional import require
from mel_fast._base.units import Shown, as_html

if TYPE_CHECKING:
    import pandas as pd


class Table:
    """What has columns, as data frames and Arrow see it.

    `polars.DataFrame(table)`, `pyarrow.table(table)`, `pandas.DataFrame.from_arrow(table)` and
    duckdb's ``SELECT * FROM table`` read it through the Arrow C stream, without copies where the
    columns are arrays of numbers.
    """

    __slots__ = ()
    _row: ClassVar[str | None] = None
    """What one row is: the name of the data frame's index."""

    def columns(self) -> Mapping[str, Any]:
        """Return the columns by name, all of the same length."""
        raise NotImplementedError

    def to_csv(self, path: str | PathLike[str] | None = None) -> str:
        """Return the columns as CSV with a head, numbers at full precision; write it to `path`.

        What is not known is empty.

        Raises
        ------
        OSError
            When it cannot be written.
        """
        import csv  # here: the package is imported without it

        columns = dict(self.columns())
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(columns)
        plain = (c.tolist() if isinstance(c, np.ndarray) else c for c in columns.values())
        writer.writerows(zip(*plain, strict=True))
        if path is not None:
            from mel_fast._base.atomic import write_text  # here: a file is rarely written

            write_text(path, out.getvalue())
        return out.getvalue()

    def to_dataframe(self) -> "pd.DataFrame":
        """Return the columns as a pandas DataFrame (extra ``[pandas]``).

        Raises
        ------
        ImportError
            When pandas is missing; the message names the extra.
        """
        pandas = require("pandas", extra="pandas")
        columns = dict(self.columns())
        rows = len(next(iter(columns.values()), ()))
        return pandas.DataFrame(columns, index=pandas.RangeIndex(rows, name=self._row))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the columns as an Arrow C stream (extra ``[parquet]``).

        Raises
        ------
        ImportError
            When pyarrow is missing; the message names the extra.
        """
        arrow = require("pyarrow", extra="parquet")
        arrays = {name: _as_arrow(arrow, column) for name, column in self.columns().items()}
        return arrow.table(arrays).__arrow_c_stream__(requested_schema)


class ShownTable(Shown, Table):
    """A result with a text and columns."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return as_html(str(self), self.columns())


def _as_arrow(arrow: Any, column: Any) -> Any:
    if isinstance(column, np.ndarray):
        return arrow.array(column)
    if all(isinstance(entry, str) for entry in column):
        return arrow.array([str(entry) for entry in column], type=arrow.string())
    return arrow.array(column)


@contextmanager
def arrow_errors(shown: str) -> Iterator[None]:
    """Turn every error of reading a Parquet file into a ValueError that names the file."""
    arrow = require("pyarrow", extra="parquet")
    try:
        yield
    except (
        arrow.ArrowException, ArithmeticError, AttributeError, LookupError, OSError, TypeError,
        ValueError,
    ) as error:  # fmt: skip
        line = ascii(" ".join(str(error).split()))[1:-1]
        raise ValueError(f"{shown} is not a Parquet file that can be read: {line[:200]}") from None


def opened(file: IO[bytes], shown: str, dictionaries: Sequence[str] = ()) -> Any:
    """Return the Parquet file, of which only the schema has been read.

    The columns named in `dictionaries` will have each of their texts once.

    Raises
    ------
    ValueError
        Naming the file.
    """
    with arrow_errors(shown):
        parquet = require("pyarrow.parquet", extra="parquet")
        return parquet.ParquetFile(file, read_dictionary=list(dictionaries))
