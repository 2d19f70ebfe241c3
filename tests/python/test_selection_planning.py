"""What follows a selection: least, frontier, campaign, explain, dropouts, a rival's bracket."""

from importlib import import_module
from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from selecting import HAIR, least_scale, tiny

AMOUNTS = ("cycle_s", "bandwidth_hz", "power_w")


def clients(seed: int = 3, count: int = 6) -> mel.Problem:
    """Return a problem of clients who bring all of their data or nothing."""
    problem = mel.scenarios.table1(count, seed=seed, idle="excused")
    own = np.random.default_rng(seed).integers(40, 200, count)
    return problem.replace(
        learners=problem.learners.replace(min_samples=own, max_samples=own, optional=True),
        task=problem.task.replace(samples=int(own[: count // 2].sum())),
        radio=problem.radio.replace(bandwidth_hz=4e5, power_w=0.01),
        cycle_s=20.0,
    )


def narrow() -> mel.Problem:
    """Return a problem of which not everybody takes part in the best plan."""
    problem = mel.scenarios.table1(12, seed=2, idle="excused", samples=600)
    return problem.replace(radio=problem.radio.replace(bandwidth_hz=2e6, power_w=0.01))


def assert_least_is_right(seed: int, over: Any, at_least: int) -> str:
    """Compare both ends with enumeration; say how the search ended."""
    problem, tau, most = tiny(seed, ("optional",))
    tau = 1 + tau % 40
    found = mel.least(problem, tau, over, at_least=at_least or None)
    members = at_least or None
    if found.lower > 0.0:
        short = problem.with_budgets(**{over: found.lower})
        assert least_scale(short, tau, most, at_least) >= 1.0 - HAIR, (seed, over)
        assert found.proof is not None
        assert mel.verify(found.proof.problem, found.proof), (seed, over)
        assert found.proof.at_least == members
    if found.plan is not None:
        assert found.plan.samples is not None
        assert mel.verify(found.plan.problem, found.plan), (seed, over)
        assert found.plan.tau >= tau
        assert np.count_nonzero(found.plan.samples) >= at_least
    return str(found.status)


@pytest.mark.parametrize("over", AMOUNTS)
def test_both_ends_of_the_least_are_those_of_all_splits(over: str) -> None:
    ended = [assert_least_is_right(seed, over, seed % 3) for seed in range(12)]
    assert ended.count("optimal") >= 4
    assert set(ended) <= {"optimal", "infeasible", "feasible"}, ended


@pytest.mark.long
@pytest.mark.parametrize("over", AMOUNTS)
def test_the_same_on_hundreds(over: str) -> None:
    ended = [assert_least_is_right(seed, over, seed % 3) for seed in range(100, 400)]
    assert ended.count("feasible") + ended.count("undecided") <= 15, ended


@pytest.mark.parametrize("seed", [215, 403, 649, 1009])
def test_balls_close_the_ends_where_hardly_any_time_is_left_to_send(seed: int) -> None:
    """Roundings of the time that a learner computes kept the ends 2e-9 apart: `feasible`."""
    problem, tau, most = tiny(seed, ("optional",))
    tau, rng = 1 + tau % 40, np.random.default_rng(seed)
    k, samples = int(rng.integers(len(problem.learners))), int(rng.integers(1, most + 1))
    task, speed = problem.task, float(problem.learners.flops_per_s[k])
    back = task.model_bits + task.model_bits_per_sample * samples
    busy_s = back / float(problem.return_rates()[k]) + tau * samples * task.flops_per_sample / speed
    close = problem.replace(cycle_s=busy_s * (1.0 + 10 ** -rng.uniform(5, 10)))
    found = mel.least(close, tau, "power_w", at_least=seed % 3 or None)
    assert found.status == "optimal"
    assert found.plan is not None
    assert found.proof is not None
    assert mel.verify(found.plan.problem, found.plan)
    assert mel.verify(found.proof.problem, found.proof)


def test_the_least_of_a_problem_without_a_choice_is_what_it_was() -> None:
    problem = mel.scenarios.table1(8, seed=1)
    idle = problem.replace(learners=problem.learners.replace(optional=np.zeros(8, bool)))
    assert mel.least(idle, 3, "cycle_s").amount == mel.least(problem, 3, "cycle_s").amount
    assert not idle.has_choice


def test_so_many_participants_need_no_less() -> None:
    found = [mel.least(narrow(), 200, "bandwidth_hz", at_least=n) for n in (None, 6, 8)]
    assert all(least.status == "optimal" for least in found)
    assert found[0].amount < found[1].amount < found[2].amount
    assert found[2].plan is not None
    assert found[2].plan.at_least == 8


def test_a_frontier_says_what_solve_says_at_every_amount() -> None:
    problem = clients()
    found = mel.frontier(problem, "cycle_s", start=10.0, stop=13.0)
    assert found.last > found.first
    for amount in np.linspace(10.0, 13.0, 7):
        tau = mel.solve(problem.with_budgets(cycle_s=float(amount))).tau
        low, high = found.tau_at(float(amount))
        assert low <= tau <= high


def test_a_campaign_is_the_best_of_the_least_cycles() -> None:
    problem = clients()
    rounds = {1: 90.0, 5: 40.0, 20: 25.0, 60: 20.0}
    found = mel.campaign(problem, rounds)
    times = {tau: n * mel.least(problem, tau, "cycle_s").amount for tau, n in rounds.items()}
    assert found.total_s == pytest.approx(min(times.values()), rel=1e-8)
    assert found.tau == min(times, key=times.__getitem__)
    assert found.plan is not None
    assert mel.verify(found.plan.problem, found.plan)


def test_an_explanation_says_what_is_missing() -> None:
    problem = clients()
    plan = mel.solve(problem)
    told = plan.explain()
    assert told.tau == plan.tau + 1
    assert told.needs["cycle_s"].amount > problem.cycle_s
    assert any(limit.limit == "min_samples" for limit in told.lifted_limits)
    assert str(told.tau) in told.summary()


def test_an_explanation_tells_sums_from_room() -> None:
    problem = mel.scenarios.table1(2, seed=1, idle="excused", samples=15)
    learners = problem.learners.replace(min_samples=10, max_samples=10, optional=True)
    plan = mel.solve(problem.replace(learners=learners))
    assert plan.status == "infeasible"
    assert "no choice of learners holds just 15" in plan.explain().summary()


def test_participants_are_explained_as_a_limit() -> None:
    plan = mel.solve(narrow(), at_least=12)
    free = mel.solve(narrow())
    assert plan.tau < free.tau
    told = plan.explain()
    lifted = {limit.limit: limit for limit in told.lifted_limits}
    assert lifted["at_least"].plan.tau == free.tau
    assert lifted["at_least"].suffices


@pytest.mark.parametrize("at_least", [None, 3])
def test_dropouts_of_a_selection_are_simulated(at_least: int | None) -> None:
    plan = mel.solve(clients(), at_least=at_least)
    assert plan.samples is not None
    gone = int(np.argmax(plan.samples))
    found = mel.simulate(plan, failures=[gone])
    lost = found.outcomes["nothing"].lost
    assert lost == plan.samples[gone]
    again = found.outcomes["monitor"].plan
    assert again is not None
    if again.tau:
        assert again.samples is not None
        assert np.count_nonzero(again.samples) >= (at_least or 0)


def test_own_cycles_of_those_who_were_chosen() -> None:
    plan = mel.solve(clients())
    own = mel.most(plan.problem, samples=plan.samples)
    assert own.value is not None
    assert own.value >= plan.tau * np.count_nonzero(plan.samples)
    with pytest.raises(ValueError, match=r"samples\[0\]"):
        mel.most(plan.problem, samples=plan.samples + np.eye(6, dtype=int)[0])


@pytest.mark.parametrize("formulation", ["tau_by_tau", "monolithic"])
def test_the_rivals_bracket_holds_the_best_tau(formulation: Any) -> None:
    pytest.importorskip("ortools", reason="needs the extra [cpsat]")
    for seed in range(3):
        problem, _, _ = tiny(seed, ("optional",))
        plan = mel.solve(problem)
        if plan.tau > 300:
            continue
        found = mel.cp_sat.bracket(
            problem, bandwidth_steps=12, power_steps=12, time_limit_s=5.0, formulation=formulation
        )
        assert found.lower <= plan.tau <= found.upper, seed
        if found.lower_plan is not None:
            verdict = mel.verify(problem, found.lower_plan)
            assert verdict, (seed, verdict)


def test_many_learners_take_few_questions(monkeypatch: Any) -> None:
    """Where the bounds say where to ask, a handful of questions finds the best tau."""
    from mel_fast import _core

    asked = []

    def told(problem: Any, tau: int, *rest: Any) -> Any:
        asked.append(tau)
        return select(problem, tau, *rest)

    select = _core.select
    monkeypatch.setattr(_core, "select", told)
    problem = mel.scenarios.table1(6000, seed=1, idle="excused")
    own = np.random.default_rng(1).integers(20, 100, 6000)
    problem = problem.replace(
        learners=problem.learners.replace(min_samples=own, max_samples=own, optional=True),
        task=problem.task.replace(samples=int(own.sum()) // 10),
    )
    plan = mel.solve(problem)
    assert plan.status == "optimal"
    assert len(asked) <= 10, asked
    asked.clear()
    open_to_all = problem.learners.replace(min_samples=None, max_samples=None, optional=None)
    free = problem.replace(learners=open_to_all)
    members = 2 * int(np.count_nonzero(mel.solve(free).samples))
    assert mel.solve(free, at_least=members).status == "optimal"
    assert len(asked) <= 16, asked


def ask_some_first(monkeypatch: Any) -> Any:
    search = import_module("mel_fast.solve.selection.search")
    monkeypatch.setattr(search, "MANY", 13_000)
    monkeypatch.setattr("mel_fast.bracket.stated_samples._SOME", 4500)
    return search


def whole_or_nothing() -> mel.Problem:
    problem = mel.scenarios.table1(13_500, seed=2, idle="excused", budgets="per_learner")
    own = np.random.default_rng(2).integers(20, 100, 13_500)
    return problem.replace(
        learners=problem.learners.replace(min_samples=own, max_samples=own, optional=True),
        task=problem.task.replace(samples=int(own.sum()) * 6 // 10),
    )


def test_some_of_many_learners_say_where_to_ask_and_change_no_answer(monkeypatch: Any) -> None:
    problem = whole_or_nothing()
    own = problem.learners.min_samples
    slow = mel.solve(problem)
    ask_some_first(monkeypatch)
    quick = mel.solve(problem)
    assert quick.tau == slow.tau
    assert quick.bound <= slow.bound
    assert quick.samples.sum() == problem.task.samples
    assert np.isin(quick.samples / own, (0, 1)).all()
    assert (quick.total_s <= problem.cycle_s).all()


def test_learners_that_choose_are_asked_without_it_by_columns_that_are_right_already() -> None:
    selected = import_module("mel_fast.bracket.selected")
    problem = whole_or_nothing()
    free = selected.without_choice(problem)
    learners = problem.learners.replace(optional=None, min_samples=np.zeros(13_500, dtype=int))
    assert free == problem.replace(idle="excused", learners=learners)
    assert not free.learners.min_samples.flags.writeable


def test_what_no_power_makes_possible_whoever_takes_part_is_infeasible() -> None:
    """Own caps of power rule it out by a tree without the choice, and that is no proof with it."""
    learners = mel.Learners(
        flops_per_s=[8.22610558e7, 2.06585740e8, 1.17288801e8],
        gain=[1.77643715, 1.95360922, 0.63398702],
        return_bandwidth_hz=[173390.56996634, 391384.6215278, 537326.65692525],
        return_power_w=[0.02468521, 0.01979974, 0.08534515],
        min_samples=[2, 2, 1],
        max_samples=[3, 5, 1],
        max_power_w=[0.33383294, 0.13536717, 0.03157566],
        optional=[False, True, False],
    )
    task = mel.LearningTask(4, 34, 8, 100, 0, 16, 193893.83899021786, "federated")
    radio = mel.Radio(633073.3683406942, 0.18931531326857165, noise_power_w=0.011905652717455688)
    problem = mel.Problem(task, learners, radio, 0.014152395581485091, "excused")
    assert mel.solve(problem).tau == 1
    found = mel.least(problem, 2, "power_w")
    assert (found.status, found.plan) == ("infeasible", None)
    assert mel.verify(found.proof.problem, found.proof)


def test_a_plan_of_some_learners_is_none_of_all_when_interrupted(monkeypatch: Any) -> None:
    problem = whole_or_nothing()
    how = ask_some_first(monkeypatch).How
    asked = []

    def ask(self: Any, some: mel.Problem, *words: Any) -> mel.Plan:
        asked.append(mel.solve(some))
        raise mel.Interrupted(asked[-1]) from KeyboardInterrupt()

    monkeypatch.setattr(how, "ask", ask)
    with pytest.raises(mel.Interrupted) as stop:
        mel.solve(problem)
    assert 0 < len(asked[0].problem.learners) < len(problem.learners)
    assert asked[0].tau > 0
    plan = stop.value.plan
    assert plan.problem == problem
    assert plan.samples is None
    assert plan.bound > asked[0].bound
