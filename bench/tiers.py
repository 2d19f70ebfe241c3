"""Processor time of exact schedules over tiers, their check and their frontier."""

import time
from collections.abc import Callable

import numpy as np

from mel_fast.tiers import Job, Tier, check, frontier, schedule


def best_s(call: Callable[[], object], calls: int, repeats: int) -> float:
    """Return the least mean time of a call."""
    found = []
    for _ in range(repeats):
        begin = time.process_time()
        for _ in range(calls):
            call()
        found.append((time.process_time() - begin) / calls)
    return min(found)


def main() -> None:
    small = [
        Tier("end", 8, 0.52, accuracy=0.5),
        Tier("edge", 4, 0.415, 0.5, accuracy=0.61),
        Tier("cloud", 1, 0.55, 1.0, accuracy=0.73),
    ]
    rng = np.random.default_rng(0)
    large = [
        Tier("end", 6000, rng.uniform(0.2, 2.0, 6000)),
        Tier("edge", 3900, rng.uniform(0.5, 3.0, 3900)),
        Tier("cloud", 100, rng.uniform(0.1, 0.3, 100), 1.0),
    ]
    few, many = Job(200), Job(10**6)
    found = schedule(many, large)
    for words, call, calls, repeats in (
        ("200 tasks, 13 devices", lambda: schedule(few, small), 1000, 7),
        ("checked, starts included", lambda: check(schedule(few, small)), 100, 7),
        ("frontier of all 201 numbers", lambda: frontier(few, small), 3, 7),
        ("1e6 tasks, 1e4 devices", lambda: schedule(many, large), 1, 5),
        ("with all start times", lambda: schedule(many, large).starts_s, 1, 5),
        ("checked", lambda: check(found), 1, 2),
    ):
        print(f"{words}: {best_s(call, calls, repeats):.3g} s")


if __name__ == "__main__":
    main()
