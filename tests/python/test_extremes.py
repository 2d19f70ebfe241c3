"""Far outside of what a radio engineer would enter: no crash, no hang, no lie."""

import numpy as np
import pytest
from hypothesis import strategies as st

import mel_fast as mel
from exact import violations
from mel_fast import Problem, reference
from strategies import IDLES, LAWS, SCHEMES, SETTINGS, holds_for_all

# Work is counted in passes over the learners, the same on every machine: 25,000 were the most of
# 47,000 cases, some hundredths of a second. The time limit only ends what hangs.
MOST_PASSES = 200_000
HANGS_S = 600.0
seeds = st.integers(0, 2**32 - 1)
words = st.tuples(
    st.sampled_from(LAWS), st.sampled_from(SETTINGS), st.sampled_from(IDLES),
    st.sampled_from(SCHEMES),
)  # fmt: skip


def magnitudes(rng: np.random.Generator, low: float, high: float, size: int | None = None):
    return 10 ** rng.uniform(low, high, size)


def engineering_extremes(seed: int, learners: int, samples: int, words: tuple[str, ...]) -> Problem:
    """SNR from -100 dB to 200 dB, speeds 1e9 apart, cycles from a microsecond to 30 years."""
    law, setting, idle = words[:3]
    rng = np.random.default_rng(seed)
    cycle_s = magnitudes(rng, -6, 9)
    bandwidth, power = magnitudes(rng, 0, 12), magnitudes(rng, -6, 6)
    noise = magnitudes(rng, -25, -10)
    snr = magnitudes(rng, -10, 20, learners)
    gain = snr * noise * (bandwidth if law == "density" else 1.0) / power
    flops_per_sample = magnitudes(rng, 0, 12)
    # Around what three local cycles over an equal share need, four and a half decades either way.
    speed = 3 * flops_per_sample * samples / learners / cycle_s
    key = {"noise_density_w_per_hz" if law == "density" else "noise_power_w": noise}
    return Problem(
        mel.LearningTask(
            samples=samples,
            features=int(magnitudes(rng, 0, 4)) - 1,
            feature_bits=int(magnitudes(rng, 0, 3)),
            fixed_parameters=int(magnitudes(rng, 0, 9)) - 1,
            parameters_per_sample=int(magnitudes(rng, 0, 2)) - 1,
            parameter_bits=int(magnitudes(rng, 0, 2)),
            flops_per_sample=flops_per_sample,
            setting=setting,
        ),
        mel.Learners(
            flops_per_s=speed * magnitudes(rng, -4.5, 4.5, learners),
            gain=gain,
            return_bandwidth_hz=magnitudes(rng, 0, 12, learners),
            return_power_w=magnitudes(rng, -6, 6, learners),
        ),
        mel.Radio(bandwidth, power, **key),
        cycle_s=cycle_s,
        idle=idle,
    )


