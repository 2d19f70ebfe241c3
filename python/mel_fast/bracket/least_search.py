"""How little of one resource still suffices for a number of local cycles, proved from both sides.

The best whole samples at the right prices are at once a proof of too little and, repaired to D in
all, a split: nearly always that is the answer. Where the two ends are apart, a split that fits a
little above says how little it needs itself; and a decision just below that either rules the amount
out or finds a better split.
"""

import math

from mel_fast import _core
from mel_fast._base.optional import installed
from mel_fast._base.validation import LARGEST, SMALLEST
from mel_fast.bracket.blocks import search_blocks
from mel_fast.bracket.search import WIDTH, Search, Split, amount_of
from mel_fast.model.problem import Problem
from mel_fast.plans.claims.parts import PartsLeaf

_LOOK = 0.7  # of the time that is left, for the first look
_NEAR = 1e-4  # how far above the estimate a split is surely and quickly found
_FAR = 1e-3  # relative: ends so far apart are reason to look for prices once more
_NEAR_BY_PARTS = 1e-6  # relative: what parts of samples may leave between the ends
SHARE = 0.9  # of the width that may lie between the two ends
_WIDER = 8.0  # steps at least, where one finds a better split
_BLURRED = 1e-3  # relative: ends further apart than roundings ever keep them
_SHARPENED = 500  # learners: some 20 looks at each with many bits take a tenth of a second
_MANY_TIMES = 2.0  # what was ruled out: ends so far apart are halved by their ratio
_NEARLY_ALL = 2.0  # times what nobody knows: no more lies between the ends
_HOPES = 3  # times that less than a split needs is looked for just above the lower end, in vain
_DOUBT = 2  # so many amounts that do not suffice are reason to ask whether any does


