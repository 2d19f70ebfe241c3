"""Show where the number of local cycles steps up as bandwidth grows (extra [plot])."""

import mel_fast as mel


def main() -> None:
    problem = mel.scenarios.table1(learners=20, cycle_s=30.0, seed=0)
    found = mel.frontier(problem, "bandwidth_hz")
    print(found.summary())
    found.plot("frontier.png")


if __name__ == "__main__":
    main()
