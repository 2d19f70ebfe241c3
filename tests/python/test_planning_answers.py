"""Frontiers, prices, explanations, spare budgets, warm starts and simulations."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

import mel_fast as mel
from exact import violations
from strategies import SCHEMES, Case, cases, holds_for_all

RESOURCES = ("cycle_s", "bandwidth_hz", "power_w")


def table1(**words: object) -> mel.Problem:
    return mel.scenarios.table1(**{"learners": 10, "cycle_s": 30.0, **words})  # type: ignore[arg-type]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("over", RESOURCES)
def test_breakpoints_agree_with_solving_on_both_sides(over: str, scheme: str) -> None:
    problem = table1()
    found = mel.frontier(problem, over, scheme=scheme)
    assert found.status == "optimal"
    assert found.steps
    assert np.all(np.diff(found.tau) == 1)
    assert np.all(np.diff(found.amount) >= 0)
    for step in found.steps:
        assert mel.verify(None, step.plan)
        assert mel.verify(None, step.proof)
        above = mel.solve(problem.with_budgets(**{over: step.amount * (1 + 1e-9)}), scheme=scheme)
        below = mel.solve(problem.with_budgets(**{over: step.lower}), scheme=scheme)
        assert above.tau >= step.tau > below.bound
    last = mel.solve(problem.with_budgets(**{over: found.stop}), scheme=scheme)
    assert last.tau == found.tau[-1]
    assert found.tau_at(found.stop) == (last.tau, last.tau)


def test_a_frontier_can_begin_in_the_middle_and_be_drawn(tmp_path: Path) -> None:
    problem = table1(learners=20)
    found = mel.frontier(problem, "cycle_s", start=20.0, stop=40.0)
    assert found.first == mel.solve(problem.with_budgets(cycle_s=20.0)).tau
    assert found.tau[0] == found.first + 1
    assert np.all((found.amount > 20.0) & (found.amount <= 40.0))
    assert found.tau_at(20.0) == (found.first, found.first)
    found.plot(tmp_path / "frontier.svg")
    assert (tmp_path / "frontier.svg").stat().st_size > 1000
    assert list(found.to_dataframe()["tau"]) == found.tau.tolist()
    assert f"tau = {found.tau[0]}" in found.summary()
    with pytest.raises(ValueError, match="max_steps = 2"):
        mel.frontier(problem, "cycle_s", max_steps=2)


@holds_for_all(
    st.tuples(cases(learners=40, samples=20_000), st.sampled_from(["power", "bandwidth", "none"])),
    ci=25,
    long=2_000,
)
def test_what_is_spared_changes_neither_tau_nor_the_proof(drawn: tuple[Case, str]) -> None:
    problem, then = drawn[0].problem(), drawn[1]
    plain, spare = mel.solve(problem), mel.solve(problem, then=then)
    assert (spare.status, spare.tau, spare.bound) == (plain.status, plain.tau, plain.bound)
    if not spare.tau:
        return
    assert violations(spare) == []
    assert mel.verify(problem, spare)
    over = {"power": "power_w", "bandwidth": "bandwidth_hz"}.get(then)
    if over is not None:
        spent = getattr(spare, over).sum()
        assert spent <= getattr(plain, over).sum()
        least = mel.least(problem, plain.tau, over)
        assert least.lower * (1 - 1e-9) <= spent <= max(least.amount * (1 + 1e-9), 1e-50)


@holds_for_all(cases(learners=60, samples=50_000), ci=25, long=2_000)
def test_a_warm_start_gives_the_same_answer(case: Case) -> None:
    problem = case.problem()
    plan = mel.solve(problem)
    rng = case.rng()
    learners = problem.learners
    moved = problem.replace(
        learners=learners.replace(gain=learners.gain * 10 ** rng.normal(0, 0.2, len(learners)))
    )
    cold, warm = mel.solve(moved), plan.replan(moved)
    assert (warm.status, warm.tau, warm.bound) == (cold.status, cold.tau, cold.bound)
    if warm.tau:
        assert violations(warm) == []
    loaded = mel.Plan.from_dict(plan.to_dict())
    assert mel.solve(moved, start=loaded).tau == cold.tau


def test_prices_are_derivatives_of_the_samples_that_fit() -> None:
    problem = table1(learners=20)
    plan = mel.solve(problem)
    prices = plan.prices
    assert prices is not None
    assert prices.samples > problem.task.samples
    for over, price in (
        ("cycle_s", prices.per_s),
        ("bandwidth_hz", prices.per_hz),
        ("power_w", prices.per_w),
    ):
        has = problem.cycle_s if over == "cycle_s" else getattr(problem.radio, over)
        more, less = (
            mel.planning.prices_at(mel.solve(problem.with_budgets(**{over: has * f})), plan.tau)
            for f in (1 + 1e-4, 1 - 1e-4)
        )
        assert price == pytest.approx((more.samples - less.samples) / (2e-4 * has), rel=1e-3)
    assert mel.solve(problem, scheme="task_only").prices is None


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_explanation_is_checked_by_solving_again(scheme: str) -> None:
    plan = mel.solve(table1(), scheme=scheme)
    why = plan.explain()
    assert why.tau == plan.tau + 1
    for over, need in why.needs.items():
        if need.plan is None:
            assert need.status == "infeasible"
            assert mel.verify(None, need.proof)
            continue
        again = mel.solve(plan.problem.with_budgets(**{over: need.amount * 1.0001}), scheme=scheme)
        assert again.tau >= why.tau
        assert mel.solve(need.proof.problem, scheme=scheme).tau < why.tau
    assert why.nearest is min(
        (n for n in why.needs.values() if n.plan is not None), key=lambda n: n.factor
    )
    assert f"tau = {why.tau}" in str(why)


@holds_for_all(cases(learners=12, samples=500), ci=30, long=2_000)
def test_every_problem_can_be_explained(case: Case) -> None:
    plan = mel.solve(case.problem())
    why = plan.explain(time_limit_s=600.0)
    assert str(why)
    out = why.leave_out
    assert (out is None) == (bool(plan.tau) or case.idle == "excused")
    if out is not None and out.plan is not None:
        assert out.plan.tau >= 1
        assert violations(out.plan) == []
        assert out.learners.size >= max(out.least, 1)
        assert len(out.plan.problem.learners) == case.learners - out.learners.size


def test_the_smallest_set_to_leave_out_is_found() -> None:
    plan = mel.solve(table1(learners=20, law="fixed"))
    assert plan.status == "infeasible"
    out = plan.explain().leave_out
    assert out is not None
    assert out.learners.tolist() == [13]
    assert out.smallest
    excused = mel.solve(plan.problem.replace(idle="excused"))
    assert excused.tau >= 1


def test_who_cannot_return_must_go() -> None:
    problem = table1()
    bandwidth = problem.learners.return_bandwidth_hz.copy()
    bandwidth[[2, 5]] = 1e-3
    problem = problem.replace(learners=problem.learners.replace(return_bandwidth_hz=bandwidth))
    out = mel.solve(problem).explain().leave_out
    assert out is not None
    assert out.learners.tolist() == [2, 5]
    assert (out.least, out.smallest) == (2, True)


def test_a_quiet_cycle_ends_as_planned() -> None:
    plan = mel.solve(table1())
    found = mel.simulate(plan)
    for outcome in found.outcomes.values():
        assert (outcome.tau, outcome.lost, outcome.missing.size) == (plan.tau, 0, 0)
        assert outcome.ends_s == pytest.approx(plan.total_s.max())
    assert "0 learners of 10 dropped out" in str(found)


def test_dropouts_cost_samples_time_or_cycles() -> None:
    plan = mel.solve(table1())
    found = mel.simulate(plan, failures=[1, 4])
    nothing, reassign, monitor = (found.outcomes[p] for p in ("nothing", "reassign", "monitor"))
    assert nothing.missing.tolist() == [1, 4]
    assert nothing.lost == plan.samples[[1, 4]].sum()
    assert nothing.ends_s == plan.problem.cycle_s
    assert reassign.lost == 0
    assert reassign.tau == plan.tau
    assert reassign.ends_s > plan.problem.cycle_s
    assert reassign.plan.samples.sum() == nothing.lost
    assert mel.verify(None, reassign.plan)
    assert monitor.lost == 0
    assert monitor.tau <= plan.tau
    assert monitor.ends_s <= plan.problem.cycle_s
    assert monitor.learners.tolist() == [0, 2, 3, 5, 6, 7, 8, 9]
    assert len(found.to_dataframe()) == 3


def test_drift_makes_learners_late() -> None:
    plan = mel.solve(table1())
    factor = np.ones(10)
    factor[3] = 0.1
    late = mel.simulate(plan, gain_drift=factor).outcomes["nothing"]
    assert late.missing.tolist() == [3]
    same = [mel.simulate(plan, gain_drift=3.0, failures=0.2, seed=5) for _ in range(2)]
    assert same[0].gain_factor.tolist() == same[1].gain_factor.tolist()
    assert same[0].failed.tolist() == same[1].failed.tolist()
    with pytest.raises(ValueError, match=r"failures\[0\]"):
        mel.simulate(plan, failures=[10])
    with pytest.raises(ValueError, match="infeasible"):
        mel.simulate(mel.solve(table1(cycle_s=1.0)))
