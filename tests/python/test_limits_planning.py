"""Reasons, explanations and the planner's questions within limits."""

import numpy as np
import pytest

import mel_fast as mel


def limit(problem: mel.Problem, **limits: object) -> mel.Problem:
    return problem.replace(learners=problem.learners.replace(**limits))


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (
            {"max_samples": 9_999},
            "max_samples: together the learners may take at most 59,994 of ",
        ),
        (
            {"min_samples": 10_001},
            "min_samples: together the learners must take at least 60,006",
        ),
        (
            {"min_samples": [0, 0, 0, 20_000, 0, 0], "energy_j": 1.0, "energy_per_flop_j": 1e-10},
            "learner 3 must take 20,000 samples: its energy_j = 1 J suffices for at most 8,",
        ),
        (
            {"energy_j": [10.0, 10.0, 1e-9, 10.0, 10.0, 10.0], "energy_per_flop_j": 1e-10},
            "learner 2 must return the model: its energy_j = 1 nJ does not suffice for that",
        ),
        (
            {"energy_j": 0.5, "energy_per_flop_j": 1e-10},
            "energy_j: the learners can take at most ",
        ),
        (
            {"max_bandwidth_hz": [1e3, 1e9, 1e9, 1e9, 1e9, 1e9]},
            "learner 0 must be sent the model and return it: within max_bandwidth_hz = 1 kHz the",
        ),
        (
            {"max_power_w": 2e-3},
            "the caps and the deadline: the learners can take at most ",
        ),
    ],
)
def test_the_reason_names_the_limit_that_leaves_no_plan(problem, limits, words):
    plan = mel.solve(limit(problem, **limits))
    assert plan.status is mel.Status.INFEASIBLE
    assert plan.reasons[0].startswith(words)
    assert mel.verify(None, plan)
    assert mel.solve_many([plan.problem])[0].reasons == plan.reasons


def test_fewer_blocks_than_learners_are_named(problem):
    radio = problem.radio.replace(block_hz=2.1e7)
    plan = mel.solve(problem.replace(radio=radio))
    assert plan.status is mel.Status.INFEASIBLE
    assert plan.reasons == (
        "resource blocks: 6 learners must be sent something, there are only 4 blocks of 21 MHz",
    )


@pytest.mark.parametrize("idle", ["served", "excused"])
def test_an_explanation_lifts_every_limit_by_solving_again(problem, idle):
    most = np.array([60_000, 8_000, 60_000, 60_000, 60_000, 60_000])
    tight = limit(
        problem.replace(idle=idle),
        max_samples=most,
        max_power_w=0.12,
        energy_j=6.0,
        energy_per_flop_j=1e-10,
    )
    plan = mel.solve(tight)
    why = plan.explain()
    assert {lifted.limit for lifted in why.lifted_limits} == {
        "max_samples",
        "max_power_w",
        "energy_j",
    }
    for lifted in why.lifted_limits:
        changes = {lifted.limit: None}
        if lifted.limit == "energy_j":
            changes["energy_per_flop_j"] = None
        again = mel.solve(limit(tight, **changes))
        assert lifted.plan.tau == again.tau
        assert lifted.suffices == (again.tau > plan.tau)
        assert lifted.sentence() in why.summary()


