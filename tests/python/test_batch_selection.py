"""Many problems in which who takes part is chosen: rows are what `solve` says, whole or sliced."""

from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from parity import differences


def choosing(seed: int, cycle_s: float = 30.0) -> mel.Problem:
    """Return a problem whose learners take 3,000 samples at least, or sit out."""
    problem = mel.scenarios.table1(learners=4, seed=seed, cycle_s=cycle_s, idle="excused")
    limits = {"min_samples": [3000 + 500 * seed] * 4, "optional": True}
    return problem.replace(learners=problem.learners.replace(**limits))


PLAIN = mel.scenarios.table1(learners=5, seed=1, idle="excused")
MIXED = [choosing(0), PLAIN, choosing(1), choosing(2, 40.0), choosing(3, 0.1)]


def same(plans: mel.Plans, problems: list[mel.Problem], **options: Any) -> None:
    assert len(plans) == len(problems)
    for row, problem in enumerate(problems):
        one = mel.solve(problem, **options)
        assert differences(one, plans[row]) == []
        assert (plans.tau[row], str(plans.status[row])) == (one.tau, one.status)


@pytest.mark.parametrize("rows", [slice(2, None), slice(None, None, -1), slice(1, 4, 2)])
def test_some_rows_are_those_rows(rows: slice) -> None:
    same(mel.solve_many(MIXED)[rows], MIXED[rows])


def test_a_start_is_where_each_row_begins() -> None:
    starts = [mel.solve(problem.replace(cycle_s=31.0)) for problem in MIXED]
    for start in (starts, mel.solve_many([p.replace(cycle_s=31.0) for p in MIXED])):
        plans = mel.solve_many(MIXED, start=start)
        for row, problem in enumerate(MIXED):
            assert differences(mel.solve(problem, start=starts[row]), plans[row]) == []


@pytest.mark.parametrize("at_least", [0, 3, 4])
def test_so_many_must_take_part_in_every_row(at_least: int) -> None:
    same(mel.solve_many(MIXED, at_least=at_least), MIXED, at_least=at_least)
    batch = mel.Batch.vary(PLAIN, cycle_s=[20.0, 30.0, 40.0])
    plans = mel.solve_many(batch, at_least=at_least, threads=2)
    same(plans, list(batch), at_least=at_least)


@pytest.mark.parametrize("then", ["power", "bandwidth", "none"])
def test_what_follows_is_what_follows_for_one_problem(then: str) -> None:
    plans = mel.solve_many(MIXED, then=then)
    same(plans, MIXED, then=then)
    for row, plan in enumerate(plans):
        if plan.tau:
            assert np.array_equal(plans.power_w[row], plan.power_w)


def test_an_infeasible_row_says_what_is_to_blame() -> None:
    def pair(cycle_s: float, **limits: Any) -> mel.Problem:
        problem = mel.scenarios.table1(learners=2, seed=1, cycle_s=cycle_s, idle="excused")
        return problem.replace(learners=problem.learners.replace(**limits))

    # One alone holds 50,000 of the 60,000 at most, and both at least 80,000.
    apart = {"min_samples": [4e4] * 2, "max_samples": [5e4] * 2, "optional": True}
    either = {"min_samples": [2e4] * 2, "optional": True}
    rows = [
        pair(1000.0, **apart),
        pair(1000.0),
        pair(0.1, **either),
        pair(0.1),
        pair(20.0, **either),
    ]
    rows += [pair(20.0), pair(1000.0, **either)]
    plans = mel.solve_many(rows)
    assert list(plans.status[[0, 2, 3]]) == ["infeasible"] * 3
    assert plans.blame[0] == "choice"
    assert (plans.blame[2], plans.blame[4]) == (plans.blame[3], plans.blame[5])  # no choice helps
    assert (plans.blame[2], plans.blame[4]) == ("computing", "radio")
    assert (plans.blame[1], plans.blame[6]) == ("", "")
    assert mel.solve_many(rows[:1], at_least=1).blame[0] == "choice"


def test_what_is_not_known_of_selection_is_refused_before_or_in_its_row_alone() -> None:
    with pytest.raises(ValueError, match="at_least with scheme = 'task_only'"):
        mel.solve_many([PLAIN], at_least=2, scheme="task_only", then="power")
    with pytest.raises(ValueError, match="at_least = -1"):
        mel.solve_many([PLAIN], at_least=-1)
    plans = mel.solve_many([PLAIN, choosing(0)], scheme="task_only", then="power")
    assert plans.has(0)
    assert plans.status[1] == "invalid"
    assert plans.errors[1].startswith("optional with scheme = 'task_only' and then = 'power': must")


def test_a_callback_is_told_of_every_row_and_stops_them() -> None:
    told: list[int] = []
    mel.solve_many(MIXED, callback=lambda done, *_: told.append(done))
    assert told == sorted(told)
    assert told[0] <= 1
    plans = mel.solve_many(MIXED, callback=lambda done, *_: done >= 3)
    assert "unsolved" in plans.status
    assert plans.has(1)


def test_an_interrupt_keeps_the_rows_that_are_done() -> None:
    own = KeyboardInterrupt("mine")

    def stop(done: int, *_: object) -> None:
        if done >= 3:
            raise own

    with pytest.raises(mel.Interrupted) as found:
        mel.solve_many(MIXED, callback=stop)
    assert found.value.__cause__ is own
    assert np.count_nonzero(found.value.plans.status != "unsolved") in (3, 4)


def test_one_true_answer_of_a_callback_stops_every_question() -> None:
    large = mel.scenarios.table1(learners=100_000, seed=1, idle="excused")
    calls: list[int] = []

    def stop(*_: object) -> bool:
        calls.append(1)
        return len(calls) == 1

    plan = mel.solve(large, at_least=50_000, callback=stop)
    assert len(calls) == 1
    assert plan.status in ("feasible", "undecided")


def test_sending_with_energy_is_refused_before_any_work() -> None:
    learners = mel.Learners(
        flops_per_s=[1e9] * 2,
        gain=1e-10,
        send_bandwidth_hz=1e6,
        send_power_w=1.0,
        max_power_w=0.01,
        energy_j=1.0,
        energy_per_flop_j=1e-9,
    )
    radio = mel.Radio(1e6, noise_density_w_per_hz=4e-21, shared="return")
    problem = mel.Problem(PLAIN.task, learners, radio, 30.0)
    with pytest.raises(ValueError, match="optional, at_least: not together with energy_j"):
        mel.solve(problem, at_least=1, callback=lambda *_: pytest.fail("work was begun"))