class LeastSearch(Search):
    """The search itself: `run` closes in."""

    __slots__ = ()

    def _run(self) -> None:
        if not self.possible and self._ruled_out_by_learners():
            return
        too_short, enough = self._reach() if self._may_reach() else (0.0, 0.0)
        if self.stopped:
            return
        if self.scheme != "task_only" and self.best is None:
            self._bracket_prices(self.problem, too_short)
        if not self.closed() and not self.stopped:
            self._ask_within_reach(enough)
        stated = amount_of(self.problem, self.resource)
        if self.best is not None and self.lower < stated < self.upper and not self.stopped:
            self.decide(stated)  # whoever asks mostly has a plan with what there is
        if self.closed() or self.stopped:
            return
        if self._counts_blocks() and self.best is None and (self.near or self.lower):
            search_blocks(self, max(self.near, self.lower))
            return
        guess, sure = self._estimate() if self.best is None else (self.upper, True)
        if self.stopped:
            return
        guess = max(guess, too_short, self.lower)
        if self._counts_blocks():
            if self.best is not None or sure or self.decide(self.most_stated) is not False:
                search_blocks(self, guess)
        elif self.best is not None or self._bracket(guess, sure):
            self._bracket_from_best()
            if self._near_by_parts():
                return
            self._close()  # nothing where that closed it
            if not self.closed() and not self.stopped and self._may_sharpen():
                from mel_fast.bracket.precise import sharpen

                sharpen(self, SHARE * WIDTH)

    def _counts_blocks(self) -> bool:
        return self.resource == "bandwidth_hz" and self.problem.radio.block_hz is not None

    def _near_by_parts(self) -> bool:
        """Say whether parts leave so little that no box of samples would tell more."""
        return isinstance(self.refuted, PartsLeaf) and self.upper - self.lower <= (
            _NEAR_BY_PARTS * self.upper
        )

    def _may_sharpen(self) -> bool:
        """Say whether balls may bring the ends nearer to each other: roundings part them little."""
        return (
            self.resource != "cycle_s"
            and self.best is not None
            and self.upper - self.lower <= _BLURRED * self.upper
            and self.refuted is not None
            and not isinstance(self.refuted, PartsLeaf)
            and len(self.problem.learners) <= _SHARPENED
            and self.problem.radio.block_hz is None
            and installed("flint")
        )

    def _ruled_out_by_learners(self) -> bool:
        """Say whether computing and the learners' limits forbid tau whatever the amount."""
        most = self.most_stated
        result = _core.without_radio(*self._question(self.with_amount(most)))
        self.passes += result.passes
        self._seen(result.interrupted)
        if result.bound >= self.tau:
            return False
        self._rule_out(most, result)
        return True

    def _may_reach(self) -> bool:
        """Say whether the learners' own limits may decide how short a cycle can be."""
        learners = self.problem.learners
        caps = (learners.max_bandwidth_hz, learners.max_power_w, learners.energy_j)
        return self.resource == "cycle_s" and any(cap is not None for cap in caps)

    def _reach(self) -> tuple[float, float]:
        """Return a cycle in which the learners' limits forbid tau, and one in which they do not.

        Where a cap keeps a learner from being faster, more of the budgets is of no use: prices say
        nothing there.
        """
        too_short, enough, passes, interrupted = _core.reachable_cycle(
            *self._question(self.problem)
        )
        self.passes += passes
        self._seen(interrupted)
        if self.stopped or not SMALLEST <= too_short <= enough <= self.most_stated:
            return 0.0, 0.0
        result = _core.without_radio(*self._question(self.with_amount(too_short)))
        self._seen(result.interrupted)
        if result.bound >= self.tau:
            return 0.0, 0.0
        self._rule_out(too_short, result)
        return too_short, enough

    def _ask_within_reach(self, enough: float) -> None:
        """Try hardly more than the limits alone allow, unless prices have ruled that out."""
        just, near = enough * (1.0 + 0.5 * WIDTH), enough * (1.0 + _NEAR)
        if self.lower < just and self.decide(just) is False and self.lower < near:
            self.decide(near)

    def _bracket_from_best(self) -> None:
        """Look for prices again where those from an amount far above the need led nowhere near."""
        gap = math.inf
        while self.scheme != "task_only" and not self.stopped:
            before, gap = gap, self.upper - self.lower
            if gap <= _FAR * self.upper or gap > 0.5 * before:
                return
            self.start = None
            self._bracket_prices(self.with_amount(self.upper))

    def _bracket_prices(self, problem: Problem, too_short: float = 0.0) -> None:
        """Take both ends from one look at the prices of the continuous problem."""
        core, tau, what, code, left_s, threads, teller, start = self._asked_about(problem)
        # Where a look is stopped before it has a plan, questions still find one.
        limit_s = left_s if self.best is not None else _LOOK * left_s
        lower, refuted, amount, found, interrupted, passes = _core.bracket(
            core, tau, what, code, limit_s, threads, teller, start, too_short, True
        )
        self.passes += passes
        if refuted is not None and max(SMALLEST, self.lower) <= lower <= LARGEST:
            self.start = refuted.end
            self._rule_out(lower, PartsLeaf.of(refuted) or refuted)
        if found is not None and SMALLEST <= amount <= min(LARGEST, self.upper):
            self.best = Split.of(amount, found)
            if self._counts_blocks():
                assert self.best.blocks is not None
                self.blocks = max(int(self.best.blocks.sum()), 1)
        elif found is None and self._counts_blocks():
            self.near = amount
        self._seen(interrupted)

    def _estimate(self) -> tuple[float, bool]:
        """Where to begin, and whether some amount is known to do for samples that are not whole.

        The baselines need more than the continuous problem says.
        """
        code = self._code if self.scheme != "task_only" else 0
        amount, per_hz, per_w, converged, interrupted = _core.estimate_least(
            self.problem.core_for(self.scheme),
            self.tau,
            self._what,
            code,
            self.clock.left(),
            *self._means,
        )
        self._seen(interrupted)
        if converged and SMALLEST <= amount <= LARGEST:
            self.start = (float(self.tau), per_hz, per_w)
            return amount, True
        return amount_of(self.problem, self.resource), False

    def _bracket(self, guess: float, sure: bool) -> bool:
        """Find an amount that suffices, with growing steps upwards; False if none is found."""
        most, step = self.most_stated, _NEAR
        amount = guess * (1.0 + step)
        doubt = 0 if sure else _DOUBT - 1
        stated = amount_of(self.problem, self.resource) if self.scheme == "joint" else 0.0
        while True:
            answer = self.decide(amount)
            if answer is True:
                return True
            # Whoever asks mostly has a plan with what there is.
            if amount < stated and not self.stopped and self.decide(stated):
                return True
            stated = 0.0
            doubt += 1
            doubtful = doubt == _DOUBT and not self.stopped and amount < most
            if doubtful and (fits := self.decide(most)) is not None:
                return fits
            if self.stopped or amount >= most:
                return self.best is not None
            step = step * 10.0 if step < 1.0 else step * step + 1.0
            amount *= 1.0 + step

    def _close_roughly(self) -> None:
        """Halve ends that are many times apart by their ratio, as long as that is answered."""
        while self.upper > _MANY_TIMES * self.lower > 0.0 and not self.stopped:
            if self.decide(math.sqrt(self.lower) * math.sqrt(self.upper)) is None:
                return

    def _close(self) -> None:
        """Rule out what lies below the best split, or find a better one."""
        step = SHARE * WIDTH
        # Where one split after another fits at half of what lies between, the lower end may be
        # nearer to the least than they are; where it is not, that is soon given up.
        hopes, from_below = 0 if self.scheme == "task_only" else _HOPES, False
        unknown = 0.0  # so far below the best split at least nobody knows
        self._close_roughly()
        while not self.closed() and not self.stopped:
            if self.drops_contradiction():  # further off rounding decides nothing
                step = max(step * _WIDER, _FAR)
            target = 0.5 * (self.lower + self.upper)
            halved = target >= self.upper * (1.0 - step)
            if from_below:
                near = 0.5 * WIDTH * self.upper
                apart = math.sqrt((self.upper - self.lower) * 0.1 * WIDTH * self.upper)
                target = self.lower + max(apart, near)
            elif unknown > 0.0:
                if self.upper - self.lower <= _NEARLY_ALL * unknown:
                    return
                target = self.upper - math.sqrt(unknown * (self.upper - self.lower))
            elif self.scheme != "task_only":
                # Half-way may be nearer to the split than the ends have to be.
                target = min(target, self.upper * (1.0 - SHARE * WIDTH))
                target = max(target, self.upper * (1.0 - step))
            answer = self.decide(max(target, SMALLEST))
            if answer is True and self.upper <= SMALLEST:
                return
            hopes -= from_below and answer is not True
            from_below = hopes > 0 and answer is True and halved and self.lower > 0.0
            if answer is False:
                step = SHARE * WIDTH
            elif answer is None:
                unknown = self.upper - target
            else:
                unknown = 0.0
                gap = max(1.0 - self.lower / self.upper, 0.0)
                step = max(step * _WIDER, math.sqrt(step * gap))
