"""Why several cells cannot do more local cycles in common: claims of single cells, added up."""

from dataclasses import dataclass
from typing import Literal

from mel_fast._base.units import count
from mel_fast.model.problem import Problem
from mel_fast.plans.plan import Plan


@dataclass(frozen=True, slots=True, eq=False)
class CellsProof:
    """That `tau` local cycles in common are impossible.

    Attributes
    ----------
    tau : int
        What is impossible, and with it every larger number.
    problems : tuple of Problem
        The cells as they were asked about.
    kind : str
        ``"sum"``: the cells together have room for fewer samples than the task has. ``"cell"``:
        one cell cannot keep its minima, or serve its learners at all. ``"minima"``: the cells'
        minima add up to more than the task has, whatever tau.
    claims : tuple of Plan or None
        Of each cell. ``"sum"``: that `tau` is impossible in it with the samples that the claim's
        problem states, which are one more than it has room for. ``"cell"``: that of the one cell
        which fails, for its fewest samples; without minima, for a single sample that costs next to
        nothing.
    """

    tau: int
    problems: tuple[Problem, ...]
    kind: Literal["sum", "cell", "minima"]
    claims: tuple[Plan | None, ...]

    @property
    def most(self) -> tuple[int | None, ...]:
        """No cell has room for more samples than so many; None where nothing is claimed."""
        return tuple(None if c is None else c.problem.task.samples - 1 for c in self.claims)

    def check(self, *, time_limit_s: float | None = None) -> tuple[str, ...]:
        """Return what is wrong with the proof, nothing when it holds (extra ``[verify]``).

        Every claim is checked by `verify`, on its own and in balls; then they are added up.
        """
        from mel_fast.verify import verify

        total = self.problems[0].task.samples
        wrong = []
        for cell, (problem, claim) in enumerate(zip(self.problems, self.claims, strict=True)):
            if claim is None:
                continue
            if claim.bound >= self.tau:
                wrong.append(f"cell {cell}: the claim leaves tau = {self.tau} open")
            samples = claim.problem.task.samples
            if samples < _fewest(problem):  # of more samples that would say nothing
                wrong.append(f"cell {cell}: the claim is about fewer samples than its minima")
            if claim.problem != _stated(problem, samples) and not self._bare(problem, claim):
                wrong.append(f"cell {cell}: the claim is about another problem")
            verdict = verify(claim.problem, claim, time_limit_s=time_limit_s)
            wrong += [f"cell {cell}: {reason}" for reason in verdict.reasons]
        if self.kind == "minima":
            fewest = sum(_fewest(problem) for problem in self.problems)
            if fewest <= total:
                wrong.append(f"the minima need {fewest} of {total} samples")
        elif self.kind == "sum":
            room = [0 if most is None else most for most in self.most]
            if None in self.most or sum(room) >= total:
                wrong.append(f"the claims leave room for {sum(room)} of {total} samples")
        else:
            wrong += self._check_one()
        return tuple(wrong)

    def _check_one(self) -> list[str]:
        claimed = [cell for cell, claim in enumerate(self.claims) if claim is not None]
        if len(claimed) != 1:
            return [f"{len(claimed)} cells are claimed to fail: must be one"]
        problem, claim = self.problems[claimed[0]], self.claims[claimed[0]]
        assert claim is not None
        fewest = _fewest(problem)
        right = claim.problem.task.samples == fewest if fewest else self._bare(problem, claim)
        return [] if right else ["the one cell's claim is not about its fewest samples"]

    @staticmethod
    def _bare(problem: Problem, claim: Plan) -> bool:
        from mel_fast.bracket.stated_samples import bare_problem

        about = claim.problem
        return (
            not _fewest(problem)
            and problem.idle == "served"
            and about.cycle_s > problem.cycle_s
            and claim.bound == 0
            and about == bare_problem(problem, about.cycle_s)
        )

    def summary(self) -> str:
        """Return one line of text."""
        total = count(self.problems[0].task.samples, "sample")
        if self.kind == "minima":
            return f"the cells' minima add up to more than {total}"
        if self.kind == "cell":
            cell = next(i for i, claim in enumerate(self.claims) if claim is not None)
            return f"tau = {self.tau} is impossible in cell {cell} alone"
        room = sum(most or 0 for most in self.most)
        return f"tau = {self.tau} is impossible: there is room for {room:,} of {total}"


def _stated(problem: Problem, samples: int) -> Problem:
    return problem.with_samples(samples)


def _fewest(problem: Problem) -> int:
    minima = problem.learners.min_samples
    return 0 if minima is None else sum(minima.tolist())
