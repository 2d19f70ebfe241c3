"""Small problems with limits of learners and with resource blocks, and their neighbours."""

from typing import NamedTuple

import numpy as np

from mel_fast import Problem, reference
from strategies import Case

LIMITS = ("min_samples", "max_samples", "max_bandwidth_hz", "max_power_w", "energy_j")
HAIR = 1e-9  # nearer to a limit than this the reference's double precision does not decide


class LimitedCase(NamedTuple):
    """What is drawn; its printed form is enough to make the problem again."""

    case: Case
    limits: tuple[str, ...]
    blocks: int | None

    def problem(self) -> Problem:
        problem, rng = self.case.problem(), np.random.default_rng([self.case.seed, 2])
        limits = reference.random_limits(rng, problem, self.limits)
        width = self.blocks and reference.random_block_hz(rng, problem, self.blocks)
        return problem.replace(
            learners=problem.learners.replace(**limits),
            radio=problem.radio.replace(block_hz=width),
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


def is_the_optimum(problem: Problem, scheme: str, tau: int) -> bool:
    """Whether enumeration finds this tau, or finds it on either side of a hair's breadth."""
    if reference.enumerate_optimum(problem, scheme).tau == tau:
        return True
    below, above = (
        reference.enumerate_optimum(nudged(problem, 1 + sign * HAIR), scheme).tau
        for sign in (-1, 1)
    )
    return below <= tau <= above
