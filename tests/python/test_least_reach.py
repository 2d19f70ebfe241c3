"""Cycles that the learners' own limits decide: no price rules out more, and that is soon seen."""

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.bracket.search import Search
from patience import within
from test_least_limited import drawn

SIZE = 17_000


def capped(each: float, idle: str) -> mel.Problem:
    """Return learners of whom nobody may have more than thirty times an even share."""
    problem = drawn("caps", SIZE, each, idle)
    of = problem.learners
    band, power = problem.radio.bandwidth_hz, problem.radio.power_w
    most_hz = np.minimum(of.max_bandwidth_hz, 30 * band / SIZE)
    most_w = np.minimum(of.max_power_w, 30 * power / SIZE)
    return problem.replace(learners=of.replace(max_bandwidth_hz=most_hz, max_power_w=most_w))


@pytest.mark.parametrize(
    ("each", "idle", "tau", "most"),
    [(0.03, "excused", 3000, 200), (0.5, "excused", 10_000, 200), (0.03, "served", 100, 140)],
)
def test_a_split_within_both_budgets_ends_the_search_for_prices(each, idle, tau, most):
    """Prices fell by halves for 40 looks, to 1e-23 of what they were: 373, 278 and 165 passes."""
    found = mel.least(capped(each, idle), tau, "cycle_s", threads=1, callback=within(3000))
    assert found.status == "optimal"
    assert found.passes <= most


def test_the_question_about_one_more_cycle_starts_where_the_split_was_found(monkeypatch):
    """It started nowhere where no bracket had prices: 64 passes of 161, now one."""
    passes = []
    ask = Search.ask

    def counted(search, problem, tau, *args, **options):
        result = ask(search, problem, tau, *args, **options)
        passes.append((tau, result.passes))
        return result

    monkeypatch.setattr(Search, "ask", counted)
    found = mel.least(capped(0.03, "excused"), 3000, "cycle_s", threads=1)
    assert found.status == "optimal"
    assert found.plan.status == "optimal"
    assert passes[-1][0] == 3001
    assert passes[-1][1] <= 5
