"""What interrupted a long call is the cause of what it raises, whatever the call."""

from collections.abc import Callable

import numpy as np
import pytest

import mel_fast as mel

LARGE = mel.scenarios.table1(learners=100_000, seed=3, idle="excused")
MIDDLE = mel.scenarios.table1(learners=3000, seed=3, idle="excused")
OWN = MIDDLE.replace(learners=MIDDLE.learners.replace(min_samples=40, optional=True))
PLAN = mel.solve(MIDDLE)

Told = Callable[..., bool]
CALLS: dict[str, Callable[[Told], object]] = {
    "solve": lambda told: mel.solve(LARGE, callback=told),
    "solve, then power": lambda told: mel.solve(LARGE, then="power", callback=told),
    "solve, at least": lambda told: mel.solve(LARGE, at_least=10_000, callback=told),
    "least": lambda told: mel.least(LARGE, 300, "cycle_s", callback=told),
    "least, optional": lambda told: mel.least(OWN, 300, "cycle_s", callback=told),
    "most": lambda told: mel.most(LARGE, 300, callback=told),
    "most learners": lambda told: mel.most(OWN, 300, of="learners", callback=told),
    "cells": lambda told: mel.cells([LARGE, MIDDLE], callback=told),
    "campaign": lambda told: mel.campaign(LARGE, lambda tau: 9 + 900 / tau, callback=told),
    "frontier": lambda told: mel.frontier(MIDDLE, "cycle_s", start=29.9, stop=30.0, callback=told),
    "explain": lambda told: mel.explain(PLAN, callback=told),
    "simulate": lambda told: mel.simulate(PLAN, failures=0.3, seed=1, callback=told),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("after", [1, 3])
def test_what_a_callback_raises_is_the_cause(name: str, after: int) -> None:
    raised = KeyboardInterrupt("mine")
    calls: list[int] = []

    def told(*_: object) -> bool:
        calls.append(1)
        if len(calls) >= after:
            raise raised
        return False

    caught = None
    try:
        CALLS[name](told)
    except mel.Interrupted as stop:
        caught = stop
    if caught is None:  # a quick call may end before it has told so often
        assert len(calls) < after
        return
    assert caught.__cause__ is raised
    assert caught.plan is None or caught.plan.tau <= caught.plan.bound
    assert len(calls) == after


@pytest.mark.parametrize("of", ["samples", "learners", "weight"])
def test_nobody_is_always_possible_where_nobody_must_take_part(of: str) -> None:
    rng = np.random.default_rng(2)
    problem = OWN.replace(learners=OWN.learners.replace(weight=rng.uniform(1, 2, 3000)))
    for calls in (1, 2, 4):
        left = iter(range(calls))
        found = mel.most(
            problem, 300, of=of, callback=lambda *_, left=left: next(left, None) is None
        )
        assert found.value is not None
        assert found.value <= found.bound
    must = OWN.replace(idle="served", learners=OWN.learners.replace(optional=False))
    assert mel.most(must, 10**6, of=of, time_limit_s=0.0).value is None
