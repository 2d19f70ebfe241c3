"""The sweep itself, chunk by chunk."""

import time
from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mel_fast._base.progress import Callback, Report, reporting
from mel_fast.plans.interrupted import Interrupted
from mel_fast.solve.arguments import checked_executor, checked_seconds, checked_threads
from mel_fast.sweep._chunks import Bundle, Chunk, Piece, bundles, chunks, made_one_by_one
from mel_fast.sweep._found import Found
from mel_fast.sweep._grid import Grid
from mel_fast.sweep._scenario import ScenarioLike
from mel_fast.sweep._table import SweepTable, axis_to_draw
from mel_fast.sweep._work import Solved, solved, solved_on_worker
from mel_fast.sweep.files.sink import Sink
from mel_fast.sweep.files.sinks import sink_for

if TYPE_CHECKING:
    from concurrent.futures import Executor


def run(
    scenario: ScenarioLike,
    over: Mapping[str, Any],
    output: str | PathLike[str] | None,
    resume: bool,
    threads: int,
    time_limit_s: float | None,
    callback: Callback | None,
    progress: bool,
    executor: "Executor | None",
) -> SweepTable:
    """Do what `sweep` says."""
    grid = Grid.of(scenario, over)
    threads = checked_threads(threads)
    checked_executor(executor)
    if time_limit_s is not None:
        time_limit_s = checked_seconds(time_limit_s)
    sink = Sink() if output is None else sink_for(Path(output), grid)
    found = Found(grid)
    try:
        found.take_rows(sink.open(resume=resume))
        todo = found.due(time_limit_s)
        with reporting(callback, progress, "rows") as report:
            run = _Run(grid, found, sink, time_limit_s, report, len(todo))
            try:
                if executor is None:
                    run.here(chunks(grid, todo), threads)
                else:
                    run.on(executor, chunks(grid, todo))
            except KeyboardInterrupt:  # between two batches
                run.interrupted = True
        sink.close(complete=len(found.known()) == len(grid))
    finally:
        sink.release()
    table = SweepTable(grid, found)
    if run.interrupted:
        raise Interrupted(table=table)
    if run.lost:
        raise LostRowsError(run.lost, table)
    return table


def check_drawable(scenario: ScenarioLike, over: Mapping[str, Any], x: str | None) -> None:
    """Refuse a sweep that cannot be solved, or not be drawn over axis `x` (None: over any)."""
    axis_to_draw(Grid.of(scenario, over).axes, x)


class LostRowsError(RuntimeError):
    """Rows whose workers ended each time that they were tried; all others are in `table`."""

    def __init__(self, why: list[str], table: SweepTable) -> None:
        super().__init__(f"some rows were lost with the workers that had them: {why[0]}")
        self.table = table


class _Run:
    """The solving itself, chunk by chunk, and what may stop it."""

    def __init__(
        self,
        grid: Grid,
        found: Found,
        sink: Sink,
        time_limit_s: float | None,
        report: Report | None,
        rows: int,
    ) -> None:
        self._grid = grid
        self._found = found
        self._sink = sink
        self._time_limit_s = time_limit_s
        self._report = report
        self._rows = rows
        self._done = 0
        self._passes = 0
        self._began = time.perf_counter()
        self.stopped = False
        self.interrupted = False
        self.lost: list[str] = []

    def here(self, some: Iterable[Chunk], threads: int) -> None:
        """Solve chunk after chunk in this process."""
        for chunk in some:
            taken = self._refused(chunk)
            for piece in chunk.pieces:
                if self.stopped:
                    break
                taken += self._solved_here(chunk, piece, threads)
            self._write(chunk, taken)
            if self._tell(0, 0):
                break

    def on(self, executor: "Executor", some: Iterable[Chunk]) -> None:
        """Solve on an executor, a bounded number of pieces at a time."""
        from mel_fast.solve.executors.in_order import InOrder, Lost

        def tasks() -> Iterator[Bundle]:
            for chunk in some:
                self._write(chunk, self._refused(chunk))
                yield from bundles(chunk)

        answers = InOrder(
            executor,
            solved_on_worker,
            tasks(),
            lambda: self._tell(0, 0),
            lambda bundle: (bundle.work(), self._time_limit_s),
        )
        for bundle, answer in answers:
            taken: list[int] = []
            if isinstance(answer, Lost):
                self.lost.append(answer.why)
                self._done += sum(len(piece.positions) for piece in bundle.pieces)
            else:
                for piece, found in zip(bundle.pieces, answer, strict=True):
                    if found is None:  # no problem in common: each row has its own reason
                        taken += self._solved_here(bundle.chunk, piece, threads=1)
                    else:
                        taken += self._take(piece, found)
            self._write(bundle.chunk, taken)
            if self._tell(0, 0):
                break

    def _solved_here(self, chunk: Chunk, piece: Piece, threads: int) -> list[int]:
        callback = None if self._report is None else self._callback
        answer = solved(piece.work, piece.scheme, self._time_limit_s, threads, callback)
        if answer is not None:
            return self._take(piece, answer)
        made = made_one_by_one(self._grid, piece)
        taken = self._refused(made)
        for one in made.pieces:
            taken += self._solved_here(chunk, one, threads)
        return taken

    def _refused(self, chunk: Chunk) -> list[int]:
        for position, why in chunk.refused.items():
            self._found.refuse(position, why)
        self._done += len(chunk.refused)
        return list(chunk.refused)

    def _take(self, piece: Piece, answer: Solved) -> list[int]:
        """Keep what was found; rows that a stop kept from their answer are left out."""
        self.interrupted = self.interrupted or answer.interrupted
        self.stopped = self.stopped or answer.interrupted
        self._done += len(piece.positions)
        self._passes += int(answer.numbers["passes"].sum())
        taken: list[int] = self._found.take(piece.positions, answer).tolist()
        return taken

    def _write(self, chunk: Chunk, positions: list[int]) -> None:
        if positions:
            self._grid.scenario.check_unchanged()
            if self._sink.keeps:
                self._sink.write(list(self._found.rows(positions, chunk.name)))

    def _tell(self, done: int, passes: int) -> bool:
        if self._report is not None and not self.stopped:
            elapsed_s = time.perf_counter() - self._began
            done, passes = self._done + done, self._passes + passes
            self.stopped = self._report(done, self._rows, passes, elapsed_s)
        return self.stopped

    def _callback(self, done: int, _rows: int, passes: int, _elapsed_s: float) -> bool:
        return self._tell(done, passes)
