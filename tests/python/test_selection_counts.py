"""Samples that no number of participants adds up to: found, stated, checked, refused if false."""

from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.bracket.stated_samples import counts_rule_out
from mel_fast.model.problem import Problem
from mel_fast.reference.selection import every_split
from selecting import tiny


class Stated:
    """A claim as it was written, whatever it says."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data

    def to_dict(self) -> dict[str, Any]:
        return self.data


def judged(problem: Problem, data: dict[str, Any]) -> Any:
    plan: Any = Stated(data)
    return mel.verify(problem, plan)


def some_hundred() -> Problem:
    """Return clients of whom any 14 hold too few of the samples, and any 15 too many."""
    problem = mel.scenarios.table1(100, seed=2, idle="excused", setting="federated")
    own = np.random.default_rng(0).integers(205, 211, 100)
    radio = problem.radio.replace(bandwidth_hz=1e9, power_w=100.0)
    return problem.replace(
        learners=problem.learners.replace(min_samples=own, max_samples=own, optional=True),
        task=problem.task.replace(samples=3_000),
        radio=radio,
    )


def test_a_number_that_nobody_adds_up_to_is_ruled_out_and_checked() -> None:
    problem = some_hundred()
    plan = mel.solve(problem)
    assert plan.status == "infeasible"
    assert plan.certificate == {"tau": 1, "rule": "counts"}
    verdict = mel.verify(problem, plan)
    assert verdict.ok, verdict.reasons
    assert verdict.margin >= 1
    assert "counting samples" in plan.summary()
    read = mel.Plan.from_dict(plan.to_dict())
    assert read.certificate == plan.certificate
    assert mel.verify(problem, read)


@pytest.mark.parametrize("samples", [14 * 208, 15 * 208])
def test_the_claim_is_refused_where_some_participants_may_add_up(samples: int) -> None:
    problem = some_hundred()
    claim = mel.solve(problem).to_dict()
    claim["problem"]["task"]["samples"] = samples
    verdict = judged(problem.with_samples(samples), claim)
    assert not verdict.ok
    assert f"D = {samples} among them" in verdict.reasons[0]


@pytest.mark.parametrize("change", [{"scheme": "resource_only"}, {"version": 1}, {"tree": []}])
def test_the_rule_stands_where_it_means_something(change: dict[str, Any]) -> None:
    problem = some_hundred()
    claim = mel.solve(problem).to_dict()
    (claim["certificate"] if "tree" in change else claim).update(change)
    assert not judged(problem, claim).ok
    with pytest.raises(ValueError, match=r"rule|version|tree|optional|scheme"):
        mel.Plan.from_dict(claim)


def test_what_counting_rules_out_no_split_is_and_the_checker_agrees() -> None:
    ruled_out = 0
    for seed in range(400):
        problem, tau, most = tiny(seed, ("optional", "at_least"))
        at_least = seed % 3
        claimed = counts_rule_out(problem, tau, at_least)
        plan = {
            **mel.solve(problem, time_limit_s=0.0).to_dict(),
            "status": "undecided",
            "tau": 0,
            "bound": tau - 1,
            "certificate": {"tau": tau, "rule": "counts"},
            "version": 2,
        }
        for name in ("samples", "bandwidth_hz", "power_w"):
            plan[name] = None
        plan.pop("blocks", None)
        if at_least:
            plan["at_least"] = at_least
        checked = judged(problem, plan)
        assert checked.ok >= claimed, (seed, checked.reasons)
        if not checked.ok:
            continue
        splits = every_split(problem, tau, most)
        sums = splits.samples.sum(axis=1) == problem.task.samples
        assert not (sums & (splits.takers >= at_least)).any(), seed
        ruled_out += 1
    assert ruled_out > 40


def test_one_learner_that_may_bring_less_opens_what_counting_closed() -> None:
    problem = some_hundred()
    assert counts_rule_out(problem, 1, 0)
    fewer = problem.learners.min_samples.copy()
    fewer[0] = 50
    learners = problem.learners.replace(min_samples=fewer)
    assert not counts_rule_out(problem.replace(learners=learners), 1, 0)
