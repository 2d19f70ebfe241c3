"""The least of one resource where learners have limits, or bandwidth comes in blocks."""

import numpy as np
import pytest

import mel_fast as mel


def drawn(kind: str, learners: int, each: float, idle: str) -> mel.Problem:
    """Table I in proportion, no channel in a deep fade, with limits of a kind."""
    table = mel.scenarios.table1(learners, seed=1, idle=idle, budgets="per_learner")
    gain = np.maximum(table.learners.gain, 0.03 * np.median(table.learners.gain))
    of = table.learners.replace(gain=gain)
    rng = np.random.default_rng(3)
    radio = table.radio
    if kind == "minima":
        of = of.replace(min_samples=(rng.random(learners) < 0.3) * np.ceil(0.3 * each))
    elif kind == "caps":
        share = np.array([radio.power_w, radio.bandwidth_hz]) / learners
        of = of.replace(
            max_samples=np.ceil(each * rng.choice([1.5, 3, 30], learners)),
            max_power_w=share[0] * rng.choice([0.7, 3, 30, np.inf], learners),
            max_bandwidth_hz=share[1] * rng.choice([1.5, 3, 30, np.inf], learners),
        )
    elif kind == "blocks":
        radio = radio.replace(block_hz=radio.bandwidth_hz / (2.3 * learners))
    task = table.task.replace(samples=int(each * learners))
    return table.replace(task=task, learners=of, radio=radio)


def after(passes: int):
    """Stop once that much work is done: a pass is one look at every learner."""
    return lambda lower, amount, done, elapsed_s: done > passes


def holds(found: mel.Least) -> bool:
    """Say whether both ends are what the checker says they are."""
    plan = found.plan is None or mel.verify(found.plan.problem, found.plan).ok
    proof = found.proof is None or mel.verify(found.proof.problem, found.proof).ok
    return plan and proof


@pytest.mark.parametrize(
    ("kind", "each", "idle", "over", "tau", "passes"),
    [
        ("minima", 10, "served", "cycle_s", 1000, 600),
        ("caps", 2, "served", "bandwidth_hz", 100, 300),
        ("caps", 2, "excused", "cycle_s", 150, 800),
        ("caps", 10, "excused", "power_w", 37, 400),
    ],
)
def test_few_looks_close_the_least_within_limits(kind, each, idle, over, tau, passes):
    """Looks were scalar, and what jumps or starts from a sample of the learners was not tried."""
    problem = drawn(kind, 17_000, each, idle)
    found = mel.least(problem, tau, over, threads=1, callback=after(passes))
    assert found.status == "optimal"
    assert holds(found)


@pytest.mark.parametrize("idle", ["served", "excused"])
def test_a_cycle_that_a_cap_decides_is_closed(idle):
    """Where a cap keeps one learner from being faster, no price rules shorter cycles out."""
    problem = drawn("caps", 600, 0.5, idle)
    power = problem.learners.max_power_w.copy()
    power[7] = 1e-7 * problem.radio.power_w / 600
    fewest = np.zeros(600)
    fewest[7] = 1.0
    learners = problem.learners.replace(max_power_w=power, min_samples=fewest)
    found = mel.least(problem.replace(learners=learners), 600, "cycle_s", threads=1)
    assert found.status == "optimal"
    assert holds(found)
    # Nobody else matters: with twice of everything it is the same.
    radio = problem.radio
    more = problem.replace(learners=learners).with_budgets(
        bandwidth_hz=2 * radio.bandwidth_hz, power_w=2 * radio.power_w
    )
    assert mel.least(more, 600, "cycle_s", threads=1).amount == pytest.approx(found.amount)


@pytest.mark.parametrize("over", ["cycle_s", "bandwidth_hz", "power_w"])
def test_blocks_are_enclosed_from_both_sides_at_once(over):
    """Blocks were left to decisions about one amount after another, each with a tree of its own."""
    problem = drawn("blocks", 5_000, 10, "served")
    found = mel.least(problem, 40, over, threads=1, callback=after(400))
    assert found.plan is not None
    assert found.width < 1e-3
    assert holds(found)
