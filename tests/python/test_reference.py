"""The slow solver against slower ones: brute force, a grid of allocations, many digits."""

import itertools

import mpmath
import numpy as np
import pytest

import mel_fast as mel
from limited import LIMITS, LimitedCase
from limits_brute import some_plan_with_blocks
from mel_fast import reference
from mel_fast.reference.bracket import bounds_at
from mel_fast.reference.rates import largest_rates
from mel_fast.reference.water import log_exponent
from strategies import SCHEMES, VARIANTS, Case, cases, holds_for_all


def all_splits(samples: int, learners: int) -> np.ndarray:
    counts = itertools.product(range(samples + 1), repeat=learners)
    return np.array([split for split in counts if sum(split) == samples])


@pytest.mark.parametrize("law", ["density", "fixed"])
@pytest.mark.parametrize("target", [-1500, -600, -80, -9.2, -3, -1e-3, 0, 1, 2.19, 2.21, 30, 1500])
def test_exponent_solves_its_equation(law: str, target: float) -> None:
    with mpmath.workdps(800):  # the branch point is 1e-652 away
        c = mpmath.mpf(target)
        if law == "fixed":
            u = 2 * mpmath.lambertw(mpmath.exp(c / 2) / 2)
        else:
            # u e^u - e^u + 1 = e^c  <=>  (u - 1) e^(u - 1) = (e^c - 1) / e
            u = 1 + mpmath.lambertw(mpmath.expm1(c) / mpmath.e)
        y = float(log_exponent(law, np.array(target, float)))
        assert y == pytest.approx(float(mpmath.log(mpmath.re(u))), abs=1e-9)


@pytest.mark.parametrize(("law", "setting", "idle"), VARIANTS)
def test_water_filling_uses_both_budgets_and_meets_the_deadline(
    law: str, setting: str, idle: str
) -> None:
    for seed in range(20):
        problem = Case(seed, 5, 30, law, setting, idle, None).problem()
        samples = np.random.default_rng(seed).multinomial(30, np.full(5, 0.2))
        filled = reference.water_fill(problem, 2, samples)
        if not 0 < filled.scale < np.inf:
            continue
        assert filled.bandwidth_hz.sum() == pytest.approx(
            filled.scale * problem.radio.bandwidth_hz, rel=1e-9
        )
        assert filled.power_w.sum() == pytest.approx(filled.scale * problem.radio.power_w, rel=1e-9)
        times = reference.evaluate(problem, 2, samples, filled.bandwidth_hz, filled.power_w)
        active = (samples > 0) | (idle == "served")
        assert times.total_s[active] == pytest.approx(problem.cycle_s, rel=1e-9)


@pytest.mark.parametrize("law", ["density", "fixed"])
def test_no_allocation_on_a_grid_beats_water_filling(law: str) -> None:
    for seed in range(10):
        problem = Case(seed, 2, 10, law, "parallelized", "served", None).problem()
        samples = np.array([4, 6])
        needed = reference.water_fill(problem, 1, samples).scale
        if not 0 < needed < np.inf:
            continue
        rates = reference.needed_rates(problem, 1, samples)
        share = np.linspace(0.0005, 0.9995, 2000)
        # The first learner gets a share of both scaled budgets, the second one the rest.
        radio = reference.with_budgets(problem, float(needed) * (1 - 1e-4)).radio
        bandwidth = radio.bandwidth_hz * np.stack([share, 1 - share])
        for power_share in np.linspace(0.0005, 0.9995, 400):
            power = radio.power_w * np.array([[power_share], [1 - power_share]])
            gain = problem.learners.gain[:, None]
            noise = radio.noise * (bandwidth if law == "density" else 1.0)
            carried = bandwidth * np.log2(1 + power * gain / noise)
            assert not (carried >= rates[:, None]).all(axis=0).any()


@pytest.mark.no_cover
@pytest.mark.parametrize(("law", "setting", "idle"), VARIANTS)
@pytest.mark.parametrize("kinds", [None, 1, 2])
def test_enumeration_finds_what_brute_force_finds(
    law: str, setting: str, idle: str, kinds: int | None
) -> None:
    for seed in range(4):
        learners, samples = [(1, 6), (2, 9), (3, 6), (4, 5)][seed]
        problem = Case(seed, learners, samples, law, setting, idle, kinds).problem()
        splits = all_splits(samples, learners)
        tau = (1, 4)[(seed + (kinds or 0)) % 2]
        least = reference.water_fill(problem, tau, splits).scale.min()
        best = reference.best_split(problem, tau)
        assert best.scale == pytest.approx(least, rel=1e-10)
        if best.samples is not None:
            assert best.samples.sum() == samples
            again = reference.water_fill(problem, tau, best.samples).scale
            assert again == pytest.approx(best.scale, rel=1e-10)


