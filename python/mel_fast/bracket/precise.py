"""Both ends nearer to each other than float64 can tell, where balls can.

Where a learner has hardly any time left to send, a rounding of the time it computes is a large
share of what is left, and the core, which counts such errors against itself, keeps both ends well
apart. What a given split needs is then worked out with many more bits, and rounded outwards; and
the tree that refuted less is tried on more. Balls decide whether either is right: nothing is
believed unchecked, and where they refuse both ends stay as they are.
"""

import math
from fractions import Fraction
from typing import Any

import numpy as np

from mel_fast import _core
from mel_fast._base.validation import FloatColumn, IntColumn
from mel_fast.bracket.need import BITS, Ball, Need, bandwidth_for, bought_by, needs_of, power_for
from mel_fast.bracket.search import Search, Split
from mel_fast.plans.claims.parts import PartsLeaf

_LOOKS = 60
_FINE = 1e-40  # relative: how closely the other budget is spent
_ROOM = 2.0**-49  # relative: for rounding the shares upwards
_ROUNDS = 4  # other splits that are tried


def sharpen(search: Search, share: float) -> None:
    """Bring the ends as near to each other as `share` of the upper one, where balls allow it."""
    assert search.best is not None
    samples = search.best.samples
    for _ in range(_ROUNDS):
        _attain(search, samples)
        if search.closed() or search.stopped:
            return
        target = search.upper * (1.0 - share)
        assert search.refuted is not None
        if _rule_out(search, target, search.refuted) or search.stopped:
            return
        result = search.ask(search.with_amount(target), search.tau, tentative=True)
        if result.tau == search.tau and result.samples is not None:
            samples = result.samples
        else:
            if result.bound < search.tau:
                _rule_out(search, target, result)
            return


def _rule_out(search: Search, amount: float, result: _core.Result | PartsLeaf) -> bool:
    """Take `amount` as the lower end if the tree of a result refutes it."""
    if not search.holds(search.refutation(amount, result)):
        return False
    search.lower, search.refuted = amount, result
    return True


def _attain(search: Search, samples: IntColumn) -> None:
    """Take what a split needs as the upper end if that is less, and its plan holds."""
    before = search.best
    assert before is not None
    search.best = None
    shares = _shares(search, samples)
    if shares is not None and shares[0] < before.amount:
        amount, bandwidth_hz, power_w = shares
        search.best = Split(amount, samples, bandwidth_hz, power_w)
        plan = search.plan()
        if plan is not None and search.holds(plan):
            return
    search.best = before


def _shares(search: Search, samples: IntColumn) -> tuple[float, Any, Any] | None:
    """Return the least amount that a split needs, and shares that hold with it."""
    from flint import ctx

    before, ctx.prec = ctx.prec, BITS
    try:
        needs = needs_of(search.problem, search.tau, samples)
        if not needs:
            return None
        return (_equal if search.scheme == "task_only" else _shared)(search, needs)
    finally:
        ctx.prec = before


def _equal(search: Search, needs: list[Need]) -> tuple[float, Any, Any] | None:
    """Everybody's share is that of whoever needs most."""
    from flint import arb

    problem, learners = search.problem, search.problem.learners
    count = len(learners)
    of_power = search.resource == "power_w"
    caps = learners.max_bandwidth_hz, learners.max_power_w
    sought, other = (1, 0) if of_power else (0, 1)
    budgets = [problem.radio.bandwidth_hz, problem.power_budget_w]
    if problem.radio.power_w is None and not of_power:
        budgets[1] = math.inf  # everybody's own limit
    given = _part(budgets[other], count, caps[other])
    amount = 0.0
    for need in needs:
        share = arb(float(given[need.learner]))
        needed = (power_for if of_power else bandwidth_for)(problem.law, need, share)
        if not needed.is_finite():
            return None
        amount = max(amount, float((needed * count * (1 + _ROOM)).upper()))
    columns = [given, given]
    columns[sought] = _part(amount, count, caps[sought])
    return amount, columns[0], columns[1]


def _part(budget: float, count: int, caps: FloatColumn | None) -> FloatColumn:
    """Return everybody's equal part, rounded down, within caps."""
    share = budget / count
    if math.isfinite(share) and Fraction(share) * count > Fraction(budget):
        share = math.nextafter(share, 0.0)
    return np.full(count, share) if caps is None else np.minimum(caps, share)


def _shared(search: Search, needs: list[Need]) -> tuple[float, Any, Any] | None:
    """Shares at the ratio of prices that just spends the other budget, rounded up."""
    from flint import arb

    problem, start = search.problem, search.start
    of_power = search.resource == "power_w"
    radio, learners = problem.radio, problem.learners
    limit = radio.bandwidth_hz if of_power else problem.power_budget_w
    aim = (arb(limit) * (1 - arb(2 * _ROOM))).log()
    first = start[2] / start[1] if start is not None and start[1] > 0 else 0.0
    ratio = first if 0.0 < first < math.inf else radio.bandwidth_hz / problem.power_budget_w
    bought = _at_limit(search, needs, ratio, aim)
    if bought is None:
        return None
    columns = np.zeros((2, len(learners)))
    for need, both in zip(needs, bought, strict=True):
        for column, share in zip(columns, both, strict=True):
            column[need.learner] = math.nextafter(float(share * (1 + _ROOM / 2)), math.inf)
    for column, caps in zip(
        columns, (learners.max_bandwidth_hz, learners.max_power_w), strict=True
    ):
        if caps is not None:
            np.minimum(column, caps, out=column)
    return _sum_above(columns[1 if of_power else 0].tolist()), *columns


def _at_limit(
    search: Search, needs: list[Need], ratio: float, aim: Ball
) -> list[tuple[Ball, Ball]] | None:
    """Return what is bought where the budget that is not sought is just spent, or nearly so."""
    from flint import arb

    law, of_power = search.problem.law, search.resource == "power_w"
    sign = 1 if of_power else -1  # as y = sign ln ratio rises, more of that budget is spent
    other = 0 if of_power else 1
    y, fits, fails = sign * arb(ratio).log().mid(), None, None
    last, step, found = None, arb(1), None
    for _ in range(_LOOKS):
        if search.clock.over():
            return found
        bought = [bought_by(law, need, (sign * y).exp()) for need in needs]
        over = (sum((both[other] for both in bought), arb(0)).log() - aim).mid()
        if not over.is_finite():
            return found
        if over <= 0:
            fits, found = y, bought
            if over > -_FINE:
                break
        else:
            fails = y
        slope = (over - last[1]) / (y - last[0]) if last is not None and y != last[0] else arb(0)
        last = (y, over)
        # Just inside, so that the last step lands on what fits.
        to = (y - (over + _FINE / 2) / slope).mid() if slope > 0 else None
        if to is None or (fits is not None and to < fits) or (fails is not None and to > fails):
            if fits is not None and fails is not None:
                to = ((fits + fails) / 2).mid()
            else:
                to, step = (y - step if over > 0 else y + step), 2 * step
        y = to
    return found


def _sum_above(shares: list[float]) -> float:
    """Return the least float64 that is not below a sum."""
    total = sum(map(Fraction, shares), Fraction(0))
    nearest = float(total)
    return nearest if Fraction(nearest) >= total else math.nextafter(nearest, math.inf)
