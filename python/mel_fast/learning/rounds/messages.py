"""What passes between orchestrator and learners: models down, models or updates up, and bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast.learning.averaging import Weights
from mel_fast.payload import ErrorFeedback, Recipe, decode, encode

_ROUNDED = 5  # stream of stochastic rounding
_DOWN, _UP = 0, 1


class Messages:
    """Messages made by a recipe, read back by their receiver, and counted.

    Parameters
    ----------
    recipe
        None: arrays as they are in memory.
    error_feedback
        Add what a learner's messages left out to its next one. Not with pruning, whose losses are
        meant to stay.
    seed
        Of stochastic rounding.
    """

    def __init__(self, recipe: Recipe | None, *, error_feedback: bool, seed: int) -> None:
        self._recipe, self._seed = recipe, seed
        self._down = None if recipe is None else recipe.replace(top_k=None, threshold=None)
        self._whole = recipe is not None and (recipe.exact or bool(recipe.prune))
        self._feedback = error_feedback and not self._whole
        self.senders: dict[int, ErrorFeedback] = {}
        self.bits_down = self.bits_up = 0
        self.largest_down = self.largest_up = 0

    def sender(self, learner: int) -> ErrorFeedback:
        """Return what a learner remembers of its messages."""
        if learner not in self.senders:
            self.senders[learner] = ErrorFeedback(self._recipe or Recipe())
        return self.senders[learner]

    def down(self, weights: Weights, version: int, receivers: int) -> list[NDArray[Any]]:
        """Send the global model to some learners; return what they receive."""
        if self._down is None:
            self._sent_down(receivers, memory_bits(weights))
            return [np.array(part) for part in weights]
        rng = self._rng(_DOWN, version, 0)
        data = encode(_named(weights), self._down, rng=rng)
        self._sent_down(receivers, 8 * len(data))
        return _read(data, weights)

    def up(
        self, learner: int, cycle: int, received: Weights, trained: Weights
    ) -> list[NDArray[Any]]:
        """Send a learner's model; return the one that the orchestrator then has of it.

        Raises
        ------
        ValueError
            For weights that are not finite.
        """
        if not all(np.isfinite(part).all() for part in trained):
            raise ValueError(
                "a learner returned weights that are not finite: the training diverged"
            )
        if self._recipe is None:
            self._sent_up(memory_bits(trained))
            return [np.array(part) for part in trained]
        rng = self._rng(_UP, cycle, learner)
        known = _named(received)
        if self._whole:
            data = encode(_named(trained), self._recipe, base=known, rng=rng)
            self._sent_up(8 * len(data))
            return _read(data, received, known)
        update = {
            name: new - old if old.dtype.kind == "f" else new
            for (name, old), new in zip(known.items(), trained, strict=True)
        }
        if self._feedback:
            data = self.sender(learner).encode(update, rng)
        else:
            data = encode(update, self._recipe, rng=rng)
        self._sent_up(8 * len(data))
        return [
            old + change if old.dtype.kind == "f" else change
            for old, change in zip(known.values(), _read(data, received), strict=True)
        ]

    def _sent_down(self, receivers: int, bits: int) -> None:
        self.bits_down += receivers * bits
        self.largest_down = max(self.largest_down, bits)

    def _sent_up(self, bits: int) -> None:
        self.bits_up += bits
        self.largest_up = max(self.largest_up, bits)

    def _rng(self, way: int, turn: int, learner: int) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64([self._seed, _ROUNDED, way, turn, learner]))


def memory_bits(weights: Weights) -> int:
    """Bits of arrays as they are in memory."""
    return sum(8 * np.asarray(part).nbytes for part in weights)


def _named(weights: Weights) -> dict[str, NDArray[Any]]:
    return {str(place): np.asarray(part) for place, part in enumerate(weights)}


def _read(
    data: bytes, like: Sequence[NDArray[Any]], base: dict[str, NDArray[Any]] | None = None
) -> list[NDArray[Any]]:
    return list(decode(data, base=base, max_bytes=memory_bits(like) // 8).values())
