"""The solver as a guest in somebody's process: signals, forks, threads, limits, memory."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import mel_fast as mel
from exact import violations

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and fork as in POSIX")

LONG_SOLVE = """
    import sys
    import numpy as np
    import mel_fast as mel

    def large(learners):
        rng = np.random.default_rng(0)
        return mel.Problem(
            mel.LearningTask(learners * 6000, 784, 32, 280_440, 0, 32, 1_123_736.0),
            mel.Learners(
                flops_per_s=rng.uniform(0.7e9, 2.4e9, learners),
                gain=1e-9 * rng.exponential(size=learners),
                return_bandwidth_hz=5e6,
                return_power_w=0.2,
            ),
            mel.Radio(1e7 * learners, 0.02 * learners, noise_density_w_per_hz=4e-21),
            cycle_s=30.0,
            idle="excused",
        )
"""


def run_python(code: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def without_time(plan: mel.Plan) -> dict:
    content = plan.to_dict()
    content.pop("elapsed_s")
    return content


@POSIX
@pytest.mark.parametrize(
    "work",
    [
        "mel.solve(problem)",
        "mel.solve(problem, threads=2)",
        'mel.solve(problem, then="power")',
        "mel.fastest(problem, 3)",
    ],
)
def test_ctrl_c_within_a_solve_brings_the_best_plan_so_far(work: str) -> None:
    code = textwrap.dedent(LONG_SOLVE) + textwrap.dedent(f"""
        problem = large(1_000_000)
        problem._core
        stop = None
        while stop is None:
            try:
                print("ready", flush=True)
                while True:  # ended by the signal alone, however fast the machine
                    {work}
            except mel.Interrupted as found:
                stop = found
            except KeyboardInterrupt:
                print("missed", "-", flush=True)
        print("interrupted", stop.plan.status, flush=True)
        assert stop.plan.tau <= stop.plan.bound
    """)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        word = ""
        while word != "interrupted":  # a signal between two calls is sent again
            assert process.stdout.readline() == "ready\n"
            time.sleep(0.5)  # into a call, most likely; nothing depends on it
            process.send_signal(signal.SIGINT)
            word, _ = process.stdout.readline().split()
        assert process.wait(timeout=600) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@POSIX
def test_solve_works_after_fork() -> None:
    done = run_python("""
        import os, sys
        import mel_fast as mel
        problem = mel.scenarios.table1(learners=20, cycle_s=30.0, seed=0)
        before = mel.solve(problem, threads=2)
        child = os.fork()
        if child == 0:
            after = mel.solve(problem, threads=2)
            same = after.tau == before.tau and (after.samples == before.samples).all()
            os._exit(0 if same else 1)
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """)
    assert done.returncode == 0, done.stderr


def test_many_threads_solving_at_once_give_the_same_answers() -> None:
    problems = [
        mel.scenarios.table1(learners=learners, cycle_s=30.0, seed=seed)
        for learners in (5, 20, 100)
        for seed in range(20)
    ]
    alone = [without_time(mel.solve(problem)) for problem in problems]
    start = threading.Barrier(8)

    def solve_all(offset: int) -> list[dict]:
        start.wait()
        order = np.roll(np.arange(len(problems)), offset)
        found = {int(i): without_time(mel.solve(problems[i])) for i in order}
        return [found[i] for i in range(len(problems))]

    with ThreadPoolExecutor(8) as pool:
        for answers in pool.map(solve_all, range(0, 56, 7)):
            assert answers == alone


def test_one_problem_shared_by_many_threads() -> None:
    problem = mel.scenarios.table1(learners=50, cycle_s=30.0, seed=3)
    alone = without_time(mel.solve(problem))
    problem = mel.Problem.from_dict(problem.to_dict())  # its core is not built yet
    with ThreadPoolExecutor(8) as pool:
        for plan in pool.map(lambda _: mel.solve(problem, threads=2), range(64)):
            assert without_time(plan) == alone


@pytest.mark.parametrize("scheme", ["joint", "task_only", "resource_only"])
@pytest.mark.parametrize("learners", [1, 20, 100_000])
def test_time_limit_zero_returns_at_once_with_a_valid_bound(scheme: str, learners: int) -> None:
    problem = mel.scenarios.table1(learners=learners, cycle_s=30.0, seed=0, idle="excused")
    problem._core  # noqa: B018  the conversion is not the solver's time
    plan = mel.solve(problem, scheme=scheme, time_limit_s=0.0)
    assert plan.passes <= 1  # counted, not timed: the same on every machine
    assert plan.tau <= plan.bound
    full = mel.solve(problem, scheme=scheme)
    assert plan.tau <= full.tau <= full.bound <= plan.bound
    if learners <= 20:
        assert plan.samples is None or violations(plan) == []
        verdict = mel.verify(problem, plan)
        assert verdict.ok, verdict.reasons


def test_callback_stops_the_solver_and_its_exceptions_arrive() -> None:
    problem = mel.scenarios.table1(learners=100_000, cycle_s=30.0, seed=0, idle="excused")
    calls = []

    def stop(tau: int, bound: int, passes: int, elapsed_s: float) -> bool:
        calls.append((tau, bound, passes, elapsed_s))
        return True

    plan = mel.solve(problem, callback=stop)
    assert plan.tau <= plan.bound
    for tau, bound, passes, elapsed_s in calls:
        assert 0 <= tau <= bound
        assert passes >= 0
        assert elapsed_s >= 0

    class StoppedError(Exception):
        pass

    def fail(*_: object) -> bool:
        raise StoppedError

    if calls:
        with pytest.raises(StoppedError):
            mel.solve(problem, callback=fail)


def test_a_trillion_learners_are_refused_before_memory_is_taken() -> None:
    huge = np.broadcast_to(np.float64(1e9), 10**12)
    start = time.process_time()
    with pytest.raises((ValueError, MemoryError), match=r"flops_per_s|learners|memory|allocate"):
        mel.Learners(huge, 1e-9, 5e6, 0.2)
    with pytest.raises((ValueError, MemoryError), match=r"count|learners|memory|allocate"):
        mel.Learners(1e9, 1e-9, 5e6, 0.2, count=10**12)
    assert time.process_time() - start < 20.0  # to touch 10^12 numbers takes minutes


def test_subnormals_still_work_after_import() -> None:
    done = run_python("""
        import mel_fast as mel
        mel.solve(mel.scenarios.table1(learners=20, cycle_s=30.0, seed=0), threads=2)
        import numpy as np
        assert 2.0**-1022 / 4 > 0
        assert (np.full(100, 2.0**-1022) / 4 > 0).all()
        assert float.fromhex("0x1p-1074") + 0.0 > 0
    """)
    assert done.returncode == 0, done.stderr


def test_import_and_solve_leave_signal_handlers_alone() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    mel.solve(mel.scenarios.table1(learners=20, cycle_s=30.0, seed=0))
    assert {number: signal.getsignal(number) for number in before} == before


def test_answers_are_the_same_in_every_process() -> None:
    code = """
        import mel_fast as mel
        plan = mel.solve(mel.scenarios.table1(learners=37, cycle_s=30.0, seed=5, idle="excused"))
        print(plan.tau, plan.samples.tolist(), [b.hex() for b in plan.bandwidth_hz.tolist()])
    """
    first, second = run_python(code), run_python(code)
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="the module has another name since")
def test_a_subinterpreter_is_told_that_it_is_one() -> None:
    done = run_python("""
        import _xxsubinterpreters as interpreters
        inner = interpreters.create()
        for code in ("import mel_fast", "import mel_fast._core", "import mel_fast.verify"):
            try:
                interpreters.run_string(inner, code)
            except interpreters.RunFailedError as error:
                assert "ImportError" in str(error) and "subinterpreter" in str(error), error
            else:
                raise SystemExit("imported")
        import mel_fast
        print(mel_fast.solve(mel_fast.scenarios.table1()).tau)
    """)
    assert done.stdout == "8\n", done.stderr
