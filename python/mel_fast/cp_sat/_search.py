"""The search: lower and upper only ever move towards each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mel_fast._base.validation import FloatColumn, freeze
from mel_fast.cp_sat._grid import (
    Choices,
    Grid,
    check_size,
    choices,
    tightest_box,
)
from mel_fast.cp_sat._models import Answer, Entry, solve_all_taus, solve_one_tau
from mel_fast.cp_sat._responses import Ints, Responses, Side, equal_blocks, equal_shares
from mel_fast.cp_sat._result import Attempt, Bracket, Relaxation
from mel_fast.cp_sat._watch import TimeIsUpError, Watch
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import Status

# A grid this coarse finds out far-off taus at once, and where to look closer for the others.
COARSE_STEPS = 12
ZOOM = (0.3, 0.1, 0.03, 0.01, 0.003)
OUTER_DENSE = 0.1
# One model may spend this part of what is left, so that a hard tau does not starve the others.
SHARE_OF_TIME = 0.5
SHARE_OF_ALL = 0.3
SHARE_OF_ZOOM = 0.1
# Closing in ends where this many gains like the last one would still not be enough.
HOPELESS = 10


class Search:
    """The state of one `bracket` call."""

    def __init__(self, responses: Responses, steps: tuple[int, int], watch: Watch) -> None:
        check_size(responses, steps, taus=1)
        self.responses = responses
        self.steps = steps
        self.coarse = (min(steps[0], COARSE_STEPS), min(steps[1], COARSE_STEPS))
        self.watch = watch
        self.lower, self.upper = 0, responses.conceivable()
        self.plain_bound = self.upper
        self.inner: tuple[Ints, FloatColumn, FloatColumn, Ints | None] | None = None
        self.outer: Relaxation | None = None
        self.attempts: list[Attempt] = []
        self._centres: dict[int, tuple[Ints, Ints]] = {}

    def bracket_without_search(self) -> None:
        """Start from equal shares below, and from interval bounds above."""
        r = self.responses
        _, self.plain_bound = self._largest(lambda tau: _conceivable(r, r.compute_only(tau)))
        self.upper = self.plain_bound
        shares = equal_shares(r, "inner")
        self.lower, _ = self._largest(lambda tau: _enough(r, r.carried(tau, *shares, "inner")))
        if self.lower > 0:
            carried = r.carried(self.lower, *shares, "inner")
            blocks = equal_blocks(r) if r.in_blocks else None
            self.inner = (_split(r, carried), *shares, blocks)
            self._note("inner", [self.lower], "equal shares")
        if r.scheme == "task_only":
            above = equal_shares(r, "outer")
            _, self.upper = self._largest(lambda tau: _enough(r, r.carried(tau, *above, "outer")))
        else:
            _, self.upper = self._largest(
                lambda tau: tightest_box(r, tau, watch=self.watch) is not None
            )
        self._note("outer", [self.upper + 1], "interval bounds")

    def tau_by_tau(self) -> None:
        """Bisect with plans from below, then gallop with exclusions from above, twice as fine."""
        low, high = self.lower, self.upper
        while low < high:
            middle = (low + high + 1) // 2
            if self._excluded(middle, Grid(self.coarse)):
                high = middle - 1
            elif self._planned(middle):
                low = middle
            else:
                high = middle - 1
        for steps in self._half_and_full():
            self._gallop(steps)

    def _half_and_full(self) -> tuple[tuple[int, int], tuple[int, int]]:
        return (max(1, self.steps[0] // 2), max(1, self.steps[1] // 2)), self.steps

    def _gallop(self, steps: tuple[int, int]) -> None:
        possible, step = self.lower, 1
        while possible < self.upper:
            tau = min(possible + step, self.upper)
            if self._excluded(tau, Grid(steps, self._centres.get(tau), OUTER_DENSE)):
                step = max(1, (self.upper - possible) // 2)
            else:
                possible, step = tau, 2 * step

    def all_taus_at_once(self) -> None:
        """Models with tau as a variable; a coarse one first, which says where to look."""
        self._ask_all("outer", self.coarse)
        for steps in self._half_and_full():
            self._ask_all("inner", steps)
            self._ask_all("outer", steps)

    def result(self) -> Bracket:
        """Build the plan and the message."""
        if self.lower > self.upper:
            raise RuntimeError(
                f"a plan with tau = {self.lower} is held although the outer model excludes "
                f"tau > {self.upper}; let mel_fast.verify decide ({self.attempts})"
            )
        if self.lower == self.upper:
            message = f"tau* = {self.lower}: the inner and the outer model agree"
        else:
            unknown = any(a.status == "unknown" for a in self.attempts) or self.watch.over()
            cause = "time ran out on some tau" if unknown else "the grid is too coarse to tell more"
            message = f"{self.lower} <= tau* <= {self.upper}: {cause}"
        return Bracket(
            self.lower, self.upper, self._plan(), self.outer, tuple(self.attempts), message
        )

    def _plan(self) -> Plan | None:
        if self.inner is None:
            return None
        r = self.responses
        samples, bandwidth, power, blocks = self.inner
        proof: dict[str, object] = {"tau": self.plain_bound + 1, "rule": "equal_shares"}
        if r.scheme != "task_only":
            proof |= {"rule": "prices", "tree": [{"lambda_per_hz": 0.0, "mu_per_w": 0.0}]}
        elif self.plain_bound >= self.upper:
            proof["tau"] = self.upper + 1
        bound = self.upper if r.scheme == "task_only" else self.plain_bound
        return Plan(
            r.problem,
            scheme=r.scheme,
            status=Status.OPTIMAL if bound == self.lower else Status.FEASIBLE,
            tau=self.lower,
            bound=bound,
            samples=samples,
            bandwidth_hz=bandwidth,
            power_w=power,
            blocks=blocks,
            certificate=proof,
            reasons=() if bound == self.lower else ("bound of the computing times alone",),
        )

    def _entry(self) -> Entry | None:
        r = self.responses
        fewest = np.maximum(r.least, r.entry)
        return Entry(fewest, r.samples) if r.problem.has_choice else None

    def _left(self) -> float:
        return self.watch.left()

    def _largest(self, possible: Callable[[int], bool]) -> tuple[int, int]:
        """Bracket the largest tau for which a monotone question says yes, 0 if none.

        The two ends differ where there was no time for more; what is known is asked no further.
        """
        low, high, ruled_out = 0, 1, self.upper + 1
        try:
            while high < ruled_out:
                self.watch.check()
                if possible(high):
                    low, high = high, 2 * high
                else:
                    ruled_out = high
            while ruled_out - low > 1:
                self.watch.check()
                middle = (low + ruled_out) // 2
                if possible(middle):
                    low = middle
                else:
                    ruled_out = middle
        except TimeIsUpError:
            pass
        return low, ruled_out - 1

    def _note(
        self,
        side: Side,
        taus: Sequence[int],
        status: str,
        seconds: float = 0.0,
        carried: int | None = None,
    ) -> None:
        self.attempts.append(Attempt(side, (taus[0], taus[-1]), status, seconds, carried))

    def _records(self, side: Side, taus: Sequence[int], grid: Grid) -> list[Choices] | None:
        """Build the choices, or None when there is no time left to use them."""
        r = self.responses
        check_size(r, grid.steps, len(taus))
        try:
            self.watch.check()
            box = tightest_box(r, taus[0], watch=self.watch)
            if box is not None:
                return choices(r, box, taus, grid, side, self.watch)
        except TimeIsUpError:
            pass
        self._note(side, taus, "unknown")
        return None

    def _excluded(self, tau: int, grid: Grid) -> bool:
        """Ask the outer model; keep its solution, if any, as the place to look closer."""
        records = self._records("outer", [tau], grid)
        if records is None:
            return False
        coarse = grid.centre is None
        limit_s = (SHARE_OF_ZOOM if coarse else SHARE_OF_TIME) * self._left()
        answer = self._one_tau(records, self.responses.samples, limit_s, best=coarse)
        units = _chosen_units(records, answer, 0)
        self._note("outer", [tau], answer.status, answer.seconds, _total(units))
        if units is not None:
            self._centres.setdefault(tau, (units[1], units[2]))
            self._keep_outer(tau, units)
        if answer.status == "infeasible":
            self.upper = min(self.upper, tau - 1)
        return answer.status == "infeasible"

    def _one_tau(
        self, records: list[Choices], required: int, limit_s: float, *, best: bool
    ) -> Answer:
        units = self.responses.units
        try:
            return solve_one_tau(
                records, units, required, limit_s, self.watch, best=best, entry=self._entry()
            )
        except TimeIsUpError:
            return Answer("unknown", 0.0)

    def _planned(self, tau: int) -> bool:
        """Ask the inner model on small grids that close in on the best of the one before."""
        r, best = self.responses, 0
        for dense in ZOOM[:1] if r.scheme == "task_only" else ZOOM:
            grid = Grid(self.coarse, self._centres.get(tau), dense)
            records = self._records("inner", [tau], grid)
            if records is None:
                return False
            limit_s = SHARE_OF_ZOOM * self._left()
            answer = self._one_tau(records, 0, limit_s, best=True)
            units = _chosen_units(records, answer, 0)
            self._note("inner", [tau], answer.status, answer.seconds, _total(units))
            if units is not None:
                self._centres[tau] = (units[1], units[2])
                if self._keep_inner(tau, units):
                    return True
                carried = int(units[0].sum())
                gain, best = carried - best, max(best, carried)
                if r.samples - carried > HOPELESS * gain:
                    return False
        return False

    def _ask_all(self, side: Side, steps: tuple[int, int]) -> None:
        taus = range(self.lower + 1, self.upper + 1)
        if not taus:
            return
        check_size(self.responses, steps, len(taus))
        centre = self._centres.get(0)
        records = self._records(side, taus, Grid(steps, centre, OUTER_DENSE))
        if records is None:
            return
        r, limit_s = self.responses, SHARE_OF_ALL * self._left()
        try:
            answer = solve_all_taus(
                records, r.units, taus, r.samples, r.least, limit_s, self.watch, self._entry()
            )
        except TimeIsUpError:
            answer = Answer("unknown", 0.0)
        units = _chosen_units(records, answer, max(0, (answer.tau or 0) - taus[0]))
        self._note(side, taus, answer.status, answer.seconds, _total(units))
        if units is not None:
            self._centres[0] = (units[1], units[2])
        if units is not None and answer.tau is not None and answer.tau >= taus[0]:
            if side == "inner":
                self._keep_inner(answer.tau, units)
            else:
                self._keep_outer(answer.tau, units)
        if side == "outer" and answer.status == "infeasible":
            self.upper = taus[0] - 1
        elif side == "outer" and answer.tau_bound is not None:
            self.upper = min(self.upper, answer.tau_bound)

    def _keep_inner(self, tau: int, units: Ints) -> bool:
        r = self.responses
        if int(units[0].sum()) < r.samples:
            return False
        if any(int(units[1 + side].sum()) > r.units[side] for side in range(2)):
            raise RuntimeError(f"CP-SAT's solution for tau = {tau} exceeds a budget")
        if bool((units[0] < r.least).any()):
            raise RuntimeError(f"CP-SAT's solution for tau = {tau} gives a learner too few samples")
        if r.scheme == "task_only":
            shares, blocks = equal_shares(r, "inner"), equal_blocks(r)
        else:
            shares = r.bandwidth(units[1], "inner"), r.power(units[2], "inner")
            blocks = units[1]
        self.inner = (_split(r, units[0]), *shares, blocks if r.in_blocks else None)
        self.lower = tau
        return True

    def _keep_outer(self, tau: int, units: Ints) -> None:
        r = self.responses
        if self.outer is None or tau > self.outer.tau:
            bandwidth, power = r.bandwidth(units[1], "inner"), r.power(units[2], "inner")
            columns = (_split(r, units[0]), bandwidth, power)
            self.outer = Relaxation(tau, *(freeze(column) for column in columns))


def _chosen_units(records: list[Choices], answer: Answer, row: int) -> Ints | None:
    """Return samples, bandwidth and power units of CP-SAT's choices, (3, K)."""
    if answer.chosen is None:
        return None
    units = np.zeros((3, len(records)), dtype=np.int64)
    for k, (record, at) in enumerate(zip(records, answer.chosen, strict=True)):
        if at >= 0:
            units[:, k] = record.carried[row, at], record.bandwidth[at], record.power[at]
    return units


