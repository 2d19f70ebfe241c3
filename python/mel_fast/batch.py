"""Solve many problems in one call."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from mel_fast import _core
from mel_fast._asked import asked_seconds, asked_threads
from mel_fast._memory import require_bytes
from mel_fast._validation import choice
from mel_fast.batch_input import Batch
from mel_fast.plan import SCHEMES, Scheme
from mel_fast.plans import InterruptedMany, Plans
from mel_fast.problem import Problem
from mel_fast.scenarios import Table1Draws

__all__ = ["Batch", "InterruptedMany", "Plans", "solve_many"]

Callback = Callable[[int, int, float], bool | None]

_BYTES_PER_LEARNER = 24  # samples, bandwidth, power
_BYTES_PER_ROW = 96
_BYTES_AT_WORK = 200  # a learner of the rows being solved: the core's problem and workspace


def solve_many(
    problems: "Sequence[Problem] | Batch | Table1Draws",
    *,
    scheme: Scheme = "joint",
    threads: int = 1,
    time_limit_s: float | None = None,
    row_time_limit_s: float | None = None,
    callback: Callback | None = None,
    progress: bool = False,
) -> Plans:
    """Solve every problem as :func:`mel_fast.solve` would, one problem a thread at a time.

    Parameters
    ----------
    problems
        Problems (each may have its own number of learners), or a :class:`mel_fast.Batch` of arrays,
        or the draws of :func:`mel_fast.scenarios.table1_draws`. Arrays are much faster: 10^5
        Problems cost more to make than to solve.
    scheme
        ``"joint"``, ``"task_only"`` or ``"resource_only"``, as in `solve`.
    threads
        Threads to use, 1 to 1024; no result depends on their number.
    time_limit_s
        Seconds for the whole batch; None for no limit.
    row_time_limit_s
        Seconds for one problem, as `solve`'s time_limit_s; None for no limit.
    callback
        Called now and then with ``(rows done, rows, elapsed_s)``; a true answer stops the batch.
    progress
        Whether to draw a bar on stderr.

    Returns
    -------
    Plans
        One row a problem, in order. A row that a Problem's constructor would refuse has the status
        ``"invalid"`` and its reason in `Plans.errors`; rows that a limit, the callback or Ctrl-C
        kept from being begun are ``"unsolved"``. Neither touches any other row.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, its value and the allowed range.
    MemoryError
        When the results cannot fit in memory; raised before anything is allocated.
    InterruptedMany
        A KeyboardInterrupt, after Ctrl-C; its ``plans`` has all rows solved until then.
    """
    code = SCHEMES.index(choice("scheme", scheme, SCHEMES))
    limits = {
        name: asked_seconds(value, name)
        for name, value in (("time_limit_s", time_limit_s), ("row_time_limit_s", row_time_limit_s))
    }
    threads = asked_threads(threads)
    if callback is not None and not callable(callback):
        raise TypeError(f"callback is a {type(callback).__name__}: must be callable or None")
    source = _source(problems)
    rows = len(source)
    counts = _counts(source)
    with _bar(progress, rows) as bar:
        arguments: dict[str, Any] = {
            "scheme": code,
            **limits,
            "threads": threads,
            "callback": _teller(callback, bar, rows),
        }
        _require_memory(counts, rows, threads)
        if isinstance(source, Batch):
            found = _core.solve_columns(**source.core_columns(), **arguments)
        else:
            cores = [problem.core for problem in source]
            found = _core.solve_problems(problems=cores, **arguments)
        if bar is not None:
            bar(found["done"])
    plans = Plans._from_core(source, counts, scheme, found)
    if found["interrupted"]:
        raise InterruptedMany(plans)
    return plans


def _source(problems: Any) -> "Batch | tuple[Problem, ...]":
    if isinstance(problems, Batch):
        return problems
    if isinstance(problems, Table1Draws):
        return Batch.from_draws(problems)
    if isinstance(problems, Problem) or not hasattr(problems, "__iter__"):
        raise TypeError(
            f"problems is a {type(problems).__name__}: must be a sequence of Problems or a Batch"
        )
    source = tuple(problems)
    for row, problem in enumerate(source):
        if not isinstance(problem, Problem):
            raise TypeError(f"problems[{row}] is a {type(problem).__name__}: must be a Problem")
    return source


def _counts(source: "Batch | tuple[Problem, ...]") -> "int | list[int]":
    """Return the number of learners if it is one, else that of each row."""
    if isinstance(source, Batch):
        return source.learners
    counts = [len(problem.learners) for problem in source]
    return counts if len(set(counts)) > 1 else (counts[0] if counts else 0)


def _require_memory(counts: "int | list[int]", rows: int, threads: int) -> None:
    uniform = isinstance(counts, int)
    cells = counts * rows if isinstance(counts, int) else sum(counts)
    largest = counts if isinstance(counts, int) else max(counts)
    needed = cells * _BYTES_PER_LEARNER + rows * _BYTES_PER_ROW
    needed += min(threads, rows) * largest * _BYTES_AT_WORK
    learners = f"{largest:,} learners" if uniform else f"up to {largest:,} learners"
    require_bytes(needed, f"a batch of {rows:,} problems of {learners}")


def _teller(
    callback: Callback | None, bar: Callable[[int], None] | None, rows: int
) -> Callable[[int, float], bool] | None:
    if callback is None and bar is None:
        return None

    def tell(done: int, elapsed_s: float) -> bool:
        if bar is not None:
            bar(done)
        return callback is not None and bool(callback(done, rows, elapsed_s))

    return tell


def _bar(progress: bool, rows: int) -> AbstractContextManager[Callable[[int], None] | None]:
    if not progress:
        return nullcontext()
    from mel_fast._progress import bar

    return bar("solving", rows)
