"""The sweep itself, chunk by chunk."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from mel_fast._base.progress import Callback, Report, reporting
from mel_fast.model.problem import Problem
from mel_fast.plans.interrupted import Interrupted
from mel_fast.solve.arguments import checked_seconds, checked_threads
from mel_fast.solve.many import Plans, solve_many
from mel_fast.sweep._files import NoFile, Sink
from mel_fast.sweep._grid import Grid, Key, Made, Row, key_of
from mel_fast.sweep._rows import wants_more
from mel_fast.sweep._scenario import Point, ScenarioLike
from mel_fast.sweep._sinks import sink_for
from mel_fast.sweep._table import SweepTable, axis_to_draw

_ROWS_AT_ONCE = 256
_LEARNERS_AT_ONCE = 1 << 20  # a chunk ends here too: rows of large problems are written one by one


def run(
    scenario: ScenarioLike,
    over: Mapping[str, Any],
    output: str | PathLike[str] | None,
    resume: bool,
    threads: int,
    time_limit_s: float | None,
    callback: Callback | None,
    progress: bool,
) -> SweepTable:
    """Do what `sweep` says."""
    grid = Grid.of(scenario, over)
    threads = checked_threads(threads)
    if time_limit_s is not None:
        time_limit_s = checked_seconds(time_limit_s)
    sink: Sink = NoFile() if output is None else sink_for(Path(output), grid)
    try:
        done = sink.open(resume=resume)
        todo = [point for point in grid.points() if _is_due(done.get(key_of(point)), time_limit_s)]
        with reporting(callback, progress, "rows") as report:
            run = _Run(grid, threads, time_limit_s, report, len(todo))
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
        raise Interrupted(table=table)
    return table


def check_drawable(scenario: ScenarioLike, over: Mapping[str, Any], x: str | None) -> None:
    """Refuse a sweep that cannot be solved, or not be drawn over axis `x` (None: over any)."""
    axis_to_draw(Grid.of(scenario, over).axes, x)


def _is_due(row: Row | None, time_limit_s: float | None) -> bool:
    return row is None or wants_more(row, time_limit_s)


class _Run:
    """The solving itself, chunk by chunk, and what may stop it."""

    def __init__(
        self,
        grid: Grid,
        threads: int,
        time_limit_s: float | None,
        report: Report | None,
        rows: int,
    ) -> None:
        self._grid = grid
        self._threads = threads
        self._time_limit_s = time_limit_s
        self._report = report
        self._rows = rows
        self._done = 0
        self._passes = 0
        self._began = time.perf_counter()
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
            self._passes += int(plans.passes.sum())
        return rows

    def should_stop(self) -> bool:
        """Tell how many rows are done, once they are kept; whether that was the last chunk."""
        return self._tell(0, 0)

    def _tell(self, done: int, passes: int) -> bool:
        if self._report is not None and not self.stopped:
            elapsed_s = time.perf_counter() - self._began
            done, passes = self._done + done, self._passes + passes
            self.stopped = self._report(done, self._rows, passes, elapsed_s)
        return self.stopped

    def _plans(self, problems: list[Problem], scheme: Any) -> Plans:
        try:
            return solve_many(
                problems,
                scheme=scheme,
                threads=self._threads,
                row_time_limit_s=self._time_limit_s,
                callback=self._callback if self._report is not None else None,
            )
        except Interrupted as stop:
            self.stopped = self.interrupted = True
            found: Plans = stop.plans
            return found

    def _callback(self, done: int, _rows: int, passes: int, _elapsed_s: float) -> bool:
        return self._tell(done, passes)


def _learners(made: Problem | str) -> int:
    return len(made.learners) if isinstance(made, Problem) else 0
