"""Who takes part where nothing is sent or returned, or limits are zero: by enumeration, proved."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from cornered import corner
from mel_fast.reference.selection import every_split
from mel_fast.verify import verify_dict
from selecting import HAIR, best_worth, clear_cut

pytest.importorskip("flint")

WORTHS: tuple[Any, ...] = ("samples", "weight", "learners")


def assert_right(seed: int) -> None:
    """Compare `most` of all kinds, and `solve`, with enumeration; the checker judges each file."""
    problem, tau, most = corner(seed)
    splits = every_split(problem, tau, most)
    clear = clear_cut(splits)
    for of in WORTHS:
        found = mel.most(problem, tau, of=of)
        for claim in (found.plan, found.proof):
            if claim is not None:
                verdict = mel.verify(claim.problem, claim)
                assert verdict, (seed, of, verdict)
        if clear:
            best = best_worth(problem, splits, of)
            assert found.status == ("infeasible" if best is None else "optimal"), (seed, of, best)
            assert best is None or found.value == pytest.approx(best, rel=1e-9), (seed, of)
    for at_least in (0, 1 + seed % len(problem.learners)):
        plan = mel.solve(problem, at_least=at_least)
        assert plan.status in ("optimal", "infeasible"), (seed, at_least, plan)
        verdict = mel.verify(problem, plan)
        assert verdict, (seed, at_least, verdict)
        for at, fits in ((plan.tau, True), (plan.bound + 1, False)):
            there = every_split(problem, at, most) if at else splits
            right = there.samples.sum(axis=1) == problem.task.samples
            scale = there.scale[right & (there.takers >= at_least)].min(initial=np.inf)
            assert not at or (scale <= 1.0 + HAIR if fits else scale >= 1.0 - HAIR), (seed, at)


@pytest.mark.parametrize("part", range(6))
def test_what_fits_best_in_corners_is_that_of_all_splits_one_by_one(part: int) -> None:
    for seed in range(part, 60, 6):
        assert_right(seed)


def test_who_only_computes_counts_with_all_its_samples_beside_whole_blocks() -> None:
    """It was seen with its fewest: tau = 70 was called optimal where 71 fits."""
    assert_right(1074)


@pytest.mark.long
def test_the_same_in_thousands_of_corners() -> None:
    for seed in range(1000, 4000):
        assert_right(seed)


def alone(*, back: float = 0.0, **columns: Any) -> mel.Problem:
    """Return three learners to whom nothing is sent."""
    problem = mel.scenarios.table1(3, seed=1, cycle_s=10.0, idle="excused")
    return problem.replace(
        learners=problem.learners.replace(**columns),
        payload=mel.Payload(
            send_bits=0, send_bits_per_sample=0, return_bits=back, return_bits_per_sample=0
        ),
        task=problem.task.replace(samples=12),
    )


@pytest.mark.parametrize("optional", [False, True])
def test_just_in_time_is_in_time_where_all_only_compute(optional: bool) -> None:
    """Rates that nobody needs were looked at, and left `undecided` what is exact."""
    tau, each = 7, np.array([3, 5, 9])
    flops = mel.scenarios.table1(3).payload.flops_per_sample
    exact = [Fraction(int(d)) * tau * Fraction(flops) / 10 for d in each]
    speed = np.array([float(x) if Fraction(float(x)) >= x else np.nextafter(float(x), np.inf)
                      for x in exact])  # fmt: skip
    problem = alone(flops_per_s=speed, weight=[2, 1, 4], min_samples=[3, 5, 9], optional=optional)
    for of, most in zip(WORTHS, (17, 47, 3), strict=True):
        found = mel.most(problem, tau, of=of)
        assert (found.status, found.value) == ("optimal", most)
        assert found.plan is not None
        assert found.plan.samples.tolist() == each.tolist()
        assert mel.verify(found.plan.problem, found.plan)


def test_a_learner_that_only_computes_beside_others_who_are_sent_something_may_end_in_time() -> (
    None
):
    """That nobody has more than seven was claimed, and proved wrong by the checker."""
    problem = alone(flops_per_s=2.0**30, max_samples=[8, 3, 3]).replace(
        payload=mel.Payload(
            send_bits=[0, 1e6, 1e6], send_bits_per_sample=0, return_bits=0,
            return_bits_per_sample=0, flops_per_sample=2.0**20,
        ),
        cycle_s=1.0,
    )  # fmt: skip
    found = mel.most(problem, 128, of="weight")  # 8 x 128 x 2^20 = 2^30
    assert found.bound == 14
    assert found.value >= 13
    for claim in (found.plan, found.proof):
        assert claim is not None
        assert mel.verify(claim.problem, claim)


@pytest.mark.parametrize("back", [0.0, 1e4])
def test_fewer_than_must_take_part_is_proved_where_nothing_is_sent(back: float) -> None:
    """A split without enough participants ended the search without an answer."""
    problem = alone(back=back, min_samples=[6, 2, 2], optional=True)
    problem = problem.replace(task=problem.task.replace(samples=8))
    plan = mel.solve(problem, at_least=3)
    assert plan.status == "infeasible"
    assert mel.verify(problem, plan)
    assert mel.solve(problem, at_least=2).status == "optimal"


def test_nobody_who_fits_is_worth_nothing_and_no_less_than_the_least() -> None:
    """Next to nothing were weights' common measure, or rounding, and the proof was refused."""
    weight = [0.1, 0.3, np.nextafter(0.7, 1.0)]
    problem = alone(weight=weight, min_samples=8, optional=True, flops_per_s=1.0)
    sent = problem.replace(payload=mel.Payload())
    for case in (problem, sent):
        found = mel.most(case, 10, of="weight")
        assert (found.status, found.value, found.bound) == ("optimal", 0.0, 0.0)
        assert found.proof is not None
        assert mel.verify(found.proof.problem, found.proof)


