"""How large proofs are and how long checking them takes: python bench/proofs.py.

Every answer is proved by the checker before it is counted.
"""

import itertools
import sys
import time
from collections.abc import Iterable

import numpy as np

import mel_fast as mel
from mel_fast import reference

VARIANTS = tuple(
    itertools.product(("density", "fixed"), ("parallelized", "federated"), ("served", "excused"))
)
TIMED = (VARIANTS[0], VARIANTS[3], VARIANTS[4], VARIANTS[7])


def proved(problem: mel.Problem) -> tuple[mel.Plan, int]:
    """Return the plan and the boxes of its proof."""
    plan = mel.solve(problem)
    verdict = mel.verify(problem, plan)
    assert verdict.ok, verdict.reasons
    return plan, verdict.leaves


def table1(draws: int = 150) -> None:
    """Print how many draws of the paper's Table I need one price pair."""
    print("Table I draws, boxes a proof needs:")
    for learners, cycle_s in ((10, 10.0), (10, 30.0), (20, 30.0), (20, 60.0)):
        boxes = [
            proved(mel.scenarios.table1(learners=learners, cycle_s=cycle_s, seed=seed))[1]
            for seed in range(draws)
        ]
        share = sum(count == 1 for count in boxes) / draws
        print(f"  K={learners} T={cycle_s:g}: {share:.1%} one, at most {max(boxes)}")


def borderline(seeds: Iterable[int] = range(300)) -> None:
    """Print the boxes needed where budgets are 1e-5 off what the best split needs."""
    print("Borderline instances (2 to 8 learners, budgets 1e-5 above and below), boxes:")
    for law, setting, idle in VARIANTS:
        boxes, nodes = [], 0
        for seed in seeds:
            rng = np.random.default_rng(seed)
            learners, samples = int(rng.integers(2, 9)), int(rng.integers(2, 40))
            kinds = (None, 1, 2)[seed % 3]
            problem = reference.random_problem(
                rng, learners, samples, law=law, setting=setting, idle=idle, kinds=kinds
            )
            pair = reference.borderline_pair(problem, int(rng.integers(1, 13)), margin=1e-5)
            for instance in (pair and (pair.feasible, pair.infeasible)) or ():
                plan, count = proved(instance)
                boxes.append(count)
                nodes = max(nodes, plan.nodes)
        share = sum(count == 1 for count in boxes) / len(boxes)
        print(
            f"  {law} {setting} {idle}: {len(boxes)} instances, {share:.1%} one, "
            f"at most {max(boxes)}; at most {nodes} nodes in the solver"
        )


def check_times(sizes: Iterable[int]) -> None:
    """Print CPU seconds of `mel.verify` for learners that are all different."""
    print("CPU seconds to check:")
    print(f"{'K':>8}", *(f"{' '.join(variant):>29}" for variant in TIMED))
    for learners in sizes:
        times = []
        for law, setting, idle in TIMED:
            plans = (
                mel.solve(
                    reference.random_problem(
                        np.random.default_rng(seed),
                        learners,
                        60 * learners,
                        law=law,
                        setting=setting,
                        idle=idle,
                    )
                )
                for seed in range(100)
            )
            plan = next(plan for plan in plans if plan.tau)
            start = time.process_time()
            verdict = mel.verify(plan.problem, plan)
            times.append(time.process_time() - start)
            assert verdict.ok, verdict.reasons
        print(f"{learners:>8}", *(f"{seconds:>29.3f}" for seconds in times))


if __name__ == "__main__":
    table1()
    borderline()
    check_times([int(size) for size in sys.argv[1:]] or [10, 100, 1_000, 10_000, 100_000])
