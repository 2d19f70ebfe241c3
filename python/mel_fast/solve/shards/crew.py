"""Who does the work: an executor's workers, or this process, one task after the other."""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from typing import Any

from mel_fast.solve.executors.in_order import InOrder, Lost, shut_down


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
            shut_down(executor)

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
                    f"{_named(given[len(answers)]) or f'part {len(answers)} of {len(given)}'} was "
                    f"lost with its workers: {answer.why}"
                )
            answers.append(answer)
        return answers if len(answers) == len(given) else None

    def _renew(self, executor: Executor) -> None:
        self._executor = executor
        self._own.append(executor)


def _named(task: Any) -> str | None:
    """Return the shard that a task is about; None where it does not say."""
    for part in (task, *(task if isinstance(task, tuple) else ())):
        number = getattr(getattr(part, "rows", part), "number", None)
        if isinstance(number, int):
            return f"shards[{number}]"
    if isinstance(task, tuple) and isinstance(task[-1], int):
        return f"shards[{task[-1]}]"
    return None
