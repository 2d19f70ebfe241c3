"""Where nothing is sent every constraint is a plain rational, and every answer is decided."""

import math
from fractions import Fraction

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.plans.status import THENS
from strategies import SCHEMES

FAR = 1 << 40


def problem_of(
    flops, samples, flops_per_sample, cycle_s, *, idle="served", law="density", **limits
):
    task = mel.LearningTask(
        samples=samples,
        features=10,
        feature_bits=8,
        fixed_parameters=0,
        parameters_per_sample=0,
        parameter_bits=32,
        flops_per_sample=flops_per_sample,
        setting="federated",
    )
    block_hz = limits.pop("block_hz", None)
    noise = {"density": "noise_density_w_per_hz", "fixed": "noise_power_w"}[law]
    learners = mel.Learners(np.array(flops), 1e-9, 1e6, 0.1, **limits)
    radio = mel.Radio(1e7, 1.0, block_hz=block_hz, **{noise: 4e-21})
    return mel.Problem(task, learners, radio, cycle_s, idle)


def fits(problem, tau, scheme):
    """Whether tau local cycles fit, in rational arithmetic."""
    task, learners, size = problem.task, problem.learners, len(problem.learners)
    work = tau * Fraction(task.flops_per_sample)
    least = most = 0
    for k in range(size):
        low, high = 0, task.samples
        if scheme == "resource_only":
            low, high = task.samples // size, -(-task.samples // size)
        if learners.min_samples is not None:
            low = max(low, int(learners.min_samples[k]))
        if learners.max_samples is not None:
            high = min(high, int(learners.max_samples[k]))
        speed = Fraction(float(learners.flops_per_s[k]))
        high = min(high, Fraction(problem.cycle_s) * speed // work)
        if learners.energy_j is not None and math.isfinite(learners.energy_j[k]):
            each = work * Fraction(float(learners.energy_per_flop_j[k]))
            high = min(high, Fraction(float(learners.energy_j[k])) // each)
        if high < low:
            return False
        least, most = least + low, most + high
    return least <= task.samples <= most


def largest(problem, scheme):
    if not fits(problem, 1, scheme):
        return 0
    low, high = 1, FAR
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(problem, middle, scheme) else (low, middle)
    return low


def check(problem, plan, tau):
    assert (plan.tau, plan.bound) == (tau, tau)
    assert str(plan.status) == ("optimal" if tau else "infeasible"), plan
    assert mel.verify(problem, plan).ok
    if tau:
        assert (plan.total_s <= problem.cycle_s).all()
        assert plan.energy_j is None or (plan.energy_j <= problem.learners.energy_j).all()


def a_float_beside(number, rng):
    return float(math.nextafter(number, rng.choice([0.0, number, math.inf])))


def draw(rng):
    size = int(rng.integers(1, 7))
    each = int(rng.choice([1, 3, 10, 250, 1000]))
    samples = each * size - int(rng.integers(0, 2)) * int(rng.integers(0, each))
    flops_per_sample = float(rng.choice([1e6, 1.0, 3e5, 7.5, 1 / 3]))
    tau = int(rng.choice([1, 2, 7, 10, 99, 10**6 + 3]))
    kinds = rng.choice([1.0, 2.0, 0.5, 1 / 3, 3.0], size=size)
    cycle_s = float(rng.choice([10.0, 0.1, 1.0, 0.3, 60.0]))
    unit = each * flops_per_sample * tau / cycle_s
    limits = {}
    if rng.random() < 0.4:
        limits["max_samples"] = rng.integers(each // 2, 2 * each + 2, size)
    if rng.random() < 0.3:
        limits["min_samples"] = rng.integers(0, each // 3 + 1, size)
        if "max_samples" in limits:
            limits["max_samples"] = np.maximum(limits["max_samples"], limits["min_samples"])
    if rng.random() < 0.4:
        limits["energy_per_flop_j"] = float(rng.choice([1e-9, 0.1, 3.0]))
        joules = each * tau * flops_per_sample * limits["energy_per_flop_j"]
        limits["energy_j"] = [
            a_float_beside(joules * rng.choice([1.0, 2.0, 0.5]), rng) for _ in range(size)
        ]
    if rng.random() < 0.2:
        limits["block_hz"] = 1e6
    if rng.random() < 0.2:
        limits["max_bandwidth_hz"] = limits["max_power_w"] = 1e-3
    return problem_of(
        [a_float_beside(unit * kind, rng) for kind in kinds],
        max(samples, 1),
        flops_per_sample,
        a_float_beside(cycle_s, rng),
        idle=str(rng.choice(["served", "excused"])),
        law=str(rng.choice(["density", "fixed"])),
        **limits,
    )


def check_draws(count, seed):
    statuses = []
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        problem = draw(rng)
        scheme = str(rng.choice(SCHEMES))
        then = str(rng.choice([then for then in THENS if then != "energy"]))  # for joint plans only
        tau = largest(problem, scheme)
        plan = mel.solve(problem, scheme=scheme, then=then)
        check(problem, plan, tau)
        many = mel.solve_many([problem], scheme=scheme, then=then)
        assert (many.tau[0], many.status[0]) == (plan.tau, str(plan.status))
        statuses.append(str(plan.status))
    assert statuses.count("optimal") > count // 2


def test_every_status_is_that_of_rational_arithmetic():
    check_draws(50, 1)


@pytest.mark.long
def test_every_status_of_thousands_is_that_of_rational_arithmetic():
    check_draws(10_000, 2)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("idle", ["served", "excused"])
def test_a_float_less_is_one_cycle_less(scheme, idle):
    for cycle_s, tau in ((10.0, 10), (math.nextafter(10, 0), 9), (math.nextafter(10, 11), 10)):
        problem = problem_of([1e9] * 4, 4000, 1e6, cycle_s, idle=idle)
        check(problem, mel.solve(problem, scheme=scheme), tau)


def test_energy_that_just_suffices_does_and_a_float_less_does_not():
    for energy_per_flop_j in (0.125, 0.1):
        for energy_j in (0.375, 0.3, 3 * 0.1):
            for energy in (energy_j, math.nextafter(energy_j, 0)):
                limits = {"energy_j": [energy], "energy_per_flop_j": energy_per_flop_j}
                problem = problem_of([1e9], 1, 1.0, 1.0, **limits)
                tau = Fraction(energy) // Fraction(energy_per_flop_j)
                check(problem, mel.solve(problem), tau)


def test_a_million_local_cycles_and_more_are_counted_exactly():
    for tau in (10**9 + 7, 2**45 + 1, 2**50 - 1):
        problem = problem_of([float(tau)] * 3, 3, 1.0, 1.0)
        check(problem, mel.solve(problem), tau)


def test_arrays_are_decided_as_one_problem_is():
    problem = problem_of([1e9] * 4, 4000, 1e6, 10.0)
    cycles = [10.0, math.nextafter(10, 0), 9.0, 0.5]
    for scheme in SCHEMES:
        plans = mel.solve_many(mel.Batch.vary(problem, cycle_s=cycles), scheme=scheme)
        assert plans.tau.tolist() == [10, 9, 9, 0]
        assert plans.status.tolist() == ["optimal"] * 3 + ["infeasible"]


@pytest.mark.parametrize("law", ["density", "fixed"])
@pytest.mark.parametrize("idle", ["served", "excused"])
def test_samples_that_travel_leave_no_time_for_what_takes_all_of_the_cycle(law, idle):
    """Only samples are sent and nothing comes back: computing must end before the deadline."""
    problem = problem_of([1e9] * 4, 4000, 1e6, 10.0, idle=idle, law=law)
    for bandwidth_hz in (1e12, 1e40):
        sent = problem.replace(
            task=problem.task.replace(setting="parallelized"),
            radio=problem.radio.replace(bandwidth_hz=bandwidth_hz, power_w=1e30),
        )
        for scheme in SCHEMES:
            plan = mel.solve(sent, scheme=scheme)
            assert (plan.tau, str(plan.status)) == (9, "optimal"), (plan, scheme)
            assert mel.verify(sent, plan).ok


def test_evaluate_rounds_the_time_of_computing_once():
    rng = np.random.default_rng(5)
    for _ in range(300):
        tau, samples = int(rng.integers(1, 10**6)), int(rng.integers(1, 10**6))
        speed, work = float(rng.uniform(1, 1e9)), float(rng.uniform(1, 1e9))
        problem = problem_of([speed], samples, work, 1.0)
        exact = tau * samples * Fraction(work) / Fraction(speed)
        times = mel.evaluate(problem, tau, [samples], 0.0, 0.0)
        assert times.total_s[0] == times.compute_s[0] == float(exact)
