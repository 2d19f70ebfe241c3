"""What `solve_sharded` found: what is proved, and what each shard's learners get."""

from collections.abc import Sequence
from concurrent.futures import Executor
from os import PathLike
from typing import Any, NamedTuple, NoReturn

import numpy as np

from mel_fast._base.arithmetic import guard
from mel_fast._base.validation import FloatColumn, IntColumn, freeze, integer
from mel_fast.plans.status import Status
from mel_fast.solve.shards.crew import Crew
from mel_fast.solve.shards.population import Population
from mel_fast.solve.shards.sources import Shard, made
from mel_fast.solve.shards.statement import Statement
from mel_fast.solve.shards.workers import Asked, allocated, placed

Columns = tuple[IntColumn, FloatColumn, FloatColumn]


class ShardAllocation(NamedTuple):
    """What the learners of one shard get, in their order."""

    samples: IntColumn
    """d_k, shape (K_i,), int64."""
    bandwidth_hz: FloatColumn
    """B_k."""
    power_w: FloatColumn
    """P_k."""


class Share(NamedTuple):
    """How what one shard gets comes about, fit for a worker."""

    head: Columns  # of the learners before whole chunks begin
    inside: Asked | None
    tail: Columns

    def allocation(self) -> ShardAllocation:
        """Return it; a look at the shard."""
        parts = [self.head]
        if self.inside is not None:
            parts.append(allocated(placed(self.inside).answer(self.inside.question)))
        parts.append(self.tail)
        columns = (np.concatenate(column) for column in zip(*parts, strict=True))
        return ShardAllocation(*(freeze(column) for column in columns))


_NONE = (np.zeros(0, np.int64), np.zeros(0), np.zeros(0))


def _joined(parts: list[Columns]) -> Columns:
    samples, bandwidth_hz, power_w = (np.concatenate(col) for col in zip(*parts, strict=True))
    return samples, bandwidth_hz, power_w


class Given:
    """An allocation whose columns are here."""

    def __init__(self, lengths: Sequence[int], columns: Columns) -> None:
        self._ends = np.cumsum([0, *lengths])
        self._columns = columns

    def share(self, shard: int) -> Share:
        """Return that of one shard."""
        rows = slice(self._ends[shard], self._ends[shard + 1])
        samples, bandwidth_hz, power_w = self._columns
        return Share((samples[rows], bandwidth_hz[rows], power_w[rows]), None, _NONE)


class Placed:
    """An allocation as questions whose answers it is."""

    def __init__(self, everybody: Population, questions: list[bytes]) -> None:
        self._everybody = everybody
        self._questions = questions
        self._seams: dict[int, Columns] = {}

    def share(self, shard: int) -> Share:
        """Return that of one shard."""
        head, tail, inside = [_NONE], [_NONE], None
        for place, question in zip(self._everybody.places, self._questions, strict=True):
            at = 0
            for piece in place.pieces:
                end = at + piece.end - piece.begin
                if piece.shard == shard and not place.is_seam:
                    inside = self._everybody.asked(place, question)
                elif piece.shard == shard:
                    (tail if inside else head).append(self._cut(place, question, at, end))
                at = end
        return Share(_joined(head), inside, _joined(tail))

    def _cut(self, place: Any, question: bytes, begin: int, end: int) -> Columns:
        if place.first not in self._seams:
            answer = self._everybody.answer_of_seam(place, question)
            self._seams[place.first] = allocated(answer)
        samples, bandwidth_hz, power_w = self._seams[place.first]
        return samples[begin:end], bandwidth_hz[begin:end], power_w[begin:end]


class ShardedPlan:
    """What :func:`mel_fast.solve_sharded` found, immutable. True where there is an allocation.

    Attributes
    ----------
    status : Status
        ``optimal``, ``feasible``, ``infeasible`` or ``undecided``.
    tau, bound : int
        ``tau <= true optimum <= bound``; tau is 0 when there is no plan.
    certificate : dict or None
        Proof that ``bound + 1`` local cycles are impossible: prices, or a tree of boxes whose
        learners are numbered over all shards.
    reasons : tuple of str
        Why there is no plan or no proof; empty when optimal.
    lengths : tuple of int
        Learners of each shard.
    passes, nodes, elapsed_s : int, int, float
        Looks at all learners or at samples of them, boxes, seconds in all.
    statement : Statement
        Task, radio, cycle, idle reading and payload.
    shards : tuple
        As they were given.
    """

    __slots__ = (
        "_given",
        "bound",
        "certificate",
        "elapsed_s",
        "lengths",
        "nodes",
        "passes",
        "reasons",
        "shards",
        "statement",
        "status",
        "tau",
    )

    shards: tuple[Shard, ...]
    statement: Statement
    lengths: tuple[int, ...]
    status: Status
    tau: int
    bound: int
    certificate: dict[str, Any] | None
    reasons: tuple[str, ...]
    passes: int
    nodes: int
    elapsed_s: float
    _given: Given | Placed | None

    def __init__(
        self, shards: Sequence[Shard], statement: Statement, *, given: Any, **found: Any
    ) -> None:
        found["lengths"] = tuple(found["lengths"])
        known = {"shards": tuple(shards), "statement": statement, "_given": given, **found}
        for name, value in known.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"ShardedPlan is immutable: cannot set {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"ShardedPlan is immutable: cannot delete {name!r}")

    def __bool__(self) -> bool:
        return self.tau > 0

    @property
    def learners(self) -> int:
        """K, of all shards together."""
        return sum(self.lengths)

    def shard(self, number: int) -> ShardAllocation:
        """Return samples, bandwidth and power of one shard's learners; the shard is made for it.

        Raises
        ------
        ValueError
            When there is no plan.
        IndexError
            For a shard that is not there.
        """
        return self.share(number).allocation()

    def share(self, number: int) -> Share:
        """Return what `shard` works out, before it does: a picklable task for a worker."""
        if self._given is None:
            raise ValueError(f"there is no plan (status {self.status}): see reasons")
        count = len(self.shards)
        number = integer("shard", number, low=-count, high=2**53)
        if number >= count:
            raise IndexError(f"shard = {number}: there are {count}")
        return self._given.share(number % count)

    def shard_learners(self, number: int) -> Any:
        """Return one shard's learners, made again."""
        return made(self.shards[number], number)

    def write(self, folder: str | PathLike[str], executor: Executor | None = None) -> None:
        """Write a Parquet file a shard, and the certificate, into a folder (extra ``[parquet]``).

        Parameters
        ----------
        folder
            Is made where it is not there. Each file is replaced whole or not at all, and
            ``plan.json`` comes last; the format stands in docs/scale.md.
        executor
            Whose workers write their own shards, into a folder that they share with the caller.

        Raises
        ------
        OSError
            When something cannot be written.
        ImportError
            When pyarrow is missing; the message names the extra.
        """
        from mel_fast.solve.shards.files import write_plan

        with Crew(executor, lambda: False) as crew:
            write_plan(self, folder, crew)

    def summary(self) -> str:
        """Return a few lines of text."""
        lines = [
            f"{self.status}: tau = {self.tau}, bound {self.bound}; {self.learners} learners in "
            f"{len(self.shards)} shards; {self.passes} passes, {self.elapsed_s:.3g} s"
        ]
        return "\n".join([*lines, *self.reasons])

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return (
            f"ShardedPlan({self.status}, tau={self.tau}, bound={self.bound}, "
            f"learners={self.learners}, shards={len(self.shards)})"
        )


guard(__name__)