@pytest.mark.parametrize("idle", ["served", "excused"])
def test_equal_samples_are_enumerated_as_equal(idle: str) -> None:
    for seed in range(10):
        problem = Case(seed, 4, 6, "density", "parallelized", idle, None).problem()
        splits = all_splits(6, 4)
        splits = splits[(splits.min(axis=1) >= 1) & (splits.max(axis=1) <= 2)]
        least = reference.water_fill(problem, 1, splits).scale.min()
        assert reference.best_split(problem, 1, "resource_only").scale == pytest.approx(least)


@pytest.mark.parametrize("law", ["density", "fixed"])
def test_equal_shares_need_the_scale_that_enumeration_finds(law: str) -> None:
    for seed in range(10):
        problem = Case(seed, 3, 6, law, "parallelized", "served", None).problem()
        best = reference.best_split(problem, 1, "task_only")
        if not 0 < best.scale < np.inf:
            continue
        rates = reference.needed_rates(problem, 1, all_splits(6, 3))

        def some_split_fits(scale: float, problem=problem, rates=rates, law: str = law) -> bool:
            radio = problem.radio
            bandwidth, power = scale * radio.bandwidth_hz / 3, scale * radio.power_w / 3
            noise = radio.noise * (bandwidth if law == "density" else 1.0)
            carried = bandwidth * np.log2(1 + power * problem.learners.gain / noise)
            return bool((carried >= rates).all(axis=1).any())

        assert some_split_fits(best.scale * (1 + 1e-9))
        assert not some_split_fits(best.scale * (1 - 1e-9))


@pytest.mark.no_cover
@holds_for_all(cases(learners=6, samples=24), ci=8, long=300)
def test_bracket_encloses_enumeration(case: Case) -> None:
    problem = case.problem()
    for tau in (1, 5):
        best = reference.best_split(problem, tau)
        bounds = bounds_at(problem, tau)
        assert bounds.dual <= best.scale * (1 + 1e-9)
        assert bounds.split.scale >= best.scale * (1 - 1e-9)
    optimum = reference.enumerate_optimum(problem)
    bracket = reference.solve(problem)
    if abs(optimum.scale - 1) > 1e-8 and abs(optimum.scale_next - 1) > 1e-8:
        assert bracket.lower <= optimum.tau <= bracket.upper


def capped_case(seed: int, law: str, limits: tuple[str, ...] = ("max_bandwidth_hz", "max_power_w")):
    case = Case(seed, 2, 6, law, "parallelized", "served", None)
    return LimitedCase(case, limits, None).problem()


@pytest.mark.no_cover
@pytest.mark.parametrize("law", ["density", "fixed"])
def test_no_allocation_on_a_grid_within_caps_beats_water_filling(law: str) -> None:
    at_a_cap = 0
    for seed in range(40):
        problem = capped_case(seed, law)
        caps_hz, caps_w = problem.learners.max_bandwidth_hz, problem.learners.max_power_w
        rates = reference.needed_rates(problem, 1, [2, 4])
        filled = reference.water_fill(problem, 1, [2, 4])
        if not 0 < filled.scale < np.inf:
            continue
        assert (filled.bandwidth_hz <= caps_hz * (1 + 1e-9)).all()
        assert (filled.power_w <= caps_w * (1 + 1e-9)).all()
        times = reference.evaluate(problem, 1, [2, 4], filled.bandwidth_hz, filled.power_w)
        assert times.total_s == pytest.approx(problem.cycle_s, rel=1e-9)
        at_a_cap += (filled.bandwidth_hz > 0.999 * caps_hz).any()
        at_a_cap += (filled.power_w > 0.999 * caps_w).any()
        share = np.linspace(0.002, 0.998, 500)
        radio = reference.with_budgets(problem, float(filled.scale) * (1 - 1e-4)).radio
        bandwidth = radio.bandwidth_hz * np.stack([share, 1 - share])
        bandwidth = np.minimum(bandwidth, caps_hz[:, None])[:, None, :]
        power = radio.power_w * np.stack([share, 1 - share])
        power = np.minimum(power, caps_w[:, None])[:, :, None]
        noise = radio.noise * (bandwidth if law == "density" else 1.0)
        snr = power * problem.learners.gain[:, None, None] / noise
        assert not (bandwidth * np.log2(1 + snr) >= rates[:, None, None]).all(axis=0).any()
    assert at_a_cap >= 4


