"""Rounds: planned, told of, closed; late, lost and lying learners; margins that keep a word."""

import math
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mel_fast as mel
from mel_fast.orchestrate import Fleet, Orchestrator, Round
from mel_fast.orchestrate.margins.ledger import Ledger

TABLE = mel.scenarios.table1(learners=20, cycle_s=30.0, seed=0)


def loop_for(problem: mel.Problem = TABLE, **words: Any) -> Orchestrator:
    fleet = Fleet(problem.learners)
    words = {"idle": problem.idle, **words}
    return Orchestrator(fleet, problem.task, problem.radio, problem.cycle_s, **words)


def as_expected(loop: Orchestrator, round: Round, without: tuple[str, ...] = ()) -> None:
    for name, job in round.assignments.items():
        if name not in without:
            times = {"send_s": job.send_s, "compute_s": job.compute_s, "return_s": job.return_s}
            assert loop.observe(name, **times) is None


def drifted(loop: Orchestrator, round: Round, spread_db: float, rng: Any) -> bool:
    """Report a round in which gains moved; say whether all were in time."""
    dealt = round.assignments
    truth = TABLE.learners.gain[[int(name) for name in dealt.names]]
    gains = truth * 10.0 ** (0.1 * spread_db * rng.standard_normal(truth.size))
    speeds = TABLE.learners.flops_per_s[[int(name) for name in dealt.names]]
    for name, *times in zip(dealt.names, *dealt.cycle.times(gains, speeds), strict=True):
        loop.observe(name, send_s=times[0], compute_s=times[1], return_s=times[2])
    return not loop.close_round().missing


@pytest.mark.parametrize("idle", ["served", "excused"])
def test_without_margins_a_round_is_the_proved_plan(idle: Any) -> None:
    problem = TABLE.replace(idle=idle)
    round = loop_for(problem).plan_round()
    plan = mel.solve(problem)
    assert (round.number, round.tau, round.status) == (1, plan.tau, mel.Status.OPTIMAL)
    assert round.plan is not None
    assert mel.verify(round.plan.problem, round.plan)
    np.testing.assert_array_equal(round.plan.samples, plan.samples)
    assert set(round.assignments) | set(round.sitting_out) == {str(k) for k in range(20)}
    for name, job in round.assignments.items():
        times = job.send_s, job.compute_s, job.return_s
        k = int(name)
        planned = [getattr(plan, key)[k] for key in ("send_s", "compute_s", "return_s")]
        np.testing.assert_allclose(times, planned, rtol=1e-9)
        assert (job.tau, job.deadline_s, job.in_time) == (plan.tau, 30.0, None)


def test_a_round_as_expected_loses_nothing_and_the_next_begins_at_its_prices() -> None:
    loop = loop_for()
    first = loop.plan_round()
    as_expected(loop, first)
    closed = loop.close_round()
    assert (closed.lost, closed.samples, closed.missing) == (0, 60_000, {})
    second = loop.plan_round()
    assert second.number == 2
    assert second.tau == first.tau
    assert first.plan is not None
    assert second.plan is not None
    assert second.plan.passes <= first.plan.passes + 1  # a guess is nearly as good


def test_what_the_fleet_cannot_hold_is_planned_with_most_and_said() -> None:
    short = TABLE.replace(cycle_s=4.0)
    round = loop_for(short).plan_round()
    most = mel.most(short.replace(idle="excused"), 1).value
    assert most is not None
    assert (round.tau, round.left_out) == (1, 60_000 - most)
    assert f"holds {most:,} of 60,000 samples" in round.reasons[0]
    capped = TABLE.replace(learners=TABLE.learners.replace(max_samples=1000))
    assert loop_for(capped).plan_round().left_out == 40_000


def test_who_cannot_be_served_sits_out_and_the_others_go_on() -> None:
    gain = TABLE.learners.gain.copy()
    gain[3], gain[5] = 0.0, 1e-30
    weak = TABLE.replace(learners=TABLE.learners.replace(gain=gain))
    round = loop_for(weak).plan_round()
    assert round.tau > 0
    assert round.sitting_out["3"] == "its channel is in outage"
    assert "5" in round.sitting_out
    assert "not everybody can be served" in round.reasons[0]


def test_nobody_at_all_is_a_round_of_nothing_with_a_reason() -> None:
    empty = Orchestrator(Fleet(), TABLE.task, TABLE.radio, 30.0).plan_round()
    assert (empty.tau, empty.plan, empty.reasons) == (0, None, ("the fleet is empty",))
    hopeless = loop_for(TABLE.replace(cycle_s=1e-6)).plan_round()
    assert (hopeless.tau, len(hopeless.assignments), len(hopeless.sitting_out)) == (0, 0, 20)
    loop = loop_for(TABLE.replace(cycle_s=1e-6))
    loop.plan_round()
    assert loop.close_round().lost == 60_000


