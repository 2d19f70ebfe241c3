"""Rows on an executor: the same as without one, whatever the engine, and whoever dies."""

import os
import signal
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.scenarios import table1, table1_draws
from mel_fast.solve.executors.in_order import AHEAD, InOrder, Lost

SPAWN = get_context("spawn")  # nothing of this process, its threads least of all, is copied
COLUMNS = (
    "status", "tau", "bound", "samples", "bandwidth_hz", "power_w", "lambda_per_hz", "mu_per_w",
    "nodes", "passes", "blame", "cut_short",
)  # fmt: skip


def assert_same_plans(one, other):
    for name in COLUMNS:
        mine, theirs = getattr(one, name), getattr(other, name)
        if isinstance(mine, tuple):
            assert all(map(np.array_equal, mine, theirs)), name
        else:
            assert np.array_equal(mine, theirs, equal_nan=mine.dtype.kind == "f"), name
    assert dict(one.errors) == dict(other.errors)


def assert_same_table(one, other):
    assert list(one.columns()) == list(other.columns())
    for name in one.columns():
        assert name == "elapsed_s" or np.array_equal(one[name], other[name]), name


@pytest.fixture(scope="module")
def pool():
    with ProcessPoolExecutor(2, mp_context=SPAWN) as executor:
        yield executor


class Reluctant(Executor):
    """Runs each task at once, in this thread, but for those whose worker "ends"."""

    def __init__(self, ends=lambda task: False):
        self.ends = ends

    def submit(self, function, /, task):
        future = Future()
        if self.ends(task):
            future.set_exception(BrokenProcessPool("a worker ended"))
        else:
            try:
                future.set_result(function(task))
            except BaseException as error:
                future.set_exception(error)
        return future


def test_plans_are_those_of_one_process(pool):
    draws = table1_draws(300, 12, cycle_s=9.0)
    plain = mel.solve_many(draws)
    assert {"optimal", "infeasible"} <= set(plain.status.tolist())
    assert_same_plans(mel.solve_many(draws, executor=pool), plain)
    again = mel.solve_many(draws, start=plain, keep=[0, 1])
    assert_same_plans(mel.solve_many(draws, start=plain, keep=[0, 1], executor=pool), again)


def test_rows_that_differ_in_learners_and_rows_that_are_refused(pool):
    problems = [table1(3 + i % 4, cycle_s=5.0 + 5 * (i % 3), seed=i) for i in range(41)]
    assert_same_plans(mel.solve_many(problems, executor=pool), mel.solve_many(problems))
    gain = np.full((20, 3), 1e-9)
    gain[[4, 11], 1] = -1.0
    batch = mel.Batch.vary(table1(3), gain=gain)
    found = mel.solve_many(batch, executor=pool)
    assert_same_plans(found, mel.solve_many(batch))
    assert "gain" in found.errors[11]
    assert_same_plans(mel.solve_many([], executor=pool), mel.solve_many([]))


def test_some_rows_of_plans_are_the_plans_of_some_rows():
    problems = [table1(3 + i % 3, seed=i) for i in range(12)]
    for source in (problems, mel.Batch.from_draws(table1_draws(12, 5))):
        plans = mel.solve_many(source)
        for some in (slice(3, 9), slice(None, None, 5), slice(7, 7)):
            assert_same_plans(plans[some], mel.solve_many(source[some]))
        assert plans[3:9][2].samples.tolist() == plans[5].samples.tolist()


@pytest.mark.parametrize(
    ("scenario", "over"),
    [
        ("table1", {"learners": [3, 5], "seed": range(40), "cycle_s": [9.0, -1.0]}),
        ("table1", {"draw": range(150), "idle": ["served", "excused"]}),
        ("problem", {"bandwidth_hz": [1e7, 1e8, -1.0], "cycle_s": range(5, 40)}),
        ("function", {"learners": [4, 5], "seed": range(3)}),
    ],
)
def test_tables_are_those_of_one_process(pool, scenario, over):
    what = {"table1": "table1", "problem": table1(6), "function": table1}[scenario]
    plain = mel.sweep(what, over)
    assert_same_table(mel.sweep(what, over, executor=pool), plain)
    words = [{name: plain[name][row].item() for name in over} for row in range(len(plain))]
    for row in range(0, len(plain), 17):
        if plain["status"][row] == "invalid":
            continue
        point = words[row]
        problem = (
            table1(6).replace(
                cycle_s=point["cycle_s"],
                radio=table1(6).radio.replace(bandwidth_hz=point["bandwidth_hz"]),
            )
            if scenario == "problem"
            else table1(**point)
        )
        assert plain["tau"][row] == mel.solve(problem).tau


def test_a_killed_worker_costs_nothing_but_time(tmp_path):
    over = {"draw": range(6_000)}
    path = tmp_path / "o.csv"
    with ProcessPoolExecutor(2, mp_context=SPAWN) as pool:
        pool.submit(os.getpid).result()
        victims = [min(pool._processes)]

        def kill(done, *_):
            if done > 300 and victims:
                os.kill(victims.pop(), signal.SIGKILL)
            return False

        table = mel.sweep("table1", over, executor=pool, output=path, callback=kill)
    assert not victims
    assert len(table) == len(path.read_text().splitlines()) - 1 == 6_000
    assert table["tau"].tolist() == mel.solve_many(table1_draws(6_000)).tau.tolist()


