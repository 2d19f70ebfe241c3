"""Why no association does more local cycles: a tree of choices, each leaf with prices or claims."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mel_fast.campaigns._proof import CellsProof
from mel_fast.model.problem import Problem
from mel_fast.planning._leave_out import only


@dataclass(frozen=True, slots=True)
class Choice:
    """Two cases: the learner is in the cell; then, that it is in another one."""

    learner: int
    cell: int


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices per hertz and per watt of each cell whose bound is below the task's samples."""

    prices: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Fixed:
    """Every learner's cell is given: claims of the single cells."""

    proof: CellsProof


@dataclass(frozen=True, slots=True, eq=False)
class AssociationProof:
    """That `tau` local cycles in common are impossible, whatever cell each learner is in.

    Attributes
    ----------
    tau : int
        What is impossible, and with it every larger number.
    problems : tuple of Problem
        The cells as they were asked about, each with all learners.
    tree : tuple of Choice, Prices and Fixed
        In preorder; empty where the learners' minima alone add up to more than the task has.
    """

    tau: int
    problems: tuple[Problem, ...]
    tree: tuple[Choice | Prices | Fixed, ...]

    def check(self, *, time_limit_s: float | None = None) -> tuple[str, ...]:
        """Return what is wrong with the proof, nothing when it holds (extra ``[verify]``).

        Every bound is computed again in balls, from the problems' numbers.
        """
        if not self.tree:
            total = self.problems[0].task.samples
            least = sum(least_samples(self.problems).tolist())
            return () if least > total else (f"the minima need {least} of {total} samples",)
        size = len(self.problems), len(self.problems[0].learners)
        todo = [np.ones(size, dtype=bool)]
        wrong: list[str] = []
        for place, node in enumerate(self.tree):
            if not todo:
                return (*wrong, f"tree[{place}]: nothing is left that it could be about")
            may = todo.pop()
            if isinstance(node, Choice):
                if not (0 <= node.learner < size[1] and 0 <= node.cell < size[0]):
                    return (*wrong, f"tree[{place}]: no such learner or cell")
                there, elsewhere = chosen(may, node)
                todo += [elsewhere, there]
            else:
                wrong += [f"tree[{place}]: {w}" for w in self._leaf(node, may, time_limit_s)]
        return (*wrong, *(["some associations are not looked at"] if todo else []))

    def _leaf(
        self, node: Prices | Fixed, may: NDArray[np.bool_], time_limit_s: float | None
    ) -> list[str]:
        if not may.any(axis=0).all():
            return []  # a learner is left without any cell: there is no such association
        if isinstance(node, Prices):
            from mel_fast.verify._choice import check

            if len(node.prices) != len(self.problems):
                return ["not one pair of prices a cell"]
            data = [problem.to_dict() for problem in self.problems]
            fault = check(data, self.tau, node.prices, lambda e, k: bool(may[e, k]), time_limit_s)
            return [fault] if fault else []
        if not (may.sum(axis=0) == 1).all():
            return ["claims about single cells where learners may still choose"]
        if node.proof.problems != members(self.problems, may.argmax(axis=0)):
            return ["the claims are about other cells"]
        if node.proof.tau > self.tau:
            return [f"the claims leave tau = {self.tau} open"]
        return list(node.proof.check(time_limit_s=time_limit_s))

    def summary(self) -> str:
        """Return one line of text."""
        leaves = sum(not isinstance(node, Choice) for node in self.tree)
        if not leaves:
            return "the learners' minima add up to more than the task has, in whatever cells"
        cases = "at the prices of one bound" if leaves == 1 else f"in {leaves:,} cases"
        return f"tau = {self.tau} is impossible whatever cell each learner is in, {cases}"


def chosen(may: NDArray[np.bool_], choice: Choice) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which cells remain where the choice is made, and where it is not."""
    there, elsewhere = may.copy(), may.copy()
    there[:, choice.learner] = False
    there[choice.cell, choice.learner] = may[choice.cell, choice.learner]
    elsewhere[choice.cell, choice.learner] = False
    return there, elsewhere


def members(problems: tuple[Problem, ...], cell: NDArray[np.int64]) -> tuple[Problem, ...]:
    """Return the cells that have learners, with these alone."""
    return tuple(
        only(problem, np.flatnonzero(cell == e))
        for e, problem in enumerate(problems)
        if (cell == e).any()
    )


def least_samples(problems: tuple[Problem, ...]) -> NDArray[np.int64]:
    """Return the fewest samples of each learner in any cell."""
    fewest = []
    for learners in (problem.learners for problem in problems):
        low = learners.min_samples
        low = np.zeros(len(learners), dtype=np.int64) if low is None else low
        fewest.append(low if learners.optional is None else np.where(learners.optional, 0, low))
    return np.asarray(np.min(fewest, axis=0))
