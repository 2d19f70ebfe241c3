"""Many learners take a handful of samples each: real ones say too much, whole ones do not."""

import pytest

import mel_fast as mel
from mel_fast.bench._measure import grown
from mel_fast.model.problem import Idle
from mel_fast.model.radio import Law

LEARNERS = 6000


def handful(law: Law, idle: Idle, each: float, budgets: float = 1.0, seed: int = 3) -> mel.Problem:
    problem = grown(LEARNERS, idle=idle, law=law, seed=seed)
    problem = problem.with_samples(int(each * LEARNERS))
    radio = problem.radio
    return problem.with_budgets(
        bandwidth_hz=budgets * radio.bandwidth_hz, power_w=budgets * (radio.power_w or 0.0)
    )


# Where each tau was asked by mixtures of real samples and by boxes it took 580 to 1,400 passes.
@pytest.mark.parametrize(
    ("law", "idle", "each", "budgets", "passes"),
    [
        ("fixed", "excused", 3.0, 1.0, 300),
        ("fixed", "excused", 3.0, 30.0, 300),
        ("fixed", "served", 3.0, 1.0, 150),
        ("density", "excused", 0.6, 1.0, 200),
    ],
)
def test_whole_samples_are_asked_where_real_ones_said_too_much(
    law: Law, idle: Idle, each: float, budgets: float, passes: int
) -> None:
    problem = handful(law, idle, each, budgets)
    plan = mel.solve(problem, threads=1)
    assert plan.status is mel.Status.OPTIMAL
    assert plan.passes < passes
    assert mel.verify(problem, plan).ok
    two = mel.solve(problem, threads=2)
    assert plan.samples is not None
    assert two.samples is not None
    assert (plan.samples == two.samples).all()
    assert mel.solve_many([problem, problem])[1].tau == plan.tau


def test_limits_of_samples_are_kept_by_what_whole_samples_say() -> None:
    problem = handful("fixed", "excused", 3.0)
    least = [2 if k % 7 == 0 else 0 for k in range(LEARNERS)]
    problem = problem.replace(learners=problem.learners.replace(min_samples=least, max_samples=40))
    plan = mel.solve(problem)
    assert plan.status is mel.Status.OPTIMAL
    assert plan.passes < 400
    assert mel.verify(problem, plan).ok
