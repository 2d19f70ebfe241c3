"""CP-SAT, a witness of another kind: what it brackets is what the solver proves."""

import pytest

import mel_fast as mel
from exact import violations
from strategies import Case, cases, holds_for_all

pytest.importorskip("ortools")


@holds_for_all(cases(learners=4, samples=12), ci=12, long=500)
def test_cp_sat_encloses_the_answer(case: Case) -> None:
    problem = case.problem()
    bracket = mel.cp_sat.bracket(problem, bandwidth_steps=24, power_steps=24, time_limit_s=5.0)
    plan = mel.solve(problem)
    assert bracket.lower <= plan.tau <= plan.bound <= bracket.upper
    if bracket.lower_plan is not None:
        assert violations(bracket.lower_plan) == []
