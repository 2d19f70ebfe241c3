"""The report's file: a section for each part, of which a run replaces its own alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mel_fast._base.atomic import write_text

TITLE = "# The paper's experiments, reproduced\n"

_HEADINGS = {
    "fig1": ("## Figure 1",),
    "fig2": ("## Figure 2",),
    "report": ("## Published and reproduced", "## What changes it"),
    "best": ("## What is best",),
    "fig3": ("## Accuracy: figure 3",),
    "fig4": ("## Accuracy: figure 4",),
}
_LONGEST = 1 << 22  # bytes of a report of ours, by far


def write(path: Path, preface: str, sections: Mapping[str, str]) -> None:
    """Write sections by their parts' names, in the parts' order; other parts' stay as they are.

    A file that is no report of ours is replaced. Sections that nothing here knows stay at the end.

    Raises
    ------
    OSError
        If the file cannot be read or written; then the old one is left.
    """
    found = {**_kept(path), **sections}
    order = [*_HEADINGS, *(name for name in found if name not in _HEADINGS)]
    texts = [f"{found[name].strip()}\n" for name in order if name in found]
    write_text(path, "\n".join([TITLE, f"{preface.strip()}\n", *texts]))


def _kept(path: Path) -> dict[str, str]:
    """Return the sections of a report that is there, by their parts or else by their headings."""
    if not path.is_file() or path.stat().st_size > _LONGEST:
        return {}
    text = path.read_text(encoding="utf-8", errors="replace")
    if not text.startswith(TITLE):
        return {}
    found: dict[str, str] = {}
    for section in text.split("\n## ")[1:]:
        whole = f"## {section}"
        heading = whole.split("\n", 1)[0]
        name = next((part for part, begin in _HEADINGS.items() if heading.startswith(begin)), "")
        found[name or heading] = found.get(name or heading, "") + whole.rstrip("\n") + "\n\n"
    return found
