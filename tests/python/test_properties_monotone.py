"""Tau never falls when the problem becomes easier."""

import numpy as np
from hypothesis import strategies as st

import mel_fast as mel
from mel_fast import Problem
from strategies import SCHEMES, Case, cases, holds_for_all

schemes = st.sampled_from(SCHEMES)
factors = st.sampled_from([1.0 + 2.0**-40, 1.001, 1.5, 10.0])


def tau_of(problem: Problem, scheme: str = "joint") -> int:
    plan = mel.solve(problem, scheme=scheme)
    assert plan.status in ("optimal", "infeasible")
    return plan.tau


def with_radio(problem: Problem, *, bandwidth: float = 1.0, power: float = 1.0) -> Problem:
    radio = problem.radio
    return problem.replace(
        radio=radio.replace(
            bandwidth_hz=radio.bandwidth_hz * bandwidth, power_w=radio.power_w * power
        )
    )


def with_learner_column(problem: Problem, name: str, k: int, factor: float) -> Problem:
    column = np.array(getattr(problem.learners, name))
    column[k] *= factor
    return problem.replace(learners=problem.learners.replace(**{name: column}))


@holds_for_all(st.tuples(cases(learners=60), schemes, factors), ci=60, long=3_000)
def test_longer_cycle_never_hurts(drawn: tuple[Case, str, float]) -> None:
    case, scheme, factor = drawn
    problem = case.problem()
    easier = problem.replace(cycle_s=problem.cycle_s * factor)
    assert tau_of(easier, scheme) >= tau_of(problem, scheme)


@holds_for_all(st.tuples(cases(learners=60), schemes, factors), ci=60, long=3_000)
def test_more_bandwidth_never_hurts(drawn: tuple[Case, str, float]) -> None:
    case, scheme, factor = drawn
    problem = case.problem()
    assert tau_of(with_radio(problem, bandwidth=factor), scheme) >= tau_of(problem, scheme)


@holds_for_all(st.tuples(cases(learners=60), schemes, factors), ci=60, long=3_000)
def test_more_power_never_hurts(drawn: tuple[Case, str, float]) -> None:
    case, scheme, factor = drawn
    problem = case.problem()
    assert tau_of(with_radio(problem, power=factor), scheme) >= tau_of(problem, scheme)


@holds_for_all(st.tuples(cases(learners=60), schemes, factors), ci=60, long=3_000)
def test_faster_or_nearer_learner_never_hurts(drawn: tuple[Case, str, float]) -> None:
    case, scheme, factor = drawn
    problem = case.problem()
    k = int(case.rng().integers(case.learners))
    before = tau_of(problem, scheme)
    for name in problem.learners.columns():
        assert tau_of(with_learner_column(problem, name, k, factor), scheme) >= before, name


@holds_for_all(st.tuples(cases(learners=60), schemes), ci=60, long=3_000)
def test_fewer_samples_never_hurt(drawn: tuple[Case, str]) -> None:
    case, scheme = drawn
    problem = case.problem()
    fewer = max(1, case.samples - int(case.rng().integers(1, 5)))
    easier = problem.replace(task=problem.task.replace(samples=fewer))
    assert tau_of(easier, scheme) >= tau_of(problem, scheme)


@holds_for_all(cases(learners=60), ci=60, long=3_000)
def test_one_more_excused_learner_never_hurts(case: Case) -> None:
    problem = case._replace(idle="excused").problem()
    stranger = case._replace(idle="excused", seed=case.seed + 1).problem()
    columns = {
        name: np.append(column, getattr(stranger.learners, name)[0])
        for name, column in problem.learners.columns().items()
    }
    larger = problem.replace(learners=mel.Learners(**columns))
    assert tau_of(larger) >= tau_of(problem)


@holds_for_all(cases(), ci=80, long=5_000)
def test_joint_is_at_least_as_good_as_both_baselines(case: Case) -> None:
    problem = case.problem()
    joint = tau_of(problem)
    assert joint >= tau_of(problem, "task_only")
    assert joint >= tau_of(problem, "resource_only")


@holds_for_all(st.tuples(cases(), schemes), ci=60, long=3_000)
def test_federated_is_at_least_as_good_as_parallelized(drawn: tuple[Case, str]) -> None:
    case, scheme = drawn
    sending = case._replace(setting="parallelized").problem()
    local = sending.replace(task=sending.task.replace(setting="federated"))
    assert tau_of(local, scheme) >= tau_of(sending, scheme)


@holds_for_all(st.tuples(cases(), schemes), ci=60, long=3_000)
def test_excusing_idle_learners_never_hurts(drawn: tuple[Case, str]) -> None:
    case, scheme = drawn
    served = case._replace(idle="served").problem()
    assert tau_of(served.replace(idle="excused"), scheme) >= tau_of(served, scheme)
