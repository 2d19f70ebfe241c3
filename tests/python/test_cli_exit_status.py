"""What `mel-fast` ends with where its streams are broken or the program is: never a traceback."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from mel_fast.cli.planning import explain as explain_command

MEL_FAST = f"'{sys.executable}' -m mel_fast"
SOLVE = f"{MEL_FAST} solve --learners 3 --cycle-s 60"
POSIX = pytest.mark.skipif(sys.platform != "linux", reason="a shell and /dev/full")


def shell(line: str) -> subprocess.CompletedProcess[str]:
    # As a user has it: what is written to stderr waits in a buffer.
    usual = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, timeout=600, check=False, env=usual
    )


@POSIX
@pytest.mark.parametrize(
    ("line", "status"),
    [
        (f"{SOLVE} >&-", 74),
        (f"{SOLVE} >/dev/full 2>/dev/full", 74),
        (f"{SOLVE} 2>&-", 0),
        (f"{MEL_FAST} --version >&-", 74),
        (f"{MEL_FAST} solve --cycle-s -1 >&- 2>&-", 2),
        (f"{MEL_FAST} sweep --over seed=0:3 >&- 2>&-", 74),
    ],
)
def test_lost_output_is_told_by_the_exit_status_and_one_line(line: str, status: int) -> None:
    done = shell(line)
    assert done.returncode == status, done
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") <= 1
    if status == 74 and "2>" not in line:
        assert done.stderr.startswith("mel-fast: standard output: ")


@POSIX
def test_a_file_written_beside_a_closed_stdout_holds_nothing_else(tmp_path) -> None:
    done = shell(f"{SOLVE} --output '{tmp_path}/plan.json' >&- <&-")
    assert done.returncode == 74
    assert (tmp_path / "plan.json").read_text().lstrip().startswith("{")


@POSIX
def test_a_reader_that_leaves_ends_it_as_sigpipe_would() -> None:
    many = f"{MEL_FAST} sweep --over seed=0:2000"
    done = shell(f"{many} | head -n 1; exit ${{PIPESTATUS[0]}}")
    assert done.returncode == 141
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1


@POSIX
@pytest.mark.parametrize("stderr", ["> /dev/full", "> >(true)", ">&-"])
def test_notices_that_nobody_can_read_change_no_exit_status(stderr: str, tmp_path: Path) -> None:
    line = f"{MEL_FAST} sweep -q --over seed=0:3 --output '{tmp_path}/rows.csv' 2{stderr}"
    done = shell(f"trap '' PIPE; {line}")
    assert done.returncode == 0, done
    assert (tmp_path / "rows.csv").read_text().count("\n") == 4
    assert shell(f"{MEL_FAST} solve --nosuch 2{stderr}").returncode == 2


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise AssertionError("what nobody\nthought of")

    monkeypatch.setattr(explain_command, "solved", fail)


@pytest.mark.usefixtures("broken")
def test_a_fault_of_the_program_is_one_line_and_exit_status_70(command) -> None:
    done = command("explain")
    assert done.status == 70
    assert done.out == ""
    assert done.err == (
        "mel-fast: unexpected AssertionError: what nobody thought of; --debug shows where\n"
    )


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("words", [("--debug", "explain"), ("explain", "--debug")])
def test_debug_shows_where_a_fault_arose(command, words: tuple[str, ...]) -> None:
    done = command(*words)
    assert done.status == 70
    assert "Traceback" in done.err
    assert "in fail" in done.err


def test_a_file_that_cannot_be_written_is_named(command, tmp_path, monkeypatch) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise PermissionError(13, "Permission denied", str(tmp_path / "plan.json"))

    monkeypatch.setattr(explain_command, "solved", refuse)
    done = command("explain")
    assert done.status == 2
    assert done.err == f"mel-fast: {tmp_path}/plan.json: Permission denied\n"
