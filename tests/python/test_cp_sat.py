"""The CP-SAT bracket encloses the truth, and each of its roundings errs to the stated side."""

import signal
import sys
import threading
from fractions import Fraction
from itertools import product

import mpmath
import numpy as np
import pytest

import mel_fast as mel
from exact import violations
from mel_fast.reference.instances import random_problem

pytest.importorskip("ortools")

from mel_fast.cp_sat import _grid, _models, _responses, _search

VARIANTS = list(product(("density", "fixed"), ("parallelized", "federated"), ("served", "excused")))
SCHEMES = ("joint", "task_only", "resource_only")
FORMULATIONS = ("tau_by_tau", "monolithic")
PATIENCE_S = 1000.0  # for what takes a second or two, so that no machine is too slow


def draw(seed, learners, samples, law="density", setting="parallelized", idle="served"):
    rng = np.random.default_rng(seed)
    return random_problem(rng, learners, samples, law=law, setting=setting, idle=idle)


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


@pytest.mark.parametrize("formulation", FORMULATIONS)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("law", "setting", "idle"), VARIANTS)
def test_the_bracket_encloses_the_proved_answer(law, setting, idle, scheme, formulation):
    problem = draw(0, 3, 40, law, setting, idle)
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


def exactly_carried(problem, tau, k, bandwidth, power):
    """Solve (alpha d + beta) / r + tau d C / f + (a d + beta) / R <= T for d, in 60 digits."""
    task, learners, radio = problem.task, problem.learners, problem.radio
    with mpmath.workdps(60):

        def rate(b, p):
            if b == 0 or p == 0:
                return mpmath.mpf(0)
            noise = mpmath.mpf(radio.noise) * (b if problem.law == "density" else 1)
            return b * mpmath.log1p(p * mpmath.mpf(float(learners.gain[k])) / noise) / mpmath.ln2

        forward = rate(mpmath.mpf(float(bandwidth)), mpmath.mpf(float(power)))
        back = rate(
            mpmath.mpf(float(learners.return_bandwidth_hz[k])),
            mpmath.mpf(float(learners.return_power_w[k])),
        )

        def seconds(bits, over):
            return mpmath.mpf(0) if bits == 0 else mpmath.inf if over == 0 else bits / over

        left = mpmath.mpf(problem.cycle_s) - seconds(task.model_bits, forward)
        left -= seconds(task.model_bits, back)
        if left < 0:
            return -1
        each = seconds(task.alpha_bits, forward) + seconds(task.model_bits_per_sample, back)
        each += tau * mpmath.mpf(task.flops_per_sample) / mpmath.mpf(float(learners.flops_per_s[k]))
        return min(task.samples, int(mpmath.floor(left / each)))


@pytest.mark.parametrize("seed", range(6))
def test_what_a_grid_point_carries_is_rounded_to_the_stated_side(seed):
    rng = np.random.default_rng(seed)
    law, setting, idle = VARIANTS[seed]
    problem = draw(seed, 5, 100_000, law, setting, idle)
    r = _responses.Responses(problem, "joint")
    units = np.sort(rng.integers(0, _responses.UNITS + 1, size=(5, 12)), axis=1)
    units[:, 0], units[:, 1], units[:, -1] = 0, 1, _responses.UNITS
    for tau in (1, 7):
        inner = r.carried(tau, r.bandwidth(units, "inner"), r.power(units, "inner"), "inner")
        outer = r.carried(tau, r.bandwidth(units, "outer"), r.power(units, "outer"), "outer")
        exact = np.array(
            [
                [
                    exactly_carried(
                        problem,
                        tau,
                        k,
                        mpmath.mpf(int(u)) * problem.radio.bandwidth_hz / _responses.UNITS,
                        mpmath.mpf(int(u)) * problem.radio.power_w / _responses.UNITS,
                    )
                    for u in units[k]
                ]
                for k in range(5)
            ]
        )
        assert (inner <= exact).all()
        assert (exact <= outer).all()
        assert (outer - inner <= 1).all(), "the margins should cost at most a sample"


def test_an_exact_tie_is_rounded_to_the_stated_side():
    # Nothing to send and one second a sample: three fit in T = 3 s, two in the next float below.
    task = mel.LearningTask(5, 0, 1, 0, 0, 1, flops_per_sample=1.0, setting="federated")
    learners = mel.Learners(1.0, 1.0, 1.0, 1.0, count=1)
    radio = mel.Radio(1.0, 1.0, noise_density_w_per_hz=1.0)
    everything = np.array([1.0])
    for cycle_s, fit in ((3.0, 3), (np.nextafter(3.0, 0.0), 2)):
        r = _responses.Responses(mel.Problem(task, learners, radio, float(cycle_s)), "joint")
        assert r.carried(1, everything, everything, "inner")[0] == 2
        assert fit <= r.carried(1, everything, everything, "outer")[0] == 3


