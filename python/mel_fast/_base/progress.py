"""The one shape of a callback, and a bar on stderr that is drawn from it.

A callback is called now and then, every 10 ms at most, with ``(low, high, passes, elapsed_s)``: two
numbers that meet when the work is done, how much work it was so far, and seconds. A true answer
ends the work as a time limit does.
"""

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

Callback = Callable[[int, int, int, float], bool | None]
"""Of what is counted: local cycles, rows, questions, learners."""

EndsCallback = Callable[[float, float, int, float], bool | None]
"""Of two real numbers that close in on each other."""

_REDRAW_S = 0.1

_LOOK: ContextVar[Callable[[], None] | None] = ContextVar("look", default=None)


def between_columns() -> None:
    """Let whoever waits for a long conversion end it by an exception; called between columns."""
    look = _LOOK.get()
    if look is not None:
        look()


@contextmanager
def looking(look: Callable[[], None]) -> Iterator[None]:
    """Have `look` called between the columns of conversions within."""
    token = _LOOK.set(look)
    try:
        yield
    finally:
        _LOOK.reset(token)


class Report:
    """Asks the caller's callback and draws the bar; itself a callback."""

    __slots__ = ("_callback", "draw")

    def __init__(
        self, callback: Callable[..., Any] | None, draw: Callable[[float, float], None]
    ) -> None:
        self._callback = callback
        self.draw = draw

    def __call__(self, low: Any, high: Any, passes: int, elapsed_s: float) -> bool:
        """Tell how far the work is; say whether it is to end."""
        self.draw(low, high)
        return self._callback is not None and bool(self._callback(low, high, passes, elapsed_s))


@contextmanager
def reporting(
    callback: Callable[..., Any] | None, progress: bool, title: str
) -> Iterator[Report | None]:
    """Yield what is to be told of the work; None where nobody wants to know.

    Raises
    ------
    TypeError
        For a callback that cannot be called, and for a `progress` that is no bool.
    """
    checked_callback(callback)
    if not isinstance(progress, bool):
        raise TypeError(
            f"progress is a {type(progress).__name__}: must be True or False; functions are given "
            "as callback="
        )
    if progress and _on_terminal():
        with bar(title) as draw:
            yield Report(callback, draw)
    else:
        yield None if callback is None else Report(callback, _nowhere)


@contextmanager
def shown(progress: bool, title: str, total: int) -> Iterator[Callable[[int], None] | None]:
    """Yield what is to be told how many of `total` are done; None where no bar is wanted."""
    if progress and _on_terminal():
        with bar(title) as draw:
            yield lambda done: draw(done, total)
    else:
        yield None


def checked_callback(value: Any) -> None:
    """Refuse what cannot be called."""
    if value is not None and not callable(value):
        raise TypeError(f"callback is a {type(value).__name__}: must be callable or None")


def _on_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _nowhere(low: float, high: float) -> None:
    """Draw nothing."""


@contextmanager
def bar(title: str) -> Iterator[Callable[[float, float], None]]:
    """Yield a function that is told the two numbers; the bar appears with the first telling."""
    drawn = -math.inf
    view: Any = None

    def draw(low: float, high: float) -> None:
        nonlocal drawn, view
        now = time.monotonic()
        if now - drawn < _REDRAW_S and low < high:
            return
        if view is None:
            view = _view(title)
        drawn = now
        share = low / high if high > 0 and math.isfinite(high) else 0.0
        view.update(0, completed=share, ends=f"{low:,.9g} of {high:,.9g}", refresh=True)

    try:
        yield draw
    finally:
        if view is not None:
            view.stop()


def _view(title: str) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(title), BarColumn(), TextColumn("{task.fields[ends]}"))
    # Drawn when told, not from a thread of its own: nothing may outlive the block, fork included.
    view = Progress(
        *columns,
        TimeElapsedColumn(),
        console=Console(stderr=True),
        auto_refresh=False,
    )
    view.add_task(title, total=1.0, ends="")
    view.start()
    return view
