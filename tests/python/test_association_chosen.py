"""Learners that choose their cell and may sit out: right by enumeration, proved, refused."""

import dataclasses
import itertools

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.campaigns.association.proof import Prices, members
from selecting import HAIR, tiny
from test_cells_chosen import adds_up

pytest.importorskip("flint")


def cells_of(seed: int) -> tuple[list[mel.Problem], int]:
    """Draw two or three cells of the same few learners, and the most samples of one of them.

    Gains, budgets and who may sit out are each cell's own.
    """
    rng = np.random.default_rng([seed, 97])
    first, _, high = tiny(5000 + seed, ("optional",))
    size, problems = len(first.learners), [first]
    for _ in range(1 if size > 2 or rng.random() < 0.7 else 2):
        learners, radio = first.learners, first.radio
        optional = learners.optional ^ (rng.random(size) < 0.3)
        gain = learners.gain * np.exp(rng.normal(0.0, 1.5, size))
        band, watt = rng.uniform(0.4, 1.5, 2)
        problems.append(
            first.replace(
                learners=learners.replace(gain=gain, optional=optional),
                radio=radio.replace(
                    bandwidth_hz=band * radio.bandwidth_hz, power_w=watt * radio.power_w
                ),
            )
        )
    total = int(rng.integers(1, 1 + max(size * high // 2, 1)))
    task = first.task.replace(samples=total)
    return [problem.replace(task=task) for problem in problems], high


def some_way(problems: list[mel.Problem], high: int, tau: int, budgets: float) -> bool:
    """Say whether D fits at tau with so much of the budgets, whoever is where and takes part."""
    size = len(problems[0].learners)
    for cell in itertools.product(range(len(problems)), repeat=size):
        own = list(members(tuple(problems), np.array(cell)))
        if adds_up(own, [high] * len(own), tau, budgets):
            return True
    return False


def assert_is_the_best(seed: int) -> str:
    problems, high = cells_of(seed)
    found = mel.cells(problems, associate=True)
    assert found.check() == ()
    assert not found.tau or some_way(problems, high, found.tau, 1.0 + HAIR)
    assert not some_way(problems, high, found.bound + 1, 1.0 - HAIR)
    return str(found.status)


def test_every_way_to_take_part_in_some_cell_has_no_better_tau() -> None:
    statuses = [assert_is_the_best(seed) for seed in (0, 2, 5, 8, 13)]
    assert set(statuses) == {"optimal", "infeasible"}


@pytest.mark.long
@pytest.mark.parametrize("part", range(6))
def test_of_many_tiny_problems_hardly_any_stays_open(part: int) -> None:
    statuses = [assert_is_the_best(seed) for seed in range(100 + 50 * part, 150 + 50 * part)]
    assert statuses.count("feasible") + statuses.count("undecided") <= 2


def clients(optional: bool | None) -> list[mel.Problem]:
    """Return two cells of eight clients that bring all of their data, or none where they may."""
    own = np.random.default_rng(5).integers(1_000, 9_000, 8)
    problems = [mel.scenarios.table1(8, 30.0, seed=seed, idle="excused") for seed in (1, 2)]
    return [
        problem.replace(
            learners=problem.learners.replace(min_samples=own, max_samples=own, optional=optional),
            task=problem.task.replace(
                samples=int(own.sum() if optional is None else own[:5].sum())
            ),
        )
        for problem in problems
    ]


def test_clients_bring_all_of_their_data_to_a_cell_or_nothing() -> None:
    problems = clients(True)
    found = mel.cells(problems, associate=True)
    assert found.tau > 0
    assert found.check() == ()
    own = problems[0].learners.min_samples
    assert ((found.learner_samples == 0) | (found.learner_samples == own)).all()
    assert (found.learner_samples == 0).any()
    assert int(found.learner_samples.sum()) == problems[0].task.samples


def test_who_may_sit_out_never_makes_it_worse() -> None:
    must = clients(None)
    may = [problem.replace(learners=problem.learners.replace(optional=True)) for problem in must]
    assert mel.cells(may, associate=True).bound >= mel.cells(must, associate=True).tau > 0


def test_prices_that_forget_who_may_sit_out_are_refused() -> None:
    """Who costs more than it is worth counts as nothing, not as what it would cost."""
    must = clients(None)
    found = mel.cells(must, associate=True)
    assert found.proof is not None
    (leaf,) = (node for node in found.proof.tree if isinstance(node, Prices))
    dear = Prices(tuple((100.0 * lam, 100.0 * mu) for lam, mu in leaf.prices))
    proof = dataclasses.replace(found.proof, tree=(dear,))
    assert proof.check() == ()  # of those who must take part
    may = tuple(
        problem.replace(learners=problem.learners.replace(optional=True)) for problem in must
    )
    assert dataclasses.replace(proof, problems=may).check()


def test_a_far_cell_is_no_reason_to_take_part_there() -> None:
    """Optional in one cell alone: there it may sit out, in the other one it would have to come."""
    first, second = clients(None)
    must = first.learners.replace(gain=1e-6 * first.learners.gain)
    may = second.learners.replace(optional=True)
    task = first.task.replace(samples=int(first.learners.min_samples[:5].sum()))
    problems = [first.replace(learners=must, task=task), second.replace(learners=may, task=task)]
    found = mel.cells(problems, associate=True)
    assert found.tau > 0
    assert found.check() == ()
    assert (found.cell == 1).all()