@pytest.mark.parametrize(
    "report",
    [
        {"send_s": -1.0}, {"compute_s": math.inf}, {"return_s": math.nan}, {"send_s": "soon"},
        {"sent_bits": -5}, {"returned_bytes": 10**400}, {"compute_s": 1e-9}, {"compute_s": 1e9},
    ],
)  # fmt: skip
def test_nonsense_puts_a_client_in_quarantine_and_the_loop_goes_on(report: Any) -> None:
    loop = loop_for()
    as_expected(loop, loop.plan_round(), without=("7",))
    loop.observe("7", **report)
    loop.close_round()
    second = loop.plan_round()
    assert "in quarantine up to round 2" in second.sitting_out["7"]
    assert second.tau > 0
    as_expected(loop, second)
    loop.close_round()
    assert "7" in loop.plan_round().assignments


def test_silence_three_times_is_a_quarantine_that_grows() -> None:
    loop = loop_for()
    present = []
    for _ in range(14):
        round = loop.plan_round()
        present.append("4" in round.assignments)
        as_expected(loop, round, without=("4",))
        loop.close_round()
    assert present == [True] * 3 + [False] + [True] * 3 + [False] * 2 + [True] * 3 + [False] * 2


def test_unknown_names_are_refused_and_who_left_is_not_missed() -> None:
    loop = loop_for()
    with pytest.raises(ValueError, match="no round is under way"):
        loop.observe("1", send_s=1.0)
    round = loop.plan_round()
    with pytest.raises(ValueError, match="no learner 'nobody'"):
        loop.observe("nobody", send_s=1.0)
    loop.fleet.leave("2")
    loop.fleet.join(TABLE.learners.take([2]).replace(names=["2"]))
    assert loop.observe("2", arrived=False) is None
    as_expected(loop, round, without=("2",))
    assert loop.close_round().missing == {"2": "did not arrive"}
    assert loop.plan_round().sitting_out == {}


def test_lost_samples_go_to_those_who_delivered() -> None:
    loop = loop_for(late="reassign")
    round = loop.plan_round()
    late = ("0", "5", "10")
    as_expected(loop, round, without=late)
    for name in late:
        loop.observe(name, send_s=20.0, compute_s=20.0, return_s=1.0)
    closed = loop.close_round()
    assert closed.missing["5"] == "took 41 s of 30 s"
    extra = closed.extra
    assert extra is not None
    assert (extra, extra.number, extra.tau) == (loop.round, 1, round.tau)
    assert sum(job.samples for job in extra.assignments.values()) == closed.lost
    assert not set(late) & set(extra.assignments)
    as_expected(loop, extra)
    assert loop.close_round().lost == 0
    assert loop.plan_round().number == 2


def test_a_round_can_be_planned_anew_before_it_begins() -> None:
    loop = loop_for()
    first = loop.plan_round()
    again = loop.replan(without=["0", "1"])
    assert again.number == first.number == 1
    assert again.sitting_out.keys() == {"0", "1"}
    direct = mel.solve(TABLE.replace(learners=TABLE.learners.take(range(2, 20))))
    assert again.tau == direct.tau


def test_measured_bits_are_what_the_next_round_plans_with() -> None:
    loop = loop_for()
    round = loop.plan_round()
    for name, job in round.assignments.items():
        bits = {"sent_bits": 1e6 + job.samples * TABLE.task.sample_bits, "returned_bytes": 5e4}
        loop.observe(name, **bits)  # type: ignore[arg-type]
    loop.close_round()
    plan = loop.plan_round().plan
    assert plan is not None
    np.testing.assert_allclose(plan.problem.payload.send_bits, 1e6, rtol=1e-6)
    np.testing.assert_allclose(plan.problem.payload.return_bits, 4e5)


def test_slow_clients_are_given_less_once_they_are_known() -> None:
    loop = loop_for()
    before = loop.plan_round().assignments["6"].samples
    for _ in range(6):
        round = loop.round
        assert round is not None
        for name, job in round.assignments.items():
            slow = 3.0 if name == "6" else 1.0
            loop.observe(
                name, send_s=job.send_s, return_s=job.return_s, arrived=True,
                compute_s=slow * TABLE.task.flops_per_sample * job.samples * job.tau
                / TABLE.learners.flops_per_s[int(name)],
            )  # fmt: skip
        loop.plan_round()
    assert loop.round is not None
    assert loop.round.assignments["6"].samples < 0.6 * before


def test_a_client_that_is_too_slow_to_answer_is_given_what_it_can_do_in_the_end() -> None:
    loop, came = loop_for(late="leave_out"), []
    for _ in range(40):
        round = loop.plan_round()
        as_expected(loop, round, without=("6",))
        if "6" in round.assignments:
            job = round.assignments["6"]
            truth = 2.0 * TABLE.task.flops_per_sample * job.samples * job.tau
            seconds = truth / TABLE.learners.flops_per_s[6]
            came.append(job.send_s + seconds + job.return_s <= 30.0)
            if came[-1]:
                loop.observe("6", send_s=job.send_s, compute_s=seconds, return_s=job.return_s)
        loop.close_round()
    assert not any(came[:3])
    assert np.mean(came[-8:]) > 0.5


