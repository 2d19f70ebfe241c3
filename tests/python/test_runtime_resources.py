"""Where the system gives fewer threads or less memory than asked for."""

import os
import subprocess
import sys
import textwrap
import threading
from typing import NoReturn

import pytest

import mel_fast as mel
from patience import NEVER_S

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits as Linux keeps them")

# What is asked is done once beforehand in the same process: imports need memory, too.
WALK = """
    import resource, sys
    import mel_fast as mel

    large = mel.scenarios.table1(learners=60_000, cycle_s=30.0, seed=0, idle="excused")
    small = [mel.scenarios.table1(learners=20, cycle_s=30.0, seed=seed) for seed in range(20)]
    arrays = mel.scenarios.table1_draws(200, learners=50, cycle_s=30.0)

    def fresh(problem):
        return problem.replace(cycle_s=problem.cycle_s)  # whose core is not built yet

    def told(plan):
        return plan.tau, plan.bound, str(plan.status), plan.power_w.tolist(), plan.samples.tolist()

    def told_many(plans):
        return plans.tau.tolist(), plans.status.tolist(), plans.power_w.ravel().tolist()

    WORK = {
        "solve": lambda: told(mel.solve(fresh(large), threads=64)),
        "arrays": lambda: told_many(mel.solve_many(arrays, threads=32)),
        "problems": lambda: told_many(mel.solve_many([fresh(large)] * 4, threads=4)),
        "least": lambda: told(mel.fastest(fresh(small[0]), 5, threads=8).plan),
        "explain": lambda: str(mel.solve(fresh(small[0]), threads=2).explain(threads=8)),
        "check": lambda: str(mel.verify(small[1], mel.solve(small[1]))),
    }
    expected = {name: work() for name, work in WORK.items()}
    for room in map(int, sys.argv[1:]):
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + room, resource.RLIM_INFINITY))
        for name, work in WORK.items():
            try:
                word = "right" if work() == expected[name] else "wrong"
            except MemoryError:
                word = "refused"
            print(room, name, word, flush=True)
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
"""


def walk(*rooms: int) -> list[tuple[str, ...]]:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(WALK), *map(str, rooms)],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
        # What was freed goes back to the system, so that the limit is felt.
        env={**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"},
    )
    assert done.returncode == 0, done.stderr
    lines = [tuple(line.split()) for line in done.stdout.splitlines()]
    assert len(lines) == 6 * len(rooms)
    return lines


def assert_prints(code: str, word: str) -> None:
    """Run `code` in a process of its own, which must print just the word."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.stdout == f"{word}\n", done.stderr


def test_with_little_memory_an_answer_is_right_or_refused() -> None:
    lines = walk(0, 1 << 20, 8 << 20, 32 << 20, 256 << 20)
    assert {word for *_, word in lines} <= {"right", "refused"}
    assert all(word == "right" for room, _, word in lines if int(room) == 256 << 20)


@pytest.mark.long
def test_with_little_memory_an_answer_is_right_or_refused_at_every_step() -> None:
    lines = walk(*range(0, 64 << 20, 1 << 19))
    assert {word for *_, word in lines} <= {"right", "refused"}


@pytest.mark.parametrize(("threads", "room"), [(2, 4 << 20), (512, 600_000_000)])
def test_where_threads_cannot_be_made_the_others_do_the_work(threads: int, room: int) -> None:
    code = f"""
        import os, resource
        import mel_fast as mel
        problem = mel.scenarios.table1(learners=60_000, cycle_s=30.0, seed=0, idle="excused")
        small = [mel.scenarios.table1(learners=20, cycle_s=30.0, seed=seed) for seed in range(50)]
        alone, alone_many = mel.solve(problem), mel.solve_many(small)
        stacks = resource.getrlimit(resource.RLIMIT_STACK)
        resource.setrlimit(resource.RLIMIT_STACK, (64 << 20, stacks[1]))
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + {room}, resource.RLIM_INFINITY))
        try:
            plan = mel.solve(problem, threads={threads})
            assert (plan.power_w == alone.power_w).all() and plan.tau == alone.tau
        except MemoryError:
            assert {room} < 100_000_000
        plans = mel.solve_many(small, threads={threads})
        assert (plans.power_w == alone_many.power_w).all()
        child = os.fork()
        if child == 0:
            plans = mel.solve_many(small, threads={threads})
            os._exit(0 if (plans.power_w == alone_many.power_w).all() else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        print("right")
    """
    assert_prints(code, "right")


def test_limits_and_callbacks_hold_where_threads_are_missing() -> None:
    code = """
        import resource
        import mel_fast as mel
        problem = mel.scenarios.table1(learners=200_000, cycle_s=30.0, seed=0, idle="excused")
        problem._core
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 600_000_000, resource.RLIM_INFINITY))
        stopped = mel.solve(problem, threads=512, time_limit_s=0.0)
        assert stopped.tau <= stopped.bound and str(stopped.status) != "optimal"
        def interrupt(*_):
            raise KeyboardInterrupt
        try:
            mel.solve(problem, threads=512, callback=interrupt)
        except mel.Interrupted as found:
            assert found.plan.tau <= found.plan.bound
            print("interrupted")
    """
    assert_prints(code, "interrupted")


def test_cp_sat_goes_on_without_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ortools")
    problem = mel.scenarios.table1(learners=2, cycle_s=30.0, seed=0)
    expected = mel.cp_sat.bracket(problem, bandwidth_steps=8, power_steps=8, time_limit_s=NEVER_S)

    def refuse(_: threading.Thread) -> NoReturn:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    found = mel.cp_sat.bracket(problem, bandwidth_steps=8, power_steps=8, time_limit_s=NEVER_S)
    assert (found.lower, found.upper) == (expected.lower, expected.upper)
