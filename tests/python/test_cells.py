"""Several cells on one task: the common tau is right by enumeration and proved cell by cell."""

import dataclasses
import itertools
from collections.abc import Callable

import numpy as np
import pytest

import mel_fast as mel
from exact import violations
from limited import LimitedCase
from mel_fast import reference
from strategies import VARIANTS, Case

UNLIMITED = 10**9


def with_samples(problem: mel.Problem, samples: int) -> mel.Problem:
    return problem.replace(task=problem.task.replace(samples=samples))


def assert_is_proved(found: mel.Cells) -> None:
    """Check the plans, their sum and the proof with the independent checker."""
    samples = found.problems[0].task.samples
    assert found.status in ("optimal", "infeasible")
    assert found.proof is not None
    assert found.proof.tau == found.bound + 1
    assert found.proof.check() == ()
    if not found.tau:
        assert found.plans is None
        return
    assert found.samples is not None
    assert found.plans is not None
    assert found.samples.sum() == samples
    for problem, share, plan in zip(found.problems, found.samples, found.plans, strict=True):
        assert (plan is None) == (share == 0)
        if plan is not None:
            assert plan.problem == with_samples(problem, int(share))
            assert plan.tau >= found.tau
            assert violations(plan) == []
            assert mel.verify(plan.problem, plan)


def best_common(problems: list[mel.Problem], best: Callable[[mel.Problem], int]) -> int | None:
    """Try every way to deal the samples over the cells; None where that is not decided."""
    total = problems[0].task.samples
    own: list[list[int]] = []
    for problem in problems:
        taus = [best(with_samples(problem, n)) for n in range(1, total + 1)]
        minima = problem.learners.min_samples
        if minima is not None and minima.any():
            none = 0
        elif problem.idle == "excused":
            none = UNLIMITED
        elif taus[0]:
            none = UNLIMITED  # whoever is served with a sample is served without
        else:
            return None
        own.append([none, *taus])
    deals = itertools.product(range(total + 1), repeat=len(problems))
    return max(
        min(own[cell][n] for cell, n in enumerate(deal)) for deal in deals if sum(deal) == total
    )


def tiny_cells(seed: int) -> list[mel.Problem]:
    """Draw one to three cells of a few learners and samples."""
    rng = np.random.default_rng([seed, 17])
    total = int(rng.integers(2, 9))
    problems = []
    for cell in range(int(rng.integers(1, 4))):
        law, setting, idle = VARIANTS[int(rng.integers(len(VARIANTS)))]
        case = Case(100 * seed + cell, int(rng.integers(1, 4)), total, law, setting, idle, None)
        limits = ("min_samples", "max_samples") if rng.random() < 0.3 else ()
        problems.append(LimitedCase(case, limits, None).problem())
    return problems


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(100))
def test_every_way_to_deal_solved_cell_by_cell_has_the_same_best_tau(seed: int) -> None:
    problems = tiny_cells(seed)
    best = best_common(problems, lambda problem: mel.solve(problem).tau)
    found = mel.cells(problems)
    assert_is_proved(found)
    assert best is None or found.tau == best


@pytest.mark.no_cover
@pytest.mark.long
@pytest.mark.parametrize("seed", range(60))
def test_every_way_to_deal_enumerated_has_the_same_best_tau(seed: int) -> None:
    problems = tiny_cells(seed)
    best = best_common(problems, lambda problem: reference.enumerate_optimum(problem).tau)
    assert best is None or mel.cells(problems).tau == best


def table(learners: int, seed: int, **words: object) -> mel.Problem:
    return mel.scenarios.table1(learners=learners, cycle_s=30.0, seed=seed, **words)


def test_one_cell_is_what_solve_says() -> None:
    for idle, law in (("served", "density"), ("excused", "fixed")):
        problem = table(10, 3, idle=idle, law=law)
        found, plan = mel.cells([problem]), mel.solve(problem)
        assert (found.status, found.tau, found.bound) == (plan.status, plan.tau, plan.bound)
        assert found.plans == (plan,)
        assert_is_proved(found)


def test_cells_of_different_laws_deadlines_and_readings_have_a_common_tau() -> None:
    problems = [
        table(12, 1),
        table(6, 2, idle="excused", law="fixed").with_budgets(cycle_s=12.0),
        table(20, 3, idle="excused").with_budgets(bandwidth_hz=5e6),
    ]
    found = mel.cells(problems)
    assert_is_proved(found)
    assert found.tau >= max(mel.solve(problem).tau for problem in problems)
    assert mel.cells(problems[::-1]).tau == found.tau


