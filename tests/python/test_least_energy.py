"""The least energy: an independent solver, properties, and claims that are no longer true."""

import copy
from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from energies import against_every_split, drawn, of_samples
from patience import in_time
from test_energy import cell


def endless(**words: object) -> mel.Problem:
    return cell(energy_j=None, **words)


@pytest.mark.parametrize("law", ["density", "fixed"])
def test_the_plan_of_given_samples_spends_what_an_independent_dual_says(law) -> None:
    from mel_fast.experiments.radio.energy import spending_cell

    tau, problem = 10, spending_cell(0, 0.15)  # the published cell, 50 users
    if law == "fixed":
        tau, problem = 20, endless(count=3, law=law)
    given = np.full(len(problem.learners), 500)
    held = problem.replace(learners=problem.learners.replace(min_samples=given, max_samples=given))
    found = mel.least(
        held.replace(task=held.task.replace(samples=int(given.sum()))), tau, "energy_j"
    )
    assert found.width < 1e-8
    lower, upper = of_samples(problem, tau, given)
    assert lower <= found.value * (1 + 1e-6)
    assert found.bound <= upper * (1 + 1e-6)
    assert (upper - lower) / upper < 1e-4


@pytest.mark.parametrize("law", ["density", "fixed"])
def test_the_checker_confirms_plan_and_bound_and_refuses_what_is_better(law) -> None:
    pytest.importorskip("flint")
    problem = endless(law=law)
    found = mel.least(problem, 30, "energy_j")
    assert found.width < 1e-6
    assert found.value == pytest.approx(found.plan.energy_j.sum())
    verdict = mel.verify(problem, found.plan)
    assert verdict.ok, verdict.reasons
    assert "none spends less" in verdict.summary()
    data = found.plan.to_dict()
    claim = {name: float.fromhex(x) for name, x in data["least_energy"].items()}
    for name, factor, words in (
        ("joules", 1 - 1e-9, "spends more"),
        ("bound_j", 1 + 1e-5, "do not prove"),
        ("joules_per_hz", 1.1, "do not prove"),
        ("joules_per_sample", 0.9, "do not prove"),
    ):
        other = copy.deepcopy(data)
        other["least_energy"][name] = (claim[name] * factor).hex()
        refused = mel.verify(problem, mel.Plan.from_dict(other))
        assert not refused.ok
        assert words in refused.reasons[0]
    dear = 100 * claim["joules_per_sample"]
    nothing = {"bound_j": (0.0).hex(), "joules_per_sample": dear.hex()}
    data["least_energy"].update(nothing)  # nobody spends less, whatever the prices are
    assert mel.verify(problem, mel.Plan.from_dict(data))


def test_speeds_that_were_changed_are_refused() -> None:
    pytest.importorskip("flint")
    problem = cell(min_flops_per_s=2e8)
    data = mel.solve(problem).to_dict()
    speeds = [float.fromhex(x) for x in data["flops_per_s"]]
    for factor, words in ((0.5, "late for T"), (1.2, "J more than energy_j"), (0.1, "is not from")):
        other = copy.deepcopy(data)
        other["flops_per_s"] = [(x * factor).hex() for x in speeds]
        refused = mel.verify(problem, mel.Plan.from_dict(other))
        assert not refused.ok
        assert any(words in reason for reason in refused.reasons), refused.reasons
    for gone in ("flops_per_s", "power_w"):
        other = copy.deepcopy(data)
        del other[gone]
        with pytest.raises(ValueError, match=gone):
            mel.Plan.from_dict(other)


def test_more_time_bandwidth_or_speed_never_costs_energy() -> None:
    problem = endless()
    learners = problem.learners
    value = mel.least(problem, 30, "energy_j").value
    for better in (
        problem.with_budgets(cycle_s=0.6),
        problem.with_budgets(bandwidth_hz=1.2 * problem.radio.bandwidth_hz),
        problem.replace(learners=learners.replace(flops_per_s=1.3 * learners.flops_per_s)),
        problem.replace(idle="excused"),
    ):
        assert mel.least(better, 30, "energy_j").bound <= value
    chosen = mel.least(problem, 30, "energy_j").value
    fixed = learners.replace(min_flops_per_s=learners.flops_per_s)
    assert chosen < mel.least(problem.replace(learners=fixed), 30, "energy_j").bound


def test_the_best_tau_at_the_least_energy_and_what_is_impossible() -> None:
    problem = endless()
    plan = mel.solve(problem, then="energy")
    first = mel.solve(problem)
    assert plan.tau == first.tau
    assert plan.status == "optimal"
    assert plan.energy_j.sum() <= first.energy_j.sum()
    assert plan.least_energy.gap < 0.01
    assert mel.Plan.from_dict(plan.to_dict()) == plan
    beyond = mel.least(problem, plan.tau + 1, "energy_j")
    assert beyond.status == "infeasible"
    assert beyond.proof.bound == plan.tau


def test_curves_rise_with_tau_and_fall_with_the_deadline(tmp_path) -> None:
    problem = endless(count=4).with_budgets(cycle_s=0.1)
    found = mel.frontier(problem, "energy_j")
    assert found.tau.tolist() == list(range(1, found.most + 1))
    assert (np.diff(found.value) > 0).all()
    assert (found.bound <= found.value).all()
    curve = mel.trade(problem, 3, [0.1, 0.12, 0.2])
    assert (np.diff(curve.value) < 0).all()
    assert curve.cycle_s.tolist() == [0.1, 0.12, 0.2]
    pytest.importorskip("matplotlib")
    for shown, name in ((found, "tau.svg"), (curve, "cycle.svg")):
        shown.plot(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 1000


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (lambda: cell(), r"energy_j\[0\]"),
        (lambda: endless(max_bandwidth_hz=1e6), r"max_bandwidth_hz\[0\]"),
        (lambda: endless(energy_coefficient=None), "energy_coefficient = None"),
        (lambda: mel.scenarios.table1(5), "energy_coefficient = None"),
    ],
)
def test_what_is_not_worked_out_is_refused_by_name(problem, words) -> None:
    with pytest.raises(ValueError, match=words):
        mel.least(problem(), 3, "energy_j")