@pytest.mark.parametrize("spread_db", [1.0, 3.0])
def test_with_confidence_all_are_in_time_so_often_and_equal_margins_do_less(
    spread_db: float,
) -> None:
    loop = loop_for(confidence=0.95, gain_drift_db=spread_db, speed_drift=0.0, every_round=True)
    round = loop.plan_round()
    assert round.kept is not None
    assert round.kept >= 0.95
    dealt = round.assignments
    rng = np.random.default_rng(0)
    draws = 10.0 ** (0.1 * spread_db * rng.standard_normal((4000, 20)))
    late = [
        any(sum(dealt.cycle.times(TABLE.learners.gain * f, TABLE.learners.flops_per_s)) > 30.0)
        for f in draws
    ]
    assert abs(1.0 - np.mean(late) - round.kept) < 4.0 * math.sqrt(0.05 / 4000)
    margin = 10.0 ** (-0.28 * spread_db)  # 2.8 standard deviations for each
    lower = TABLE.replace(learners=TABLE.learners.replace(gain=TABLE.learners.gain * margin))
    assert round.tau >= mel.solve(lower).tau


def test_most_work_beats_every_common_margin() -> None:
    loop = loop_for(objective="work", gain_drift_db=2.0, speed_drift=0.0)
    round = loop.plan_round()
    assert round.work is not None
    rng = np.random.default_rng(1)
    factors = 10.0 ** (0.2 * rng.standard_normal((400, 20)))
    for margin_db in (0.0, 1.0, 2.0, 3.0, 6.0):
        lower = TABLE.learners.gain * 10.0 ** (-0.1 * margin_db)
        plan = mel.solve(TABLE.replace(learners=TABLE.learners.replace(gain=lower)))
        arrived = []
        for factor in factors:
            learners = TABLE.learners.replace(gain=TABLE.learners.gain * factor)
            now = TABLE.replace(learners=learners)
            given = plan.allocation
            times = mel.evaluate(now, plan.tau, given.samples, given.bandwidth_hz, given.power_w)
            arrived.append(given.samples[times.total_s <= 30.0].sum())
        assert round.work > plan.tau * np.mean(arrived)


@settings(max_examples=60, deadline=None)
@given(
    confidence=st.floats(0.5, 0.999),
    luck=st.lists(st.floats(0.0, 1.0), min_size=4, max_size=40),
)
def test_what_is_lent_is_paid_back_from_the_fourth_round_on(
    confidence: float, luck: list[float]
) -> None:
    ledger, kept = Ledger(confidence), list[float]()
    for n, share in enumerate(luck, 1):
        kept.append(ledger.least + share * (1.0 - ledger.least))
        ledger.add(kept[-1])
        assert np.mean(kept) >= confidence + (1.0 - confidence) * (0.2 - 0.8 / n) - 1e-9
    assert np.mean(kept) >= confidence - 1e-9
    assert Ledger(confidence, every_round=True).least == confidence


def test_a_loop_learns_how_much_channels_move_and_keeps_its_word() -> None:
    rng, kept, told = np.random.default_rng(5), list[bool](), list[float]()
    loop = loop_for(confidence=0.9)
    for number in range(45):
        round = loop.plan_round()
        assert round.kept is not None
        ok = drifted(loop, round, 2.0, rng)
        if number >= 15:
            kept.append(ok)
            told.append(round.kept)
    assert np.mean(kept) >= 0.9 - 2.0 * math.sqrt(0.09 / len(kept))
    assert np.mean(told) >= 0.9


def test_planning_takes_no_per_cent_of_a_round_with_a_thousand_clients() -> None:
    problem = mel.scenarios.table1(
        learners=1000, cycle_s=30.0, seed=0, idle="excused", samples=600_000
    )
    loop = loop_for(problem, confidence=0.95)
    seconds = []
    for _ in range(4):
        begun = time.process_time()  # other programs do not count
        round = loop.plan_round()
        seconds.append(time.process_time() - begun)
        as_expected(loop, round)
    assert min(seconds) < 0.01 * problem.cycle_s


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"confidence": 1.0}, "confidence = 1.0"),
        ({"confidence": math.nan}, "confidence = nan"),
        ({"objective": "work", "confidence": 0.9}, "goes with objective='tau'"),
        ({"late": "ignore"}, "late = 'ignore'"),
        ({"gain_drift_db": -1.0}, "gain_drift_db = -1.0"),
        ({"payload": mel.Payload(send_bits=[1.0, 2.0])}, "payload has columns"),
        ({"idle": "busy"}, "idle = 'busy'"),
    ],
)
def test_wrong_arguments_are_named(words: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        loop_for(**words)
    with pytest.raises(TypeError, match="fleet is a Learners: must be a Fleet"):
        Orchestrator(TABLE.learners, TABLE.task, TABLE.radio, 30.0)  # type: ignore[arg-type]


def test_where_the_confidence_cannot_be_had_the_surest_plan_is_and_the_round_says_so() -> None:
    round = loop_for(confidence=0.999, gain_drift_db=60.0).plan_round()
    assert round.kept is not None
    assert round.kept < 0.999
    assert "confidence = 0.999 cannot be had" in round.reasons[-1]
    assert round.tau > 0
