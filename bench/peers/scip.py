"""SCIP's spatial branch and bound, through PySCIPOpt: a global solver."""

import math
import time

import pyscipopt

import mel_fast as mel
from peers.common import PeerAnswer, lateness, scale


def solve(problem: mel.Problem, time_limit_s: float) -> PeerAnswer:
    start = time.perf_counter()
    s = scale(problem)
    model = pyscipopt.Model()
    model.hideOutput()
    model.setParam("limits/time", time_limit_s)
    model.setParam("limits/absgap", 0.999)  # tau is an integer
    smallest = 1e-4 / s.learners
    tau = model.addVar("tau", "I", lb=1, ub=s.most_tau)
    columns = []
    for k in range(s.learners):
        d = model.addVar(f"d{k}", "I", lb=0, ub=s.samples)
        x = model.addVar(f"x{k}", lb=smallest, ub=1)
        y = model.addVar(f"y{k}", lb=smallest, ub=1)
        most_rate = math.log2(1 + s.snr[k])
        rate = model.addVar(f"rate{k}", lb=s.base_bits, ub=most_rate)
        send = model.addVar(f"send{k}", lb=s.base_bits / most_rate, ub=1)
        argument = s.snr[k] * (y / x if s.density else y)
        model.addCons(rate * math.log(2) <= x * pyscipopt.log(1 + argument))
        model.addCons(s.each_bits * d / s.samples + s.base_bits <= rate * send)
        each = tau * (s.compute[k] / s.samples) + s.return_each[k] / s.samples
        model.addCons(send + each * d + s.return_base[k] <= 1)
        columns.append((d, x, y, rate, send))
    model.addCons(pyscipopt.quicksum(d for d, *_ in columns) == s.samples)
    model.addCons(pyscipopt.quicksum(x for _, x, *_ in columns) <= 1)
    model.addCons(pyscipopt.quicksum(y for _, _, y, *_ in columns) <= 1)
    model.setObjective(tau, "maximize")
    _start(model, s, tau, columns)
    model.optimize()
    seconds = time.perf_counter() - start
    status = model.getStatus()
    found, note = 0, status
    if model.getNSols() > 0:
        best = model.getBestSol()
        found = round(model.getSolVal(best, tau))
        d, x, y, *_ = zip(
            *[[model.getSolVal(best, v) for v in column] for column in columns], strict=True
        )
        late = lateness(s, found, [value / s.samples for value in d], x, y)
        note += f"; {late}" if late else ""
    bound = None if status == "infeasible" else math.floor(model.getDualbound() + 1e-6)
    proved = status in ("optimal", "gaplimit", "infeasible")
    bound = found if proved else bound
    return PeerAnswer(found, bound, proved, seconds, f"SCIP {model.version()}", note)


def _start(model, s, tau, columns):
    """Give SCIP the equal-shares plan to begin with."""
    tau0, _ = s.start()
    share = 1 / s.learners
    left, solution = s.samples, model.createSol()
    model.setSolVal(solution, tau, tau0)
    most = s.most_samples(tau0, share, share)
    for k, (d, x, y, rate, send) in enumerate(columns):
        samples = max(0, min(int(most[k]), left))
        left -= samples
        speed = float(s.rate(share, share)[k])
        for variable, value in ((d, samples), (x, share), (y, share), (rate, speed)):
            model.setSolVal(solution, variable, value)
        model.setSolVal(solution, send, (s.each_bits * samples / s.samples + s.base_bits) / speed)
    model.addSol(solution)
