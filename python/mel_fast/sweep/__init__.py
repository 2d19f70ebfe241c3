"""A grid of draws: solve every combination of the axes, write rows as they come, resume, draw."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from mel_fast._base.arithmetic import guard
from mel_fast.model.problem import Problem
from mel_fast.plans.status import Interrupted
from mel_fast.solve.asked import asked_seconds, asked_threads
from mel_fast.solve.many import InterruptedMany, Plans, solve_many
from mel_fast.sweep._files import NoFile, Sink, sink_for
from mel_fast.sweep._grid import Grid, Key, Made, Row, key_of
from mel_fast.sweep._rows import wants_more
from mel_fast.sweep._scenario import Point, ScenarioLike
from mel_fast.sweep._table import SweepTable, axis_to_draw

__all__ = ["InterruptedSweep", "SweepTable", "check_drawable", "sweep"]

Callback = Callable[[int, int], bool | None]

_ROWS_AT_ONCE = 256
_LEARNERS_AT_ONCE = 1 << 20  # a chunk ends here too: rows of large problems are written one by one


class InterruptedSweep(Interrupted):
    """Ctrl-C during :func:`mel_fast.sweep`; ``table`` has every row solved before it."""

    def __init__(self, table: SweepTable) -> None:
        KeyboardInterrupt.__init__(self, "interrupted; the rows solved so far are in .table")
        self.table = table


def sweep(
    scenario: ScenarioLike = "table1",
    over: Mapping[str, Any] | None = None,
    *,
    output: str | PathLike[str] | None = None,
    resume: bool = True,
    threads: int = 1,
    time_limit_s: float | None = None,
    callback: Callback | None = None,
    progress: bool = False,
) -> SweepTable:
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
        Called with ``(rows done, rows)`` now and then; a true answer ends the sweep.
    progress
        Whether to draw a bar on stderr.

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
    InterruptedSweep
        A KeyboardInterrupt, after Ctrl-C; its ``table`` has the rows solved until then, which are
        also in `output`: the same call goes on from there.

    Notes
    -----
    A combination that a Problem's constructor refuses becomes a row with status ``"invalid"`` and
    the reason in the column `note`; other rows are not touched.
    """
    grid = Grid.of(scenario, {} if over is None else over)
    threads = asked_threads(threads)
    if time_limit_s is not None:
        time_limit_s = asked_seconds(time_limit_s)
    sink: Sink = NoFile() if output is None else sink_for(Path(output), grid)
    try:
        done = sink.open(resume=resume)
        todo = [point for point in grid.points() if _is_due(done.get(key_of(point)), time_limit_s)]
        with _shown(progress, len(todo)) as bar:
            run = _Run(grid, threads, time_limit_s, _teller(callback, bar, len(todo)))
            try:
                for made in run.chunks(todo):
                    rows = run.solve(made)
                    grid.scenario.check_unchanged()
                    sink.write(rows)
                    done.update((key_of(row.point), row) for row in rows)
                    if run.should_stop():
                        break
            except KeyboardInterrupt:  # between two batches
                run.interrupted = True
        rows = list(grid.order(done))
        sink.close(complete=len(rows) == len(grid))
    finally:
        sink.release()
    table = SweepTable(grid.scenario.shown, dict(grid.axes), rows)
    if run.interrupted:
        raise InterruptedSweep(table)
    return table


def check_drawable(scenario: ScenarioLike, over: Mapping[str, Any], x: str | None) -> None:
    """Refuse a sweep that cannot be solved, or not be drawn over axis `x` (None: over any)."""
    axis_to_draw(Grid.of(scenario, over).axes, x)


def _is_due(row: Row | None, time_limit_s: float | None) -> bool:
    return row is None or wants_more(row, time_limit_s)


def _shown(progress: bool, total: int) -> AbstractContextManager[Callable[[int], None] | None]:
    if not progress:
        return nullcontext()
    from mel_fast._base.progress import bar

    return bar("sweep", total)


def _teller(
    callback: Callback | None, bar: Callable[[int], None] | None, total: int
) -> Callable[[int], bool] | None:
    if callback is None and bar is None:
        return None

    def tell(done: int) -> bool:
        if bar is not None:
            bar(done)
        return callback is not None and bool(callback(done, total))

    return tell


class _Run:
    """The solving itself, chunk by chunk, and what may stop it."""

    def __init__(
        self,
        grid: Grid,
        threads: int,
        time_limit_s: float | None,
        tell: Callable[[int], bool] | None,
    ) -> None:
        self._grid = grid
        self._threads = threads
        self._time_limit_s = time_limit_s
        self._tell = tell
        self._done = 0
        self.stopped = False
        self.interrupted = False

    def chunks(self, points: list[Point]) -> Iterator[list[Made]]:
        """Make the problems, some at a time."""
        chunk: list[Made] = []
        learners = 0
        made: dict[Key, Made] = {}  # schemes share their problem
        for point in points:
            key = tuple(value for axis, value in point.items() if axis != "scheme")
            if key not in made:
                made[key] = self._grid.made(point)
                learners += _learners(made[key].problem)
            chunk.append(replace(made[key], point=point))
            if len(chunk) >= _ROWS_AT_ONCE or learners >= _LEARNERS_AT_ONCE:
                yield chunk
                chunk, learners, made = [], 0, {}
        if chunk:
            yield chunk

    def solve(self, made: list[Made]) -> list[Row]:
        """Solve a chunk; rows that a stop kept from their answer are left out."""
        rows = [Row.refused(each) for each in made if isinstance(each.problem, str)]
        self._done += len(rows)
        for scheme in dict.fromkeys(each.point["scheme"] for each in made):
            if self.stopped:
                break
            mine = [
                (each, each.problem)
                for each in made
                if isinstance(each.problem, Problem) and each.point["scheme"] == scheme
            ]
            plans = self._plans([problem for _, problem in mine], scheme)
            found = [Row.found(each, plans, i, self.stopped) for i, (each, _) in enumerate(mine)]
            rows.extend(row for row in found if row is not None)
            self._done += len(found)
        return rows

    def should_stop(self) -> bool:
        """Tell how many rows are done, once they are kept; whether that was the last chunk."""
        if self._tell is not None:
            self.stopped = self._tell(self._done) or self.stopped
        return self.stopped

    def _plans(self, problems: list[Problem], scheme: Any) -> Plans:
        try:
            return solve_many(
                problems,
                scheme=scheme,
                threads=self._threads,
                row_time_limit_s=self._time_limit_s,
                callback=self._callback if self._tell is not None else None,
            )
        except InterruptedMany as stop:
            self.stopped = self.interrupted = True
            return stop.plans

    def _callback(self, done: int, _rows: int, _elapsed_s: float) -> bool:
        assert self._tell is not None
        self.stopped = self.stopped or self._tell(self._done + done)
        return self.stopped


def _learners(made: Problem | str) -> int:
    return len(made.learners) if isinstance(made, Problem) else 0


guard(__name__)
