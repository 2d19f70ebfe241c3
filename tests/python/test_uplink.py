"""Shared returns: against enumeration, against the same problem played forward, and by hand."""

import numpy as np
import pytest

import mel_fast as mel
from mel_fast import reference
from mel_fast.verify import verify
from parity import differences
from strategies import SCHEMES, VARIANTS, draw
from uplinks import cell, random_uplink, turned, with_energy, with_own_power

HAIR = 1e-7  # nearer to a budget than this the reference does not decide
LIMITS = [
    (),
    ("max_samples",),
    ("min_samples",),
    ("max_bandwidth_hz",),
    ("min_samples", "max_samples"),
    ("max_samples", "max_bandwidth_hz"),
]


def check_against_enumeration(seeds: range, *, energy: bool = False) -> None:
    unfit = 0
    for seed in seeds:
        problem = random_uplink(seed, LIMITS[seed // 4 % len(LIMITS)])
        rng = np.random.default_rng([seed, 16])
        if energy:
            problem = with_energy(problem, rng)
        elif seed % 5 == 0:
            width = reference.random_block_hz(rng, problem, int(rng.integers(2, 7)))
            problem = problem.replace(radio=problem.radio.replace(block_hz=width))
        scheme = (*SCHEMES, "joint")[seed // 7 % 4]
        plan = mel.solve(problem, scheme=scheme)
        best = reference.enumerate_optimum(problem, scheme)
        near = min(abs(best.scale_next - 1.0), abs(best.scale - 1.0) if best.tau else 1.0)
        assert plan.tau == best.tau or near < HAIR, seed
        assert plan.status == ("optimal" if plan.tau else "infeasible"), seed
        report = verify(problem, plan)
        assert report.ok, (seed, str(report))
        unfit += plan.tau == 0
    assert unfit < 0.7 * len(seeds)  # most instances have something to plan


@pytest.mark.no_cover
def test_own_power_limits_agree_with_enumeration() -> None:
    check_against_enumeration(range(60))


@pytest.mark.long
def test_own_power_limits_agree_with_enumeration_on_thousands() -> None:
    check_against_enumeration(range(120, 3120))


@pytest.mark.no_cover
def test_energy_of_sending_agrees_with_enumeration() -> None:
    check_against_enumeration(range(50), energy=True)


@pytest.mark.long
def test_energy_of_sending_agrees_with_enumeration_on_thousands() -> None:
    check_against_enumeration(range(120, 3120), energy=True)


@pytest.mark.parametrize("variant", VARIANTS, ids="-".join)
def test_swapped_links_give_the_forward_plan_bit_for_bit(variant: tuple[str, str, str]) -> None:
    for seed in range(6):
        rng = np.random.default_rng(seed)
        forward = draw(seed, int(rng.integers(2, 40)), int(rng.integers(5, 3000)), *variant)
        if seed % 2:
            limits = reference.random_limits(rng, forward, ("max_power_w", "max_samples"))
            forward = forward.replace(learners=forward.learners.replace(**limits))
        back = turned(forward)
        scheme = SCHEMES[seed % 3]
        one, other = mel.solve(forward, scheme=scheme), mel.solve(back, scheme=scheme)
        told = {"problem", "reasons"}  # which speak of the other link
        assert set(differences(one, other)) <= told
        if one:
            assert np.array_equal(one.send_s, other.return_s)
            assert np.array_equal(one.compute_s, other.compute_s)
            assert np.array_equal(one.return_s, other.send_s)
            assert one.prices == other.prices
            ends = [mel.least(p, one.tau, "bandwidth_hz") for p in (forward, back)]
            assert (ends[0].lower, ends[0].amount) == (ends[1].lower, ends[1].amount)


def test_a_common_budget_of_all_own_limits_is_none() -> None:
    for seed in range(40):
        own = random_uplink(seed)
        whole = float(np.sum(own.learners.max_power_w)) * (1.0 + 1e-9)
        common = own.replace(radio=own.radio.replace(power_w=whole))
        for scheme in ("joint", "resource_only"):
            assert mel.solve(own, scheme=scheme).tau == mel.solve(common, scheme=scheme).tau


def test_equal_shares_without_a_common_budget_leave_everybody_its_own_power() -> None:
    problem = cell(5, max_power_w=[1e-4, 1e-3, 1e-2, 1e-1, 1.0])
    plan = mel.solve(problem, scheme="task_only")
    assert plan.status == "optimal"
    assert np.array_equal(plan.allocation.power_w, problem.learners.max_power_w)
    assert np.all(plan.allocation.bandwidth_hz <= problem.radio.bandwidth_hz / 5)
    assert verify(problem, plan).ok


def test_times_are_those_of_the_formulas() -> None:
    problem = cell(8, seed=3)
    plan = mel.solve(problem)
    shares, learners, radio = plan.allocation, problem.learners, problem.radio
    bits = problem.task.model_bits

    def rate(band, watt):
        noise = radio.noise_density_w_per_hz * band
        return band * np.log2(1.0 + watt * learners.gain / noise)

    assert np.allclose(shares.times.return_s, bits / rate(shares.bandwidth_hz, shares.power_w))
    assert np.allclose(shares.times.send_s, bits / rate(20e6, 1.0))
    assert np.all(shares.power_w <= learners.max_power_w)
    assert np.all(shares.times.total_s <= problem.cycle_s)
    again = mel.evaluate(problem, plan.tau, shares.samples, shares.bandwidth_hz, shares.power_w)
    assert np.array_equal(again.return_s, shares.times.return_s)


def test_more_power_or_bandwidth_never_hurts() -> None:
    for seed in range(30):
        problem = random_uplink(seed, learners=6, samples=200)
        tau = mel.solve(problem).tau
        rng = np.random.default_rng(seed)
        more = problem.learners.max_power_w * (1.0 + rng.uniform(0.0, 2.0, 6))
        stronger = problem.replace(learners=problem.learners.replace(max_power_w=more))
        assert mel.solve(stronger).tau >= tau
        assert (
            mel.solve(problem.with_budgets(bandwidth_hz=1.1 * problem.radio.bandwidth_hz)).tau
            >= tau
        )


def test_many_problems_are_what_single_ones_are() -> None:
    rng = np.random.default_rng(5)
    base = cell(12)
    own = base.learners.max_power_w * 10 ** rng.uniform(-1, 1, (6, 12))
    for scheme in SCHEMES:
        batch = mel.Batch.vary(base, max_power_w=own, cycle_s=np.linspace(5.0, 12.0, 6))
        plans = mel.solve_many(batch, scheme=scheme)
        assert not any(
            differences(plans[row], mel.solve(batch[row], scheme=scheme)) for row in range(6)
        )
        listed = mel.solve_many([batch[row] for row in range(6)], scheme=scheme)
        assert listed.tau.tolist() == plans.tau.tolist()
    kept = mel.solve_many(batch, keep={3: 700})
    assert all(plan.samples[3] == 700 for plan in kept)
    bad = np.array(own)
    bad[2, 5] = np.inf
    plans = mel.solve_many(mel.Batch.vary(base, max_power_w=bad, rows=6))
    assert "max_power_w[5] = inf" in plans.errors[2]
    assert plans.tau[1] > 0


def test_learners_that_only_the_unused_link_tells_apart_are_twins() -> None:
    for seed in range(4):
        rng = np.random.default_rng(seed)
        problem = with_own_power(turned(draw(seed, 6, 15, "fixed", "federated", "served")), rng)
        twins = problem.learners.take([0, 0, 1, 1, 2, 2]).replace(
            return_bandwidth_hz=np.arange(1.0, 7.0), return_power_w=1.0
        )
        problem = problem.replace(
            learners=twins, radio=problem.radio.replace(bandwidth_hz=problem.radio.bandwidth_hz / 3)
        )
        for least in (mel.solve(problem), mel.least(problem, 1, "bandwidth_hz").plan):
            assert least is None or verify(least.problem, least).ok


def test_energy_is_that_of_computing_and_of_the_power_in_the_time() -> None:
    tight = False
    for seed in range(30):
        rng = np.random.default_rng([seed, 16])
        problem = with_energy(random_uplink(seed, learners=8, samples=300), rng)
        plan = mel.solve(problem)
        if not plan:
            continue
        shares, learners = plan.allocation, problem.learners
        each = problem.payload.flops_per_sample * learners.energy_per_flop_j
        spent = plan.tau * shares.samples * each + shares.power_w * shares.times.return_s
        part = shares.samples > 0 if problem.idle == "excused" else np.full(8, fill_value=True)
        assert np.allclose(plan.energy_j[part], spent[part], rtol=1e-12)
        assert np.all(plan.energy_j <= learners.energy_j)
        assert np.all(shares.power_w <= learners.max_power_w)
        tight |= bool(np.any(plan.energy_j >= (1.0 - 1e-9) * learners.energy_j))
    assert tight


def test_energy_without_end_changes_nothing_and_more_never_hurts() -> None:
    for seed in range(40):
        rng = np.random.default_rng([seed, 16])
        bare = random_uplink(seed, learners=6, samples=60)
        problem = with_energy(bare, rng)
        tau = mel.solve(problem).tau

        def with_joules(energy, problem=problem):
            return problem.replace(learners=problem.learners.replace(energy_j=energy))

        assert mel.solve(with_joules(np.inf)).tau == mel.solve(bare).tau
        assert tau <= mel.solve(with_joules(1.5 * problem.learners.energy_j)).tau
        least = mel.least(problem, max(tau, 1), "bandwidth_hz")
        assert least.plan is None or verify(least.plan.problem, least.plan).ok
        assert least.proof is None or verify(least.proof.problem, least.proof).ok
        if tau:
            assert least.amount <= problem.radio.bandwidth_hz * (1 + 1e-8)


def test_energy_of_many_rows_is_that_of_single_problems() -> None:
    rng = np.random.default_rng(1)
    base = with_energy(random_uplink(4, learners=7, samples=80), rng)
    energy = base.learners.energy_j * rng.uniform(0.5, 2.0, (5, 7))
    for scheme in SCHEMES:
        plans = mel.solve_many(mel.Batch.vary(base, energy_j=energy), scheme=scheme)
        rows = [base.replace(learners=base.learners.replace(energy_j=row)) for row in energy]
        assert not any(
            differences(plan, mel.solve(row, scheme=scheme))
            for plan, row in zip(plans, rows, strict=True)
        )
