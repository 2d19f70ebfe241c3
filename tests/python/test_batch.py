"""The batch door: the same answers as one by one, bad rows alone, stops that lose nothing."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mel_fast as mel
from alarms import LOST_IN_FINALISERS, until_it_rings
from mel_fast._base import memory
from mel_fast.scenarios import table1, table1_draws

COLUMNS = ("status", "blame", "tau", "bound", "nodes", "passes", "samples", "bandwidth_hz")
MORE = ("power_w", "lambda_per_hz", "mu_per_w")


def same(one, other):
    return all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=name in MORE)
        for name in (*COLUMNS, *MORE)
    )


@pytest.mark.parametrize("scheme", ["joint", "task_only", "resource_only"])
@pytest.mark.parametrize("law", ["density", "fixed"])
def test_rows_are_what_solve_finds_one_by_one(scheme, law):
    draws = table1_draws(12, learners=7, cycle_s=12.0, law=law, seed=3)
    plans = mel.solve_many(draws, scheme=scheme, threads=2)
    for row in range(len(draws)):
        alone = mel.solve(draws.problem(row), scheme=scheme)
        plan = plans[row]
        assert plan.problem == alone.problem
        assert (plan.status, plan.tau, plan.bound) == (alone.status, alone.tau, alone.bound)
        assert plan.certificate == alone.certificate
        assert plan.reasons == alone.reasons
        for name in ("samples", "bandwidth_hz", "power_w"):
            mine, theirs = getattr(plan, name), getattr(alone, name)
            assert (mine is None) == (theirs is None)
            assert mine is None or np.array_equal(mine, theirs)
            assert alone.tau > 0 or not getattr(plans, name)[row].any()


@pytest.mark.parametrize("idle", ["served", "excused"])
def test_no_bit_depends_on_the_number_of_threads(idle):
    draws = table1_draws(150, learners=10, idle=idle, seed=5)
    one, two, seven = (mel.solve_many(draws, threads=threads) for threads in (1, 2, 7))
    assert same(one, two)
    assert same(one, seven)


def test_a_sequence_of_problems_gives_what_the_arrays_give():
    draws = table1_draws(20, learners=5, seed=2)
    problems = [draws.problem(row) for row in range(20)]
    assert same(mel.solve_many(draws), mel.solve_many(problems, threads=2))


def test_problems_of_different_sizes_come_back_each_at_its_own():
    problems = [table1(learners=count, seed=count) for count in (3, 8, 1, 5)]
    plans = mel.solve_many(problems, threads=2)
    assert isinstance(plans.samples, tuple)
    assert [column.size for column in plans.samples] == [3, 8, 1, 5]
    for row, problem in enumerate(problems):
        alone = mel.solve(problem)
        assert plans.tau[row] == alone.tau
        if alone.tau:
            assert np.array_equal(plans.power_w[row], alone.power_w)


def test_certificates_of_rows_hold():
    pytest.importorskip("flint")
    plans = mel.solve_many(table1_draws(6, learners=6, idle="excused", seed=1), threads=2)
    for plan in plans:
        assert mel.verify(plan.problem, plan).ok


@pytest.mark.parametrize(
    ("column", "bad", "words"),
    [
        ("gain", np.nan, "gain[2] = nan"),
        ("gain", -1.0, "gain[2] = -1"),
        ("flops_per_s", np.inf, "flops_per_s[2] = inf"),
        ("return_power_w", 0.0, "return_power_w[2] = 0"),
    ],
)
def test_a_bad_learner_spoils_its_row_alone(column, bad, words):
    problem = table1(learners=4)
    good = np.tile(getattr(problem.learners, column), (5, 1))
    spoilt = good.copy()
    spoilt[3, 2] = bad
    plans = mel.solve_many(mel.Batch.vary(problem, **{column: spoilt}), threads=2)
    assert plans.status.tolist() == ["optimal"] * 3 + ["invalid"] + ["optimal"]
    assert list(plans.errors) == [3]
    assert words in plans.errors[3]
    assert plans.tau[3] == plans.bound[3] == 0
    assert not plans.samples[3].any()
    clean = mel.solve_many(mel.Batch.vary(problem, **{column: good}))
    others = [0, 1, 2, 4]
    assert np.array_equal(plans.power_w[others], clean.power_w[others])
    with pytest.raises(ValueError, match="row 3 is invalid"):
        plans[3]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("cycle_s", [30.0, np.nan, 30.0]),
        ("bandwidth_hz", [1e8, -1.0, 1e8]),
        ("samples", [60_000, 2.5, 60_000]),
        ("samples", [60_000, 2**60, 60_000]),
        ("feature_bits", [32, 0, 32]),
        ("fixed_parameters", [280_440, 0.5, 280_440]),
        ("parameter_bits", [32, -8, 32]),
    ],
)
def test_a_bad_number_of_a_row_spoils_that_row_alone(name, values):
    batch = mel.Batch.vary(table1(learners=3), **{name: values})
    plans = mel.solve_many(batch)
    assert plans.status.tolist() == ["optimal", "invalid", "optimal"]
    with pytest.raises((ValueError, TypeError)):
        batch.problem(1)


def test_what_varies_by_row_is_what_each_problem_gets():
    problem = table1(learners=4)
    batch = mel.Batch.vary(
        problem,
        cycle_s=[20.0, 40.0],
        samples=np.array([1000, 60_000]),
        parameter_bits=[16, 32],
        gain=np.array([[1e-9], [1e-8]]),
        flops_per_s=[1e9, 2e9, 3e9, 4e9],
    )
    plans = mel.solve_many(batch)
    for row in range(2):
        assert len(batch[row].learners) == 4
        assert mel.solve(batch[row]).tau == plans.tau[row]
    assert batch[0].task.samples == 1000
    assert batch[1].cycle_s == 40.0
    assert batch[1].learners.gain.tolist() == [1e-8] * 4


@pytest.mark.parametrize(
    ("words", "match"),
    [
        ({"gain": np.ones((2, 3, 4))}, "shape"),
        ({"gain": np.ones((2, 3)), "flops_per_s": np.ones(4)}, "number of learners differs"),
        ({"gain": np.ones((2, 4)), "cycle_s": np.ones(3)}, "number of rows differs"),
        ({"gain": "x"}, "must be a number"),
        ({"cycle_s": np.ones((2, 2))}, "shape"),
        ({"gain": [[1.0], [1.0, 2.0]]}, "ragged"),
        ({"noise_power_w": 1e-9, "noise_density_w_per_hz": 1e-20}, "both"),
        ({"cycle_s": 30.0}, "rows"),
        ({"idle": "lazy", "rows": 1}, "idle"),
    ],
)
def test_shapes_and_words_that_do_not_fit_are_refused(words, match):
    with pytest.raises((ValueError, TypeError), match=match):
        mel.Batch.vary(table1(learners=4), **words)


@pytest.mark.parametrize("problems", [5, "ab", [1], None])
def test_other_things_than_problems_are_refused(problems):
    with pytest.raises(TypeError, match="problems"):
        mel.solve_many(problems)


def test_an_empty_batch_is_an_empty_result():
    plans = mel.solve_many([])
    assert len(plans) == 0
    assert plans.samples.size == 0
    assert "0 problems" in plans.summary()


def stopped_while_some_rows_remain(draws, **options):
    """Solve until a stop leaves rows unsolved: threads may do all before it is asked for."""
    for _ in range(50):
        plans = mel.solve_many(draws, threads=2, **options)
        if (plans.status == "unsolved").any():
            return plans
    pytest.fail("no stop came before all rows were done")


def test_a_stop_keeps_rows_that_are_done_and_says_which_are_not():
    draws = table1_draws(40_000, learners=20)
    seen = []

    def stop(done, rows, passes, elapsed_s):
        seen.append((done, rows))
        assert passes >= done - 1  # a row may be done whose passes are not yet counted
        return done > 100

    plans = stopped_while_some_rows_remain(draws, callback=stop)
    unsolved = plans.status == "unsolved"
    assert 100 < (~unsolved).sum() < 40_000
    assert all(rows == 40_000 for _, rows in seen)
    assert not plans.tau[unsolved].any()
    assert not plans.power_w[unsolved].any()
    assert (plans.tau[plans.status == "optimal"] > 0).all()
    with pytest.raises(ValueError, match="unsolved"):
        plans[int(np.flatnonzero(unsolved)[0])]


def test_a_time_limit_ends_the_batch():
    limit_s = 0.005
    plans = stopped_while_some_rows_remain(table1_draws(200_000, learners=2), time_limit_s=limit_s)
    # No row begins after the limit, however slow the machine: two threads, one last row each.
    assert plans.elapsed_s.sum() <= 2 * (limit_s + plans.elapsed_s.max())


def test_a_row_limit_stops_the_row_and_not_the_batch():
    plans = mel.solve_many(table1_draws(5, learners=10), row_time_limit_s=0.0)
    assert set(plans.status.tolist()) <= {"undecided", "feasible"}
    assert plans.cut_short.all()
    assert "stopped" in plans[0].reasons[0]


def test_an_exception_in_the_callback_comes_out():
    def fail(*_):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        # Asked every 10 ms: one row may be done before, this one is not.
        stopped_while_some_rows_remain(table1_draws(20_000, learners=20), callback=fail)


def test_ctrl_c_in_the_callback_returns_the_rows_done():
    sent = []

    def interrupt_once(done: int, *_: object) -> bool:
        if done and not sent:
            sent.append(True)
            signal.raise_signal(signal.SIGINT)
        return False

    # One call to the callback every 10 ms or so: enough rows that no machine is done before.
    draws = table1_draws(100_000, learners=10)
    with pytest.raises(mel.Interrupted) as caught:
        stopped_while_some_rows_remain(draws, callback=interrupt_once)
    done = (caught.value.plans.status != "unsolved").sum()
    assert 0 < done < 100_000


@LOST_IN_FINALISERS
def test_ctrl_c_within_the_core_returns_the_rows_done():
    draws = table1_draws(20_000, learners=10)
    for turn in range(50):  # until one comes within a call, and not between two or the last row
        stop = until_it_rings(
            lambda: mel.solve_many(draws, threads=2), KeyboardInterrupt(), 0.02 * (1 + turn)
        )
        if isinstance(stop, mel.Interrupted) and (stop.plans.status == "unsolved").any():
            break
        assert isinstance(stop, KeyboardInterrupt | mel.Interrupted)
    else:
        pytest.fail("no signal came within the core")


def test_it_works_after_a_fork():
    draws = table1_draws(100, learners=5)
    parent = mel.solve_many(draws, threads=2)
    child = os.fork()
    if child == 0:
        ok = same(parent, mel.solve_many(draws, threads=2))
        os._exit(0 if ok else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_what_cannot_fit_is_refused_before_it_is_tried(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 10_000)
    with pytest.raises(MemoryError, match="GB"):
        mel.solve_many(table1_draws(1000, learners=10))


def test_frames_have_a_row_a_problem_or_a_row_a_learner():
    pytest.importorskip("pandas")
    plans = mel.solve_many([table1(learners=2), table1(learners=3)])
    assert plans.to_dataframe()["tau"].tolist() == plans.tau.tolist()
    frame = plans.to_dataframe(allocation=True)
    assert frame.index.tolist() == [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]
    assert frame.loc[1, "samples"].tolist() == plans.samples[1].tolist()


def test_csv_and_parquet_hold_the_numbers(tmp_path):
    pandas = pytest.importorskip("pandas")
    problem = table1(learners=3)
    gain = np.tile(problem.learners.gain, (3, 1))
    gain[1, 0] = np.nan
    plans = mel.solve_many(mel.Batch.vary(problem, gain=gain))
    plans.save(tmp_path / "plans.csv")
    table = pandas.read_csv(tmp_path / "plans.csv")
    assert table["status"].tolist() == plans.status.tolist()
    assert json.loads(table["bandwidth_hz"][0]) == plans.bandwidth_hz[0].tolist()
    pytest.importorskip("pyarrow")
    plans.save(tmp_path / "plans.parquet")
    table = pandas.read_parquet(tmp_path / "plans.parquet")
    assert table["tau"].tolist() == plans.tau.tolist()
    assert table["power_w"][2].tolist() == plans.power_w[2].tolist()
    assert "gain[0]" in table["error"][1]
    with pytest.raises(ValueError, match=r"\.parquet or \.csv"):
        plans.save(tmp_path / "plans.txt")


def test_the_monte_carlo_example_runs():
    example = Path(__file__).parents[2] / "examples" / "monte_carlo.py"
    command = [sys.executable, str(example), "--draws", "40", "--learners", "5"]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert [line.split()[0] for line in out.splitlines()[1:4]] == [
        "joint",
        "task_only",
        "resource_only",
    ]
