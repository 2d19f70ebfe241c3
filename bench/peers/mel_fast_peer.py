"""mel_fast itself, through the door that a user takes."""

import time

import mel_fast as mel
from peers.common import PeerAnswer


def solve(problem: mel.Problem, time_limit_s: float) -> PeerAnswer:
    start = time.perf_counter()
    plan = mel.solve(problem, time_limit_s=time_limit_s)
    seconds = time.perf_counter() - start
    proved = plan.status in (mel.Status.OPTIMAL, mel.Status.INFEASIBLE)
    return PeerAnswer(plan.tau, plan.bound, proved, seconds, mel.__version__, plan.status)
