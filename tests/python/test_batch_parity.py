"""`solve_many` is `solve`: every option, every law and limit, and within a hair of the edge."""

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.scenarios import table1, table1_draws
from mel_fast.solve import rows_found
from parity import as_batch, differences, groups


def assert_the_same(source, alone, threads, options):
    plans = mel.solve_many(source, threads=threads, **options)
    for row, plan in enumerate(alone):
        assert differences(plans[row], plan) == [], (row, plan, plans[row])
        assert (plans.status[row], plans.tau[row], plans.bound[row]) == (
            str(plan.status),
            plan.tau,
            plan.bound,
        )
        for name in ("samples", "bandwidth_hz", "power_w", "blocks"):
            column = getattr(plans, name)
            mine = getattr(plan, name)
            assert mine is None or np.array_equal(column[row], mine)


def check_groups(count, seed):
    statuses = set()
    rows = 0
    for problems, options in groups(count, seed):
        alone = [mel.solve(problem, **options) for problem in problems]
        for source in (problems, as_batch(problems)):
            for threads in (1, 2):
                assert_the_same(source, alone, threads, options)
        statuses.update(str(plan.status) for plan in alone)
        rows += len(alone)
    assert statuses >= {"optimal", "infeasible"}
    return rows


def test_rows_are_what_solve_says_whatever_the_options_and_limits():
    assert check_groups(24, 1) > 100


@pytest.mark.long
def test_five_hundred_rows_are_what_solve_says():
    assert check_groups(120, 2) > 500


def test_rows_at_the_edge_are_escalated_as_one_problem_is():
    pytest.importorskip("flint")
    edges = [
        (0, 28.603513785547843),
        (1, 24.13429832158736),
        (2, 28.113893316057464),
        (3, 26.071218444541223),
    ]
    problems = [table1(learners=6, cycle_s=cycle_s, seed=seed) for seed, cycle_s in edges]
    alone = [mel.solve(problem) for problem in problems]
    assert all(plan.status is mel.Status.OPTIMAL for plan in alone)
    plans = mel.solve_many(problems, threads=2)
    for row, plan in enumerate(plans):
        assert differences(plan, alone[row]) == []
        assert mel.verify(problems[row], plan).ok


def test_where_many_problems_differ_in_blocks_each_has_its_own():
    problems = [table1(learners=count, seed=count, idle="excused") for count in (3, 5, 4)]
    radio = problems[1].radio
    problems[1] = problems[1].replace(radio=radio.replace(block_hz=radio.bandwidth_hz / 40))
    plans = mel.solve_many(problems)
    assert [row.size for row in plans.blocks] == [3, 5, 4]
    for row, problem in enumerate(problems):
        assert differences(plans[row], mel.solve(problem)) == []
    assert plans[1].blocks is not None
    assert plans[0].blocks is None


def starts():
    draws = table1_draws(4, learners=4, seed=3)
    return draws, mel.solve_many(draws)


@pytest.mark.parametrize("kind", ["plan", "plans", "list", "sparse"])
def test_a_start_gives_what_it_gives_one_problem(kind):
    _, before = starts()
    batch = mel.Batch.from_draws(table1_draws(4, learners=4, seed=4))
    each = {
        "plan": [before[0]] * 4,
        "plans": list(before),
        "list": list(before),
        "sparse": [None, before[1], None, before[3]],
    }[kind]
    given = {"plan": before[0], "plans": before}.get(kind, each)
    alone = [mel.solve(batch[row], start=each[row]) for row in range(4)]
    for source in (batch, list(batch)):
        assert_the_same(source, alone, 2, {"start": given})


def test_a_row_ends_where_the_same_problem_alone_ends():
    draws, plans = starts()
    for row in range(4):
        assert plans[row]._end == mel.solve(draws.problem(row))._end


KEEPS = [
    {1: 20_000},
    [0, 2],
    np.array([True, False, False, True]),
    [{0: 100}, None, {}, {1: 5, 2: 7}],
    [[0], [1, 2], [], [3]],
    np.array([[0], [1], [2], [3]]),
    np.eye(4, dtype=bool),
]


