"""`mel-fast bench`: figures come with their answers, and a wrong answer ends it."""

import json

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.bench import (
    WrongAnswerError,
    _batch,
    _growth,
    _large,
    _measure,
    _payload,
    _report,
    run,
)
from mel_fast.bench._plot import save_growth
from mel_fast.cli import run as command
from mel_fast.scenarios import table1


@pytest.fixture(scope="module")
def report():
    """All parts at sizes that take a second."""
    found = run(["single"], quick=True)
    found["batch"] = [_batch._row(500, 10, "served", 2)]
    found["large"] = [_large._row(20_000, "density", "excused", 2)]
    found["growth"] = [_growth._apart(size, "served", 1) for size in (10, 100_000)]
    return found


def test_answers_stand_beside_times(report):
    row = report["single"][0]
    plan = mel.solve(table1(learners=10))
    assert (row["learners"], row["scheme"], row["tau"]) == (10, "joint", plan.tau)
    assert 0 < row["core_us"] < row["call_us"]
    batch = report["batch"][0]
    plans = mel.solve_many(mel.scenarios.table1_draws(500, learners=10))
    assert batch["tau_sum"] == plans.tau.sum()
    assert batch["optimal"] + batch["infeasible"] == 500
    large = report["large"][0]
    assert large["tau"] == large["bound"] >= 1
    assert large["times_log1p"] > 1


def test_memory_is_that_of_the_solver_alone(report):
    beyond = report["growth"][1]["bytes_a_learner_beyond"]
    assert beyond is None or 0 < beyond < 1000


def test_the_page_names_machine_answers_and_goals(report, tmp_path):
    page = _report.markdown(report)
    for words in ("cpu", "build compiler", "build instruction set", "numpy", "tau", "## Goals"):
        assert words in page
    written, data = _report.save(report, tmp_path / "results")
    assert written.read_text() == page
    content = json.loads(data.read_text())
    assert content["batch"] == report["batch"]
    assert {"what", "goal", "measured", "reached"} == set(content["goals"][0])


def test_the_growth_is_drawn(report, tmp_path):
    pytest.importorskip("matplotlib")
    save_growth(report, tmp_path / "growth.png")
    assert (tmp_path / "growth.png").stat().st_size > 5000
    with pytest.raises(ValueError, match="growth"):
        save_growth({}, tmp_path / "no.png")


def test_a_plan_without_proof_is_a_wrong_answer():
    plan = mel.solve(table1(learners=5), time_limit_s=0.0)
    with pytest.raises(WrongAnswerError, match="must be optimal"):
        _measure.check_plans([plan], "here")


def test_plans_that_differ_are_a_wrong_answer():
    problem = table1(learners=5)
    plan = mel.solve(problem)
    shares = plan.power_w * (1 - 1e-15)
    assert not np.array_equal(shares, plan.power_w)
    other = mel.Plan(
        problem,
        status="optimal",
        tau=plan.tau,
        bound=plan.bound,
        samples=plan.samples,
        bandwidth_hz=plan.bandwidth_hz,
        power_w=shares,
    )
    with pytest.raises(WrongAnswerError, match="differ"):
        _measure.check_plans([plan, other], "here")


def test_large_instances_keep_table1_in_proportion():
    problem = _measure.grown(200)
    paper = table1(learners=20)
    assert problem.task.samples == 10 * paper.task.samples
    assert problem.radio.bandwidth_hz == 10 * paper.radio.bandwidth_hz
    assert problem.radio.power_w == pytest.approx(10 * paper.radio.power_w)


def test_the_command_prints_a_page(capsys, tmp_path):
    assert command(["bench", "--quick", "--part", "single", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("# mel-fast bench")
    assert len(list(tmp_path.glob("bench-quick-*"))) == 2


@pytest.mark.parametrize(
    "words", [["--part", "none"], ["--part", "single", "--plot", "a.png"], ["--plot", "a.txt"]]
)
def test_wrong_usage_is_one_line(words, capsys):
    assert command(["bench", *words]) == 2
    assert capsys.readouterr().err.startswith("mel-fast: ")


def test_payloads_are_measured_beside_their_entropy(monkeypatch):
    rows = _payload.measure(quick=True, threads=1)
    first = rows[0]
    assert first["recipe"] == "8-bit uniform"
    assert 6.0 < first["bits_a_value"] < 7.5
    assert 0.0 <= first["above_entropy_percent"] < 3.0
    goals = {row["what"] for row in _report.targets({"payload": rows})}
    assert "8-bit uniform: encode, MB of float32 a second" in goals
    monkeypatch.setattr(_payload, "_MOST_ABOVE", 0.0)
    with pytest.raises(WrongAnswerError, match="above the entropy"):
        _payload.measure(quick=True, threads=1)
