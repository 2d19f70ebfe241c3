"""Sums of best values at prices that several leaves name: only what changed is computed again.

Upper ends of the values are rounded up to multiples of 2^-64 and added as integers, which loses
nothing however often a value is taken out and another put in.
"""

from collections.abc import Callable

from flint import arb, ctx

from mel_fast.verify._allowance import tick
from mel_fast.verify._boxes import Boxes
from mel_fast.verify._learner import Ball
from mel_fast.verify.claim._read import Leaf

KEPT = 4  # prices whose sums are kept at a time
KNOWN = 100_000  # values of single learners that are kept for each
_SCALE = 2**64

Interval = tuple[int, int]
Values = Callable[[int], Callable[[Interval], Ball | None]]  # of a group, then of an interval


class Ledger:
    """The sum over all learners of their best values in the box reached, at one pair of prices."""

    __slots__ = ("_boxes", "_known", "_none", "_seen", "_sums", "_total")

    def __init__(self, boxes: Boxes) -> None:
        self._boxes = boxes
        self._known: dict[tuple[int, Interval], int | None] = {}
        self._sums: list[int | None] = []  # of each group; None: a learner has no value
        self._none = 0  # groups without
        self._total = 0  # of the others
        self._seen = 0  # changes of the boxes that are taken into account

    def total(self, values: Values) -> Ball | None:
        """At least the sum; None where a learner has no allowed number of samples."""
        boxes = self._boxes
        if not self._sums:
            for group in range(len(boxes.rows)):
                tick()
                self._sums.append(None)
                self._none += 1
                self._renew(group, values)
        else:
            for group in set(boxes.changes[self._seen :]):
                self._renew(group, values)
        self._seen = len(boxes.changes)
        return None if self._none else arb(self._total) / _SCALE

    def _renew(self, group: int, values: Values) -> None:
        old = self._sums[group]
        if old is None:
            self._none -= 1
        else:
            self._total -= old
        new = self._sums[group] = self._sum(group, values)
        if new is None:
            self._none += 1
        else:
            self._total += new

    def _sum(self, group: int, values: Values) -> int | None:
        value = None
        total = 0
        for count, interval in self._boxes.pieces(group):
            tick()
            key = group, interval
            if key not in self._known:
                if len(self._known) >= KNOWN:
                    self._known.clear()
                value = value or values(group)
                best = value(interval)
                self._known[key] = None if best is None else _rounded_up(best)
            known = self._known[key]
            if known is None:
                return None
            total += count * known
        return total


def _rounded_up(best: Ball) -> int:
    return int((best.upper() * _SCALE).ceil().upper().unique_fmpz())


class Ledgers:
    """The ledgers of the prices that are in use, the latest few; for one precision."""

    def __init__(self, boxes: Boxes, repeated: set[Leaf]) -> None:
        self._boxes = boxes
        self._repeated = repeated
        self._kept: dict[tuple[Leaf, str], Ledger] = {}
        self._bits: int | None = None

    def of(self, leaf: Leaf, kind: str) -> Ledger | None:
        """Return the ledger of a leaf's prices; None if they occur once or more bits are asked."""
        if leaf not in self._repeated:
            return None
        self._bits = self._bits or ctx.prec
        if ctx.prec != self._bits:
            return None
        key = leaf, kind
        ledger = self._kept.pop(key, None) or Ledger(self._boxes)
        self._kept[key] = ledger  # the latest is the last
        if len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]
        return ledger
