"""Tasks on an executor, a bounded number at a time; their answers in the order of the tasks."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
)
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

from mel_fast.solve.executors.ways import ByFile, Direct

AHEAD = 32
"""Tasks that are given to the executor before the first of them is answered."""

_TRIES = 3  # of a task whose worker ended; an engine may have tried more often by itself
_POLL_S = 0.02
_STOP = object()


@dataclass(frozen=True)
class Lost:
    """In place of an answer: the workers that had the task ended, each time it was tried."""

    why: str


@dataclass
class _Task:
    given: Any
    future: "Future[Any] | None" = None
    tries: int = 0


class InOrder:
    """Runs a function for every task; iterating yields a task and its answer, in order.

    Parameters
    ----------
    executor
        Runs the tasks. Where it is a ProcessPoolExecutor that one worker's death broke, another of
        the same kind takes its place and is shut down at the end.
    function, tasks
        What is called, and with what: fit for pickling where workers are processes.
        Tasks are made when their turn comes.
    tell
        Asked every 20 ms; a true answer ends the work: tasks that have not begun are cancelled,
        those under way are not waited for.
    what_travels
        Makes of a task what the function gets; it may be called again.
    renewed
        Gets the executor that took the place of one that broke, to shut down when it likes.
    """

    def __init__(
        self,
        executor: Any,
        function: Callable[[Any], Any],
        tasks: Iterable[Any],
        tell: Callable[[], bool],
        what_travels: Callable[[Any], Any] = lambda task: task,
        renewed: Callable[[Executor], None] | None = None,
    ) -> None:
        self._executor = executor
        self._own: list[Executor] = []
        self._function = function
        self._tasks = iter(tasks)
        self._tell = tell
        self._what_travels = what_travels
        self._renewed = renewed or self._own.append
        self._queue: deque[_Task] = deque()
        self._way: Direct | ByFile

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        with ByFile() if isinstance(self._executor, ProcessPoolExecutor) else Direct() as self._way:
            try:
                while self._fill():
                    answer = self._answer(self._queue[0])
                    if answer is _STOP:
                        return
                    task = self._queue.popleft()
                    yield task.given, answer
            finally:
                for task in self._queue:
                    if task.future is not None:
                        task.future.cancel()
                for executor in self._own:
                    shut_down(executor)

    def _fill(self) -> bool:
        for task in self._queue:  # what went down with another task's worker
            if task.future is not None and task.future.done() and _went_down(task.future):
                self._submit(task)
        while len(self._queue) < AHEAD:
            try:
                self._queue.append(_Task(next(self._tasks)))
            except StopIteration:
                break
            self._submit(self._queue[-1])
        return bool(self._queue)

    def _submit(self, task: _Task) -> None:
        task.tries += 1
        call = self._way.call(self._function, self._what_travels(task.given))
        try:
            task.future = self._executor.submit(*call)
        except BrokenProcessPool:
            self._executor = _renewed(self._executor)
            self._renewed(self._executor)
            task.future = self._executor.submit(*call)
        except RuntimeError as error:
            if isinstance(error, BrokenExecutor):
                raise
            raise ValueError(f"executor takes no tasks: {error}") from error

    def _answer(self, task: _Task) -> Any:
        """Return the task's answer, _STOP where `tell` ends the work."""
        while True:
            assert task.future is not None
            try:
                return self._way.answer(task.future.result(timeout=_POLL_S))
            except TimeoutError:
                if task.future.done():
                    raise
                if self._tell():
                    return _STOP
            except BaseException as error:
                if not _ended(error):
                    raise
                if task.tries >= _TRIES or type(error).__name__ == "KilledWorker":
                    return Lost(f"{type(error).__name__}: {error}")
                self._submit(task)


def shut_down(executor: Executor) -> None:
    """Let go of an executor without waiting for it."""
    if isinstance(executor, ProcessPoolExecutor):
        executor.shutdown(wait=False, cancel_futures=True)
    else:  # loky's, which knows no more words
        executor.shutdown(wait=False)


def _ended(error: BaseException | None) -> bool:
    """Whether a worker's end, not the task, is the cause."""
    return isinstance(error, BrokenExecutor | CancelledError) or any(
        kind.__name__ in ("KilledWorker", "FutureCancelledError", "WorkerCrashedError")
        for kind in type(error).__mro__
    )


def _went_down(future: "Future[Any]") -> bool:
    return future.cancelled() or isinstance(future.exception(), BrokenExecutor)


def _renewed(broken: Any) -> Executor:
    """Return a pool like one that a worker's death broke."""
    for kind in type(broken).__mro__:  # loky's, whose tasks may be functions of a session
        if kind.__name__ == "ProcessPoolExecutor" and kind is not ProcessPoolExecutor:
            return kind(getattr(broken, "_max_workers", None))  # type: ignore[no-any-return]
    return ProcessPoolExecutor(
        max_workers=getattr(broken, "_max_workers", None),
        mp_context=getattr(broken, "_mp_context", None),
        initializer=getattr(broken, "_initializer", None),
        initargs=getattr(broken, "_initargs", ()),
    )
