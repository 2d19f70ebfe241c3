"""Least time to accuracy: the same as solving every candidate, with fewer solved, and proved."""

import math
from pathlib import Path

import numpy as np
import pytest

import mel_fast as mel

PROBLEM = mel.scenarios.table1(learners=8, cycle_s=30.0, seed=3)


def by_hand(problem: mel.Problem, rounds: dict[int, float]) -> tuple[float, int]:
    """Ask for the least cycle of every candidate."""
    times = {tau: n * mel.least(problem, tau, "cycle_s").amount for tau, n in rounds.items()}
    tau = min(times, key=lambda tau: (times[tau], tau))
    return times[tau], tau


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(20))
def test_every_candidate_solved_on_its_own_gives_the_same_best(seed: int) -> None:
    rng = np.random.default_rng([seed, 18])
    idle, law = str(rng.choice(["served", "excused"])), str(rng.choice(["density", "fixed"]))
    problem = mel.scenarios.table1(learners=5, cycle_s=30.0, seed=seed, idle=idle, law=law)
    taus = sorted(rng.choice(np.arange(1, 60), 12, replace=False).tolist())
    rounds = {tau: float(rng.uniform(5, 40) + 300 / tau) for tau in taus}
    best, tau = by_hand(problem, rounds)
    found = mel.campaign(problem, rounds)
    assert found.status == "optimal"
    assert (found.tau, found.total_s) == (tau, pytest.approx(best, rel=1e-9))
    assert found.bound_s <= best
    assert found.total_s == found.rounds * found.cycle_s
    assert found.plan is not None
    assert found.plan.problem.cycle_s == found.cycle_s
    assert found.plan.tau >= tau
    assert [row.tau for row in found.table] == taus
    for row in found.table:
        if row.status == "ruled out":
            assert row.bound_s >= found.total_s * (1 - 1e-12)
            assert rounds[row.tau] * mel.least(problem, row.tau, "cycle_s").amount > row.bound_s


def test_a_function_is_searched_as_far_as_its_values_can_matter() -> None:
    def rounds(tau: int) -> float:
        return 20 + 200 / tau

    found = mel.campaign(PROBLEM, rounds)
    every = mel.campaign(PROBLEM, {tau: rounds(tau) for tau in range(1, 100)}, prune=False)
    assert (found.status, found.tau, found.total_s) == ("optimal", every.tau, every.total_s)
    assert len(every.table) == 99
    assert all(row.status == "optimal" for row in every.table)
    assert len(found.table) < 40


def test_what_rules_out_larger_tau_is_a_proved_cycle_and_at_least_one_round() -> None:
    found = mel.campaign(PROBLEM, lambda tau: 20 + 200 / tau, max_tau=8)
    assert found.status == "feasible"
    assert found.bound_s < found.total_s
    assert "max_tau = 8" in found.reasons[0]
    assert mel.campaign(PROBLEM, lambda tau: 1.0, max_tau=8).status == "optimal"


def test_levels_of_payload_are_compared_with_their_own_rounds() -> None:
    levels = {
        "all": mel.Payload(),
        "quarter": mel.Payload(send_bits=2.2e6, return_bits=2.2e6),
        "sparse": (mel.Payload(send_bits=9e6, return_bits=2e5), {4: 60.0, 9: 31.0}),
    }
    rounds = {tau: 10 + 200 / tau for tau in range(1, 30)}
    found = mel.campaign(PROBLEM, rounds, levels)
    assert found.status == "optimal"
    best = {
        "all": by_hand(PROBLEM, rounds),
        "quarter": by_hand(PROBLEM.replace(payload=levels["quarter"]), rounds),
        "sparse": by_hand(PROBLEM.replace(payload=levels["sparse"][0]), levels["sparse"][1]),
    }
    name = min(best, key=lambda name: best[name])
    assert (found.level, found.tau) == (name, best[name][1])
    assert found.total_s == pytest.approx(best[name][0], rel=1e-9)
    assert {row.level for row in found.table} == set(levels)
    assert "level" in found.columns()
    own = mel.campaign(PROBLEM, None, {"sparse": levels["sparse"]})
    assert own.total_s == pytest.approx(best["sparse"][0], rel=1e-9)
    other = mel.campaign(PROBLEM, rounds, {"itself": PROBLEM})
    assert other.total_s == mel.campaign(PROBLEM, rounds).total_s


def test_a_target_that_is_never_reached_is_no_candidate() -> None:
    found = mel.campaign(PROBLEM, {1: math.inf, 2: 90.0, 3: math.inf})
    assert (found.status, found.tau) == ("optimal", 2)
    never = mel.campaign(PROBLEM, {1: math.inf, 2: math.inf})
    assert never.least is None
    assert never.status == "infeasible"


