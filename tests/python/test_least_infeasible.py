"""Where no amount of a resource is enough, that is a proof: quick, and one that `verify` checks."""

import numpy as np
import pytest

import mel_fast as mel
from patience import in_time

SCHEMES = ("joint", "task_only", "resource_only")


def problem_of(
    idle: str = "served",
    law: str = "density",
    *,
    cycle_s: float = 10.0,
    bandwidth_hz: float = 1e6,
    power_w: float = 0.1,
    block_hz: float | None = None,
    **limits: float,
) -> mel.Problem:
    noise = {"noise_power_w": 4e-15} if law == "fixed" else {"noise_density_w_per_hz": 4e-21}
    return mel.Problem(
        mel.LearningTask(
            samples=100,
            features=1,
            feature_bits=1,
            fixed_parameters=1000,
            parameters_per_sample=0,
            parameter_bits=32,
            flops_per_sample=1e6,
            setting="federated",
        ),
        mel.Learners(
            flops_per_s=[1e9, 1e9],
            gain=[1e-10, 1e-10],
            return_bandwidth_hz=1e6,
            return_power_w=0.1,
            **limits,
        ),
        mel.Radio(bandwidth_hz, power_w, **noise, block_hz=block_hz),
        cycle_s,
        idle,
    )


def assert_nothing_suffices(
    problem: mel.Problem, tau: int, over: str, scheme: str = "joint"
) -> None:
    found = in_time(2.0, lambda: mel.least(problem, tau, over, scheme=scheme))
    assert found.status == "infeasible"
    assert not found.stopped
    assert found.plan is None
    assert found.proof is not None
    assert found.proof.bound < tau
    assert getattr(found.proof.problem.radio, over, found.proof.problem.cycle_s) == found.lower
    assert mel.verify(found.proof.problem, found.proof).ok
    assert "infeasible" in found.summary()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("idle", ["served", "excused"])
@pytest.mark.parametrize("block_hz", [None, 1e5])
@pytest.mark.parametrize("law", ["density", "fixed"])
def test_limits_of_learners_forbid_it_whatever_the_amount(
    law: str, block_hz: float | None, idle: str, scheme: str
) -> None:
    words = {"idle": idle, "law": law, "block_hz": block_hz}
    batteries = {"energy_j": 50 * 1e6 * 1e-9 * 2.5, "energy_per_flop_j": 1e-9}
    for over in ("cycle_s", "bandwidth_hz", "power_w"):
        assert_nothing_suffices(problem_of(**words, **batteries), 3, over, scheme)
        assert_nothing_suffices(problem_of(**words, max_samples=49), 1, over, scheme)
    assert mel.least(problem_of(**words, **batteries), 2, "cycle_s", scheme=scheme).plan is not None


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("idle", ["served", "excused"])
def test_the_deadline_forbids_it_whatever_the_budgets(idle: str, scheme: str) -> None:
    for over in ("bandwidth_hz", "power_w"):
        assert_nothing_suffices(problem_of(idle, cycle_s=1.0), 30, over, scheme)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("idle", ["served", "excused"])
def test_the_other_budget_forbids_it(idle: str, scheme: str) -> None:
    # The rate has a limit: P h / (N0 ln 2) as bandwidth grows, B log2 of the largest power.
    assert_nothing_suffices(problem_of(idle, cycle_s=1.0, power_w=1e-12), 3, "bandwidth_hz", scheme)
    assert_nothing_suffices(problem_of(idle, cycle_s=1.0, bandwidth_hz=20.0), 3, "power_w", scheme)
    capped = problem_of(idle, cycle_s=1.0, max_power_w=1e-12)
    assert_nothing_suffices(capped, 3, "bandwidth_hz", scheme)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_fewer_blocks_than_served_learners_forbid_it(scheme: str) -> None:
    for over in ("cycle_s", "power_w"):
        assert_nothing_suffices(problem_of(block_hz=6e5), 1, over, scheme)


def test_it_is_quick_with_many_learners() -> None:
    problem = mel.scenarios.table1(learners=3_000, seed=1)
    learners = problem.learners.replace(max_samples=np.ones(3_000, dtype=np.int64))
    for over in ("cycle_s", "bandwidth_hz", "power_w"):
        assert_nothing_suffices(problem.replace(learners=learners), 1, over)


def test_a_stop_is_not_taken_for_a_proof() -> None:
    found = mel.least(problem_of(), 3, "cycle_s", time_limit_s=0.0)
    assert found.status == "undecided"
    assert found.proof is None


@pytest.mark.parametrize(
    ("law", "over", "status", "most"),
    [("density", "bandwidth_hz", "infeasible", 90), ("fixed", "power_w", "optimal", 200)],
)
def test_a_climb_beyond_all_reason_is_soon_seen(law, over, status, most):
    """An amount doubled forty times among a sample, then among all: 147 and 360 passes."""
    size = 20_000
    noise = {"noise_bandwidth_hz": 1e8} if law == "fixed" else {}
    problem = mel.scenarios.table1(size, seed=1, law=law, idle="excused", budgets="fixed", **noise)
    problem = problem.replace(
        task=problem.task.replace(samples=20 * size),
        learners=problem.learners.replace(max_samples=np.full(size, 25.0)),
    )
    found = mel.least(problem, 1, over, threads=1)
    assert found.status == status
    assert found.passes <= most
