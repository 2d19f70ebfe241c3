"""The planner's commands: least, frontier, explain, simulate, and solve's --then and --start."""

import json
from pathlib import Path

import pytest

import mel_fast as mel
from mel_fast.cli import run
from test_energy import cell


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    status = run(words)
    out, err = capsys.readouterr()
    return status, out + err


@pytest.mark.parametrize("name", ["least", "fastest"])
def test_least_and_its_alias_write_two_files_that_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    plan, proof = tmp_path / "plan.json", tmp_path / "proof.json"
    words = ("--learners", "10", "--tau", "4", "--output", str(plan), "--proof", str(proof))
    status, text = said(capsys, name, *words)
    assert status == 0
    assert "tau = 4 needs 28.3" in text
    assert run(["check", "-q", str(plan)]) == 0
    assert run(["check", "-q", str(proof)]) == 0
    assert mel.Plan.load(plan).tau == 4
    assert mel.Plan.load(proof).bound == 3
    assert said(capsys, name, "--learners", "10")[0] == 2
    status, text = said(
        capsys,
        name,
        "--learners",
        "10",
        "--cycle-s",
        "5",
        "--tau",
        "1",
        "--over",
        "bandwidth_hz",
    )
    assert status == 3
    assert "infeasible" in text


def test_energies_by_local_cycles_and_by_deadlines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = cell(20, energy_j=None).with_budgets(cycle_s=0.1)
    file, figure = tmp_path / "uplink.toml", tmp_path / "f.png"
    problem.to_toml(file)
    at = ("frontier", str(file), "--over", "energy_j", "--format")
    status, text = said(capsys, *at, "json", "--plot", str(figure))
    found = json.loads(text)
    curve = mel.frontier(problem, "energy_j")
    assert (status, found["status"], found["most"]) == (0, "optimal", curve.most)
    assert [row["energy_j"] for row in found["rows"]] == curve.value.tolist()
    assert [row["tau"] for row in found["rows"]] == list(range(1, curve.most + 1))
    assert figure.read_bytes()[:4] == b"\x89PNG"
    assert said(capsys, *at, "csv")[1].startswith("tau,energy_j,no_less_than_j,status\n1,")
    assert said(capsys, *at, "text", "--cycle-s", "1e-6")[0] == 3  # not one fits
    assert said(capsys, *at, "text", "--time-limit-s", "0")[0] == 4
    assert said(capsys, *at, "text", "--to", "3")[0] == 2

    words = ("trade", str(file), "--tau", "2", "--deadlines")
    status, text = said(capsys, *words, "0.2,1e-6,0.1", "--format", "json")
    rows = json.loads(text)["rows"]
    assert (status, [row["status"] for row in rows]) == (0, ["infeasible", "optimal", "optimal"])
    assert rows[1]["energy_j"] == curve.value[1] > rows[2]["energy_j"]
    assert said(capsys, *words, "1e-6")[0] == 3
    for wrong in ("0.1;0.2", "", "-1", "nan"):
        status, text = said(capsys, *words, wrong)
        assert (status, text.count("\n")) == (2, 1), text


def test_frontier_as_table_csv_and_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figure = tmp_path / "f.png"
    status, text = said(
        capsys, "frontier", "--learners", "5", "--format", "csv", "--plot", str(figure)
    )
    assert status == 0
    assert text.startswith("tau,cycle_s,proved_too_little\n1,")
    assert figure.read_bytes()[:4] == b"\x89PNG"
    assert "tau = 2" in said(capsys, "frontier", "--learners", "5")[1]
    assert said(capsys, "frontier", "--plot", str(tmp_path / "f.txt"))[0] == 2
    assert said(capsys, "frontier", "--max-steps", "1")[0] == 2


def test_explain_and_simulate_speak(capsys: pytest.CaptureFixture[str]) -> None:
    status, text = said(capsys, "explain", "--learners", "10")
    assert status == 0
    assert "of cycle alone instead of 30 s" in text
    status, text = said(capsys, "simulate", "--learners", "10", "--drift-db", "2")
    assert status == 0
    assert "monitor and re-plan" in text
    assert said(capsys, "simulate", "--cycle-s", "1")[0] == 3


def test_solve_spares_and_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    assert run(["solve", "--learners", "10", "--output", str(first)]) == 0
    words = ["--learners", "10", "--then", "power", "--start", str(first)]
    assert run(["solve", *words, "--output", str(second)]) == 0
    before, after = (mel.Plan.load(path) for path in (first, second))
    assert after.tau == before.tau
    assert after.power_w.sum() < 0.9 * before.power_w.sum()
    assert run(["check", "-q", str(second)]) == 0
    assert json.loads(second.read_text())["status"] == "optimal"
    capsys.readouterr()
    assert run(["solve", "--start", str(tmp_path / "none.json")]) == 2


def test_campaign_is_the_api_and_refuses_what_is_no_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan, proof, figure = tmp_path / "plan.json", tmp_path / "proof.json", tmp_path / "c.svg"
    words = ("campaign", "--learners", "8", "--needs", "1=100,2=60,4=45", "--format", "json")
    files = ("--output", str(plan), "--proof", str(proof), "--plot", str(figure))
    status, text = said(capsys, *words, *files)
    found = json.loads(text)
    known = mel.campaign(mel.scenarios.table1(8), {1: 100, 2: 60, 4: 45})
    assert (status, found["tau"], found["status"]) == (0, 2, "optimal")
    assert found["total_s"] == pytest.approx(known.total_s, rel=1e-8)
    assert run(["check", "-q", str(plan)]) == 0
    assert run(["check", "-q", str(proof)]) == 0
    assert mel.Plan.load(plan).tau == 2
    assert mel.Plan.load(proof).bound == 1
    assert b"<svg" in figure.read_bytes()
    assert said(capsys, *words, "--time-limit-s", "0")[0] == 4
    for wrong in ("", "1", "1=", "1=2,1=3", "1:2", "0=5", "1=0.5", "1=nan", "x=3"):
        status, text = said(capsys, "campaign", "--learners", "8", "--needs", wrong)
        assert (status, text.count("\n")) == (2, 1), (wrong, text)
