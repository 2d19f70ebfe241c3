"""The least of one resource where somebody may choose to sit out, or so many must take part.

More of a resource never hurts: what fits with less fits with more. The problem without its choice
needs no more, so its lower end holds; from there each amount is a question about who takes part.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mel_fast import _core
from mel_fast._base.validation import LARGEST, MAX_INTEGER, SMALLEST, IntColumn, freeze
from mel_fast.bracket.clock import Clock
from mel_fast.bracket.inquiry import Start, Teller
from mel_fast.bracket.least_search import SHARE, LeastSearch
from mel_fast.bracket.search import RESOURCES, WIDTH, Search, Split, amount_of, is_one_leaf
from mel_fast.model.problem import Problem
from mel_fast.plans.claims.certificate import certificate_of
from mel_fast.plans.claims.no_more import certificate_of_selection
from mel_fast.plans.claims.parts import PartsLeaf
from mel_fast.plans.claims.twin_sides import without_empty_sides
from mel_fast.plans.interrupted import Interrupted
from mel_fast.plans.plan import Plan
from mel_fast.plans.status import LEAST, Status

_EASIER = 0.5  # of the time, for the problem in which nobody must take part
MANY_CHOSEN = 4096  # learners, of more of whom passes over all tell most
# How far a selection goes: what some of many learners say, the bound alone, a plan from prices.
Depth = Literal["guess", "bound", "plan", "boxes"]
DEPTHS: tuple[Depth, ...] = get_args(Depth)
_Mask = NDArray[np.bool_]


def without_choice(problem: Problem) -> Problem:
    """Return the problem in which every minimum that is open is none, and anybody may rest."""
    if not problem.has_choice:
        return problem
    learners = problem.learners
    minima, optional = learners.min_samples, learners.optional
    if minima is not None and optional is not None:
        minima = freeze(np.where(optional, 0, minima))
    # The columns were looked at already, and no minimum rises.
    learners = learners._with(optional=None, min_samples=minima)
    return problem.replace(idle="excused", learners=learners)


def keeps_choice(problem: Problem, samples: IntColumn) -> bool:
    """Say whether a split of `without_choice` is one of the problem itself."""
    if not problem.has_choice:
        return True
    learners = problem.learners
    optional = learners.optional
    assert optional is not None
    rests = samples == 0
    if problem.idle == "served" and bool((rests & ~optional).any()):
        return False
    minima = learners.min_samples
    return minima is None or bool(((samples >= minima) | (rests & optional)).all())


def boxes_hold(problem: Problem, relaxed: Problem, split: IntColumn) -> bool:
    """Say whether boxes of `without_choice` are boxes of the problem itself.

    Of identical learners what bounds one bounds others: those who are split must have twins in the
    problem itself as well. And none of them may be closed by a minimum that is out of reach.
    """
    learners = problem.learners
    assert learners.optional is not None
    own = [learners.optional.astype(float), _minima(problem).astype(float)]
    alike = np.column_stack([np.broadcast_to(c, len(learners)) for c in relaxed.deciding_columns()])
    names = np.unique(alike, axis=0, return_inverse=True)[1].ravel()
    divided = np.isin(names, names[np.unique(split[split >= 0])])
    both = np.unique(np.column_stack([names, *own])[divided], axis=0)
    reached = bool((_minima(problem)[divided] <= problem.task.samples).all())
    return reached and len(both) == len(np.unique(names[divided]))


def _minima(problem: Problem) -> IntColumn:
    """Return the minima that are open: of others none."""
    minima, optional = problem.learners.min_samples, problem.learners.optional
    if minima is None or optional is None:
        return np.zeros(len(problem.learners), dtype=np.int64)
    return np.where(optional, minima, 0)


def with_minima(certificate: dict[str, Any], problem: Problem, relaxed: Problem) -> dict[str, Any]:
    """Return a tree of `without_choice` as one of the problem itself, in which `boxes_hold`."""
    columns, minima = relaxed.deciding_columns(), _minima(problem)
    return {**certificate, "tree": list(without_empty_sides(certificate["tree"], columns, minima))}


def takes_part(problem: Problem, samples: IntColumn) -> _Mask:
    """Say who takes part in a split: who has samples, and who is served all the same."""
    optional = problem.learners.optional
    if problem.idle == "excused":
        return samples > 0
    return (samples > 0) | (True if optional is None else ~optional)


def those(problem: Problem, who: _Mask) -> Problem:
    """Return the problem of those who take part, who keep their minima already."""
    given = problem._given
    learners = problem.learners.take(who).replace(optional=None, min_samples=None)
    return problem.replace(learners=learners, payload=None if given is None else given.take(who))


def chosen_quickly(problem: Problem) -> bool:
    """Say whether passes over all learners are the quickest way: many, and nothing but rates."""
    learners = problem.learners
    capped = learners.max_bandwidth_hz is not None or learners.max_power_w is not None
    energies = problem.energy_sends or problem.paces
    plain = not capped and problem.radio.block_hz is None and not energies
    return plain and len(learners) > MANY_CHOSEN


def selection(
    problem: Problem,
    tau: int,
    limit_s: float,
    threads: int,
    teller: Teller = None,
    *,
    samples: bool = False,
    at_least: int = 0,
    start: Start | None = None,
    depth: Depth = "boxes",
) -> _core.Selection:
    """Ask the core who takes part at a tau: as many samples as fit, or just those of the task."""
    return _core.select(
        problem._core,
        tau,
        0,
        None,
        samples,
        at_least,
        1.0,
        limit_s,
        threads,
        teller,
        False,
        start,
        DEPTHS.index(depth),
    )


def room_at(problem: Problem, tau: int, limit_s: float, threads: int) -> tuple[float, float] | None:
    """Return how many samples fit at a tau, whoever takes part, and how many at most do.

    The second is negative where not even those fit who must take part. None where a limit came
    first.
    """
    far = problem.with_samples(MAX_INTEGER)
    found = selection(far, tau, limit_s, threads)
    return None if math.isinf(found.bound) else (found.value, found.bound)


@dataclass(slots=True, eq=False, repr=False)
class SelectedLeast(LeastSearch):
    """The search for the least, whose questions are selections."""

    at_least: int = 0
    relaxed: Problem = field(init=False)

    def __post_init__(self) -> None:
        self.relaxed = without_choice(self.problem)

    def _run(self) -> None:
        clock = Clock(_EASIER * self.clock.left())
        easier = LeastSearch(
            self.relaxed,
            self.tau,
            self.resource,
            self.scheme,
            self.threads,
            clock,
            self.start,
            self.callback,
        )
        easier.run()
        self.nodes, self.passes = self.nodes + easier.nodes, self.passes + easier.passes
        self.start = easier.start
        if easier.refuted is not None and self._says_it(easier.refuted):
            self.lower, self.refuted = easier.lower, easier.refuted
        elif easier.by_prices is not None:
            self.lower, self.refuted = easier.by_prices
        split = easier.best
        if split is not None and self._is_split(split.samples):
            self.best, self.blocks = split, easier.blocks
        self.stopped = self.stopped or (easier.stopped and not clock.over())
        self._seen(False)
        self.interrupted = self.interrupted or easier.interrupted
        self.cause = self.cause or easier.cause
        if self.closed() or self.stopped:
            return
        if split is None and easier.lower >= self.most_stated:  # by a tree, which says nothing here
            self.decide(self.most_stated)
            return
        near = split.amount if split is not None else max(easier.near, easier.lower)
        near = near or amount_of(self.problem, self.resource)
        if self.resource == "bandwidth_hz" and self.problem.radio.block_hz is not None:
            from mel_fast.bracket.blocks import search_blocks

            search_blocks(self, near)
        elif self._bracket(near, sure=False):
            self._close()
            if not self.closed() and not self.stopped and self._may_sharpen():
                from mel_fast.bracket.precise import sharpen

                sharpen(self, SHARE * WIDTH)

    def _says_it(self, refuted: _core.Result | PartsLeaf) -> bool:
        """Say whether what refutes the easier problem refutes this one: prices alone do."""
        if self.relaxed is self.problem or is_one_leaf(refuted):
            return True
        assert not isinstance(refuted, PartsLeaf)
        return boxes_hold(self.problem, self.relaxed, refuted.tree_learner)

    def _is_split(self, samples: IntColumn) -> bool:
        enough = int(np.count_nonzero(samples)) >= self.at_least
        return enough and keeps_choice(self.problem, samples)

    def ask(self, problem: Problem, tau: int, limit_s: float | None = None, **_: Any) -> Any:
        """Ask who takes part at one tau."""
        found = selection(
            problem,
            tau,
            self.clock.left() if limit_s is None else limit_s,
            self.threads,
            self._teller,
            samples=True,
            at_least=self.at_least,
            start=self.start,
        )
        self.nodes += found.nodes
        self.passes += found.passes
        if min(found.end) > 0.0:
            self.start = (float(tau), *found.end)
        self._seen(found.interrupted)
        return Answer(found, tau)

    def _keep(self, problem: Problem, amount: float, result: Any) -> None:
        split = Split.of(amount, result)
        who = takes_part(problem, split.samples)
        if not self.stopped and who.any():
            need, bandwidth_hz, power_w, blocks, interrupted = _core.least_of_split(
                those(problem, who)._core,
                self.tau,
                split.samples[who],
                RESOURCES.index(self.resource),
                self.clock.left(),
                *self._means,
            )
            self._seen(interrupted)
            if bandwidth_hz is not None and power_w is not None and SMALLEST <= need <= LARGEST:
                split = Split(
                    need,
                    split.samples,
                    _spread(who, bandwidth_hz),
                    _spread(who, power_w),
                    _spread(who, blocks),
                )
        if split.amount < self.upper:
            self.best = split

    def plan(self) -> Plan | None:
        """Return the best split as a plan, with a proof of how many cycles there can be."""
        if self.best is None:
            return None
        problem, best = self.with_amount(self.best.amount), self.best
        tau, step, above = self.tau, 1, None
        content = best.allocation()
        while not self.stopped and tau + step <= MAX_INTEGER:
            answer = self.ask(problem, tau + step)
            if answer.tau < tau + step:
                above = answer if answer.bound < tau + step else None
                break
            # The same amount serves for more.
            tau, content = tau + step, Split.of(best.amount, answer).allocation()
            step *= 2
        if above is None:
            above = self._surely_too_many(problem, tau)
        bound = max(above.bound, tau)
        return self._claim(
            problem,
            status=Status.OPTIMAL if bound == tau else Status.FEASIBLE,
            tau=tau,
            bound=bound,
            **content,
            certificate=above.certificate(),
        )

    def _surely_too_many(self, problem: Problem, tau: int) -> Any:
        """Rule out what not even one sample has the time for."""
        speed = problem.learners.flops_per_s / problem.payload.flops_per_sample
        too_many = max(tau, int(min(problem.cycle_s * float(speed.max()), 2.0**52))) + 1
        members, left_s = self.at_least, math.inf
        found = selection(problem, too_many, left_s, self.threads, samples=True, at_least=members)
        return Answer(found, too_many)

    def _certificate(self, result: Any) -> dict[str, Any] | None:
        """Return what proves tau impossible, of this problem or of the easier one."""
        if isinstance(result, Answer):
            return result.certificate()
        if not is_one_leaf(result) and self.relaxed is not self.problem:
            found = certificate_of("joint", self.tau - 1, result, self.relaxed)
            return None if found is None else with_minima(found, self.problem, self.relaxed)
        return LeastSearch._certificate(self, result)  # super() knows no class with slots made anew

    def nothing(self) -> Plan:
        """Return what is known of the problem before any work."""
        return Plan(
            self.problem,
            status=Status.UNDECIDED,
            tau=0,
            bound=MAX_INTEGER,
            at_least=self.at_least or None,
        )

    def _claim(self, problem: Problem, **content: Any) -> Plan:
        return Search._claim(self, problem, **content, at_least=self.at_least or None)


class Answer:
    """What a selection says about one tau, as a question about one tau is answered."""

    def __init__(self, found: _core.Selection, tau: int) -> None:
        self._found = found
        self.samples, self.blocks = found.samples, found.blocks
        self.bandwidth_hz, self.power_w = found.bandwidth_hz, found.power_w
        self.end = (float(tau), *found.end)
        self.tau = tau if found.samples is not None else 0
        self.bound = tau - 1 if found.refuted else MAX_INTEGER
        self._above = tau

    def certificate(self) -> dict[str, Any] | None:
        """Return the proof that the tau asked is impossible; None where it is not."""
        if self.bound >= self._above:
            return None
        return certificate_of_selection(self._above - 1, self._found, valued=True)


def _spread(who: _Mask, column: Any) -> Any:
    """Return a column of those who take part as one of all learners."""
    if column is None:
        return None
    whole = np.zeros(who.size, dtype=column.dtype)
    whole[who] = column
    return whole


def least_spending(
    plan: Plan,
    then: str,
    limit_s: float,
    threads: int,
    tell: Callable[[int], bool] | None = None,
) -> Plan:
    """Return an optimal plan with the least of one budget instead; as it is if none is found.

    `tell` is told the passes so far now and then, and says whether to stop.
    """
    over = LEAST[then]
    clock = Clock(limit_s)
    asked = None if tell is None else lambda lower, amount, passes, elapsed_s: tell(passes)
    words = (plan.problem, plan.tau, over, plan.scheme, threads, clock, plan._end, asked)
    search = LeastSearch(*words)
    if plan.at_least or plan.problem.has_choice:
        search = SelectedLeast(*words, at_least=plan.at_least or 0)
    search.possible = True
    search.run()
    if search.interrupted:
        raise Interrupted(plan) from search.cause
    if search.best is None or search.upper > amount_of(plan.problem, over):
        return plan
    return plan._with_allocation(search.best.allocation())
