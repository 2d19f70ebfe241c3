"""Who takes part: right by enumeration, proved, and refused by name where nobody asks yet."""

import json
from itertools import combinations
from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from mel_fast import _core
from mel_fast.bench._measure import grown
from mel_fast.reference.selection import every_split
from mel_fast.verify import verify_dict, verify_file
from selecting import HAIR, best_worth, clear_cut, least_scale, tiny

WORTHS = ("samples", "weight", "learners")
PAIRS = [("optional",), ("weight",), *combinations(("optional", "weight"), 2)]


def assert_most_is_right(seed: int, options: tuple[str, ...]) -> None:
    """Compare `most` of all kinds with enumeration, and have the checker judge both files."""
    problem, tau, most = tiny(seed, options)
    splits = every_split(problem, tau, most)
    if not clear_cut(splits):
        return
    for of in WORTHS:
        found = mel.most(problem, tau, of=of)  # type: ignore[arg-type]
        best = best_worth(problem, splits, of)
        if best is None:
            assert found.value is None, (seed, of)
            assert found.status == "infeasible", (seed, of)
        else:
            assert found.value == pytest.approx(best, rel=1e-9), (seed, of)
            assert found.status == "optimal", (seed, of)
        for claim in (found.plan, found.proof):
            if claim is not None:
                verdict = mel.verify(claim.problem, claim)
                assert verdict, (seed, of, verdict)
        if found.plan is not None:
            assert found.plan.samples is not None
            assert (splits.samples == found.plan.samples).all(axis=1).any(), (seed, of)


def assert_solve_is_right(seed: int, options: tuple[str, ...], at_least: int | None) -> None:
    """Compare `solve` with enumeration at its tau and at the one above."""
    problem, _, most = tiny(seed, options)
    plan = mel.solve(problem, at_least=at_least)
    number = at_least or 0
    assert plan.status in ("optimal", "infeasible"), (seed, plan)
    if plan.tau:
        assert least_scale(problem, plan.tau, most, number) <= 1.0 + HAIR, seed
        assert np.count_nonzero(plan.samples) >= number
    assert least_scale(problem, plan.bound + 1, most, number) >= 1.0 - HAIR, seed
    verdict = mel.verify(problem, plan)
    assert verdict, (seed, verdict)


@pytest.mark.parametrize("options", PAIRS, ids="-".join)
def test_the_most_is_that_of_all_splits_one_by_one(options: tuple[str, ...]) -> None:
    for seed in range(15):
        assert_most_is_right(seed, options)


@pytest.mark.parametrize("at_least", [None, 2, 3])
@pytest.mark.parametrize("options", [("optional",), ()], ids=["optional", "plain"])
def test_the_best_tau_is_that_of_all_splits_one_by_one(
    options: tuple[str, ...], at_least: int | None
) -> None:
    for seed in range(15):
        count = len(tiny(seed)[0].learners)
        assert_solve_is_right(seed, options, None if at_least is None else min(at_least, count))


@pytest.mark.long
@pytest.mark.parametrize("options", PAIRS, ids="-".join)
def test_the_same_on_thousands(options: tuple[str, ...]) -> None:
    for seed in range(1000, 2500):
        assert_most_is_right(seed, options)
        count = len(tiny(seed)[0].learners)
        for at_least in (None, 1 + seed % count):
            assert_solve_is_right(seed, options, at_least)


def chosen() -> mel.Problem:
    """Return a problem of six clients who bring all of their data or nothing."""
    problem = mel.scenarios.table1(6, seed=3, idle="excused")
    own = np.array([40, 120, 80, 200, 60, 150])
    learners = problem.learners.replace(
        min_samples=own, max_samples=own, optional=True, weight=[3, 1, 2, 1, 5, 1]
    )
    return problem.replace(
        learners=learners,
        task=problem.task.replace(samples=300),
        radio=problem.radio.replace(bandwidth_hz=4e5, power_w=0.01),
        cycle_s=20.0,
    )


def test_weights_scaled_change_nothing() -> None:
    problem = chosen()
    for factor in (2.0, 0.125, 3.0):
        weight = problem.learners.weight * factor
        scaled = problem.replace(learners=problem.learners.replace(weight=weight))
        for tau in (1, 20, 100):
            one, other = mel.most(problem, tau, of="weight"), mel.most(scaled, tau, of="weight")
            assert one.value is not None
            assert other.value == pytest.approx(factor * one.value, rel=1e-9)
            assert other.bound == pytest.approx(factor * one.bound, rel=1e-9)
        assert mel.solve(scaled).samples.tolist() == mel.solve(problem).samples.tolist()


def test_weights_decide_nothing_but_the_weighted_most() -> None:
    problem = mel.scenarios.table1(10, seed=5)
    weighed = problem.replace(learners=problem.learners.replace(weight=np.arange(1.0, 11.0)))
    one, other = mel.solve(problem), mel.solve(weighed)
    assert one.samples.tolist() == other.samples.tolist()
    assert one.certificate == other.certificate


