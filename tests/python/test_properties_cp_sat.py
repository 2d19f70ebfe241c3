"""CP-SAT, a witness of another kind: what it brackets is what the solver proves."""

import pytest
from hypothesis import strategies as st

import mel_fast as mel
from exact import violations
from limited import LIMITS, LimitedCase
from strategies import Case, cases, holds_for_all

pytest.importorskip("ortools")


LIMITED = st.builds(
    LimitedCase,
    cases(learners=4, samples=12),
    st.lists(st.sampled_from(LIMITS), unique=True).map(tuple),
    st.none() | st.integers(1, 8),
)


def check_bracketed(problem: mel.Problem) -> None:
    bracket = mel.cp_sat.bracket(problem, bandwidth_steps=24, power_steps=24, time_limit_s=5.0)
    plan = mel.solve(problem)
    assert bracket.lower <= plan.tau <= plan.bound <= bracket.upper
    if bracket.lower_plan is not None:
        assert violations(bracket.lower_plan) == []


@holds_for_all(cases(learners=4, samples=12), ci=12, long=100)
def test_cp_sat_encloses_the_answer(case: Case) -> None:
    check_bracketed(case.problem())


@holds_for_all(LIMITED, ci=12, long=100)
def test_cp_sat_encloses_the_answer_within_limits_and_in_blocks(case: LimitedCase) -> None:
    check_bracketed(case.problem())
