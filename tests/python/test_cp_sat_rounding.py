"""Each rounding of the CP-SAT models errs to the stated side."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest

import mel_fast as mel
from strategies import VARIANTS, draw

pytest.importorskip("ortools")

from mel_fast.cp_sat import _grid, _responses


def exactly_carried(problem, tau, k, bandwidth, power):
    """Solve (alpha d + beta) / r + tau d C / f + (a d + beta) / R <= T for d, in 60 digits."""
    task, learners, radio = problem.task, problem.learners, problem.radio
    with mpmath.workdps(60):

        def rate(b, p):
            if b == 0 or p == 0:
                return mpmath.mpf(0)
            noise = mpmath.mpf(radio.noise) * (b if problem.law == "density" else 1)
            return b * mpmath.log1p(p * mpmath.mpf(float(learners.gain[k])) / noise) / mpmath.ln2

        forward = rate(mpmath.mpf(float(bandwidth)), mpmath.mpf(float(power)))
        back = rate(
            mpmath.mpf(float(learners.return_bandwidth_hz[k])),
            mpmath.mpf(float(learners.return_power_w[k])),
        )

        def seconds(bits, over):
            return mpmath.mpf(0) if bits == 0 else mpmath.inf if over == 0 else bits / over

        left = mpmath.mpf(problem.cycle_s) - seconds(task.model_bits, forward)
        left -= seconds(task.model_bits, back)
        if left < 0:
            return -1
        each = seconds(task.alpha_bits, forward) + seconds(task.model_bits_per_sample, back)
        each += tau * mpmath.mpf(task.flops_per_sample) / mpmath.mpf(float(learners.flops_per_s[k]))
        return min(task.samples, int(mpmath.floor(left / each)))


@pytest.mark.parametrize("seed", range(6))
def test_what_a_grid_point_carries_is_rounded_to_the_stated_side(seed):
    rng = np.random.default_rng(seed)
    law, setting, idle = VARIANTS[seed]
    problem = draw(seed, 5, 100_000, law, setting, idle)
    r = _responses.Responses(problem, "joint")
    units = np.sort(rng.integers(0, _responses.UNITS + 1, size=(5, 12)), axis=1)
    units[:, 0], units[:, 1], units[:, -1] = 0, 1, _responses.UNITS
    for tau in (1, 7):
        inner = r.carried(tau, r.bandwidth(units, "inner"), r.power(units, "inner"), "inner")
        outer = r.carried(tau, r.bandwidth(units, "outer"), r.power(units, "outer"), "outer")
        exact = np.array(
            [
                [
                    exactly_carried(
                        problem,
                        tau,
                        k,
                        mpmath.mpf(int(u)) * problem.radio.bandwidth_hz / _responses.UNITS,
                        mpmath.mpf(int(u)) * problem.radio.power_w / _responses.UNITS,
                    )
                    for u in units[k]
                ]
                for k in range(5)
            ]
        )
        assert (inner <= exact).all()
        assert (exact <= outer).all()
        assert (outer - inner <= 1).all(), "the margins should cost at most a sample"


def test_an_exact_tie_is_rounded_to_the_stated_side():
    # Nothing to send and one second a sample: three fit in T = 3 s, two in the next float below.
    task = mel.LearningTask(5, 0, 1, 0, 0, 1, flops_per_sample=1.0, setting="federated")
    learners = mel.Learners(1.0, 1.0, 1.0, 1.0, count=1)
    radio = mel.Radio(1.0, 1.0, noise_density_w_per_hz=1.0)
    everything = np.array([1.0])
    for cycle_s, fit in ((3.0, 3), (np.nextafter(3.0, 0.0), 2)):
        r = _responses.Responses(mel.Problem(task, learners, radio, float(cycle_s)), "joint")
        assert r.carried(1, everything, everything, "inner")[0] == 2
        assert fit <= r.carried(1, everything, everything, "outer")[0] == 3


@pytest.mark.parametrize(("law", "setting", "idle"), VARIANTS)
def test_the_lower_ends_of_a_box_fall_short(law, setting, idle):
    moved = 0
    for seed in range(12):
        r = _responses.Responses(draw(seed, 4, 200, law, setting, idle), "joint")
        box = _grid.tightest_box(r, 1)
        if box is None:
            continue
        target = np.maximum(box.needed, 0 if r.served else 1)
        most_b, most_p = r.bandwidth(box.bandwidth[1], "outer"), r.power(box.power[1], "outer")
        with_low_b = r.carried(1, r.bandwidth(box.bandwidth[0], "outer"), most_p, "outer")
        with_low_p = r.carried(1, most_b, r.power(box.power[0], "outer"), "outer")
        for low, carried in ((box.bandwidth[0], with_low_b), (box.power[0], with_low_p)):
            raised = box.active & (low > 0)
            assert (carried < target)[raised].all()
            moved += int(raised.sum())
    assert moved > 0


def test_a_float_share_errs_to_the_stated_side():
    problem = draw(1, 2, 10)
    r = _responses.Responses(problem, "joint")
    units = np.random.default_rng(0).integers(1, _responses.UNITS, size=(2, 500))
    for k in range(2):
        for u in units[k, ::10]:
            real = mpmath.mpf(int(u)) * problem.radio.bandwidth_hz / _responses.UNITS
            assert r.bandwidth(np.array([u]), "inner")[0] <= real
            assert r.bandwidth(np.array([u]), "outer")[0] >= real


@pytest.mark.parametrize(("law", "setting", "idle"), VARIANTS)
def test_the_box_and_the_outer_cells_hold_the_proved_plan(law, setting, idle):
    for seed in range(6):
        problem = draw(seed, 4, 200, law, setting, idle)
        plan = mel.solve(problem)
        if plan.tau == 0:
            continue
        r = _responses.Responses(problem, "joint")
        box = _grid.tightest_box(r, plan.tau)
        assert box is not None
        records = _grid.choices(r, box, [plan.tau], _grid.Grid((9, 7)), "outer")
        for k, record in enumerate(records):
            b = plan.bandwidth_hz[k] / problem.radio.bandwidth_hz * _responses.UNITS
            p = plan.power_w[k] / problem.radio.power_w * _responses.UNITS
            samples = plan.samples[k]
            assert samples >= box.needed[k]
            if idle == "excused" and samples == 0:
                assert record.may_be_off
                continue
            # Some cell is no dearer than the plan's share and carries at least its samples.
            fits = (record.bandwidth <= b) & (record.power <= p)
            assert record.carried[0, fits].max(initial=-1) >= samples


def test_levels_are_sorted_span_the_box_and_crowd_around_the_centre():
    low, high = np.array([0, 5, 1000]), np.array([_responses.UNITS, 5, 50_000_000])
    centre = np.array([1_000_000, 5, 40_000])
    plain = _grid._levels(low, high, 40, None, 0.3)
    around = _grid._levels(low, high, 40, centre, 0.1)
    for levels in (plain, around):
        assert (np.diff(levels, axis=1) >= 0).all()
        assert (levels[:, 0] == low).all()
        assert (levels[:, -1] == high).all()
    near = [((levels > 20_000) & (levels < 80_000))[2].sum() for levels in (plain, around)]
    assert near[1] > 2 * near[0]


@pytest.mark.parametrize("law", ["density", "fixed"])
def test_a_rate_is_rounded_to_the_stated_side(law):
    problem = draw(3, 4, 100, law)
    r = _grid.Responses(problem, "joint")
    bandwidth = np.geomspace(1e-3, 1.0, 40) * np.full((4, 1), problem.radio.bandwidth_hz)
    power = np.geomspace(1.0, 1e-6, 40) * np.full((4, 1), problem.radio.power_w)
    inner, outer = (r._rate(bandwidth, power, side) for side in ("inner", "outer"))
    for k in range(4):
        gain = mpmath.mpf(float(problem.learners.gain[k]))
        for b, p, below, above in zip(bandwidth[k], power[k], inner[k], outer[k], strict=True):
            with mpmath.workdps(40):
                noise = mpmath.mpf(problem.radio.noise) * (float(b) if law == "density" else 1)
                exact = float(b) * mpmath.log1p(float(p) * gain / noise) / mpmath.ln2
                assert float(below) < exact < float(above)
            assert above - below < 1e-12 * above


def test_equal_shares_err_to_the_stated_side():
    for learners in range(1, 40):
        problem = draw(learners, learners, 100)
        r = _grid.Responses(problem, "task_only")
        for side, budget in ((0, problem.radio.bandwidth_hz), (1, problem.radio.power_w)):
            inner, outer = (_grid.equal_shares(r, which)[side][0] for which in ("inner", "outer"))
            assert Fraction(inner) * learners <= Fraction(budget) <= Fraction(outer) * learners
