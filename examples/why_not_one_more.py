"""Say why not one local cycle more fits, and why in another problem nothing does."""

import mel_fast as mel


def main() -> None:
    plan = mel.solve(mel.scenarios.table1(learners=20, cycle_s=30.0, seed=0))
    print(plan.prices)
    print(plan.explain())
    print()
    print(mel.solve(mel.scenarios.table1(learners=20, cycle_s=30.0, law="fixed")).explain())


if __name__ == "__main__":
    main()
