"""How much sooner a shared uplink is through when its bandwidth is planned: a cell of 500 m.

``python -m mel_fast.experiments.radio.uplink`` prints the table of docs/uplink.md. The numbers are
usual ones of federated learning over cells, as in Yang, Chen, Saad, Hong, Shikh-Bahaei, Energy
Efficient Federated Learning Over Wireless Communication Networks (2021): 50 users, here in a disc
of 500 m and without shadowing, path loss 128.1 + 37.6 log10(d/km) dB, -174 dBm/Hz, 20 MHz, updates
of 28.1 kbit, 500 samples each, 1e4 to 3e4 cycles a sample at 2 GHz. What the users receive takes no
time.
"""

from typing import NamedTuple

import numpy as np

from mel_fast._base.validation import FloatColumn
from mel_fast.model.learners import Learners
from mel_fast.model.payload import Payload
from mel_fast.model.problem import Problem
from mel_fast.model.radio import Radio
from mel_fast.model.task import LearningTask
from mel_fast.planning import least

RADIUS_KM = 0.5
NEAREST_KM = 0.001
BANDWIDTH_HZ = 20e6
NOISE_W_PER_HZ = 1e-3 * 10.0**-17.4
UPDATE_BITS = 28_100.0
SAMPLES = 500
CYCLES = (1e4, 3e4)
SPEED_HZ = 2e9
POWERS_DBM = (0.0, 5.0, 10.0, 15.0, 20.0)


def cell(seed: int, power_dbm: float = 10.0, users: int = 50) -> Problem:
    """Return one draw; every user works through all its own samples."""
    rng = np.random.default_rng(seed)
    km = np.maximum(RADIUS_KM * np.sqrt(rng.random(users)), NEAREST_KM)
    loss = 128.1 + 37.6 * np.log10(km)
    own = np.full(users, SAMPLES)
    task = LearningTask(
        samples=SAMPLES * users,
        features=784,
        feature_bits=8,
        fixed_parameters=0,
        parameters_per_sample=0,
        parameter_bits=1,
        flops_per_sample=CYCLES[0],
        setting="federated",
    )
    return Problem(
        task,
        Learners(
            flops_per_s=SPEED_HZ,
            gain=10.0 ** (-0.1 * loss),
            send_bandwidth_hz=BANDWIDTH_HZ,
            send_power_w=1.0,
            max_power_w=1e-3 * 10.0 ** (0.1 * power_dbm),
            min_samples=own,
            max_samples=own,
        ),
        Radio(BANDWIDTH_HZ, noise_density_w_per_hz=NOISE_W_PER_HZ, shared="return"),
        cycle_s=1.0,
        payload=Payload(return_bits=UPDATE_BITS, flops_per_sample=rng.uniform(*CYCLES, users)),
    )


def equal_s(problem: Problem, tau: int) -> float:
    """Return the cycle that equal shares of the bandwidth need."""
    users = len(problem.learners)
    rates = problem.rates(problem.radio.bandwidth_hz / users, problem.learners.max_power_w)
    return float((computing_s(problem, tau) + UPDATE_BITS / rates).max())


def computing_s(problem: Problem, tau: int) -> FloatColumn:
    """Return how long each user computes."""
    flops = tau * SAMPLES * np.asarray(problem.payload.flops_per_sample)
    return np.asarray(flops / problem.learners.flops_per_s)


class Row(NamedTuple):
    """Means over draws at one power."""

    power_dbm: float
    least_s: float
    equal_s: float
    saved: float
    width: float
    """The largest relative distance of the proved ends of `least_s`."""


def row(power_dbm: float, tau: int, seeds: range) -> Row:
    """Return one row of the table."""
    ends = []
    for seed in seeds:
        problem = cell(seed, power_dbm)
        planned = least(problem, tau, "cycle_s")
        ends.append((planned.lower, planned.amount, equal_s(problem, tau)))
    lower, amount, equal = np.transpose(ends)
    return Row(
        power_dbm,
        float(amount.mean()),
        float(equal.mean()),
        float((1.0 - amount / equal).mean()),
        float((1.0 - lower / amount).max()),
    )


def table(tau: int = 10, draws: int = 20) -> list[Row]:
    """Return a row for each power."""
    return [row(power, tau, range(draws)) for power in POWERS_DBM]


def main() -> None:
    """Print the table."""
    print("| own power | least cycle | equal bandwidth | saved |")
    print("|---|---|---|---|")
    rows = table()
    for one in rows:
        print(
            f"| {one.power_dbm:g} dBm | {1e3 * one.least_s:.2f} ms | {1e3 * one.equal_s:.2f} ms "
            f"| {100.0 * one.saved:.1f} % |"
        )
    print(f"\nproved to a relative {max(one.width for one in rows):.1e}")


if __name__ == "__main__":
    main()
