"""Prices where somebody may sit out, or so many must take part: by minimisers of our own."""

import math

import numpy as np
import pytest

import mel_fast as mel
from dual_bound import DualBound
from mel_fast.planning._prices import least_bound, prices_at
from mel_fast.reference.selection import every_split
from selecting import HAIR, tiny
from test_prices import AROUND, TOLERANCE, drawn, none_lower_around, stand_ins

OVER = ("cycle_s", "bandwidth_hz", "power_w")


def choosing(rng: np.random.Generator, largest: int) -> mel.Problem:
    """Draw a problem in which some may have nothing, or no less than a minimum."""
    problem = drawn(rng, largest)[0]
    size, samples = len(problem.learners), problem.task.samples
    most = np.full(size, samples)
    if problem.learners.max_samples is not None:
        most = problem.learners.max_samples
    low = np.minimum(rng.integers(1, max(2, 3 * samples // size), size), most)
    kind = rng.random()
    if kind < 0.3:  # all or nothing
        most = low
    return problem.replace(
        learners=problem.learners.replace(
            min_samples=low, max_samples=most, optional=rng.random(size) < 0.8
        )
    )


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "draws", [pytest.param(16, id="ci"), pytest.param(300, id="long", marks=pytest.mark.long)]
)
def test_no_other_prices_have_a_lower_bound(draws: int) -> None:
    rng = np.random.default_rng(draws)
    seen = 0
    for _ in range(draws):
        problem = choosing(rng, 4)
        plan = mel.solve(problem, then="none")
        tau = max(plan.tau, 1) + int(rng.integers(0, 2))
        prices = least_bound(plan, tau).prices
        if prices is None:
            continue
        seen += problem.has_choice
        bound = DualBound(problem, tau)
        here = stand_ins(problem, prices)
        room = TOLERANCE * max(prices.samples, 1.0)
        assert bound(*here) >= prices.samples - room
        none_lower_around(bound, here, prices.samples - room)
    assert seen > draws // 3


@pytest.mark.long
def test_golden_sections_find_the_same_least_bound() -> None:
    rng = np.random.default_rng(11)
    for _ in range(6):
        problem = choosing(rng, 3)
        plan = mel.solve(problem, then="none")
        prices = least_bound(plan, max(plan.tau, 1)).prices
        if prices is None:
            continue
        bound = DualBound(problem, max(plan.tau, 1))
        least = bound.least(*stand_ins(problem, prices), span=1e2, steps=36)
        assert least == pytest.approx(prices.samples, rel=1e-5)


@pytest.mark.parametrize("idle", ["served", "excused"])
@pytest.mark.parametrize("law", ["density", "fixed"])
def test_minima_of_one_have_the_prices_of_no_minima(law: str, idle: str) -> None:
    problem = mel.scenarios.table1(9, seed=4, law=law, idle=idle, cycle_s=20.0)
    free = mel.solve(problem.replace(idle="excused"), then="none")
    ones = problem.replace(learners=problem.learners.replace(min_samples=1, optional=True))
    assert ones.has_choice
    assert least_bound(free, free.tau, ones).prices == pytest.approx(
        least_bound(free, free.tau).prices, rel=1e-9
    )


def test_small_minima_hardly_move_the_prices() -> None:
    problem = mel.scenarios.table1(12, seed=1, idle="excused", cycle_s=20.0)
    plan = mel.solve(problem, then="none")
    assert plan.prices is not None
    assert plan.samples is not None
    low = int(plan.samples[plan.samples > 0].min()) // 4
    open_ = problem.replace(learners=problem.learners.replace(min_samples=low, optional=True))
    prices = least_bound(plan, plan.tau, open_).prices
    assert prices is not None
    assert prices == pytest.approx(plan.prices, rel=1e-6)


@pytest.mark.parametrize("over", OVER)
@pytest.mark.parametrize("at_least", [0, 1])
@pytest.mark.parametrize("seed", range(4))
def test_prices_are_slopes(seed: int, at_least: int, over: str) -> None:
    rng = np.random.default_rng(seed)
    problem = mel.scenarios.table1(
        8, seed=seed, idle="excused", cycle_s=20.0, law=["density", "fixed"][seed % 2]
    )
    own = rng.integers(2_000, 20_000, 8)
    problem = problem.replace(
        learners=problem.learners.replace(min_samples=own // 2, max_samples=own, optional=True)
    )
    plan = mel.solve(problem, then="none")
    takers = np.count_nonzero(plan.samples)
    plan = mel.solve(problem, then="none", at_least=min(takers + 1, 8) if at_least else None)
    assert plan.prices is not None
    has = problem.cycle_s if over == "cycle_s" else getattr(problem.radio, over)
    step = 1e-4
    more = least_bound(
        plan, plan.prices.tau, problem.with_budgets(**{over: has * (1 + step)})
    ).prices
    assert more is not None
    price = plan.prices[2 + OVER.index(over)]
    gained = (more.samples - plan.prices.samples) / (step * has)
    # Concave along each amount, so that the slope here is no less; and hardly more.
    assert price == pytest.approx(gained, rel=1e-2, abs=1e-9 * plan.prices.samples / has)


@pytest.mark.parametrize(("seed", "at_least"), [(91, 3), (214, 2), (215, 3)])
def test_a_second_is_worth_its_slope_where_somebody_must_hurry(seed: int, at_least: int) -> None:
    # Who must take part with hardly any time left: a difference over a hundred-thousandth of the
    # cycle is off by a tenth there, or by half.
    problem, _, _ = tiny(seed, ("optional",))
    plan = mel.solve(problem, then="none", at_least=at_least)
    tau, step = max(plan.tau, 1), 1e-7
    here, less, more = (
        least_bound(plan, tau, problem.replace(cycle_s=problem.cycle_s * by)).prices
        for by in (1.0, 1.0 - step, 1.0 + step)
    )
    assert here is not None
    assert less is not None
    assert more is not None
    slope = (more.samples - less.samples) / (2 * step * problem.cycle_s)
    assert here.per_s == pytest.approx(slope, rel=2e-3)


@pytest.mark.parametrize(
    "draws", [pytest.param(6, id="ci"), pytest.param(60, id="long", marks=pytest.mark.long)]
)
def test_no_price_of_taking_part_has_a_lower_bound(draws: int) -> None:
    rng = np.random.default_rng(100 + draws)
    seen = binding = 0
    for _ in range(draws):
        problem = choosing(rng, 4)
        if rng.random() < 0.4:
            problem = drawn(rng, 4)[0]
        size = len(problem.learners)
        plan = mel.solve(problem, then="none", at_least=int(rng.integers(1, size + 1)))
        tau = max(plan.tau, 1)
        prices = least_bound(plan, tau).prices
        if prices is None:
            continue
        seen += 1
        bound = DualBound(problem, tau)
        here = stand_ins(problem, prices)
        room = 1e-6 * max(prices.samples, 1.0)
        members = plan.at_least or 0
        # What a member costs here, about: by halves of steps in its price.
        at = min(
            (bound(*here, q, members), q)
            for q in np.concatenate([[0.0], np.geomspace(1e-3, 1e5, 60)])
        )
        width = 0.4 * at[1]
        while width > 1e-9 * max(at[1], 1.0):
            at = min(
                at,
                *(
                    (bound(*here, max(q, 0.0), members), max(q, 0.0))
                    for q in (at[1] - width, at[1] + width)
                ),
            )
            width *= 0.6
        binding += at[1] > 0.0
        assert at[0] >= prices.samples - room
        for by_band, by_watt in AROUND[::3]:
            for by_member in (0.9, 1.0, 1.1):
                assert bound(
                    here[0] * math.exp(by_band),
                    here[1] * math.exp(by_watt),
                    at[1] * by_member,
                    members,
                ) >= (prices.samples - room)
    assert seen > draws // 3
    assert binding > draws // 16


def test_one_client_with_more_than_fits_has_no_prices_if_it_must_take_part() -> None:
    """A mixture of all and nothing was taken for enough participants."""
    problem = mel.scenarios.table1(1, seed=1, idle="excused", samples=5_000)
    radio = problem.radio.replace(bandwidth_hz=1e5, power_w=0.01)
    learners = problem.learners.replace(min_samples=5_000, max_samples=5_000, optional=True)
    problem = problem.replace(learners=learners, radio=radio, cycle_s=30.0)
    free, must = mel.solve(problem), mel.solve(problem, at_least=1)
    assert free.status == must.status == "infeasible"
    part = least_bound(free, 1).prices
    assert part is not None
    assert 0.0 < part.samples < 5_000
    assert least_bound(must, 1).outcome == "empty"


@pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(30), id="ci"),
        pytest.param(range(500, 900), id="long", marks=pytest.mark.long),
    ],
)
def test_no_split_has_more_samples_than_the_prices_say(seeds: range) -> None:
    seen = 0
    for seed in seeds:
        problem, tau, most = tiny(seed, ("optional",))
        at_least = seed % 3
        plan = mel.solve(problem, then="none", at_least=at_least or None)
        splits = every_split(problem, tau, most)
        fit = (splits.scale <= 1 - HAIR) & (splits.takers >= at_least)
        fit &= (splits.samples <= problem.task.samples).all(axis=1)  # as in every plan
        bound = least_bound(plan, tau)
        if not fit.any():
            continue
        assert bound.outcome != "empty", seed
        if bound.prices is None:
            continue
        seen += 1
        assert splits.samples[fit].sum(axis=1).max() <= bound.prices.samples * (1 + 1e-9), seed
    assert seen > len(seeds) // 4


