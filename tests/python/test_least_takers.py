"""The least energy where speeds are given: who takes part decides, prices alone do not."""

import numpy as np
import pytest

import mel_fast as mel


def cell(seed: int, learners: int, law: str, idle: str) -> mel.Problem:
    """Return a cell of 500 m of learners alike but for where they are, who compute at 2 GHz."""
    rng = np.random.default_rng(seed)
    km = np.maximum(0.5 * np.sqrt(rng.random(learners)), 0.01)
    task = mel.LearningTask(
        samples=500 * learners,
        features=784,
        feature_bits=8,
        fixed_parameters=3512,
        parameters_per_sample=0,
        parameter_bits=8,
        flops_per_sample=1.5e5,
        setting="federated",
    )
    noise = (
        {"noise_density_w_per_hz": 4e-21} if law == "density" else {"noise_power_w": 4e-21 * 20e6}
    )
    return mel.Problem(
        task,
        mel.Learners(
            2e9,
            10 ** (-(128.1 + 37.6 * np.log10(km)) / 10),
            40e6 / learners,
            0.2,
            energy_per_flop_j=1e-28 * 2e9**2,
            energy_j=np.inf,
        ),
        mel.Radio(20e6, 0.01 * learners, **noise),
        10.0,
        idle,
    )


@pytest.mark.parametrize("law", ["density", "fixed"])
@pytest.mark.parametrize("share", [0.1, 0.6])
def test_fewest_who_take_part_spend_least_and_that_is_proved(law, share) -> None:
    """Prices alone miss a part of one who returns; a count of those who take part does not."""
    for seed in (20, 55):
        problem = cell(seed, 100, law, "excused")
        tau = max(1, int(share * mel.solve(problem).tau))
        found = mel.least(problem, tau, "energy_j")
        assert found.plan is not None
        assert found.width < 1e-6
        assert (found.plan.samples == 0).any()


@pytest.mark.parametrize("law", ["density", "fixed"])
def test_where_every_split_spends_the_same_that_is_the_least(law) -> None:
    """All are served and a sample costs the same anywhere: there is nothing to choose."""
    for seed, size in ((10, 100), (8, 20), (1, 3)):
        problem = cell(seed, size, law, "served")
        best = mel.solve(problem)
        for tau in (1, best.tau // 10, best.tau // 2):
            found = mel.least(problem, tau, "energy_j")
            samples = tau * 1.5e5 * 4e-10 * problem.task.samples
            returned = (found.plan.energy_j - tau * 1.5e5 * 4e-10 * found.plan.samples).sum()
            assert found.value == pytest.approx(samples + returned)
            assert found.status is mel.Status.OPTIMAL


def test_three_prices_are_found_together_with_few_learners_too() -> None:
    """Around one another they took 22 to 31 looks at 20 learners."""
    rng = np.random.default_rng(2)
    for law, bits in (("fixed", 0), ("density", 0), ("density", 8)):
        given = cell(int(rng.integers(100)), 20, law, "served")
        slowing = mel.Learners(
            2e9, given.learners.gain, 2e6, 0.2, energy_coefficient=1e-28, min_flops_per_s=1e7
        )
        task = given.task.replace(parameters_per_sample=bits)
        problem = given.replace(learners=slowing, task=task)
        best = mel.solve(problem)
        for tau in (best.tau, best.tau // 2):
            found = mel.least(problem, tau, "energy_j")
            assert found.status is mel.Status.OPTIMAL
            assert found.passes <= 21
