"""The outputs that notebooks are kept with: small, and without what differs from run to run."""

from pathlib import Path

import nbformat
from nbclient import NotebookClient

KEPT = ("text/plain", "image/png")
MOST_BYTES = 300_000  # a notebook with its pictures


def lighten(notebook: nbformat.NotebookNode) -> None:
    """Drop what nobody reads: execution times, numbers of runs, second forms of an output."""
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
        cell.metadata = {key: value for key, value in cell.metadata.items() if key == "tags"}
        for output in cell.get("outputs", []):
            if "data" in output:
                output["data"] = {k: v for k, v in output["data"].items() if k in KEPT}
    python = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata = nbformat.from_dict({"kernelspec": python})


def write_all(folder: Path) -> None:
    """Run every notebook of a folder and write what it printed into it."""
    for path in sorted(folder.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        NotebookClient(notebook, timeout=600, kernel_name="python3").execute(cwd=str(folder))
        lighten(notebook)
        nbformat.write(notebook, path)
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise ValueError(f"{path.name} has {size:,} bytes: at most {MOST_BYTES:,}")
        print(f"{path.name}: {size:,} bytes")
