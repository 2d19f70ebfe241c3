"""Monte-Carlo over channel draws: how many local cycles each scheme gets out of Table I.

    python examples/monte_carlo.py [--draws 10000] [--learners 20] [--cycle-s 30] [--threads 2]

Draws gains for many instances at once, solves them with the three schemes through the batch door,
and prints the spread of tau, the gain of planning jointly, and what a draw costs to solve.
"""

import argparse

import numpy as np

import mel_fast as mel


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--learners", type=int, default=20)
    parser.add_argument("--cycle-s", type=float, default=30.0)
    parser.add_argument("--threads", type=int, default=2)
    words = parser.parse_args()

    draws = mel.scenarios.table1_draws(words.draws, words.learners, words.cycle_s)
    batch = mel.Batch.from_draws(draws)
    found = {
        scheme: mel.solve_many(batch, scheme=scheme, threads=words.threads)
        for scheme in ("joint", "task_only", "resource_only")
    }
    header = ("proved", "none", "10 %", "median", "90 %", "us")
    print(f"{'scheme':15}" + "".join(f"{word:>8}" for word in header))
    for scheme, plans in found.items():
        proved = np.isin(plans.status, ("optimal", "infeasible")).mean()
        none = (plans.status == "infeasible").mean()
        low, middle, high = np.quantile(plans.tau, (0.1, 0.5, 0.9))
        each = plans.total_s / len(plans) * 1e6
        quantiles = f"{low:8g}{middle:8g}{high:8g}"
        print(f"{scheme:15}{proved:8.2%}{none:8.2%}{quantiles}{each:8.1f}")
    both = (found["joint"].tau > 0) & (found["resource_only"].tau > 0)
    gain = found["joint"].tau[both] / found["resource_only"].tau[both]
    if both.any():
        print(f"joint over resource_only, where both have a plan: median x {np.median(gain):.2f}")


if __name__ == "__main__":
    main()
