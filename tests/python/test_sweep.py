"""Sweeps: the grid in order, rows that survive a stop, files that are resumed, the command line."""

import csv
import os
import signal
import sys

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.cli import run
from mel_fast.scenarios import table1

OVER = {
    "learners": [3, 5],
    "cycle_s": [10.0, 30.0],
    "scheme": ["joint", "task_only"],
    "seed": [0, 1],
}
TIMES = ("elapsed_s",)


def same(one, other):
    return list(one.columns()) == list(other.columns()) and all(
        np.array_equal(one[name], other[name]) for name in one.columns() if name not in TIMES
    )


def test_every_combination_is_what_solve_finds():
    table = mel.sweep("table1", OVER, threads=2)
    assert len(table) == 16
    for row in range(16):
        point = {name: table[name][row].item() for name in ("learners", "cycle_s", "seed")}
        plan = mel.solve(table1(**point), scheme=table["scheme"][row].item())
        assert (table["status"][row], table["tau"][row]) == (plan.status, plan.tau)
        assert table["active"][row] == (
            0 if plan.samples is None else np.count_nonzero(plan.samples)
        )
    assert table["seed"].tolist() == [0, 1] * 8


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_stopped_sweep_goes_on_from_its_file(tmp_path, ending):
    pytest.importorskip("pyarrow")
    path = tmp_path / f"out.{ending}"
    over = {"learners": [10], "seed": range(900)}
    whole = mel.sweep("table1", over, threads=2)
    part = mel.sweep("table1", over, threads=2, output=path, callback=lambda done, *_: done > 300)
    assert 300 < len(part) < 900
    seen = []
    rest = mel.sweep(
        "table1", over, threads=2, output=path, callback=lambda *at: seen.append(at) is not None
    )
    assert all(total == 900 - len(part) for _, total, *_ in seen)
    assert same(rest, whole)
    again = mel.sweep("table1", over, output=path, callback=lambda *_: pytest.fail("solved again"))
    assert same(again, whole)
    assert not (tmp_path / f"out.{ending}.parts").exists()
    if ending == "csv":
        lines = list(csv.reader(path.read_text().splitlines()))
        assert len(lines) == 901
        assert len({line[2] for line in lines[1:]}) == 900


def test_ctrl_c_keeps_the_rows_done_in_the_file(tmp_path):
    path = tmp_path / "out.csv"
    over = {"learners": [20], "seed": range(20_000)}
    sent = []

    def interrupt_once(*_: object) -> bool:
        if not sent:
            sent.append(True)
            signal.raise_signal(signal.SIGINT)
        return False

    with pytest.raises(KeyboardInterrupt):
        mel.sweep("table1", over, threads=2, output=path, callback=interrupt_once)
    lines = list(csv.reader(path.read_text().splitlines()))
    assert len(lines) > 1
    assert {len(line) for line in lines} == {len(lines[0])}
    status = lines[0].index("status")
    assert {line[status] for line in lines[1:]} <= {"optimal", "infeasible"}


def test_half_a_line_is_dropped_and_solved_again(tmp_path):
    path = tmp_path / "out.csv"
    whole = mel.sweep("table1", OVER, output=path)
    text = path.read_text()
    path.write_text(text[: text.rindex("optimal") + 3])
    assert same(mel.sweep("table1", OVER, output=path), whole)
    assert len(path.read_text().splitlines()) == 17


def test_a_wider_grid_keeps_the_rows_of_the_narrow_one(tmp_path):
    path = tmp_path / "out.csv"
    mel.sweep("table1", {"learners": [3], "seed": [0, 1]}, output=path)
    totals = set()
    mel.sweep(
        "table1",
        {"learners": [3], "seed": range(4)},
        output=path,
        callback=lambda _done, total, *_: totals.add(total) is not None,
    )
    assert len(path.read_text().splitlines()) == 5
    assert totals <= {2}


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_file_of_another_sweep_is_left_alone(tmp_path, ending):
    pytest.importorskip("pyarrow")
    path = tmp_path / f"out.{ending}"
    mel.sweep("table1", {"learners": [3]}, output=path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="not a file of this sweep"):
        mel.sweep("table1", {"seed": [3]}, output=path)
    with pytest.raises(ValueError, match="rows of the scenario"):
        mel.sweep(lambda learners: table1(learners), {"learners": [3]}, output=path)
    assert path.read_bytes() == before
    assert len(mel.sweep("table1", {"seed": [3]}, output=path, resume=False)) == 1


def test_a_combination_that_makes_no_problem_is_one_invalid_row():
    table = mel.sweep("table1", {"learners": [3], "cycle_s": [30.0, -1.0, 40.0]})
    assert table["status"].tolist() == ["optimal", "invalid", "optimal"]
    assert "cycle_s" in table["note"][1]


def test_a_time_limit_is_for_each_problem():
    table = mel.sweep("table1", {"learners": [5, 6]}, time_limit_s=0.0)
    assert len(table) == 2
    assert set(table["status"].tolist()) <= {"feasible", "undecided"}


def test_problems_files_and_functions_are_scenarios(tmp_path):
    problem = table1(learners=4)
    table = mel.sweep(problem, {"bandwidth_hz": [5e7, 1e8], "samples": [1000, 60_000]})
    assert table["tau"][3] == mel.solve(problem).tau
    assert table["tau"][0] > table["tau"][1]
    assert run(["solve", "--print-scenario"]) == 0


def test_a_scenario_file_is_swept_by_short_names_and_by_paths(tmp_path, capsys):
    assert run(["solve", "--print-scenario", "--learners", "4"]) == 0
    path = tmp_path / "mine.toml"
    path.write_text(capsys.readouterr().out)
    table = mel.sweep(path, {"learners": [4, 6], "radio.bandwidth_hz": [1e8], "seed": [0, 7]})
    expected = [mel.solve(table1(learners=k, seed=s)).tau for k in (4, 6) for s in (0, 7)]
    assert table["tau"].tolist() == expected