def test_a_cell_that_cannot_serve_everyone_refutes_alone() -> None:
    good, bad = table(5, 1), table(5, 2)
    gain = bad.learners.gain.copy()
    gain[2] = 0.0
    found = mel.cells([good, bad.replace(learners=bad.learners.replace(gain=gain))])
    assert (found.status, found.tau, found.plans) == ("infeasible", 0, None)
    assert found.proof is not None
    assert found.proof.kind == "cell"
    assert [claim is None for claim in found.proof.claims] == [True, False]
    assert_is_proved(found)
    excused = bad.replace(learners=bad.learners.replace(gain=gain), idle="excused")
    assert mel.cells([good, excused]).status == "optimal"


def test_minima_beyond_the_task_are_infeasible_at_any_tau() -> None:
    problem = table(4, 1)
    heavy = problem.replace(learners=problem.learners.replace(min_samples=10_000))
    found = mel.cells([heavy, heavy])
    assert (found.status, found.bound) == ("infeasible", 0)
    assert found.proof is not None
    assert found.proof.kind == "minima"
    assert_is_proved(found)


def test_limits_of_both_cells_below_the_task_are_infeasible_with_their_sum() -> None:
    problem = table(4, 1)
    light = problem.replace(learners=problem.learners.replace(max_samples=7_000))
    found = mel.cells([light, light])
    assert (found.status, found.bound) == ("infeasible", 0)
    assert_is_proved(found)
    assert mel.cells([light, light, problem]).status == "optimal"


def test_a_tampered_proof_is_refused() -> None:
    problems = [table(5, 1), table(5, 2)]
    proof = mel.cells(problems).proof
    assert proof is not None
    assert proof.check() == ()
    other = (table(5, 7), problems[1])
    first = proof.claims[0]
    more = with_samples(problems[0], first.problem.task.samples + 30_000)
    for wrong in (
        dataclasses.replace(proof, tau=proof.tau - 1),
        dataclasses.replace(proof, claims=(None, proof.claims[1])),
        dataclasses.replace(proof, problems=other),
        dataclasses.replace(proof, kind="cell"),
        dataclasses.replace(proof, kind="minima"),
        dataclasses.replace(proof, claims=proof.claims[::-1]),
        dataclasses.replace(
            proof,
            claims=(
                mel.Plan(more, status="undecided", tau=0, bound=first.bound),
                proof.claims[1],
            ),
        ),
    ):
        assert wrong.check() != ()


@pytest.mark.parametrize("limit_s", [0.0, 1e-3, 5e-3, 2e-2])
def test_a_limit_leaves_what_is_proved(limit_s: float) -> None:
    problems = [table(300, seed, idle="excused", law="fixed") for seed in range(3)]
    true = mel.cells(problems)
    assert true.status == "optimal"
    found = mel.cells(problems, time_limit_s=limit_s)
    assert found.tau <= true.tau <= found.bound
    assert found.proof is None or found.proof.check() == ()
    if found.plans is not None:
        assert min(plan.tau for plan in found.plans if plan is not None) >= found.tau
        assert all(violations(plan) == [] for plan in found.plans if plan is not None)
        assert found.samples.sum() == 60_000


def test_a_callback_stops_it_and_ctrl_c_keeps_what_is_known() -> None:
    problems = [table(30, seed, idle="excused", law="fixed") for seed in range(3)]
    true = mel.cells(problems).tau
    told = []
    seconds: list[float] = []

    def tell(low: int, high: int, _passes: int, elapsed_s: float) -> None:
        told.append((low, high))
        seconds.append(elapsed_s)

    mel.cells(problems, callback=tell)
    assert seconds == sorted(seconds)
    assert seconds[-1] > 0.0  # without a time limit too
    assert all(low <= true <= high for low, high in told)
    assert mel.cells(problems, callback=lambda *_: True).stopped

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(mel.Interrupted) as stop:
        mel.cells(problems, callback=interrupt)
    assert stop.value.found.tau <= true <= stop.value.found.bound


def test_the_answer_is_a_table_of_one_row_a_cell() -> None:
    found = mel.cells([table(5, 1), table(5, 2)])
    assert {len(column) for column in found.columns().values()} == {2}
    assert "cell 1" in str(found)
    assert repr(found).startswith("Cells(2 cells, tau=")


def test_wrong_arguments_are_named() -> None:
    problem = table(3, 1)
    with pytest.raises(ValueError, match="problems is empty"):
        mel.cells([])
    with pytest.raises(TypeError, match="list of Problems"):
        mel.cells(problem)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"problems\[1\]"):
        mel.cells([problem, 3])  # type: ignore[list-item]
    with pytest.raises(ValueError, match=r"problems\[1\].task.samples = 7"):
        mel.cells([problem, with_samples(problem, 7)])
