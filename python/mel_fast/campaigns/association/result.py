"""The association that was found, its plans, and what no other one can exceed."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mel_fast._base.arithmetic import guard
from mel_fast._base.arrow import ShownTable
from mel_fast._base.frozen import Found
from mel_fast._base.units import count
from mel_fast._base.validation import IntColumn, freeze
from mel_fast.bracket.stated_samples import bare_problem, fewest_taken
from mel_fast.campaigns._most_of import somebody_must
from mel_fast.campaigns.association.proof import AssociationProof, members
from mel_fast.campaigns.association.search import AssociationSearch
from mel_fast.model.problem import Problem
from mel_fast.planning._leave_out import only
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import Status
from mel_fast.solve.single import solve


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Association(Found, ShownTable):
    """The most local cycles in common where every learner chooses its cell.

    Attributes
    ----------
    problems : tuple of Problem
        The cells as they were asked about, each with all K learners as they are in that cell.
    status : Status
        ``optimal``: no association does more than `tau`; ``feasible``: `tau` is attained and more
        than `bound` is impossible, whatever association; ``infeasible``: even one local cycle is
        impossible in any; ``undecided``: none was found that does one.
    tau, bound : int
        ``tau <= the best over all associations <= bound``.
    cell : ndarray of shape (K,) or None
        The cell of each learner in the best association that was found, int64.
    samples : ndarray of shape (cells,) or None
        Samples of each cell; they add up to those of the task.
    learner_samples : ndarray of shape (K,) or None
        Samples of each learner.
    plans : tuple of Plan or None
        One of each cell, for its problem with the learners in it, in their order; None for a cell
        without samples.
    proof : AssociationProof or None
        That ``bound + 1`` local cycles are impossible, whatever cell each learner is in.
    reasons : tuple of str
        Why something is open or impossible; empty when optimal.
    stopped : bool
        The time limit, the callback or Ctrl-C ended the search.
    nodes, passes, elapsed_s : int, int, float
        Cases of branching on cells, passes over a cell's learners, and seconds.

    Examples
    --------
    >>> import mel_fast as mel
    >>> masts = [mel.scenarios.table1(6, 30.0, seed=seed, idle="excused") for seed in (1, 2)]
    >>> found = mel.cells(masts, associate=True)
    >>> found.tau, found.bound, found.cell.size, found.check()
    (3, 3, 6, ())
    """

    problems: tuple[Problem, ...]
    status: Status
    tau: int
    bound: int
    cell: IntColumn | None
    samples: IntColumn | None
    learner_samples: IntColumn | None
    plans: tuple[Plan | None, ...] | None
    proof: AssociationProof | None
    reasons: tuple[str, ...]
    stopped: bool
    nodes: int
    passes: int
    elapsed_s: float
    _row = "learner"

    def __bool__(self) -> bool:
        return self.plans is not None

    @classmethod
    def of(cls, search: AssociationSearch) -> "Association":
        """Return what a search has found."""
        cell, found = search.cell, search.found
        samples = plans = learner_samples = None
        if cell is not None and found is not None and found.samples is not None and search.tau:
            there = np.unique(cell)
            samples = np.zeros(len(search.problems), dtype=np.int64)
            samples[there] = found.samples
            every: list[Plan | None] = [None] * len(search.problems)
            learner_samples = np.zeros(cell.size, dtype=np.int64)
            for e, plan in zip(there.tolist(), found.plans or (), strict=True):
                every[e] = plan
                if plan is not None and plan.samples is not None:
                    learner_samples[cell == e] = plan.samples
            plans = tuple(every)
        return cls(
            problems=search.problems,
            status=search.status,
            tau=search.tau,
            bound=search.bound,
            cell=None if plans is None or cell is None else freeze(cell.astype(np.int64)),
            samples=None if samples is None else freeze(samples),
            learner_samples=None if learner_samples is None else freeze(learner_samples),
            plans=plans,
            proof=search.proof,
            reasons=_reasons(search),
            stopped=search.stopped,
            nodes=search.nodes,
            passes=search.passes,
            elapsed_s=search.clock.elapsed_s,
        )

    def check(self, *, time_limit_s: float | None = None) -> tuple[str, ...]:
        """Return what is wrong with plans and proof, nothing when all hold (extra ``[verify]``)."""
        wrong = [] if self.tau == 0 else self._check_plans(time_limit_s)
        if self.proof is not None:
            if self.proof.tau != self.bound + 1 or self.proof.problems != self.problems:
                wrong.append("the proof is about something else")
            wrong += self.proof.check(time_limit_s=time_limit_s)
        elif self.status in (Status.OPTIMAL, Status.INFEASIBLE):
            wrong.append("nothing proves the bound")
        return tuple(wrong)

    def _check_plans(self, time_limit_s: float | None) -> list[str]:
        from mel_fast.verify import verify

        if self.plans is None or self.cell is None or self.samples is None:
            return [f"tau = {self.tau} without plans"]
        wrong = []
        if int(self.samples.sum()) != self.problems[0].task.samples:
            wrong.append("the cells' samples are not those of the task")
        own = dict(
            zip(np.unique(self.cell).tolist(), members(self.problems, self.cell), strict=True)
        )
        for e, plan in enumerate(self.plans):
            share = int(self.samples[e])
            if plan is None:
                if share or (e in own and fewest_taken(own[e])):
                    wrong.append(f"cell {e}: samples without a plan")
                elif e in own and somebody_must(own[e]) and not _serves(own[e]):
                    wrong.append(f"cell {e}: its learners are not all reached")
                continue
            asked = own[e].with_samples(share) if e in own else None
            if asked is None or plan.problem != asked or plan.tau < self.tau:
                wrong.append(f"cell {e}: the plan is about something else")
            wrong += [
                f"cell {e}: {r}" for r in verify(None, plan, time_limit_s=time_limit_s).reasons
            ]
        return wrong

    def columns(self) -> dict[str, Any]:
        """Return one row a learner."""
        none = [None] * len(self.problems[0].learners)
        names = self.problems[0].learners.names
        return {
            **({} if names is None else {"name": names}),
            "cell": none if self.cell is None else self.cell,
            "samples": none if self.learner_samples is None else self.learner_samples,
        }

    def _words(self) -> str:
        return f"{len(self.problems)} cells, tau={self.tau}, bound={self.bound}, {self.status}"

    def summary(self) -> str:
        """Return a few lines of text."""
        total = self.problems[0].task.samples
        what = f"{count(len(self.problems), 'cell')} to choose from, {count(total, 'sample')}"
        if self.samples is None or self.cell is None:
            lines = [f"{what}: {self.status}, no plan"]
        else:
            lines = [f"{what}: tau = {self.tau} ({self.status}, at most {self.bound})"]
            many = np.bincount(self.cell, minlength=len(self.problems)).tolist()
            lines += [
                f"  cell {e}: {count(many[e], 'learner')}, {samples:,} samples"
                for e, samples in enumerate(self.samples.tolist())
            ]
        if self.proof is not None:
            lines.append(self.proof.summary())
        return "\n".join((*lines, *self.reasons))


def _serves(problem: Problem) -> bool:
    """Whether a verified plan reaches everybody with a sample that costs next to nothing."""
    from mel_fast.verify import verify

    if problem.has_choice:
        assert problem.learners.optional is not None
        problem = only(problem, np.flatnonzero(~problem.learners.optional))
    plan = solve(bare_problem(problem, problem.cycle_s))
    return plan.tau > 0 and verify(None, plan).ok


def _reasons(search: AssociationSearch) -> tuple[str, ...]:
    if search.status is Status.OPTIMAL:
        return ()
    if search.status is Status.INFEASIBLE and search.proof is not None:
        return (search.proof.summary(),)
    if search.stopped:
        return ("stopped by a limit, the callback or Ctrl-C",)
    if search.nodes > search.nodes_limit:
        return (f"open after {search.nodes_limit} cases of who is where",)
    return ("no association was found that does more, and none of the bounds rules it out",)


guard(__name__)