def test_explanations_speak_of_prices_and_bottlenecks_where_somebody_chooses() -> None:
    problem = mel.scenarios.table1(10, seed=2, idle="excused", cycle_s=25.0)
    own = np.random.default_rng(2).integers(4_000, 16_000, 10)
    problem = problem.replace(
        learners=problem.learners.replace(min_samples=own // 2, max_samples=own, optional=True)
    )
    for at_least in (None, 8):
        plan = mel.solve(problem, at_least=at_least)
        why = plan.explain()
        assert why.prices is not None
        assert why.bottlenecks
        assert "% of" in str(why)
        for marginal in why.marginal_values:
            assert marginal.samples > 0.0
            if marginal.limit == "max_samples":
                assert marginal.samples <= 1.0


@pytest.mark.parametrize("at_least", [False, True])
def test_a_mixture_of_responses_tells_what_a_second_is_worth(at_least: bool) -> None:
    """With a fixed noise no one response fits the budgets: the bound lies where several meet.

    Asked again for a little more time it took as many passes as the bound itself (130 of 291), and
    what came of it was the mean slope over a hundred-thousandth of the cycle.
    """
    problem = mel.scenarios.table1(3000, seed=1, law="fixed", idle="excused", samples=120_000)
    radio = problem.radio.replace(bandwidth_hz=3e8, power_w=6.0)
    problem = problem.replace(cycle_s=300.0, radio=radio)
    low = np.random.default_rng(1).integers(10, 80, 3000)
    learners = problem.learners.replace(min_samples=low, max_samples=3 * low, optional=True)
    problem = problem.replace(learners=learners)
    takers = int(np.count_nonzero(mel.solve(problem, then="none").samples))
    plan = mel.solve(problem, then="none", at_least=takers + takers // 20 if at_least else 0)
    here = prices_at(plan, plan.tau)
    assert here is not None
    little = 1e-6 * problem.cycle_s
    for step in (little, -little):
        there = prices_at(plan, plan.tau, problem.replace(cycle_s=problem.cycle_s + step))
        assert there is not None
        assert (there.samples - here.samples) / step == pytest.approx(here.per_s, rel=1e-3)
