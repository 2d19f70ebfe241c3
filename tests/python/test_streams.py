"""Draws by seed: the streams are numpy's own, one by one or many in one go."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mel_fast.scenarios import table1, table1_draws
from mel_fast.scenarios.draws import table1_batch
from mel_fast.scenarios.streams import seeded_words

EDGES = [0, 1, 2**32 - 1, 2**32, 2**63 - 1, 2**64, 2**127 + 3]


def numpys(seeds):
    words = [np.random.SeedSequence(seed).generate_state(4, np.uint64) for seed in seeds]
    return np.array(words)


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**128 - 1), min_size=1, max_size=20))
def test_seeds_are_hashed_as_numpy_does(seeds):
    assert np.array_equal(seeded_words(seeds), numpys(seeds))


def test_edges_of_words_and_seeds_beyond_the_pool():
    assert np.array_equal(seeded_words(EDGES), numpys(EDGES))
    assert np.array_equal(seeded_words([2**130, 3]), numpys([2**130, 3]))


@pytest.mark.parametrize("learners", [1, 7, 40_000])
def test_many_draws_are_the_single_draws_to_the_bit(learners):
    pairs = [(0, 0), (0, 1), (0, 2), (3, 0), (3, 5), (3, 6), (2, 0), (7, 0)][
        : 3 if learners > 99 else 8
    ]
    seeds, draws = zip(*pairs, strict=True)
    batch = table1_batch(seeds, draws, learners=learners, fading="rician:3")
    for row, (seed, draw) in enumerate(pairs):
        assert batch[row] == table1(learners, seed=seed, draw=draw, fading="rician:3")


def test_runs_of_draws_are_cut_anywhere():
    whole = table1_draws(9, 5, seed=4).gain
    assert np.array_equal(table1_draws(4, 5, seed=4, first_draw=3).gain, whole[3:7])


def test_a_seed_that_is_none_is_refused():
    with pytest.raises(ValueError, match="seed must be at least 0"):
        table1_batch([1, -1], [0, 0])
