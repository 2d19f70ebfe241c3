"""A world in which channels move, speeds vary and learners fail: the same for every strategy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mel_fast.model.problem import Problem
from mel_fast.orchestrate.rounds import Round

Array = NDArray[np.float64]

DEADLINE = 1.0 + 1e-9


@dataclass(frozen=True, slots=True)
class Motion:
    """How a world moves.

    Attributes
    ----------
    walk_db
        Standard deviation by which a gain's level moves from round to round, to stay.
    scatter_db
        Standard deviation about the level within a round.
    speed
        Standard deviation of the logarithm of speeds within a round.
    failure
        Probability with which a learner does not answer in a round.
    """

    walk_db: float = 0.0
    scatter_db: float = 0.0
    speed: float = 0.0
    failure: float = 0.0


@dataclass(frozen=True, slots=True)
class World:
    """Gains, speeds and failures of all rounds, shape (rounds, K)."""

    problem: Problem
    gain: Array
    speed: Array
    failed: NDArray[np.bool_]


def drawn(problem: Problem, motion: Motion, rounds: int, seed: int) -> World:
    """Draw a world."""
    rng = np.random.default_rng([seed, 0x100])
    shape = rounds, len(problem.learners)
    walk = np.cumsum(motion.walk_db * rng.standard_normal(shape), axis=0)
    moved = walk + motion.scatter_db * rng.standard_normal(shape)
    speed = np.exp(motion.speed * rng.standard_normal(shape))
    return World(
        problem,
        problem.learners.gain * 10.0 ** (0.1 * moved),
        problem.learners.flops_per_s * speed,
        rng.random(shape) < motion.failure,
    )


def seconds(round: Round, gain: Array, speed: Array) -> tuple[list[int], list[Array]]:
    """Return who was called in a round (learners are called by their numbers), and their times."""
    dealt = round.assignments
    called = [int(name) for name in dealt.names]
    return called, list(dealt.cycle.times(gain[called], speed[called]))
