"""What enumeration finds lies within the CP-SAT bracket, with limits and in blocks too."""

import mpmath
import numpy as np
import pytest

import mel_fast as mel
from exact import violations
from limited import HAIR, LIMITS, LimitedCase, fits, nudged
from mel_fast import Problem
from strategies import SCHEMES, VARIANTS, Case

pytest.importorskip("ortools")

from mel_fast.cp_sat import _grid, _responses

STEPS = {"bandwidth_steps": 8, "power_steps": 8, "time_limit_s": 1.0}
ENERGY = ("energy_j",)


def limited(seed, words, limits=(), blocks=None, learners=3, samples=16) -> Problem:
    return LimitedCase(Case(seed, learners, samples, *words, None), limits, blocks).problem()


def check_encloses(problem: Problem, scheme: str = "joint", **options):
    bracket = mel.cp_sat.bracket(problem, scheme=scheme, **(STEPS | options))
    above, below = nudged(problem, 1 + HAIR), nudged(problem, 1 - HAIR)
    assert fits(above, bracket.lower, scheme)
    assert not fits(below, bracket.upper + 1, scheme)
    if bracket.lower_plan is not None:
        assert violations(bracket.lower_plan) == []
        verdict = mel.verify(problem, bracket.lower_plan)
        assert verdict.ok, verdict.reasons
    return bracket


