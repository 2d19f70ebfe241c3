"""What signals and callbacks raise: Ctrl-C keeps the plan, anything else comes out as it is."""

import signal
import threading
import traceback
from collections.abc import Callable
from typing import Any

import pytest

import mel_fast as mel
from alarms import LOST_IN_FINALISERS, ringing, until_it_rings
from test_runtime import POSIX

SMALL = mel.scenarios.table1(learners=20, cycle_s=30.0, seed=0)
LARGE = mel.scenarios.table1(learners=100_000, cycle_s=30.0, seed=0, idle="excused")
MANY = mel.scenarios.table1_draws(3000, learners=20, cycle_s=30.0)


class OwnInterrupt(KeyboardInterrupt):
    """What a notebook or a debugger may raise in place of KeyboardInterrupt."""


WORK: dict[str, Callable[[], object]] = {
    "solve": lambda: mel.solve(LARGE),
    "solve, two threads": lambda: mel.solve(LARGE, threads=2),
    "solve, then power": lambda: mel.solve(LARGE, then="power"),
    "solve, task only": lambda: mel.solve(LARGE, scheme="task_only"),
    "many arrays": lambda: mel.solve_many(MANY, threads=2),
    "many problems": lambda: mel.solve_many([LARGE] * 4, threads=2),
    "least": lambda: mel.least(LARGE, 3, "bandwidth_hz"),
    "fastest": lambda: mel.fastest(LARGE, 3),
    "most": lambda: mel.most(LARGE, 3),
    "cells": lambda: mel.cells([LARGE, LARGE]),
    "campaign": lambda: mel.campaign(SMALL, lambda tau: 10 + 900 / tau, prune=False),
    "frontier": lambda: mel.frontier(SMALL, "cycle_s"),
    "explain": lambda: mel.solve(LARGE).explain(),
    "simulate": lambda: mel.simulate(mel.solve(SMALL), failures=0.3, seed=1),
    "sweep": lambda: mel.sweep("table1", {"seed": range(300), "learners": [20]}),
    "verify": lambda: mel.verify(SMALL, mel.solve(SMALL)),
}


@POSIX
@LOST_IN_FINALISERS
@pytest.mark.parametrize("raised", [TimeoutError("alarm"), SystemExit(5)], ids=["error", "exit"])
@pytest.mark.parametrize("name", WORK)
def test_what_a_signals_handler_raises_comes_out_as_it_is(name: str, raised: BaseException) -> None:
    found = until_it_rings(WORK[name], raised)
    assert found is raised, "".join(traceback.format_exception(found))
    frames = [frame.name for frame in traceback.extract_tb(found.__traceback__)]
    assert "ring" in frames


@POSIX
@LOST_IN_FINALISERS
@pytest.mark.parametrize("raised", [KeyboardInterrupt(), OwnInterrupt("mine")], ids=["c", "own"])
@pytest.mark.parametrize("name", ["solve", "solve, two threads", "many arrays", "many problems"])
def test_an_interrupt_by_any_signals_handler_keeps_the_plan(
    name: str, raised: BaseException
) -> None:
    found: BaseException = raised
    while not isinstance(
        found, mel.Interrupted
    ):  # an alarm between two calls finds no plan to keep
        found = until_it_rings(WORK[name], raised)
        assert found is raised or isinstance(found, mel.Interrupted)
    assert found.__cause__ is raised
    if name.startswith("many"):
        assert (found.plans.tau <= found.plans.bound).all()
    else:
        assert found.plan.tau <= found.plan.bound


def solve_with(callback: Callable[..., Any]) -> object:
    return mel.solve(LARGE, callback=callback)


def solve_many_with(callback: Callable[..., Any]) -> object:
    return mel.solve_many([LARGE] * 3, callback=callback, threads=2)


def nested(*_: object) -> None:
    """Interrupt a solve within the callback: what it raises ends the outer solve too."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    mel.solve(LARGE.replace(cycle_s=31.0), callback=interrupt)


def raiser(raised: BaseException, calls: list[int]) -> Callable[..., bool]:
    def fail(*_: object) -> bool:
        calls.append(1)
        raise raised

    return fail


@pytest.mark.parametrize("ask", [solve_with, solve_many_with])
@pytest.mark.parametrize("raised", [KeyboardInterrupt(), OwnInterrupt()], ids=["c", "own"])
def test_an_interrupt_inside_a_callback_keeps_the_plan(
    ask: Callable[..., object], raised: BaseException
) -> None:
    calls: list[int] = []
    with pytest.raises(mel.Interrupted) as found:
        ask(raiser(raised, calls))
    assert len(calls) == 1
    assert found.value.__cause__ is raised
    kept = found.value.plans if ask is solve_many_with else found.value.plan
    assert kept is not None


def test_an_interrupted_solve_inside_a_callback_leaves_the_outer_plan() -> None:
    with pytest.raises(mel.Interrupted) as found:
        mel.solve(LARGE, callback=nested)
    assert found.value.plan.problem is LARGE
    assert isinstance(found.value.__cause__, mel.Interrupted)


@pytest.mark.parametrize("ask", [solve_with, solve_many_with])
@pytest.mark.parametrize(
    "raised", [ValueError("mine"), SystemExit(3), GeneratorExit(), MemoryError("mine")], ids=repr
)
def test_what_a_callback_raises_comes_out_as_it_is(
    ask: Callable[..., object], raised: BaseException
) -> None:
    calls: list[int] = []
    with pytest.raises(type(raised)) as found:
        ask(raiser(raised, calls))
    assert found.value is raised
    assert len(calls) == 1  # nothing is asked again once something was raised
    assert "fail" in [frame.name for frame in traceback.extract_tb(raised.__traceback__)]


def test_a_callback_raises_in_any_thread() -> None:
    raised, seen = ValueError("mine"), []

    def work() -> None:
        try:
            solve_with(raiser(raised, []))
        except ValueError as found:
            seen.append(found)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [raised]


@POSIX
def test_a_callback_that_raises_beside_a_pending_signal_loses_neither() -> None:
    def fail(*_: object) -> None:
        signal.raise_signal(signal.SIGALRM)  # its handler runs here, before the next line
        raise ValueError("unreachable")

    ring = TimeoutError("ring")
    with ringing(ring, after_s=3600), pytest.raises(TimeoutError) as found:
        solve_with(fail)
    assert found.value is ring


@POSIX
def test_a_storm_of_signals_changes_no_answer() -> None:
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    alone = [mel.solve(LARGE, threads=2), mel.fastest(SMALL, 3).plan]
    signal.setitimer(signal.ITIMER_REAL, 1e-3, 1e-3)
    try:
        found = [mel.solve(LARGE, threads=2), mel.fastest(SMALL, 3).plan]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert rung
    for one, other in zip(alone, found, strict=True):
        assert one is not None
        assert other is not None
        assert (one.tau, one.bound, one.status) == (other.tau, other.bound, other.status)
        assert (one.samples == other.samples).all()
        assert (one.power_w == other.power_w).all()
