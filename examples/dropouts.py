"""Carry a plan out while learners drop out and channels drift, under three policies."""

import mel_fast as mel


def main() -> None:
    plan = mel.solve(mel.scenarios.table1(learners=20, cycle_s=30.0, seed=0))
    for seed in range(3):
        print(mel.simulate(plan, failures=0.1, gain_drift=2.0, seed=seed))


if __name__ == "__main__":
    main()
