"""Cells that learners choose: right by enumeration of who is where, proved, honest where open."""

import dataclasses
import itertools

import numpy as np
import pytest

import mel_fast as mel
from limited import LimitedCase
from mel_fast.campaigns.association.proof import Choice, Prices, members
from patience import in_time
from strategies import VARIANTS, Case

pytest.importorskip("flint")


def best_of_all(problems: list[mel.Problem]) -> int:
    """Solve the fixed cells of every way to put the learners into them."""
    best = 0
    for cell in itertools.product(range(len(problems)), repeat=len(problems[0].learners)):
        best = max(best, mel.cells(members(tuple(problems), np.array(cell))).tau)
    return best


def tiny(seed: int) -> list[mel.Problem]:
    """Draw two or three cells of the same few learners, with gains and budgets of their own."""
    rng = np.random.default_rng([seed, 43])
    size, count = int(rng.integers(2, 5)), 2 if rng.random() < 0.7 else 3
    if count == 3:
        size = min(size, 3)
    samples = int(rng.integers(3, 13))
    law, setting, idle = VARIANTS[seed % len(VARIANTS)]
    case = Case(seed, size, samples, law, setting, idle, None)
    names = tuple(n for n in ("min_samples", "max_samples", "max_power_w") if rng.random() < 0.2)
    first = LimitedCase(case, names, None).problem()
    problems = [first]
    for _ in range(count - 1):
        gain = first.learners.gain * np.exp(rng.normal(0.0, 2.0, size))
        radio = first.radio.replace(
            bandwidth_hz=first.radio.bandwidth_hz * rng.uniform(0.3, 1.5),
            power_w=first.radio.power_w * rng.uniform(0.3, 1.5),
        )
        problems.append(first.replace(learners=first.learners.replace(gain=gain), radio=radio))
    share = rng.uniform(0.3, 0.8)
    return [
        problem.replace(
            radio=problem.radio.replace(
                bandwidth_hz=problem.radio.bandwidth_hz * share,
                power_w=problem.radio.power_w * share,
            )
        )
        for problem in problems
    ]


def assert_is_the_best(seed: int) -> str:
    problems = tiny(seed)
    found = mel.cells(problems, associate=True)
    best = best_of_all(problems)
    assert found.tau <= best <= found.bound, (seed, found, best)
    assert found.check() == ()
    return str(found.status)


@pytest.mark.no_cover
def test_every_way_to_put_the_learners_into_cells_has_no_better_tau() -> None:
    statuses = [assert_is_the_best(seed) for seed in (*range(6), 7)]
    assert statuses.count("optimal") + statuses.count("infeasible") == len(statuses)
    assert statuses.count("optimal") > 3


@pytest.mark.long
@pytest.mark.parametrize("part", range(8))
def test_many_tiny_problems_are_closed_and_right(part: int) -> None:
    statuses = [assert_is_the_best(seed) for seed in range(1000 + 100 * part, 1100 + 100 * part)]
    assert statuses.count("feasible") + statuses.count("undecided") <= 2


def table(size: int, cells: int = 2, **words: object) -> list[mel.Problem]:
    return [mel.scenarios.table1(size, 30.0, seed=seed, **words) for seed in range(cells)]


