"""OR-Tools CP-SAT on discretised bandwidth and power, through `mel_fast.cp_sat.bracket`."""

import time

import ortools

import mel_fast as mel
from peers.common import PeerAnswer

GRID_POINTS = 20_000


def solve(problem: mel.Problem, time_limit_s: float) -> PeerAnswer:
    # The finest grid that CP-SAT still searches in seconds; finer ones close a narrower bracket.
    steps = max(4, min(64, int((GRID_POINTS / len(problem.learners)) ** 0.5)))
    start = time.perf_counter()
    bracket = mel.cp_sat.bracket(
        problem, bandwidth_steps=steps, power_steps=steps, time_limit_s=time_limit_s
    )
    seconds = time.perf_counter() - start
    note = f"{steps} x {steps} grid; {bracket.message}"
    version = f"OR-Tools {ortools.__version__}"
    return PeerAnswer(bracket.lower, bracket.upper, bracket.closed, seconds, version, note)