def test_one_sample_more_is_worth_what_solving_with_it_shows(problem):
    plan = mel.solve(problem)
    most = np.where(np.arange(6) == np.argmax(plan.samples), plan.samples // 2, 60_000)
    tight = limit(problem, max_samples=most)
    why = mel.solve(tight).explain()
    assert why.marginal_values
    first = why.marginal_values[0]
    assert (first.limit, first.learner) == ("max_samples", int(np.argmax(plan.samples)))
    assert 0.0 < first.samples <= 1.0 + 1e-6
    # Many samples more add as many as one does at first, and never more.
    wider = limit(problem, max_samples=np.where(most < 60_000, most + 100, most))
    there = mel.solve(wider).explain()
    assert there.tau == why.tau
    gained = there.prices.samples - why.prices.samples
    assert 0.5 * 100 * first.samples <= gained <= 100 * first.samples * (1 + 1e-6)


def test_an_explanation_says_how_far_the_energy_goes(problem):
    poor = limit(
        problem,
        energy_j=[1e3, 1e3, 1.0, 1e3, 1e3, 1e3],
        energy_per_flop_j=1e-10,
    )
    plan = mel.solve(poor)
    why = plan.explain()
    returning = problem.learners.return_power_w * problem.task.model_bits / problem.return_rates()
    each = why.tau * problem.task.flops_per_sample * 1e-10
    most = int((1.0 - returning[2]) / each)
    assert f"The 1 J of learner 2 allow at most {most:,} samples with tau = {why.tau}." in str(why)


@pytest.mark.parametrize("scheme", ["task_only", "resource_only", "joint"])
def test_weights_are_there_for_every_scheme_that_can_trade(problem, scheme):
    plan = mel.solve(problem, scheme=scheme)
    why = plan.explain()
    assert [cause.samples_per_percent > 0 for cause in why.bottlenecks] == [True] * 3


def test_weights_of_equal_shares_are_what_faster_computing_brings():
    problem = mel.scenarios.table1(learners=10)
    why = mel.solve(problem, scheme="task_only").explain()
    soonest = why.needs["cycle_s"].plan
    weights = {cause.cause: cause.samples_per_percent for cause in why.bottlenecks}

    def most(asked: mel.Problem) -> float:
        rates, task = (
            asked.rates(asked.radio.bandwidth_hz / 10, asked.radio.power_w / 10),
            asked.task,
        )
        spare = asked.cycle_s - task.model_bits / rates - task.model_bits / asked.return_rates()
        each = (
            why.tau * task.flops_per_sample / asked.learners.flops_per_s + task.alpha_bits / rates
        )
        return float((spare / each).sum())

    asked = soonest.problem
    step = 1e-6
    faster = asked.learners.replace(flops_per_s=asked.learners.flops_per_s * (1 + step))
    nearer = asked.learners.replace(gain=asked.learners.gain * (1 + step))
    base = most(asked)
    by_speed = (most(asked.replace(learners=faster)) - base) / step
    by_gain = (most(asked.replace(learners=nearer)) - base) / step
    assert 100 * weights["computing"] == pytest.approx(by_speed, rel=1e-2)
    # A better gain also speeds the return up, which counts apart.
    assert 100 * weights["channel"] == pytest.approx(by_gain, rel=3e-2)


def test_a_dropout_leaves_what_the_limits_leave(problem):
    plan = mel.solve(problem)
    most = plan.samples + np.array([0, 3_000, 0, 60_000, 60_000, 60_000])
    tight = mel.solve(limit(problem, max_samples=most, min_samples=1))
    found = mel.simulate(tight, failures=[5], policies=["reassign"]).outcomes["reassign"]
    assert found.lost == 0
    whole = tight.samples.copy()
    whole[5] = 0
    whole[found.learners] += found.plan.samples
    assert whole.sum() == problem.task.samples
    assert (whole <= most).all()


@pytest.mark.parametrize("over", ["cycle_s", "bandwidth_hz", "power_w"])
def test_the_least_within_limits_is_bracketed_by_two_proofs(problem, over):
    plan = mel.solve(problem)
    tight = limit(problem, max_samples=np.maximum(plan.samples - 100, 10_500), max_power_w=0.15)
    found = mel.least(tight, 2, over)
    assert found.status is mel.Status.OPTIMAL
    assert mel.verify(None, found.plan)
    assert mel.verify(None, found.proof)
    assert found.amount >= mel.least(problem, 2, over).lower
    spare = mel.solve(tight, then="power")
    assert mel.verify(tight, spare)
    assert spare.tau == mel.solve(tight).tau


@pytest.mark.parametrize("scheme", ["joint", "task_only"])
@pytest.mark.parametrize("block_hz", [180e3, 7e6])
def test_the_least_bandwidth_in_blocks_is_a_number_of_blocks(block_hz, scheme):
    problem = mel.scenarios.table1(learners=10, block_hz=block_hz)
    tau = mel.solve(problem, scheme=scheme).tau + 1
    found = mel.least(problem, tau, "bandwidth_hz", scheme=scheme)
    assert found.status is mel.Status.OPTIMAL
    assert mel.verify(None, found.plan)
    assert mel.verify(None, found.proof)
    blocks = found.plan.problem.radio.blocks
    assert found.plan.blocks.sum() <= blocks
    assert found.proof.problem.radio.blocks == blocks - 1
    assert found.amount == pytest.approx(blocks * block_hz, rel=1e-15)
    for number, fits in ((blocks, True), (blocks - 1, False)):
        asked = problem.with_budgets(bandwidth_hz=number * block_hz * (1 + 1e-12))
        assert (mel.solve(asked, scheme=scheme).tau >= tau) is fits


@pytest.mark.parametrize("over", ["cycle_s", "power_w"])
def test_other_least_amounts_in_blocks_are_enclosed_too(over):
    problem = mel.scenarios.table1(learners=10, block_hz=2e6)
    plan = mel.solve(problem)
    found = mel.least(problem, plan.tau + 1, over)
    assert found.status is mel.Status.OPTIMAL
    assert mel.verify(None, found.plan)
    assert mel.verify(None, found.proof)
    spare = mel.solve(problem, then="bandwidth")
    assert mel.verify(problem, spare)
    assert spare.tau == plan.tau
    assert spare.blocks.sum() < plan.blocks.sum()
    without = next(lifted for lifted in plan.explain().lifted_limits if lifted.limit == "block_hz")
    assert without.plan.tau == mel.solve(mel.scenarios.table1(learners=10)).tau
