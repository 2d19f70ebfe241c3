"""Where shards are cut, so that sums over them fit together.

The core sums learners in chunks of 1024, and those pairwise. A place is a run of whole chunks: the
inside of a shard, or the seam between shards whose ends lie within a chunk.
"""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from mel_fast._core import shard_grain


@dataclass(frozen=True)
class Piece:
    """Rows of one shard."""

    shard: int
    begin: int
    end: int


@dataclass(frozen=True)
class Place:
    """Whole chunks of learners, in one shard or in several."""

    first: int
    pieces: tuple[Piece, ...]

    @property
    def learners(self) -> int:
        """How many there are."""
        return sum(piece.end - piece.begin for piece in self.pieces)

    @property
    def is_seam(self) -> bool:
        """Whether the learners come from the ends of shards, and are kept by the caller."""
        return len(self.pieces) > 1 or self.learners < shard_grain


def cut(lengths: list[int]) -> list[Place]:
    """Return places that cover shards of these lengths, in order."""
    starts = [0]
    for length in lengths:
        starts.append(starts[-1] + length)
    size = starts[-1]
    runs: list[tuple[int, int]] = []  # inside of shards
    for begin, end in pairwise(starts):
        low = -(-begin // shard_grain) * shard_grain
        high = end if end == size else end // shard_grain * shard_grain
        if low < high:
            runs.append((low, high))
    places = []
    at = 0
    for low, high in [*runs, (size, size)]:
        if at < low:
            places.append(Place(at, _pieces(starts, at, low)))
        if low < high:
            places.append(Place(low, _pieces(starts, low, high)))
        at = high
    return places


def _pieces(starts: list[int], low: int, high: int) -> tuple[Piece, ...]:
    pieces = []
    shard = bisect_right(starts, low) - 1
    while low < high:
        end = min(starts[shard + 1], high)
        if low < end:
            pieces.append(Piece(shard, low - starts[shard], end - starts[shard]))
        low = end
        shard += 1
    return tuple(pieces)
