"""Why several cells cannot do more local cycles in common: claims of single cells, added up."""

from dataclasses import dataclass
from typing import Literal

from mel_fast._base.units import count
from mel_fast.bracket.stated_samples import bare_problem, fewest_taken
from mel_fast.model.problem import Problem
from mel_fast.plans.plan import Plan

MOST_ADDED = 4096  # samples of the task, of which every number in every cell is looked at


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
        minima add up to more than the task has, whatever tau. ``"sums"``: what the cells have room
        for, without the numbers that `gaps` rule out, does not add up to the task's samples.
    claims : tuple of Plan or None
        Of each cell. ``"sum"``: that `tau` is impossible in it with the samples that the claim's
        problem states, which are one more than it has room for. ``"cell"``: that of the one cell
        which fails, for its fewest samples; without minima, for a single sample that costs next to
        nothing. Where somebody may choose to sit out: that no plan at `tau` has more samples than
        `Plan.no_more` says.
    gaps : tuple of tuple of Plan
        ``"sums"``: of each cell, that `tau` is impossible with just the samples of the claim's
        problem, though more may fit.
    """

    tau: int
    problems: tuple[Problem, ...]
    kind: Literal["sum", "cell", "minima", "sums"]
    claims: tuple[Plan | None, ...]
    gaps: tuple[tuple[Plan, ...], ...] = ()

    @property
    def most(self) -> tuple[int | None, ...]:
        """No cell has room for more samples than so many; None where nothing is claimed."""
        return tuple(_most(claim) for claim in self.claims)

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
            if claim.scheme != "joint" or claim.at_least is not None:
                wrong.append(f"cell {cell}: the claim is about some plans alone")
            if claim.no_more is None:
                wrong += self._check_stated(cell, problem, claim)
            elif claim.problem != problem or claim.no_more.of != "samples":
                wrong.append(f"cell {cell}: the claim is about something else")
            verdict = verify(claim.problem, claim, time_limit_s=time_limit_s)
            wrong += [f"cell {cell}: {reason}" for reason in verdict.reasons]
        if self.kind == "minima":
            fewest = sum(fewest_taken(problem) for problem in self.problems)
            if fewest <= total:
                wrong.append(f"the minima need {fewest} of {total} samples")
        elif self.kind == "sums":
            wrong += self._check_gaps(time_limit_s)
        elif self.kind == "sum":
            room = [0 if most is None else most for most in self.most]
            if None in self.most or sum(room) >= total:
                wrong.append(f"the claims leave room for {sum(room)} of {total} samples")
        else:
            wrong += self._check_one()
        return tuple(wrong)

    def _check_stated(self, cell: int, problem: Problem, claim: Plan) -> list[str]:
        samples, wrong = claim.problem.task.samples, []
        if samples < fewest_taken(problem):  # of more samples that would say nothing
            wrong.append(f"cell {cell}: the claim is about fewer samples than its minima")
        about = claim.problem == _stated(problem, samples) and not problem.has_choice
        if not about and not self._bare(problem, claim):
            wrong.append(f"cell {cell}: the claim is about another problem")
        return wrong

    def _check_gaps(self, limit_s: float | None) -> list[str]:
        """Add up every number of samples that no claim rules out."""
        from mel_fast.verify import verify

        wrong, total, reached = [], self.problems[0].task.samples, 1
        gaps = self.gaps or ((),) * len(self.problems)
        if total > MOST_ADDED:
            return [f"{total} samples are too many to add up every number: at most {MOST_ADDED}"]
        if len(gaps) != len(self.problems):
            return [f"there are gaps of {len(gaps)} cells: must be {len(self.problems)}"]
        for cell, (problem, most, own) in enumerate(
            zip(self.problems, self.most, gaps, strict=True)
        ):
            left = room_of(problem, total if most is None else most, total)
            for claim in own:
                samples = claim.problem.task.samples
                left &= ~(1 << samples)
                if claim.problem != _stated(problem, samples) or claim.bound >= self.tau:
                    wrong.append(f"cell {cell}: a gap is about something else")
                if claim.scheme != "joint" or (claim.at_least, claim.no_more) != (None, None):
                    wrong.append(f"cell {cell}: a gap is about some plans alone")
                verdict = verify(claim.problem, claim, time_limit_s=limit_s)
                wrong += [f"cell {cell}: {reason}" for reason in verdict.reasons]
            reached = added(reached, left, total)
        if reached >> total & 1:
            wrong.append(f"the claims leave ways to deal {total} samples")
        return wrong

    def _check_one(self) -> list[str]:
        claimed = [cell for cell, claim in enumerate(self.claims) if claim is not None]
        if len(claimed) != 1:
            return [f"{len(claimed)} cells are claimed to fail: must be one"]
        problem, claim = self.problems[claimed[0]], self.claims[claimed[0]]
        assert claim is not None
        if claim.no_more is not None:
            return [] if claim.no_more.than < 0 else ["the one cell's claim leaves it room"]
        fewest = fewest_taken(problem)
        right = claim.problem.task.samples == fewest if fewest else self._bare(problem, claim)
        return [] if right else ["the one cell's claim is not about its fewest samples"]

    @staticmethod
    def _bare(problem: Problem, claim: Plan) -> bool:
        about = claim.problem
        return (
            not fewest_taken(problem)
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
        if self.kind == "sums":
            return (
                f"tau = {self.tau} is impossible: what fits in the cells does not add up to {total}"
            )
        room = sum(most or 0 for most in self.most)
        return f"tau = {self.tau} is impossible: there is room for {room:,} of {total}"


def _stated(problem: Problem, samples: int) -> Problem:
    return problem.with_samples(samples)


def _most(claim: Plan | None) -> int | None:
    if claim is None:
        return None
    if claim.no_more is not None:
        return max(int(claim.no_more.than), 0)
    return claim.problem.task.samples - 1


def room_of(problem: Problem, most: int, total: int) -> int:
    """Return the numbers of samples that a cell's minima and its most allow, bit by bit."""
    fewest, most = fewest_taken(problem), min(most, total)
    return (1 << most + 1) - (1 << fewest) if most >= fewest else 0


def added(some: int, more: int, total: int) -> int:
    """Return the sums of two sets of numbers, bit by bit, up to a total."""
    sums = 0
    while more:
        lowest = more & -more
        sums |= some << lowest.bit_length() - 1
        more ^= lowest
    return sums & ((1 << total + 1) - 1)
