"""Federated learning round after round, planned anew as the channel fades.

Every learner keeps its own samples (a Dirichlet division, so labels are not alike). In each round
the channel is a new draw; the plan says how many samples each learner uses, how often it passes
over them (tau), and with which bandwidth and power the model travels, so that all answers are back
within T seconds. Needs the extra [learn]; takes some seconds:

    python examples/federated_round.py
"""

import numpy as np

import mel_fast as mel
from mel_fast import learning, scenarios

LEARNERS, CYCLE_S, ROUNDS, SEED = 10, 1.5, 5, 0


def main() -> None:
    data = learning.digits()
    rng = np.random.default_rng(SEED)
    shards = learning.dirichlet_shards(data.train_y, LEARNERS, 0.5, rng)
    model = learning.ScikitMLP(64, hidden=(60, 30), batch=10, seed=SEED)
    print(f"round  time  tau  learners  accuracy ({data.name})")
    for number in range(ROUNDS):
        problem = scenarios.table1(
            LEARNERS,
            CYCLE_S,
            SEED,
            draw=number,
            setting="federated",
            idle="excused",
            samples=len(data.train_y),
        )
        plan = mel.solve(problem)
        if plan.samples is None:
            print(f"{number + 1:5}  nothing fits into {CYCLE_S} s: {'; '.join(plan.reasons)}")
            continue
        weights = model.get_weights()
        mean = learning.WeightedAverage()
        for shard, count in zip(shards, plan.samples, strict=True):
            if count:
                chosen = rng.choice(shard, count, replace=count > len(shard))
                model.set_weights(weights)
                model.train(data.train_x[chosen], data.train_y[chosen], plan.tau, rng)
                mean.add(model.get_weights(), int(count))
        model.set_weights(mean.result())
        print(
            f"{number + 1:5} {(number + 1) * CYCLE_S:4.1f}s {plan.tau:4} "
            f"{np.count_nonzero(plan.samples):9} {model.score(data.test_x, data.test_y):9.1%}"
        )


if __name__ == "__main__":
    main()
