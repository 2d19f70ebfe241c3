"""Parquet files that may hold anything: what Arrow says is one line with the file's name."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from mel_fast._base.optional import require


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
