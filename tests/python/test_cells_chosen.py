"""Cells in which learners may sit out: right by enumeration, proved, refused where it is not."""

import dataclasses

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.reference.selection import every_split
from selecting import HAIR, tiny


def chosen_cells(seed: int) -> tuple[list[mel.Problem], list[int]]:
    """Return two or three tiny cells with a task in common, and the most samples of a learner."""
    rng = np.random.default_rng(seed)
    drawn = [tiny(1_000 * seed + cell, ("optional",)) for cell in range(int(rng.integers(2, 4)))]
    most = sum(len(problem.learners) * high for problem, _, high in drawn)
    total = int(rng.integers(1, 1 + most // 2))
    cells = [p.replace(task=p.task.replace(samples=total)) for p, _, _ in drawn]
    return cells, [high for _, _, high in drawn]


def adds_up(cells: list[mel.Problem], most: list[int], tau: int, budgets: float) -> bool:
    """Say whether samples that fit in the cells with so much of their budgets add up to D."""
    total, sums = cells[0].task.samples, {0}
    for problem, high in zip(cells, most, strict=True):
        splits = every_split(problem, tau, high)
        fit = set(splits.samples.sum(axis=1)[splits.scale <= budgets].tolist())
        sums = {a + b for a in sums for b in fit if a + b <= total}
    return total in sums


def assert_holds(cells: list[mel.Problem], found: mel.Cells) -> None:
    if found.plans is not None:
        assert found.samples is not None
        assert int(found.samples.sum()) == cells[0].task.samples
        for problem, share, plan in zip(cells, found.samples, found.plans, strict=True):
            assert (plan is None) == (share == 0)
            if plan is not None:
                assert plan.tau >= found.tau
                assert plan.problem == problem.replace(
                    task=problem.task.replace(samples=int(share))
                )
                assert mel.verify(plan.problem, plan)
    if found.proof is not None:
        assert found.proof.tau == found.bound + 1
        assert found.proof.check() == ()


@pytest.mark.parametrize(
    "seed", [*range(10), *(pytest.param(n, marks=pytest.mark.long) for n in range(10, 400))]
)
def test_every_way_to_deal_to_those_who_choose_has_the_same_best_tau(seed: int) -> None:
    cells, most = chosen_cells(seed)
    found = mel.cells(cells)
    assert_holds(cells, found)
    assert not found.tau or adds_up(cells, most, found.tau, 1.0 + HAIR)
    assert not adds_up(cells, most, found.bound + 1, 1.0 - HAIR)
    if seed < 10:
        assert found.status in ("optimal", "infeasible")


def tens(samples: int) -> list[mel.Problem]:
    """Return two cells of two clients that bring ten samples or none."""
    cells = [mel.scenarios.table1(2, seed=seed, idle="excused") for seed in (1, 2)]
    return [
        problem.replace(
            task=problem.task.replace(samples=samples),
            learners=problem.learners.replace(min_samples=10, max_samples=10, optional=True),
        )
        for problem in cells
    ]


def test_sums_that_no_choice_of_clients_has_are_ruled_out_by_their_gaps() -> None:
    cells = tens(15)
    found = mel.cells(cells)
    assert found.status == "infeasible"
    assert found.proof is not None
    assert found.proof.kind == "sums"
    assert_holds(cells, found)
    assert mel.cells(tens(30)).status == "optimal"


def test_a_proof_without_one_of_its_gaps_or_of_another_scheme_is_refused() -> None:
    proof = mel.cells(tens(15)).proof
    assert proof is not None
    first, second = proof.gaps
    assert dataclasses.replace(proof, gaps=(first[:-1], second)).check()
    assert dataclasses.replace(proof, gaps=(first,)).check()
    assert dataclasses.replace(proof, tau=proof.tau - 1).check()
    assert dataclasses.replace(proof, kind="sum").check()
    claim = first[0]
    other = mel.Plan(
        claim.problem,
        status="infeasible",
        tau=0,
        bound=0,
        certificate=claim.certificate,
        at_least=2,
    )
    assert dataclasses.replace(proof, gaps=((other, *first[1:]), second)).check()
    most = proof.claims[0]
    assert most is not None
    assert most.no_more is not None
    less = mel.Plan(
        most.problem,
        status="undecided",
        tau=0,
        bound=0,
        certificate=most.certificate,
        no_more=most.no_more._replace(than=9),
    )
    assert dataclasses.replace(proof, claims=(less, proof.claims[1])).check()


def test_hundreds_that_bring_all_or_nothing_are_dealt_to_the_sample() -> None:
    cells = []
    for seed in (1, 2):
        problem = mel.scenarios.table1(100, 30.0, seed=seed, idle="excused")
        own = np.random.default_rng(seed).integers(200, 2_000, 100)
        learners = problem.learners.replace(min_samples=own, max_samples=own, optional=True)
        radio = problem.radio.replace(bandwidth_hz=5e8, power_w=1.0)
        task = problem.task.replace(samples=70_000)
        cells.append(problem.replace(task=task, learners=learners, radio=radio))
    found = mel.cells(cells)
    assert found.bound - found.tau <= 1
    assert_holds(cells, found)
