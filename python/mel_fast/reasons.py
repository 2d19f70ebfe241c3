"""Why there is no plan, or no proof: in words, with the numbers that decide."""

import math

import numpy as np

from mel_fast import _core
from mel_fast._units import count, with_unit
from mel_fast.plan import Plan
from mel_fast.problem import Problem
from mel_fast.status import Status

_RETURN_TOO_SLOW, _COMPUTING, _BUDGETS = 1, 2, 3


def reasons_of(plan: Plan, result: _core.Result) -> tuple[str, ...]:
    """Return the reasons for a plan that came from the core."""
    if plan.status is Status.INFEASIBLE:
        return (_blame(plan.problem, plan.scheme, result),)
    if plan.status is Status.FEASIBLE or (plan.status is Status.UNDECIDED and result.stopped):
        found = f"tau = {plan.tau} is reached" if plan.tau else "no plan was found yet"
        return (
            f"stopped after {with_unit(plan.elapsed_s, 's')} by a limit, the callback or Ctrl-C: "
            f"{found}, tau = {plan.bound + 1} is ruled out, between them nothing is proved",
        )
    if plan.status is Status.UNDECIDED:
        return (
            f"double precision cannot decide tau = {plan.tau + 1}: "
            f"tau = {plan.tau} is reached and tau = {plan.bound + 1} is ruled out",
        )
    return ()


def _blame(problem: Problem, scheme: str, result: _core.Result) -> str:
    if result.blame == _RETURN_TOO_SLOW:
        return _slow_return(problem, result.blame_learner)
    if result.blame == _COMPUTING:
        return _computing(problem, scheme)
    return _budgets(problem, scheme)


def _slow_return(problem: Problem, learner: int) -> str:
    learners = problem.learners
    rate = float(problem.return_rates()[learner])
    bits = problem.task.model_bits
    return (
        f"learner {learner}: returning the model alone takes {with_unit(_over(bits, rate), 's')} "
        f"of the cycle's {with_unit(problem.cycle_s, 's')} "
        f"({count(bits, 'bit')} at {with_unit(rate, 'bit/s')}: "
        f"gain {learners.gain[learner]:.4g}, "
        f"return bandwidth {with_unit(learners.return_bandwidth_hz[learner], 'Hz')}, "
        f"return power {with_unit(learners.return_power_w[learner], 'W')}); "
        "idle = 'excused' would leave it out"
    )


def _computing(problem: Problem, scheme: str) -> str:
    task = problem.task
    rates = problem.return_rates()
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        spare = problem.cycle_s - np.where(task.model_bits > 0, task.model_bits / rates, 0.0)
        back = task.model_bits_per_sample / rates if task.model_bits_per_sample else 0.0
        most = np.floor(
            np.maximum(spare, 0.0) / (task.flops_per_sample / problem.learners.flops_per_s + back)
        )
    reach = float(np.minimum(most, task.samples).sum())
    asked = "" if scheme != "resource_only" else ", and each would have to take an equal share"
    return (
        "computing capacity: even if sending took no time, one local cycle and the return within "
        f"{with_unit(problem.cycle_s, 's')} are possible for {reach:,.0f} of "
        f"{count(task.samples, 'sample')}{asked}"
    )


def _budgets(problem: Problem, scheme: str) -> str:
    radio = problem.radio
    how = {
        "joint": "however they are shared out",
        "task_only": "in equal shares",
        "resource_only": "with equal shares of the samples",
    }[scheme]
    return (
        f"bandwidth and power budgets: {with_unit(radio.bandwidth_hz, 'Hz')} and "
        f"{with_unit(radio.power_w, 'W')} {how} do not let {count(problem.task.samples, 'sample')} "
        f"be sent, computed once and returned within {with_unit(problem.cycle_s, 's')}, "
        "although computing and returning alone would fit"
    )


def _over(bits: float, rate: float) -> float:
    return bits / rate if rate > 0.0 else math.inf
