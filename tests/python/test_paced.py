"""Speeds chosen within an energy while the orchestrator sends: enumeration, properties, files.

What is expected comes from `paced.py`: every split of a few samples, every speed by halves.
"""

import copy

import numpy as np
import pytest

import mel_fast as mel
import paced
from receivers import cell as least
from speeds import at_its_speeds

LAWS = pytest.mark.parametrize("law", ["density", "fixed"])


def cell(count: int = 12, law: str = "density", **columns: object) -> mel.Problem:
    """A cell in which about half of the learners can not compute at full speed."""
    energy = 10 ** np.random.default_rng(7).uniform(-2.5, -0.3, count)
    return least(count, law=law, **{"energy_j": energy, **columns})


def at_full_speed(problem: mel.Problem) -> mel.Problem:
    free = {"energy_j": None, "energy_coefficient": None, "min_flops_per_s": None}
    return problem.replace(learners=problem.learners.replace(**free))


def against_enumeration(seed: int) -> None:
    problem = paced.drawn(seed)
    plan = mel.solve(problem)
    assert plan.tau == plan.bound
    # More local cycles take no less power.
    assert not plan.tau or paced.fits(problem, plan.tau, 1 + 1e-7)
    assert not paced.fits(problem, plan.tau + 1, 1 - 1e-7)


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(28))  # each law, each reading, all caps
def test_tau_is_that_of_every_split_at_every_speed(seed: int) -> None:
    against_enumeration(seed)


@pytest.mark.long
def test_tau_is_that_of_every_split_at_every_speed_more_often() -> None:
    for seed in range(100, 700):
        against_enumeration(seed)


@pytest.mark.parametrize("seed", range(8))
def test_the_checker_confirms_plan_and_proof(seed: int) -> None:
    pytest.importorskip("flint")
    problem = paced.drawn(seed)
    plan = mel.solve(problem)
    verdict = mel.verify(problem, plan)
    assert verdict.ok, verdict.reasons


@LAWS
def test_a_plan_keeps_energies_and_speeds_and_comes_back_from_its_file(law, tmp_path) -> None:
    pytest.importorskip("flint")
    problem = cell(law=law, min_flops_per_s=2e8)
    plan = mel.solve(problem)
    assert plan.status == "optimal"
    assert ((plan.flops_per_s >= 2e8) & (plan.flops_per_s <= problem.learners.flops_per_s)).all()
    slow = plan.flops_per_s < problem.learners.flops_per_s
    assert slow.any()
    assert not slow.all()
    assert (plan.energy_j <= problem.learners.energy_j).all()
    assert (plan.energy_j[slow] >= problem.learners.energy_j[slow] * (1 - 1e-12)).all()
    assert (plan.total_s <= problem.cycle_s).all()
    computing = plan.tau * plan.samples * 2e4
    assert np.allclose(plan.compute_s, computing / plan.flops_per_s)
    plan.save(tmp_path / "plan.json")
    again = mel.Plan.load(tmp_path / "plan.json")
    assert again == plan
    assert (again.flops_per_s == plan.flops_per_s).all()
    verdict = mel.verify(problem, again)
    assert verdict.ok, verdict.reasons


def changed(data: dict, path: tuple, value: object) -> mel.Plan:
    other = copy.deepcopy(data)
    at = other
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    return mel.Plan.from_dict(other)


@LAWS
def test_the_checker_refuses_what_is_better(law) -> None:
    pytest.importorskip("flint")
    problem = cell(law=law)
    plan = mel.solve(problem)
    data = plan.to_dict()
    slow = int(np.argmin(plan.flops_per_s / problem.learners.flops_per_s))
    speeds = list(data["flops_per_s"])
    for factor, words in ((1 + 1e-9, "spends"), (0.5, "late")):
        other = list(speeds)
        other[slow] = (float.fromhex(speeds[slow]) * factor).hex()
        verdict = mel.verify(problem, changed(data, ("flops_per_s",), other))
        assert not verdict.ok
        assert any(words in reason for reason in verdict.reasons)
    # The proof is one of this energy, these coefficients and this tau: not of a little more.
    tight = problem.learners
    for better in (
        {"energy_j": tight.energy_j * 1.05},
        {"energy_coefficient": tight.energy_coefficient * 0.95},
        {"return_power_w": tight.return_power_w * 0.5},
    ):
        other = problem.replace(learners=tight.replace(**better))
        if mel.solve(other).tau == plan.tau:
            continue
        moved = copy.deepcopy(data)
        moved["problem"] = mel.solve(other).to_dict()["problem"]
        assert not mel.verify(other, mel.Plan.from_dict(moved)).ok, better


