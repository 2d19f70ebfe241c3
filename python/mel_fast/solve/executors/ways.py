"""How a task and its answer travel between the caller and a worker."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any


class Direct:
    """As the executor carries them."""

    def __enter__(self) -> "Direct":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def call(self, function: Callable[[Any], Any], given: Any) -> tuple[Any, ...]:
        """Return what is submitted."""
        return function, given

    def answer(self, returned: Any) -> Any:
        """Return a task's answer from what its call returned."""
        return returned


class ByFile:
    """Through files of the caller's own: what goes over a pool's pipes stays short.

    A worker that is killed while it writes a long answer into a pipe leaves its pool waiting for
    the rest for ever; a short one is written whole or not at all.
    """

    def __enter__(self) -> "ByFile":
        self._folder = TemporaryDirectory(prefix="mel_fast-", ignore_cleanup_errors=True)
        self._next = 0
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._folder.cleanup()

    def call(self, function: Callable[[Any], Any], given: Any) -> tuple[Any, ...]:
        """Return what is submitted."""
        path = Path(self._folder.name) / f"{self._next}"
        self._next += 1
        path.write_bytes(pickle.dumps((function, given), pickle.HIGHEST_PROTOCOL))
        return _called_by_file, str(path)

    def answer(self, returned: Any) -> Any:
        """Return a task's answer from what its call returned."""
        path = Path(returned)
        answer = pickle.loads(path.read_bytes())
        path.unlink()
        return answer


def _called_by_file(task: str) -> str:
    with open(task, "rb") as file:
        function, given = pickle.load(file)
    answer = f"{task}.answer"
    with open(answer, "wb") as file:
        pickle.dump(function(given), file, pickle.HIGHEST_PROTOCOL)
    os.unlink(task)
    return answer
