"""What single shards get: columns that are here, or questions whose answers they are."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from mel_fast._base.validation import FloatColumn, IntColumn, freeze
from mel_fast.solve.shards.population import Population
from mel_fast.solve.shards.workers import Asked, allocated, placed

Columns = tuple[IntColumn, FloatColumn, FloatColumn]


class ShardAllocation(NamedTuple):
    """What the learners of one shard get, in their order."""

    samples: IntColumn
    """d_k, shape (K_i,), int64."""
    bandwidth_hz: FloatColumn
    """B_k."""
    power_w: FloatColumn
    """P_k."""


class Share(NamedTuple):
    """How what one shard gets comes about, fit for a worker."""

    head: Columns  # of the learners before whole chunks begin
    inside: Asked | None
    tail: Columns

    def allocation(self) -> ShardAllocation:
        """Return it; a look at the shard."""
        parts = [self.head]
        if self.inside is not None:
            parts.append(allocated(placed(self.inside).answer(self.inside.question)))
        parts.append(self.tail)
        columns = (np.concatenate(column) for column in zip(*parts, strict=True))
        return ShardAllocation(*(freeze(column) for column in columns))


_NONE = (np.zeros(0, np.int64), np.zeros(0), np.zeros(0))


def _joined(parts: list[Columns]) -> Columns:
    samples, bandwidth_hz, power_w = (np.concatenate(col) for col in zip(*parts, strict=True))
    return samples, bandwidth_hz, power_w


class Given:
    """An allocation whose columns are here."""

    def __init__(self, lengths: Sequence[int], columns: Columns) -> None:
        self._ends = np.cumsum([0, *lengths])
        self._columns = columns

    def share(self, shard: int) -> Share:
        """Return that of one shard."""
        rows = slice(self._ends[shard], self._ends[shard + 1])
        samples, bandwidth_hz, power_w = self._columns
        return Share((samples[rows], bandwidth_hz[rows], power_w[rows]), None, _NONE)


class Placed:
    """An allocation as questions whose answers it is."""

    def __init__(self, everybody: Population, questions: list[bytes]) -> None:
        self._everybody = everybody
        self._questions = questions
        self._seams: dict[int, Columns] = {}

    def share(self, shard: int) -> Share:
        """Return that of one shard."""
        head, tail, inside = [_NONE], [_NONE], None
        for place, question in zip(self._everybody.places, self._questions, strict=True):
            at = 0
            for piece in place.pieces:
                end = at + piece.end - piece.begin
                if piece.shard == shard and not place.is_seam:
                    inside = self._everybody.asked(place, question)
                elif piece.shard == shard:
                    (tail if inside else head).append(self._cut(place, question, at, end))
                at = end
        return Share(_joined(head), inside, _joined(tail))

    def _cut(self, place: Any, question: bytes, begin: int, end: int) -> Columns:
        if place.first not in self._seams:
            answer = self._everybody.answer_of_seam(place, question)
            self._seams[place.first] = allocated(answer)
        samples, bandwidth_hz, power_w = self._seams[place.first]
        return samples[begin:end], bandwidth_hz[begin:end], power_w[begin:end]
