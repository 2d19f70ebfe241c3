"""Problems, learners and plans are values: equal, hashable, true or not, and they travel."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

import mel_fast as mel


def test_plans_of_one_problem_are_equal_however_long_they_took():
    problem = mel.scenarios.table1()
    one, two = mel.solve(problem), mel.solve(problem)
    assert one == two
    assert hash(one) == hash(two)
    assert one != mel.solve(problem, scheme="task_only")
    assert mel.Plan.from_dict(one.to_dict()) == one


def test_problems_and_their_parts_are_equal_and_hashable_by_value():
    one, two = mel.scenarios.table1(), mel.scenarios.table1()
    for name in ("task", "learners", "radio"):
        assert getattr(one, name) == getattr(two, name)
        assert hash(getattr(one, name)) == hash(getattr(two, name))
    assert {one: "known"}[two] == "known"
    assert len({one, two, mel.scenarios.table1(seed=1), one.replace(cycle_s=31.0)}) == 3


def test_a_plan_is_true_when_there_is_one():
    assert mel.solve(mel.scenarios.table1())
    assert not mel.solve(mel.scenarios.table1(cycle_s=1.0))
    assert not mel.solve(mel.scenarios.table1(), time_limit_s=0.0)


def saving(problem: mel.Problem) -> mel.Problem:
    """Let the learners return over the shared link, at speeds that the plan chooses."""
    learners = mel.Learners(
        problem.learners.flops_per_s,
        problem.learners.gain,
        send_bandwidth_hz=5e6,
        send_power_w=0.2,
        max_power_w=0.2,
        energy_coefficient=1e-28,
    )
    radio = mel.Radio(problem.radio.bandwidth_hz, noise_density_w_per_hz=4e-21, shared="return")
    return problem.replace(learners=learners, radio=radio)


@pytest.mark.parametrize(
    "find",
    [
        lambda problem: mel.least(problem, 2, "power_w"),
        lambda problem: mel.frontier(problem, stop=30.0),
        lambda problem: mel.most(problem, 2),
        lambda problem: mel.most(problem, samples=np.full(6, 10_000)),
        lambda problem: mel.cells([problem, problem]),
        lambda problem: mel.cells([problem, problem], associate=True),
        lambda problem: mel.campaign(problem, rounds=lambda tau: 100 + 100 / tau),
        lambda problem: mel.explain(mel.solve(problem)),
        lambda problem: mel.simulate(mel.solve(problem), failures=0.1),
        lambda problem: mel.least(saving(problem), 1, "energy_j"),
        lambda problem: mel.frontier(saving(problem), "energy_j"),
        lambda problem: mel.trade(saving(problem), 1),
        lambda problem: mel.within(saving(problem), 100.0),
        lambda problem: mel.solve_many([problem, problem.replace(cycle_s=1.0)]),
        lambda problem: mel.solve_many(mel.Batch.vary(problem, cycle_s=[1.0, 30.0])),
        lambda problem: mel.sweep(problem, {"cycle_s": [1.0, 30.0]}),
        lambda problem: mel.Batch.vary(problem, cycle_s=[1.0, 30.0]),
        lambda problem: mel.scenarios.table1_draws(3),
    ],
)
def test_results_are_equal_however_long_they_took(find):
    problem = mel.scenarios.table1(6, seed=1)
    one, two = find(problem), find(problem)
    assert one == two == pickle.loads(pickle.dumps(one))
    assert hash(one) == hash(two)
    assert one != problem
    if not isinstance(one, mel.scenarios.Table1Draws):
        assert one != find(problem.with_budgets(bandwidth_hz=5e7))


def test_a_result_is_true_when_it_has_a_plan():
    problem = mel.scenarios.table1(6, seed=1)
    short = problem.replace(cycle_s=0.01)
    assert mel.least(problem, 2, "power_w")
    assert not mel.least(short, 2, "power_w")
    assert not mel.most(short, 2)
    assert not mel.cells([short, short])
    assert not mel.cells([short, short], associate=True)
    assert not mel.most(short, samples=np.full(6, 10_000))
    assert not mel.campaign(problem.replace(cycle_s=1.0), rounds={10**6: 1.0}, time_limit_s=0.0)


def test_a_function_of_main_that_uses_the_package_travels():
    cloudpickle = pytest.importorskip("cloudpickle")
    code = (
        "import pickle, subprocess, sys, cloudpickle, mel_fast as mel\n"
        "sent = cloudpickle.dumps(lambda seed: mel.solve(mel.scenarios.table1(seed=seed)).tau)\n"
        "print(sent.hex())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    function = cloudpickle.loads(bytes.fromhex(done.stdout))
    assert function(0) == mel.solve(mel.scenarios.table1(seed=0)).tau


def test_the_package_itself_is_pickled_by_its_name():
    cloudpickle = pytest.importorskip("cloudpickle")
    assert cloudpickle.loads(cloudpickle.dumps(mel)) is mel


def test_a_scenario_is_loaded_from_a_path_or_its_name(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "mel_fast", "solve", "--print-scenario"],
        capture_output=True,
        text=True,
        check=True,
    )
    path = tmp_path / "mine.toml"
    path.write_text(done.stdout, encoding="utf-8")
    assert mel.load_scenario(str(path)) == mel.load_scenario(path) == mel.scenarios.table1()


def test_what_is_shown_in_a_notebook_is_short_and_what_is_printed_is_read():
    problem = mel.scenarios.table1()
    plan = mel.solve(problem)
    shown = (
        mel.frontier(problem, "cycle_s"),
        mel.least(problem, 9, "cycle_s"),
        mel.explain(plan),
        mel.simulate(plan, failures=0.1),
        mel.scenarios.table1_draws(50),
        mel.solve_many([problem]),
        problem.learners,
        plan,
    )
    for value in shown:
        assert len(repr(value)) < 300
        assert "\n" not in repr(value)
    assert "tau = 9 needs" in str(shown[1])
    assert "breakpoint" in str(shown[0]) or "tau" in str(shown[0])


def test_times_allocations_and_batteries_are_values_too() -> None:
    one, other = (mel.solve(mel.scenarios.table1(4, seed=1)) for _ in range(2))
    batteries = [
        mel.orchestrate.Batteries({"roof": 9.0}, capacity_j={"roof": 8.0}, harvest_w=0.1)
        for _ in range(2)
    ]
    for value, same in ((one.times, other.times), (one.allocation, other.allocation), batteries):
        for again in (same, copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
            assert value == again
            assert (value != again) is False
            assert hash(value) == hash(again)
    assert one.times != mel.solve(mel.scenarios.table1(4, seed=2)).times


@pytest.mark.parametrize(
    ("find", "column"),
    [
        (lambda p: mel.most(p, samples=mel.solve(p).samples), "samples"),
        (lambda p: mel.cells([p, p]), "samples"),
        (lambda p: mel.solve(p).allocation, "bandwidth_hz"),
        (lambda p: mel.solve_many([p, p]), "samples"),
    ],
)
def test_copies_of_what_may_not_be_written_to_may_not_either(find, column: str) -> None:
    found = find(mel.scenarios.table1(4, seed=1))
    for again in (found, copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert again == found
        assert not getattr(again, column).flags.writeable
