"""Learners that may choose one of several problems: the most samples of all, at given prices.

Whatever the choice, a problem's own budgets are worth lambda B + mu P, and a learner is worth no
more than in the best of the problems that it may choose. So the sum of both bounds the samples of
every choice; below D, no plan of `tau` local cycles has D samples.
"""

from collections.abc import Callable, Sequence
from typing import Any

from flint import arb

from mel_fast.verify._allowance import Allowance, NotCheckedError, allowed, tick
from mel_fast.verify._learner import Ball, Learner, ball, precision
from mel_fast.verify._plan import PRECISIONS
from mel_fast.verify.best._blocks import BlockResponse
from mel_fast.verify.best._capped import respond
from mel_fast.verify.best._response import best_value
from mel_fast.verify.claim._entries import RefusedError
from mel_fast.verify.claim._problem import Problem, Row
from mel_fast.verify.claim._read_problem import read_problem

May = Callable[[int, int], bool]  # problem, learner


def check(
    problems: Sequence[object],
    tau: int,
    prices: Sequence[tuple[float, float]],
    may: May,
    time_limit_s: float | None,
) -> str:
    """Say why prices do not rule out `tau` local cycles with the samples stated; '' if they do."""
    try:
        with allowed(Allowance(time_limit_s)):
            read = [read_problem(data, f"problems[{e}]") for e, data in enumerate(problems)]
            return _judge(read, tau, prices, may)
    except (RefusedError, NotCheckedError) as error:
        return str(error)


def _judge(
    problems: list[Problem], tau: int, prices: Sequence[tuple[float, float]], may: May
) -> str:
    samples, most = problems[0].samples, arb(0)
    if any(not (0.0 <= price < float("inf")) for pair in prices for price in pair):
        return "a price is no number of at least 0"
    for bits in PRECISIONS:
        with precision(bits):
            total = _bound(problems, tau, prices, may)
            if total is None or total < samples:
                return ""
            most = total
            if total >= samples:
                break
    return f"the bound {most.str(20, radius=False)} is not below D = {samples}"


def _bound(
    problems: list[Problem], tau: int, prices: Sequence[tuple[float, float]], may: May
) -> Ball | None:
    """At least the samples of every choice; None where a learner has none that is possible."""
    total = arb(0)
    best: list[Ball | None] = [None] * len(problems[0].learners)
    for number, (problem, (lam, mu)) in enumerate(zip(problems, prices, strict=True)):
        bandwidth = arb(problem.bandwidth_hz)
        if problem.block_hz is not None:
            bandwidth = problem.blocks() * arb(problem.block_hz)
        total += arb(lam) * bandwidth + arb(mu) * ball(problem.power)
        known: dict[Row, Any] = {}
        for k, row in enumerate(problem.learners):
            if not may(number, k):
                continue
            if row not in known:
                known[row] = _worth(problem, row, tau, lam, mu)
            value, other = known[row], best[k]
            if value is not None:
                best[k] = value if other is None else value.max(other)
    for value in best:
        if value is None:
            return None
        total += value
    return total


def _worth(problem: Problem, row: Row, tau: int, lam: float, mu: float) -> Ball | None:
    tick()
    learner = Learner(problem, row, tau)
    response = (
        respond(problem.law, learner, lam, mu, learner.bandwidth_cap)
        if problem.block_hz is None
        else BlockResponse(problem, row, learner, lam, mu)
    )
    high = min(problem.samples, row.max_samples)
    best = None
    if row.min_samples <= high:
        best = best_value(response, row.min_samples, high, problem.idle == "excused")
    if not row.optional:
        return best
    return arb(0) if best is None else best.max(arb(0))
