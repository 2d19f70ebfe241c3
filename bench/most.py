"""CPU time of `most` at the best tau, in times of the plain `solve` of the same learners.

    python bench/most.py 100000 1000000

With channels that differ little and with Rayleigh's, both laws, both readings: as many samples as
fit, as much weight (integers from 1 to 9), as many samples of those who take part with all that
they have (one to 2.5 times the mean) or not at all, and as many learners. Each question and the
plain solve by turns, the least of several. An answer that is enclosed and not proved says by how
much.
"""

import sys
import time
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, get_args

import numpy as np
from options import even

import mel_fast as mel
from mel_fast.bench._measure import grown
from mel_fast.model.problem import Idle
from mel_fast.model.radio import Law


def cpu_s(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds of this thread that one run took, and what it found."""
    began = time.thread_time()
    found = work()
    return time.thread_time() - began, found


def questions(problem: mel.Problem, tau: int) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield what is asked, by name."""
    rng = np.random.default_rng(0)
    size = len(problem.learners)
    weights = rng.integers(1, 10, size).astype(np.float64)
    own = rng.integers(1, int(2.5 * problem.task.samples / size) + 1, size)
    weighted = problem.replace(learners=problem.learners.replace(weight=weights))
    chosen = problem.learners.replace(
        min_samples=own, max_samples=own, optional=np.ones(size, dtype=bool)
    )
    whole = problem.replace(learners=chosen)
    yield "samples", lambda: mel.most(problem, tau)
    yield "integer weights", lambda: mel.most(weighted, tau, of="weight")
    yield "all or nothing", lambda: mel.most(whole, tau)
    yield "learners", lambda: mel.most(problem, tau, of="learners")


def times(problem: mel.Problem, ask: Callable[[], Any], repeats: int) -> str:
    """Return how many times the plain solve a question took, and what stayed open."""
    least, plain, found = float("inf"), float("inf"), None
    for _ in range(repeats):
        took, found = cpu_s(ask)
        least = min(least, took)
        plain = min(plain, cpu_s(lambda: mel.solve(problem))[0])
    assert found is not None
    gap = "" if found.status == "optimal" else f" ({found.bound - found.value:g} open)"
    return f"{least / plain:.1f}{gap}"


def main() -> None:
    """Print a row a problem."""
    for learners in map(int, sys.argv[1:] or ["20", "100000"]):
        names = "samples | integer weights | all or nothing | learners"
        print(f"\n| K = {learners:,} | solve, ms | {names} |")
        print("|---|" + "---:|" * 5)
        draws = (("even", even), ("Rayleigh", grown))
        for (name, draw), law, idle in product(draws, get_args(Law), get_args(Idle)):
            problem = draw(learners, law, idle)
            repeats = 20 if learners < 1000 else 4
            alone, plan = cpu_s(lambda p=problem: mel.solve(p))
            cells = [times(problem, ask, repeats) for _, ask in questions(problem, plan.tau)]
            head = f"{name} channels, {law}, {idle}"
            print(f"| {head} | {1e3 * alone:.0f} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
