"""A grid of draws: solve every combination of the axes, write rows as they come, resume, draw.

The face imports this folder with the package: what costs time is imported when a sweep begins.
"""

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

from mel_fast._base.arithmetic import guard
from mel_fast._base.progress import Callback

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from mel_fast.sweep._scenario import ScenarioLike
    from mel_fast.sweep._table import SweepTable

__all__ = ["sweep"]


def sweep(
    scenario: "ScenarioLike" = "table1",
    over: Mapping[str, Any] | None = None,
    *,
    output: str | PathLike[str] | None = None,
    resume: bool = True,
    threads: int = 1,
    time_limit_s: float | None = None,
    callback: Callback | None = None,
    progress: bool = False,
    executor: "Executor | None" = None,
) -> "SweepTable":
    """Solve a scenario for every combination of values.

    Parameters
    ----------
    scenario
        ``"table1"`` for :func:`mel_fast.scenarios.table1`; the path of a scenario file (TOML); a
        Problem; or a function that takes the axes by name and returns a Problem.
    over
        Values of each axis by name: ``{"learners": [10, 20], "seed": range(100)}``. The axis
        ``scheme`` is there for every scenario. Further axes are, for Table I, the parameters of
        `table1`; for a file ``learners``, ``seed``, ``draw``, ``cycle_s``, ``idle``, ``setting``,
        or any key by its path, such as ``radio.bandwidth_hz``; for a Problem the fields of its
        task, radio, ``cycle_s`` and ``idle``.
    output
        A .csv or .parquet file that receives the rows while the sweep runs; no other sweep can
        write it meanwhile. CSV rows are appended a whole chunk at a time; Parquet rows are
        collected in ``<output>.parts/`` and become one file at the end, sorted as the grid. Killed
        at any moment, the sweep goes on from it without losing a row or having one twice.
    resume
        Whether rows that `output` already has are kept and not solved again; those that a time
        limit left open are solved again where they may take longer now than they took. A row is
        known by the values of the axes and by what made its problem: the content of a Problem or of
        a scenario file, the problem itself that a function makes. A file that has rows of
        something else, or rows that were changed, is refused. False begins afresh.
    threads
        Threads to use; the results do not depend on their number.
    time_limit_s
        Seconds for each problem, after which its best plan so far is taken (status feasible).
    callback
        Called now and then with ``(rows done, rows, passes, elapsed_s)``; a true answer ends the
        sweep.
    progress
        Whether to draw a bar on stderr, if that is a terminal.
    executor
        Where the rows are drawn and solved, some thousands at a time: a
        :class:`concurrent.futures.Executor`, such as a ProcessPoolExecutor or
        ``client.get_executor()`` of Dask; None for this process. The rows do not depend on it. What
        a worker that ends had under way is given to another.

    Returns
    -------
    SweepTable
        One row a combination, in the order of the grid; after a stop those that were reached.

    Raises
    ------
    ValueError, TypeError
        For axes that the scenario does not have, for values of the wrong kind, for more than
        10,000,000 combinations, and where `output` is not a file of this sweep or has a row that
        cannot be: the message names the row.
    OSError
        When `output` cannot be read or written; a BlockingIOError where another sweep writes it.
    RuntimeError
        At the end, where the workers that had some rows ended each time that these were tried; its
        ``table`` has all others, which are also in `output`.
    Interrupted
        A KeyboardInterrupt, after Ctrl-C; its ``table`` has the rows solved until then, which are
        also in `output`: the same call goes on from there.

    Notes
    -----
    A combination that a Problem's constructor refuses becomes a row with status ``"invalid"`` and
    the reason in the column `note`; other rows are not touched.

    Examples
    --------
    >>> import mel_fast as mel
    >>> table = mel.sweep("table1", {"learners": [5, 10], "draw": range(3)})
    >>> table["tau"].shape, bool((table["status"] != "undecided").all())
    ((6,), True)
    """
    from mel_fast.sweep._run import run

    axes = {} if over is None else over
    return run(scenario, axes, output, resume, threads, time_limit_s, callback, progress, executor)


guard(__name__)