@pytest.mark.parametrize("words", VARIANTS, ids="-".join)
def test_the_bracket_encloses_the_best_tau_within_limits(words) -> None:
    number = VARIANTS.index(words)
    # Each limit alone, and all: every other one, of variants that differ in one word the others.
    for seed in range((number + number // 2 + number // 4) % 2, 6, 2):
        limits = LIMITS if seed == 5 else LIMITS[seed : seed + 1]
        check_encloses(limited(seed, words, limits), SCHEMES[seed % 3])


@pytest.mark.parametrize("formulation", ["tau_by_tau", "monolithic"])
@pytest.mark.parametrize("words", VARIANTS, ids="-".join)
def test_the_bracket_encloses_the_best_tau_in_blocks(words, formulation) -> None:
    for seed in range(6):
        problem = limited(seed, words, LIMITS if seed % 2 else (), 1 + 2 * seed, samples=12)
        check_encloses(problem, SCHEMES[seed // 2], formulation=formulation)


def test_more_blocks_than_steps_make_cells_of_several() -> None:
    words, closed = ("density", "parallelized", "served"), 0
    for seed in range(6):
        problem = limited(seed, words, blocks=50, samples=12)
        check_encloses(problem, bandwidth_steps=5)
        fine = check_encloses(problem, bandwidth_steps=50, time_limit_s=600.0)
        closed += fine.closed and fine.lower > 0
    assert closed >= 2


@pytest.mark.parametrize("words", [w for w in VARIANTS if w[1] == "federated"], ids="-".join)
def test_blocks_need_no_grid_where_power_does_not_matter(words) -> None:
    # Far more power than is needed: only whole blocks and samples decide, and both are exact.
    for seed in range(4):
        problem = limited(seed, words, blocks=3, samples=8)
        problem = problem.replace(radio=problem.radio.replace(power_w=1e12))
        bracket = check_encloses(problem, bandwidth_steps=3, power_steps=6, time_limit_s=600.0)
        assert bracket.closed


def test_cells_of_blocks_leave_out_none() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        low = rng.integers(0, 30, 4)
        high = low + rng.integers(0, 40, 4)
        active, needed = np.ones(4, bool), np.zeros(4, np.int64)
        box = _grid.Box(active, needed, (low, high), (low, high))
        levels = _grid._each_block(box, _grid._levels(low, high, 12, None, 0.3))
        ends = _grid._last_of_cells(levels)
        for k in range(4):
            held = {n for a, b in zip(levels[k], ends[k], strict=True) for n in range(a, b + 1)}
            assert held == set(range(low[k], high[k] + 1))
            if high[k] - low[k] <= 12:
                assert (levels[k] == ends[k]).all()


def exactly_affordable(problem: Problem, tau: int, k: int) -> int:
    """Solve tau d C e + PR (a d + beta) / R <= E for d, in 60 digits; -1 where not even d = 0."""
    task, learners, radio = problem.task, problem.learners, problem.radio
    with mpmath.workdps(60):
        band = mpmath.mpf(float(learners.return_bandwidth_hz[k]))
        power = mpmath.mpf(float(learners.return_power_w[k]))
        noise = mpmath.mpf(radio.noise) * (band if problem.law == "density" else 1)
        rate = band * mpmath.log1p(power * mpmath.mpf(float(learners.gain[k])) / noise)
        watt_s = power * mpmath.ln2 / rate
        each = mpmath.mpf(task.flops_per_sample) * float(learners.energy_per_flop_j[k]) * tau
        each += watt_s * task.model_bits_per_sample
        left = mpmath.mpf(float(learners.energy_j[k])) - watt_s * task.model_bits
        if left < 0:
            return -1
        return task.samples if each * task.samples <= left else int(mpmath.floor(left / each))


@pytest.mark.parametrize("words", VARIANTS, ids="-".join)
def test_what_energy_is_enough_for_is_rounded_to_the_stated_side(words) -> None:
    bound = 0
    for seed in range(8):
        problem = limited(seed, words, ENERGY, learners=6, samples=100_000)
        problem = problem.replace(cycle_s=problem.cycle_s * 1e9)
        r = _responses.Responses(problem, "joint")
        everything = np.full(6, np.inf)
        inner, outer = (r.carried(2, everything, everything, side) for side in ("inner", "outer"))
        exact = np.array([exactly_affordable(problem, 2, k) for k in range(6)])
        assert (inner <= exact).all()
        assert (exact <= outer).all()
        assert (outer - inner <= 1).all()
        bound += int((exact < problem.task.samples).sum())
    assert bound > 0


def test_an_exact_tie_of_energy_is_rounded_to_the_stated_side() -> None:
    # Nothing to return and one joule a sample: three for 3 J, two for the next float below.
    task = mel.LearningTask(5, 0, 1, 0, 0, 1, flops_per_sample=1.0, setting="federated")
    radio = mel.Radio(1.0, 1.0, noise_density_w_per_hz=1.0)
    everything = np.array([1.0])
    for energy_j, enough in ((3.0, 3), (float(np.nextafter(3.0, 0.0)), 2)):
        learners = mel.Learners(
            1.0, 1.0, 1.0, 1.0, energy_j=energy_j, energy_per_flop_j=1.0, count=1
        )
        r = _responses.Responses(mel.Problem(task, learners, radio, 100.0), "joint")
        assert r.carried(1, everything, everything, "inner")[0] == 2
        assert enough <= r.carried(1, everything, everything, "outer")[0] == 3


@pytest.mark.parametrize("blocks", [None, 7])
def test_no_grid_point_exceeds_a_cap_and_the_highest_reaches_it(blocks) -> None:
    for seed in range(10):
        words = VARIANTS[seed % 8]
        problem = limited(seed, words, ("max_bandwidth_hz", "max_power_w"), blocks, learners=5)
        r = _responses.Responses(problem, "joint")
        learners, radio = problem.learners, problem.radio
        for highest, value, caps, budget in (
            (r.highest[0], r.bandwidth, learners.max_bandwidth_hz, radio.bandwidth_hz),
            (r.highest[1], r.power, learners.max_power_w, radio.power_w),
        ):
            for side in ("inner", "outer"):
                assert (value(highest, side) <= caps).all()
            if blocks is None or budget == radio.power_w:
                assert (value(highest, "outer") >= np.minimum(caps, budget)).all()
            else:
                assert ((highest + 1) * radio.block_hz >= np.minimum(caps, budget)).all()
        assert (_responses.equal_shares(r, "inner")[0] <= learners.max_bandwidth_hz).all()


def test_minima_beyond_the_samples_leave_no_tau() -> None:
    problem = limited(0, ("density", "parallelized", "excused"), learners=2, samples=5)
    learners = problem.learners.replace(min_samples=3)
    bracket = mel.cp_sat.bracket(problem.replace(learners=learners), **STEPS)
    assert (bracket.lower, bracket.upper) == (0, 0)
