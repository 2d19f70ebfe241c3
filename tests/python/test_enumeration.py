"""The solver against the enumeration of every integer split, in all eight variants."""

import pytest
from hypothesis import strategies as st

import mel_fast as mel
from exact import violations
from mel_fast import reference
from strategies import SCHEMES, VARIANTS, Case, cases, holds_for_all

TIE = 1e-9  # nearer to one the reference's double precision does not decide


def assert_is_the_enumerated_optimum(case: Case, scheme: str) -> None:
    problem = case.problem()
    best = reference.enumerate_optimum(problem, scheme)
    plan = mel.solve(problem, scheme=scheme)
    assert plan.status == ("optimal" if plan.tau else "infeasible")
    if best.tau and best.scale > 1 - TIE:
        assert plan.tau in (best.tau - 1, best.tau)
    elif best.scale_next < 1 + TIE:
        assert plan.tau in (best.tau, best.tau + 1)
    else:
        assert plan.tau == best.tau
    if plan.tau:
        assert violations(plan) == []


@pytest.mark.no_cover
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("law", "setting", "idle"), VARIANTS)
def test_tiny_instances(law: str, setting: str, idle: str, scheme: str) -> None:
    for seed in range(6):
        case = Case(seed, 1 + seed % 4, 1 + 3 * seed, law, setting, idle, [None, 2][seed % 2])
        assert_is_the_enumerated_optimum(case, scheme)


@pytest.mark.no_cover
@holds_for_all(
    st.tuples(cases(learners=8, samples=40), st.sampled_from(SCHEMES)), ci=18, long=1_000
)
def test_small_instances(drawn: tuple[Case, str]) -> None:
    assert_is_the_enumerated_optimum(*drawn)


@pytest.mark.no_cover
@holds_for_all(st.tuples(cases(learners=3, samples=400), st.sampled_from(SCHEMES)), ci=8, long=300)
def test_few_learners_with_many_samples(drawn: tuple[Case, str]) -> None:
    assert_is_the_enumerated_optimum(*drawn)


@pytest.mark.parametrize(("learners", "cycle_s"), [(3, 10.0), (5, 30.0), (10, 30.0)])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_paper_scenario_agrees_with_the_slow_solver(
    learners: int, cycle_s: float, scheme: str
) -> None:
    problem = mel.scenarios.table1(learners=learners, cycle_s=cycle_s, seed=1)
    # The reference tabulates every number of samples: a hundredth of them, each as large, will do.
    task = problem.task
    problem = problem.replace(
        task=task.replace(
            samples=600, features=task.features * 100, flops_per_sample=task.flops_per_sample * 100
        )
    )
    bracket = reference.solve(problem, scheme)
    plan = mel.solve(problem, scheme=scheme)
    assert bracket.lower <= plan.tau <= bracket.upper
