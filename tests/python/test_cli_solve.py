"""`mel-fast solve` and `check` as a user meets them: outputs, exit statuses, one-line errors."""

import csv
import io
import json
import os
import re
import subprocess
import sys

import pytest

import mel_fast as mel

ANSI = re.compile(r"\x1b\[")


def test_without_a_file_table_one_is_solved_and_proved(command):
    done = command("solve", "--learners", 5, "--seed", 3)
    assert done.status == 0
    assert done.err == ""
    expected = mel.solve(mel.scenarios.table1(learners=5, seed=3))
    assert f"optimal: tau = {expected.tau} local cycle" in done.out
    rows = done.out.split("\n\n")[1].splitlines()
    assert len(rows) == 7
    assert rows[0].split()[:4] == ["bandwidth", "power", "send", "compute"]
    assert [int(row.split()[1].replace(",", "")) for row in rows[2:]] == expected.samples.tolist()


def test_a_pipe_gets_plain_text_with_whole_columns(command):
    out = command("solve", "--learners", 50).out
    assert not ANSI.search(out)
    assert "…" not in out
    assert len(out.split("\n\n")[1].splitlines()) == 52


def test_json_is_one_object_of_the_plans_attributes(command):
    done = command("solve", "--learners", 4, "--format", "json")
    data = json.loads(done.out)
    plan = mel.solve(mel.scenarios.table1(learners=4))
    assert data["samples"] == plan.samples.tolist()
    assert data["total_s"] == plan.total_s.tolist()
    assert all(hasattr(plan, name) for name in data)


def test_csv_has_a_row_a_learner_at_full_precision(command):
    done = command("solve", "--learners", 4, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    plan = mel.solve(mel.scenarios.table1(learners=4))
    assert [float(row["bandwidth_hz"]) for row in rows] == plan.bandwidth_hz.tolist()
    assert [int(row["samples"]) for row in rows] == plan.samples.tolist()


@pytest.mark.parametrize("scheme", ["joint", "task_only", "resource_only"])
def test_a_written_plan_is_checked_from_outside(command, tmp_path, scheme):
    path = tmp_path / "plan.json"
    arguments = ("--learners", 6, "--setting", "federated", "--idle", "excused", "--law", "fixed")
    assert command("solve", *arguments, "--scheme", scheme, "--output", path).status in (0, 3)
    checked = command("check", path)
    assert checked.status == 0
    assert checked.out.startswith("OK: ")
    assert command("check", path, "--quiet").out == ""


def test_a_wrong_plan_is_refused_with_every_reason(command, tmp_path):
    path = tmp_path / "plan.json"
    command("solve", "--learners", 3, "--output", path)
    data = json.loads(path.read_text())
    data["power_w"][0] = 1.0
    path.write_text(json.dumps(data))
    done = command("check", path)
    assert done.status == 1
    assert "power" in done.out


def test_the_printed_scenario_solves_to_the_same_plan(command, tmp_path):
    path = tmp_path / "scenario.toml"
    options = ("--learners", 4, "--cycle-s", 20, "--seed", 2)
    path.write_text(command("solve", "--print-scenario", *options).out)
    from_file = json.loads(command("solve", path, "--format", "json").out)
    direct = json.loads(command("solve", *options, "--format", "json").out)
    assert {**from_file, "elapsed_s": 0.0} == {**direct, "elapsed_s": 0.0}


def test_options_change_what_the_file_says(command, tmp_path):
    path = tmp_path / "scenario.toml"
    path.write_text(command("solve", "--print-scenario").out)
    changes = ("--learners", 3, "--seed", 9, "--cycle-s", 40, "--setting", "federated")
    data = json.loads(command("solve", path, *changes, "--format", "json").out)
    expected = mel.scenarios.table1(learners=3, seed=9, cycle_s=40.0, setting="federated")
    assert data["problem"]["learners"]["gain"] == expected.learners.gain.tolist()
    assert data["problem"]["cycle_s"] == 40.0
    assert data["problem"]["task"]["setting"] == "federated"


def test_infeasible_is_status_3_with_its_reason(command):
    done = command("solve", "--cycle-s", 0.1, "--learners", 4)
    assert done.status == 3
    assert "infeasible" in done.out
    assert re.search(r"reason +learner \d alone is too slow", done.out)
    assert command("solve", "--cycle-s", 0.1, "--format", "csv").status == 3
    assert json.loads(command("solve", "--cycle-s", 0.1, "--format", "json").out)["samples"] is None


def test_a_limit_is_status_4(command):
    limited = ("--learners", 200, "--cycle-s", 300, "--law", "fixed", "--time-limit-s", 0)
    done = command("solve", *limited)
    assert done.status == 4
    assert "by a limit" in done.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("solve", "none.toml"),
        ("solve", "."),
        ("solve", "bad.toml"),
        ("solve", "wrong.toml"),
        ("solve", "--cycle-s", "nan"),
        ("solve", "--cycle-s", "-3"),
        ("solve", "--cycle-s", "soon"),
        ("solve", "--learners", "0"),
        ("solve", "--learners", str(10**13)),
        ("solve", "--learners", "2.5"),
        ("solve", "--seed", "-1"),
        ("solve", "--threads", "0"),
        ("solve", "--time-limit-s", "nan"),
        ("solve", "--scheme", "best"),
        ("solve", "--surprise"),
        ("solve", "a.toml", "b.toml"),
        ("solve", "good.toml", "--law", "fixed"),
        ("solve", "good.toml", "--print-scenario"),
        ("solve", "listed.toml", "--learners", "3"),
        ("solve", "--output", "."),
        ("solve", "--output", "missing/plan.json"),
        ("solve", "--output", "good.toml/plan.json"),
        ("solve", "--plot", "plan.gif"),
        ("solve", "--plot", "missing/plan.png"),
        ("solve", "wrong.toml", "--output", "out.json", "--plot", "out.png"),
        ("check", "none.json"),
        ("check", "."),
        ("check", "good.toml"),
        ("check",),
        ("sovle",),
    ],
)
def test_wrong_usage_is_one_line_and_status_2_and_nothing_written(
    command, tmp_path, monkeypatch, arguments
):
    good = command("solve", "--print-scenario").out
    listed = good[: good.index("[learners.draw]")] + "flops_per_s = [1e9]\ngain = 1e-10\n"
    (tmp_path / "good.toml").write_text(good)
    (tmp_path / "listed.toml").write_text(listed)
    (tmp_path / "wrong.toml").write_text(good.replace("bandwidth_hz = 1", "bandwidth_hz = -1"))
    (tmp_path / "bad.toml").write_text("[task\n")
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    done = command(*arguments)
    assert done.status == 2
    assert done.out == ""
    assert done.err.startswith("mel-fast: ")
    assert done.err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_one_line(command, tmp_path):
    tmp_path.chmod(0o500)
    done = command("solve", "--output", tmp_path / "plan.json")
    tmp_path.chmod(0o700)
    assert done.status == 2
    assert "Permission denied" in done.err


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="needs a folder that takes no files")
def test_a_folder_that_takes_no_files_is_one_line(command):
    done = command("solve", "--output", "/proc/plan.json")
    assert done.status == 2
    assert done.err.count("\n") == 1
    assert "/proc/plan.json" in done.err


