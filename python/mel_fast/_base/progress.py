"""A bar on stderr."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

_REDRAW_S = 0.1


def shown(
    progress: bool, title: str, total: int
) -> AbstractContextManager[Callable[[int], None] | None]:
    """Return a bar, or None in its place where none is wanted."""
    return bar(title, total) if progress else nullcontext()


@contextmanager
def bar(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Yield a function that is told how many of `total` are done; the bar ends with the block.

    Where stderr is no terminal nothing is drawn.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    disabled = not console.is_terminal
    # Drawn when told, not from a thread of its own: nothing may outlive the block, fork included.
    with Progress(*columns, console=console, auto_refresh=False, disable=disabled) as progress:
        task = progress.add_task(title, total=total)

        drawn = 0.0

        def tell(done: int) -> None:
            nonlocal drawn
            now = time.monotonic()
            due = now - drawn > _REDRAW_S or done >= total
            drawn = now if due else drawn
            progress.update(task, completed=done, refresh=due)

        yield tell
