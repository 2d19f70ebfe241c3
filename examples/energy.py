"""See how many local cycles the energy of the learners allows."""

import mel_fast as mel


def main() -> None:
    problem = mel.scenarios.table1(learners=20, cycle_s=30.0, seed=0)
    for energy_j in (float("inf"), 5.0, 3.0, 2.0, 1.0, 0.5):
        learners = problem.learners.replace(energy_j=energy_j, energy_per_flop_j=1e-10)
        plan = mel.solve(problem.replace(learners=learners))
        if plan.energy_j is None:
            print(f"{energy_j:4g} J each: {plan.status}, {'; '.join(plan.reasons)}")
        else:
            print(
                f"{energy_j:4g} J each: tau = {plan.tau}, the busiest learner spends "
                f"{plan.energy_j.max():.3f} J, all together {plan.energy_j.sum():.1f} J"
            )


if __name__ == "__main__":
    main()
