"""Limits of a learner and resource blocks against the enumeration of everything, all variants."""

import numpy as np
import pytest
from hypothesis import strategies as st

import mel_fast as mel
from exact import violations
from limited import LIMITS, LimitedCase, is_the_optimum
from limits_brute import some_plan_with_blocks
from mel_fast import Plan, Problem, reference
from strategies import SCHEMES, VARIANTS, Case, cases, holds_for_all

LONE_LIMITS = [(name,) for name in LIMITS]
BLOCKS = (1, 2, 3, 4, 6)


def enumerated(problem: Problem, scheme: str = "joint") -> Plan:
    """Solve; the plan is right, proved, and as good as enumeration's."""
    plan = mel.solve(problem, scheme=scheme)
    assert plan.status == ("optimal" if plan.tau else "infeasible")
    assert is_the_optimum(problem, scheme, plan.tau), f"{plan}"
    verdict = mel.verify(problem, plan)
    assert verdict.ok, verdict.reasons
    assert plan.tau == 0 or violations(plan) == []
    return plan


def tiny(seed: int, words: tuple[str, str, str], limits: tuple[str, ...], blocks: int | None):
    case = Case(seed, 1 + seed % 3, 1 + 3 * seed % 8, *words, [None, 1, 2][seed // 3 % 3])
    return LimitedCase(case, limits, blocks).problem()


@pytest.mark.no_cover
@pytest.mark.parametrize("limits", [*LONE_LIMITS, LIMITS], ids=lambda names: "-".join(names))
@pytest.mark.parametrize("words", VARIANTS, ids="-".join)
def test_a_limit_alone_and_all_of_them(words, limits) -> None:
    for seed in range(9):
        enumerated(tiny(seed, words, limits, None), SCHEMES[(seed + 1) // 2 % 3])


@pytest.mark.no_cover
@pytest.mark.parametrize("blocks", BLOCKS)
@pytest.mark.parametrize("words", VARIANTS, ids="-".join)
def test_bandwidth_in_blocks(words, blocks: int) -> None:
    for seed in range(9):
        enumerated(tiny(seed, words, (), blocks), SCHEMES[(seed + 1) // 2 % 3])


@pytest.mark.no_cover
@pytest.mark.parametrize("words", VARIANTS, ids="-".join)
def test_limits_and_blocks_together(words) -> None:
    for seed in range(20, 35):
        limits = tuple(name for i, name in enumerate(LIMITS) if seed * 7 >> i & 1)
        enumerated(tiny(seed, words, limits, BLOCKS[seed % 5]), SCHEMES[seed // 2 % 3])


@pytest.mark.parametrize("words", VARIANTS, ids="-".join)
def test_blocks_one_by_one(words) -> None:
    for seed in range(40, 46):
        problem = tiny(seed, words, LIMITS if seed % 2 else (), BLOCKS[seed % 5])
        scheme = SCHEMES[seed % 3]
        tau = mel.solve(problem, scheme=scheme).tau
        assert tau == 0 or some_plan_with_blocks(problem, tau, scheme)
        assert not some_plan_with_blocks(problem, tau + 1, scheme)


@pytest.mark.parametrize("words", VARIANTS, ids="-".join)
def test_kept_samples_when_budgets_halve(words) -> None:
    kept = 0
    for seed in range(6):
        problem = tiny(seed, words, ("max_samples",) if seed % 2 else (), [None, 6][seed // 3])
        start = mel.solve(problem)
        if start.tau == 0:
            continue
        learner = len(problem.learners) - 1
        halved = reference.with_budgets(problem, 0.5)
        again = start.replan(halved, keep=[learner])
        split = np.arange(len(problem.learners)) == learner
        low = np.where(split, start.samples, 0)
        most = problem.learners.max_samples
        high = np.where(split, start.samples, problem.task.samples if most is None else most)
        learners = problem.learners.replace(min_samples=low, max_samples=high)
        assert is_the_optimum(halved.replace(learners=learners), "joint", again.tau)
        assert mel.verify(again.problem, again).ok
        if again.tau:
            kept += 1
            assert again.samples[learner] == start.samples[learner]
            assert violations(again) == []
    assert kept > 0


def test_nothing_to_send_needs_no_block() -> None:
    # Three blocks for four learners leave equal shares of none; no bits, no need of any.
    task = mel.LearningTask(12, 18, 1, 0, 0, 8, flops_per_sample=2.8e8, setting="federated")
    learners = mel.Learners(4.4e11, 8.7e-17, 13.8, 0.596, count=4)
    radio = mel.Radio(13.3, 1.97, noise_density_w_per_hz=1e-20, block_hz=3.79)
    for idle in ("served", "excused"):
        problem = mel.Problem(task, learners, radio, 0.58, idle=idle)
        for scheme in SCHEMES:
            assert enumerated(problem, scheme).tau > 0


LIMITED = st.builds(
    LimitedCase,
    cases(learners=6, samples=40),
    st.lists(st.sampled_from(LIMITS), unique=True).map(tuple),
    st.none() | st.integers(1, 12),
)


@pytest.mark.no_cover
@holds_for_all(st.tuples(LIMITED, st.sampled_from(SCHEMES)), ci=40, long=4_000)
def test_any_limits(drawn: tuple[LimitedCase, str]) -> None:
    enumerated(drawn[0].problem(), drawn[1])
