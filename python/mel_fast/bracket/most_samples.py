"""The most samples that fit at a number of local cycles, closed in on from both sides.

What fits is an interval: samples can be taken away one at a time down to the learners' minima. At
prices that refute n samples with a little more of a budget, the bound falls with that budget at its
own price, so one look tells which smaller n the same tree refutes with what there is. Then a
decision or two, each a plan or a proof, close what is left.
"""

import math
from dataclasses import dataclass, field

from mel_fast import _core
from mel_fast._base.optional import installed
from mel_fast._base.progress import Callback
from mel_fast._base.validation import MAX_INTEGER
from mel_fast.bracket.clock import Clock
from mel_fast.bracket.inquiry import Start
from mel_fast.bracket.most_looks import Looking
from mel_fast.bracket.search import Search, Split
from mel_fast.bracket.selected import MANY_CHOSEN, chosen_quickly, selection
from mel_fast.bracket.stated_samples import (
    bare_problem,
    fewest_stated,
    most_stated,
    with_samples,
)
from mel_fast.model.problem import Problem
from mel_fast.plans.claims.certificate import certificate_of
from mel_fast.plans.claims.parts import PartsLeaf
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import SCHEMES, Scheme, Status

_ROUNDING = 1e-9  # relative: more than sums over the learners err by
_CHECKED = 20_000  # learners: the check by balls takes some seconds there


