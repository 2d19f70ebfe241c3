"""Several cells with budgets of their own and one task in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, overload

import numpy as np

from mel_fast._base.arithmetic import guard
from mel_fast._base.arrow import ShownTable
from mel_fast._base.frozen import Found
from mel_fast._base.progress import Callback, reporting
from mel_fast._base.units import count
from mel_fast._base.validation import IntColumn, freeze
from mel_fast.bracket.clock import Clock
from mel_fast.campaigns._cells_chosen import ChosenCellsSearch
from mel_fast.campaigns._cells_search import CellsSearch
from mel_fast.campaigns._proof import CellsProof
from mel_fast.campaigns.association.result import Association
from mel_fast.campaigns.association.search import AssociationSearch
from mel_fast.model.links import refuse_energy
from mel_fast.model.problem import Problem
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import Status
from mel_fast.solve.arguments import checked_problem, checked_seconds, checked_threads


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Cells(Found, ShownTable):
    """The most local cycles that all cells can do in common, with each cell's share of the task.

    Attributes
    ----------
    problems : tuple of Problem
        The cells as they were asked about; each states the samples of the whole task.
    status : Status
        ``optimal``: `tau` is attained by `plans` and `proof` rules out one more; ``infeasible``:
        `proof` rules out even one; ``feasible`` and ``undecided``: a limit or double precision left
        open what lies between `tau` and `bound`.
    tau, bound : int
        ``tau <= true optimum <= bound``; tau is 0 when there are no plans.
    samples : ndarray of shape (cells,) or None
        Samples of each cell, int64; they add up to those of the task.
    plans : tuple of Plan or None
        One of each cell, for its problem with its share of the samples, with at least `tau` local
        cycles and a proof of its own; None for a cell without samples.
    proof : CellsProof or None
        That ``bound + 1`` local cycles in common are impossible, from claims of single cells.
    reasons : tuple of str
        Why something is not proved or impossible; empty when optimal.
    stopped : bool
        The time limit, the callback or Ctrl-C ended the search.
    passes, elapsed_s : int, float
        Passes over the learners and seconds that the search took.

    Examples
    --------
    >>> import mel_fast as mel
    >>> near, far = (mel.scenarios.table1(5, seed=n, idle="excused") for n in (1, 2))
    >>> found = mel.cells([near, far])
    >>> int(found.samples.sum()) == near.task.samples, found.tau == found.bound
    (True, True)
    """

    problems: tuple[Problem, ...]
    status: Status
    tau: int
    bound: int
    samples: IntColumn | None
    plans: tuple[Plan | None, ...] | None
    proof: CellsProof | None
    reasons: tuple[str, ...]
    stopped: bool
    passes: int
    elapsed_s: float
    _row = "cell"

    def __bool__(self) -> bool:
        return self.plans is not None

    def columns(self) -> dict[str, Any]:
        """Return one row a cell: its learners, its samples, the local cycles of its own plan."""
        none = [None] * len(self.problems)
        own = none if self.plans is None else [p and p.tau for p in self.plans]
        return {
            "learners": [len(problem.learners) for problem in self.problems],
            "samples": none if self.samples is None else self.samples,
            "own_tau": own,
        }

    def _words(self) -> str:
        return f"{len(self.problems)} cells, tau={self.tau}, bound={self.bound}, {self.status}"

    def summary(self) -> str:
        """Return a few lines of text."""
        total = self.problems[0].task.samples
        what = f"{count(len(self.problems), 'cell')}, {count(total, 'sample')} in common"
        if self.samples is None:
            lines = [f"{what}: {self.status}, no plan"]
        else:
            lines = [f"{what}: tau = {self.tau} ({self.status}, at most {self.bound})"]
            lines += [
                f"  cell {cell}: {samples:,} samples"
                for cell, samples in enumerate(self.samples.tolist())
            ]
        if self.proof is not None:
            lines.append(self.proof.summary())
        return "\n".join((*lines, *self.reasons))


@overload
def cells(
    problems: Sequence[Problem],
    *,
    associate: Literal[False] = False,
    time_limit_s: float | None = None,
    threads: int = 1,
    callback: Callback | None = None,
    progress: bool = False,
) -> Cells: ...
@overload
def cells(
    problems: Sequence[Problem],
    *,
    associate: Literal[True],
    time_limit_s: float | None = None,
    threads: int = 1,
    callback: Callback | None = None,
    progress: bool = False,
) -> Association: ...
def cells(
    problems: Sequence[Problem],
    *,
    associate: bool = False,
    time_limit_s: float | None = None,
    threads: int = 1,
    callback: Callback | None = None,
    progress: bool = False,
) -> Cells | Association:
    """Return the most local cycles that several cells can do in common on one task.

    Every cell has its own learners, radio and deadline, and takes some of the task's samples;
    every learner does the same number of local cycles on its own.

    Parameters
    ----------
    problems
        The cells; each states the number of samples of the whole task, the same in all. A cell
        with ``idle="served"`` must reach all of its learners even where it takes no samples.
    associate
        False: each cell has its own learners. True: all cells have the same K learners, each
        stated as it is in that cell (its gain there, its limits there), and every learner is to be
        in one of them; who is where is searched for.
    time_limit_s
        Seconds after which what is known is returned as it is; None for no limit.
    threads
        As for `solve`.
    callback
        Called now and then with ``(tau, bound, passes, elapsed_s)``; a true answer stops the
        search as the time limit does.
    progress
        Whether to draw a bar on stderr, if that is a terminal.

    Returns
    -------
    Cells, or Association
        The common tau, proved from both sides when the status is optimal. With `associate` its
        bound holds for every association, and `tau` is that of the best one that was found.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, the cell, its value and the allowed range.
    Interrupted
        After Ctrl-C; its ``found`` is what was known.

    Examples
    --------
    >>> import mel_fast as mel
    >>> near = mel.scenarios.table1(learners=12, cycle_s=30.0, seed=1)
    >>> far = mel.scenarios.table1(learners=8, cycle_s=30.0, seed=2)
    >>> found = mel.cells([near, far])
    >>> found.status, int(found.samples.sum()) == near.task.samples
    (<Status.OPTIMAL: 'optimal'>, True)

    The same learners in reach of two masts, the better of which is for each to choose:

    >>> masts = [mel.scenarios.table1(12, 30.0, seed=seed, idle="excused") for seed in (1, 2)]
    >>> free = mel.cells(masts, associate=True)
    >>> free.tau <= free.bound, free.cell.shape
    (True, (12,))
    """
    if not isinstance(associate, bool):
        raise TypeError(f"associate is a {type(associate).__name__}: must be True or False")
    asked = _checked_cells(problems)
    limit = checked_seconds(time_limit_s)
    threads = checked_threads(threads)
    if associate:
        _check_same_learners(asked)
        with reporting(callback, progress, "tau") as report:
            free = AssociationSearch(asked, Clock(limit), threads, report)
            free.run()
        association = Association.of(free)
        if free.interrupted:
            known = next((p for p in association.plans or () if p is not None), None)
            raise Interrupted(known, association)
        return association
    with reporting(callback, progress, "tau") as report:
        some_choose = any(problem.has_choice for problem in asked)
        kind = ChosenCellsSearch if some_choose else CellsSearch
        search = kind(asked, Clock(limit), threads, report)
        search.run()
    found = Cells(
        problems=asked,
        status=search.status,
        tau=search.tau,
        bound=search.bound,
        samples=None
        if search.samples is None
        else freeze(np.array(search.samples, dtype=np.int64)),
        plans=search.plans,
        proof=search.proof,
        reasons=search.reasons(),
        stopped=search.stopped,
        passes=search.passes,
        elapsed_s=search.clock.elapsed_s,
    )
    if search.interrupted:
        known = next((p for p in found.plans or () if p is not None), None)
        raise Interrupted(known, found) from search.cause
    return found


def _check_same_learners(problems: tuple[Problem, ...]) -> None:
    first = problems[0].learners
    for cell, problem in enumerate(problems):
        learners = problem.learners
        if len(learners) != len(first):
            raise ValueError(
                f"problems[{cell}] has {len(learners)} learners: must have the {len(first)} of the "
                "first cell, each as it is in this one, where learners choose their cell"
            )
        named, as_first = learners.names, first.names
        if named is not None and as_first is not None and (named != as_first).any():
            k = int(np.flatnonzero(named != as_first)[0])
            raise ValueError(
                f"problems[{cell}].learners.names[{k}] = {str(named[k])!r}: must be "
                f"{str(as_first[k])!r} as in the first cell, where learners choose their cell"
            )


def _checked_cells(problems: Any) -> tuple[Problem, ...]:
    if isinstance(problems, Problem) or not isinstance(problems, Sequence):
        raise TypeError(f"problems is a {type(problems).__name__}: must be a list of Problems")
    if not problems:
        raise ValueError("problems is empty: must have at least one cell")
    asked = []
    for cell, problem in enumerate(problems):
        try:
            asked.append(checked_problem(problem))
            if problem.has_choice:
                refuse_energy(problem, "optional learners in cells")
        except TypeError as error:
            raise TypeError(f"problems[{cell}]: {error}") from None
        samples, first = problem.task.samples, asked[0].task.samples
        if samples != first:
            raise ValueError(
                f"problems[{cell}].task.samples = {samples}: must be {first} as in the first cell, "
                "the samples of the task that they have in common"
            )
    return tuple(asked)


guard(__name__)
