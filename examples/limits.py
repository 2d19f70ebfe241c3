"""Federated learning in which every learner has data of its own and caps on the radio."""

import numpy as np

import mel_fast as mel


def main() -> None:
    problem = mel.scenarios.table1(learners=20, cycle_s=30.0, seed=0, setting="federated")
    own = np.random.default_rng(0).integers(2_000, 6_000, 20)
    limits = {"max_samples": own, "max_bandwidth_hz": 8e6, "max_power_w": 0.03}
    limited = problem.replace(learners=problem.learners.replace(**limits))

    print("nobody is limited:", mel.solve(problem))
    plan = mel.solve(limited)
    print(plan.summary())
    for name in limits:
        without = limited.replace(learners=limited.learners.replace(**{name: None}))
        print(f"without {name}: tau = {mel.solve(without).tau}")
    print(plan.explain())

    too_tight = (
        {"max_samples": 2_900},
        {"max_bandwidth_hz": 2e4},
        {"min_samples": 2_500, "energy_j": 0.2, "energy_per_flop_j": 1e-10},
        {"energy_j": 0.35, "energy_per_flop_j": 1e-10},
    )
    for changes in too_tight:
        learners = problem.learners.replace(**changes)
        print(mel.solve(problem.replace(learners=learners)).reasons[0])


if __name__ == "__main__":
    main()
