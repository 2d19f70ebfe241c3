"""Where CP-SAT starts from: everyone buys at the same prices, the cheapest that budgets allow.

A start decides nothing: CP-SAT checks it like any other point.
"""

from __future__ import annotations

import numpy as np

from mel_fast.cp_sat._grid import Choices
from mel_fast.cp_sat._responses import Floats
from mel_fast.cp_sat._watch import Watch

# Price of the whole power budget over the price of the whole bandwidth.
PRICE_RATIOS = (0.1, 0.3, 1.0, 3.0)
HALVINGS = 25


def start(records: list[Choices], budgets: tuple[int, int], watch: Watch) -> list[int] | None:
    """Return a choice of each learner (the last one meaning off), or None if none is affordable."""
    if any(len(r) + r.may_be_off == 0 for r in records):
        return None
    best, best_carried = None, -1
    for ratio in PRICE_RATIOS:
        costs = [r.bandwidth / budgets[0] + ratio * (r.power / budgets[1]) for r in records]
        low, high = -2.0, 14.0  # the price's decimal logarithm, in samples a budget
        for _ in range(HALVINGS):
            watch.check()
            middle = 0.5 * (low + high)
            chosen = [
                _dearest(r, cost, 10.0**middle) for r, cost in zip(records, costs, strict=True)
            ]
            carried = _affordable(records, chosen, budgets)
            if carried is None:
                low = middle
            else:
                high = middle
                if carried > best_carried:
                    best, best_carried = chosen, carried
    return best


def _dearest(record: Choices, cost: Floats, price: float) -> int:
    worth = record.carried[0] - price * cost
    at = int(np.argmax(worth)) if len(record) else 0
    return len(record) if record.may_be_off and (not len(record) or worth[at] <= 0.0) else at


def _affordable(records: list[Choices], chosen: list[int], budgets: tuple[int, int]) -> int | None:
    totals = np.zeros(3, dtype=np.int64)
    for r, at in zip(records, chosen, strict=True):
        if at < len(r):
            totals += (r.carried[0, at], r.bandwidth[at], r.power[at])
    return int(totals[0]) if totals[1] <= budgets[0] and totals[2] <= budgets[1] else None
