"""What commands are given: standard input, files of the wrong kind, mistyped words, completion."""

import os
import subprocess
import sys

import numpy as np
import pytest

import mel_fast as mel

MEL_FAST = (sys.executable, "-m", "mel_fast")


def piped(content: bytes, *words: object, **variables: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*MEL_FAST, *map(str, words)],
        input=content,
        capture_output=True,
        timeout=600,
        check=False,
        env={**os.environ, **variables},
    )


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    """One small file of each kind."""
    folder = tmp_path_factory.mktemp("kinds")
    mel.solve(mel.scenarios.table1(3)).save(folder / "plan.json")
    (folder / "learners.csv").write_text("flops_per_s,gain\n1e9,1e-9\n")
    np.savez(folder / "weights.npz", w=np.zeros(2))
    from mel_fast.scenarios.text import table1_text

    text = table1_text(mel.scenarios.table1(3), learners=3, seed=0)
    (folder / "scenario.toml").write_text(text)
    return folder


@pytest.mark.parametrize("words", [("cells", "-"), ("least", "--tau", "1", "-")])
def test_a_scenario_comes_from_standard_input(kinds, words):
    content = (kinds / "scenario.toml").read_bytes()
    done = piped(content, *words, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert b'"optimal"' in done.stdout


@pytest.mark.parametrize("words", [("check", "-"), ("solve", "--start", "-")])
def test_a_plan_comes_from_standard_input(kinds, words):
    extra = ("--learners", "3") if words[0] == "solve" else ()
    done = piped((kinds / "plan.json").read_bytes(), *words, *extra)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words", [("solve", "-"), ("cycles", "-")])
def test_nonsense_from_standard_input_is_one_line_and_status_2(words):
    done = piped(b"\x00\xff" * 100, *words)
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert done.stdout == b""


@pytest.mark.parametrize(
    ("words", "name", "hint"),
    [
        (("solve",), "plan.json", "mel-fast check"),
        (("explain",), "plan.json", "looks like a plan file"),
        (("solve",), "learners.csv", "[learners] table ="),
        (("cells",), "weights.npz", "mel-fast store publish"),
        (("check",), "scenario.toml", "mel-fast solve"),
        (("check",), "learners.csv", "looks like a table"),
        (("cycles",), "scenario.toml", "makes a plan of it"),
        (("solve", "--start"), "scenario.toml", "looks like a scenario"),
    ],
)
def test_a_file_of_the_wrong_kind_gets_a_hint(kinds, command, words, name, hint):
    done = command(*words, kinds / name)
    assert done.status == 2
    assert hint in done.err
    assert name in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("solv",), "did you mean 'solve'"),
        (("store", "pulll"), "did you mean 'pull'"),
        (("tiers", "plam"), "did you mean 'plan'"),
        (("solve", "--tresholds"), "--threads"),
        (("frontier", "--start", "3"), "frontier has no --start: here it is --from"),
        (("store", "delta", "m", "--out", "x"), "--output"),
    ],
)
def test_a_mistyped_word_is_told_what_it_may_have_meant(command, words, hint):
    done = command(*words)
    assert done.status == 2
    assert hint in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("shell", ["zsh", pytest.param("bash", marks=pytest.mark.long)])
def test_the_shell_gets_its_completion(shell):
    source = piped(b"", _MEL_FAST_COMPLETE=f"{shell}_source")
    if shell == "bash" and source.returncode == 2:
        pytest.skip("no bash of version 4.4 or newer")
    assert source.returncode == 0, source.stderr
    assert b"mel-fast" in source.stdout or b"mel_fast" in source.stdout


def test_completion_offers_the_commands():
    variables = {"COMP_WORDS": "mel-fast so", "COMP_CWORD": "1"}
    done = piped(b"", _MEL_FAST_COMPLETE="bash_complete", **variables)
    assert done.returncode == 0
    assert done.stdout == b"plain,solve\n"


def test_nothing_on_standard_input_is_refused(kinds):
    done = subprocess.run(
        ["bash", "-c", f"'{sys.executable}' -m mel_fast solve - <&-"],
        capture_output=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