def test_one_speed_alone_is_the_fixed_one() -> None:
    for law in ("density", "fixed"):
        problem = cell(law=law)
        fast = problem.learners.flops_per_s
        only = problem.learners.replace(min_flops_per_s=fast)
        coefficient = problem.learners.energy_coefficient
        fixed = only.replace(
            energy_coefficient=None, min_flops_per_s=None,
            energy_per_flop_j=coefficient * fast**2,
        )  # fmt: skip
        taus = [mel.solve(problem.replace(learners=learners)).tau for learners in (only, fixed)]
        assert taus[0] == taus[1] < mel.solve(problem).tau


@LAWS
def test_a_higher_top_speed_and_more_energy_never_hurt(law) -> None:
    problem = cell(law=law)
    tau = mel.solve(problem).tau
    learners = problem.learners
    for better in (
        learners.replace(flops_per_s=1.5 * learners.flops_per_s),
        learners.replace(energy_j=1.5 * learners.energy_j),
        learners.replace(energy_coefficient=0.5e-28),
        learners.replace(return_power_w=0.5 * learners.return_power_w),
    ):
        assert mel.solve(problem.replace(learners=better)).tau >= tau


@LAWS
def test_everybody_computes_at_full_speed_where_energy_is_free(law) -> None:
    problem = cell(law=law)
    expected = mel.solve(at_full_speed(problem))
    for free in ({"energy_j": np.inf}, {"energy_j": 1e6}, {"energy_coefficient": 0.0}):
        plan = mel.solve(problem.replace(learners=problem.learners.replace(**free)))
        assert plan.tau == expected.tau
        assert (plan.flops_per_s == problem.learners.flops_per_s).all()


def test_an_energy_just_above_the_least_is_feasible_and_just_below_is_not() -> None:
    """One learner: its least energy is what a limit is then asked to be."""
    for law in ("density", "fixed"):
        problem = least(1, law=law)
        tau = mel.solve(problem).tau // 2
        joules = mel.least(problem, tau, "energy_j").value
        for factor, fits in ((1 + 1e-6, True), (1 - 1e-6, False)):
            limited = problem.replace(learners=problem.learners.replace(energy_j=joules * factor))
            plan = mel.solve(limited)
            assert (plan.tau >= tau) == fits
            assert (plan.bound >= tau) == fits


def test_many_problems_are_what_single_ones_are() -> None:
    problems = [cell(5, seed_law) for seed_law in ("density", "fixed")] * 2
    plans = mel.solve_many(problems)
    for problem, tau, plan in zip(problems, plans.tau, plans, strict=True):
        alone = mel.solve(problem)
        assert tau == alone.tau
        assert plan == alone
        assert (plan.flops_per_s == alone.flops_per_s).all()


@LAWS
def test_least_needs_and_most_samples_are_those_of_solve(law) -> None:
    problem = cell(law=law)
    plan = mel.solve(problem)
    for over in ("cycle_s", "bandwidth_hz", "power_w"):
        need = mel.least(problem, plan.tau, over)
        assert need.amount / need.lower - 1 < 2e-3
        assert mel.solve(problem.with_budgets(**{over: need.amount})).tau >= plan.tau
        assert mel.solve(problem.with_budgets(**{over: need.lower})).bound < plan.tau
    most = mel.most(problem, plan.tau)
    assert most.bound >= most.value >= problem.task.samples
    assert mel.most(problem, plan.bound + 1).value < problem.task.samples


def test_what_happens_to_a_plan_happens_at_its_speeds() -> None:
    plan = mel.solve(cell(6))
    at_its_speeds(plan)
    assert "energy_j" in mel.explain(plan).summary()


