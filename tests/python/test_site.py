"""The site's pages hang together; `python docs/build.py` builds them, warnings as errors."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MOST_BYTES = 300_000  # of a notebook with its pictures

pytestmark = pytest.mark.skipif(
    not (DOCS / "conf.py").is_file(), reason="the docs are not beside the tests"
)

PAGES = sorted(
    path
    for path in DOCS.rglob("*")
    if path.suffix in (".md", ".ipynb") and "generated" not in path.parts
)


def listed() -> set[Path]:
    """Return what stands in some toctree."""
    found = set()
    for page in PAGES:
        for body in re.findall(
            r"^```\{toctree\}\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S
        ):
            for line in body.splitlines():
                name = re.sub(r"^.*<(.*)>$", r"\1", line)
                if name and not name.startswith(":"):
                    found.add((page.parent / name).resolve())
    return found


def tool(name: str):
    """Return a module of docs/tools."""
    spec = importlib.util.spec_from_file_location(name, DOCS / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_page_stands_in_a_list():
    lists = listed()
    lost = [page.name for page in PAGES if page.with_suffix("") not in lists]
    assert set(lost) <= {"index.md"}, (
        "add these to a toctree of docs/howto/index.md (guides), explanation.md, reference.md, "
        "evidence.md or journal.md"
    )


def test_links_between_pages_lead_to_files():
    broken = []
    for page in (page for page in PAGES if page.suffix == ".md"):
        text = re.sub(r"^(```|~~~).*?^\1|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.M | re.S)
        for target in re.findall(r"\]\(([^)\s#]+)[^)\s]*\)", text):
            path = (page.parent / target).resolve()
            if ":" not in target and "generated" not in path.parts and not path.exists():
                broken.append(f"{page.name}: {target}")
    assert not broken


@pytest.mark.parametrize("page", [p for p in PAGES if p.suffix == ".ipynb"], ids=lambda p: p.stem)
def test_a_notebook_is_kept_as_it_ran_and_light(page):
    cells = json.loads(page.read_text("utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    outputs = [output for cell in code for output in cell["outputs"]]
    assert outputs
    assert not any(output["output_type"] == "error" for output in outputs)
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert page.stat().st_size <= MOST_BYTES


def test_a_broken_link_and_a_page_from_elsewhere_are_found(tmp_path):
    (tmp_path / "a.html").write_text('<p id="here"></p><a href="b.html#there">x</a>')
    (tmp_path / "b.html").write_text(
        '<a href="a.html#here">y</a><a href="c.html">z</a><script src="https://cdn/x.js"></script>'
    )
    assert tool("links").wrong(tmp_path) == [
        "a.html: b.html#there leads to no place on its page",
        "b.html: c.html leads to nothing",
        "b.html: loads https://cdn/x.js from elsewhere",
    ]
