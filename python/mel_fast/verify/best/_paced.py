"""A learner whose speed is chosen within an energy for computing and returning.

It is the orchestrator that sends over the shared link, so that nothing speaks against the highest
speed that the energy allows: d samples take w d max(1, sqrt(e d / (E - e' d))) seconds of computing
(docs/energy.md). That is convex in d and rises: the slack is concave and falls.
"""

from collections.abc import Callable

from flint import arb

from mel_fast.verify._allowance import tick
from mel_fast.verify._learner import Ball, Learner, largest_rate, last_below, rate
from mel_fast.verify.best._peak import last_true
from mel_fast.verify.claim._problem import INFINITE, Problem, Row


class Paced(Learner):
    """One learner in `tau` local cycles, as fast as its energy lets it be."""

    __slots__ = ("_back_j", "_spare_j")

    def __init__(self, problem: Problem, row: Row, tau: int) -> None:
        self._spare_j: Ball | None = None  # so that what comes first is asked of full speed
        super().__init__(problem, row, tau)
        gain, band, power = (
            arb(row.gain or 1),
            arb(row.return_bandwidth_hz),
            arb(row.return_power_w),
        )
        bit_j = power / rate(problem.law, band, power, gain, arb(problem.noise))
        self._back_j = bit_j * row.load.back_each
        self._spare_j = row.energy_j - bit_j * row.load.back
        self._at_most(self._last(lambda d: not self.slack(d) < 0))
        self._at_most(
            self.last_at(largest_rate(problem.law, self.bandwidth_cap, self.power_cap, self.noise))
        )

    def slack(self, d: int) -> Ball:
        """Seconds left to send them; all that is known where no energy may be left is an end."""
        slack = super().slack(d)
        if self._spare_j is None or d == 0:
            return slack
        tick(1)
        left = self._spare_j - d * self._back_j
        if left > 0:
            slower = (d * self.sample_j / left).sqrt().max(arb(1))
            return slack - d * self.work_s * (slower - 1)
        end = left.upper()
        if not end > 0:
            return arb(-1e300)
        least = (d * self.sample_j / end).sqrt().max(arb(1))
        most = slack - d * self.work_s * (least - 1)
        return most.union(arb(-1e300))

    def area_at(self, d: int) -> Ball:
        """The same where the slack is no line; at a kink some slope between those of its sides."""
        assert self._spare_j is not None
        left = self._spare_j - d * self._back_j
        ratio = d * self.sample_j / left
        each = self.per_sample_s
        slow = each + self.work_s * (ratio.sqrt() * (3 + d * self._back_j / left) / 2 - 1)
        if not ratio < 1:
            each = slow if ratio > 1 else each.union(slow)
        return self.alpha * self.slack(d) + self.need(d) * each

    def last_at(self, fastest: Ball | None) -> int | None:
        if self._spare_j is None or not fastest:
            return super().last_at(fastest)
        if self.alpha == self.beta == 0:
            return None
        return self._last(lambda d: not self.need(d) > fastest * self.slack(d))

    def _last(self, holds: Callable[[int], bool]) -> int:
        """At least the last d up to where full speed ends that has what falls with d; -1: none."""
        end = last_below(self.spare_s, self.per_sample_s)
        assert end is not None
        if self.most is not None:
            end = min(end, self.most)
        return last_true(holds, 0, end, end)


def learner_of(problem: Problem, row: Row, tau: int) -> Learner:
    """Return the constants of a learner, at full speed or at one that is chosen so."""
    paced = not problem.energy_sends and row.energy_j < INFINITE
    paced = paced and bool(row.energy_coefficient) and row.load.flops_each > 0
    return (Paced if paced else Learner)(problem, row, tau)
