"""Every long call is back soon after its limit, with the best that was proved until then.

Time is measured as the processor's, so that a busy machine makes no test fail: it is never more
than the clock's with one thread.
"""

import itertools
import math
import signal
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

import mel_fast as mel
from patience import NEVER_S, in_time

RESOURCES = ("cycle_s", "bandwidth_hz", "power_w")
LATE_S = 0.1


def many(idle: str = "excused", learners: int = 100_000, **limits: object) -> mel.Problem:
    problem = mel.scenarios.table1(learners=learners, seed=1, idle=idle)
    if limits:
        columns = {name: np.full(learners, value) for name, value in limits.items()}
        problem = problem.replace(learners=problem.learners.replace(**columns))
    return problem


def in_blocks(problem: mel.Problem, blocks: int) -> mel.Problem:
    width = problem.radio.bandwidth_hz / blocks
    return problem.replace(radio=problem.radio.replace(block_hz=width))


PROBLEMS: dict[str, Callable[[], mel.Problem]] = {
    "excused": many,
    "served": lambda: many("served").replace(cycle_s=3_000.0),
    "limits": lambda: many(max_samples=4, energy_j=1e6, energy_per_flop_j=1e-9, max_power_w=0.1),
    "blocks": lambda: in_blocks(many(), 3_000),
}


@pytest.mark.parametrize("kind", PROBLEMS)
@pytest.mark.parametrize("limit_s", [0.0, 0.005, 0.05])
def test_a_search_for_the_least_amount_is_back_in_time(kind: str, limit_s: float) -> None:
    problem = PROBLEMS[kind]()
    for over in RESOURCES:
        found = in_time(
            limit_s + LATE_S, partial(mel.least, problem, 5, over, time_limit_s=limit_s)
        )
        assert found.stopped or found.status in {"optimal", "infeasible"}
        assert 0.0 <= found.lower <= found.amount


def test_a_limit_that_suffices_costs_no_answer() -> None:
    problem = many(learners=20_000)
    freely = mel.fastest(problem, 600)
    limited = mel.fastest(problem, 600, time_limit_s=NEVER_S)
    assert freely.status == limited.status == "optimal"
    assert (limited.lower, limited.amount) == (freely.lower, freely.amount)


@pytest.mark.parametrize("over", RESOURCES)
def test_what_a_limit_leaves_of_an_enclosure_holds_the_least_amount(over: str) -> None:
    problem = many(learners=20_000)
    whole = mel.least(problem, 600, over)
    for limit_s in (1e-4, 1e-3, 3e-3, 0.01, 0.02):
        part = mel.least(problem, 600, over, time_limit_s=limit_s)
        assert part.lower <= whole.amount
        assert whole.lower <= part.amount
        if part.plan is not None:
            assert part.plan.tau >= 600
            assert mel.verify(part.plan.problem, part.plan).ok


def test_a_stopped_solve_with_equal_shares_has_a_true_plan_or_none() -> None:
    problem = many(learners=60_000).replace(cycle_s=600.0)
    task = problem.task.replace(samples=20 * 60_000)
    radio = problem.radio.replace(bandwidth_hz=1e10, power_w=1e4)
    problem = problem.replace(task=task, radio=radio)
    scheme = "task_only"
    free = mel.solve(problem, scheme=scheme)
    assert free.status == "optimal"
    for limit_s in (0.0, 1e-3, 3e-3, 6e-3, 0.01, 0.015, 0.02, 0.03, 0.05):
        plan = mel.solve(problem, scheme=scheme, time_limit_s=limit_s)
        assert plan.tau <= free.bound
        assert free.tau <= plan.bound
        if plan.samples is not None:
            assert plan.samples.sum() == task.samples
            assert plan.total_s is not None
            assert plan.total_s.max() <= problem.cycle_s


def test_a_callback_sees_the_ends_close_in_and_stops_the_search() -> None:
    problem = many()
    seen: list[tuple[float, float, int, float]] = []
    found = mel.least(problem, 600, "cycle_s", callback=lambda *ends: seen.append(ends))
    assert found.status == "optimal"
    assert len(seen) > 1
    assert all(a[0] <= b[0] and a[1] >= b[1] for a, b in itertools.pairwise(seen))
    stopped = in_time(
        LATE_S, lambda: mel.least(problem, 600, "cycle_s", callback=lambda *ends: True)
    )
    assert stopped.stopped
    assert stopped.status != "infeasible"


def test_a_callbacks_exception_is_the_callers() -> None:
    def fails(*ends: object) -> bool:
        raise LookupError("the caller's")

    with pytest.raises(LookupError, match="the caller's"):
        mel.least(many(), 600, "cycle_s", callback=fails)
    with pytest.raises(TypeError, match="callback is a int"):
        mel.least(many(), 600, "cycle_s", callback=7)


def test_the_least_power_after_solving_counts_towards_the_limit() -> None:
    problem = many()
    plan = mel.solve(problem, then="none")
    limit_s = plan.elapsed_s + 0.02
    late = in_time(limit_s + LATE_S, lambda: mel.solve(problem, then="power", time_limit_s=limit_s))
    assert late.tau <= plan.tau