def test_within_a_common_energy_the_next_tau_is_proved_too_dear() -> None:
    problem = endless(count=4).with_budgets(cycle_s=0.1)
    steps = mel.frontier(problem, "energy_j").steps
    for budget, tau in ((1.01 * steps[2].value, 3), (0.99 * steps[2].bound, 2), (1e3, len(steps))):
        found = mel.within(problem, budget)
        assert found.status == "optimal"
        assert found.tau == tau
        assert found.plan.energy_j.sum() <= budget
        assert found.proof.tau == tau + 1
        assert found.proof.bound > budget
    nothing = mel.within(problem, 0.5 * steps[0].bound)
    assert nothing.status == "infeasible"
    assert nothing.plan is None
    with pytest.raises(ValueError, match="energy_budget_j = 0"):
        mel.within(problem, 0.0)


def test_planning_both_spends_no_more_than_planning_one_in_the_published_cell() -> None:
    from mel_fast.experiments.radio.energy import row

    one = row(0.2, range(2), users=8)
    assert one.width < 1e-6
    assert one.both_j <= one.speeds_j
    assert one.both_j <= one.bandwidth_j


def asked(answers: list[object], says: bool = False) -> Any:
    def callback(*progress: float) -> bool:
        answers.append(progress)
        return says

    return callback


def test_callbacks_are_asked_and_end_the_search_with_what_is_known() -> None:
    problem = endless(count=20_000)
    for call in (
        lambda **words: mel.solve(problem, then="energy", **words),
        lambda **words: mel.least(problem, 10, "energy_j", **words),
    ):
        ended: list[object] = []
        call(callback=asked(ended, says=True))
        assert len(ended) == 1


def test_ctrl_c_within_the_energy_search_is_interrupted_with_the_best_plan() -> None:
    problem = endless(count=20_000)
    plan = mel.solve(problem, then="none")

    def late(tau: float, bound: float, passes: int, elapsed_s: float) -> bool:
        if tau == bound == plan.tau:  # proved: the energy search is on
            raise KeyboardInterrupt
        return False

    with pytest.raises(mel.Interrupted) as stopped:
        mel.solve(problem, then="energy", callback=late)
    assert stopped.value.plan.tau == plan.tau
    assert mel.verify(problem, stopped.value.plan)


def test_a_time_limit_is_kept() -> None:
    problem = endless(count=20_000)
    found = in_time(0.25, lambda: mel.least(problem, 10, "energy_j", time_limit_s=0.05))
    assert found.stopped
    assert found.status in ("undecided", "feasible")


def test_many_problems_get_the_least_energies_of_single_ones(tmp_path) -> None:
    problem = endless(count=6)
    batch = mel.Batch.vary(problem, cycle_s=[0.3, 0.5])
    plans = mel.solve_many(batch, then="energy")
    for row, plan in enumerate(plans):
        alone = mel.solve(batch.problem(row), then="energy")
        assert plan.least_energy == alone.least_energy
        assert (plan.flops_per_s == alone.flops_per_s).all()
        assert (plans.samples[row] == alone.samples).all()
    assert plans[1:][0].least_energy == plans[1].least_energy
    with pytest.raises(ValueError, match=r"problems\[1\]: energy_j\[0\]"):
        mel.solve_many([problem, cell(6)], then="energy")


def above_the_least(seed: int) -> float:
    """Compare with enumeration; return how far above the least the plan is."""
    problem = drawn(seed)
    compared = against_every_split(problem, seed)
    if compared is None:
        return 0.0
    found, least = compared
    tau = found.tau
    assert found.value >= least * (1 - 1e-6)
    assert mel.within(problem, found.value * (1 + 1e-9)).tau >= tau
    if found.bound > 0.0:
        assert mel.within(problem, found.bound * (1 - 1e-9)).tau < tau
    if len(problem.learners) == 1 and found.width < 1e-9:  # a limit of its own is the same question
        for factor, fits in ((1 + 1e-7, True), (1 - 1e-6, False)):
            own = problem.learners.replace(energy_j=found.value * factor)
            plan = mel.solve(problem.replace(learners=own))
            assert (plan.tau >= tau, plan.bound >= tau) == (fits, fits)
    return found.value / least - 1


@pytest.mark.parametrize("seed", [5144, 5204, 5069, 5180, 5033, 5001])
def test_no_split_spends_less_than_the_bound_or_much_less_than_the_plan(seed: int) -> None:
    pytest.importorskip("flint")
    assert above_the_least(seed) < 0.05


@pytest.mark.long
def test_no_split_spends_less_more_often() -> None:
    pytest.importorskip("flint")
    gaps = np.array([above_the_least(seed) for seed in range(400)])
    assert (gaps > 1e-5).mean() < 0.05


def test_prices_are_found_in_few_passes() -> None:
    """Newton's steps where speeds are chosen, tangents where they are given: each has its place."""
    from mel_fast.experiments.radio.energy import spending_cell

    problem = spending_cell(0, 0.15)  # the published cell, 50 users
    learners = problem.learners
    given = learners.replace(min_flops_per_s=learners.flops_per_s)
    assert mel.least(problem, 10, "energy_j").passes < 18  # 11; by tangents 23
    assert mel.least(problem.replace(learners=given), 10, "energy_j").passes < 40  # 15
