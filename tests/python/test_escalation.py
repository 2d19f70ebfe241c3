"""Within rounding of the edge, balls decide what double precision cannot."""

import importlib.util
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import numpy as np
import pytest

import mel_fast as mel
from mel_fast import reference
from mel_fast.solve import escalation

HAIR = 1e-14  # of the budgets: double precision leaves most of these undecided


def edges(side: int) -> Iterator[mel.Problem]:
    """Draw problems whose budgets are a hair above (+1) or below (-1) what a best plan needs."""
    for seed in range(24):
        rng = np.random.default_rng(seed)
        law = ("density", "fixed")[seed % 2]
        setting = ("parallelized", "federated")[seed // 2 % 2]
        problem = reference.random_problem(
            rng, int(rng.integers(2, 5)), int(rng.integers(5, 15)), law=law, setting=setting
        )
        best = reference.best_split(problem, max(1, mel.solve(problem).tau))
        if best is not None and 1e-3 < best.scale < 1e3:  # it needs a radio, and fits some budget
            yield reference.with_budgets(problem, best.scale * (1 + side * HAIR))


def by_doubles(problem: mel.Problem, **how: Any) -> mel.Plan:
    """Solve without balls."""
    with mock.patch.object(escalation, "LARGEST", 0):
        return mel.solve(problem, **how)


def left_open() -> mel.Problem:
    """Return a problem that double precision leaves undecided."""
    for problem in edges(1):
        if by_doubles(problem).status is mel.Status.UNDECIDED:
            return problem
    pytest.fail("no draw was left undecided")


def check_decided(problems: Iterator[mel.Problem], at_least: int, **how: Any) -> None:
    """Check that so many are left open by doubles, and that balls decide four of five, rightly."""
    decided = undecided = 0
    for problem in problems:
        plain = by_doubles(problem, **how)
        if plain.status is not mel.Status.UNDECIDED:
            continue
        undecided += 1
        plan = mel.solve(problem, **how)
        assert plain.tau <= plan.tau <= plan.bound <= plain.bound
        assert mel.verify(problem, plan).ok
        decided += plan.status in (mel.Status.OPTIMAL, mel.Status.INFEASIBLE)
    assert undecided >= at_least
    assert decided >= 0.8 * undecided


@pytest.mark.parametrize("side", [1, -1])
def test_what_doubles_leave_open_is_decided_and_proved(side: int) -> None:
    check_decided(edges(side), at_least=5)


def test_a_tentative_answer_that_the_balls_refuse_is_not_believed() -> None:
    problem = left_open()
    refusal = mock.Mock(return_value=mock.Mock(ok=False))
    with mock.patch("mel_fast.verify.verify", refusal):
        plan = mel.solve(problem)
    assert refusal.called
    assert plan.status is mel.Status.UNDECIDED


def test_the_check_ends_at_the_time_limit() -> None:
    def slow(*_: object, callback: Callable[[int, int, int, float], bool]) -> mel.Verdict:
        for _ in range(10_000):
            time.sleep(0.01)
            if callback(0, 1, 0, 0.0):
                return mel.Verdict(False, checked=False)
        pytest.fail("not ended")

    problem = left_open()
    with mock.patch("mel_fast.verify.verify", slow):
        plan = mel.solve(problem, time_limit_s=0.2)
    assert plan.status is mel.Status.UNDECIDED


def test_ctrl_c_in_the_check_keeps_the_plan() -> None:
    problem = left_open()
    with (
        mock.patch("mel_fast.verify.verify", mock.Mock(side_effect=KeyboardInterrupt)),
        pytest.raises(mel.Interrupted) as caught,
    ):
        mel.solve(problem)
    assert caught.value.plan.problem == problem
    with (
        mock.patch("mel_fast.verify.verify", mock.Mock(side_effect=KeyboardInterrupt)),
        pytest.raises(mel.Interrupted) as many,
    ):
        mel.solve_many([problem])
    assert many.value.plans.tau[0] == caught.value.plan.tau


def test_equal_shares_at_the_edge_are_decided_too() -> None:
    def drawn() -> Iterator[mel.Problem]:
        for seed in range(40):
            law = ("density", "fixed")[seed % 2]
            problem = reference.random_problem(np.random.default_rng(seed), 3, 9, law=law)
            tau = max(1, mel.solve(problem, scheme="task_only").tau)
            scale = reference.best_split(problem, tau, "task_only").scale
            if 1e-3 < scale < 1e3:
                for side in (1, -1):
                    yield reference.with_budgets(problem, scale * (1 + side * HAIR))

    check_decided(drawn(), at_least=10, scheme="task_only")


def test_without_the_extra_it_stays_undecided() -> None:
    problem = left_open()
    with mock.patch.object(importlib.util, "find_spec", return_value=None):
        plan = mel.solve(problem)
    assert plan.status is mel.Status.UNDECIDED
    assert mel.verify(problem, plan).ok
