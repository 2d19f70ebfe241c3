"""Who takes part, by trying every split of a tiny problem: the slow witness of selection."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mel_fast.reference.blocks import power_shares
from mel_fast.reference.limits import Floats, Ints, reachable
from mel_fast.reference.rates import needed_rates
from mel_fast.reference.water import fill_rates

if TYPE_CHECKING:
    from mel_fast.model.problem import Problem


class Splits(NamedTuple):
    """Every split that time and the learners' limits allow, and what it needs."""

    samples: Ints
    """Shape (N, K)."""
    scale: Floats
    """The scale of both budgets that each split needs, shape (N,)."""

    @property
    def takers(self) -> Ints:
        """Learners with samples, of each split."""
        return np.asarray(np.count_nonzero(self.samples, axis=1), np.int64)

    def worth(self, problem: Problem, of: str) -> Floats:
        """Return what each split is worth."""
        if of == "learners":
            return np.asarray(self.takers, np.float64)
        weight = problem.learners.weight
        if of == "samples" or weight is None:
            return np.asarray(self.samples.sum(axis=1), np.float64)
        return np.asarray(self.samples @ weight)


def every_split(problem: Problem, tau: int, most: int, limit: int = 300_000) -> Splits:
    """Return the splits of up to `most` samples a learner that are possible at tau at some budgets.

    Raises
    ------
    ValueError
        Where there are more than `limit`.
    """
    problem = reachable(problem)
    count = len(problem.learners)
    rates = needed_rates(problem, tau, np.arange(most + 1)[:, None] + np.zeros(count, int))
    allowed = [np.flatnonzero(np.isfinite(rates[:, k])) for k in range(count)]
    number = int(np.prod([column.size for column in allowed]))
    if number > limit:
        raise ValueError(f"{number} splits: more than {limit}")
    if number == 0:
        return Splits(np.zeros((0, count), np.int64), np.zeros(0))
    samples = np.array(list(product(*allowed)), dtype=np.int64)
    needed = np.take_along_axis(rates, samples, axis=0)
    if problem.radio.block_hz is not None:
        return Splits(samples, _least_power(power_shares(problem, rates), samples))
    scale = np.zeros(len(samples))
    sends = (needed > 0).any(axis=1)
    if sends.any():
        scale[sends] = fill_rates(problem, needed[sends]).scale
    return Splits(samples, scale)


def _least_power(shares: Floats, samples: Ints) -> Floats:
    """Return the least share of the power that each split needs, over all ways to deal the blocks.

    `shares` has the shape (samples of a learner, blocks, K).
    """
    blocks = shares.shape[1]
    least = np.zeros((len(samples), blocks))  # of the learners so far, with at most so many
    for k in range(samples.shape[1]):
        own, before = shares[samples[:, k], :, k], least
        least = np.full_like(before, np.inf)
        for n in range(blocks):
            least[:, n:] = np.minimum(least[:, n:], before[:, : blocks - n] + own[:, n, None])
    return np.asarray(least[:, -1])
