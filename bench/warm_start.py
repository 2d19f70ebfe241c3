"""What a warm start saves: Table I problems whose gains moved by 1 dB, cold and warm."""

import time

import numpy as np

import mel_fast as mel

CASES = ((10, "served"), (20, "served"), (20, "excused"), (100_000, "excused"))


def timed(problem: mel.Problem, start: mel.Plan | None, repeats: int) -> tuple[float, mel.Plan]:
    best = float("inf")
    for _ in range(repeats):
        begin = time.perf_counter()
        plan = mel.solve(problem, start=start)
        best = min(best, time.perf_counter() - begin)
    return best, plan


def main() -> None:
    rng = np.random.default_rng(1)
    for learners, idle in CASES:
        count, repeats = (40, 7) if learners < 1000 else (1, 3)
        cold_s, warm_s, passes = 0.0, 0.0, [0, 0]
        for seed in range(count):
            problem = mel.scenarios.table1(learners=learners, cycle_s=30.0, seed=seed, idle=idle)
            plan = mel.solve(problem)
            drift = 10.0 ** (0.1 * rng.normal(0.0, 1.0, learners))
            column = problem.learners.gain * drift
            moved = problem.replace(learners=problem.learners.replace(gain=column))
            (cold, first), (warm, second) = (timed(moved, s, repeats) for s in (None, plan))
            assert (first.tau, first.bound) == (second.tau, second.bound)
            cold_s, warm_s = cold_s + cold, warm_s + warm
            passes = [passes[0] + first.passes, passes[1] + second.passes]
        before, after = (
            f"{1e6 * seconds / count:10.1f} us, {number / count:.1f} passes"
            for seconds, number in zip((cold_s, warm_s), passes, strict=True)
        )
        print(f"{learners:>7} {idle:<8} cold {before}; warm {after}")


if __name__ == "__main__":
    main()
