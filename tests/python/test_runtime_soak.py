"""Over and over, in many processes and threads: nothing is lost, nothing grows."""

import os
import sys
import threading

import pytest

import mel_fast as mel

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="fork, and memory as Linux tells it"
)

PROBLEM = mel.scenarios.table1(learners=20, cycle_s=30.0, seed=0)
LARGE = mel.scenarios.table1(learners=40_000, cycle_s=30.0, seed=0, idle="excused")
MANY = mel.scenarios.table1_draws(50, learners=10, cycle_s=30.0)


def resident_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def stop_at_once(*_: object) -> bool:
    return True


def round_of_work() -> None:
    mel.solve(PROBLEM.replace(cycle_s=30.5), threads=2).to_json()
    mel.solve_many(MANY, threads=2)
    mel.fastest(PROBLEM, 5)
    mel.solve(LARGE, callback=stop_at_once, threads=2)
    with pytest.raises(ValueError, match="cycle_s"):
        PROBLEM.replace(cycle_s=-1.0)


def soak(rounds: int) -> None:
    for _ in range(rounds // 4):
        round_of_work()
    grown = []
    while not grown or grown[-1] >= 8 << 20:  # what grows, grows each time
        assert len(grown) < 4, grown
        before = resident_bytes()
        for _ in range(rounds):
            round_of_work()
        grown.append(resident_bytes() - before)


def test_memory_stays_as_it_is() -> None:
    soak(60)


@pytest.mark.long
def test_memory_stays_as_it_is_for_long() -> None:
    soak(3000)


def storm_of_forks(children: int) -> None:
    expected = mel.solve(LARGE, threads=2).power_w
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            mel.solve(LARGE, threads=2)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(children):
            child = os.fork()
            if child == 0:
                try:
                    right = (mel.solve(LARGE, threads=2).power_w == expected).all()
                    os._exit(0 if right else 1)
                finally:
                    os._exit(2)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        ended.set()
        thread.join()


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # since Python 3.12
def test_a_fork_while_another_thread_solves() -> None:
    storm_of_forks(10)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_forks_while_another_thread_solves_for_long() -> None:
    storm_of_forks(500)
