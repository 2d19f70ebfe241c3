"""The page's modules in Node, its core, and what a test needs of either."""

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

import mel_fast.explore as explore

NODE = shutil.which("node") or shutil.which("nodejs")
PAGE = Path(explore.__file__).parent / "page"
CORE = Path(explore.__file__).parent / "core.wasm"
RUNNER = Path(__file__).parent / "explore_node.mjs"

needs_node = pytest.mark.skipif(NODE is None, reason="needs node")
needs_core = pytest.mark.skipif(
    not CORE.is_file(), reason="needs the page's WebAssembly: python cpp/wasm/build.py"
)


@cache
def modules() -> Path:
    """Return a folder in which Node takes the page's scripts for modules."""
    folder = Path(mkdtemp(prefix="mel_fast-page-"))
    for path in PAGE.glob("*.js"):
        shutil.copy(path, folder)
    (folder / "package.json").write_text('{"type": "module"}')
    return folder


def node(task: str, given: object = None) -> Any:
    """Return what a task of `explore_node.mjs` says."""
    assert NODE is not None
    core = [str(CORE)] if CORE.is_file() else []
    done = subprocess.run(
        [NODE, str(RUNNER), str(modules()), *core],
        input=json.dumps({"task": task, "given": given}),
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
