"""Equal shares and equal samples where somebody may sit out: right by enumeration, and checked."""

from itertools import product
from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.reference.selection import every_split
from mel_fast.solve.selection.sums_of_some import Ends, some_with_sum
from selecting import HAIR, tiny


def holds(problem: mel.Problem, tau: int, most: int, cycle: float) -> list[np.ndarray]:
    """Return what each learner can have with its equal share, within a cycle times `cycle`."""
    learners, radio, size = problem.learners, problem.radio, len(problem.learners)
    power = np.full(size, radio.power_w / size)
    if learners.max_power_w is not None:
        power = np.minimum(power, learners.max_power_w)
    rate = problem.rates(np.full(size, radio.bandwidth_hz / size), power)
    back, task = problem.return_rates(), problem.task
    count = np.arange(most + 1)[:, None]
    model = task.model_bits + task.model_bits_per_sample * count
    seconds = (task.alpha_bits * count + task.model_bits) / rate + model / back
    seconds = seconds + tau * count * task.flops_per_sample / learners.flops_per_s
    fits = seconds <= problem.cycle_s * cycle
    fits &= (count >= learners.min_samples) & (count <= learners.max_samples)
    rests = np.full(size, problem.idle == "excused") & (learners.min_samples == 0)
    if learners.optional is not None:
        rests = rests | learners.optional
    fits[0] |= rests
    return [np.flatnonzero(fits[:, k]) for k in range(size)]


def some_split(allowed: list[np.ndarray], total: int, at_least: int) -> bool:
    """Whether numbers of which each is allowed add up, enough of them above zero."""
    return any(
        sum(split) == total and np.count_nonzero(split) >= at_least for split in product(*allowed)
    )


def fits(problem: mel.Problem, tau: int, most: int, scheme: str, at_least: int) -> bool | None:
    """Whether tau fits, by enumeration; None within a hair of it."""
    total, size = problem.task.samples, len(problem.learners)
    if scheme == "task_only":
        sure, generous = (
            some_split(holds(problem, tau, most, 1 + hair), total, at_least)
            for hair in (-HAIR, HAIR)
        )
        return sure if sure == generous else None
    splits = every_split(problem, tau, most)
    low, high = total // size, -(-total // size)
    right = ((splits.samples >= low) & (splits.samples <= high)).all(axis=1)
    right &= (splits.samples.sum(axis=1) == total) & (splits.takers >= at_least)
    scale = splits.scale[right].min() if right.any() else np.inf
    return None if abs(scale - 1) < HAIR else bool(scale <= 1)


def assert_right(seed: int, scheme: Any) -> str:
    """Hold an answer against all splits, and against the checker; say how it ended."""
    problem, tau, most = tiny(seed, ("optional",))
    rng = np.random.default_rng(seed)
    if scheme == "resource_only" and rng.random() < 0.6:  # else nobody has a choice
        few = int(rng.integers(1, len(problem.learners) + 1))
        problem = problem.replace(task=problem.task.replace(samples=few))
    problem = problem.replace(cycle_s=problem.cycle_s * 10 ** rng.uniform(0, 0.7))
    at_least = int(rng.integers(0, 4))
    plan = mel.solve(problem, scheme=scheme, at_least=at_least or None)
    assert plan.scheme == scheme
    verdict = mel.verify(problem, plan)
    assert verdict, (seed, verdict.reasons)
    if plan.tau:
        assert fits(problem, plan.tau, most, scheme, at_least) is not False, seed
        assert np.count_nonzero(plan.samples) >= at_least
    assert fits(problem, plan.bound + 1, most, scheme, at_least) is not True, seed
    if tau <= plan.tau:
        assert fits(problem, tau, most, scheme, at_least) is not False, seed
    return str(plan.status)


@pytest.mark.parametrize("scheme", ["task_only", "resource_only"])
@pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(60), id="ci"),
        pytest.param(range(1000, 2500), id="long", marks=pytest.mark.long),
    ],
)
def test_baselines_are_right_by_enumeration_and_checked(scheme: str, seeds: range) -> None:
    ended = [assert_right(seed, scheme) for seed in seeds]
    assert ended.count("optimal") > len(seeds) // 10
    assert ended.count("infeasible") > len(seeds) // 20
    assert set(ended) <= {"optimal", "infeasible"}


