"""What a cell of 500 m spends at the least: planned bandwidth and speeds, one or neither of them.

``python -m mel_fast.experiments.radio.energy`` prints what docs/energy.md is about: the setting of
`uplink`, 50 users of 10 dBm with updates of 28.1 kbit, up to 2 GHz and kappa = 1e-28, as usual
since Yang, Chen, Saad, Hong, Shikh-Bahaei, Energy Efficient Federated Learning Over Wireless
Communication Networks (2021). Every user works ten times through its own samples.
"""

from typing import NamedTuple

import numpy as np

from mel_fast.bracket.energy.least import LeastEnergy
from mel_fast.experiments.radio.uplink import cell
from mel_fast.model.problem import Problem
from mel_fast.planning import least

COEFFICIENT = 1e-28
TAU = 10
CYCLES_S = (0.1, 0.15, 0.2, 0.3)


def spending_cell(seed: int, cycle_s: float, users: int = 50, *, chosen: bool = True) -> Problem:
    """Return one draw with energies; at full speed where speeds are not chosen."""
    problem = cell(seed, users=users).with_budgets(cycle_s=cycle_s)
    learners = problem.learners
    slow = None if chosen else learners.flops_per_s
    return problem.replace(
        learners=learners.replace(energy_coefficient=COEFFICIENT, min_flops_per_s=slow)
    )


def equal_j(problem: Problem) -> float:
    """Return what all spend with equal shares of the bandwidth; infinite where one is late."""
    users = len(problem.learners)
    radio = problem.radio.replace(bandwidth_hz=problem.radio.bandwidth_hz / users)
    total = 0.0
    for k in range(users):
        learners = problem.learners.take([k])
        assert learners.min_samples is not None
        flops = float(np.asarray(problem.payload.flops_per_sample)[k])
        given = problem._given
        assert given is not None
        alone = problem.replace(
            task=problem.task.replace(samples=int(learners.min_samples[0])),
            learners=learners,
            radio=radio,
            payload=given.replace(flops_per_sample=flops),
        )
        total += least(alone, TAU, "energy_j").value
    return total


class Row(NamedTuple):
    """Means over draws at one deadline, in joules; infinite where a draw is impossible."""

    cycle_s: float
    both_j: float
    speeds_j: float
    bandwidth_j: float
    width: float
    """The largest relative distance of the proved ends of `both_j`."""


def row(cycle_s: float, seeds: range, users: int = 50) -> Row:
    """Return one row of the table."""
    found: list[LeastEnergy] = []
    speeds, bandwidth = [], []
    for seed in seeds:
        problem = spending_cell(seed, cycle_s, users)
        found.append(least(problem, TAU, "energy_j"))
        speeds.append(equal_j(problem))
        bandwidth.append(
            least(spending_cell(seed, cycle_s, users, chosen=False), TAU, "energy_j").value
        )
    return Row(
        cycle_s,
        float(np.mean([one.value for one in found])),
        float(np.mean(speeds)),
        float(np.mean(bandwidth)),
        max(one.width for one in found),
    )


def table(draws: int = 20) -> list[Row]:
    """Return a row for each deadline."""
    return [row(cycle, range(draws)) for cycle in CYCLES_S]


def main() -> None:
    """Print the table."""
    print("| cycle | both planned | equal bandwidth | full speed, bandwidth planned |")
    print("|---|---|---|---|")
    rows = table()
    for one in rows:
        print(
            f"| {1e3 * one.cycle_s:g} ms | {one.both_j:.4f} J | {one.speeds_j:.4f} J "
            f"| {one.bandwidth_j:.4f} J |"
        )
    print(f"\nproved to a relative {max(one.width for one in rows):.1e}")


if __name__ == "__main__":
    main()