def _total(units: Ints | None) -> int | None:
    return None if units is None else int(units[0].sum())


def _conceivable(r: Responses, carried: Ints) -> bool:
    """Say whether so much may be enough, whoever takes part."""
    must = np.where((r.least > 0) | r.must, r.least, -1)
    enough = r.samples <= int(_taking_part(r, carried).clip(0).sum())
    return bool((carried >= must).all()) and int(r.least.sum()) <= r.samples and enough


def _enough(r: Responses, carried: Ints) -> bool:
    """Say whether it is enough if all take part who can."""
    return _conceivable(r, carried) and int(r.lowest(_taking_part(r, carried)).sum()) <= r.samples


def _taking_part(r: Responses, carried: Ints) -> Ints:
    """Leave out whoever may sit out and cannot carry its minimum."""
    return np.where(carried < r.entry, np.minimum(carried, 0), carried)


def _split(r: Responses, carried: Ints) -> Ints:
    """Take from what could be carried until the samples are split exactly."""
    carried = _taking_part(r, carried)
    least = r.lowest(carried)
    spare = np.maximum(carried, 0) - least
    excess = int(spare.sum()) + int(least.sum()) - r.samples
    before = np.concatenate(([0], np.cumsum(spare)[:-1]))
    return np.asarray(least + spare - np.clip(excess - before, 0, spare))
