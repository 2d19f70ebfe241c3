"""Plan round after round while the channels move, each time from the last plan's prices."""

import numpy as np

import mel_fast as mel


def main() -> None:
    problem = mel.scenarios.table1(learners=50, cycle_s=30.0, seed=0, idle="excused")
    rng = np.random.default_rng(0)
    plan = mel.solve(problem)
    for number in range(10):
        learners = problem.learners
        drift = 10.0 ** (0.1 * rng.normal(0.0, 1.0, len(learners)))
        problem = problem.replace(learners=learners.replace(gain=learners.gain * drift))
        plan = plan.replan(problem)
        took = f"{plan.passes} passes, {1e6 * plan.elapsed_s:.0f} us"
        print(
            f"round {number}: tau = {plan.tau}, {np.count_nonzero(plan.samples)} learners, {took}"
        )


if __name__ == "__main__":
    main()