def test_rows_whose_workers_end_each_time_are_told_and_the_others_stay():
    draws = table1_draws(64, 5)
    found = mel.solve_many(draws, executor=Reluctant(lambda task: task[0].rows.start == 0))
    lost = found.status == "unsolved"
    assert 0 < lost.sum() < 64
    assert "workers that had the row ended" in found.errors[0]
    with pytest.raises(ValueError, match="row 0 is unsolved: the workers"):
        found[0]
    whole = mel.solve_many(draws)
    assert np.array_equal(found.tau[~lost], whole.tau[~lost])
    executor = Reluctant(lambda task: task[0][0][0].draws[0] == 0)
    with pytest.raises(RuntimeError, match="lost with the workers") as lost_rows:
        mel.sweep("table1", {"learners": [5], "draw": range(600)}, executor=executor)
    assert 0 < len(lost_rows.value.table) < 600


def test_what_a_task_itself_raises_comes_out_as_it_is():
    def wrong(_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(InOrder(Reluctant(), wrong, range(3), lambda: False))


def test_tasks_are_made_when_their_turn_comes_and_answers_keep_their_order():
    made = []

    def tasks():
        for i in range(200):
            made.append(i)
            yield i

    answers = iter(InOrder(Reluctant(), lambda i: i * i, tasks(), lambda: False))
    assert next(answers) == (0, 0)
    assert len(made) <= AHEAD
    assert [task for task, _ in answers] == list(range(1, 200))


def test_a_task_that_breaks_every_pool_is_lost_alone():
    answers = list(InOrder(Reluctant(lambda task: task == 0), str, range(5), lambda: False))
    assert isinstance(answers[0][1], Lost)
    assert [answer for _, answer in answers[1:]] == ["1", "2", "3", "4"]


def test_a_limit_and_a_stop_do_not_wait_for_what_is_under_way():
    begun, may_end, ended = threading.Event(), threading.Event(), []

    def slow(_):
        begun.set()
        may_end.wait(60.0)
        ended.append(True)

    with ThreadPoolExecutor(1) as executor:
        assert list(InOrder(executor, slow, range(3), begun.is_set)) == []
        assert not ended
        may_end.set()


def test_what_is_no_executor_is_refused_before_any_work():
    with pytest.raises(TypeError, match="executor is a int"):
        mel.solve_many([table1(3)], executor=2)
    with pytest.raises(TypeError, match="executor is a int"):
        mel.sweep("table1", {"seed": [0]}, executor=2)


def test_an_executor_that_takes_no_tasks_is_refused_by_name(tmp_path):
    with ThreadPoolExecutor(1) as executor:
        pass
    refused = pytest.raises(ValueError, match="executor takes no tasks: cannot schedule new")
    with refused:
        mel.solve_many([table1(3)], executor=executor)
    with refused:
        mel.sweep("table1", {"seed": [0]}, executor=executor)
    with refused:
        mel.solve_sharded(
            [table1(3).learners], table1(3).task, table1(3).radio, 30.0, executor=executor
        )


@pytest.mark.long
def test_lokys_workers_take_functions_of_a_session_also_after_one_ended(tmp_path):
    loky = pytest.importorskip("joblib.externals.loky", reason="joblib is missing")
    problem = table1(20, idle="excused", cycle_s=30.0)
    halves = [problem.learners.take(range(12)), problem.learners.take(range(12, 20))]
    ended = tmp_path / "ended"

    def second():
        if not ended.exists():
            ended.touch()
            os._exit(1)
        return halves[1]

    executor = loky.get_reusable_executor(max_workers=2)
    try:
        plan = mel.solve_sharded(
            [lambda: halves[0], second], problem.task, problem.radio, 30.0, executor=executor
        )
        assert ended.exists()
        assert plan.tau == mel.solve(problem).tau
        executor = loky.get_reusable_executor(max_workers=2)
        rows = mel.sweep("table1", {"draw": range(40)}, executor=executor)
        assert rows["tau"].tolist() == mel.solve_many(table1_draws(40)).tau.tolist()
    finally:
        executor.shutdown(kill_workers=True)


def test_dask_gives_the_same_rows_though_a_worker_is_killed():
    distributed = pytest.importorskip("distributed")
    over = {"draw": range(12_000)}
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        victims = [nanny.pid for nanny in cluster.workers.values()]

        def kill(done, *_):
            if done > 500 and victims:
                os.kill(victims.pop(), signal.SIGKILL)
                victims.clear()
            return False

        table = mel.sweep("table1", over, executor=client.get_executor(), callback=kill)
        found = mel.solve_many(table1_draws(500, 10), executor=client.get_executor())
    assert not victims
    assert table["tau"].tolist() == mel.solve_many(table1_draws(12_000)).tau.tolist()
    assert_same_plans(found, mel.solve_many(table1_draws(500, 10)))
