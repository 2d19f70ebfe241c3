"""The streams of random numbers from which draws are made, many at a time.

Draw ``i`` of seed ``s`` is the stream ``PCG64(SeedSequence(s)).jumped(i)``, of which every learner
takes the same number of uniforms in turn.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import NDArray

from mel_fast import channel

Array = NDArray[np.float64]
Channel = tuple[channel.Placement, channel.Attenuation, channel.Fading]

BLOCK = 1 << 15  # learners drawn at a time: temporaries stay in the cache, whatever K is
_JUMP = 210306068529402873165736369884012333109  # numpy's PCG64.jumped: 2^128 over the golden ratio
_PERIOD = 1 << 128
_WORDS = 4  # of 32 bits in SeedSequence's pool


def gains_of_draws(
    seeds: Sequence[int],
    draws: Sequence[int],
    learners: int,
    parts: Channel,
    extra_loss_db: float,
) -> Array:
    """Return the gains of draw ``draws[i]`` of seed ``seeds[i]`` in row i, shape (M, K).

    Blocks of a few rows where K is small, of a few learners where it is large.
    """
    placement, attenuation, fading = parts
    width = channel.uniforms_needed(placement, attenuation, fading)
    streams = _streams(seeds, draws, learners * width)
    gain = np.empty((len(seeds), learners))
    rows = max(1, BLOCK // learners)
    for top in range(0, len(seeds), rows):
        here = min(rows, len(seeds) - top)
        generators = [next(streams)] if rows == 1 else None
        for left in range(0, learners, BLOCK):
            wide = min(BLOCK, learners - left)
            u = np.empty((here, wide, width))
            for row in u:
                generator = generators[0] if generators else next(streams)
                generator.random(out=row)
            block = channel.gains(
                u.reshape(here * wide, width),
                placement=placement,
                attenuation=attenuation,
                fading=fading,
                extra_loss_db=extra_loss_db,
            )
            gain[top : top + here, left : left + wide] = block.reshape(here, wide)
    return gain


def _streams(
    seeds: Sequence[int], draws: Sequence[int], used: int
) -> Iterator[np.random.Generator]:
    """Yield a generator at the beginning of each draw, of which `used` numbers are then taken."""
    one_seed = len(set(seeds)) == 1
    states = None if one_seed else seeded_words(seeds)
    bits: np.random.PCG64 | None = None
    at = (-1, -1)
    for row, (seed, draw) in enumerate(zip(seeds, draws, strict=True)):
        if bits is not None and at == (seed, draw - 1):
            bits.advance((_JUMP - used) % _PERIOD)
        else:
            words: Any = np.random.SeedSequence(seed) if states is None else _Words(states[row])
            bits = np.random.PCG64(words)
            if draw:
                bits.advance(draw * _JUMP % _PERIOD)
        at = (seed, draw)
        yield np.random.Generator(bits)


class _Words(ISeedSequence):
    """A seed sequence whose words are known."""

    def __init__(self, words: NDArray[np.uint64]) -> None:
        self._words = words

    def generate_state(self, n_words: int, dtype: object = np.uint32) -> NDArray[np.uint64]:
        """Return the words that PCG64 asks for: four of 64 bits."""
        assert n_words == self._words.size
        return self._words


def seeded_words(seeds: Sequence[int]) -> NDArray[np.uint64]:
    """Return ``SeedSequence(seed).generate_state(4, np.uint64)`` of many seeds, shape (M, 4).

    The hash of M. E. O'Neill's ``seed_seq_fe128``, in columns: one by one, seeding takes ten times
    as long as drawing a row of twenty learners.
    """
    if max(seeds, default=0) >> 32 * _WORDS:
        return np.array(
            [np.random.SeedSequence(seed).generate_state(4, np.uint64) for seed in seeds]
        )
    mask = (1 << 32) - 1
    entropy = [
        np.array([seed >> 32 * word & mask for seed in seeds], dtype=np.uint32)
        for word in range(_WORDS)
    ]
    mixed = _Hash(0x43B0D7E5, 0x931E8875)
    pool = [mixed(word) for word in entropy]
    for source in range(_WORDS):
        for target in range(_WORDS):
            if source != target:
                pool[target] = _mix(pool[target], mixed(pool[source]))
    last = _Hash(0x8B51F9DD, 0x58F38DED)
    words = [last(pool[i % _WORDS]).astype(np.uint64) for i in range(2 * _WORDS)]
    pairs = zip(words[::2], words[1::2], strict=True)
    return np.stack([low | high << np.uint64(32) for low, high in pairs], axis=1)


class _Hash:
    """A hash of 32 bits whose constant goes on with every use."""

    def __init__(self, begin: int, factor: int) -> None:
        self._constant, self._factor = begin, factor

    def __call__(self, value: NDArray[np.uint32]) -> NDArray[np.uint32]:
        value = value ^ np.uint32(self._constant)
        self._constant = self._constant * self._factor & 0xFFFFFFFF
        value = value * np.uint32(self._constant)
        return value ^ value >> np.uint32(16)


def _mix(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> NDArray[np.uint32]:
    both: NDArray[np.uint32] = np.uint32(0xCA01F9DD) * one - np.uint32(0x4973F715) * other
    return both ^ both >> np.uint32(16)