@pytest.mark.parametrize("command_name", ["solve", "least"])
def test_two_outputs_are_two_files(command, command_name, tmp_path):
    (tmp_path / "link.json").symlink_to("plan.json")
    both = {
        "solve": ["--output", tmp_path / "a.png", "--plot", tmp_path / "a.png"],
        "least": [
            "--tau", 1, "--output", tmp_path / "plan.json", "--proof", tmp_path / "link.json"
        ],
    }  # fmt: skip
    done = command(command_name, *both[command_name])
    assert done.status == 2
    assert "given for two outputs" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["link.json"]


def test_if_the_plot_fails_no_plan_is_left_either(command, tmp_path, monkeypatch):
    import mel_fast.figures.plan

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device", "plan.png")

    monkeypatch.setattr(mel_fast.figures.plan, "save_figure", fail)
    done = command("solve", "--output", tmp_path / "plan.json", "--plot", tmp_path / "plan.png")
    assert done.status == 2
    assert "No space left" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_missing_extra_is_one_line_that_names_it(command, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = command("solve", "--plot", tmp_path / "plan.png")
    assert done.status == 2
    assert "pip install 'mel_fast[plot]'" in done.err


def test_ctrl_c_prints_the_best_plan_and_says_so(command, monkeypatch, tmp_path):
    import mel_fast.cli.solve as module

    plan = mel.solve(mel.scenarios.table1(learners=3))

    def interrupted(*_: object, **__: object) -> mel.Plan:
        raise mel.Interrupted(plan)

    monkeypatch.setattr(module, "solve", interrupted)
    done = command("solve", "--learners", 3, "--output", tmp_path / "plan.json")
    assert done.status == 130
    assert "tau = " in done.out
    assert "interrupted" in done.err
    assert mel.Plan.load(tmp_path / "plan.json") == plan


def test_a_closed_pipe_is_quiet():
    code = "from mel_fast.cli import main; main()"
    many = ["solve", "--learners", "20000", "--idle", "excused", "--format", "csv"]
    done = subprocess.Popen(
        [sys.executable, "-c", code, *many], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with done:
        done.stdout.readline()
        done.stdout.close()
        assert done.stderr.read() == b""
    assert done.returncode == 141


def test_help_names_the_commands(command):
    done = command("--help")
    assert done.status == 0
    for name in ("solve", "check"):
        assert name in done.out
    assert "--print-scenario" in command("solve", "--help").out
    assert command("--version").out == f"mel-fast, version {mel.__version__}\n"
    assert command().status == 2


def test_progress_is_shown_on_a_terminal_only_and_taken_away(monkeypatch, capsys):
    from mel_fast.cli.shared import progress

    monkeypatch.setattr(progress, "_AFTER_S", 0.0)
    monkeypatch.setattr(progress, "_EVERY_S", 0.0)
    for watched in (False, True):
        monkeypatch.setattr(sys.stderr, "isatty", lambda watched=watched: watched)
        with progress.Line(progress.SOLVING) as meter:
            assert meter(3, 12, 31_000, 4.2) is False
        shown = capsys.readouterr().err
        assert shown.startswith("\rtau 3, at most 12; 31,000 passes, 4 s\r") == watched
        assert shown.split("\r")[-1].strip() == ""
