"""Try seeds of one family of problems for some seconds: ``python long_run.py FAMILY SEED SECONDS``.

Every case is solved, its plan checked in exact arithmetic and its proof by `mel_fast.verify`; what
else is asked depends on the family. A failure prints the family and the seed, which make it again:
``python long_run.py FAMILY SEED 0`` tries that seed alone. docs/verification.md says what came out.
"""

import sys
import time
from collections import Counter
from collections.abc import Callable

import numpy as np

import mel_fast as mel
from exact import violations
from limited import HAIR, LIMITS, LimitedCase, is_the_optimum, nudged, with_limits
from mel_fast import Plan, Problem, reference
from strategies import SCHEMES, VARIANTS, Case
from test_extremes import engineering_extremes, whole_range

LIMIT_S = 10.0
DECIDED = ("optimal", "infeasible")


class Draw:
    """The words and sizes of one seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = np.random.default_rng([seed, 99])
        self.words = VARIANTS[self.rng.integers(8)]
        self.scheme = str(self.rng.choice(SCHEMES, p=[0.7, 0.15, 0.15]))
        self.kinds = [None, None, 1, 2, 3][self.rng.integers(5)]

    def size(self, low: float, high: float) -> int:
        """Draw an integer with a uniform logarithm."""
        return max(1, round(2 ** self.rng.uniform(np.log2(low), np.log2(max(low, high)))))

    def case(self, learners: int, samples: int) -> Case:
        return Case(self.seed, learners, samples, *self.words, self.kinds)


def checked(problem: Problem, scheme: str, *, decided: bool = True) -> Plan:
    start = time.monotonic()
    plan = mel.solve(problem, scheme=scheme, time_limit_s=LIMIT_S)
    assert time.monotonic() - start < LIMIT_S + 1, "the time limit was missed"
    assert not decided or plan.status in DECIDED, f"{plan} after {plan.nodes} nodes"
    assert plan.samples is None or violations(plan) == []
    verdict = mel.verify(problem, plan)
    assert verdict.ok, f"{plan}: {verdict.reasons}"
    return plan


def random(draw: Draw) -> str:
    """Up to 200 learners and 100,000 samples."""
    case = draw.case(draw.size(1, 200), draw.size(1, 1e5))
    return str(checked(case.problem(), draw.scheme).status)


def against_reference(draw: Draw) -> str:
    """As `random`, small enough for the slow solver's tables."""
    learners = draw.size(1, 200)
    problem = draw.case(learners, draw.size(1, 6000 / learners)).problem()
    plan = checked(problem, draw.scheme)
    bracket = reference.solve(problem, draw.scheme)
    assert bracket.lower <= plan.tau <= plan.bound <= bracket.upper, f"{plan}, {bracket}"
    return "closed" if bracket.lower == bracket.upper else "bracketed"


def borderline(draw: Draw) -> str:
    """Budgets 1e-5 to 1e-9 above and below what the best of all splits needs."""
    learners = int(draw.rng.integers(2, 9))
    case = draw.case(learners, draw.size(1, 360 if learners <= 3 else 64))
    return both_sides(draw, case.problem(), case.rng())


def limits_borderline(draw: Draw) -> str:
    """As `borderline`, with limits of the learners or bandwidth in blocks."""
    learners = int(draw.rng.integers(2, 7))
    case = draw.case(learners, draw.size(1, 100 if learners <= 3 else 32))
    names = tuple(name for name in LIMITS if draw.rng.random() < 0.5)
    blocks = draw.size(1, 12) if draw.rng.random() < 0.4 else None
    return both_sides(draw, LimitedCase(case, names, blocks).problem(), case.rng())


def both_sides(draw: Draw, problem: Problem, rng: np.random.Generator) -> str:
    """Solve with budgets a little above and a little below what a random tau needs."""
    tau = reference.random_tau(rng, problem, draw.scheme)
    margin = 10.0 ** -draw.rng.choice([5, 5, 6, 7, 8, 9])
    pair = reference.borderline_pair(problem, tau, scheme=draw.scheme, margin=margin)
    if pair is None:
        return "no budget decides"
    above = checked(pair.feasible, draw.scheme)
    assert above.tau >= tau, f"tau = {tau} fits with {pair.samples}: {above}"
    below = checked(pair.infeasible, draw.scheme)
    assert below.bound < tau, f"tau = {tau} does not fit, best {pair.samples}: {below}"
    return "tree" if max(above.nodes, below.nodes) > 1 else "root"


def edge(draw: Draw) -> str:
    """Up to 500 learners: both sides (1e-7) of the edge that bisection over the budgets finds."""
    problem = draw.case(draw.size(8, 500), draw.size(4, 65_000)).problem()
    tau = reference.random_tau(draw.rng, problem) if problem.task.samples < 6000 else 3
    low, high = 1e-12, 1e12
    if mel.solve(reference.with_budgets(problem, high)).tau < tau:
        return "no budget decides"
    while high > low * (1 + 1e-7):
        middle = (low * high) ** 0.5
        plan = mel.solve(reference.with_budgets(problem, middle), time_limit_s=LIMIT_S)
        assert plan.status in DECIDED, f"{plan} at {middle!r} after {plan.nodes} nodes"
        low, high = (low, middle) if plan.tau >= tau else (middle, high)
    nodes = [checked(reference.with_budgets(problem, s), "joint").nodes for s in (low, high)]
    return "tree" if max(nodes) > 1 else "root"


