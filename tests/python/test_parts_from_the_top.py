"""Parts of those who are not set aside: no more is ruled out than every split needs."""

from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from mel_fast import _core
from mel_fast.plans.claims.parts import PartsLeaf
from test_parts import OVERS, claim, least_by_hand, looked_for, tiny


def some_must(seed: int) -> tuple[mel.Problem, int, int, int, str]:
    """Return a few learners of whom some must take part, tau, a part, who stands above, over."""
    problem, tau, part = tiny(seed)
    rng = np.random.default_rng([seed, 1])
    most = problem.learners.max_samples
    assert most is not None
    least = np.where(rng.random(len(most)) < 0.3, rng.integers(1, 4, len(most)), 0)
    least = np.minimum(least, most)
    samples = max(problem.task.samples, int(least.sum()))
    problem = problem.replace(
        learners=problem.learners.replace(min_samples=least),
        task=problem.task.replace(samples=samples),
    )
    return problem, tau, part, int(rng.integers(0, 7)), OVERS[seed // 2 % 3]


def ruled_out(problem: mel.Problem, tau: int, part: int, above: int, over: str) -> Any:
    """Return what is ruled out with these above, and the leaf, where prices are known."""
    least = least_by_hand(problem, tau, over)
    if not 1e-30 < least < 1e30:
        return None
    found = looked_for(problem, tau, over, part, least, above)
    if found is None:
        return None
    lower, leaf, alone, amount = found
    if over == "cycle_s" and amount:  # of a cycle what is known is from above alone
        least = min(least, amount)
    return lower, leaf, least, alone


@pytest.mark.no_cover
def test_with_parts_from_the_top_no_more_is_ruled_out_than_every_split_needs():
    asked = closer = refused = 0
    for seed in range(500):
        problem, tau, part, above, over = some_must(seed)
        found = ruled_out(problem, tau, max(part, 2), above, over)
        if found is None:
            continue
        lower, leaf, least, alone = found
        asked += 1
        closer += lower > alone + 0.01 * (least - alone)
        assert lower < least, seed
        if not lower:
            continue
        right = claim(problem.with_budgets(**{over: lower}), tau, leaf)
        assert seed % 5 or mel.verify(right.problem, right).ok, seed
        assert mel.Plan.from_dict(right.to_dict()).to_dict() == right.to_dict()
        # Nothing that is said of a leaf makes it rule out what has a plan.
        rng = np.random.default_rng([seed, 2])
        for _ in range(2):
            changed = leaf._replace(
                per_part=leaf.per_part * float(rng.choice([0.5, 1.0, 1.1, 30.0])),
                part=int(rng.integers(1, 8)),
                above=[None, 0, 1, 3, 5, 2**53][rng.integers(6)],
            )
            wrong = claim(problem.with_budgets(**{over: least * (1 + 1e-6)}), tau, changed)
            assert not mel.verify(wrong.problem, wrong).ok, (seed, changed)
            refused += 1
    assert asked > 200
    assert closer > 20
    assert refused > 200


def of_sizes(law: str, learners: int, *, must: bool) -> mel.Problem:
    """Return learners hardly apart but for their sizes, who take all that they may, or nothing.

    Or, where some must take part with a few samples, all others of one size.
    """
    rng = np.random.default_rng(5)
    noise = {"noise_bandwidth_hz": 1e8} if law == "fixed" else {}
    problem = mel.scenarios.table1(
        learners, seed=1, law=law, idle="excused", budgets="per_learner", **noise
    )
    gain = np.median(problem.learners.gain) * 10 ** rng.uniform(-2e-3, 2e-3, learners)
    most = rng.integers(18, 40, learners)
    least = np.zeros(learners, np.int64)
    if must:
        most = np.where(rng.random(learners) < 0.1, rng.integers(3, 9, learners), 40)
        least[most < 40] = 1
    return problem.replace(
        task=problem.task.replace(samples=int(0.3 * most.sum())),
        learners=problem.learners.replace(
            gain=gain,
            flops_per_s=np.full(learners, problem.learners.flops_per_s.max()),
            max_samples=most,
            min_samples=least,
        ),
    )


@pytest.mark.parametrize("must", [False, True])
@pytest.mark.parametrize("law", ["density", "fixed"])
def test_a_share_of_one_learner_is_closed_from_the_top(law, must):
    problem = of_sizes(law, 1500, must=must)
    found = mel.least(problem, 20, "power_w", time_limit_s=10.0)
    assert found.width < 1e-8
    assert found.proof is not None
    (leaf,) = found.proof.certificate["tree"]  # type: ignore[index]
    assert leaf["part"] == leaf["above"] > 1
    assert mel.verify(found.proof.problem, found.proof).ok
    for above in () if must else (0, leaf["above"] + 1, 2**53):
        changed = PartsLeaf(**{**leaf, "above": above})
        plan = claim(found.proof.problem, 20, changed)
        assert not mel.verify(plan.problem, plan).ok, above


def test_learners_of_sizes_that_add_up_make_up_for_samples_too_many():
    """Single samples of those who hold all that they may cost nearly what they are worth.

    The ends were 3e-3 to 9e-3 apart, and where the repair gave up there was no split at all.
    """
    for seed in range(1, 24, 2):
        rng = np.random.default_rng(seed)
        noise = {"noise_bandwidth_hz": 1e8}
        problem = mel.scenarios.table1(
            800, seed=seed, law="fixed", idle="excused", budgets="per_learner", **noise
        )
        most = rng.integers(18, 40, 800)
        problem = problem.replace(
            task=problem.task.replace(samples=int(0.3 * most.sum()) + 7),
            learners=problem.learners.replace(max_samples=most),
        )
        asked = (1e9, 1, lambda _low, _high, passes, _s: passes > 400, None, 0.0, True)
        lower, _, amount, plan, *_ = _core.bracket(problem._core, 4, 2, 0, *asked)
        assert plan is not None
        assert plan.samples.sum() == problem.task.samples
        assert plan.power_w.sum() <= amount * (1 + 1e-12)
        assert amount / lower < 1 + 5e-4
