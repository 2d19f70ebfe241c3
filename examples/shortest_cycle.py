"""Find the least cycle, bandwidth and power for a given number of local cycles."""

import mel_fast as mel


def main() -> None:
    problem = mel.scenarios.table1(learners=20, cycle_s=30.0, seed=0)
    plan = mel.solve(problem)
    for over in ("cycle_s", "bandwidth_hz", "power_w"):
        print(mel.least(problem, plan.tau, over).summary())
    least_power = mel.solve(problem, then="power")
    print(f"then='power': {least_power.power_w.sum():.6g} W instead of {plan.power_w.sum():.6g} W")


if __name__ == "__main__":
    main()
