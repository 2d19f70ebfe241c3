"""The least of one resource where learners are torn between two answers.

With the fixed law and little power few learners take many samples each; one more or less leaves a
gap between the best split and what prices prove, which boxes that hold learners to one answer
close.
"""

import numpy as np
import pytest

import mel_fast as mel


def torn(learners: int, idle: str, seed: int, kinds: int = 0) -> mel.Problem:
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
    problem = torn(learners, idle, learners + kinds, kinds)
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
        problem = torn(60, "excused", seed)
        found = mel.least(problem, mel.solve(problem).tau, "bandwidth_hz")
        assert found.proof is not None
        certificate = found.proof.certificate
        assert certificate is not None
        boxes.append(len(certificate["tree"]))
    assert sum(boxes) > len(boxes), boxes
