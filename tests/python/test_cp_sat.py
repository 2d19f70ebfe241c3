"""The truth lies within the CP-SAT bracket."""

import signal
import sys
import threading

import numpy as np
import pytest

import mel_fast as mel
from exact import violations
from mel_fast.reference.instances import random_problem
from strategies import SCHEMES, VARIANTS, draw

pytest.importorskip("ortools")

from mel_fast.cp_sat import _grid, _models, _responses, _search, _watch

FORMULATIONS = ("tau_by_tau", "monolithic")
PATIENCE_S = 1000.0  # for what takes a second or two, so that no machine is too slow


def check_encloses(problem, scheme="joint", **options):
    bracket = mel.cp_sat.bracket(problem, scheme=scheme, **options)
    plan = mel.solve(problem, scheme=scheme)
    assert bracket.lower <= plan.bound
    assert plan.tau <= bracket.upper
    if bracket.lower > 0:
        assert bracket.lower_plan.tau == bracket.lower
        assert violations(bracket.lower_plan) == []
    else:
        assert bracket.lower_plan is None
    return bracket, plan


@pytest.mark.parametrize("seed", [1, 5, 7])
def test_the_bracket_closes_on_table1_with_five_learners(seed):
    problem = mel.scenarios.table1(learners=5, cycle_s=30.0, seed=seed)
    bracket, plan = check_encloses(problem, time_limit_s=PATIENCE_S)
    assert bracket.lower == bracket.upper == plan.tau
    assert bracket.closed
    assert {a.status for a in bracket.attempts} & {"optimal", "infeasible"}, "CP-SAT never asked"
    assert "agree" in bracket.message


def test_the_monolithic_model_closes_on_table1_with_five_learners():
    problem = mel.scenarios.table1(learners=5, cycle_s=30.0, seed=1)
    options = {"bandwidth_steps": 32, "power_steps": 32, "time_limit_s": PATIENCE_S}
    bracket, plan = check_encloses(problem, formulation="monolithic", **options)
    assert bracket.lower == bracket.upper == plan.tau


@pytest.mark.long
@pytest.mark.parametrize("seed", range(12))
def test_the_bracket_encloses_table1_with_five_learners(seed):
    check_encloses(mel.scenarios.table1(learners=5, cycle_s=30.0, seed=seed))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("law", "setting", "idle"), VARIANTS)
def test_the_bracket_encloses_the_proved_answer(law, setting, idle, scheme):
    problem = draw(0, 3, 40, law, setting, idle)
    formulation = FORMULATIONS[(SCHEMES.index(scheme) + (idle == "served")) % 2]
    steps = {"bandwidth_steps": 8, "power_steps": 8, "time_limit_s": 1.0}
    check_encloses(problem, scheme, formulation=formulation, **steps)


@pytest.mark.long
def test_the_bracket_encloses_the_proved_answer_on_many_draws():
    for seed in range(144):
        rng = np.random.default_rng(seed)
        problem = draw(
            seed, int(rng.integers(1, 7)), int(10 ** rng.uniform(0, 4)), *VARIANTS[seed % 8]
        )
        options = {"bandwidth_steps": 24, "power_steps": 24, "time_limit_s": 6.0}
        scheme, formulation = SCHEMES[seed // 8 % 3], FORMULATIONS[seed // 24 % 2]
        check_encloses(problem, scheme, formulation=formulation, **options)


def test_the_monolithic_model_gives_every_learner_its_equal_share():
    # A grid point may carry the smaller equal share at the first tau and not at the last.
    rng = np.random.default_rng(223)
    samples = (int(rng.integers(1, 7)), int(10 ** rng.uniform(0, 4)))
    problem = random_problem(rng, *samples, law="fixed", setting="federated", idle="served")
    options = {"bandwidth_steps": 24, "power_steps": 24, "time_limit_s": PATIENCE_S}
    bracket, _ = check_encloses(problem, "resource_only", formulation="monolithic", **options)
    assert any(a.side == "inner" and a.status == "optimal" for a in bracket.attempts)


def test_the_lower_plan_passes_the_checker():
    pytest.importorskip("flint")
    for scheme in SCHEMES:
        problem = draw(4, 3, 50)
        plan = mel.cp_sat.bracket(
            problem, scheme=scheme, bandwidth_steps=16, power_steps=16
        ).lower_plan
        assert plan is not None
        verdict = mel.verify(problem, plan)
        assert verdict.ok, verdict.reasons


def test_an_impossible_problem_has_upper_zero():
    problem = mel.scenarios.table1(learners=5, cycle_s=0.01, seed=0)
    bracket, _ = check_encloses(problem)
    assert (bracket.lower, bracket.upper, bracket.lower_plan) == (0, 0, None)


def test_without_time_the_bracket_is_wide_and_right():
    problem = mel.scenarios.table1(learners=5, cycle_s=30.0, seed=5)
    bracket, _ = check_encloses(problem, time_limit_s=0.0)
    assert bracket.lower < bracket.upper
    assert "unknown" in {a.status for a in bracket.attempts}
    assert "time ran out" in bracket.message


def test_the_outer_plan_is_returned_when_the_grid_is_too_coarse():
    problem = mel.scenarios.table1(learners=5, cycle_s=30.0, seed=4)
    bracket, _ = check_encloses(problem, bandwidth_steps=4, power_steps=4)
    assert bracket.lower < bracket.upper
    assert bracket.outer_plan.tau == bracket.upper
    assert bracket.outer_plan.samples.sum() == problem.task.samples
    assert bracket.outer_plan.bandwidth_hz.sum() <= problem.radio.bandwidth_hz
    assert "too coarse" in bracket.message


def test_a_model_that_found_nothing_in_time_excludes_nothing():
    # CP-SAT's objective bound is 0 then, as if even tau = 1 were impossible.
    problem = draw(0, 3, 40, "fixed", "parallelized", "served")
    responses, taus = _responses.Responses(problem, "joint"), [1, 2, 3]
    box = _grid.tightest_box(responses, 1)
    records = _grid.choices(responses, box, taus, _grid.Grid((30, 30)), "outer")
    answer = _models.solve_all_taus(
        records, responses.units, taus, problem.task.samples, responses.least, limit_s=0.0
    )
    assert (answer.status, answer.tau_bound) == ("unknown", None)


def test_the_same_question_gets_the_same_answer():
    problem = mel.scenarios.table1(learners=4, cycle_s=30.0, seed=5)
    first, second = (
        mel.cp_sat.bracket(problem, bandwidth_steps=12, power_steps=12) for _ in range(2)
    )
    assert np.array_equal(first.lower_plan.bandwidth_hz, second.lower_plan.bandwidth_hz)
    assert [a.carried for a in first.attempts] == [a.carried for a in second.attempts]


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"bandwidth_steps": 0}, ValueError, "bandwidth_steps = 0"),
        ({"power_steps": 5000}, ValueError, "power_steps = 5000"),
        ({"bandwidth_steps": 2.5}, ValueError, "bandwidth_steps = 2.5"),
        ({"power_steps": True}, TypeError, "power_steps = True"),
        ({"time_limit_s": -1.0}, ValueError, "time_limit_s = -1.0"),
        ({"time_limit_s": float("nan")}, ValueError, "time_limit_s = nan"),
        ({"formulation": "monolith"}, ValueError, "did you mean 'monolithic'"),
        ({"scheme": "both"}, ValueError, "scheme = 'both'"),
    ],
)
def test_bad_arguments_are_named(options, error, text, problem):
    with pytest.raises(error, match=text):
        mel.cp_sat.bracket(problem, **options)


