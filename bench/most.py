"""CPU time of `most` at the best tau beside that of `solve` on the same problem, in one run.

python bench/most.py 20 100000 1000000
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import mel_fast as mel
from mel_fast.bench._measure import grown


def cpu_s(work: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    best, found = float("inf"), None
    for _ in range(repeats):
        began = time.thread_time()
        found = work()
        best = min(best, time.thread_time() - began)
    return best, found


def main() -> None:
    for learners in map(int, sys.argv[1:] or ["20", "100000"]):
        repeats = 20 if learners < 1000 else 2
        for law in ("density", "fixed"):
            for idle in ("served", "excused"):
                problem = grown(learners, law, idle)
                solved, plan = cpu_s(lambda p=problem: mel.solve(p), repeats)
                asked, found = cpu_s(lambda p=problem, t=plan.tau: mel.most(p, t), repeats)
                print(
                    f"K = {learners:,} {law} {idle}: solve {solved * 1e3:.2f} ms, "
                    f"most {asked * 1e3:.2f} ms, {asked / solved:.1f} times; {found.status}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