def test_rounds_that_are_finite_only_beyond_what_was_considered_leave_it_open() -> None:
    """Fifty local cycles reach the target, but no more than five were asked about."""

    def rounds(tau: int) -> float:
        return 10.0 if tau >= 50 else math.inf

    found = mel.campaign(PROBLEM, rounds, max_tau=5)
    best = mel.campaign(PROBLEM, rounds, max_tau=5000)
    assert (best.status, best.tau) == ("optimal", 50)
    assert (found.status, found.plan) == ("undecided", None)
    assert 0.0 < found.bound_s <= best.total_s
    assert "max_tau = 5" in found.reasons[0]
    assert {row.bound_s for row in found.table} == {math.inf}
    never = mel.campaign(PROBLEM, {1: math.inf, 2: math.inf})
    assert (never.status, never.bound_s) == ("infeasible", math.inf)
    assert "reaches the target" in never.reasons[0]


def test_no_cycle_is_long_enough_for_samples_beyond_the_limits() -> None:
    limited = PROBLEM.replace(learners=PROBLEM.learners.replace(max_samples=10))
    found = mel.campaign(limited, lambda tau: 20 + 200 / tau, max_tau=50)
    assert (found.status, found.tau, found.plan) == ("infeasible", 0, None)
    assert "infeasible" in str(found)


@pytest.mark.parametrize("limit_s", [0.0, 1e-3, 0.02])
def test_a_limit_leaves_a_valid_bound(limit_s: float) -> None:
    problem = mel.scenarios.table1(learners=300, cycle_s=30.0, idle="excused", law="fixed")
    rounds = {tau: 10 + 2000 / tau for tau in (10, 20, 40, 80, 160)}
    true = mel.campaign(problem, rounds).total_s
    found = mel.campaign(problem, rounds, time_limit_s=limit_s)
    assert found.bound_s <= true <= found.total_s * (1 + 1e-9)
    assert found.status == "optimal" or found.stopped


def test_a_callback_stops_it_and_ctrl_c_keeps_what_is_known() -> None:
    told: list[tuple[float, float]] = []
    true = mel.campaign(PROBLEM, lambda tau: 20 + 200 / tau).total_s
    mel.campaign(
        PROBLEM, lambda tau: 20 + 200 / tau, callback=lambda low, high, *_: told.append((low, high))
    )
    assert all(low <= true * (1 + 1e-9) and true <= high * (1 + 1e-9) for low, high in told)
    assert mel.campaign(PROBLEM, lambda tau: 20 + 200 / tau, callback=lambda *_: True).stopped

    def interrupt(low: float, high: float, *_: object) -> None:
        if high < math.inf:
            raise KeyboardInterrupt

    with pytest.raises(mel.Interrupted) as stop:
        mel.campaign(PROBLEM, lambda tau: 20 + 200 / tau, callback=interrupt)
    assert stop.value.found.total_s >= true
    assert stop.value.plan is stop.value.found.plan


def test_the_answer_is_a_table_a_text_and_a_picture(tmp_path: Path) -> None:
    found = mel.campaign(PROBLEM, {1: 200.0, 5: 60.0, 9: 45.0})
    assert {len(column) for column in found.columns().values()} == {3}
    assert "level" not in found.columns()
    assert repr(found).startswith("Campaign(tau=")
    assert f"tau = {found.tau}" in str(found)
    pytest.importorskip("matplotlib")
    found.plot(tmp_path / "time.svg")
    assert (tmp_path / "time.svg").read_text().startswith("<?xml")


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match=r"rounds\[3\] = 0.5"):
        mel.campaign(PROBLEM, {3: 0.5})
    with pytest.raises(ValueError, match=r"rounds\(1\) = nan"):
        mel.campaign(PROBLEM, lambda tau: math.nan)
    with pytest.raises(ValueError, match="rounds: tau = 0"):
        mel.campaign(PROBLEM, {0: 5.0})
    with pytest.raises(ValueError, match="rounds is empty"):
        mel.campaign(PROBLEM, {})
    with pytest.raises(TypeError, match="rounds is a int"):
        mel.campaign(PROBLEM, 3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="rounds is a NoneType"):
        mel.campaign(PROBLEM, None)
    with pytest.raises(TypeError, match=r"levels\['a'\] has no rounds"):
        mel.campaign(PROBLEM, None, {"a": mel.Payload()})
    with pytest.raises(TypeError, match=r"levels\['a'\] is a int"):
        mel.campaign(PROBLEM, {1: 5.0}, {"a": 3})
    with pytest.raises(ValueError, match="levels is empty"):
        mel.campaign(PROBLEM, {1: 5.0}, {})
    with pytest.raises(ValueError, match="max_tau = 0"):
        mel.campaign(PROBLEM, {1: 5.0}, max_tau=0)
    with pytest.raises(ZeroDivisionError):  # what the function raises comes out as it is
        mel.campaign(PROBLEM, lambda tau: 1 / (tau - tau))
