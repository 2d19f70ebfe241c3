"""The tutorial's commands, typed one after another in an empty folder, do what the page says."""

import contextlib
import io
import re
import runpy
import shlex
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
TUTORIAL = DOCS / "tutorial.md"
FENCE = re.compile(r"^```(\S+)(?: (\w+))?\n(?::caption: (\S+)\n\n)?(.*?)^```$", re.M | re.S)
MOST_COMMANDS = 12

pytestmark = pytest.mark.skipif(not TUTORIAL.is_file(), reason="the docs are not beside the tests")


def steps() -> list[tuple[str, str]]:
    """Return files as (name, content) and commands as ('$', what stands in the block)."""
    found = []
    for kind, _, caption, body in FENCE.findall(TUTORIAL.read_text(encoding="utf-8")):
        if kind == "console":
            found.append(("$", body))
        elif caption:
            found.append((caption, body))
    return found


def commands(body: str) -> list[tuple[str, list[str]]]:
    """Return each command of a block with the lines that it prints."""
    lines = body.splitlines()
    starts = [n for n, line in enumerate(lines) if line.startswith("$ ")]
    assert starts
    assert starts[0] == 0
    return [
        (lines[start][2:], lines[start + 1 : end])
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)
    ]


def typed(line: str, command) -> str:
    """Do what a shell would, and return what it shows."""
    words = shlex.split(line)
    target = words[words.index(">") + 1] if ">" in words else None
    words = words[: words.index(">")] if target else words
    if words[0] == "mel-fast":
        done = command(*words[1:])
        assert done.status == 0, done.err
        out = done.out
    else:
        assert words[0] == "python"
        stream = io.StringIO()
        with contextlib.redirect_stdout(stream):
            runpy.run_path(words[1], run_name="__main__")
        out = stream.getvalue()
    if target:
        Path(target).write_text(out, encoding="utf-8")
        return ""
    return out


def printed(shown: str, lines: list[str]) -> bool:
    """Whether a line of the page was printed; three dots at its end stand for any rest."""
    if shown.endswith(" ..."):
        return any(line.startswith(shown.removesuffix(" ...")) for line in lines)
    return shown in lines


def test_a_stranger_comes_from_a_csv_to_a_plan_and_a_figure(tmp_path, monkeypatch, command):
    pytest.importorskip("matplotlib", reason="figures need the extra [plot]").use("Agg")
    pytest.importorskip("flint", reason="the checker needs the extra [verify]")
    monkeypatch.chdir(tmp_path)
    count = 0
    for name, body in steps():
        if name != "$":
            Path(name).write_text(body, encoding="utf-8")
            continue
        for line, shown in commands(body):
            count += 1
            if line.startswith("pip install "):
                continue  # whoever runs this has done it
            lines = [text.rstrip() for text in typed(line, command).splitlines()]
            for text in shown:
                assert printed(text, lines), f"{line}: does not print {text!r}"
    assert 5 <= count <= MOST_COMMANDS
    made = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert {"plan.json", "plan.png", "frontier.png", "plan.csv", "round.png"} <= set(made)
    assert all(made.values())


def test_its_pictures_are_there():
    named = re.findall(r"\]\((figures/\S+)\)", TUTORIAL.read_text(encoding="utf-8"))
    assert named
    assert all((DOCS / name).is_file() for name in named)