@pytest.mark.parametrize("seed", range(12))
def test_a_learner_that_may_sit_out_never_hurts(seed: int) -> None:
    problem, tau, _ = tiny(seed, ())
    free = problem.replace(learners=problem.learners.replace(optional=True))
    assert mel.solve(free).tau >= mel.solve(problem).tau
    for of in WORTHS:
        value = mel.most(problem, tau, of=of).value  # type: ignore[arg-type]
        assert value is None or mel.most(free, tau, of=of).value >= value - 1e-9


@pytest.mark.parametrize("idle", ["served", "excused"])
def test_without_minima_the_most_reaches_d_exactly_where_solve_reaches_tau(idle: str) -> None:
    problem = mel.scenarios.table1(8, seed=2, idle=idle)
    own = problem.replace(task=problem.task.replace(samples=200))
    own = own.replace(learners=own.learners.replace(optional=True))
    best = mel.solve(own).tau
    assert mel.most(own, best).value >= 200
    assert mel.most(own, best + 1).value < 200


def test_no_plan_of_just_so_many_though_more_would_fit() -> None:
    problem = mel.scenarios.table1(2, seed=1, idle="excused")
    learners = problem.learners.replace(min_samples=10, max_samples=10, optional=True)
    problem = problem.replace(learners=learners, task=problem.task.replace(samples=15))
    assert mel.most(problem, 1).value == 20
    plan = mel.solve(problem)
    assert plan.status == "infeasible"
    assert mel.verify(problem, plan)


def changed(plan: mel.Plan, path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    data = json.loads(json.dumps(plan.to_dict()))
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return data


def test_tampered_plans_and_proofs_of_each_kind_are_refused() -> None:
    problem = chosen()
    tau = 60
    for of in WORTHS:
        found = mel.most(problem, tau, of=of)  # type: ignore[arg-type]
        assert found.status == "optimal"
        assert found.proof is not None
        data = found.proof.to_dict()
        assert verify_dict(data)
        less = found.bound - (1 if of != "weight" else 20)
        than = float(less).hex() if of == "weight" else int(less)
        assert not verify_dict(changed(found.proof, ("no_more", "than"), than))
        flags = [False] * 6
        if found.plan is not None:
            tampered = changed(found.plan, ("problem", "learners", "optional"), flags)
            assert not verify_dict(tampered)
        tree = data["certificate"]["tree"]
        if len(tree) > 1:
            assert not verify_dict(changed(found.proof, ("certificate", "tree"), tree[-1:]))
    plan = mel.solve(problem, at_least=3)
    assert plan.at_least == 3
    assert mel.verify(problem, plan)
    assert not verify_dict(changed(plan, ("at_least",), 6))
    assert not verify_dict(changed(plan, ("version",), 1))


def test_more_weight_than_was_proved_is_refused() -> None:
    problem = chosen()
    found = mel.most(problem, 60, of="weight")
    assert found.proof is not None
    heavier = [float(10 * w).hex() for w in problem.learners.weight]
    tampered = changed(found.proof, ("problem", "learners", "weight"), heavier)
    assert not verify_dict(tampered)


def test_files_and_pickles_keep_what_was_asked(tmp_path: Any) -> None:
    import pickle

    problem = chosen()
    plan = mel.solve(problem, at_least=2)
    plan.save(tmp_path / "plan.json")
    assert mel.Plan.load(tmp_path / "plan.json") == plan
    assert pickle.loads(pickle.dumps(plan)) == plan
    proof = mel.most(problem, 60, of="weight").proof
    assert proof is not None
    proof.save(tmp_path / "proof.json")
    assert mel.Plan.load(tmp_path / "proof.json") == proof
    assert verify_file(tmp_path / "proof.json")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weight": [1, 0, 1, 1, 1, 1]}, r"weight\[1\] = 0.0"),
        ({"weight": -1.0}, "weight = -1.0"),
        ({"weight": [1.0, 2.0]}, "columns differ in length"),
        ({"optional": [2] * 6}, r"optional\[0\] = 2"),
        ({"optional": [True]}, "columns differ in length"),
    ],
)
def test_bad_columns_are_refused_by_name(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        chosen().learners.replace(**change)


@pytest.mark.parametrize(
    "ask",
    [
        lambda p: mel.least(p, 1, "cycle_s", scheme="task_only"),
        lambda p: mel.solve(p, scheme="task_only", then="power"),
        lambda p: mel.most(p, 1, scheme="resource_only"),
        lambda p: mel.solve(p, scheme="task_only").explain(),
    ],
)
def test_what_does_not_know_a_choice_says_so_before_any_work(ask: Any) -> None:
    with pytest.raises(ValueError, match="optional"):
        ask(chosen())


def test_many_problems_are_solved_as_one_by_one() -> None:
    problems = [tiny(seed, ("optional",))[0] for seed in range(12)]
    assert any(problem.has_choice for problem in problems)
    plans = mel.solve_many(problems)
    assert list(plans) == [mel.solve(problem) for problem in problems]
    cycles = chosen().cycle_s * np.array([0.5, 1.0, 2.0])
    batch = mel.Batch.vary(chosen(), cycle_s=cycles)
    assert mel.solve_many(batch).tau.tolist() == [mel.solve(problem).tau for problem in batch]


def test_ctrl_c_after_the_selection_keeps_what_was_selected(monkeypatch: Any) -> None:
    """What just these samples could do at most was still asked, and the answer lost."""
    problem = chosen()
    whole = mel.most(problem, 60, of="weight")

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(_core, "solve", interrupted)
        with pytest.raises(mel.Interrupted) as stop:
            mel.most(problem, 60, of="weight")
    found = stop.value.found
    assert (found.status, found.value, found.bound) == ("optimal", whole.value, whole.bound)
    assert stop.value.plan is found.plan
    assert (found.plan.status, found.plan.tau) == ("feasible", 60)
    assert found.plan.samples.tolist() == whole.plan.samples.tolist()
    for claim in (found.plan, found.proof):
        assert mel.verify(claim.problem, claim)


def test_what_was_found_within_a_time_limit_is_a_plan_and_its_bound_is_true() -> None:
    """A search that was stopped lost its plan: allotting it was stopped as well."""
    problem = mel.scenarios.table1(400, seed=1, idle="excused", setting="federated")
    own = np.random.default_rng(1).integers(200, 2_000, 400)
    problem = problem.replace(
        learners=problem.learners.replace(min_samples=own, max_samples=own, optional=True),
        radio=problem.radio.replace(bandwidth_hz=1.6e7, power_w=4.0),
        cycle_s=30.0,
    )
    whole = mel.most(problem, 5)
    stopped = 0
    for limit_s in (0.0, 0.003, 0.01, 0.03, 0.1, 0.3):
        found = mel.most(problem, 5, time_limit_s=limit_s)
        stopped += found.stopped
        assert found.value <= whole.value <= whole.bound <= found.bound
        assert not found.stopped or found.status in ("feasible", "undecided")
        assert (found.plan is not None) == (found.value > 0)
        for claim in (found.plan, found.proof):
            assert claim is None or mel.verify(claim.problem, claim)
    assert stopped > 0


def test_ctrl_c_before_the_selection_is_told_as_any_other(monkeypatch: Any) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_core, "select", interrupted)
    with pytest.raises(mel.Interrupted) as stop:
        mel.most(chosen(), 60, of="weight")
    assert stop.value.plan.status == "undecided"


