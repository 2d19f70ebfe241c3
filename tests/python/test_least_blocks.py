"""The least of one resource in whole blocks: proved among many learners, right among few."""

import itertools

import numpy as np
import pytest

import mel_fast as mel
from limits_brute import allowed_splits, needed_rate, power_for
from mel_fast.bracket.search import Search
from patience import in_time, within


def drawn(learners: int, each: float, law: str, idle: str, width: float, seed: int = 1):
    """Table I in proportion, no channel in a deep fade, in blocks of a width."""
    table = mel.scenarios.table1(learners, seed=seed, law=law, idle=idle, budgets="per_learner")
    gain = np.maximum(table.learners.gain, 0.03 * np.median(table.learners.gain))
    radio = table.radio
    return table.replace(
        task=table.task.replace(samples=round(each * learners)),
        learners=table.learners.replace(gain=gain),
        radio=radio.replace(block_hz=radio.bandwidth_hz / (width * learners)),
    )


def holds(found: mel.Least) -> bool:
    """Say whether both ends are what the checker says they are."""
    return all(mel.verify(p.problem, p).ok for p in (found.plan, found.proof) if p is not None)


def least_power(problem, tau: int, blocks: int) -> float:
    """Try every split and every number of blocks for every learner."""
    width = problem.radio.block_hz
    best = np.inf
    for split in allowed_splits(problem, "joint"):
        rates = [needed_rate(problem, tau, k, d) for k, d in enumerate(split)]
        for counts in itertools.product(range(blocks + 1), repeat=len(split)):
            if sum(counts) > blocks:
                continue
            watts = (
                power_for(problem, k, rate, n * width)
                for k, (rate, n) in enumerate(zip(rates, counts, strict=True))
            )
            best = min(best, sum(watts))
    return best


@pytest.mark.parametrize("idle", ["served", "excused"])
@pytest.mark.parametrize("law", ["density", "fixed"])
def test_few_learners_and_blocks_agree_with_trying_everything(law, idle):
    """Three learners, five samples, up to five blocks; for power, blocks and the cycle."""
    for seed in range(3):
        problem = drawn(3, 5 / 3, law, idle, 5 / 3, seed)
        blocks = int(problem.radio.bandwidth_hz // problem.radio.block_hz)
        tau = max(1, mel.solve(problem).tau // 2)
        truth = least_power(problem, tau, blocks)
        power = mel.least(problem, tau, "power_w")
        assert power.status == "optimal"
        assert power.lower <= truth * (1 + 1e-9)
        assert power.amount >= truth * (1 - 1e-9)
        fewest = next(
            n
            for n in range(1, blocks + 1)
            if least_power(problem, tau, n) <= problem.power_budget_w
        )
        assert mel.least(problem, tau, "bandwidth_hz").blocks == fewest
        cycle = mel.least(problem, tau, "cycle_s")
        assert cycle.status == "optimal"
        enough = problem.with_budgets(cycle_s=cycle.amount * (1 + 1e-8))
        short = problem.with_budgets(cycle_s=cycle.lower * (1 - 1e-8))
        assert least_power(enough, tau, blocks) <= problem.power_budget_w
        assert least_power(short, tau, blocks) > problem.power_budget_w
        assert holds(power)
        assert holds(cycle)


@pytest.mark.parametrize(
    ("each", "law", "idle", "width", "over", "tau"),
    [
        (2, "density", "served", 2.3, "power_w", 180),  # the ends were 2e-9 apart
        (100, "density", "served", 2.3, "cycle_s", 200),  # 6e-7
        (2, "density", "served", 2.3, "bandwidth_hz", 180),  # no prices were found
        (2, "fixed", "excused", 0.7, "bandwidth_hz", 79),  # the lower end a fifth of the other
        (0.6, "density", "excused", 0.7, "cycle_s", 317),  # 7e-8
    ],
)
def test_many_learners_in_blocks_are_proved(each, law, idle, width, over, tau):
    """Single blocks are jumps: a few learners' other answers make up for them, at true prices."""
    problem = drawn(20_000, each, law, idle, width)
    found = mel.least(problem, tau, over, threads=1, callback=within(3000))
    assert found.status == "optimal"


@pytest.mark.parametrize(
    ("each", "law", "width", "over", "tau"),
    [
        # Half of all learners are worth as much; power costs nothing, or more than there is. These
        # took 400 passes, 6 decisions among all learners; 460; 320;
        (0.278, "density", 0.165, "bandwidth_hz", 633),
        (0.037, "density", 0.004, "bandwidth_hz", 638),
        (45, "density", 0.0014, "bandwidth_hz", 8),
        # and 38, 21, 11 and 15 decisions among all.
        (0.814, "density", 0.0104, "cycle_s", 80),
        (0.02, "fixed", 0.0027, "cycle_s", 1149),
        (1.6, "density", 0.0018, "power_w", 1),
        (0.17, "density", 0.0021, "cycle_s", 121),
    ],
)
def test_few_blocks_are_given_out_among_the_few_who_matter(
    each, law, width, over, tau, monkeypatch
):
    """Prices of all learners lead nowhere there, and decisions among all of them are slow."""
    asked = []
    decide = Search.decide
    monkeypatch.setattr(Search, "decide", lambda *words: asked.append(words) or decide(*words))
    problem = drawn(16_000, each, law, "excused", width)
    found = mel.least(problem, tau, over, threads=1)
    assert found.status == "optimal"
    assert len(asked) <= (over == "bandwidth_hz")
    assert over != "bandwidth_hz" or found.passes < 150


def test_what_the_few_who_matter_prove_holds_for_all():
    """The checker adds up all learners in every leaf, and knows of no part of them."""
    problem = drawn(9000, 0.02, "fixed", "excused", 0.0027)
    found = mel.least(problem, 1149, "cycle_s", threads=1)
    assert found.status == "optimal"
    assert holds(found)


def test_everybody_served_takes_a_block_each_where_power_is_plenty():
    """Then no price of a block is the best one; both ends are proved all the same."""
    problem = drawn(300, 2, "density", "served", 2.3)
    found = mel.least(problem, 100, "bandwidth_hz")
    assert (found.blocks, found.status) == (300, "optimal")
    assert holds(found)


@pytest.mark.parametrize("over", ["cycle_s", "bandwidth_hz", "power_w"])
@pytest.mark.parametrize(("law", "idle"), [("density", "served"), ("fixed", "excused")])
def test_both_ends_in_blocks_are_what_the_checker_says(law, idle, over):
    """The search for many learners, among few enough for balls."""
    problem = drawn(120, 10, law, idle, 2.3 if idle == "served" else 0.7)
    tau = max(1, mel.solve(problem).tau // 2)
    found = mel.least(problem, tau, over, threads=1, callback=within(3000))
    assert found.plan is not None
    assert found.proof is not None
    assert holds(found)


def test_where_few_of_many_take_part_the_search_is_back_in_time():
    """A learner may have as many near answers as it has samples; none are listed without end."""
    problem = drawn(20_000, 0.6, "fixed", "excused", 0.7)
    found = in_time(5.0, lambda: mel.least(problem, 5, "power_w", threads=1, callback=within(3000)))
    assert found.lower <= found.amount
