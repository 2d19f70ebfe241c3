"""What the documentation shows as printed is what its command prints today."""

import contextlib
import io
import re
import runpy
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

import mel_fast as mel

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="the docs are not beside the tests")

# Page, beginning of the block's first line, and what prints it: a command that the page names, or
# the lines of Python above the block.
PRINTED = (
    ("planning.md", "tau = 8 fits", "print(mel.solve(mel.scenarios.table1()).explain())"),
    ("planning.md", "4 learners of 20", "mel-fast simulate --failures 0.1 --drift-db 2"),
    ("planning.md", "nobody is limited", "python examples/limits.py"),
    ("planning.md", "max_samples: together", "python examples/limits.py"),
    ("planning.md", "tau = 9 fits", "python examples/limits.py"),
    ("planning.md", " inf J each", "python examples/energy.py"),
    ("planning.md", "bandwidth at will", "python examples/resource_blocks.py"),
    ("planning.md", "planned: tau = 8", "python examples/keep.py"),
    ("campaign.md", "tau = 4: 103,241", "python examples/most_samples.py"),
    ("campaign.md", "float32: float32", "python examples/time_to_accuracy.py"),
    ("uplink.md", "plan     optimal: tau = 18", "python examples/uplink.py"),
    (
        "orchestrate.md",
        "spending               rounds",
        "mel-fast loop batteries --seeds 2 --rounds 12",
    ),
    ("tiers.md", "end: 13.00 s", "python examples/tiers.py"),
    ("tiers.md", "100 m: single cell", "python examples/edges_and_cloud.py"),
)


def block(page: str, begins: str) -> list[str]:
    """Return the lines of the one indented block that begins so."""
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = re.findall(r"(?:^ {4}.*\n?)+", text, flags=re.MULTILINE)
    found = [lines for lines in blocks if lines[4:].startswith(begins)]
    assert len(found) == 1, f"{page} has {len(found)} blocks that begin with {begins!r}"
    return [line[4:].rstrip() for line in found[0].splitlines()]


def printed(how: str, command: Callable[..., object]) -> list[str]:
    """Return the lines that a command or some Python prints."""
    if how.startswith("mel-fast"):
        return command(*shlex.split(how)[1:]).out.splitlines()  # type: ignore[attr-defined]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        if how.startswith("python "):
            runpy.run_path(str(ROOT / how.removeprefix("python ")), run_name="__main__")
        else:
            exec(how, {"mel": mel})
    return out.getvalue().splitlines()


@pytest.mark.parametrize(("page", "begins", "how"), PRINTED, ids=lambda value: str(value)[:24])
def test_a_printed_block_is_what_its_command_prints(page, begins, how, command):
    lines = [line.rstrip() for line in printed(how, command)]
    at = 0
    for line in block(page, begins):  # in this order; what is left out stands in no block
        assert line in lines[at:], f"{page}: not printed by {how.splitlines()[-1]}: {line!r}"
        at = lines.index(line, at) + 1


def test_every_example_that_the_docs_name_is_there():
    pages = [*DOCS.glob("*.md"), ROOT / "README.md"]
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    named = set(re.findall(r"(?:examples|bench)/\w+\.py", text))
    assert named
    assert not {name for name in named if not (ROOT / name).is_file()}