@pytest.mark.parametrize("law", ["density", "fixed"])
@pytest.mark.parametrize("idle", ["served", "excused"])
def test_free_choice_is_never_worse_than_the_best_gain(law: str, idle: str) -> None:
    for size, count in ((9, 2), (40, 3)):
        problems = table(size, count, law=law, idle=idle)
        found = mel.cells(problems, associate=True)
        by_gain = np.argmax([p.learners.gain for p in problems], axis=0)
        assert found.tau >= mel.cells(members(tuple(problems), by_gain)).tau
        assert found.bound - found.tau <= max(1, found.tau // 20)
        assert found.check() == ()


def test_a_far_cell_with_all_the_bandwidth_is_chosen_against_the_gain() -> None:
    near, far = table(12, idle="excused")
    near = near.replace(radio=near.radio.replace(bandwidth_hz=1e5))
    far = far.replace(
        learners=far.learners.replace(gain=0.5 * near.learners.gain),
        radio=far.radio.replace(bandwidth_hz=2e8),
    )
    found = mel.cells([near, far], associate=True)
    assert found.status == "optimal"
    assert (found.cell[found.learner_samples > 0] == 1).sum() >= 10
    assert found.tau > mel.cells([near, far.replace(learners=far.learners.take([0]))]).tau


def test_one_cell_is_what_solve_says() -> None:
    problem = table(10)[0]
    found, plan = mel.cells([problem], associate=True), mel.solve(problem)
    assert (found.status, found.tau, found.bound) == (plan.status, plan.tau, plan.bound)
    assert (found.cell == 0).all()
    assert found.check() == ()


def test_a_learner_in_outage_everywhere_is_infeasible_where_it_is_served() -> None:
    problems = table(4)
    dark = []
    for problem in problems:
        gain = problem.learners.gain.copy()
        gain[2] = 0.0
        dark.append(problem.replace(learners=problem.learners.replace(gain=gain)))
    found = mel.cells(dark, associate=True)
    assert (found.status, found.tau, found.bound, found.plans) == ("infeasible", 0, 0, None)
    assert found.check() == ()
    assert mel.cells([dark[0], problems[1]], associate=True).cell[2] == 1
    excused = [problem.replace(idle="excused") for problem in dark]
    assert mel.cells(excused, associate=True).status == "optimal"


def test_minima_beyond_the_task_are_infeasible_in_any_cells() -> None:
    heavy = [
        problem.replace(learners=problem.learners.replace(min_samples=20_000))
        for problem in table(4)
    ]
    found = mel.cells(heavy, associate=True)
    assert (found.status, found.bound) == ("infeasible", 0)
    assert "minima" in found.reasons[0]
    assert found.check() == ()


def test_what_is_tampered_with_is_refused() -> None:
    problems = table(10, idle="excused")
    found = mel.cells(problems, associate=True)
    proof = found.proof
    assert found.status == "optimal"
    assert found.check() == ()
    (leaf,) = proof.tree
    dear = Prices(tuple((50.0 * lam, 50.0 * mu) for lam, mu in leaf.prices))
    for tree in ((), (dear,), (leaf, leaf), (Choice(0, 1), leaf), (Choice(0, 5), leaf, leaf)):
        assert dataclasses.replace(proof, tree=tree).check() != ()
    assert dataclasses.replace(proof, tree=(Choice(0, 1), leaf, leaf)).check() == ()
    assert dataclasses.replace(proof, tau=proof.tau - 1).check() != ()
    negative = Prices(tuple((-lam, mu) for lam, mu in leaf.prices))
    assert dataclasses.replace(proof, tree=(negative,)).check() != ()
    for changes in (
        {"cell": 1 - found.cell},
        {"samples": found.samples[::-1]},
        {"tau": found.tau + 1},
        {"bound": found.bound - 1},
        {"plans": (None, found.plans[1])},
        {"proof": None},
        {"problems": (problems[1], problems[0])},
    ):
        assert dataclasses.replace(found, **changes).check() != (), changes


def test_callbacks_limits_and_ctrl_c_leave_what_is_proved() -> None:
    problems = table(60, 3, idle="excused")
    true = mel.cells(problems, associate=True)
    told: list[tuple[int, int]] = []
    mel.cells(problems, associate=True, callback=lambda low, high, *_: told.append((low, high)))
    assert all(low <= true.bound and high >= true.tau for low, high in told)
    for limit_s in (0.0, 5e-3, 5e-2):
        found = mel.cells(problems, associate=True, time_limit_s=limit_s)
        assert found.tau <= true.bound
        assert found.bound >= true.tau
        assert found.check() == ()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(mel.Interrupted) as stop:
        mel.cells(problems, associate=True, callback=interrupt)
    assert isinstance(stop.value.found, mel.Association)


def test_the_answer_is_a_table_of_one_row_a_learner() -> None:
    found = mel.cells(table(8), associate=True)
    assert {len(column) for column in found.columns().values()} == {8}
    assert "cell 1" in str(found)
    assert found.learner_samples.sum() == found.samples.sum() == 60_000
    assert repr(found).startswith("Association(2 cells, tau=")


def test_wrong_arguments_are_named() -> None:
    first, second = table(3)
    for words, error, text in (
        ({"associate": 1}, TypeError, "associate is a int"),
        ({"associate": "free"}, TypeError, "associate is a str"),
    ):
        with pytest.raises(error, match=text):
            mel.cells([first, second], **words)
    with pytest.raises(ValueError, match=r"problems\[1\] has 4 learners"):
        mel.cells([first, table(4)[0]], associate=True)
    named = [
        problem.replace(learners=problem.learners.replace(names=names))
        for problem, names in ((first, ["a", "b", "c"]), (second, ["a", "x", "c"]))
    ]
    with pytest.raises(ValueError, match=r"names\[1\] = 'x'"):
        mel.cells(named, associate=True)


def test_cells_of_a_shared_way_back_with_own_power_limits_may_be_chosen_too() -> None:
    problems = []
    for problem in table(8, idle="excused"):
        learners = problem.learners.replace(max_power_w=0.2)
        learners = learners.replace(
            return_bandwidth_hz=None, return_power_w=None, send_bandwidth_hz=5e6, send_power_w=0.2
        )
        radio = problem.radio.replace(power_w=None, shared="return")
        problems.append(problem.replace(learners=learners, radio=radio))
    found = mel.cells(problems, associate=True)
    assert found.status == "optimal"
    assert found.check() == ()
    by_gain = np.argmax([p.learners.gain for p in problems], axis=0)
    assert found.tau >= mel.cells(members(tuple(problems), by_gain)).tau > 0


def test_a_served_cell_without_samples_must_still_reach_its_learners() -> None:
    near, far = (problem.with_budgets(cycle_s=30.0) for problem in table(4))
    slow = far.replace(learners=far.learners.replace(max_samples=0))
    found = mel.cells([near, slow], associate=True)
    assert found.check() == ()
    moved = dataclasses.replace(
        found,
        cell=np.array([0, 0, 0, 1]),
        problems=(near, slow.with_budgets(cycle_s=1e-3)),
        samples=np.array([60_000, 0]),
        plans=(mel.solve(members((near, slow), np.array([0, 0, 0, 1]))[0]), None),
        proof=None,
        status="feasible",
        tau=1,
    )
    assert "reached" in " ".join(moved.check())


def test_a_time_limit_is_kept_with_many_learners() -> None:
    problems = table(30_000, 2, idle="excused")
    found = in_time(5.0, lambda: mel.cells(problems, associate=True, time_limit_s=0.3))
    assert found.stopped


def test_a_bound_that_hardly_falls_does_not_make_the_search_go_step_by_step() -> None:
    """One fast learner and two samples: for thousands of tau the bound stays just above two."""
    task = mel.LearningTask(2, 24, 8, 10, 0, 16, 9.4e6, "parallelized")
    here = mel.Learners(
        flops_per_s=[3e8, 4.3e8, 6.6e7],
        gain=[0.45, 1.7, 4.0],
        return_bandwidth_hz=[2.2e5, 6.6e4, 4.2e4],
        return_power_w=[0.46, 1.3, 1.8],
    )
    there = mel.Learners(
        flops_per_s=[1.6e6, 1.2e6, 4.7e11],
        gain=[0.07, 240.0, 700.0],
        return_bandwidth_hz=[7.3e4, 6.1e5, 3.6e5],
        return_power_w=[0.08, 0.15, 0.06],
    )
    radio = mel.Radio(2.7e5, 3.9, noise_density_w_per_hz=6.8e-7)
    few = mel.Problem(task, here, radio, 0.43, "excused")
    task = mel.LearningTask(2, 43, 8, 1000, 0, 16, 1.1e6, "parallelized")
    many = mel.Problem(task, there, mel.Radio(6.9e5, 0.15, noise_power_w=0.036), 0.138)
    found = mel.cells([few, many], associate=True)
    assert (found.status, found.tau) == ("optimal", best_of_all([few, many]))
    assert found.tau > 10_000
    assert found.passes < 100_000  # five thousand questions, one tau after the other, before
    assert found.check() == ()
