"""How many samples fit at each number of local cycles, and the proof that no more do."""

import mel_fast as mel


def main() -> None:
    problem = mel.scenarios.table1(learners=20, cycle_s=30.0, seed=0)
    for tau in (4, 8, 9, 16):
        found = mel.most(problem, tau)
        print(f"tau = {tau}: {found.value:,} samples ({found.status})")
    found = mel.most(problem, 9)
    print(f"one more is impossible: {bool(mel.verify(found.proof.problem, found.proof))}")


if __name__ == "__main__":
    main()
