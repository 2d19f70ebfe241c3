"""Who takes part: clients that bring all of their data or nothing, chosen with their radio."""

import numpy as np

import mel_fast as mel


def main() -> None:
    drawn = mel.scenarios.table1(learners=30, seed=4, idle="excused", setting="federated")
    own = np.random.default_rng(4).integers(200, 2_000, 30)
    problem = drawn.replace(
        learners=drawn.learners.replace(
            min_samples=own,  # all of its data
            max_samples=own,
            optional=True,  # or nothing
            weight=np.linspace(0.5, 2.0, 30),  # what a client's samples are worth, loss or age
        ),
        radio=drawn.radio.replace(bandwidth_hz=5e5),
        cycle_s=30.0,
    )
    for of in ("learners", "samples", "weight"):
        found = mel.most(problem, tau=5, of=of)
        clients = np.flatnonzero(found.plan.samples)
        checked = mel.verify(found.proof.problem, found.proof)
        print(
            f"{of}: {found.value:,.6g} of {clients.size} clients ({found.status}), {bool(checked)}"
        )
    few = drawn.replace(
        task=drawn.task.replace(samples=3_000), radio=problem.radio, cycle_s=problem.cycle_s
    )
    for least in (0, 10, 13):
        plan = mel.solve(few, at_least=least)
        print(f"at least {least}: tau = {plan.tau}, {np.count_nonzero(plan.samples)} take part")


if __name__ == "__main__":
    main()
