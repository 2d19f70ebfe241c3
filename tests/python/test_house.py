"""The rooms of the package: who may import whom, as CONTRIBUTING.md draws it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import mel_fast

ROOT = Path(mel_fast.__file__).parent
DRAWING = Path(__file__).parents[2] / "CONTRIBUTING.md"
MOST_ROOMS, MOST_FILES = 25, 12


def floors(text: str) -> dict[str, int]:
    """Return the height of each room: the lines of the drawing from the ground up."""
    block = text.split("### The rooms of the Python package")[1].split("### The floors")[0]
    lines = [line for line in block.splitlines() if line.startswith("    ")]
    rooms = [line[4:].split("  ")[0].split() for line in lines]
    return {room: height for height, row in enumerate(reversed(rooms)) for room in row}


def modules(root: Path) -> dict[str, Path]:
    """Return every module by its dotted name below the package."""
    return {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for path in root.rglob("*.py")
    }


def room(module: str, path: Path) -> str:
    """Return the folder of a module, '' for the face."""
    parts = module.split(".")
    return "/".join(parts if path.name == "__init__.py" and module != "__init__" else parts[:-1])


def imports(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """Yield the package's modules that a file imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            if name.startswith("mel_fast.") and "mel_fast._core" not in name:
                below = name.removeprefix("mel_fast.")
                yield below if below in known else below.rpartition(".")[0] or "__init__"
            elif name == "mel_fast":
                yield "__init__"


def wrong(root: Path, heights: dict[str, int]) -> list[str]:
    """Return every import that does not lead down, and every circle within a room."""
    known = modules(root)
    arrows = {
        module: {target for target in imports(path, known) if target in known and target != module}
        for module, path in known.items()
    }
    found = []
    for module, targets in arrows.items():
        mine = room(module, known[module])
        for target in sorted(targets):
            theirs = room(target, known[target])
            up = theirs == "" and not target.startswith("_interpreter")
            if mine and (up or (mine != theirs and not below(theirs, mine, heights))):
                found.append(f"{module} imports {target}")
    return found + circles(arrows)


def below(lower: str, upper: str, heights: dict[str, int]) -> bool:
    """Whether a room may be imported: a lower line, or a part of the room itself."""
    same = lower.split("/")[0] == upper.split("/")[0]
    return same or heights.get(lower, 99) < heights.get(upper, -1)


def circles(arrows: dict[str, set[str]]) -> list[str]:
    """Return the modules from which one comes back to them."""
    arrows = dict(arrows)
    while ends := [module for module, targets in arrows.items() if not targets & arrows.keys()]:
        for module in ends:  # leads nowhere, and so not back
            del arrows[module]
    found = []
    for module in arrows:
        seen: set[str] = set()
        todo = [module]
        while todo:
            new = arrows.get(todo.pop(), set()) - seen
            seen |= new
            todo.extend(new)
        if module in seen:
            found.append(f"{module} imports itself in a circle")
    return found


def test_imports_lead_down_and_never_in_a_circle() -> None:
    assert wrong(ROOT, floors(DRAWING.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("where", "line", "broken"),
    [
        ("model/low.py", "from mel_fast.plans import high", "model.low imports plans.high"),
        (
            "model/low.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import mel_fast.plans.high",
            "model.low imports plans.high",
        ),
        ("model/low.py", "def f():\n    from mel_fast import solve", "model.low imports __init__"),
        (
            "plans/low.py",
            "from mel_fast.plans import high",
            "plans.high imports itself in a circle",
        ),
        ("unheard/of.py", "from mel_fast.plans import high", "unheard.of imports plans.high"),
    ],
)
def test_a_wrong_arrow_is_found(where: str, line: str, broken: str, tmp_path: Path) -> None:
    high = tmp_path / "plans" / "high.py"
    other = tmp_path / where
    for file in (high, other):
        file.parent.mkdir(exist_ok=True)
    (tmp_path / "__init__.py").write_text("")
    high.write_text("import mel_fast.plans.low")
    other.write_text(line)
    assert broken in wrong(tmp_path, {"model": 0, "plans": 1})


def test_the_drawing_shows_every_room_and_each_says_what_lives_there() -> None:
    drawn = floors(DRAWING.read_text(encoding="utf-8"))
    files: dict[str, int] = {}
    for module, path in modules(ROOT).items():
        files[room(module, path)] = files.get(room(module, path), 0) + 1
        if path.name == "__init__.py":
            assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path
    files.pop("")
    assert set(files) <= set(drawn)
    assert len({name.split("/")[0] for name in files}) <= MOST_ROOMS
    assert {name: count for name, count in files.items() if count > MOST_FILES} == {}


def test_nothing_but_the_public_names_is_on_the_face() -> None:
    assert dir(mel_fast) == sorted(mel_fast.__all__)
    assert type(mel_fast) is type(ast)
    for name in mel_fast.__all__:
        assert getattr(mel_fast, name) is not None


def silent_folders(root: Path) -> list[str]:
    """Return folders with code that do not open with words on what lives in them."""
    kinds = {".py", ".cpp", ".hpp"}
    found = []
    for folder in sorted({path.parent for path in root.rglob("*") if path.suffix in kinds}):
        head = folder / "__init__.py"
        said = head.is_file() and ast.get_docstring(ast.parse(head.read_text(encoding="utf-8")))
        if not said and not (folder / "README.md").is_file():
            found.append(str(folder.relative_to(root)))
    return found


def test_every_folder_with_code_says_what_lives_there(tmp_path: Path) -> None:
    assert not silent_folders(ROOT)
    top = DRAWING.parent
    mirrored = {"tests/python", "tests/cpp", "tests/mutants", "tests/fuzz"}  # by tests/README.md
    for part in ("cpp", "tests", "bench"):
        if (top / part).is_dir():
            silent = {f"{part}/{name}".removesuffix("/.") for name in silent_folders(top / part)}
            assert silent <= mirrored
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "code.py").touch()
    assert silent_folders(tmp_path) == ["new"]
