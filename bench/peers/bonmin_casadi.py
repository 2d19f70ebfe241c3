"""Bonmin's NLP-based branch and bound, through CasADi.

For non-convex problems Bonmin is a heuristic: its answer is a point, its bound proves nothing.
"""

import time

import casadi
import numpy as np

import mel_fast as mel
from peers.common import PeerAnswer, lateness, scale


def solve(problem: mel.Problem, time_limit_s: float) -> PeerAnswer:
    start = time.perf_counter()
    s = scale(problem)
    k = s.learners
    tau, d = casadi.MX.sym("tau"), casadi.MX.sym("d", k)
    x, y = casadi.MX.sym("x", k), casadi.MX.sym("y", k)
    z = d / s.samples
    snr, compute = casadi.DM(s.snr), casadi.DM(s.compute)
    rate = x * casadi.log(1 + snr * (y / x if s.density else y)) / np.log(2)
    used = (s.each_bits * z + s.base_bits) / rate + tau * compute * z
    used += casadi.DM(s.return_each) * z + casadi.DM(s.return_base)
    solver = casadi.nlpsol(
        "peer",
        "bonmin",
        {
            "x": casadi.vertcat(tau, d, x, y),
            "f": -tau,
            "g": casadi.vertcat(used, casadi.sum1(z), casadi.sum1(x), casadi.sum1(y)),
        },
        {
            "discrete": [True] * (1 + k) + [False] * (2 * k),
            "print_time": False,
            "bonmin": {
                "algorithm": "B-BB",
                "time_limit": time_limit_s,
                # Bonmin's own advice for non-convex problems.
                "num_resolve_at_root": 2,
                "num_resolve_at_node": 1,
                "allowable_gap": 0.5,  # tau is an integer
                "bb_log_level": 0,
                "nlp_log_level": 0,
                "print_level": 0,
            },
        },
    )
    tau0, z0 = s.start()
    smallest = 1e-4 / k
    answer = solver(
        x0=np.concatenate([[tau0], z0 * s.samples, np.full(2 * k, 1 / k)]),
        lbx=np.concatenate([[1], np.zeros(k), np.full(2 * k, smallest)]),
        ubx=np.concatenate([[s.most_tau], np.full(k, s.samples), np.ones(2 * k)]),
        lbg=np.concatenate([np.full(k, -np.inf), [1, 0, 0]]),
        ubg=np.ones(k + 3),
    )
    seconds = time.perf_counter() - start
    status = solver.stats()["return_status"]
    point = np.array(answer["x"]).ravel()
    found = round(point[0]) if solver.stats()["success"] else 0
    note = f"{status}; a heuristic here"
    if found:
        late = lateness(s, found, point[1 : k + 1] / s.samples, *point[k + 1 :].reshape(2, k))
        note += f"; {late}" if late else ""
    return PeerAnswer(found, None, False, seconds, f"Bonmin (CasADi {casadi.__version__})", note)
