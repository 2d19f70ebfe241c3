"""Every command in every form: 80 columns, one schema, units alike, flags of one meaning."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import jsonschema
import pytest

import mel_fast as mel
from mel_fast.cli import group
from mel_fast.cli.registry import COMMANDS, RENAMED, leaves

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "cli.json"
PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
EVERY = dict(leaves(group))
NUMBER = re.compile(r"\d+(?:\.\d+)?")

PLANNED = (
    ("solve", "--learners", "3"),
    ("check", "{plan}"),
    ("least", "--learners", "3", "--tau", "2"),
    ("most", "--learners", "3", "--tau", "2"),
    ("cycles", "{plan}"),
    ("cells", "{scenario}", "{scenario}"),
    ("cells", "--associate", "{scenario}", "{scenario}"),
    ("frontier", "--learners", "3"),
    ("explain", "--learners", "3"),
    ("simulate", "--learners", "5", "--failures", "0.5"),
    ("simulate", "--learners", "3", "--cycle-s", "1"),
    ("sweep", "--over", "seed=0:2", "--over", "cycle_s=1,30", "--over", "learners=3"),
    ("tiers", "plan"),
    ("tiers", "plan", "--frontier", "--tasks", "5"),
    ("flower", "new", "{folder}/project"),
    ("show-config",),
)


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Files for the commands: a plan and a scenario whose learners have long names."""
    folder = tmp_path_factory.mktemp("files")
    problem = mel.scenarios.table1(4)
    names = ["roof", "van", "x" * 100, "the third one from the left"]
    named = problem.replace(learners=problem.learners.replace(names=names))
    mel.solve(named).save(folder / "plan.json")
    columns = named.learners.columns()
    with (folder / "four.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([name.replace("names", "name") for name in columns])
        writer.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))
    scenario = re.sub(
        r"\[learners\].*", '[learners]\ntable = "four.csv"\n', table1_toml(), flags=re.S
    )
    (folder / "scenario.toml").write_text(scenario)
    return {"folder": folder, "plan": folder / "plan.json", "scenario": folder / "scenario.toml"}


def table1_toml() -> str:
    from mel_fast.scenarios.text import table1_text

    return table1_text(mel.scenarios.table1(4), learners=4, seed=0)


def lines_on_a_terminal(words):
    """Run a command whose stdout is a terminal of 80 columns, and return what it printed."""
    import pty

    leader, follower = pty.openpty()
    done = subprocess.Popen(
        [sys.executable, "-m", "mel_fast", *words],
        stdout=follower,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "80"},
    )
    os.close(follower)
    out = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:
            break
        if not part:
            break
        out += part
    os.close(leader)
    done.wait()
    return out.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("words", PLANNED, ids=" ".join)
def test_text_fits_80_columns_and_no_number_is_broken(words, places, command):
    if words[0] == "flower":
        pytest.importorskip("flwr")
    words = [word.format(**places) for word in words]
    done = command(*words, "--format", "text")
    assert done.status in (0, 3)
    assert max(map(len, done.out.splitlines())) <= 80 or str(places["folder"]) in done.out
    joined = command(*words, "--format", "json").out
    if words[0] == "explain":  # the sentences are whole there
        whole = NUMBER.findall(" ".join(json.loads(joined)["sentences"]))
        assert NUMBER.findall(done.out) == whole


@pytest.mark.parametrize("words", PLANNED, ids=" ".join)
def test_json_keeps_to_the_schema_and_csv_has_the_same_rows(words, places, command, tmp_path):
    if words[0] == "flower":
        pytest.importorskip("flwr")
    places = {**places, "folder": tmp_path}
    words = [word.format(**places) for word in words]
    data = json.loads(command(*words, "--format", "json").out)
    if words[0] == "flower":
        words[-1] += "2"
    rows = list(csv.DictReader(io.StringIO(command(*words, "--format", "csv").out)))
    if words[0] == "solve":
        assert len(rows) == len(data["samples"])
        return
    assert list(VALIDATOR.iter_errors(data)) == []
    assert len(rows) == len(data["rows"])
    for row, entry in zip(rows, data["rows"], strict=True):
        assert list(row) == list(entry)


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
@pytest.mark.parametrize("words", [("solve", "--learners", "3")])
def test_a_terminal_shows_what_a_pipe_gets(words, command):
    seen, piped = lines_on_a_terminal(words), command(*words).out
    assert re.sub(r"[\d.,]+ [um]?s\)", "", seen) == re.sub(r"[\d.,]+ [um]?s\)", "", piped)


def test_learners_are_called_by_name_wherever_they_are_listed(places, command):
    for words in (("solve",), ("simulate", "--failures", "0.9"), ("cycles",)):
        file = places["plan"] if words == ("cycles",) else places["scenario"]
        assert "roof" in command(*words, file, "--format", "json").out
    for words in (("solve", "{scenario}"), ("cycles", "{plan}")):
        said = command(*(word.format(**places) for word in words)).out
        assert "the third" in said
        assert "xxxx.." in said  # cut, where whole it would be 100 characters wide
    kept = command("solve", places["scenario"], "--start", places["plan"], "--keep", "roof,van")
    assert kept.status in (0, 4)


@pytest.mark.parametrize("name", ["", *EVERY], ids=lambda name: name or "mel-fast")
def test_help_fits_80_columns_and_cuts_no_line(name, command):
    done = command(*name.split(), "--help")
    assert done.status == 0
    for line in done.out.splitlines():
        assert len(line) <= 80
        assert not line.endswith("...") or line.startswith("Usage")


@pytest.mark.parametrize("name", EVERY)
def test_every_command_has_the_forms_and_says_its_exit_status(name):
    options = {word for param in EVERY[name].params for word in param.opts}
    assert "--format" in options
    if name.split()[0] != "store" or name == "store verify":
        assert "Exit status" in " ".join((EVERY[name].help or "").split())


def test_a_flag_has_one_meaning_in_all_commands_and_the_page_lists_it():
    page = PAGE.read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(-[^` ]+)`", page, flags=re.M)
    assert len(set(listed)) == len(listed)
    kinds: dict[str, set[str]] = {}
    for one in EVERY.values():
        for param in one.params:
            if isinstance(param, click.Option):
                for word in param.opts:
                    kinds.setdefault(word, set()).add(param.type.name.split()[0])
    assert set(kinds) - {"--help"} <= {*listed, "-q"}
    # One type each, but for what varies: a resource, or in a sweep an axis with its values.
    assert {word for word, types in kinds.items() if len(types) > 1} <= {"--over"}
    for _, old in RENAMED:
        assert old in page


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(VALIDATOR.schema)


def test_the_table_of_commands_is_the_help_and_the_page(command):
    said = command("--help").out
    page = PAGE.read_text(encoding="utf-8")
    for name, entry in COMMANDS.items():
        assert entry.help in said
        assert f"`{name}" in page
