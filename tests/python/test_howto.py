"""The how-to pages' code runs as it stands, and prints what the pages say."""

import contextlib
import importlib
import io
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "howto"
FENCE = re.compile(r"^```(python|text)\n(.*?)^```$", re.M | re.S)
NEEDS = {"flower": "flwr", "sweep_on_dask": "distributed", "store": "sqlalchemy"}
PAGES = sorted(page.stem for page in FOLDER.glob("*.md") if page.stem not in ("index", "embed"))

pytestmark = pytest.mark.skipif(not PAGES, reason="the docs are not beside the tests")


def blocks(page: str, language: str) -> list[str]:
    """Return the blocks of a page in one language."""
    text = (FOLDER / f"{page}.md").read_text(encoding="utf-8")
    return [body for kind, body in FENCE.findall(text) if kind == language]


@pytest.mark.parametrize("page", PAGES)
def test_its_code_prints_what_it_says(page, tmp_path, monkeypatch):
    if page in NEEDS:
        pytest.importorskip(
            NEEDS[page], reason=f"the page is about an extra that has {NEEDS[page]}"
        )
    monkeypatch.chdir(tmp_path)
    code, shown = blocks(page, "python"), blocks(page, "text")
    assert code
    assert shown
    out, names = io.StringIO(), {"__name__": page}
    with contextlib.redirect_stdout(out):
        for block in code:
            exec(compile(block, f"docs/howto/{page}.md", "exec"), names)
    assert out.getvalue() == "".join(shown)


def test_every_page_of_the_index_is_tested_here_or_built():
    listed = set(re.findall(r"\]\((\w+)\.md\)", (FOLDER / "index.md").read_text(encoding="utf-8")))
    assert listed == {*PAGES, "embed"}
    assert importlib.import_module("mel_fast").__all__
