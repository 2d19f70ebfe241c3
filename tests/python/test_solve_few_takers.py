"""The largest tau where few of many learners take part."""

import numpy as np

import mel_fast as mel
from patience import within


def test_a_bound_comes_before_a_tree_that_takes_long():
    """A part's tree that went on kept all that was refuted without it from the whole."""
    size = 100_000
    table = mel.scenarios.table1(size, seed=1, law="fixed", idle="excused", budgets="fixed")
    most = 7 * np.random.default_rng(3).choice([1, 1, 2, 5], size)
    problem = table.replace(
        task=table.task.replace(samples=12_000),
        learners=table.learners.replace(max_samples=most.astype(float)),
    )
    plan = mel.solve(problem, threads=1, callback=within(2000))
    assert plan.tau > 0
    assert plan.bound <= plan.tau + 4  # 64,071 before, after any time