@dataclass(slots=True)
class MostSamples(Looking):
    """One search: what it asks, and what it knows so far.

    `value` samples fit, 0 before any do; `ruled_out` do not, one more than can be stated before
    anything is ruled out.
    """

    problem: Problem
    tau: int
    scheme: Scheme
    threads: int
    clock: Clock
    start: Start | None = None
    callback: Callback | None = None
    value: int = 0
    split: Split | None = None
    ruled_out: int = 0
    refuted: _core.Result | _core.Selection | PartsLeaf | None = None
    open: bool = False  # something was left undecided
    cut: bool = False  # a question took the half of the time that was left for it
    nodes: int = 0
    passes: int = 0
    stopped: bool = False
    interrupted: bool = False
    bare: Plan | None = None  # the claim that not even no samples are possible
    known: Plan | None = None  # a plan for `value` that needs no more proof
    _fewest: int = 1  # that can be stated
    _made: dict[int, Problem] = field(default_factory=dict)
    _above: _core.Selection | None = None  # its prices refute one cycle more with its samples
    _seen_at: tuple[float, float, float] | None = None  # ln of a need, its samples, the slope

    def ends(self) -> tuple[int, int]:
        """Return how many fit, and how many are not ruled out."""
        return self.value, self.ruled_out - 1

    @property
    def closed(self) -> bool:
        """Whether one sample more than fits is ruled out."""
        return self.ruled_out <= self.value + 1

    def with_samples(self, samples: int) -> Problem:
        """Return the problem of so many samples; the last two are kept."""
        if samples not in self._made:
            self._made = dict(list(self._made.items())[-1:])
            self._made[samples] = with_samples(self.problem, samples)
        return self._made[samples]

    def _run(self) -> None:
        try:
            self._close_in()
        finally:
            if self.ruled_out > MAX_INTEGER and self.stopped:
                self._rule_out_by_limits()

    def _rule_out_by_limits(self) -> None:
        """Rule out, stopped or not, what is more than all may have, and have the time for."""
        whole = self._most_by_limits() * (1.0 + _ROUNDING) + 1.0
        if not whole < MAX_INTEGER:
            return
        samples = max(int(whole), self._fewest)
        core = self.with_samples(samples).core_for(self.scheme)
        result = _core.decide(core, self.tau, self._code, math.inf, self.threads, None)
        self.passes += result.passes
        self._learn(samples, result)

    def _close_in(self) -> None:
        fewest = self._fewest = fewest_stated(self.problem, self.scheme)
        most = most_stated(self.problem, self.scheme)
        self.ruled_out = MAX_INTEGER + 1
        if fewest > MAX_INTEGER or most < fewest:
            self.decide(min(fewest, MAX_INTEGER))
            return
        if self._may_look() and chosen_quickly(self.problem):
            self._select(fewest)
            if self._settled(fewest):
                return
        # Where passes left a little open, the bound is mostly what fits.
        near = self.value and self.refuted is not None
        guess = self.ruled_out - 1 if near else min(max(self._guess(), fewest), most)
        if self._may_look():
            guess = self._look_around(guess, fewest, most)
            if self.ruled_out > most and not self.stopped and self._limits_few():
                self._select(fewest)  # looks far above what fits told nothing
                if self._settled(fewest):
                    return
                guess = self._look_around(self.ruled_out - 1, fewest, most)
        self._search(guess, fewest, most)

    def _settled(self, fewest: int) -> bool:
        return self.closed or self.stopped or self.ruled_out <= fewest

    def _limits_few(self) -> bool:
        """Say whether few learners have limits of their own, who then take all or nothing."""
        few = len(self.problem.learners) <= MANY_CHOSEN
        return few and self.problem.learners.max_samples is not None and not self.problem.paces

    def _select(self, fewest: int) -> None:
        """Take both ends from the prices at which the bound on the samples is least.

        Without a tree: what whole learners leave is told better by parts.
        """
        far, means = self.with_samples(MAX_INTEGER), (self.threads, self._teller)
        found = selection(far, self.tau, self.clock.left(), *means, start=self.start, depth="plan")
        self.nodes += found.nodes
        self.passes += found.passes
        if min(found.end) > 0.0:
            self.start = (float(self.tau), *found.end)
        if found.bound < MAX_INTEGER and len(found.tree_learner):
            self.ruled_out, self.refuted = max(int(found.bound) + 1, fewest), found
        if found.samples is not None and found.value >= fewest:
            self.value = int(found.value)
            self.split = Split.of(self.problem.cycle_s, found)
            self._above = found if found.above_refuted else None
        self._seen(found.interrupted)

    def refute(self, samples: int) -> None:
        """Ask whether so many samples are impossible, in the quickest way; else how many are."""
        if not (self._may_look() and chosen_quickly(self.problem)):
            self.decide(samples)
            return
        asked, means = self.with_samples(samples), (self.threads, self._teller)
        found = selection(
            asked,
            self.tau,
            self.clock.left(),
            *means,
            samples=True,
            start=self.start,
            depth="bound",
        )
        self.nodes += found.nodes
        self.passes += found.passes
        proved = len(found.tree_learner) > 0
        if proved and found.refuted:
            self.ruled_out, self.refuted = samples, found
        elif proved and found.bound < MAX_INTEGER and self._all_below(samples):
            # Prices that do not refute so many refute more than their own bound.
            self.ruled_out, self.refuted = max(int(found.bound) + 1, samples + 1), found
        self._seen(found.interrupted)

    def _search(self, guess: int, fewest: int, most: int) -> None:
        """Ask at the guess, then outwards with doubling steps, then by halves."""
        step = 1
        low, high = max(self.value, fewest - 1), min(self.ruled_out, most + 1)
        asked = min(max(guess, low + 1), high - 1)
        while low < high - 1 and not self.stopped:
            answer = self.decide(asked)
            if answer is None and not self.stopped and not self.cut:
                answer = self._decide_by_balls(asked)
            if answer is None:  # as if it did not fit; what is ruled out only moves by proof
                self.open = self.open or not self.stopped
                high = asked
            else:
                low, high = max(low, self.value), min(high, self.ruled_out)
            if low >= fewest and high <= most:
                near = min(asked + step, high - 1) if answer else max(asked - step, low + 1)
                asked = (low + high) // 2 if step > 1 else near
            else:
                asked = min(asked + step, high - 1) if answer else max(asked - step, low + 1)
            step *= 2
        if not self.stopped and self.value == most < self.ruled_out - 1:
            self.decide(most + 1)  # the learners' own limits: a proof of one line
        if self.open and not self.stopped:
            self._rule_out_above()

    def _rule_out_above(self) -> None:
        """Where a number stays undecided: the least above it that can be ruled out."""
        step = 1
        low = self.value + 1
        while low < self.ruled_out - 1 and not self.stopped:
            asked = min(low + step, (low + self.ruled_out) // 2)
            answer = self.decide(asked)
            if answer:
                low = self.value + 1
            elif answer is None:
                low = asked
            step *= 2

    def decide(self, samples: int) -> bool | None:
        """Ask whether so many samples fit and keep what proves the answer; None where unknown."""
        return self._learn(samples, self._ask(samples, 0.5 * self.clock.left()))

    def _learn(self, samples: int, result: _core.Result) -> bool | None:
        if result.tau == self.tau:
            if samples > self.value:
                self.value = samples
                self.split = Split.of(self.problem.cycle_s, result)
                self.known = None
            return True
        if result.bound < self.tau:
            if samples < self.ruled_out:
                self.ruled_out, self.refuted = samples, PartsLeaf.of(result) or result
            return False
        return None

    def _ask(self, samples: int, limit_s: float, *, tentative: bool = False) -> _core.Result:
        result = _core.decide(
            self.with_samples(samples).core_for(self.scheme),
            self.tau,
            self._code,
            limit_s,
            *self._means,
            tentative,
            parts=True,
        )
        self.nodes += result.nodes
        self.passes += result.passes
        if min(result.end) > 0.0 and not tentative:
            self.start = result.end
        self._seen(result.interrupted)
        self.cut = self.cut or (result.stopped and not self.stopped)
        return result

    def _decide_by_balls(self, samples: int) -> bool | None:
        """Ask without rounding errors, and let balls of higher precision judge the answer."""
        size = len(self.problem.learners)
        if size > _CHECKED or not installed("flint"):
            return None
        result = self._ask(samples, 0.5 * self.clock.left(), tentative=True)
        if self.stopped:
            return None
        if result.tau == self.tau:
            split = Split.of(self.problem.cycle_s, result)
            claim = self._plan_of(samples, split)
        elif result.bound < self.tau:
            claim = self.refutation(samples, PartsLeaf.of(result) or result)
        else:
            return None
        if claim is None or not self.holds(claim):
            return None
        answer = self._learn(samples, result)
        if answer:
            self.known = claim
        return answer

    def nothing_fits(self) -> bool | None:
        """Say whether a cycle without any samples is possible; None where that is unknown.

        Idle learners that are served still need the model. A problem has at least one sample, so
        theirs is asked of one that costs next to nothing, within a cycle a little shorter or
        longer than that costs.
        """
        minima = self.problem.learners.min_samples
        if minima is not None and minima.any():
            return False
        if self.problem.idle == "excused":
            return True
        scheme: Scheme = "task_only" if self.scheme == "task_only" else "joint"
        for cycle_s, answer in ((1.0, True), (1.0 + 2.0**-48, False)):
            bare = bare_problem(self.problem, self.problem.cycle_s * cycle_s)
            result = _core.decide(
                bare.core_for(scheme), 1, SCHEMES.index(scheme), self.clock.left(), *self._means[:2]
            )
            self.passes += result.passes
            self._seen(result.interrupted)
            if (result.tau == 1) if answer else (result.bound == 0):
                if not answer:
                    search = Search(bare, 1, "cycle_s", scheme, self.threads, self.clock)
                    self.bare = search.refutation(bare.cycle_s, result)
                return answer
        return None

    def plan(self) -> Plan | None:
        """Return the plan of `value` samples, with the proof that it has the most local cycles."""
        if self.split is None or self.known is not None:
            return self.known
        return self._plan_of(self.value, self.split)

    def _plan_of(self, samples: int, split: Split) -> Plan | None:
        search = self._searching(samples)
        plan = self._ruled_out_at_once(search, samples, split)
        if plan is not None:
            return plan
        search.best = split
        plan = search.plan()
        self.nodes, self.passes = search.nodes, search.passes
        self._seen(search.cause or search.interrupted)
        return plan

    def _ruled_out_at_once(self, search: Search, samples: int, split: Split) -> Plan | None:
        """Return the plan of so many samples where the last prices rule out one cycle more."""
        quick = self._may_look() and chosen_quickly(self.problem)
        if not quick or self.start is None or self.stopped:
            return None
        asked, above = self.with_samples(samples), self.tau + 1
        found = self._above
        if found is None or int(found.value) != samples:
            means = (self.clock.left(), self.threads, self._teller)
            found = selection(asked, above, *means, samples=True, start=self.start)
            self.passes += found.passes
            self._seen(found.interrupted)
            if not found.refuted or len(found.tree_learner) != 1:
                return None
        search.passes, status = self.passes, Status.OPTIMAL
        certificate = certificate_of("joint", self.tau, found, asked)
        return search._claim(
            asked,
            status=status,
            tau=self.tau,
            bound=self.tau,
            **split.allocation(),
            certificate=certificate,
        )

    def proof(self) -> Plan | None:
        """Return the claim that `ruled_out` samples are impossible, as a plan without a plan."""
        return None if self.refuted is None else self.refutation(self.ruled_out, self.refuted)

    def refutation(self, samples: int, result: _core.Result | _core.Selection | PartsLeaf) -> Plan:
        """Return the claim that a result's tree shows so many samples impossible."""
        return self._searching(samples).refutation(self.problem.cycle_s, result)

    def _searching(self, samples: int) -> Search:
        return Search(
            self.with_samples(samples),
            self.tau,
            "cycle_s",
            self.scheme,
            self.threads,
            self.clock,
            self.start,
            self._teller,
            nodes=self.nodes,
            passes=self.passes,
            stopped=self.stopped,
        )
