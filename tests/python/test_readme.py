"""The README's example prints what the README says, and its commands are those that exist."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from mel_fast.cli import group

README = Path(__file__).parents[2] / "README.md"
TEXT = README.read_text(encoding="utf-8") if README.is_file() else ""

pytestmark = pytest.mark.skipif(not TEXT, reason="the README is not beside the tests")


def block(language):
    return re.search(rf"```{language}\n(.*?)```", TEXT, flags=re.DOTALL).group(1)


def test_the_example_prints_what_stands_below_it():
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(block("python"), str(README), "exec"), {})
    assert out.getvalue() == block("text")


def test_every_command_that_is_named_exists():
    named = set(re.findall(r"`mel-fast (\w+)", TEXT))
    assert {"solve", "check"} <= named <= set(group.list_commands(None))
