"""Who does the work: an executor's workers, or this process, one task after the other."""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from typing import Any

from mel_fast.solve.executors.in_order import InOrder, Lost


class Crew:
    """Calls a function for every task, in order.

    Parameters
    ----------
    executor
        None: this process.
    tell
        Asked now and then whether to end.
    """

    def __init__(self, executor: Executor | None, tell: Callable[[], bool]) -> None:
        self._executor = executor
        self._tell = tell
        self._own: list[Executor] = []

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, *_: object) -> None:
        for executor in self._own:
            executor.shutdown(wait=False, cancel_futures=True)

    def all(self, function: Callable[[Any], Any], tasks: Iterable[Any]) -> list[Any] | None:
        """Return the answers to all tasks; None where `tell` ended them.

        Raises
        ------
        RuntimeError
            Where the workers that had a task ended, each time it was tried.
        """
        answers = []
        if self._executor is None:
            for task in tasks:
                if self._tell():
                    return None
                answers.append(function(task))
            return answers
        given = list(tasks)
        work = InOrder(self._executor, function, given, self._tell, renewed=self._renew)
        for _, answer in work:
            if isinstance(answer, Lost):
                raise RuntimeError(
                    f"part {len(answers)} of {len(given)} was lost with its workers: {answer.why}"
                )
            answers.append(answer)
        return answers if len(answers) == len(given) else None

    def _renew(self, executor: Executor) -> None:
        self._executor = executor
        self._own.append(executor)