@pytest.mark.parametrize("law", ["density", "fixed"])
def test_caps_refuse_a_rate_just_beyond_the_largest(law: str) -> None:
    for seed in range(10):
        problem = capped_case(seed, law)
        for capped in (("max_bandwidth_hz", "max_power_w"), ("max_power_w",)):
            columns = {name: getattr(problem.learners, name) for name in capped}
            limits = dict.fromkeys(("max_bandwidth_hz", "max_power_w"), None) | columns
            learners = problem.learners.replace(**limits)
            most = largest_rates(problem.replace(learners=learners))
            caps_w = problem.learners.max_power_w
            caps_hz = np.minimum(columns.get("max_bandwidth_hz", np.inf), 1e40)
            noise = problem.radio.noise * (caps_hz if law == "density" else 1.0)
            finite = np.isfinite(most)
            carried = caps_hz * np.log1p(caps_w * problem.learners.gain / noise) / np.log(2)
            assert np.asarray(most, float)[finite] == pytest.approx(carried[finite], rel=1e-9)


@pytest.mark.no_cover
@pytest.mark.parametrize(("law", "setting", "idle"), VARIANTS)
def test_enumeration_within_limits_finds_what_brute_force_finds(
    law: str, setting: str, idle: str
) -> None:
    for seed in range(8):
        learners, samples = [(1, 6), (2, 8), (3, 7), (4, 5)][seed % 4]
        case = Case(seed, learners, samples, law, setting, idle, [None, 2][seed % 2])
        problem = LimitedCase(case, LIMITS if seed < 4 else LIMITS[seed - 4 :], None).problem()
        splits = all_splits(samples, learners)
        tau = (1, 3)[(seed + (idle == "served")) % 2]
        least = reference.water_fill(problem, tau, splits).scale.min()
        best = reference.best_split(problem, tau)
        assert best.scale == pytest.approx(least, rel=1e-10)
        bounds = bounds_at(problem, tau)
        assert bounds.dual <= least * (1 + 1e-9)
        assert bounds.split.scale >= least * (1 - 1e-9)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("law", "setting", "idle"), VARIANTS)
def test_blocks_are_handed_out_as_brute_force_does(
    law: str, setting: str, idle: str, scheme: str
) -> None:
    for seed in range(6):
        case = Case(seed, 1 + seed % 3, 1 + 2 * seed % 7, law, setting, idle, None)
        problem = LimitedCase(case, LIMITS if seed % 2 else (), 1 + seed).problem()
        for tau in (1, 4):
            best = reference.best_split(problem, tau, scheme)
            bounds = bounds_at(problem, tau, scheme)
            assert bounds.dual <= best.scale * (1 + 1e-9)
            assert bounds.split.scale >= best.scale * (1 - 1e-9)
            assert some_plan_with_blocks(problem, tau, scheme) == (best.scale <= 1)
            if not 0 < best.scale < 1e100:
                continue
            assert best.samples.sum() == problem.task.samples
            assert best.blocks.sum() <= problem.radio.blocks
            for factor, fits in ((1 + 1e-9, True), (1 - 1e-9, False)):
                scaled = reference.with_budgets(problem, best.scale * factor)
                assert some_plan_with_blocks(scaled, tau, scheme) is fits


def test_reference_does_not_import_the_core() -> None:
    import ast
    from pathlib import Path

    imported = set()
    for path in Path(reference.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module)
    assert {name.split(".")[0] for name in imported} <= {
        "__future__", "collections", "fractions", "itertools", "mel_fast", "numpy", "typing",
    }  # fmt: skip
    parts = ("blocks", "bracket", "enumeration", "instances", "limits", "rates", "water")
    allowed = {f"mel_fast.reference.{part}" for part in parts}
    # The processor's modes, which it needs as usual, are set for it.
    allowed.add("mel_fast._base.arithmetic")
    # What a problem is: drawn ones are built of it, and nothing is worked out there.
    allowed |= {f"mel_fast.model.{part}" for part in ("learners", "problem", "radio", "task")}
    assert {name for name in imported if name.startswith("mel_fast.")} <= allowed


def test_a_split_beyond_all_doubles_is_none() -> None:
    # Nine samples each are the only split; caps on bandwidth make their power overflow.
    task = mel.LearningTask(27, 8, 8, 2353, 0, 8, flops_per_sample=1.91e6, setting="federated")
    learners = mel.Learners(
        4.9e8, 7.8e-10, 1.5e6, 2.3e-4, max_bandwidth_hz=[20.0, 30.0, 10.0], count=3
    )
    radio = mel.Radio(1e20, 1e20, noise_power_w=1e-13)
    problem = mel.Problem(task, learners, radio, cycle_s=2.19)
    assert reference.best_split(problem, 59) == (np.inf, None, None)