def test_something_else_than_a_problem_is_refused():
    with pytest.raises(TypeError, match="problem is a dict"):
        mel.cp_sat.bracket({})


def test_a_model_that_would_not_fit_is_refused(problem):
    with pytest.raises(ValueError, match="take fewer bandwidth_steps"):
        mel.cp_sat.bracket(problem.replace(cycle_s=31.0), bandwidth_steps=4096, power_steps=4096)


def test_sums_that_would_overflow_are_refused(problem):
    many = mel.Learners(1e9, 1e-10, 5e6, 0.2, count=2**10)
    task = problem.task.replace(samples=2**53)
    with pytest.raises(OverflowError, match=r"at most 2\*\*62"):
        mel.cp_sat.bracket(problem.replace(learners=many, task=task))


def test_without_ortools_the_error_names_the_extra(monkeypatch, problem):
    monkeypatch.setitem(sys.modules, "ortools.sat.python", None)
    monkeypatch.delitem(sys.modules, "ortools.sat.python.cp_model", raising=False)
    with pytest.raises(ImportError, match=r"mel_fast\[cpsat\]"):
        mel.cp_sat.bracket(problem)


def test_a_plan_that_the_outer_model_excludes_is_an_error(problem):
    search = _search.Search(_responses.Responses(problem, "joint"), (4, 4), _watch.unlimited())
    search.bracket_without_search()
    search.upper = search.lower - 1
    with pytest.raises(RuntimeError, match="the outer model excludes"):
        search.result()


def test_a_wrong_solution_of_cp_sat_is_not_believed(problem):
    search = _search.Search(_responses.Responses(problem, "joint"), (4, 4), _watch.unlimited())
    units = np.full((3, 6), _responses.UNITS, dtype=np.int64)
    with pytest.raises(RuntimeError, match="exceeds a budget"):
        search._keep_inner(3, units)


def test_cp_sat_runs_without_presolve_gaps_or_more_than_one_worker(monkeypatch, problem):
    cp_model = _models.import_cp_model()
    seen = []
    solve = cp_model.CpSolver.solve

    def spy(self, model):
        seen.append(self.parameters)
        return solve(self, model)

    monkeypatch.setattr(cp_model.CpSolver, "solve", spy)
    mel.cp_sat.bracket(mel.scenarios.table1(learners=5, cycle_s=30.0, seed=5))
    assert seen
    for parameters in seen:
        assert (parameters.num_workers, parameters.cp_model_presolve) == (1, False)
        assert (parameters.relative_gap_limit, parameters.absolute_gap_limit) == (0.0, 0.0)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs POSIX signals")
def test_ctrl_c_stops_cp_sat(monkeypatch):
    solver_class = _models.import_cp_model().CpSolver
    solve, stop = solver_class.solve, solver_class.stop_search
    stopped = []

    def interrupted_solve(self, model):
        # The first line of the log comes from within the search: no clock is needed.
        self.parameters.log_search_progress = True
        self.parameters.log_to_stdout = False
        self.log_callback = lambda _: (
            sent or sent.append(signal.pthread_kill(threading.main_thread().ident, signal.SIGINT))
        )
        sent = []
        return solve(self, model)

    monkeypatch.setattr(solver_class, "solve", interrupted_solve)
    monkeypatch.setattr(solver_class, "stop_search", lambda self: stopped.append(stop(self)))
    problem = mel.scenarios.table1(learners=5, cycle_s=30.0, seed=2)
    with pytest.raises(KeyboardInterrupt):
        mel.cp_sat.bracket(problem, bandwidth_steps=200, power_steps=200, time_limit_s=1e6)
    assert stopped
