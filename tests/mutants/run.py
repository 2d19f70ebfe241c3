"""Build each planted bug of mutants.py and see whether the native tests notice.

python tests/mutants/run.py [WORD ...]      only the mutants whose name holds a WORD
Prints a Markdown table; the exit status is the number of mutants that survive.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mutants import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
SECONDS = 120  # for the tests of one mutant; a hang is noticed too


class StaleMutantError(Exception):
    """A mutant whose source text is no longer there exactly once."""


def call(*command: str, seconds: float | None = None) -> str:
    """Run a command; return its output, or raise CalledProcessError or TimeoutExpired."""
    return subprocess.run(
        command,
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


def stale() -> list[str]:
    """Return a message for each mutant that no longer applies."""
    found = []
    for mutant in MUTANTS:
        try:
            mutated((ROOT / "cpp" / mutant.file).read_text(encoding="utf-8"), mutant)
        except StaleMutantError as error:
            found.append(str(error))
    return found


def verdict(tree: Path, mutant: Mutant) -> str:
    """Plant, build, test and remove one bug."""
    source = tree / "cpp" / mutant.file
    text = source.read_text(encoding="utf-8")
    source.write_text(mutated(text, mutant), encoding="utf-8")
    try:
        call("cmake", "--build", str(tree / "build"), "--parallel", "2")
        call(str(tree / "build/tests/cpp/mel_tests"), *mutant.tests.split(), seconds=SECONDS)
    except subprocess.TimeoutExpired:
        return "killed (hangs)"
    except subprocess.CalledProcessError as error:
        if error.cmd[0] == "cmake":
            raise SystemExit(f"{mutant.name} does not build:\n{error.stdout}") from None
        return "killed"
    finally:
        source.write_text(text, encoding="utf-8")
    return "SURVIVED"


def main(words: list[str]) -> int:
    """Run the mutants that were asked for."""
    if found := stale():
        raise SystemExit("\n".join(found))
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        for name in ("cpp", "tests/cpp"):
            shutil.copytree(ROOT / name, tree / name)
        for name in ("CMakeLists.txt", "pyproject.toml"):
            shutil.copy(ROOT / name, tree / name)
        ninja = ["-G", "Ninja"] if shutil.which("ninja") else []
        options = ["-DMEL_BUILD_TESTS=ON", "-DCMAKE_BUILD_TYPE=None", "-DCMAKE_CXX_FLAGS=-O1"]
        call("cmake", "-S", str(tree), "-B", str(tree / "build"), *ninja, *options)
        call("cmake", "--build", str(tree / "build"), "--parallel", "2")
        used = sorted({name for mutant in MUTANTS for name in mutant.tests.split()})
        call(str(tree / "build/tests/cpp/mel_tests"), *used)  # all pass without a bug
        print("| planted bug | file | verdict | seconds |\n|---|---|---|---|", flush=True)
        for mutant in MUTANTS:
            if words and not any(word in mutant.name for word in words):
                continue
            begin = time.monotonic()
            found_out = verdict(tree, mutant)
            survivors += found_out == "SURVIVED"
            seconds = time.monotonic() - begin
            print(f"| {mutant.name} | `{mutant.file}` | {found_out} | {seconds:.0f} |", flush=True)
    return survivors


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
