"""Plant each bug of mutants.py and python_mutants.py and see whether the tests notice.

python tests/mutants/run.py [WORD ...]      only the mutants whose name holds a WORD
Needs cmake and a compiler for the core's, an installed mel_fast for the others. Prints a Markdown
table; the exit status is the number of mutants that survive.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mutants import MUTANTS, Mutant
from python_mutants import PYTHON_MUTANTS

ROOT = Path(__file__).parents[2]
CORE, PACKAGE = ROOT / "cpp", ROOT / "python/mel_fast"
SECONDS = 600  # for the tests of one mutant; a hang is noticed too


class StaleMutantError(Exception):
    """A mutant whose source text is no longer there exactly once."""


def call(*command: str, seconds: float | None = None, **variables: str) -> str:
    """Run a command; return its output, or raise CalledProcessError or TimeoutExpired."""
    return subprocess.run(
        command,
        env={**os.environ, **variables},
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
    ).stdout


def mutated(text: str, mutant: Mutant) -> str:
    """Return the source with the bug in it."""
    if text.count(mutant.old) != 1:
        raise StaleMutantError(
            f"{mutant.name}: {mutant.file} holds its text {text.count(mutant.old)} times, not once"
        )
    return text.replace(mutant.old, mutant.new)


def unknown_tests(mutant: Mutant, native: set[str]) -> list[str]:
    """Return a mutant's tests that are not there: whatever is not found fails, as if it killed."""
    found = []
    for name in mutant.tests.split():
        file, _, test = name.partition("::")
        if not file.endswith(".py"):
            there = name in native
        else:
            path = ROOT / "tests/python" / file
            function = test.split("[")[0]
            there = path.is_file() and f"def {function}" in path.read_text(encoding="utf-8")
        if not there or file.endswith(".py") != (mutant in PYTHON_MUTANTS):
            found.append(f"{mutant.name}: {name} is no test of its kind")
    return found


def stale() -> list[str]:
    """Return a message for each mutant that no longer applies, or whose tests are not there."""
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "tests/cpp").glob("*.cpp"))
    native = {name for text in sources for name in re.findall(r"^TEST\((\w+)\)", text, re.M)}
    found = [text for m in (*MUTANTS, *PYTHON_MUTANTS) for text in unknown_tests(m, native)]
    for folder, mutants in ((CORE, MUTANTS), (PACKAGE, PYTHON_MUTANTS)):
        for mutant in mutants:
            try:
                mutated((folder / mutant.file).read_text(encoding="utf-8"), mutant)
            except StaleMutantError as error:
                found.append(str(error))
    return found


@contextmanager
def planted(folder: Path, mutant: Mutant) -> Iterator[None]:
    """Put the bug into a copy of the source, and take it out again."""
    source = folder / mutant.file
    text = source.read_text(encoding="utf-8")
    source.write_text(mutated(text, mutant), encoding="utf-8")
    try:
        yield
    finally:
        source.write_text(text, encoding="utf-8")


class Core:
    """The core and its native tests, copied and built apart."""

    mutants = MUTANTS

    def __init__(self, tree: Path) -> None:
        self.source, self._build = tree / "cpp", tree / "build"
        for name in ("cmake", "cpp", "tests/cpp"):
            shutil.copytree(ROOT / name, tree / name)
        for name in ("CMakeLists.txt", "pyproject.toml"):
            shutil.copy(ROOT / name, tree / name)
        ninja = ["-G", "Ninja"] if shutil.which("ninja") else []
        options = ["-DMEL_BUILD_TESTS=ON", "-DCMAKE_BUILD_TYPE=None", "-DCMAKE_CXX_FLAGS=-O1"]
        call("cmake", "-S", str(tree), "-B", str(self._build), *ninja, *options)

    def build(self, name: str) -> None:
        try:
            call("cmake", "--build", str(self._build), "--parallel", "2")
        except subprocess.CalledProcessError as error:
            raise SystemExit(f"{name} does not build:\n{error.stdout}") from None

    def test(self, names: list[str]) -> None:
        call(str(self._build / "tests/cpp/mel_tests"), *names, seconds=SECONDS)


class Package:
    """The Python package, copied beside its compiled core; no bytecode, which could be stale."""

    mutants = PYTHON_MUTANTS

    def __init__(self, tree: Path) -> None:
        self.source = tree / "python/mel_fast"
        shutil.copytree(PACKAGE, self.source, ignore=shutil.ignore_patterns("__pycache__"))
        where = "import mel_fast._core; print(mel_fast._core.__file__)"
        core = Path(call(sys.executable, "-c", where).strip())
        shutil.copy(core, self.source / core.name)
        self._variables = {"PYTHONPATH": str(tree / "python"), "PYTHONDONTWRITEBYTECODE": "1"}

    def build(self, name: str) -> None:
        where = call(
            sys.executable, "-c", "import mel_fast; print(mel_fast.__file__)", **self._variables
        )
        assert Path(where.strip()).parent == self.source, (name, where)

    def test(self, names: list[str]) -> None:
        files = [str(ROOT / "tests/python" / name) for name in names]
        pytest = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        call(
            *pytest, "-c", str(ROOT / "pyproject.toml"), *files, seconds=SECONDS, **self._variables
        )


def verdict(copy: Core | Package, mutant: Mutant) -> str:
    """Plant, build, test and remove one bug."""
    with planted(copy.source, mutant):
        copy.build(mutant.name)
        try:
            copy.test(mutant.tests.split())
        except subprocess.TimeoutExpired:
            return "killed (hangs)"
        except subprocess.CalledProcessError:
            return "killed"
        return "SURVIVED"


def main(words: list[str]) -> int:
    """Run the mutants that were asked for."""
    if found := stale():
        raise SystemExit("\n".join(found))
    survivors = 0
    print("| planted bug | file | verdict | seconds |\n|---|---|---|---|", flush=True)
    for kind in (Core, Package):
        wanted = [m for m in kind.mutants if not words or any(word in m.name for word in words)]
        if not wanted:
            continue
        with tempfile.TemporaryDirectory() as folder:
            copy = kind(Path(folder) / "tree")
            copy.build("the source without a bug")
            try:
                copy.test(sorted({name for mutant in wanted for name in mutant.tests.split()}))
            except subprocess.CalledProcessError as error:
                raise SystemExit(f"without a bug the tests fail:\n{error.stdout}") from None
            for mutant in wanted:
                begin = time.monotonic()
                found_out = verdict(copy, mutant)
                survivors += found_out == "SURVIVED"
                seconds = time.monotonic() - begin
                row = f"| {mutant.name} | `{mutant.file}` | {found_out} | {seconds:.0f} |"
                print(row, flush=True)
    return survivors


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
