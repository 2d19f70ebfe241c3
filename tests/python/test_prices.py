"""Prices: where the dual bound is least, by a minimiser that shares nothing with the package."""

import math

import numpy as np
import pytest

import mel_fast as mel
from dual_bound import DualBound
from limited import LIMITS, LimitedCase
from mel_fast.planning._prices import Prices, least_bound
from strategies import IDLES, LAWS, SETTINGS, Case

# Steps in ln(lambda) and ln(mu) around prices that are to be the best.
AROUND = [
    (r * math.cos(a), r * math.sin(a))
    for r in (3e-5, 3e-3, 0.3)
    for a in np.arange(8) * (math.pi / 4) + 0.1
]
TOLERANCE = 1e-7


def drawn(rng: np.random.Generator, largest: int) -> tuple[mel.Problem, str]:
    """Draw a problem and a scheme; more than half of them limited."""
    limits = tuple(name for name in LIMITS if rng.random() < 0.35) if rng.random() < 0.6 else ()
    case = Case(
        int(rng.integers(2**31)),
        int(rng.integers(1, largest + 1)),
        int(10 ** rng.uniform(0.3, 4)),
        str(rng.choice(LAWS)),
        str(rng.choice(SETTINGS)),
        str(rng.choice(IDLES)),
        None,
    )
    scheme = str(rng.choice(["joint", "joint", "resource_only"]))
    return LimitedCase(case, limits, None).problem(), scheme


def stand_ins(problem: mel.Problem, prices: Prices) -> tuple[float, float]:
    """Return the prices, nearly nothing in place of zero."""
    hair = 1e-13 * problem.task.samples
    radio = problem.radio
    return max(prices.per_hz, hair / radio.bandwidth_hz), max(prices.per_w, hair / radio.power_w)


def none_lower_around(bound: DualBound, here: tuple[float, float], least: float) -> None:
    """Assert that prices around these bound no lower."""
    for by_band, by_watt in AROUND:
        assert bound(here[0] * math.exp(by_band), here[1] * math.exp(by_watt)) >= least


@pytest.mark.parametrize(
    "draws", [pytest.param(16, id="ci"), pytest.param(200, id="long", marks=pytest.mark.long)]
)
def test_no_other_prices_have_a_lower_bound(draws: int) -> None:
    rng = np.random.default_rng(20 + draws)
    seen = 0
    for _ in range(draws):
        problem, scheme = drawn(rng, 3)
        plan = mel.solve(problem, scheme=scheme, then="none")
        tau = max(plan.tau, 1) + int(rng.integers(0, 2))
        prices = least_bound(plan, tau).prices
        if prices is None:
            continue
        seen += 1
        bound = DualBound(problem, tau, scheme)
        assert bound.possible
        here = stand_ins(problem, prices)
        room = TOLERANCE * max(prices.samples, 1.0)
        assert bound(*here) == pytest.approx(prices.samples, abs=room)
        none_lower_around(bound, here, prices.samples - room)
    assert seen > draws // 3


@pytest.mark.long
def test_golden_sections_find_the_same_least_bound() -> None:
    rng = np.random.default_rng(7)
    for _ in range(12):
        problem, scheme = drawn(rng, 2)
        plan = mel.solve(problem, scheme=scheme, then="none")
        prices = least_bound(plan, max(plan.tau, 1)).prices
        if prices is None:
            continue
        least = DualBound(problem, max(plan.tau, 1), scheme).least(*stand_ins(problem, prices))
        assert least == pytest.approx(prices.samples, rel=1e-6)


def alone(samples: int, **limits: object) -> mel.Problem:
    """Return a problem of one learner that is sent 8,000 bits a sample at 1 W through 1 MHz."""
    task = mel.LearningTask(
        samples=samples,
        features=1_000,
        feature_bits=8,
        fixed_parameters=0,
        parameters_per_sample=0,
        parameter_bits=32,
        flops_per_sample=1e6,
    )
    learners = mel.Learners(
        flops_per_s=np.array([1e9]),
        gain=np.array([1e-10]),
        return_bandwidth_hz=np.array([1e6]),
        return_power_w=np.array([0.1]),
        **limits,
    )
    radio = mel.Radio(1e6, 1.0, noise_density_w_per_hz=1e-20)
    return mel.Problem(task, learners, radio, cycle_s=1.0)


