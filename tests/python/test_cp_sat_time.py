"""The limit of a CP-SAT bracket covers all of its work, the building of models included."""

import time
import tracemalloc

import pytest

import mel_fast as mel

pytest.importorskip("ortools")

from mel_fast.cp_sat._responses import Responses
from mel_fast.cp_sat._search import Search
from mel_fast.cp_sat._watch import unlimited

LATE_S = 0.25  # CP-SAT itself looks at its clock now and then


@pytest.fixture(autouse=True, scope="module")
def _imported() -> None:
    mel.cp_sat.bracket(mel.scenarios.table1(learners=2), time_limit_s=0.01)


@pytest.mark.parametrize("formulation", ["tau_by_tau", "monolithic"])
@pytest.mark.parametrize("scheme", ["joint", "task_only", "resource_only"])
def test_large_models_are_not_built_beyond_the_limit(formulation: str, scheme: str) -> None:
    learners = 400 if formulation == "tau_by_tau" else 100
    problem = mel.scenarios.table1(learners=learners, seed=1, cycle_s=60.0)
    cells = 15 if formulation == "tau_by_tau" else 3
    words = {"scheme": scheme, "formulation": formulation}
    for limit_s in (0.0, 0.05, 0.3):
        began = time.process_time()
        found = mel.cp_sat.bracket(
            problem, bandwidth_steps=cells, power_steps=cells, time_limit_s=limit_s, **words
        )
        assert time.process_time() - began < limit_s + LATE_S
        tau = mel.solve(problem, scheme=scheme).tau
        assert found.lower <= tau <= found.upper


def test_nothing_was_asked_yet_and_the_bracket_is_true() -> None:
    problem = mel.scenarios.table1(learners=20, seed=1)
    found = mel.cp_sat.bracket(problem, time_limit_s=0.0)
    assert found.lower <= mel.solve(problem).tau <= found.upper
    assert "time ran out" in found.message


def test_too_many_values_of_tau_are_refused_before_they_are_listed() -> None:
    responses = Responses(mel.scenarios.table1(learners=2), "joint")
    search = Search(responses, (1, 1), unlimited())
    search.upper = 10**9
    tracemalloc.start()
    with pytest.raises(ValueError, match="values of tau"):
        search.all_taus_at_once()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6


def test_a_callback_sees_the_bracket_and_ends_it() -> None:
    problem = mel.scenarios.table1(learners=8, seed=1)
    seen: list[tuple[int, int, int, float]] = []

    def stop_once_closer(lower: int, upper: int, questions: int, elapsed_s: float) -> bool:
        seen.append((lower, upper, questions, elapsed_s))
        return len(seen) > 3

    found = mel.cp_sat.bracket(problem, time_limit_s=60.0, callback=stop_once_closer)
    assert len(seen) == 4
    assert found.lower <= mel.solve(problem).tau <= found.upper
