"""How few looks at all of many learners it takes to know who takes part."""

from itertools import product
from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.bench._measure import grown
from mel_fast.model.problem import Idle
from mel_fast.model.radio import Law

LEARNERS = 20_000


def drawn(law: Law, idle: Idle, kind: str) -> mel.Problem:
    """Return learners in deep fades, with weights and minima that are open or ranges."""
    rng = np.random.default_rng(7)
    problem = grown(LEARNERS, law, idle)
    mean = problem.task.samples / LEARNERS
    low = rng.integers(int(0.25 * mean), int(mean) + 1, LEARNERS)
    high = rng.integers(int(1.2 * mean), int(5 * mean), LEARNERS)
    limits: dict[str, dict[str, Any]] = {
        "plain": {},
        "open minima": {"min_samples": low, "optional": True},
        "ranges": {"min_samples": low, "max_samples": high, "optional": True},
    }
    weight = rng.integers(1, 10, LEARNERS).astype(float)
    learners = problem.learners.replace(weight=weight, **limits[kind])
    return problem.replace(learners=learners)


@pytest.mark.parametrize("law", ["density", "fixed"])
@pytest.mark.parametrize("idle", ["served", "excused"])
def test_prices_of_many_learners_are_found_in_a_few_looks_at_all(law: Law, idle: Idle) -> None:
    # Looked at one by one, whoever switches from few samples to many, or rests, took 4 to 18, and
    # a gap was left where both budgets were off by all that one of them takes.
    for kind, of in product(("plain", "open minima", "ranges"), ("samples", "weight")):
        found = mel.most(drawn(law, idle, kind), 4, of=of)  # type: ignore[call-overload]
        assert found.value is not None
        assert found.passes <= 5, (kind, of, found.passes)
        assert found.bound - found.value <= 1e-7 * found.value, (kind, of)


def test_a_plan_of_a_choice_holds_the_columns_that_the_core_found() -> None:
    # Copying a million learners' three columns takes as long as a look at them.
    found = mel.most(drawn("density", "excused", "ranges"), 4)
    plan = found.plan
    assert plan is not None
    for column in (plan.samples, plan.bandwidth_hz, plan.power_w):
        assert column is not None
        assert not column.flags.owndata
        assert not column.flags.writeable
    assert mel.verify(plan.problem, plan)