@pytest.mark.parametrize("law", ["density", "fixed"])
@pytest.mark.parametrize("idle", ["served", "excused"])
def test_who_can_return_nothing_has_nothing_whoever_is_sent_nothing(law: Any, idle: Any) -> None:
    """The checker took the way back of a learner in outage for one of any other."""
    problem = mel.scenarios.table1(3, seed=1, law=law, idle=idle, cycle_s=10.0)
    problem = problem.replace(
        learners=problem.learners.replace(gain=[0.0, 1e-9, 1e-9], max_samples=4),
        payload=mel.Payload(send_bits=0, send_bits_per_sample=0, return_bits=1e5),
        task=problem.task.replace(samples=9),
    )
    plan = mel.solve(problem)
    assert plan.status == "infeasible"
    assert mel.verify(problem, plan)
    found = mel.most(problem, 1, of="weight")
    assert found.value == (None if idle == "served" else 8)
    assert found.proof is not None
    assert mel.verify(found.proof.problem, found.proof)


def test_a_free_watt_is_free_to_learners_of_any_weight() -> None:
    """Prices divided by a weight are balls, and a ball around zero is true: the checker failed."""
    problem = mel.scenarios.table1(3, seed=1, cycle_s=10.0)
    learners = problem.learners.replace(weight=[0.3, 0.7, 1.1], max_bandwidth_hz=1e6)
    problem = problem.replace(
        learners=learners.replace(max_power_w=1.0, max_samples=3),
        radio=problem.radio.replace(power_w=1e6),
    )
    found = mel.most(problem, 1, of="weight")
    assert found.proof is not None
    data = found.proof.to_dict()
    data["certificate"]["tree"] = [{"lambda_per_hz": 1e-9, "mu_per_w": 0.0}]
    assert "is not below what" in str(verify_dict(data))


@pytest.mark.parametrize("scheme", ["joint", "task_only", "resource_only"])
def test_excused_learners_that_may_rest_anyway_are_optional_or_not(scheme: Any) -> None:
    """Nobody has a minimum: `optional` says nothing, to the solver and to the checker.

    A plan that keeps a minimum which comes later is one of that problem, too.
    """
    problem = mel.scenarios.table1(learners=5, cycle_s=40.0, idle="excused")
    learners = problem.learners.replace(optional=[True, False, True, True, False])
    same = problem.replace(learners=learners)
    plan = mel.solve(same, scheme=scheme)
    assert plan.tau == mel.solve(problem, scheme=scheme).tau
    assert mel.verify(same, plan), scheme
    forced = learners.replace(min_samples=[0, 0, 5, 0, 0])
    tampered = plan.to_dict()
    tampered["problem"] = problem.replace(learners=forced).to_dict()
    if scheme != "joint":
        kept = plan.samples[2] == 0 or plan.samples[2] >= 5
        assert verify_dict(tampered).ok == kept
        other = mel.solve(problem.replace(learners=forced), scheme=scheme)
        assert (other.tau == plan.tau) == kept


def test_the_least_energy_of_learners_that_may_rest_anyway_is_proved() -> None:
    task = mel.LearningTask(20, 10, 8, 1000, 0, 32, 1e6, "federated")
    learners = mel.Learners(
        flops_per_s=2e9,
        gain=[1e-10, 3e-11, 2e-12],
        send_bandwidth_hz=1e6,
        send_power_w=1.0,
        max_power_w=0.01,
        energy_coefficient=1e-28,
        optional=[True, True, False],
    )
    radio = mel.Radio(1e6, noise_density_w_per_hz=3.98e-21, shared="return")
    found = mel.least(mel.Problem(task, learners, radio, 1.0, "excused"), 10, "energy_j")
    assert found.status == "optimal"
    assert mel.verify(found.plan.problem, found.plan)
