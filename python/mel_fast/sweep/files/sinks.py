"""Which kind of file a sweep writes."""

from pathlib import Path

from mel_fast._base.atomic import check_writable, is_special, resolved
from mel_fast.sweep._grid import Grid
from mel_fast.sweep.files.csv_file import CsvFile, CsvStream
from mel_fast.sweep.files.parquet_file import ParquetFile, ParquetStream
from mel_fast.sweep.files.sink import Sink


def sink_for(asked: Path, grid: Grid) -> Sink:
    """Return the sink for an output file by its ending, refusing one that cannot be written."""
    if asked.suffix not in (".csv", ".parquet"):
        raise ValueError(f"{asked}: must end in .csv or .parquet")
    check_writable(asked)
    special, csv = is_special(asked), asked.suffix == ".csv"
    if special:
        return CsvStream(asked, grid) if csv else ParquetStream(asked, grid)
    path = resolved(asked)
    return CsvFile(asked, path, grid) if csv else ParquetFile(asked, path, grid)
