"""The page as one file: its scripts in their order, its core, its scenario."""

import base64
import hashlib
import html
import json
import re
from functools import cache
from importlib.resources import files
from os import PathLike

from mel_fast._base.atomic import write_text
from mel_fast.model.problem import Problem

MOST_LEARNERS = 5000  # as in page/reading.js
_ENTRY = "main.js"
_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([a-z0-9_]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(
    r"^export ((?:async )?(?:function\*?|const|class)) ([A-Za-z0-9_]+)", re.MULTILINE
)


def wasm() -> bytes | None:
    """Return the core as WebAssembly, None where this package was built without it."""
    binary = files("mel_fast.explore") / "core.wasm"
    return binary.read_bytes() if binary.is_file() else None


def export(
    path: str | PathLike[str], problem: Problem | None = None, name: str = "a scenario"
) -> None:
    """Write the page as one file that works without a network, a server or this package.

    Parameters
    ----------
    path
        The file to write, whole or not at all.
    problem
        What the page begins with; None for the paper's Table I.
    name
        What the page calls it.

    Raises
    ------
    ValueError
        When the page cannot carry that problem, or this package has no core for it.
    OSError
        When the file cannot be written.
    """
    core = wasm()
    if core is None:
        raise ValueError(
            "the page's WebAssembly is not part of this installation: python cpp/wasm/build.py in "
            "a checkout makes it (needs emscripten); without it mel-fast explore serves the page"
        )
    write_text(path, assembled(core, problem, name))


def check_problem(problem: Problem) -> None:
    """Refuse what the page does not plan.

    Raises
    ------
    ValueError
        Naming it.
    """
    if len(problem.learners) > MOST_LEARNERS:
        raise ValueError(
            f"{len(problem.learners):,} learners: the page takes at most {MOST_LEARNERS:,}"
        )


def assembled(core: bytes | None, problem: Problem | None, name: str) -> str:
    """Return the page; without a core it asks where it came from."""
    data = []
    if core is not None:
        binary = base64.b64encode(core).decode()
        data.append(f'<script type="application/octet-stream" id="core">{binary}</script>')
    if problem is not None:
        check_problem(problem)
        stated = json.dumps(problem.to_dict()).replace("<", "\\u003c")
        called = html.escape(f"From {name}")
        data.append(
            f'<script type="application/json" id="scenario" data-name="{called}">{stated}</script>'
        )
    script, style = bundle(), _text("page.css")
    sources = {
        "default-src": "'none'",
        "script-src": f"{_digest(script)} 'wasm-unsafe-eval'",
        "style-src": _digest(style),
        "img-src": "data:",
        "connect-src": "'self'" if core is None else "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    policy = "; ".join(f"{kind} {allowed}" for kind, allowed in sources.items())
    parts = {"policy": policy, "style": style, "script": script, "data": "\n".join(data)}
    return re.sub(r"\{([a-z]+)\}", lambda found: parts[found[1]], _text("page.html"))


def _digest(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@cache
def bundle() -> str:
    """Return the scripts as one: each module a function that returns what it exports."""
    done: list[str] = []
    parts: list[str] = []

    def add(name: str) -> None:
        if name in done:
            return
        done.append(name)
        source = _text(name)
        for _, needed in _IMPORT.findall(source):
            add(needed)
        body = _IMPORT.sub(lambda found: f"const {{{found[1]}}} = {_name(found[2])};\n", source)
        given = [word for _, word in _EXPORT.findall(body)]
        body = _EXPORT.sub(r"\1 \2", body)
        parts.append(
            f"const {_name(name)} = (() => {{\n{body}return {{ {', '.join(given)} }};\n}})();\n"
        )

    add(_ENTRY)
    return "".join(parts)


def _name(module: str) -> str:
    return "$" + module.removesuffix(".js")


def _text(name: str) -> str:
    return (files("mel_fast.explore") / "page" / name).read_text(encoding="utf-8")
