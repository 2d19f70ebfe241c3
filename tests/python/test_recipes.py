"""Every recipe prints what the page says that it prints."""

import contextlib
import io
import re
from pathlib import Path
from textwrap import dedent

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "recipes.md"

pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="the docs are not beside the tests")

RECIPE = re.compile(r"^## (.*)\n(?:(?!## ).*\n)*?((?: {4}.*\n|\n)+)prints\n\n((?: {4}.*\n)+)", re.M)


def recipes() -> list[tuple[str, str, str]]:
    """Return title, code and what it prints."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""
    return [(title, dedent(code), dedent(out)) for title, code, out in RECIPE.findall(text)]


def test_every_section_has_an_example() -> None:
    titles = re.findall(r"^## (.*)$", PAGE.read_text(encoding="utf-8"), re.M)
    assert [title for title, _, _ in recipes()] == titles
    assert len(titles) >= 5


@pytest.mark.parametrize(("title", "code", "printed"), recipes(), ids=lambda text: str(text)[:16])
def test_it_prints_what_the_page_says(title: str, code: str, printed: str) -> None:
    assert title
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, title, "exec"), {})
    assert out.getvalue() == printed