@pytest.mark.parametrize(("law", "setting", "idle"), VARIANTS)
def test_the_lower_ends_of_a_box_fall_short(law, setting, idle):
    moved = 0
    for seed in range(12):
        r = _responses.Responses(draw(seed, 4, 200, law, setting, idle), "joint")
        box = _grid.tightest_box(r, 1)
        if box is None:
            continue
        target = np.maximum(box.needed, 0 if r.served else 1)
        most_b, most_p = r.bandwidth(box.bandwidth[1], "outer"), r.power(box.power[1], "outer")
        with_low_b = r.carried(1, r.bandwidth(box.bandwidth[0], "outer"), most_p, "outer")
        with_low_p = r.carried(1, most_b, r.power(box.power[0], "outer"), "outer")
        for low, carried in ((box.bandwidth[0], with_low_b), (box.power[0], with_low_p)):
            raised = box.active & (low > 0)
            assert (carried < target)[raised].all()
            moved += int(raised.sum())
    assert moved > 0


def test_a_float_share_errs_to_the_stated_side():
    problem = draw(1, 2, 10)
    r = _responses.Responses(problem, "joint")
    units = np.random.default_rng(0).integers(1, _responses.UNITS, size=(2, 500))
    for k in range(2):
        for u in units[k, ::10]:
            real = mpmath.mpf(int(u)) * problem.radio.bandwidth_hz / _responses.UNITS
            assert r.bandwidth(np.array([u]), "inner")[0] <= real
            assert r.bandwidth(np.array([u]), "outer")[0] >= real


@pytest.mark.parametrize(("law", "setting", "idle"), VARIANTS)
def test_the_box_and_the_outer_cells_hold_the_proved_plan(law, setting, idle):
    for seed in range(12):
        problem = draw(seed, 4, 200, law, setting, idle)
        plan = mel.solve(problem)
        if plan.tau == 0:
            continue
        r = _responses.Responses(problem, "joint")
        box = _grid.tightest_box(r, plan.tau)
        assert box is not None
        records = _grid.choices(r, box, [plan.tau], _grid.Grid((9, 7)), "outer")
        for k, record in enumerate(records):
            b = plan.bandwidth_hz[k] / problem.radio.bandwidth_hz * _responses.UNITS
            p = plan.power_w[k] / problem.radio.power_w * _responses.UNITS
            samples = plan.samples[k]
            assert samples >= box.needed[k]
            if idle == "excused" and samples == 0:
                assert record.may_be_off
                continue
            # Some cell is no dearer than the plan's share and carries at least its samples.
            fits = (record.bandwidth <= b) & (record.power <= p)
            assert record.carried[0, fits].max(initial=-1) >= samples


def test_levels_are_sorted_span_the_box_and_crowd_around_the_centre():
    low, high = np.array([0, 5, 1000]), np.array([_responses.UNITS, 5, 50_000_000])
    centre = np.array([1_000_000, 5, 40_000])
    plain = _grid._levels(low, high, 40, None, 0.3)
    around = _grid._levels(low, high, 40, centre, 0.1)
    for levels in (plain, around):
        assert (np.diff(levels, axis=1) >= 0).all()
        assert (levels[:, 0] == low).all()
        assert (levels[:, -1] == high).all()
    near = [((levels > 20_000) & (levels < 80_000))[2].sum() for levels in (plain, around)]
    assert near[1] > 2 * near[0]


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
    search = _search.Search(_responses.Responses(problem, "joint"), (4, 4), 1.0)
    search.enclose_without_search()
    search.upper = search.lower - 1
    with pytest.raises(RuntimeError, match="the outer model excludes"):
        search.result()


def test_a_wrong_solution_of_cp_sat_is_not_believed(problem):
    search = _search.Search(_responses.Responses(problem, "joint"), (4, 4), 1.0)
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
    assert len(stopped) == 1


@pytest.mark.parametrize("law", ["density", "fixed"])
def test_a_rate_is_rounded_to_the_stated_side(law):
    problem = draw(3, 4, 100, law)
    r = _grid.Responses(problem, "joint")
    bandwidth = np.geomspace(1e-3, 1.0, 40) * np.full((4, 1), problem.radio.bandwidth_hz)
    power = np.geomspace(1.0, 1e-6, 40) * np.full((4, 1), problem.radio.power_w)
    inner, outer = (r._rate(bandwidth, power, side) for side in ("inner", "outer"))
    for k in range(4):
        gain = mpmath.mpf(float(problem.learners.gain[k]))
        for b, p, below, above in zip(bandwidth[k], power[k], inner[k], outer[k], strict=True):
            with mpmath.workdps(40):
                noise = mpmath.mpf(problem.radio.noise) * (float(b) if law == "density" else 1)
                exact = float(b) * mpmath.log1p(float(p) * gain / noise) / mpmath.ln2
                assert float(below) < exact < float(above)
            assert above - below < 1e-12 * above


def test_equal_shares_err_to_the_stated_side():
    for learners in range(1, 40):
        problem = draw(learners, learners, 100)
        r = _grid.Responses(problem, "task_only")
        for side, budget in ((0, problem.radio.bandwidth_hz), (1, problem.radio.power_w)):
            inner, outer = (_grid.equal_shares(r, which)[side][0] for which in ("inner", "outer"))
            assert Fraction(inner) * learners <= Fraction(budget) <= Fraction(outer) * learners
