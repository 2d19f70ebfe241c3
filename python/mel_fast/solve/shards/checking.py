"""The check of a sharded plan, shard by shard: the numbers are `verify`'s matter, this runs it."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from mel_fast._base.arithmetic import guard
from mel_fast._base.progress import Callback, reporting
from mel_fast._base.validation import integer
from mel_fast.model.learners import Learners
from mel_fast.model.payload import FIELDS, Payload
from mel_fast.solve.arguments import checked_executor, checked_seconds
from mel_fast.solve.shards.crew import Crew
from mel_fast.solve.shards.files import Written, path_of, read_claim
from mel_fast.solve.shards.plan import ShardedPlan
from mel_fast.solve.shards.shares import Share
from mel_fast.solve.shards.sources import (
    Made,
    Shard,
    WithPayload,
    checked_path,
    checked_shards,
    made,
    with_payload,
)
from mel_fast.verify import verify_dict
from mel_fast.verify._verdict import Verdict

_TOGETHER = 65_536
_PART = 2**20  # learners of a task: some seconds of work


class Part(NamedTuple):
    """Some learners of a shard, for a worker."""

    shard: Shard | WithPayload
    number: int
    begin: int
    end: int
    first: int

    def columns(self) -> dict[str, Any]:
        """Return their columns as they are, those of their payload among them."""
        found = made(self.shard, self.number)
        if len(found.learners) < self.end:
            raise ValueError(
                f"shards[{self.number}]() returned {len(found.learners)} learners, more before: "
                "must return the same each time"
            )
        rows = slice(self.begin, self.end)
        return {name: column[rows] for name, column in found.columns().items()}


def verify_sharded(
    shards: Iterable[Shard] | None,
    plan: ShardedPlan | str | PathLike[str],
    *,
    executor: Executor | None = None,
    callback: Callback | None = None,
    progress: bool = False,
    time_limit_s: float | None = None,
    together: int = _TOGETHER,
) -> Verdict:
    """Check a sharded plan and its proof, shard by shard; shares no code with the solver.

    Parameters
    ----------
    shards
        The learners, as they were given to :func:`mel_fast.solve_sharded`; None: those of `plan`.
    plan
        What `solve_sharded` found, or the folder into which it was written.
    executor
        Whose workers look at the parts, each alone; None: this process.
    callback, progress
        Told of ``(parts done, parts, passes, elapsed_s)``; a true answer ends the check.
    time_limit_s
        Seconds after which the check ends without a verdict; None: it takes what it needs.
    together
        Up to so many learners are brought together and checked by :func:`mel_fast.verify`.

    Returns
    -------
    Verdict
        A wrong plan is a verdict with reasons, never an exception.

    Raises
    ------
    ValueError, TypeError
        For arguments out of range, and for a folder without a sharded plan.
    OSError
        When a file cannot be read.
    ImportError
        When python-flint is missing: ``pip install 'mel_fast[verify]'``.

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=20, seed=0, idle="excused")
    >>> half = [problem.learners.take(range(10)), problem.learners.take(range(10, 20))]
    >>> plan = mel.solve_sharded(half, problem.task, problem.radio, problem.cycle_s)
    >>> bool(mel.verify_sharded(half, plan))
    True
    """
    from mel_fast._base.optional import require

    require("flint", extra="verify")
    checked_executor(executor)
    limit_s = checked_seconds(time_limit_s)
    integer("together", together, low=0, high=2**53)
    if shards is None:
        if not isinstance(plan, ShardedPlan):
            raise TypeError("shards = None: must be given with the folder of a plan")
        shards = plan.shards
    elif isinstance(shards, ShardedPlan):
        raise TypeError("shards is a ShardedPlan: give the shards first, then the plan")
    given = checked_shards(shards)
    if not isinstance(plan, ShardedPlan):
        plan = checked_path("plan", plan, "a ShardedPlan, or the folder of one")
    with reporting(callback, progress, "checking") as report:
        check = _Check(given, plan, limit_s, report)
        with Crew(executor, check.tell) as crew:
            return check.run(crew, together)


class _EndedError(Exception):
    """The check was ended before it was done."""


class _Check:
    def __init__(
        self, shards: tuple[Shard, ...], plan: Any, limit_s: float, report: Callback | None
    ) -> None:
        self._shards: tuple[Shard | WithPayload, ...] = shards
        self._limit_s, self._report, self._begin = limit_s, report, perf_counter()
        self._looks = self._done = self._parts = 0
        self._folder = None if isinstance(plan, ShardedPlan) else Path(plan).absolute()
        self._plan = plan if isinstance(plan, ShardedPlan) else None
        self._data = plan.to_dict() if isinstance(plan, ShardedPlan) else read_claim(plan)

    def tell(self) -> bool:
        elapsed_s = perf_counter() - self._begin
        told = self._report is not None and bool(
            self._report(self._done, max(self._parts, 1), self._looks, elapsed_s)
        )
        return told or elapsed_s >= self._limit_s

    def run(self, crew: Crew, together: int) -> Verdict:
        from mel_fast.verify.claim._entries import RefusedError
        from mel_fast.verify.shards.claim import read_claim as claimed

        try:
            claim = claimed(self._data)
            if len(claim.lengths) != len(self._shards):
                raise RefusedError(
                    f"the plan is for {len(claim.lengths)} shards, {len(self._shards)} are given"
                )
            self._claim = claim
            self._crew = crew
            lengths = self._all(_length, _numbered(self._shards))
            if lengths != claim.lengths:
                at = next(i for i, n in enumerate(lengths) if n != claim.lengths[i])
                raise RefusedError(
                    f"shards[{at}] has {lengths[at]} learners, the plan is for {claim.lengths[at]}"
                )
            self._share_payload_out()
            claim = self._claim
            return self._together() if claim.learners <= together else self._sharded()
        except RefusedError as refusal:
            return Verdict(False, [str(refusal)])
        except _EndedError:
            reason = "the time limit is over, or the callback ended the check"
            return Verdict(False, [reason], checked=False)

    def _share_payload_out(self) -> None:
        """Give the shards their parts of the columns of a payload that was given for all."""
        from mel_fast.verify.claim._entries import RefusedError, column, positive_or_zero

        claim = self._claim
        payload = claim.stated.get("payload")
        given = payload if isinstance(payload, dict) else {}
        columns = {
            name: np.array(column(entries, f"payload.{name}", positive_or_zero, claim.learners))
            for name, entries in given.items()
            if name in FIELDS and isinstance(entries, list)
        }
        if not columns:
            return
        try:
            parts = with_payload(self._shards, Payload(**columns), claim.lengths)
        except ValueError as error:
            raise RefusedError(str(error)) from None
        self._shards = tuple(parts)
        numbers = {name: entry for name, entry in given.items() if name not in columns}
        self._claim = replace(claim, stated={**claim.stated, "payload": numbers})

    def _all(self, function: Any, tasks: list[Any]) -> list[Any]:
        answers = self._crew.all(function, tasks)
        if answers is None:
            raise _EndedError
        return answers

    def _share(self, shard: int) -> Share | Written:
        if self._folder is not None:
            return Written(str(path_of(self._folder, shard)), self._claim.lengths[shard])
        assert self._plan is not None
        return self._plan.share(shard)

    def _together(self) -> Verdict:
        """Check all at once, where they are few."""
        from mel_fast.solve.shards.statement import Survey
        from mel_fast.verify.claim._entries import RefusedError

        claim = self._claim
        whole = self._all(_made, _numbered(self._shards))
        survey = Survey.all([Survey.of(some) for some in whole])
        parts = [survey.alike(some) for some in whole]
        columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        own = {name: columns.pop(name) for name in FIELDS if name in columns}
        learners = Learners(**dict[str, Any](columns)).to_dict()
        problem = {**claim.stated, "learners": learners}
        if own:
            same = claim.stated.get("payload", {})
            problem["payload"] = {**(same if isinstance(same, dict) else {}), **_lists(own)}
        data = {
            "format": "mel_fast.plan",
            "version": 2,
            "scheme": "joint",
            **{name: self._data[name] for name in ("status", "tau", "bound", "certificate")},
            "problem": problem,
        }
        names = ("samples", "bandwidth_hz", "power_w")
        if claim.tau:
            try:
                shares = [self._share(i).allocation() for i in range(len(self._shards))]
            except ValueError as error:
                raise RefusedError(str(error)) from None
            for name, cols in zip(names, zip(*shares, strict=True), strict=True):
                data[name] = np.concatenate(cols).tolist()
            radio = claim.stated["radio"]
            width = _number(radio.get("block_hz") if isinstance(radio, dict) else None)
            if width:  # how many there are is what bandwidth says, and is checked against it
                data["blocks"] = [round(hz / width) for hz in data["bandwidth_hz"]]
        else:
            data.update(dict.fromkeys(names))
        left_s = self._limit_s - (perf_counter() - self._begin)
        return verify_dict(data, time_limit_s=max(left_s, 0.0))

    def _sharded(self) -> Verdict:
        from mel_fast.verify.shards.judge import judge

        parts = list(self._cut())
        self._parts = len(parts)
        (one,) = self._all(_columns, [parts[0]._replace(end=1)])
        return judge(self._claim, one, partial(self._plan_sums, parts), partial(self._leaf, parts))

    def _cut(self) -> Iterator[Part]:
        first = 0
        for number, (shard, length) in enumerate(
            zip(self._shards, self._claim.lengths, strict=True)
        ):
            for begin in range(0, length, _PART):
                end = min(begin + _PART, length)
                yield Part(shard, number, begin, end, first + begin)
            first += length

    def _plan_sums(self, parts: list[Part]) -> Any:
        from mel_fast.verify.shards.part import PlanSums

        self._looks += 1
        total = PlanSums()
        tasks = [
            (self._claim.stated, part, self._share(part.number), self._claim.tau) for part in parts
        ]
        for sums in self._all(_plan_part, tasks):
            total.add(sums)
        return total

    def _leaf(self, parts: list[Part], leaf: Any, box: Any, bits: int) -> Any:
        from mel_fast.verify.shards.part import LeafSums

        self._looks += 1
        tau = self._claim.bound + 1
        tasks = []
        for part in parts:
            here = {
                k: ends for k, ends in box.items() if 0 <= k - part.first < part.end - part.begin
            }
            tasks.append((self._claim.stated, part, leaf, here, tau, bits))
        total = LeafSums()
        for sums in self._all(_leaf_part, tasks):
            total.add(sums)
        return total


def _numbered(shards: tuple[Shard | WithPayload, ...]) -> list[tuple[Shard | WithPayload, int]]:
    return [(shard, number) for number, shard in enumerate(shards)]


def _lists(columns: dict[str, Any]) -> dict[str, Any]:
    return {name: column.tolist() for name, column in columns.items()}


def _number(written: Any) -> float:
    """Return a number of the claim, 0 for none: it has been read, or will be refused."""
    try:
        return float.fromhex(written) if isinstance(written, str) else float(written or 0)
    except (TypeError, ValueError):
        return 0.0


def _length(task: tuple[Shard | WithPayload, int]) -> int:
    return len(made(*task).learners)


def _made(task: tuple[Shard | WithPayload, int]) -> Made:
    return made(*task)


def _columns(part: Part) -> dict[str, Any]:
    return part.columns()


def _plan_part(task: tuple[Any, Part, Any, int]) -> Any:
    from mel_fast.verify.claim._entries import RefusedError
    from mel_fast.verify.shards.part import check_plan

    stated_, part, share, tau = task
    try:
        allocation = share.allocation()
    except ValueError as error:
        raise RefusedError(str(error)) from None
    rows = slice(part.begin, part.end)
    cut = tuple(column[rows] for column in allocation)
    return check_plan(stated_, part.columns(), cut, tau, part.first)


def _leaf_part(task: tuple[Any, Part, Any, Any, int, int]) -> Any:
    from mel_fast.verify.shards.part import check_leaf

    stated_, part, leaf, box, tau, bits = task
    return check_leaf(stated_, part.columns(), leaf, box, tau, part.first, bits)


guard(__name__)
