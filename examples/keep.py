"""The channels moved, but some learners already hold their samples: plan around them."""

import numpy as np

import mel_fast as mel


def main() -> None:
    problem = mel.scenarios.table1(learners=20, cycle_s=30.0, seed=0)
    plan = mel.solve(problem)
    drift = 10.0 ** (0.1 * np.random.default_rng(0).normal(0.0, 6.0, 20))
    moved = problem.replace(learners=problem.learners.replace(gain=problem.learners.gain * drift))

    afresh = plan.replan(moved)
    print(f"planned: tau = {plan.tau}; channels moved, planned afresh: tau = {afresh.tau}")
    for count in (5, 10, 15, 20):
        kept = plan.replan(moved, keep=range(count))
        same = np.array_equal(kept.samples[:count], plan.samples[:count]) if kept.tau else "-"
        print(f"learners 0 to {count - 1} keep theirs: tau = {kept.tau}, kept: {same}")
    print("two numbers of one's own:", mel.solve(moved, keep={0: 6_000, 1: 0}).samples[:2])


if __name__ == "__main__":
    main()
