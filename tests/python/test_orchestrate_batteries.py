"""Batteries from round to round: spent, harvested, empty; on disk, in the log, in simulation."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.orchestrate import Batteries, Fair, Fleet, Greedy, Orchestrator, read_log
from test_energy import cell

TABLE = mel.scenarios.table1(learners=6, cycle_s=30.0, seed=0, samples=15_000)
FIXED = TABLE.learners.replace(energy_j=np.inf, energy_per_flop_j=1e-9)


def fixed(batteries: Batteries, learners: mel.Learners = FIXED, **words: Any) -> Orchestrator:
    words = {"idle": "excused", **words}
    return Orchestrator(
        Fleet(learners), TABLE.task, TABLE.radio, 30.0, batteries=batteries, **words
    )


def chosen(batteries: Batteries | None, **words: Any) -> Orchestrator:
    problem = cell(6, energy_j=None)
    given = {"idle": "excused", "batteries": batteries, **words}
    return Orchestrator(
        Fleet(problem.learners), problem.task, problem.radio, problem.cycle_s, **given
    )


def play(loop: Orchestrator, rounds: int = 1, slower: float = 1.0) -> list[mel.orchestrate.Round]:
    found = []
    for _ in range(rounds):
        found.append(loop.plan_round())
        for name, job in found[-1].assignments.items():
            back = slower * job.return_s
            loop.observe(name, send_s=job.send_s, compute_s=job.compute_s, return_s=back)
        loop.close_round()
    return found


@pytest.mark.parametrize("build", [fixed, chosen])
def test_what_a_round_takes_is_what_its_plan_says_and_is_gone(build: Any) -> None:
    loop = build(Batteries(500.0))
    (round,) = play(loop)
    assert round.plan is not None
    spent = dict(zip(round.planned, round.plan.energy_j.tolist(), strict=True))
    for name, left in loop.charge_j.items():
        assert 500.0 - left == pytest.approx(spent[name], rel=1e-9, abs=1e-12)
        job = round.assignments.get(name)
        assert (0.0 if job is None else job.energy_j) == pytest.approx(spent[name], rel=1e-9)


def test_a_slow_return_takes_more_and_a_measured_charge_is_believed() -> None:
    loop = fixed(Batteries(500.0))
    round = loop.plan_round()
    for name, job in round.assignments.items():
        told = {"charge_j": 123.0} if name == "1" else {}
        loop.observe(name, return_s=3.0 * job.return_s, **told)
    loop.close_round()
    assert loop.charge_j["1"] == 123.0
    job = round.assignments["0"]
    sending = TABLE.learners.return_power_w[0] * job.return_s
    assert 500.0 - loop.charge_j["0"] == pytest.approx(job.energy_j + 2.0 * sending)


def test_of_whom_nothing_is_heard_it_counts_as_spent() -> None:
    loop = fixed(Batteries(500.0))
    round = loop.plan_round()
    loop.close_round()
    for name, job in round.assignments.items():
        assert job.energy_j is not None
        assert loop.charge_j[name] == pytest.approx(500.0 - job.energy_j)


def test_harvest_fills_up_to_the_capacity_and_those_without_a_battery_stay_so() -> None:
    loop = fixed(Batteries({"0": 10.0, "1": 1e4}, {"0": 11.0, "1": 1e4}, {"0": 5.0, "1": 0.01}))
    play(loop)
    assert loop.charge_j["0"] == 11.0
    assert 1e4 - 1e3 < loop.charge_j["1"] < 1e4
    assert math.isinf(loop.charge_j["2"])


def test_who_is_empty_sits_out_with_the_reason_and_comes_back_when_charged() -> None:
    loop = fixed(Batteries({"2": 0.0}))
    round = loop.plan_round()
    assert "its battery is empty: 0 J left" in round.sitting_out["2"]
    assert round.tau > 0
    loop.close_round()
    with pytest.raises(ValueError, match="no learner 'nobody'"):
        loop.recharge("nobody", 1.0)
    with pytest.raises(ValueError, match="charge_j = -1"):
        loop.recharge("2", -1.0)
    loop.recharge("2", 400.0)
    assert loop.charge_j["2"] == 0.0  # more than it holds
    loop = fixed(Batteries({"2": 0.0}, 500.0))
    loop.recharge("2", 400.0)
    assert "2" in loop.plan_round().assignments
    without = Orchestrator(Fleet(TABLE.learners), TABLE.task, TABLE.radio, 30.0)
    with pytest.raises(ValueError, match="no batteries"):
        without.recharge("2", 1.0)
    assert set(without.charge_j.values()) == {math.inf}


def test_all_empty_is_a_round_of_nobody() -> None:
    loop = chosen(Batteries(0.0))
    round = loop.plan_round()
    assert (round.tau, len(round.sitting_out)) == (0, 6)
    loop.close_round()


def test_fairly_is_as_many_cycles_and_spares_the_emptiest() -> None:
    charge = {str(k): 2.0 + 4.0 * k for k in range(6)}
    shares = []
    for spending in (Greedy(), Fair()):
        loop = chosen(Batteries(charge, spending=spending))
        (round,) = play(loop)
        spent = [1.0 - loop.charge_j[name] / charge[name] for name in charge]
        assert round.plan is not None
        assert mel.verify(round.plan.problem, round.plan)
        shares.append((round.tau, max(spent)))
    assert shares[0][0] == shares[1][0]
    assert shares[1][1] < 0.95 * shares[0][1]


def test_a_horizon_is_lasted_and_spending_less_never_gives_more_cycles() -> None:
    charge = 0.04
    fair, greedy = (chosen(Batteries(charge, spending=s)) for s in (Fair(6), Greedy()))
    fairly, greedily = play(fair, 6), play(greedy, 6)
    assert all(len(round.assignments) == 6 for round in fairly)
    assert fairly[0].tau <= greedily[0].tau
    assert greedily[-1].tau < fairly[-1].tau
    assert sum(one.tau for one in greedily) < sum(one.tau for one in fairly)


def test_margins_are_kept_while_batteries_are_spared() -> None:
    loop = chosen(Batteries(5.0, spending=Fair()), confidence=0.9, gain_drift_db=1.0)
    rounds = play(loop, 2)
    plain = play(chosen(Batteries(5.0), confidence=0.9, gain_drift_db=1.0), 2)
    assert [round.tau for round in rounds] == [round.tau for round in plain]
    assert all(round.kept > 0.5 for round in rounds)


def test_speeds_are_asked_for_and_what_is_measured_is_the_full_one() -> None:
    loop = chosen(Batteries(0.05, spending=Fair(8)))
    (round,) = play(loop)
    assert round.plan is not None
    full = cell(6, energy_j=None).learners.flops_per_s
    for k, job in enumerate(round.assignments.values()):
        assert job.flops_per_s < 0.95 * full[k]
        flops = job.tau * job.samples * 2e4
        assert job.compute_s == pytest.approx(flops / job.flops_per_s)
    known = np.exp(loop._knowledge.beliefs()[1].level)
    np.testing.assert_allclose(known, full, rtol=1e-9)


def test_samples_taken_over_keep_within_the_energy_that_is_left() -> None:
    loop = chosen(Batteries(0.6, spending=Fair(3)), late="reassign")
    round = loop.plan_round()
    for name in list(round.assignments)[1:]:
        job = round.assignments[name]
        loop.observe(name, send_s=job.send_s, compute_s=job.compute_s, return_s=job.return_s)
    closed = loop.close_round()
    assert closed.extra is not None
    for name, job in closed.extra.assignments.items():
        first = round.assignments[name].energy_j
        assert first + job.energy_j <= 0.2 * (1 + 1e-9)


def test_a_loop_that_is_loaded_has_what_was_left(tmp_path: Path) -> None:
    words = {"log": tmp_path / "log.jsonl", "state": tmp_path / "loop.json"}
    given = Batteries({"0": 0.05, "3": 1.0}, 2.0, 0.01, Fair(9))
    loop = chosen(given, **words)
    play(loop, 2)
    again = Orchestrator.load(words["state"], **words)
    assert again.charge_j == loop.charge_j
    assert again._charges.given == given  # type: ignore[union-attr]
    one, other = play(loop)[0], play(again)[0]
    assert (one.number, one.tau) == (other.number, other.tau)
    assert again.charge_j == pytest.approx(loop.charge_j)


def test_what_no_batteries_can_be_is_refused_on_reading(tmp_path: Path) -> None:
    path = tmp_path / "loop.json"
    play(chosen(Batteries(0.05), state=path))
    data = json.loads(path.read_text())
    for change, words in (
        ({"spending": "all"}, "spending"),
        ({"rounds": -1, "spending": "fair"}, "rounds"),
        ({"left_j": data["batteries"]["ids"]}, "left_j"),
        ({"given": {"charge_j": -1, "capacity_j": None, "harvest_w": 0}}, "charge_j"),
        ({"capacity_j": data["batteries"]["harvest_w"]}, "at most capacity_j"),
        ({"more": 1}, "unknown keys"),
    ):
        broken = {**data, "batteries": {**data["batteries"], **change}}
        path.write_text(json.dumps(broken))
        with pytest.raises(ValueError, match=words):
            Orchestrator.load(path)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"charge_j": -1.0}, "charge_j = -1"),
        ({"charge_j": {"0": math.nan}}, r"charge_j\['0'\]"),
        ({"charge_j": {0: 1.0}}, "must be a text"),
        ({"charge_j": 1.0, "harvest_w": math.inf}, "harvest_w"),
        ({"charge_j": 1.0, "spending": "fair"}, "must be a Greedy or a Fair"),
    ],
)
def test_what_is_no_battery_is_refused_by_name(words: Any, said: str) -> None:
    with pytest.raises((ValueError, TypeError), match=said):
        Batteries(**words)


def test_what_is_not_known_or_planned_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="rounds = 0"):
        Fair(0)
    with pytest.raises(ValueError, match="neither energy_per_flop_j nor"):
        fixed(Batteries(1.0), TABLE.learners)
    with pytest.raises(TypeError, match="must be a Batteries or None"):
        fixed(3.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="spending is a Fair"):
        fixed(Batteries(1.0, spending=Fair()), objective="work")


def test_the_log_says_what_was_spent_and_is_drawn(tmp_path: Path, command: Any) -> None:
    path = tmp_path / "log.jsonl"
    loop = chosen(Batteries({"0": 0.0, "1": 0.05}, 1.0, {"1": 0.02}), log=path)
    play(loop, 2)
    log = read_log(path)
    battery = log.rounds[-1]["battery"]
    assert battery["empty"] == 1
    assert battery["least_j"] == min(loop.charge_j.values())
    assert battery["left_j"] == pytest.approx(loop.charge_j["0"] + loop.charge_j["1"])
    each = log.rounds[-1]["each"]
    assert battery["spent_j"] == pytest.approx(sum(job["spent_j"] for job in each.values()))
    assert each["1"]["left_j"] == loop.charge_j["1"]
    assert each["2"]["left_j"] is None
    assert "1 empty" in log.summary()
    pytest.importorskip("matplotlib", reason="needs the extra [plot]")
    done = command("loop", "draw", str(path), "--plot", str(tmp_path / "log.png"))
    assert "spent j" in done.out.splitlines()[0]
    assert (tmp_path / "log.png").read_bytes().startswith(b"\x89PNG")