@pytest.mark.parametrize("count", [4097, 4112, 5000])
def test_many_learners_that_fill_no_whole_group(count: int) -> None:
    problem = mel.scenarios.table1(count, seed=7, idle="excused")
    weight = np.random.default_rng(7).integers(1, 21, count).astype(float)
    far = problem.replace(task=problem.task.replace(samples=2**53))
    for of, column in ((0, None), (1, weight), (2, None)):
        found = _core.select(far._core, 8, of, column, False, 0, 1.0, 60.0, 1, None)
        assert found.samples is not None
        assert found.samples.size == count
        worth = (found.samples, found.samples * weight, found.samples > 0)[of].sum()
        assert found.value == worth
        assert 0.99 * found.bound <= worth <= found.bound


def test_many_served_learners_give_up_samples_but_not_their_last() -> None:
    # Nobody who must take part may be left with none where the rest is taken away.
    problem = grown(5000, "density", "served")
    plain = mel.solve(problem)
    assert plain.samples is not None
    takers = int((plain.samples > 0).sum())
    number = (takers + 5000) // 2
    assert takers < number < 5000
    plan = mel.solve(problem, at_least=number)
    assert plan.status == "optimal"
    assert 0 < plan.tau <= plain.tau
    assert int((plan.samples > 0).sum()) >= number


@pytest.mark.parametrize("then", ["power", "bandwidth"])
def test_a_selected_plan_spends_the_least_of_one_budget(then: Any) -> None:
    over = f"{then}_{'w' if then == 'power' else 'hz'}"
    problem = chosen()
    for number in (None, 3):
        plan = mel.solve(problem, then=then, at_least=number)
        least = mel.least(problem, plan.tau, over, at_least=number)  # type: ignore[arg-type]
        spent = float(getattr(plan, over).sum())
        assert plan.status == "optimal"
        assert least.lower <= spent <= least.amount * (1.0 + 1e-9), number
        assert np.count_nonzero(plan.samples) >= (number or 0)
        assert mel.verify(problem, plan), number


def test_weights_with_a_common_measure_are_best_only_where_value_and_bound_are_one() -> None:
    # One in half a milliard is less than what other weights are let off with.
    rng = np.random.default_rng(1)
    problem = mel.scenarios.table1(100_000, seed=1, idle="excused", setting="federated")
    own = rng.integers(200, 2_000, 100_000)
    learners = problem.learners.replace(
        min_samples=own, max_samples=own, optional=True, weight=rng.integers(1, 10, 100_000)
    )
    radio = problem.radio.replace(bandwidth_hz=4e9, power_w=1e3)
    found = mel.most(problem.replace(learners=learners, radio=radio), 5, of="weight")
    assert found.value is not None
    assert found.bound <= found.value * (1.0 + 2e-9)
    assert (found.status == "optimal") == (found.value == found.bound)
