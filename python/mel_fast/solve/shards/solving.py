"""One problem whose learners are in shards."""

import math
from collections.abc import Iterable
from concurrent.futures import Executor
from time import perf_counter
from typing import Any
from uuid import uuid4

from mel_fast import _core
from mel_fast._base.arithmetic import guard
from mel_fast._base.progress import Callback, reporting
from mel_fast._base.validation import choice, integer
from mel_fast.model.payload import Payload
from mel_fast.model.problem import Idle
from mel_fast.model.radio import Radio
from mel_fast.model.task import LearningTask
from mel_fast.plans.claims.certificate import certificate_of
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.status import STATUSES, Status, Then
from mel_fast.solve.arguments import checked_executor, checked_seconds, checked_threads
from mel_fast.solve.shards.crew import Crew
from mel_fast.solve.shards.plan import ShardedPlan
from mel_fast.solve.shards.population import Population, StoppedError
from mel_fast.solve.shards.shares import Given, Placed
from mel_fast.solve.shards.sources import Shard, checked_shards
from mel_fast.solve.shards.statement import Statement
from mel_fast.solve.shards.workers import forget
from mel_fast.solve.single import solve

TOGETHER = 65_536
KEEP_BYTES = 2**30
_LARGEST = 2**53


def solve_sharded(
    shards: Iterable[Shard],
    task: LearningTask,
    radio: Radio,
    cycle_s: float,
    idle: Idle = "excused",
    executor: Executor | None = None,
    *,
    payload: Payload | None = None,
    then: Then = "time",
    time_limit_s: float | None = None,
    threads: int = 1,
    callback: Callback | None = None,
    progress: bool = False,
    together: int = TOGETHER,
    keep_bytes: int = KEEP_BYTES,
) -> ShardedPlan:
    """Solve one problem whose learners are in shards, which need not fit into one memory.

    Parameters
    ----------
    shards
        The learners, in order: :class:`mel_fast.Learners`, or functions of no arguments that
        return one, the same each time they are called, wherever that is. See `shards_from_npy` and
        `shards_from_parquet`. Where payloads differ, either may be a pair: Learners and their
        :class:`mel_fast.Payload`. Shards of a multiple of 1024 learners, 2**20 say, are cut as the
        solver sums; of others the ends are brought to the caller.
    task, radio, cycle_s, idle, payload
        As of :class:`mel_fast.Problem`, for all learners together; columns in `payload` have an
        entry for each learner of all shards, in order.
    executor
        Where shards are made and looked at: a `concurrent.futures.Executor`, or None for this
        process, one shard after the other. A worker that ends is replaced, and what it had is made
        again.
    then
        ``"time"`` or ``"none"``, as of :func:`mel_fast.solve`.
    time_limit_s, callback, progress
        As of :func:`mel_fast.solve`.
    threads
        Threads with which a shard is looked at.
    together
        Up to so many learners are brought to one place and solved by :func:`mel_fast.solve`.
    keep_bytes
        What a worker keeps of shards from one look to the next; each look makes the others again.

    Returns
    -------
    ShardedPlan
        With ``.status``, ``.tau``, ``.bound``, ``.certificate``, ``.shard(i)`` and
        ``.write(folder)``. Where prices decide, it is what :func:`mel_fast.solve` says of all
        learners, bit for bit. Where whole samples would need a tree of boxes over more learners
        than `together`, tau is left open: `feasible`, or `undecided` without a plan, and the bound
        is proved.

    Raises
    ------
    ValueError, TypeError
        Naming the argument or shard, its value and the allowed range. No speeds are chosen
        (`energy_coefficient`); above `together` learners, nobody may be `optional`, bandwidth is
        divisible and no energy is for sending.
    RuntimeError
        Where a shard's workers ended each time it was tried.
    Interrupted
        After Ctrl-C; its ``plan`` is the best one so far.

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=20, seed=0, idle="excused")
    >>> half = [problem.learners.take(range(10)), problem.learners.take(range(10, 20))]
    >>> plan = mel.solve_sharded(half, problem.task, problem.radio, problem.cycle_s)
    >>> plan.tau == mel.solve(problem).tau and len(plan.shard(1).samples)
    10
    """
    given = checked_shards(shards)
    statement = Statement(task, radio, cycle_s, idle, payload)
    statement.check()
    checked_executor(executor)
    choice("then", then, ("time", "none"))
    limit_s = checked_seconds(time_limit_s)
    checked_threads(threads)
    integer("together", together, low=0, high=_LARGEST)
    integer("keep_bytes", keep_bytes, low=0, high=_LARGEST)
    with reporting(callback, progress, "tau") as report:
        clock = _Clock(limit_s, report)
        with Crew(executor, clock.tell) as crew:
            name = uuid4().hex
            try:
                everybody = Population(given, statement, crew, name, threads, keep_bytes)
                if everybody.size <= together:
                    return _together(everybody, then, clock, threads)
                _refuse_above(everybody, together)
                everybody.prepare()
            except StoppedError:
                return _nothing(given, statement, clock)
            except KeyboardInterrupt as stop:
                raise Interrupted(_nothing(given, statement, clock)) from stop  # type: ignore[arg-type]
            try:
                return _searched(everybody, then, clock, threads)
            finally:
                forget(name)