def test_a_frontier_that_is_cut_short_says_so() -> None:
    problem = mel.scenarios.table1(learners=30, seed=2)
    whole = mel.frontier(problem, "cycle_s", start=20.0, stop=40.0)
    assert whole.status == "optimal"
    nothing = mel.frontier(problem, "cycle_s", start=20.0, stop=40.0, time_limit_s=0.0)
    assert nothing.status != "optimal"
    attained, possible = nothing.tau_at(40.0)
    assert attained <= whole.last <= possible
    assert "open" in nothing.summary()
    for limit_s in (1e-4, 1e-3, 3e-3, 0.01):
        part = mel.frontier(problem, "cycle_s", start=20.0, stop=40.0, time_limit_s=limit_s)
        for amount in np.linspace(20.0, 40.0, 41):
            low, high = part.tau_at(float(amount))
            true_low, true_high = whole.tau_at(float(amount))
            assert low <= true_high
            assert true_low <= high


def test_open_breakpoints_have_what_their_neighbours_prove() -> None:
    problem = mel.scenarios.table1(learners=30, seed=2)

    def stop_after_two(done: int, steps: int, passes: int, elapsed_s: float) -> bool:
        return done >= 2

    part = mel.frontier(problem, "cycle_s", start=20.0, stop=40.0, callback=stop_after_two)
    assert [step.status == "optimal" for step in part.steps[:2]] == [True, True]
    assert part.steps[-1].status != "optimal"
    assert (np.diff(part.amount) >= 0.0).all()
    assert (np.diff(part.lower) >= 0.0).all()
    assert (part.lower[2:] >= part.lower[1]).all()
    assert (part.amount[2:] <= 40.0).all()
    assert all(step.plan is not None and step.plan.tau >= step.tau for step in part.steps)


def test_a_frontiers_many_points_share_one_limit() -> None:
    problem = many(learners=50_000)
    found = in_time(0.05 + LATE_S, lambda: mel.frontier(problem, "cycle_s", time_limit_s=0.05))
    assert found.status != "optimal"
    assert all(math.isfinite(amount) for amount in found.amount)


def test_what_a_simulation_leaves_open_is_marked() -> None:
    plan = mel.solve(many(learners=20_000))
    late = in_time(LATE_S, lambda: mel.simulate(plan, failures=0.2, seed=1, time_limit_s=0.0))
    assert late.outcomes["reassign"].status == "undecided"
    assert late.outcomes["monitor"].status == "undecided"
    assert "open" in str(late)
    assert late.outcomes["monitor"].plan is None  # no problem is made for which there is no time
    done = mel.simulate(plan, failures=0.2, seed=1)
    assert {outcome.status for outcome in done.outcomes.values()} == {mel.Status.OPTIMAL}
    assert done.outcomes["reassign"].ends_s >= done.outcomes["nothing"].ends_s


@pytest.mark.parametrize("then", ["power", "bandwidth"])
def test_a_callback_stops_what_follows_the_proof(then: str) -> None:
    problem = many(learners=200_000)
    passes = mel.solve(problem, then="none").passes
    free = mel.solve(problem, then=then)
    used = f"{then}_{'w' if then == 'power' else 'hz'}"
    seen: list[tuple[int, int, int, float]] = []

    def stop_after_the_proof(*progress: int) -> bool:
        seen.append(progress)
        return progress[0] == progress[1] > 0 and progress[2] >= passes

    for _ in range(10):  # on a busy machine the callback may first be asked when all is done
        plan = mel.solve(problem, then=then, callback=stop_after_the_proof)
        assert plan.status == "optimal"
        assert seen[-1][:2] == (plan.tau, plan.bound)
        if getattr(plan, used).sum() > getattr(free, used).sum():
            return
    pytest.fail("what follows the proof was never stopped")


def interrupts(*progress: object) -> bool:
    """Do what Ctrl-C does; the search sees it when it next looks."""
    signal.raise_signal(signal.SIGINT)
    return False


def test_ctrl_c_leaves_what_was_known() -> None:
    problem = many()
    with pytest.raises(mel.Interrupted) as one:
        mel.least(problem, 600, "cycle_s", callback=interrupts)
    assert isinstance(one.value.found, mel.Least)
    assert one.value.found.stopped
    assert one.value.plan is not None

    def interrupts_after_two(done: int, steps: int, passes: int, elapsed_s: float) -> bool:
        return done >= 2 and interrupts()

    points = mel.scenarios.table1(learners=30, seed=2)
    with pytest.raises(mel.Interrupted) as many_points:
        mel.frontier(points, "cycle_s", callback=interrupts_after_two)
    found = many_points.value.found
    assert isinstance(found, mel.Frontier)
    assert [step.status == "optimal" for step in found.steps[:3]] == [True, True, False]
    assert many_points.value.plan.tau == found.last


def test_a_frontier_in_blocks_that_is_cut_short_counts_blocks() -> None:
    problem = in_blocks(mel.scenarios.table1(learners=20, seed=1), 60)
    whole = mel.frontier(problem, "bandwidth_hz")

    def stop_after_one(done: int, steps: int, passes: int, elapsed_s: float) -> bool:
        return done >= 1

    part = mel.frontier(problem, "bandwidth_hz", callback=stop_after_one)
    assert part.status != "optimal"
    for cut, full in zip(part.steps, whole.steps, strict=True):
        assert full.blocks is not None
        assert cut.blocks is not None
        assert cut.blocks >= full.blocks
        assert cut.lower <= full.amount <= cut.amount