@pytest.mark.parametrize("keep", KEEPS, ids=range(len(KEEPS)))
@pytest.mark.parametrize("by_row", [False, True])
def test_samples_kept_are_what_they_are_for_one_problem(keep, by_row):
    _, before = starts()
    start = list(before) if by_row else before
    batch = mel.Batch.from_draws(table1_draws(4, learners=4, seed=4))
    rows = keep if isinstance(keep, list) and not isinstance(keep[0], int) else [keep] * 4
    rows = keep if isinstance(keep, np.ndarray) and keep.ndim == 2 else rows
    alone = [mel.solve(batch[row], start=before[row], keep=rows[row]) for row in range(4)]
    for source in (batch, list(batch)):
        assert_the_same(source, alone, 1, {"start": start, "keep": keep})


def test_a_row_that_cannot_keep_what_it_should_is_alone_invalid():
    batch = mel.Batch.vary(table1(learners=4), max_samples=np.array([[60_000], [10], [60_000]]))
    for source in (batch, list(batch)):
        plans = mel.solve_many(source, keep={2: 50})
        assert plans.status.tolist() == ["optimal", "invalid", "optimal"]
        with pytest.raises(ValueError, match="would keep 50 samples") as alone:
            mel.solve(batch[1], keep={2: 50})
        assert plans.errors == {1: str(alone.value)}


def test_rows_without_a_plan_to_keep_from_are_alone_invalid():
    draws = mel.Batch.vary(table1(learners=4), cycle_s=[1.0, 30.0, 30.0])
    before = mel.solve_many(draws)
    assert before.tau[0] == 0
    plans = mel.solve_many(draws, start=before, keep=[0])
    assert plans.status.tolist() == ["invalid", "optimal", "optimal"]
    assert "no samples to keep (status infeasible)" in plans.errors[0]


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"keep": [7], "start": "plans"}, ValueError, "learner|keep"),
        ({"keep": [0]}, ValueError, "start="),
        ({"keep": {9: 1}}, ValueError, "9"),
        ({"keep": "x", "start": "plans"}, TypeError, "keep"),
        ({"keep": [{0: 1}]}, ValueError, "keep has 1 entries"),
        ({"start": 5}, TypeError, "start is a int"),
        ({"start": [None]}, ValueError, "start has 1 plans"),
        ({"start": [None, 3]}, TypeError, r"start\[1\]"),
        ({"then": "soon"}, ValueError, "then"),
    ],
)
def test_what_is_wrong_for_every_row_is_refused_before_work_starts(options, error, match):
    draws = table1_draws(2, learners=4)
    if options.get("start") == "plans":
        options = {**options, "start": mel.solve_many(draws)}
    for source in (draws, [draws.problem(0), draws.problem(1)]):
        with pytest.raises(error, match=match):
            mel.solve_many(source, **options)


def test_ctrl_c_between_the_rows_that_are_escalated_keeps_what_is_done(monkeypatch):
    calls = []

    def interrupt_at_the_second(plan, **_):
        calls.append(plan)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return plan

    monkeypatch.setattr(rows_found, "finished", interrupt_at_the_second)
    with pytest.raises(mel.Interrupted) as caught:
        mel.solve_many(table1_draws(3, learners=4), then="power")
    assert caught.value.plans.status.tolist() == ["optimal"] * 3
    assert len(calls) == 2


def test_no_row_is_escalated_after_the_time_limit_or_the_callbacks_stop(monkeypatch):
    calls = []
    monkeypatch.setattr(rows_found, "finished", lambda plan, **_: calls.append(plan) or plan)
    mel.solve_many(table1_draws(3, learners=4), then="power", callback=lambda *_: True)
    assert not calls
    mel.solve_many(table1_draws(3, learners=4), then="power", time_limit_s=0.0)
    assert not calls
    mel.solve_many(table1_draws(3, learners=4), then="power", time_limit_s=100.0)
    assert len(calls) == 3
