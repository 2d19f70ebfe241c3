"""CVXPY with Clarabel: for a fixed tau and the density law the real relaxation is convex.

Bisection on tau: a relaxation that cannot carry all samples rules tau out (to Clarabel's
tolerance), a solution whose bandwidth and power still carry them in whole samples is a plan.
"""

import time

import cvxpy as cp
import numpy as np

import mel_fast as mel
from peers.common import PeerAnswer, scale

# Rates asked for beyond need, so that Clarabel's rounding does not leave a learner just short.
MARGIN = 1e-6
# At its default 1e-8 Clarabel gives up on more values of tau.
TOLERANCES = {"tol_gap_abs": 1e-6, "tol_gap_rel": 1e-6, "tol_feas": 1e-7}


def solve(problem: mel.Problem, time_limit_s: float) -> PeerAnswer:
    start = time.perf_counter()
    s = scale(problem)
    if not s.density:
        raise NotImplementedError("only the density law is convex for a fixed tau")
    # Shares times K: Clarabel's tolerance is absolute, so an equal share should be 1.
    k = s.learners
    z = cp.Variable(k, nonneg=True)
    x, y = cp.Variable(k, nonneg=True), cp.Variable(k, nonneg=True)
    # (each z + base) / (left - load z) = scale / (left - load z) - offset, convex in z
    load, ratio, offset = (cp.Parameter(k, nonneg=True) for _ in range(3))
    spare = cp.Variable(k, nonneg=True)
    bits = -cp.rel_entr(x, x + cp.multiply(s.snr, y)) / np.log(2)
    model = cp.Problem(
        cp.Maximize(cp.sum(z) / k),
        [
            spare == (1 - s.return_base) - cp.multiply(load, z / k),
            bits >= cp.multiply(ratio, cp.inv_pos(spare)) - offset,
            cp.sum(x) <= k,
            cp.sum(y) <= k,
        ],
    )
    failures, unclear = 0, 0

    def ask(tau):
        """Return whether tau is possible: True, False, or None where Clarabel cannot tell."""
        nonlocal failures, unclear
        load.value = tau * s.compute + s.return_each
        demand = k * (1 + MARGIN)
        ratio.value = demand * (s.base_bits + s.each_bits * (1 - s.return_base) / load.value)
        offset.value = demand * s.each_bits / load.value
        left = time_limit_s - (time.perf_counter() - start)
        try:
            model.solve(solver=cp.CLARABEL, time_limit=max(left, 0.01), **TOLERANCES)
        except cp.SolverError:
            failures += 1
            return None
        if model.status == cp.INFEASIBLE:
            return False
        if model.status not in (cp.OPTIMAL, cp.OPTIMAL_INACCURATE):
            failures += 1
            return None
        if model.status == cp.OPTIMAL and model.value < 1 - 10 * MARGIN:
            return False
        shares = [np.maximum(v.value, 0) / max(1, np.maximum(v.value, 0).sum()) for v in (x, y)]
        most = s.most_samples(tau, *shares)
        if most.min() >= 0 and most.sum() >= s.samples:
            return True
        unclear += 1
        return None

    found, ruled_out = 0, s.most_tau + 1
    low, high = 0, s.most_tau + 1
    while high - low > 1 and time.perf_counter() - start < time_limit_s:
        tau = (low + high) // 2
        verdict = ask(tau)
        if verdict:
            found = low = tau
        elif verdict is None:
            high = tau
        else:
            ruled_out = high = tau
    # Where Clarabel failed, bisection went below without a proof: ask the values in between.
    for tau in range(found + 1, ruled_out):
        verdict = ask(tau) if time.perf_counter() - start < time_limit_s else None
        if verdict:
            found = tau
        elif verdict is False:
            ruled_out = tau
            break
    note = f"{failures} failures, {unclear} unclear" if failures or unclear else ""
    return PeerAnswer(
        tau=found,
        bound=ruled_out - 1,
        proved=found == ruled_out - 1,
        seconds=time.perf_counter() - start,
        version=f"CVXPY {cp.__version__}, Clarabel {_clarabel_version()}",
        note=note,
    )


def _clarabel_version() -> str:
    import clarabel

    return str(clarabel.__version__)
