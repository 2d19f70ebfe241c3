"""What every answer must satisfy: it is feasible, it is proved, and the slow solver agrees."""

import pytest
from hypothesis import strategies as st

import mel_fast as mel
from exact import violations
from mel_fast import reference
from strategies import SCHEMES, Case, cases, holds_for_all

pytest.importorskip("flint")

DECIDED = ("optimal", "infeasible")
schemes = st.sampled_from(SCHEMES)


@pytest.mark.no_cover
@holds_for_all(st.tuples(cases(), schemes), ci=150, long=10_000)
def test_answer_is_decided_and_feasible_in_exact_arithmetic(drawn: tuple[Case, str]) -> None:
    case, scheme = drawn
    plan = mel.solve(case.problem(), scheme=scheme)
    assert plan.status in DECIDED, plan.reasons
    if plan.status == "optimal":
        assert plan.tau == plan.bound >= 1
        assert violations(plan) == []
    else:
        assert plan.tau == plan.bound == 0
        assert plan.samples is plan.bandwidth_hz is plan.power_w is None
        assert plan.reasons


@pytest.mark.no_cover
@holds_for_all(st.tuples(cases(), schemes), ci=150, long=10_000)
def test_certificate_proves_that_one_more_local_cycle_is_impossible(
    drawn: tuple[Case, str],
) -> None:
    case, scheme = drawn
    problem = case.problem()
    verdict = mel.verify(problem, mel.solve(problem, scheme=scheme))
    assert verdict.ok, verdict.reasons


@pytest.mark.no_cover
@holds_for_all(st.tuples(cases(table=5_000), schemes), ci=30, long=400)
def test_core_agrees_with_the_reference(drawn: tuple[Case, str]) -> None:
    case, scheme = drawn
    problem = case.problem()
    bracket = reference.solve(problem, scheme)
    plan = mel.solve(problem, scheme=scheme)
    assert bracket.lower <= plan.tau <= plan.bound <= bracket.upper


@holds_for_all(st.tuples(cases(learners=30), schemes), ci=40, long=2_000)
def test_evaluate_agrees_with_the_reference(drawn: tuple[Case, str]) -> None:
    case, scheme = drawn
    problem = case.problem()
    plan = mel.solve(problem, scheme=scheme)
    if plan.tau == 0:
        return
    ours = mel.evaluate(problem, plan.tau, plan.samples, plan.bandwidth_hz, plan.power_w)
    theirs = reference.evaluate(problem, plan.tau, plan.samples, plan.bandwidth_hz, plan.power_w)
    active = (plan.samples > 0) | (problem.idle == "served")
    for mine, other in zip(ours, theirs, strict=True):
        assert mine[active] == pytest.approx(other[active], rel=1e-12)
    assert (ours.total_s <= problem.cycle_s * (1 + 1e-12)).all()


@holds_for_all(st.tuples(cases(learners=50), schemes), ci=60, long=3_000)
def test_plan_survives_its_file(drawn: tuple[Case, str]) -> None:
    case, scheme = drawn
    problem = case.problem()
    plan = mel.solve(problem, scheme=scheme)
    again = mel.Plan.from_dict(plan.to_dict())
    assert again == plan
    assert again.problem == problem
    assert mel.Problem.from_dict(problem.to_dict()) == problem
    assert mel.verify(problem, again).ok


@holds_for_all(st.tuples(cases(), schemes), ci=40, long=2_000)
def test_threads_do_not_change_the_answer(drawn: tuple[Case, str]) -> None:
    case, scheme = drawn
    problem = case.problem()
    one = mel.solve(problem, scheme=scheme).to_dict()
    two = mel.solve(problem, scheme=scheme, threads=2).to_dict()
    one.pop("elapsed_s"), two.pop("elapsed_s")
    assert one == two
