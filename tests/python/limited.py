"""Small problems with limits of learners and with resource blocks, and their neighbours."""

from math import comb
from typing import NamedTuple

import numpy as np

from limits_brute import allowed_splits
from mel_fast import Problem, reference
from strategies import Case

LIMITS = ("min_samples", "max_samples", "max_bandwidth_hz", "max_power_w", "energy_j")
HAIR = 1e-9  # nearer to a limit than this the reference's double precision does not decide
FEW = 500  # splits that are water-filled one and all


class LimitedCase(NamedTuple):
    """What is drawn; its printed form is enough to make the problem again."""

    case: Case
    limits: tuple[str, ...]
    blocks: int | None

    def problem(self) -> Problem:
        rng = np.random.default_rng([self.case.seed, 2])
        return with_limits(self.case.problem(), rng, self.limits, self.blocks)


def with_limits(
    problem: Problem, rng: np.random.Generator, names: tuple[str, ...], blocks: int | None
) -> Problem:
    """Draw the named limits, and a width of which `blocks` fit the bandwidth."""
    limits = reference.random_limits(rng, problem, names)
    width = None if blocks is None else reference.random_block_hz(rng, problem, blocks)
    return problem.replace(
        learners=problem.learners.replace(**limits), radio=problem.radio.replace(block_hz=width)
    )


def nudged(problem: Problem, factor: float) -> Problem:
    """Multiply the deadline and every real limit, so that the best tau moves with the factor.

    Where bandwidth comes in blocks it is left alone: whole numbers of blocks are decided exactly.
    """
    radio, learners = problem.radio, problem.learners
    names = ["max_power_w", "energy_j"]
    radio = radio.replace(power_w=radio.power_w * factor)
    if radio.block_hz is None:
        radio = radio.replace(bandwidth_hz=radio.bandwidth_hz * factor)
        names.append("max_bandwidth_hz")
    given = {name: getattr(learners, name) for name in names}
    scaled = {name: column * factor for name, column in given.items() if column is not None}
    return problem.replace(
        learners=learners.replace(**scaled), radio=radio, cycle_s=problem.cycle_s * factor
    )


def fits(problem: Problem, tau: int, scheme: str) -> bool:
    """Whether some plan with this tau exists."""
    if tau == 0:
        return True
    task, learners = problem.task, len(problem.learners)
    few = comb(task.samples + learners - 1, learners - 1) <= FEW
    if scheme == "task_only" or problem.radio.blocks is not None or not few:
        return reference.best_split(problem, tau, scheme).scale <= 1
    splits = np.array(allowed_splits(problem, scheme))
    return bool(reference.water_fill(problem, tau, splits).scale.min() <= 1)


def is_the_optimum(problem: Problem, scheme: str, tau: int) -> bool:
    """Whether tau fits and tau + 1 does not, or nearly so on either side of a hair's breadth."""
    if fits(problem, tau, scheme) and not fits(problem, tau + 1, scheme):
        return True
    below, above = nudged(problem, 1 - HAIR), nudged(problem, 1 + HAIR)
    return fits(above, tau, scheme) and not fits(below, tau + 1, scheme)
