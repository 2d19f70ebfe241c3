"""Build the core with gcov, run the native tests, print the lines of cpp/ that none reaches.

python tests/coverage_core.py        needs cmake, ninja, GCC and its gcov
"""

import json
import os
import subprocess
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build/coverage"


def call(*command: object) -> str:
    """Run a command in the repository's root and return what it prints."""
    words = [str(word) for word in command]
    return subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def counts() -> dict[Path, dict[int, int]]:
    """Return how often each line of each file of the core ran, over all translation units."""
    found: dict[Path, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for data in sorted((BUILD / "cpp").rglob("*.gcda")):
        for line in call("gcov", "--json-format", "--stdout", data).splitlines():
            for file in json.loads(line)["files"]:
                path = (BUILD / file["file"]).resolve()
                if not path.is_relative_to(ROOT / "cpp"):
                    continue
                for entry in file["lines"]:
                    found[path.relative_to(ROOT)][entry["line_number"]] += entry["count"]
    return found


def main() -> None:
    """Print a line of numbers for each file, and the lines without a hit."""
    call("cmake", "--preset", "coverage")
    call("cmake", "--build", BUILD, "--parallel", os.cpu_count() or 1)
    for old in BUILD.rglob("*.gcda"):
        old.unlink()
    call(BUILD / "tests/cpp/mel_tests")
    every = reached = 0
    for path, lines in sorted(counts().items()):
        missed = sorted(number for number, count in lines.items() if count == 0)
        every += len(lines)
        reached += len(lines) - len(missed)
        share = 100 * (1 - len(missed) / len(lines))
        print(f"{share:6.1f} %  {path}" + (f"  not reached: {missed}" if missed else ""))
    print(f"{100 * reached / every:6.1f} %  of {every} lines of the core reached")


if __name__ == "__main__":
    main()
