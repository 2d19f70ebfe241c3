"""What `solve_sharded` found: what is proved, and what each shard's learners get."""

from collections.abc import Sequence
from concurrent.futures import Executor
from os import PathLike
from typing import Any, NoReturn

from mel_fast._base.arithmetic import guard
from mel_fast._base.units import count
from mel_fast._base.validation import integer
from mel_fast.plans.status import Status
from mel_fast.solve.arguments import checked_executor
from mel_fast.solve.shards.crew import Crew
from mel_fast.solve.shards.files import claimed, write_plan
from mel_fast.solve.shards.shares import Given, Placed, ShardAllocation, Share
from mel_fast.solve.shards.sources import Shard, checked_path
from mel_fast.solve.shards.statement import Statement


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

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=20, idle="excused")
    >>> shards = [problem.learners.take(range(12)), problem.learners.take(range(12, 20))]
    >>> plan = mel.solve_sharded(shards, problem.task, problem.radio, problem.cycle_s)
    >>> plan.tau, plan.lengths, sum(int(plan.shard(k).samples.sum()) for k in range(2))
    (9, (12, 8), 60000)
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

    def to_dict(self) -> dict[str, Any]:
        """Return what is claimed, without learners and shares: the content of plan.json."""
        return claimed(
            self.statement,
            lengths=list(self.lengths),
            status=str(self.status),
            tau=self.tau,
            bound=self.bound,
            certificate=self.certificate,
        )

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
        ValueError, TypeError
            Naming the argument; for a payload in more numbers than ``plan.json`` may hold.
        ImportError
            When pyarrow is missing; the message names the extra.
        """
        place = checked_path("folder", folder)
        checked_executor(executor)
        shares = [self.share(i) for i in range(len(self.shards))] if self else []
        with Crew(executor, lambda: False) as crew:
            write_plan(self.to_dict(), shares, place, crew)

    def summary(self) -> str:
        """Return a few lines of text."""
        lines = [
            f"{self.status}: tau = {self.tau}, bound {self.bound}; "
            f"{count(self.learners, 'learner')} in {count(len(self.shards), 'shard')}; "
            f"{self.passes} passes, {self.elapsed_s:.3g} s"
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