def test_a_baseline_is_no_better_than_the_joint_plan() -> None:
    seen = 0
    for seed in range(40):
        problem, _, _ = tiny(seed, ("optional",))
        joint = mel.solve(problem, then="none")
        for scheme in ("task_only", "resource_only"):
            plan = mel.solve(problem, scheme=scheme, then="none")
            assert plan.tau <= joint.bound
            seen += plan.tau > 0
    assert seen > 10


def clients(count: int) -> mel.Problem:
    """Return clients who bring all of their data or nothing, of whom some are wanted."""
    own = np.random.default_rng(count).integers(20, 400, count)
    problem = mel.scenarios.table1(count, seed=count, idle="excused", cycle_s=30.0)
    return problem.replace(
        learners=problem.learners.replace(min_samples=own, max_samples=own, optional=True),
        task=problem.task.replace(samples=int(own[::3].sum())),
    )


@pytest.mark.parametrize("count", [12, 300])
def test_just_these_samples_are_found_among_many_clients(count: int) -> None:
    problem = clients(count)
    plan = mel.solve(problem, scheme="task_only")
    assert plan.status == "optimal"
    assert plan.tau > 0
    assert mel.verify(problem, plan)
    early = mel.solve(problem, scheme="task_only", then="none")
    assert early.tau == plan.tau
    assert plan.times.total_s.max() <= early.times.total_s.max()
    more = mel.solve(problem, scheme="task_only", at_least=count // 2)
    assert np.count_nonzero(more.samples) >= count // 2
    assert more.tau <= plan.tau
    assert mel.verify(problem, more)


def test_where_nobody_may_rest_the_choice_changes_nothing() -> None:
    problem = mel.scenarios.table1(6, seed=3)
    low = problem.task.samples // 6 - 5
    tied = problem.replace(learners=problem.learners.replace(min_samples=low))
    open_ = problem.replace(learners=problem.learners.replace(min_samples=low, optional=True))
    one, other = (mel.solve(p, scheme="resource_only") for p in (tied, open_))
    assert open_.has_choice
    assert (one.tau, one.bound) == (other.tau, other.bound)
    assert np.array_equal(one.samples, other.samples)
    assert np.array_equal(one.bandwidth_hz, other.bandwidth_hz)
    assert mel.verify(open_, other)


def test_many_problems_are_answered_as_one_by_one() -> None:
    problems = [tiny(seed, ("optional",))[0] for seed in range(12)]
    for scheme in ("task_only", "resource_only"):
        plans = mel.solve_many(problems, scheme=scheme)
        assert list(plans) == [mel.solve(problem, scheme=scheme) for problem in problems]


def test_what_is_claimed_beyond_is_refused() -> None:
    refused = 0
    for scheme in ("task_only", "resource_only"):
        for seed in range(12):
            problem, _, _ = tiny(seed, ("optional",))
            plan = mel.solve(problem, scheme=scheme)
            if plan.status != "optimal":
                continue
            file = plan.to_dict()
            file["certificate"]["tau"] = file["bound"] = file["tau"] = plan.tau - 1
            if plan.tau > 1:
                file["certificate"]["tau"] = plan.tau
                assert not mel.verify(problem, mel.Plan.from_dict(file))
                refused += 1
            file = plan.to_dict()
            file["at_least"] = len(problem.learners) + 1
            assert not mel.verify(problem, mel.Plan.from_dict(file))
    assert refused > 4


def test_least_of_a_budget_is_refused_with_a_reason() -> None:
    with pytest.raises(ValueError, match="others could take part"):
        mel.solve(clients(12), scheme="task_only", then="power")


def test_sums_of_some_are_those_of_all_subsets() -> None:
    rng = np.random.default_rng(5)
    outcomes = set()
    for _ in range(400):
        size = int(rng.integers(1, 7))
        low = rng.integers(0, 9, size)
        high = low + rng.integers(-2, 4, size) * (rng.random(size) < 0.6)
        rests = rng.random(size) < 0.7
        low = np.where(rests, np.maximum(low, 1), low)
        total, at_least = int(rng.integers(1, 30)), int(rng.integers(0, 4))
        ranges = [
            ([0] if rests[k] else []) + list(range(int(low[k]), int(high[k]) + 1))
            for k in range(size)
        ]
        some = some_split([np.array(r, int) for r in ranges], total, at_least)
        found = some_with_sum(Ends(low, high, rests), total, at_least)
        assert found.refuted is (not some)
        assert (found.who is not None) is some
        if found.who is not None:
            assert int(low[found.who].sum()) <= total <= int(high[found.who].sum()) or at_least
        outcomes.add(some)
    assert outcomes == {True, False}
