"""CPU time of `mel.most(samples=)`: `python bench/most_cycles.py 1000 100000`."""

import sys
import time

import mel_fast as mel


def measured(learners: int, law: str, spread: float | None) -> float:
    """Return the seconds that the most cycles of a plan's samples took."""
    problem = mel.scenarios.table1(
        learners, 30.0, seed=1, idle="excused", law=law, samples=600 * learners
    )
    radio = problem.radio.replace(bandwidth_hz=5e6 * learners, power_w=0.2 * learners)
    problem = problem.replace(radio=radio)
    plan = mel.solve(problem)
    began = time.process_time()
    found = mel.most(problem, samples=plan.samples, spread=spread)
    took = time.process_time() - began
    assert found.status == "optimal"
    return took


for size in map(int, sys.argv[1:]):
    for law in ("density", "fixed"):
        for spread in (None, 1.5):
            print(f"K = {size:,}, {law}, spread {spread}: {measured(size, law, spread):.3f} s")