def test_one_learner_that_few_samples_fill_has_a_bound_of_few() -> None:
    task = mel.LearningTask(
        samples=39,
        features=46,
        feature_bits=16,
        fixed_parameters=43,
        parameters_per_sample=4,
        parameter_bits=32,
        flops_per_sample=398_022.0,
        setting="federated",
    )
    learners = mel.Learners(
        flops_per_s=np.array([209_390_883.5]),
        gain=np.array([0.06296214987981445]),
        return_bandwidth_hz=np.array([36_873.08959844394]),
        return_power_w=np.array([0.08695194805758254]),
    )
    radio = mel.Radio(57_392.41, 0.497, noise_power_w=0.0520)
    plan = mel.solve(mel.Problem(task, learners, radio, cycle_s=0.3508954934800468))
    assert plan.prices is not None
    # All of both budgets are its own, so that the bound is what it takes with them.
    rate = 57_392.41 * math.log2(1 + 0.497 * 0.06296214987981445 / 0.0520)
    back = float(plan.problem.return_rates()[0])
    spare = 0.3508954934800468 - task.model_bits * (1 / rate + 1 / back)
    each = 398_022.0 / 209_390_883.5 + task.model_bits_per_sample / back + task.alpha_bits / rate
    assert plan.prices.samples == pytest.approx(spare / each, rel=1e-9)


def test_budgets_that_caps_leave_over_are_worth_nothing() -> None:
    problem = mel.scenarios.table1(learners=6)
    caps = problem.learners.replace(max_power_w=problem.radio.power_w / 10)
    prices = mel.solve(problem.replace(learners=caps)).prices
    assert prices is not None
    assert prices.per_w == 0.0
    assert prices.per_hz > 0.0
    both = caps.replace(max_bandwidth_hz=problem.radio.bandwidth_hz / 10)
    prices = mel.solve(problem.replace(learners=both)).prices
    assert prices is not None
    assert (prices.per_hz, prices.per_w) == (0.0, 0.0)
    assert prices.per_s > 0.0


@pytest.mark.parametrize("off", [-1e-12, 0.0, 1e-12])
def test_at_a_kink_prices_are_those_of_a_little_more(off: float) -> None:
    # With this cycle a learner alone reaches its max_samples by a hair: more of nothing helps.
    few = alone(10_000, max_samples=[50])
    rate = 1e6 * math.log2(1 + 1.0 * 1e-10 / (1e-20 * 1e6))
    cycle = 50 * (8_000 / rate + 1e6 / 1e9)
    at_kink = few.replace(cycle_s=cycle * (1 + off))
    found = least_bound(mel.solve(at_kink), 1).prices
    assert found is not None
    assert found.samples == pytest.approx(50.0, rel=1e-9)
    assert (found.per_s, found.per_hz, found.per_w) == pytest.approx((0, 0, 0), abs=1e-12)
    below = least_bound(mel.solve(few), 1, few.replace(cycle_s=0.9 * cycle)).prices
    assert below is not None
    assert below.per_s == pytest.approx(50 / cycle, rel=1e-6)


def test_no_prices_where_the_model_alone_is_too_much() -> None:
    plan = mel.solve(mel.scenarios.table1(learners=5, cycle_s=1.0))
    assert plan.status is mel.Status.INFEASIBLE
    assert plan.prices is None
    assert least_bound(plan, 1).outcome == "empty"
    assert "not even the fewest samples fit" in str(plan.explain())


@pytest.mark.parametrize("over", ["cycle_s", "bandwidth_hz", "power_w"])
@pytest.mark.parametrize("seed", range(3))
def test_prices_are_slopes_where_responses_jump(seed: int, over: str) -> None:
    problem = mel.scenarios.table1(
        learners=12, seed=seed, idle="excused", cycle_s=15.0, law="fixed"
    )
    plan = mel.solve(problem, then="none")
    assert plan.prices is not None
    has = problem.cycle_s if over == "cycle_s" else getattr(problem.radio, over)
    step = 1e-5
    more = least_bound(
        plan, plan.prices.tau, problem.with_budgets(**{over: has * (1 + step)})
    ).prices
    assert more is not None
    price = plan.prices[2 + ("cycle_s", "bandwidth_hz", "power_w").index(over)]
    gained = (more.samples - plan.prices.samples) / (step * has)
    assert price == pytest.approx(gained, rel=2e-3)


def test_one_sample_more_in_a_limit_makes_room_for_one_at_most() -> None:
    rng = np.random.default_rng(4)
    seen = 0
    for _ in range(40):
        problem, scheme = drawn(rng, 6)
        most = np.maximum(1, rng.integers(1, 2 * problem.task.samples, len(problem.learners)) // 2)
        free = problem.learners.replace(min_samples=None, max_samples=most)
        why = mel.solve(problem.replace(learners=free), scheme=scheme, then="none").explain()
        for marginal in why.marginal_values:
            seen += marginal.limit == "max_samples"
            assert 0.0 < marginal.samples <= 1.0
    assert seen >= 5
