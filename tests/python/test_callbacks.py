"""One shape of callback: two numbers that meet, effort, seconds; a true answer ends the work."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

import mel_fast as mel
from test_energy_stops import uplink

Told = tuple[float, float, int, float]


def problem(learners: int = 3000) -> mel.Problem:
    """Return one that no machine solves before it tells of it for the first time."""
    return mel.scenarios.table1(learners=learners, idle="excused")


def infeasible() -> mel.Problem:
    return mel.scenarios.table1(learners=12, cycle_s=0.3)


CALLS: dict[str, Callable[..., Any]] = {
    "frontier": lambda **words: mel.frontier(mel.scenarios.table1(learners=5), **words),
    "most": lambda **words: mel.most(problem(50), 9, **words),
    "cells": lambda **words: mel.cells([problem(50), problem(20)], **words),
    "campaign": lambda **words: mel.campaign(problem(5), lambda tau: 5 + 50 / tau, **words),
    "explain": lambda **words: mel.explain(mel.solve(infeasible()), **words),
    "simulate": lambda **words: mel.simulate(mel.solve(problem(50)), failures=[1], **words),
    "sweep": lambda **words: mel.sweep("table1", {"learners": [3], "seed": range(5)}, **words),
    "solve_many": lambda **words: mel.solve_many(
        [mel.scenarios.table1(learners=5)] * 20_000, **words
    ),
    "cp_sat": lambda **words: mel.cp_sat.bracket(mel.scenarios.table1(learners=3), **words),
    "verify": lambda **words: mel.verify(None, mel.solve(problem(500)), **words),
    "within": lambda **words: mel.within(uplink(12), 60.0, **words),
    "trade": lambda **words: mel.trade(uplink(12), 3, [1.0, 2.0, 4.0], **words),
}
NEEDS = {"cp_sat": "ortools", "verify": "flint"}


def call(name: str) -> Callable[..., Any]:
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    return CALLS[name]


@pytest.mark.parametrize("name", CALLS)
def test_the_two_numbers_meet_and_effort_and_seconds_grow(name: str) -> None:
    seen: list[Told] = []
    call(name)(callback=lambda *told: seen.append(told))
    assert seen
    assert all(len(told) == 4 for told in seen)
    assert [told[0] for told in seen] == sorted(told[0] for told in seen)
    assert [told[3] for told in seen] == sorted(told[3] for told in seen)
    assert all(low <= high or high == 0 for low, high, _, _ in seen)
    if name not in ("solve_many", "cp_sat"):  # those are asked by the clock alone
        assert seen[-1][0] == pytest.approx(seen[-1][1], rel=1e-8)
        assert seen[-1][2] > 0


@pytest.mark.parametrize("name", CALLS)
def test_a_true_answer_ends_the_work(name: str) -> None:
    seen: list[Told] = []
    found = call(name)(callback=lambda *told: seen.append(told) is None)
    assert len(seen) == 1
    opened = {
        "frontier": lambda: found.status != "optimal" or not found.steps,
        "most": lambda: found.stopped and (found.value or 0) <= found.bound,
        "cells": lambda: found.stopped and found.tau <= found.bound,
        "campaign": lambda: found.stopped and found.bound_s <= found.total_s,
        "explain": lambda: found.unasked or found.leave_out,
        "simulate": lambda: len(found.outcomes) == 3,
        "sweep": lambda: len(found) == 5,  # one chunk, and what is done is kept
        "solve_many": lambda: (found.status == "unsolved").any(),
        "cp_sat": lambda: found.lower <= found.upper,
        "verify": lambda: not found.checked,
        "within": lambda: found.tau <= found.bound and found.status != "optimal",
        "trade": lambda: [step.stopped for step in found.steps] == [False, True, True],
    }
    assert opened[name]()


@pytest.mark.parametrize("name", [*CALLS, "solve", "least"])
def test_wrong_kinds_are_refused_by_name(name: str) -> None:
    calls = {
        **CALLS,
        "solve": lambda **words: mel.solve(problem(3), **words),
        "least": lambda **words: mel.least(problem(3), 1, "cycle_s", **words),
    }
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    with pytest.raises(TypeError, match="callback is a int"):
        calls[name](callback=7)
    with pytest.raises(TypeError, match="progress is a function"):
        calls[name](progress=lambda *_: None)


@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_is_drawn_on_a_terminal_only(terminal: bool, monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    mel.sweep("table1", {"learners": [3], "seed": range(5)}, progress=True)
    mel.explain(mel.solve(problem(5)), progress=True)
    written = capsys.readouterr()
    assert written.out == ""
    assert ("rows" in written.err and "questions" in written.err) is terminal