class _Clock:
    """When to end: at the time limit, or when the caller says so."""

    def __init__(self, limit_s: float, report: Callback | None) -> None:
        self._begin, self._limit_s, self._report = perf_counter(), limit_s, report
        self._last = (0, _LARGEST, 0)
        self.stopped = False

    def elapsed_s(self) -> float:
        return perf_counter() - self._begin

    def left_s(self) -> float:
        return (
            max(self._limit_s - self.elapsed_s(), 0.0) if math.isfinite(self._limit_s) else math.inf
        )

    def tell(self) -> bool:
        """Ask between two steps of the search."""
        return self.hear(*self._last, 0.0)

    def hear(self, tau: int, bound: int, passes: int, _: float) -> bool:
        """Ask with what the search knows."""
        self._last = (tau, bound, passes)
        elapsed_s = self.elapsed_s()
        told = self._report is not None and bool(self._report(tau, bound, passes, elapsed_s))
        self.stopped = self.stopped or told or elapsed_s >= self._limit_s
        return self.stopped


def _refuse_above(everybody: Population, together: int) -> None:
    """Refuse what shards cannot say of themselves.

    Raises
    ------
    ValueError
        Naming it.
    """
    statement, survey = everybody.statement, everybody.survey
    few = f"for {survey.learners} learners in shards, more than together = {together}"
    if statement.radio.block_hz is not None:
        raise ValueError(f"radio.block_hz = {statement.radio.block_hz}: must be None {few}")
    if "optional" in survey.columns:
        raise ValueError(f"optional: must be None {few}")
    if statement.radio.shared == "return" and "energy_j" in survey.columns:
        raise ValueError(f"energy_j with radio.shared = 'return': must be None {few}")


def _together(everybody: Population, then: Then, clock: _Clock, threads: int) -> ShardedPlan:
    problem = everybody.everybody()
    left_s = None if math.isinf(clock.left_s()) else clock.left_s()
    stop = None
    try:
        found = solve(problem, time_limit_s=left_s, threads=threads, callback=clock.hear, then=then)
    except Interrupted as interrupt:
        stop, found = interrupt, interrupt.plan
    given = None
    if found.samples is not None and found.bandwidth_hz is not None and found.power_w is not None:
        given = Given(everybody.lengths, (found.samples, found.bandwidth_hz, found.power_w))
    plan = ShardedPlan(
        everybody.given,
        everybody.stated,
        lengths=everybody.lengths,
        status=found.status,
        tau=found.tau,
        bound=found.bound,
        certificate=found.certificate,
        reasons=found.reasons,
        passes=found.passes,
        nodes=found.nodes,
        elapsed_s=clock.elapsed_s(),
        given=given,
    )
    if stop is not None:
        raise Interrupted(plan) from stop  # type: ignore[arg-type]
    return plan


def _searched(everybody: Population, then: str, clock: _Clock, threads: int) -> ShardedPlan:
    first = [place.first for place in everybody.places]
    result, questions = _core.solve_sharded(
        first,
        everybody.size,
        everybody.ask,
        everybody.some,
        clock.left_s(),
        threads,
        clock.hear,
        then == "time",
    )
    status = STATUSES[result.status]
    if status is Status.UNDECIDED and result.tau:  # open for want of a tree, not of precision
        status = Status.FEASIBLE
    plan = ShardedPlan(
        everybody.given,
        everybody.stated,
        lengths=everybody.lengths,
        status=status,
        tau=result.tau,
        bound=result.bound,
        certificate=certificate_of("joint", result.bound, result, _Untwinned()),  # type: ignore[arg-type]
        reasons=_reasons(status, result, everybody.size),
        passes=result.passes,
        nodes=result.nodes,
        elapsed_s=clock.elapsed_s(),
        given=Placed(everybody, questions) if result.tau else None,
    )
    if result.interrupted is not None:
        raise Interrupted(plan) from result.interrupted  # type: ignore[arg-type]
    return plan


class _Untwinned:
    """In place of a problem: nobody is told apart from anybody."""

    @staticmethod
    def deciding_columns() -> list[Any]:
        """Return no columns: no two learners are called alike."""
        return []


def _reasons(status: Status, result: _core.Result, learners: int) -> tuple[str, ...]:
    if status is Status.OPTIMAL:
        return ()
    if status is Status.INFEASIBLE:
        because = {
            1: "a learner that must be served cannot return the model in time",
            2: "too few samples can be computed and returned, were the shared link free",
            3: "bandwidth and power do not suffice",
        }
        return (f"not even tau = 1: {because.get(result.blame, 'limits exclude each other')}",)
    known = f"tau = {result.tau} is reached, tau = {result.bound + 1} is ruled out"
    if result.stopped:
        return (f"stopped by a limit, the callback or Ctrl-C: {known}",)
    return (
        f"prices alone leave tau = {result.tau + 1} open, and {learners} learners are too many for "
        f"a tree of boxes in one place (together=): {known}",
    )


def _nothing(shards: Any, statement: Statement, clock: _Clock) -> ShardedPlan:
    return ShardedPlan(
        shards,
        statement,
        lengths=[],
        status=Status.UNDECIDED,
        tau=0,
        bound=_LARGEST,
        certificate=None,
        reasons=("stopped by a limit, the callback or Ctrl-C before the search began",),
        passes=0,
        nodes=0,
        elapsed_s=clock.elapsed_s(),
        given=None,
    )


guard(__name__)
