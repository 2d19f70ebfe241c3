"""The most samples at a tau: right by enumeration, proved, and never more than is known."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

import mel_fast as mel
from exact import violations
from limited import HAIR, LIMITS, LimitedCase, fits, nudged
from mel_fast import reference
from mel_fast.bracket.stated_samples import fewest_stated, most_stated
from mel_fast.cli import run
from strategies import SCHEMES, VARIANTS, Case, cases, holds_for_all

LARGEST = 2**53


def with_samples(problem: mel.Problem, samples: int) -> mel.Problem:
    return problem.replace(task=problem.task.replace(samples=samples))


def assert_is_proved(found: mel.Most) -> None:
    """Check both ends with the independent checker and with exact arithmetic."""
    if found.value:
        assert found.plan is not None
        assert found.plan.problem == with_samples(found.problem, found.value)
        assert found.plan.tau >= found.tau
        assert violations(found.plan) == []
        assert mel.verify(found.plan.problem, found.plan)
    if found.bound < LARGEST:
        assert found.proof is not None
        assert found.proof.problem == with_samples(found.problem, found.bound + 1)
        assert found.proof.bound == found.tau - 1
        assert mel.verify(found.proof.problem, found.proof)


def assert_is_the_most(found: mel.Most) -> None:
    """Check by enumeration that the value fits and one more does not, or nearly so."""
    problem, tau, scheme = found.problem, found.tau, found.scheme
    least = fewest_stated(problem, scheme)

    def fit(problem: mel.Problem, samples: int) -> bool:
        return fits(with_samples(problem, samples), tau, scheme)

    below, above = nudged(problem, 1 - HAIR), nudged(problem, 1 + HAIR)
    if found.value:
        assert found.status == "optimal"
        assert found.value == found.bound
        assert fit(problem, found.value) or fit(above, found.value)
        over = found.value + 1
        if over <= most_stated(problem, scheme):
            assert not fit(problem, over) or not fit(below, over)
    else:
        assert found.status in ("infeasible", "optimal")
        assert found.value in (None, 0)
        assert not fit(problem, least) or not fit(below, least)


def tiny(seed: int) -> tuple[mel.Problem, int, str]:
    """Draw a problem of a few learners, a tau and a scheme."""
    rng = np.random.default_rng([seed, 15])
    law, setting, idle = VARIANTS[seed % len(VARIANTS)]
    scheme = SCHEMES[0] if rng.random() < 0.6 else str(rng.choice(SCHEMES))
    limits = tuple(str(x) for x in rng.choice(LIMITS, int(rng.integers(0, 3)), replace=False))
    blocks = int(rng.integers(2, 6)) if rng.random() < 0.25 else None
    case = Case(seed, int(rng.integers(1, 4)), int(rng.integers(2, 9)), law, setting, idle, None)
    problem = LimitedCase(case, limits, blocks).problem()
    tau = max(1, mel.solve(problem, scheme=scheme).tau + int(rng.integers(-1, 2)))
    return problem, tau, scheme


@pytest.mark.parametrize("part", range(4))
def test_enumeration_of_tiny_problems_finds_the_same_number(part: int) -> None:
    checked = 0
    for seed in range(60 * part, 60 * part + 60):
        problem, tau, scheme = tiny(seed)
        found = mel.most(problem, tau, scheme=scheme)
        if (found.value or 1) > 25:
            continue
        assert_is_the_most(found)
        checked += 1
    assert checked > 20


@pytest.mark.long
@pytest.mark.parametrize("part", range(10))
def test_enumeration_of_thousands_of_tiny_problems_finds_the_same_number(part: int) -> None:
    for seed in range(1000 + 300 * part, 1300 + 300 * part):
        problem, tau, scheme = tiny(seed)
        found = mel.most(problem, tau, scheme=scheme)
        if (found.value or 1) <= 25:
            assert_is_the_most(found)
            assert_is_proved(found)


@pytest.mark.no_cover
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("law", "setting", "idle"), VARIANTS)
def test_both_ends_are_proved_in_every_variant(
    law: str, setting: str, idle: str, scheme: str
) -> None:
    for seed in range(3):
        problem = Case(seed, 2 + 5 * seed, 5 + 90 * seed, law, setting, idle, None).problem()
        found = mel.most(problem, max(1, mel.solve(problem, scheme=scheme).tau), scheme=scheme)
        assert_is_proved(found)
        assert found.status in ("optimal", "infeasible")


@holds_for_all(
    st.tuples(cases(learners=40, samples=3_000), st.integers(1, 12), st.sampled_from(SCHEMES)),
    ci=40,
    long=3_000,
)
def test_the_most_is_at_least_d_exactly_when_solve_reaches_tau(
    drawn: tuple[Case, int, str],
) -> None:
    problem, tau, scheme = drawn[0].problem(), drawn[1], drawn[2]
    plan = mel.solve(problem, scheme=scheme)
    found = mel.most(problem, tau, scheme=scheme)
    samples = problem.task.samples
    if found.status == "feasible" or plan.status == "undecided":
        assert (found.value or 0) < samples or plan.bound >= tau
        assert found.bound >= samples or plan.tau < tau
        return
    assert ((found.value or 0) >= samples) == (plan.tau >= tau)


@pytest.mark.parametrize("seed", range(40))
def test_with_minima_their_sum_is_the_other_end_of_what_fits(seed: int) -> None:
    law, setting, idle = VARIANTS[seed % len(VARIANTS)]
    case = Case(seed, 4, 40, law, setting, idle, None)
    problem = LimitedCase(case, ("min_samples", "max_samples"), None).problem()
    tau = max(1, mel.solve(problem).tau)
    found = mel.most(problem, tau)
    assert_is_proved(found)
    fewest = int(problem.learners.min_samples.sum())
    for samples in (fewest - 1, fewest, found.value or 0, (found.value or 0) + 1):
        if samples >= 1:
            plan = mel.solve(with_samples(problem, samples))
            assert (plan.tau >= tau) == (
                found.value is not None and fewest <= samples <= found.value
            )
    assert found.value is None or fewest <= found.value <= problem.learners.max_samples.sum()


def test_how_many_samples_the_task_has_is_of_no_consequence() -> None:
    problem = mel.scenarios.table1(learners=8, cycle_s=30.0, idle="excused", law="fixed")
    found = [mel.most(with_samples(problem, d), 3).value for d in (1, 1_000, 60_000, 10**9)]
    assert len(set(found)) == 1


def test_at_a_tau_that_leaves_room_for_none_the_most_is_zero_where_none_are_possible() -> None:
    for idle, law in (("served", "density"), ("excused", "fixed")):
        problem = mel.scenarios.table1(learners=3, cycle_s=30.0, idle=idle, law=law)
        found = mel.most(problem, 10**9)
        assert (found.status, found.value, found.bound, found.plan) == ("optimal", 0, 0, None)
        assert_is_proved(found)


def test_a_learner_that_the_model_does_not_reach_makes_every_number_infeasible() -> None:
    problem = mel.scenarios.table1(learners=3, cycle_s=30.0, idle="served")
    gain = problem.learners.gain.copy()
    gain[1] = 0.0
    unreached = problem.replace(learners=problem.learners.replace(gain=gain))
    found = mel.most(unreached, 1)
    assert (found.status, found.value, found.bound, found.plan) == ("infeasible", None, 0, None)
    assert "bare model" in found.reasons[0]
    assert_is_proved(found)
    short = problem.with_budgets(cycle_s=1e-3)
    assert mel.most(short, 1).status == "infeasible"
    assert mel.most(short.replace(idle="excused"), 1).value == 0


def test_minima_that_do_not_fit_are_infeasible_with_the_sum_that_fails() -> None:
    problem = mel.scenarios.table1(learners=3, cycle_s=30.0, idle="excused")
    limited = problem.replace(learners=problem.learners.replace(min_samples=40_000))
    found = mel.most(limited, 3)
    assert (found.status, found.value, found.bound) == ("infeasible", None, 119_999)
    assert "120,000 samples" in found.reasons[0]
    assert_is_proved(found)
    beyond = problem.replace(learners=problem.learners.replace(min_samples=2**53))
    assert mel.most(beyond, 1).status == "infeasible"


@pytest.mark.parametrize("seed", [1875, 211, 347])
def test_fewer_samples_than_the_minima_need_are_never_the_answer(seed: int) -> None:
    problem, tau, scheme = tiny(seed)
    for more in range(4):
        found = mel.most(problem, tau + more, scheme=scheme)
        assert not found.value or found.value >= fewest_stated(problem, scheme)
        assert_is_proved(found)


def test_what_a_tree_refutes_is_not_carried_over_to_fewer_samples() -> None:
    # Its splits may lie beyond what fewer samples leave a learner.
    case = Case(428, 49, 354, "fixed", "parallelized", "served", None)
    found = mel.most(case.problem(), 1)
    assert found.status == "infeasible"
    assert_is_proved(found)


def test_the_learners_own_limits_end_it_with_a_proof() -> None:
    problem = mel.scenarios.table1(learners=5, cycle_s=30.0)
    limited = problem.replace(learners=problem.learners.replace(max_samples=[1, 2, 3, 4, 0]))
    found = mel.most(limited, 2)
    assert (found.status, found.value) == ("optimal", 10)
    assert_is_proved(found)
    nothing = problem.replace(learners=problem.learners.replace(max_samples=0))
    assert mel.most(nothing, 2).value == 0


def test_more_than_can_be_counted_is_the_largest_number_with_its_reason() -> None:
    task = mel.LearningTask(100, 10, 8, 0, 0, 8, 1e-3, setting="federated")
    learners = mel.Learners(1e12, 1e-9, 1e6, 0.1, count=20)
    radio = mel.Radio(1e6, 1.0, noise_power_w=1e-12)
    problem = mel.Problem(task, learners, radio, 8.0, "excused")
    found = mel.most(problem, 1)
    assert (found.value, found.bound, found.proof) == (LARGEST, LARGEST, None)
    assert found.plan is not None
    assert found.plan.tau >= 1
    assert "2**53" in found.reasons[0]


def test_federated_learning_is_limited_by_computing_alone() -> None:
    task = mel.LearningTask(100, 10, 8, 0, 0, 8, 1e6, setting="federated")
    learners = mel.Learners([1e9, 2e9], 1e-9, 1e6, 0.1)
    radio = mel.Radio(1e6, 1.0, noise_power_w=1e-12)
    problem = mel.Problem(task, learners, radio, 1.0)
    assert mel.most(problem, 3).value == 1000 // 3 + 2000 // 3
    assert_is_proved(mel.most(problem, 3))


@pytest.mark.parametrize("limit_s", [0.0, 1e-4, 3e-3, 0.02])
def test_a_limit_leaves_a_valid_enclosure(limit_s: float) -> None:
    problem = mel.scenarios.table1(learners=2_000, cycle_s=30.0, idle="excused", law="fixed")
    found = mel.most(problem, 400, time_limit_s=limit_s)
    true = mel.most(problem, 400).value
    assert true is not None
    assert (found.value or 0) <= true <= found.bound
    assert found.status in ("feasible", "undecided", "optimal")
    assert found.status == "optimal" or found.stopped


def test_a_callback_sees_the_ends_close_in_and_stops_the_search() -> None:
    problem = mel.scenarios.table1(learners=200, cycle_s=30.0, idle="excused", law="fixed")
    told: list[tuple[int, int]] = []
    found = mel.most(problem, 3, callback=lambda low, high, *_: told.append((low, high)))
    assert all(low <= found.value <= high for low, high in told)
    assert mel.most(problem, 3, callback=lambda *_: True).stopped


def test_ctrl_c_keeps_what_is_known() -> None:
    problem = mel.scenarios.table1(learners=200, cycle_s=30.0, idle="excused", law="fixed")
    calls = 0

    def interrupt(*_: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt

    with pytest.raises(mel.Interrupted) as stop:
        mel.most(problem, 3, callback=interrupt)
    found = stop.value.found
    assert isinstance(found, mel.Most)
    assert found.stopped
    assert (found.value or 0) <= mel.most(problem, 3).value <= found.bound


def test_a_start_changes_where_the_search_begins_and_not_what_it_finds() -> None:
    problem = mel.scenarios.table1(learners=50, cycle_s=30.0, idle="excused")
    plan = mel.solve(problem)
    assert mel.most(problem, 9, start=plan).value == mel.most(problem, 9).value


def test_the_answer_is_a_table_of_one_row_and_a_text() -> None:
    found = mel.most(mel.scenarios.table1(learners=5, cycle_s=30.0), 2)
    assert {len(column) for column in found.columns().values()} == {1}
    assert f"{found.value:,} samples" in str(found)
    assert repr(found).startswith("Most(samples, tau=2")
    assert len(repr(found)) < 120


def test_wrong_arguments_are_named() -> None:
    problem = mel.scenarios.table1(learners=3, cycle_s=30.0)
    with pytest.raises(ValueError, match="tau = 0"):
        mel.most(problem, 0)
    with pytest.raises(ValueError, match="of = 'weights'"):
        mel.most(problem, 1, of="weights")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="problem is a int"):
        mel.most(3, 1)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        mel.most(problem, samples=3)
    with pytest.raises(ValueError, match="time_limit_s"):
        mel.most(problem, 1, time_limit_s=-1.0)


@pytest.mark.parametrize("seed", range(12))
def test_budgets_that_just_suffice_are_decided_by_balls(seed: int) -> None:
    pytest.importorskip("flint")
    law, setting, idle = VARIANTS[seed % len(VARIANTS)]
    problem = Case(seed, 3, 6, law, setting, idle, None).problem()
    for margin in (0.0, 1e-14):
        pair = reference.borderline_pair(problem, 2, margin=margin)
        if pair is None:
            continue
        for edge in (pair.feasible, pair.infeasible):
            found = mel.most(edge, 2)
            assert_is_proved(found)
            assert found.value is None or found.value <= found.bound
            assert found.bound - (found.value or 0) <= 1
            plan = mel.solve(edge)
            if found.status == "optimal" and plan.status == "optimal":
                assert ((found.value or 0) >= 6) == (plan.tau >= 2)


def test_the_command_writes_two_files_that_check(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    plan, proof = tmp_path / "plan.json", tmp_path / "proof.json"
    assert run(["most", "--tau", "9", "--output", str(plan), "--proof", str(proof)]) == 0
    found = mel.most(mel.scenarios.table1(), 9)
    assert capsys.readouterr().out.strip() == found.summary()
    assert mel.verify(None, mel.Plan.load(plan))
    assert mel.Plan.load(proof) == found.proof
    assert mel.verify(None, mel.Plan.load(proof))
    assert run(["most", "--tau", "0"]) == 2
    assert run(["most"]) == 2
    assert run(["most", "--tau", "1", "--cycle-s", "0.001"]) == 3


@pytest.mark.parametrize("seed", range(24))
def test_payloads_of_each_learners_own_are_counted_as_solve_counts_them(seed: int) -> None:
    rng = np.random.default_rng([seed, 19])
    law, setting, idle = VARIANTS[seed % len(VARIANTS)]
    problem = Case(seed, 5, 300, law, setting, idle, None).problem()
    whole = problem.payload
    payload = mel.Payload(
        send_bits=np.asarray(whole.send_bits) * rng.uniform(0.2, 2.0, 5),
        return_bits=np.asarray(whole.return_bits) * rng.uniform(0.2, 2.0, 5),
        flops_per_sample=np.asarray(whole.flops_per_sample) * rng.uniform(0.5, 2.0, 5),
    )
    problem = problem.replace(payload=payload)
    tau = max(1, mel.solve(problem).tau)
    found = mel.most(problem, tau)
    assert found.proof is not None
    assert mel.verify(found.proof.problem, found.proof)
    if found.value:
        assert found.plan is not None
        assert mel.verify(found.plan.problem, found.plan)
        assert found.plan.tau >= tau
        assert mel.solve(with_samples(problem, found.value)).tau >= tau
        assert mel.solve(with_samples(problem, found.value + 1)).tau < tau


@pytest.mark.parametrize(("law", "setting", "idle"), VARIANTS)
def test_many_learners_are_counted_by_either_road_alike(
    law: Any, setting: Any, idle: Any, monkeypatch: Any
) -> None:
    """Passes over all learners at once, and brackets of a budget, count the same samples."""
    words = {"law": law, "setting": setting, "idle": idle, "budgets": "per_learner"}
    problem = mel.scenarios.table1(300, seed=7, **words)
    tau = max(mel.solve(problem).tau - 1, 1)
    slow = mel.most(problem, tau)
    monkeypatch.setattr("mel_fast.bracket.selected.MANY_CHOSEN", 10)
    quick = mel.most(problem, tau)
    assert (quick.status, quick.value, quick.bound) == (slow.status, slow.value, slow.bound)
    for claim, same in ((quick.plan, slow.plan), (quick.proof, slow.proof)):
        assert (claim is None) == (same is None)
        assert claim is None or mel.verify(claim.problem, claim)