@pytest.mark.parametrize(
    ("scenario", "over", "match"),
    [
        ("table1", {"lerners": [3]}, "did you mean 'learners'"),
        ("table1", {"learners": []}, "no values"),
        ("table1", {"learners": [3, 3.0]}, "twice"),
        ("table1", {"scheme": ["best"]}, "scheme"),
        ("table1", {"tau": [1]}, "name of a result"),
        ("table1", {"cycle_s": [np.nan]}, "finite"),
        ("table1", {"cycle_s": [None]}, "numbers or texts"),
        ("table1", 5, "over"),
        (5, {}, "scenario"),
        (lambda: 5, {}, "must return a Problem"),
    ],
)
def test_wrong_grids_are_refused(scenario, over, match):
    with pytest.raises((ValueError, TypeError), match=match):
        mel.sweep(scenario, over)


def test_medians_and_bands_are_over_seeds_and_draws(tmp_path):
    pytest.importorskip("matplotlib")
    table = mel.sweep("table1", {**OVER, "seed": range(8)}, threads=2)
    curves = table.quantiles("learners")
    assert set(curves) == {(t, s) for t in (10.0, 30.0) for s in ("joint", "task_only")}
    mine = (table["cycle_s"] == 30) & (table["scheme"] == "joint") & (table["learners"] == 5)
    assert curves[30.0, "joint"][5][1] == np.median(table["tau"][mine])
    figure = table.plot(tmp_path / "sweep.svg")
    assert len(figure.axes[0].lines) == 4
    assert (tmp_path / "sweep.svg").stat().st_size > 1000
    with pytest.raises(ValueError, match="must end in"):
        table.plot(tmp_path / "sweep.txt")
    with pytest.raises(ValueError, match="no axis"):
        mel.sweep("table1", {"seed": [0, 1]}).plot()


def test_the_command_prints_csv(capsys):
    arguments = ["sweep", "--over", "learners=3,4", "--over", "seed=0:2", "-q"]
    assert run(arguments) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["learners"] for row in rows] == ["3", "3", "4", "4"]
    assert all(row["status"] == "optimal" for row in rows)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--over", "cycle_s=1"], 3),
        (["--over", "cycle_s=1,30"], 0),
        (["--over", "cycle_s=30,-1"], 4),
        (["--over", "learners=5", "--time-limit-s", "0"], 4),
        (["--over", "learners"], 2),
        (["--over", "seed=0:x"], 2),
        (["--over", "seed=3:3"], 2),
        (["--over", "seed=0", "--over", "seed=1"], 2),
        (["--over", "seed=0", "--output", "/no/such/folder/a.csv"], 2),
        (["--over", "seed=0", "--output", "a.txt"], 2),
        (["--over", "seed=0", "--plot", "a.txt"], 2),
        (["/no/such/file.toml", "--over", "seed=0"], 2),
        ([], 2),
    ],
)
def test_exit_statuses(arguments, status, capsys):
    assert run(["sweep", "-q", *arguments]) == status
    if status == 2:
        assert capsys.readouterr().err.startswith("mel-fast: ")


def test_the_command_writes_a_file_and_a_figure(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    out, plot = tmp_path / "o.csv", tmp_path / "o.png"
    arguments = ["sweep", "-q", "--over", "learners=3,4", "--output", str(out), "--plot", str(plot)]
    assert run(arguments) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert (
        said.err == f"mel-fast: 2 rows are in {out}: 2 optimal\nmel-fast: the figure is in {plot}\n"
    )
    assert len(out.read_text().splitlines()) == 3
    assert plot.stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--over", "seed=0:9", "--plot", "p.png"], "no axis to draw over"),
        (["--over", "learners=3,4", "--plot", "p.png", "--plot-over", "cycle_s"], "x = 'cycle_s'"),
        (["--over", "learners=3,4", "--over", "law=density,fixed", "--plot", "p.png",
          "--plot-over", "law"], "axes of numbers"),
        (["--over", "learners=3,4", "--plot-over", "learners"], "--plot-over is for --plot"),
        (["--over", "learners=3,4", "--plot", "no/p.png"], "no/p.png: no such folder"),
        (["--over", "learners=3,4", "--plot", "p.jpg"], "must end in"),
        (["--over", "lerners=3,4", "--plot", "p.png"], "did you mean 'learners'"),
    ],
)  # fmt: skip
def test_refusals_come_before_any_work(arguments, why, tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    assert run(["sweep", "-q", "--output", "o.csv", *arguments]) == 2
    assert why in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("missing", "arguments"),
    [
        ("matplotlib.figure", ["--output", "o.csv", "--plot", "p.png"]),
        ("pyarrow", ["--output", "o.parquet"]),
    ],
)
def test_missing_extras_are_told_before_any_work(missing, arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, missing, None)
    assert run(["sweep", "-q", "--over", "learners=3,4", *arguments]) == 2
    assert "pip install" in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


def test_a_figure_of_nothing_is_no_figure_but_the_rows_stay(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    out, plot = tmp_path / "o.csv", tmp_path / "p.png"
    arguments = ["sweep", "-q", "--over", "learners=5,6", "--time-limit-s", "0"]
    assert run([*arguments, "--output", str(out), "--plot", str(plot)]) == 4
    assert "no figure: nothing to draw" in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["o.csv"]


def test_only_columns_of_numbers_are_drawn():
    table = mel.sweep("table1", {"learners": [3, 4]})
    with pytest.raises(ValueError, match="value = 'status'"):
        table.plot(value="status")