def whole_range(seed: int, learners: int, samples: int, words: tuple[str, ...]) -> Problem | None:
    """Every real number anywhere in the allowed range, every integer up to its limit.

    The cycle is about what an equal share takes somewhere, so that not everything is impossible.
    None where the constructor refuses the combination, as it does where more than 2^53 local
    cycles might fit or no rate at all is left.
    """
    law, setting, idle = words[:3]
    rng = np.random.default_rng(seed)
    reach = float(rng.choice([2, 10, 60]))

    def numbers(*size: int) -> np.ndarray:
        return np.clip(magnitudes(rng, -reach, reach, size), 1e-60, 1e60)

    noise, bandwidth, power, flops_per_sample = numbers(4)
    gain, return_bandwidth, return_power = numbers(3, learners)
    flops_per_s = np.clip(numbers() * magnitudes(rng, -6, 6, learners), 1e-60, 1e60)
    task = mel.LearningTask(
        samples=samples,
        features=int(magnitudes(rng, 0, 7)) - 1,
        feature_bits=int(magnitudes(rng, 0, 7)),
        fixed_parameters=int(magnitudes(rng, 0, 7)) - 1,
        parameters_per_sample=int(magnitudes(rng, 0, 7)) - 1,
        parameter_bits=int(magnitudes(rng, 0, 7)),
        flops_per_sample=flops_per_sample,
        setting=setting,
    )
    key = {"noise_density_w_per_hz" if law == "density" else "noise_power_w": noise}
    radio = mel.Radio(bandwidth, power, **key)
    columns = mel.Learners(flops_per_s, gain, return_bandwidth, return_power)
    try:
        loose = Problem(task, columns, radio, cycle_s=1e-60, idle=idle)
        share = np.full(learners, max(1, samples // learners))
        each = (share, bandwidth / learners, power / learners)
        times = reference.evaluate(loose, int(rng.integers(1, 10)), *each).total_s
        allowed = 2.0**52 * flops_per_sample / flops_per_s.max()
        cycle_s = min(allowed, float(rng.choice(times)) * magnitudes(rng, -1, 1))
        return loose.replace(cycle_s=cycle_s)
    except ValueError:
        return None


def assert_honest(problem: Problem, scheme: str, *, decided: bool) -> None:
    plan = mel.solve(problem, scheme=scheme, time_limit_s=HANGS_S)
    assert plan.passes < MOST_PASSES, "it takes too long"
    verdict = mel.verify(problem, plan)
    assert verdict.ok, verdict.reasons
    if plan.samples is not None:
        assert violations(plan) == []
    if decided:
        assert plan.status in ("optimal", "infeasible"), plan.reasons


@pytest.mark.no_cover
@holds_for_all(st.tuples(seeds, st.integers(1, 12), words), ci=150, long=20_000)
def test_engineering_extremes(drawn: tuple[int, int, tuple[str, ...]]) -> None:
    seed, learners, chosen = drawn
    samples = round(10 ** np.random.default_rng([seed, 2]).uniform(0, 6))
    assert_honest(engineering_extremes(seed, learners, samples, chosen), chosen[3], decided=True)


@holds_for_all(st.tuples(seeds, st.integers(1, 12), words), ci=150, long=20_000)
def test_whole_range_of_inputs(drawn: tuple[int, int, tuple[str, ...]]) -> None:
    seed, learners, chosen = drawn
    samples = round(10 ** np.random.default_rng([seed, 2]).uniform(0, np.log10(2.0**53)))
    problem = whole_range(seed, learners, samples, chosen)
    if problem is not None:
        assert_honest(problem, chosen[3], decided=False)


@pytest.mark.no_cover
@holds_for_all(st.tuples(seeds, st.integers(1, 8), words), ci=60, long=400)
def test_engineering_extremes_agree_with_the_reference(
    drawn: tuple[int, int, tuple[str, ...]],
) -> None:
    seed, learners, chosen = drawn
    samples = int(np.random.default_rng([seed, 2]).integers(1, 60))
    problem = engineering_extremes(seed, learners, samples, chosen)
    try:
        bracket = reference.solve(problem, chosen[3])
    except OverflowError:
        return  # tau beyond 2**62
    plan = mel.solve(problem, scheme=chosen[3], time_limit_s=HANGS_S)
    assert bracket.lower <= plan.bound
    assert plan.tau <= bracket.upper


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("idle", IDLES)
def test_one_learner_a_billion_times_faster(law: str, idle: str) -> None:
    key = {"noise_density_w_per_hz": 4e-21} if law == "density" else {"noise_power_w": 1e-13}
    problem = Problem(
        mel.LearningTask(1000, 100, 8, 1000, 0, 32, 1e6),
        mel.Learners(np.array([1e6, 1e15, 1e6]), 1e-9, 1e6, 0.2),
        mel.Radio(1e7, 0.2, **key),
        cycle_s=10.0,
        idle=idle,
    )
    plan = mel.solve(problem)
    assert plan.status == "optimal"
    assert plan.samples.tolist() == [0, 1000, 0]
    assert mel.verify(problem, plan).ok


def test_more_learners_than_samples() -> None:
    for idle in IDLES:
        problem = mel.scenarios.table1(learners=50, cycle_s=30.0, seed=0, idle=idle)
        problem = problem.replace(task=problem.task.replace(samples=3))
        for scheme in SCHEMES:
            assert_honest(problem, scheme, decided=True)


def test_slack_that_is_a_rounding_error_of_the_cycle() -> None:
    """2^52 - 1 cycles of one second leave half a second for a bit each way."""
    for law, noise in (("density", "noise_density_w_per_hz"), ("fixed", "noise_power_w")):
        problem = Problem(
            mel.LearningTask(1, 0, 1, 1, 0, 1, 1.0, setting="federated"),
            mel.Learners(np.array([1.0]), 1.0, 1e6, 1.0),
            mel.Radio(1e6, 1.0, **{noise: 1e-12}),
            cycle_s=2.0**52 - 0.5,
        )
        assert problem.law == law
        plan = mel.solve(problem)
        assert plan.tau <= 2**52 - 1 <= plan.bound
        verdict = mel.verify(problem, plan)
        assert verdict.ok, verdict.reasons
        assert plan.samples is None or violations(plan) == []
