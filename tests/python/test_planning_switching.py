"""The least of one resource where learners switch between two answers.

With the fixed law and little power few learners take many samples each; one more or less leaves a
gap between the best split and what prices prove, which boxes that hold learners to one answer
close.
"""

import numpy as np
import pytest
from hypothesis import strategies as st

import mel_fast as mel
from mel_fast.bench._measure import grown
from strategies import holds_for_all


def switching(learners: int, idle: str, seed: int, kinds: int = 0) -> mel.Problem:
    """Return Table I's task on Rayleigh-like channels; `kinds` > 0: so many different learners."""
    rng = np.random.default_rng(seed)
    of = np.arange(learners) % (kinds or learners)
    speed = rng.uniform(0.7e9, 2.4e9, learners)[of]
    gain = (10.0 ** rng.uniform(-12.0, -9.5, learners))[of]
    task = mel.LearningTask(
        samples=3000 * learners,
        features=784,
        feature_bits=32,
        fixed_parameters=28_044,
        parameters_per_sample=0,
        parameter_bits=32,
        flops_per_sample=1_123_736.0,
    )
    radio = mel.Radio(5e6 * learners, 0.001 * learners, noise_power_w=2e-13)
    return mel.Problem(task, mel.Learners(speed, gain, 5e6, 0.2), radio, 30.0, idle)


@pytest.mark.parametrize("over", ["cycle_s", "bandwidth_hz", "power_w"])
@pytest.mark.parametrize("idle", ["served", "excused"])
@pytest.mark.parametrize(("learners", "kinds"), [(24, 4), (60, 0), (800, 0)])
def test_both_ends_are_proved(learners: int, kinds: int, idle: str, over: str) -> None:
    problem = switching(learners, idle, learners + kinds, kinds)
    tau = mel.solve(problem).tau
    assert tau >= 1
    found = mel.least(problem, tau, over)
    assert found.status is mel.Status.OPTIMAL, found.summary()
    assert 0 < found.lower < found.amount <= found.lower * (1 + 1.1e-9)
    assert found.plan is not None
    assert found.proof is not None
    assert mel.verify(found.plan.problem, found.plan)
    assert mel.verify(found.proof.problem, found.proof)
    # Solving again agrees on both sides.
    amounts = {over: found.amount * (1 + 1e-7)}
    assert mel.solve(problem.with_budgets(**amounts)).tau >= tau
    amounts = {over: found.lower * (1 - 1e-7)}
    assert mel.solve(problem.with_budgets(**amounts)).bound < tau


def test_some_of_these_proofs_are_trees() -> None:
    boxes = []
    for seed in range(6):
        problem = switching(60, "excused", seed)
        found = mel.least(problem, mel.solve(problem).tau, "bandwidth_hz")
        assert found.proof is not None
        certificate = found.proof.certificate
        assert certificate is not None
        boxes.append(len(certificate["tree"]))
    assert sum(boxes) > len(boxes), boxes


def drawn(seed: int) -> tuple[mel.Problem, str]:
    """Return a problem of 2 to 40 learners, some identical, and what to ask the least of."""
    rng = np.random.default_rng(seed)
    learners = int(rng.integers(2, 40))
    kinds = max(1, learners // int(rng.integers(2, 8))) if rng.random() < 0.3 else learners
    of = np.arange(learners) % kinds
    task = mel.LearningTask(
        samples=int(learners * 10 ** rng.uniform(0.3, 4)),
        features=int(rng.integers(10, 1000)),
        feature_bits=32,
        fixed_parameters=int(10 ** rng.uniform(3, 6)),
        parameters_per_sample=int(rng.integers(1, 50)) if rng.random() < 0.3 else 0,
        parameter_bits=32,
        flops_per_sample=10 ** rng.uniform(5, 7),
    )
    radio = mel.Radio(
        5e6 * learners * 10 ** rng.uniform(-1, 1),
        0.01 * learners * 10 ** rng.uniform(-1, 1),
        noise_power_w=2e-14 * 10 ** rng.uniform(-1, 1),
    )
    speed = rng.uniform(0.5e9, 3e9, kinds)[of]
    gain = (10 ** rng.uniform(-14, -9, kinds))[of]
    idle = "excused" if rng.random() < 0.5 else "served"
    cycle_s = 10 ** rng.uniform(0, 2)
    problem = mel.Problem(task, mel.Learners(speed, gain, 5e6, 0.2), radio, cycle_s, idle)
    return problem, str(rng.choice(["cycle_s", "bandwidth_hz", "power_w"]))


@holds_for_all(st.integers(0, 2**32 - 1), ci=100, long=10_000)
def test_whatever_is_claimed_is_proved(seed: int) -> None:
    problem, over = drawn(seed)
    tau = max(1, mel.solve(problem, time_limit_s=5).tau)
    found = mel.least(problem, tau, over, time_limit_s=10)
    if found.plan is not None:
        assert found.lower <= found.amount
        assert mel.verify(found.plan.problem, found.plan)
    if found.proof is not None:
        assert mel.verify(found.proof.problem, found.proof)


@pytest.mark.parametrize("seed", [2631, 8207])
def test_what_is_foretold_from_near_counts(seed: int) -> None:
    # What one look foretold of a cycle from far away was a trifle too long, and all that came
    # nearer seemed worse: the ends stayed 1e-5 apart, splits a hundredth of the samples off were
    # mended one by one, and another search did it all again (2 s and 43 to 48 passes).
    problem = grown(100_000, "fixed", "excused", seed)
    for tau in (1, 2):
        found = mel.least(problem, tau, "cycle_s")
        assert found.status is mel.Status.OPTIMAL
        assert found.passes <= 35
