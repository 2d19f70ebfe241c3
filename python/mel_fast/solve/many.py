"""Solve many problems in one call."""

from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

from mel_fast._base.arithmetic import guard
from mel_fast._base.memory import require_bytes
from mel_fast._base.progress import Callback, reporting
from mel_fast._base.validation import choice
from mel_fast.model.batch import Batch
from mel_fast.model.problem import Problem
from mel_fast.plans.claims.no_more import checked_at_least
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import SCHEMES, THENS, Scheme, Then
from mel_fast.scenarios import Table1Draws
from mel_fast.solve.arguments import checked_executor, checked_seconds, checked_threads
from mel_fast.solve.plans import Plans, RowErrors
from mel_fast.solve.rows import checked_starts, ends_of, with_fixed_samples
from mel_fast.solve.rows_found import How, found_here
from mel_fast.solve.single import refuse_of_choice

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["Batch", "Plans", "solve_many"]

_BYTES_PER_LEARNER = 24  # samples, bandwidth, power
_BYTES_PER_ROW = 120
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
    then: Then = "time",
    start: "Plan | Plans | Sequence[Plan | None] | None" = None,
    keep: Any = None,
    at_least: int | None = None,
    executor: "Executor | None" = None,
) -> Plans:
    """Solve every problem as :func:`mel_fast.solve` would, one problem a thread at a time.

    ``plans[i]`` is what `solve` returns for problem i with the same options: the same answer, the
    same status and bound, the same proof.

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
        Called now and then with ``(rows done, rows, passes, elapsed_s)``; a true answer stops the
        batch.
    progress
        Whether to draw a bar on stderr, if that is a terminal.
    then
        What else is asked of each plan, as in `solve`.
    start
        Where the searches begin, as in `solve`: one Plan for all rows, or Plans of as many rows, or
        a sequence with a Plan or None for each row.
    keep
        Learners whose samples are held fixed, as in `solve`: once for all rows, or a sequence of
        such (or None) for each row, or an array of two dimensions with a row each. Keeping the same
        learners in all rows is quick for a Batch; else each row costs as much as a Problem.
    at_least
        Learners of each problem that must have samples, as in `solve`.
    executor
        Where the rows are solved, part by part: a :class:`concurrent.futures.Executor`, such as a
        ProcessPoolExecutor or ``client.get_executor()`` of Dask; None for this process. `threads`
        is then for each part. No result depends on it. Rows whose workers ended, again and again,
        are ``"unsolved"`` with the reason in `Plans.errors`; no other row is touched by that.

    Returns
    -------
    Plans
        One row a problem, in order. A row that a Problem's constructor would refuse, or in which
        what `keep` says cannot be, has the status
        ``"invalid"`` and its reason in `Plans.errors`; rows that a limit, the callback or Ctrl-C
        kept from being begun are ``"unsolved"``. Neither touches any other row.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, its value and the allowed range; also for a `keep` that is wrong in
        every row.
    MemoryError
        When the results cannot fit in memory; raised before anything is allocated.
    Interrupted
        After Ctrl-C, or any KeyboardInterrupt that `callback` or the handler of a signal raises,
        and itself one; its ``plans`` has all rows solved until then. Whatever else they raise
        comes out as it is.

    Examples
    --------
    >>> import mel_fast as mel
    >>> draws = mel.scenarios.table1_draws(100, learners=10)
    >>> plans = mel.solve_many(draws)
    >>> plans.tau.shape, bool((plans.tau <= plans.bound).all())
    ((100,), True)
    """
    choice("scheme", scheme, SCHEMES)
    choice("then", then, THENS)
    limit_s = checked_seconds(time_limit_s, "time_limit_s")
    row_limit_s = checked_seconds(row_time_limit_s, "row_time_limit_s")
    members = checked_at_least(at_least)
    if members is not None:
        refuse_of_choice(None, scheme, then, members)
    how = How(scheme, then, row_limit_s, checked_threads(threads), members)
    checked_executor(executor)
    source = _source(problems)
    rows = len(source)
    if then == "energy":
        if scheme != "joint":
            raise ValueError(f"then = 'energy' with scheme = {scheme!r}: must be 'joint'")
        _refuse_energies(source)
    starts = checked_starts(start, rows)
    counts = _counts(source)
    begin = perf_counter()
    with reporting(callback, progress, "rows") as report:
        blocks = _has_blocks(source)
        _require_memory(counts, rows, how.threads, blocks=blocks)
        kept, refused = with_fixed_samples(source, starts, keep, one_by_one=members is not None)
        ends = ends_of(starts, rows)
        if executor is None:
            found = found_here(kept, counts, ends, how, limit_s, report)
        else:
            from mel_fast.solve.executors.rows import found_on

            found = found_on(executor, kept, counts, ends, how, limit_s, report, blocks=blocks)
        if report is not None:
            report.draw(found["done"], rows)
    found["total_s"] = perf_counter() - begin
    plans = Plans._from_core(kept, counts, scheme, found, RowErrors(found["errors"], refused, kept))
    cause = found["interrupted"]
    if cause:
        raise Interrupted(plans=plans) from (cause if isinstance(cause, BaseException) else None)
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


def _refuse_energies(source: "Batch | tuple[Problem, ...]") -> None:
    """Refuse rows whose least energy is not worked out; those that are invalid stay so."""
    from mel_fast.bracket.energy.least import refuse_energies  # few ask for it

    for row in range(len(source)):
        try:
            problem = source[row]
        except (ValueError, TypeError):
            continue
        try:
            refuse_energies(problem)
        except ValueError as error:
            raise ValueError(f"problems[{row}]: {error}") from None


def _counts(source: "Batch | tuple[Problem, ...]") -> "int | list[int]":
    """Return the number of learners if it is one, else that of each row."""
    if isinstance(source, Batch):
        return source.learners
    counts = [len(problem.learners) for problem in source]
    return counts if len(set(counts)) > 1 else (counts[0] if counts else 0)


def _has_blocks(source: "Batch | tuple[Problem, ...]") -> bool:
    if isinstance(source, Batch):
        return source.has_blocks
    return any(problem.radio.block_hz is not None for problem in source)


def _require_memory(counts: "int | list[int]", rows: int, threads: int, *, blocks: bool) -> None:
    uniform = isinstance(counts, int)
    cells = counts * rows if isinstance(counts, int) else sum(counts)
    largest = counts if isinstance(counts, int) else max(counts)
    needed = cells * (_BYTES_PER_LEARNER + 8 * blocks) + rows * _BYTES_PER_ROW
    needed += min(threads, rows) * largest * _BYTES_AT_WORK
    learners = f"{largest:,} learners" if uniform else f"up to {largest:,} learners"
    require_bytes(needed, f"a batch of {rows:,} problems of {learners}")


guard(__name__)