def test_what_is_not_worked_out_is_refused_by_name(tmp_path) -> None:
    problem = cell()
    with pytest.raises(ValueError, match="block_hz"):
        problem.replace(radio=problem.radio.replace(block_hz=1e4))
    growing = {"setting": "parallelized", "feature_bits": 16}
    fixed = cell(law="fixed")
    with pytest.raises(ValueError, match="fixed law"):
        fixed.replace(task=fixed.task.replace(**growing))
    optional = problem.replace(learners=problem.learners.replace(min_samples=5, optional=True))
    for ask in (
        lambda: mel.solve(optional),
        lambda: mel.solve(problem, at_least=3),
        lambda: mel.most(problem, 1, of="learners"),
        lambda: mel.most(problem, samples=mel.solve(problem).samples),
        lambda: mel.least(problem, 1, "energy_j"),
        lambda: mel.solve(problem, then="energy"),
    ):
        with pytest.raises(ValueError, match="energy"):
            ask()


@LAWS
def test_equal_shares_are_those_of_each_learner_alone(law) -> None:
    pytest.importorskip("flint")
    for seed in range(law == "fixed", 40, 2):
        problem = paced.drawn(seed, samples=6)
        for scheme in ("task_only", "resource_only"):
            plan = mel.solve(problem, scheme=scheme)
            assert plan.tau == plan.bound <= mel.solve(problem).tau
            verdict = mel.verify(problem, plan)
            assert verdict.ok, (seed, scheme, verdict.reasons)


@LAWS
def test_results_are_the_same_for_all_threads(law) -> None:
    problem = cell(3000, law=law)
    plans = [mel.solve(problem, threads=threads) for threads in (1, 2)]
    assert plans[0] == plans[1]
    assert plans[0].status == "optimal"


def test_slacks_are_those_of_halves() -> None:
    pytest.importorskip("flint")
    from mel_fast.verify.best._paced import learner_of
    from mel_fast.verify.claim._read import read_plan

    for seed in range(12):
        problem = paced.drawn(seed)
        stated = read_plan(mel.solve(problem).to_dict()).problem
        for k, row in enumerate(stated.learners):
            for tau in (1, 3):
                learner = learner_of(stated, row, tau)
                for d in range(problem.task.samples + 1):
                    expected = paced.slack(problem, k, tau, d)
                    if expected > -problem.cycle_s:
                        assert float(learner.slack(d)) == pytest.approx(expected, abs=1e-9)


def test_the_slope_of_a_rate_is_that_of_differences() -> None:
    pytest.importorskip("flint")
    from mel_fast.verify.best._paced import learner_of
    from mel_fast.verify.claim._read import read_plan

    stated = read_plan(mel.solve(cell()).to_dict()).problem
    for row in stated.learners:
        learner = learner_of(stated, row, 20)
        kink = [d for d in range(1, 500) if learner.slack(d) > 0]
        for d in kink[1:-1]:
            rates = [float(learner.need(i) / learner.slack(i)) for i in (d - 1, d, d + 1)]
            slope = float(learner.area_at(d) / learner.slack(d) ** 2)
            assert rates[1] - rates[0] <= slope * (1 + 1e-9)
            assert slope <= (rates[2] - rates[1]) * (1 + 1e-9)


def test_of_many_learners_the_most_samples_are_found_without_choosing_who_takes_part() -> None:
    """Beyond 4,096 learners passes over all look for the most, which know no speeds."""
    count = 4200
    rng = np.random.default_rng(0)
    learners = mel.Learners(
        flops_per_s=rng.uniform(1e9, 3e9, count), gain=10 ** rng.uniform(-11.5, -9.5, count),
        return_bandwidth_hz=5e6, return_power_w=0.2, energy_coefficient=1e-28,
        energy_j=rng.uniform(1, 50, count),
    )  # fmt: skip
    task = mel.scenarios.table1(2).task.replace(samples=600 * count)
    radio = mel.Radio(1e6 * count, 0.01 * count, noise_density_w_per_hz=4e-21)
    problem = mel.Problem(task, learners, radio, 20.0, "excused")
    tau = mel.solve(problem).tau
    found = mel.most(problem, tau)
    assert found.status == "optimal"
    assert found.value >= task.samples
    assert mel.most(problem, tau + 1).value < task.samples
