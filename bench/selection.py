"""Clients chosen with their radio: a greedy rule and CP-SAT beside `most`, all of the data or none.

The greedy rule has the same power a hertz for everybody and adds the client that then needs the
least bandwidth, until the bandwidth is full. CP-SAT chooses one of 40 bandwidths for each client
(the power follows), in integers rounded against it: what it finds fits, its bound is that of the
grid. One thread each; `most` ends after ten seconds, CP-SAT after as much work.

    python bench/selection.py 20 100 1000 100000 1000000
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import mel_fast as mel

TAU = 5
LEVELS = 40
MOST_S = 10.0  # by the clock
CP_SAT_WORK = 10.0  # about seconds, whatever else the machine does
UNITS = 10**9  # of the power budget, for CP-SAT


def drawn(count: int) -> mel.Problem:
    """Return clients in a disc, whose budgets hold about half of them."""
    problem = mel.scenarios.table1(count, seed=1, idle="excused", setting="federated")
    rng = np.random.default_rng(1)
    own = rng.integers(200, 2_000, count)
    return problem.replace(
        learners=problem.learners.replace(
            min_samples=own, max_samples=own, optional=True, weight=rng.integers(1, 10, count)
        ),
        radio=problem.radio.replace(bandwidth_hz=4e4 * count, power_w=0.01 * count),
        cycle_s=30.0,
    )


def needed_rates(problem: mel.Problem) -> Any:
    """Bits a second that each client needs for all of its data; infinite where none will do."""
    learners, payload = problem.learners, problem.payload
    own = learners.max_samples
    back = payload.return_bits + payload.return_bits_per_sample * own
    left = problem.cycle_s - TAU * own * payload.flops_per_sample / learners.flops_per_s
    left = left - back / problem.return_rates()
    bits = payload.send_bits + payload.send_bits_per_sample * own
    return np.where(left > 0, bits / np.maximum(left, 1e-300), np.inf)


def greedy(problem: mel.Problem) -> Any:
    """Who is chosen by least bandwidth at the same power a hertz."""
    radio = problem.radio
    rate = needed_rates(problem)
    snr = radio.power_w / radio.bandwidth_hz * problem.learners.gain / radio.noise
    need = rate / np.log2(1.0 + snr)
    order = np.argsort(need)
    return order[np.cumsum(need[order]) <= radio.bandwidth_hz]


def cp_sat(problem: mel.Problem, worth: Any) -> str:
    """Return the value that CP-SAT finds on the grid, and its bound there."""
    from ortools.sat.python import cp_model

    radio, learners = problem.radio, problem.learners
    rate = needed_rates(problem)
    model = cp_model.CpModel()
    chosen, bands, watts, worths = [], [], [], []
    steps = np.unique(np.round(np.geomspace(1, 4_000, LEVELS)).astype(int))
    unit = radio.bandwidth_hz / 40_000
    for k in np.flatnonzero(np.isfinite(rate)):
        hertz = steps * unit
        with np.errstate(over="ignore"):
            power = radio.noise * hertz / learners.gain[k] * np.expm1(rate[k] / hertz * np.log(2))
            scaled = np.ceil(power / radio.power_w * UNITS * (1 + 1e-12))
        options = np.flatnonzero(scaled <= UNITS)
        # More bandwidth that saves no unit of power is never chosen.
        options = options[np.diff(scaled[options], prepend=np.inf) < 0]
        mine = [model.new_bool_var("") for _ in options]
        model.add_at_most_one(mine)
        chosen += mine
        bands += steps[options].tolist()
        watts += scaled[options].astype(int).tolist()
        worths += [int(worth[k])] * len(mine)
    model.add(cp_model.LinearExpr.weighted_sum(chosen, bands) <= 40_000)
    model.add(cp_model.LinearExpr.weighted_sum(chosen, watts) <= UNITS)
    model.maximize(cp_model.LinearExpr.weighted_sum(chosen, worths))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_deterministic_time = CP_SAT_WORK
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return "nothing"
    return f"{solver.objective_value:,.0f} to {solver.best_objective_bound:,.0f}"


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.thread_time()
    found = work()
    return time.thread_time() - began, found


def main() -> None:
    for count in map(int, sys.argv[1:] or ["20", "100", "1000"]):
        problem = drawn(count)
        own = problem.learners.max_samples
        worths = {
            "learners": np.ones(count),
            "samples": own,
            "weight": own * problem.learners.weight,
        }
        solve_s, _ = timed(lambda p=problem: mel.solve(p.replace(learners=plain(p))))
        for of, worth in worths.items():
            simple_s, picked = timed(lambda p=problem: greedy(p))
            seconds, found = timed(
                lambda p=problem, of=of: mel.most(p, TAU, of=of, time_limit_s=MOST_S)
            )
            line = (
                f"K = {count:,} {of}: greedy {worth[picked].sum():,.0f} ({simple_s:.3f} s), "
                f"most {found.value:,.0f} to {found.bound:,.0f} ({found.status}, {seconds:.3f} s, "
                f"{seconds / solve_s:.1f} times solve)"
            )
            if count <= 1000:
                spent, ends = timed(lambda p=problem, w=worth: cp_sat(p, w))
                line += f", CP-SAT {ends} ({spent:.1f} s)"
            print(line, flush=True)


def plain(problem: mel.Problem) -> mel.Learners:
    """Return the learners without minima."""
    return problem.learners.replace(min_samples=None, max_samples=None, optional=None)


if __name__ == "__main__":
    main()
