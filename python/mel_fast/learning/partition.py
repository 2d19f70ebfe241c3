"""Which samples a learner trains on in a global cycle."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.validation import count_column, integer, plain_array, real

Indices = NDArray[np.int64]
Partition = Literal["random", "shard-iid", "dirichlet"]

_EQUAL = 1e100
_DEALT, _ORDERED = 1, 2  # streams beside the training's own


def random_split(available: int, samples: Indices, rng: np.random.Generator) -> list[Indices]:
    """Parallelized learning: deal ``samples[k]`` of the orchestrator's samples to learner k.

    Raises
    ------
    ValueError, TypeError
        If more samples are asked for than are there, or for numbers that are no counts.

    Parameters
    ----------
    available
        Samples that are there.
    samples
        d_k of each learner, shape (K,).
    rng
        What is drawn from.

    Returns
    -------
    list of ndarray
        Indices of each learner's samples; no two have one in common.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> split = mel.learning.random_split(10, np.array([3, 5]), np.random.default_rng(0))
    >>> [len(part) for part in split]
    [3, 5]
    """
    available = integer("available", available, low=0)
    size = plain_array("samples", samples, "must be counts, one a learner").size
    samples = count_column("samples", samples, size)
    _check_generator(rng)
    total = int(np.sum(samples))
    if total > available:
        raise ValueError(f"the plan deals {total} samples, the data has {available}")
    order = rng.permutation(available)[:total]
    return np.split(order, np.cumsum(samples)[:-1])


def iid_shards(available: int, learners: int, rng: np.random.Generator) -> list[Indices]:
    """Federated learning: equal random shards, one a learner.

    Parameters
    ----------
    available
        Samples that are there.
    learners
        So many shards.
    rng
        What is drawn from.

    Returns
    -------
    list of ndarray
        Indices of each learner's samples.

    Raises
    ------
    ValueError, TypeError
        For no learners, or more than samples.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> [len(s) for s in mel.learning.iid_shards(10, 2, np.random.default_rng(0))]
    [5, 5]
    """
    available = integer("available", available, low=0)
    learners = integer("learners", learners, low=1)
    _check_generator(rng)
    if available < learners:
        raise ValueError(f"{available} samples cannot be shared by {learners} learners")
    return _filled(np.array_split(rng.permutation(available), learners))


def dirichlet_shards(
    labels: NDArray[np.int64], learners: int, concentration: float, rng: np.random.Generator
) -> list[Indices]:
    """Federated learning, not IID: each label is divided by a Dirichlet draw over the learners.

    ``concentration`` near zero leaves most learners with few labels; large values approach IID, and
    infinity is: every label in equal parts. A learner that drew nothing gets one sample of the
    largest shard.

    Parameters
    ----------
    labels
        Of the samples, from 0, shape (n,).
    learners
        So many shards.
    concentration
        Of the Dirichlet distribution, positive, without unit.
    rng
        What is drawn from.

    Returns
    -------
    list of ndarray
        Indices of each learner's samples.

    Raises
    ------
    ValueError, TypeError
        For a concentration that is not positive, labels that are no integers, no learners, or more
        than samples.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> labels = np.arange(100) % 10
    >>> shards = mel.learning.dirichlet_shards(labels, 4, 0.5, np.random.default_rng(0))
    >>> len(shards), sum(len(shard) for shard in shards)
    (4, 100)
    """
    concentration = real("concentration", concentration, high=math.inf)
    learners = integer("learners", learners, low=1)
    labels = plain_array("labels", labels, "must be integers in a row")
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise TypeError(
            f"labels are of type {labels.dtype} and shape {labels.shape}: must be integers in a row"
        )
    _check_generator(rng)
    if len(labels) < learners:
        raise ValueError(f"{len(labels)} samples cannot be shared by {learners} learners")
    shards: list[list[Indices]] = [[] for _ in range(learners)]
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        # Far below the cap the shares are equal to the last bit; above it their sum overflows.
        share = rng.dirichlet(np.full(learners, min(concentration, _EQUAL)))
        cuts = np.floor(np.cumsum(share)[:-1] * len(members) + 0.5).astype(np.int64)
        for shard, part in zip(shards, np.split(members, cuts), strict=True):
            shard.append(part)
    return _filled([np.concatenate(shard) for shard in shards])


def _check_generator(rng: object) -> None:
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng is a {type(rng).__name__}: must be a numpy.random.Generator")


def _filled(shards: list[Indices]) -> list[Indices]:
    for k, shard in enumerate(shards):
        if not len(shard):
            giver = max(range(len(shards)), key=lambda j: len(shards[j]))
            shards[giver], shards[k] = shards[giver][:-1], shards[giver][-1:]
    return shards


def drawn(shard: Indices, count: int, rng: np.random.Generator) -> Indices:
    """Draw ``count`` samples of a shard, none a second time before all were taken once."""
    rounds = [rng.permutation(shard) for _ in range(-(-count // len(shard)))]
    return np.concatenate(rounds)[:count]


class Dealer:
    """The samples of every learner, cycle after cycle, from the seed alone."""

    def __init__(
        self,
        labels: NDArray[np.int64],
        samples: Indices,
        partition: Partition,
        seed: int,
        concentration: float,
    ) -> None:
        self._samples, self._seed, self._available = samples, seed, len(labels)
        self._shards: list[Indices] | None = None
        rng = self._rng(_DEALT, 0)
        if partition == "shard-iid":
            self._shards = iid_shards(len(labels), len(samples), rng)
        elif partition == "dirichlet":
            self._shards = dirichlet_shards(labels, len(samples), concentration, rng)
        elif partition != "random":
            raise ValueError(
                f"partition must be 'random', 'shard-iid' or 'dirichlet', got {partition!r}"
            )

    def _rng(self, stream: int, cycle: int) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64([self._seed, stream, cycle]))

    def deal(self, cycle: int) -> list[Indices]:
        """Indices for each learner in global cycle ``cycle``."""
        rng = self._rng(_ORDERED, cycle)
        if self._shards is None:
            return random_split(self._available, self._samples, rng)
        return [
            drawn(shard, int(count), rng) if count else shard[:0]
            for shard, count in zip(self._shards, self._samples, strict=True)
        ]