def concave(draw: Draw) -> str:
    """Fixed law with samples on the air, where costs may be concave in the samples."""
    draw.words = ("fixed", "parallelized", draw.words[2])
    case = draw.case(int(draw.rng.integers(2, 13)), draw.size(128, 23_000))
    return "tree" if checked(case.problem(), "joint").nodes > 1 else "root"


def extreme(draw: Draw) -> str:
    """SNR from -100 to 200 dB, speeds 1e9 apart, cycles from 1e-6 to 1e9 s."""
    learners, samples = int(draw.rng.integers(1, 13)), draw.size(1, 1e6)
    problem = engineering_extremes(draw.seed, learners, samples, (*draw.words, draw.scheme))
    return str(checked(problem, draw.scheme).status)


def extreme_against_reference(draw: Draw) -> str:
    """As `extreme`, beside the slow solver."""
    learners, samples = int(draw.rng.integers(1, 9)), int(draw.rng.integers(1, 60))
    problem = engineering_extremes(draw.seed, learners, samples, (*draw.words, draw.scheme))
    plan = checked(problem, draw.scheme)
    bracket = reference.solve(problem, draw.scheme)
    assert bracket.lower <= plan.bound, f"{plan}, {bracket}"
    assert plan.tau <= bracket.upper, f"{plan}, {bracket}"
    return "closed" if bracket.lower == bracket.upper else "bracketed"


def whole(draw: Draw) -> str:
    """Every input anywhere in its accepted range, up to 2^53 samples."""
    learners, samples = int(draw.rng.integers(1, 13)), draw.size(1, 2.0**53)
    problem = whole_range(draw.seed, learners, samples, (*draw.words, draw.scheme))
    if problem is None:
        return "refused"
    return str(checked(problem, draw.scheme, decided=False).status)


def limits(draw: Draw) -> str:
    """Some of the limits of a learner, beside the slow solver."""
    learners = draw.size(1, 60)
    case = draw.case(learners, draw.size(1, 4000 / learners))
    names = tuple(name for name in LIMITS if draw.rng.random() < 0.5)
    return bracketed(LimitedCase(case, names, None).problem(), draw.scheme)


def limits_extreme(draw: Draw) -> str:
    """As `extreme`, with limits of the learners or bandwidth in blocks."""
    learners, samples = int(draw.rng.integers(1, 7)), int(draw.rng.integers(1, 40))
    problem = engineering_extremes(draw.seed, learners, samples, (*draw.words, draw.scheme))
    names = tuple(name for name in LIMITS if draw.rng.random() < 0.5)
    blocks = draw.size(1, 9) if draw.rng.random() < 0.4 else None
    return bracketed(with_limits(problem, draw.rng, names, blocks), draw.scheme)


def blocks(draw: Draw) -> str:
    """Bandwidth in up to 50 resource blocks, every other time with limits too."""
    learners = draw.size(1, 16)
    case = draw.case(learners, draw.size(1, 600 / learners))
    names = tuple(name for name in LIMITS if draw.rng.random() < 0.4) if draw.seed % 2 else ()
    problem = LimitedCase(case, names, draw.size(1, 50)).problem()
    return bracketed(problem, draw.scheme)


def bracketed(problem: Problem, scheme: str) -> str:
    """Solve, and compare with the slow solver's bracket, or with all plans where they are few."""
    plan = checked(problem, scheme)
    if len(problem.learners) <= 4 and problem.task.samples <= 24:
        assert is_the_optimum(problem, scheme, plan.tau), f"{plan}"
        return "enumerated"
    bracket = reference.solve(problem, scheme)
    if not bracket.lower <= plan.tau <= plan.bound <= bracket.upper:
        lower = reference.solve(nudged(problem, 1 - HAIR), scheme).lower
        upper = reference.solve(nudged(problem, 1 + HAIR), scheme).upper
        assert lower <= plan.tau <= plan.bound <= upper, f"{plan}, {bracket}"
    return "closed" if bracket.lower == bracket.upper else "bracketed"


FAMILIES: dict[str, Callable[[Draw], str]] = {
    family.__name__: family
    for family in (
        random,
        against_reference,
        borderline,
        edge,
        concave,
        extreme,
        extreme_against_reference,
        whole,
        limits,
        limits_borderline,
        limits_extreme,
        blocks,
    )
}


def main(family: str, first: int, seconds: float) -> int:
    start, seed, found, failures = time.monotonic(), first, Counter[str](), 0
    while True:
        try:
            found[FAMILIES[family](Draw(seed))] += 1
        except Exception as error:
            failures += 1
            print(f"FAILED {family} {seed}: {type(error).__name__}: {error}", flush=True)
        seed += 1
        if time.monotonic() - start >= seconds:
            break
    print(f"{family}: {seed - first} cases, {failures} failures, {dict(found)}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
