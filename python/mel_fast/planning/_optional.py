"""Who takes part, where nobody must but a learner's minimum holds for it once it does.

The solver knows learners that must keep their minimum and learners without any. Between the two a
tree decides: without the minima that are open, a problem that allows no plan refutes every choice
of theirs; a plan in which somebody has samples, but fewer than its minimum, is branched on that
learner.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mel_fast._base.validation import BoolColumn, IntColumn
from mel_fast.model.problem import Problem
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import Status

_ROUNDS = 12
_NODES = 4_000
_WORK = 4_000_000  # learners, over all nodes

Ask = Callable[[Problem], Plan]


class Attendance(NamedTuple):
    """What was found: samples of a plan that keeps every minimum, or that there is none."""

    samples: IntColumn | None
    refuted: bool
    """Whether it is proved that there is none."""


def optional_minima(problem: Problem, ask: Ask) -> Attendance:
    """Return samples of which each is zero or within its learner's limits, if any plan has such."""
    minima = problem.learners.min_samples
    free = problem.replace(idle="excused")
    if minima is None:
        plan = ask(free)
        return Attendance(plan.samples, plan.status is Status.INFEASIBLE)
    tree = _Tree(free, minima, ask)
    samples = tree.dive()
    return tree.search() if samples is None else Attendance(samples, refuted=False)


class _Tree:
    """Problems between the two: some must take part, some stay away, the rest may do either."""

    def __init__(self, problem: Problem, minima: IntColumn, ask: Ask) -> None:
        self.problem = problem
        self.minima = minima
        self.ask = ask
        most = problem.learners.max_samples
        self.most = np.maximum(minima, problem.task.samples) if most is None else most

    def dive(self) -> IntColumn | None:
        """Settle everybody who falls short at once, again and again: quick, and no proof."""
        inside, away = self._nobody(), self._nobody()
        for _ in range(_ROUNDS):
            samples = self.ask(self._relaxed(inside, away)).samples
            if samples is None:
                return None
            short = (samples > 0) & (samples < self.minima)
            if not short.any():
                return samples
            inside |= short & (2 * samples >= self.minima)
            away |= short & (2 * samples < self.minima)
        return None

    def search(self) -> Attendance:
        """Settle one learner after the other, both ways."""
        todo = [(self._nobody(), self._nobody())]
        refuted = True
        for _ in range(min(_NODES, _WORK // self.minima.size + 1)):
            if not todo:
                return Attendance(None, refuted)
            inside, away = todo.pop()
            plan = self.ask(self._relaxed(inside, away))
            if plan.samples is None:
                refuted &= plan.status is Status.INFEASIBLE
                continue
            short = np.flatnonzero((plan.samples > 0) & (plan.samples < self.minima))
            if not short.size:
                return Attendance(plan.samples, refuted=False)
            share = plan.samples[short] / self.minima[short]
            clearest = int(np.argmax(np.abs(share - 0.5)))
            learner = np.arange(self.minima.size) == short[clearest]
            todo += [(inside, away | learner), (inside | learner, away)]
            if share[clearest] < 0.5:
                todo[-2:] = todo[:-3:-1]
        return Attendance(None, refuted=False)

    def _nobody(self) -> BoolColumn:
        return np.zeros(self.minima.size, dtype=bool)

    def _relaxed(self, inside: BoolColumn, away: BoolColumn) -> Problem:
        learners = self.problem.learners.replace(
            min_samples=np.where(inside, self.minima, 0),
            max_samples=np.where(away, 0, self.most),
        )
        return self.problem.replace(learners=learners)
