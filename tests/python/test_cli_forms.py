"""Help in 80 columns, one schema, units alike, flags of one meaning: of every command."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import jsonschema
import pytest

from mel_fast.cli import group
from mel_fast.cli.registry import COMMANDS, RENAMED, leaves

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "cli.json"
PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
EVERY = dict(leaves(group))


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


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
@pytest.mark.parametrize("words", [("solve", "--learners", "3")])
def test_a_terminal_shows_what_a_pipe_gets(words, command):
    seen, piped = lines_on_a_terminal(words), command(*words).out
    assert re.sub(r"[\d.,]+ [um]?s\)", "", seen) == re.sub(r"[\d.,]+ [um]?s\)", "", piped)


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
