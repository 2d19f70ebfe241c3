"""Whom to leave out of an infeasible problem: every claim held against all subsets of learners."""

import itertools
import math

import numpy as np
import pytest

import mel_fast as mel
from limited import LimitedCase
from mel_fast.planning._leave_out import LeaveOut, leave_out, some_must_come, without
from strategies import Case


def infeasible_problem(
    rng: np.random.Generator, at_least: int | None = None, optional: float = 0.0
) -> mel.Plan | None:
    """Draw a small problem whose minima are often too much; its plan if it is infeasible."""
    names = tuple(
        name
        for name in ("max_samples", "max_bandwidth_hz", "max_power_w", "energy_j")
        if rng.random() < 0.3
    )
    size, samples = int(rng.integers(1, 6)), int(rng.integers(1, 40))
    law, setting = rng.choice(["density", "fixed"]), rng.choice(["parallelized", "federated"])
    idle = "served" if rng.random() < 0.7 else "excused"
    case = Case(int(rng.integers(2**31)), size, samples, str(law), str(setting), idle, None)
    problem = LimitedCase(case, names, None).problem()
    minima = rng.integers(0, max(2, 5 * samples // (2 * size)), size) * (rng.random(size) < 0.6)
    if problem.learners.max_samples is not None:
        minima = np.minimum(minima, problem.learners.max_samples)
    flags = rng.random(size) < optional if optional else None
    plan = mel.solve(
        problem.replace(
            learners=problem.learners.replace(min_samples=minima, optional=flags),
            cycle_s=problem.cycle_s * 10 ** rng.uniform(-1.5, 0.2),
        ),
        then="none",
        at_least=at_least,
    )
    return plan if plan.status is mel.Status.INFEASIBLE else None


def sets_that_help(problem: mel.Problem, at_least: int | None = None) -> dict[tuple[int, ...], int]:
    """Return every set of learners without whom some tau fits, with the largest."""
    size = len(problem.learners)
    sets = (s for n in range(size) for s in itertools.combinations(range(size), n))
    found = {
        s: mel.solve(without(problem, np.array(s, dtype=int)), then="none", at_least=at_least).tau
        for s in sets
    }
    return {s: tau for s, tau in found.items() if tau}


def hold(found: LeaveOut, helpful: dict[tuple[int, ...], int]) -> None:
    """Hold what was found against what all subsets say."""
    chosen = tuple(found.learners.tolist())
    if found.plan is None:
        assert found.irreducible
        assert not helpful
        return
    assert helpful[chosen] == found.plan.tau
    if found.irreducible:
        assert not any(tuple(k for k in chosen if k != out) in helpful for out in chosen)
    if found.smallest:
        assert len(chosen) == min(map(len, helpful))


@pytest.mark.parametrize(
    "draws", [pytest.param(150, id="ci"), pytest.param(4_000, id="long", marks=pytest.mark.long)]
)
def test_whoever_is_left_out_has_no_minimum(draws: int) -> None:
    rng = np.random.default_rng(draws)
    kinds = set()
    for _ in range(draws):
        plan = infeasible_problem(rng)
        if plan is None:
            continue
        helpful = sets_that_help(plan.problem)
        hold(leave_out(plan, math.inf, 1), helpful)
        kinds.add(bool(helpful))
    assert kinds == {True, False}


@pytest.mark.parametrize(
    "draws", [pytest.param(60, id="ci"), pytest.param(1_500, id="long", marks=pytest.mark.long)]
)
def test_who_may_sit_out_anyway_need_not_be_left_out(draws: int) -> None:
    rng = np.random.default_rng(draws)
    kinds = set()
    for _ in range(draws):
        at_least = int(rng.integers(1, 3)) if rng.random() < 0.4 else None
        plan = infeasible_problem(rng, at_least, 0.5)
        if plan is None or not some_must_come(plan.problem):
            continue
        helpful = sets_that_help(plan.problem, at_least)
        found = leave_out(plan, math.inf, 1)
        hold(found, helpful)
        optional = plan.problem.learners.optional
        assert optional is None or not optional[found.learners].any()
        kinds.add((bool(helpful), at_least is None))
    assert len(kinds) == 4


def test_minima_that_sum_to_too_much_leave_the_others_a_plan() -> None:
    problem = mel.scenarios.table1(learners=10)
    minima = [60_000, 30_000, 1, 0, 0, 1, 0, 0, 0, 0]
    plan = mel.solve(
        problem.replace(learners=problem.learners.replace(min_samples=minima)), then="none"
    )
    assert plan.status is mel.Status.INFEASIBLE
    out = plan.explain().leave_out
    assert out is not None
    assert out.plan is not None
    assert out.plan.tau >= 1
    assert mel.verify(out.plan.problem, out.plan).ok
    assert out.sentence().startswith(f"Without {out.learners.size} learner")


def test_many_minima_are_settled_at_once() -> None:
    # Every learner must take 400 samples or stay out; sixty thousand are enough for 150 of 300.
    problem = mel.scenarios.table1(learners=300, idle="served")
    plan = mel.solve(
        problem.replace(learners=problem.learners.replace(min_samples=400)), then="none"
    )
    assert plan.status is mel.Status.INFEASIBLE
    out = leave_out(plan, 5.0, 1)
    assert out.plan is not None
    assert out.plan.samples is not None
    assert out.plan.samples.min() >= 400
    assert out.learners.size >= 150


def test_nothing_is_said_to_be_impossible_without_a_proof() -> None:
    problem = mel.scenarios.table1(learners=6)
    plan = mel.solve(
        problem.replace(learners=problem.learners.replace(min_samples=[60_000, 1, 1, 1, 1, 1]))
    )
    assert plan.status is mel.Status.INFEASIBLE
    out = plan.explain(time_limit_s=0.0).leave_out
    assert out is not None
    assert (out.plan, out.irreducible) == (None, False)
    assert out.sentence() == "Whether leaving learners out helps was not found out."


def test_excused_learners_with_minima_that_cannot_be_met_are_named() -> None:
    problem = mel.scenarios.table1(learners=4, seed=2, cycle_s=30.0, idle="excused")
    gain = problem.learners.gain.copy()
    gain[1] = 0.0
    learners = problem.learners.replace(gain=gain, min_samples=[0, 500, 500, 0])
    plan = mel.solve(problem.replace(learners=learners))
    assert plan.status == "infeasible"
    why = plan.explain()
    assert why.leave_out.learners.tolist() == [1]
    assert why.leave_out.smallest
    assert f"Without 1 learner (1) the others reach tau = {why.leave_out.plan.tau}" in str(why)
