"""Print the lines of cpp/ that no native test reaches, from the run of the sanitizers.

cmake --preset asan-ubsan -DMEL_COUNT_LINES=ON && cmake --build --preset asan-ubsan
LLVM_PROFILE_FILE=build/asan-ubsan/tests.%p.profraw build/asan-ubsan/tests/cpp/mel_tests
python tests/coverage_core.py        needs clang's llvm-profdata and llvm-cov
"""

import subprocess
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build/asan-ubsan"


def call(*command: object) -> str:
    """Run a command and return what it prints."""
    words = [str(word) for word in command]
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout


def tool(name: str) -> str:
    """Return the path of a tool of clang's own version."""
    return call("clang++", f"-print-prog-name={name}").strip()


def counts() -> dict[Path, dict[int, int]]:
    """Return how often each line of each file of the core ran."""
    profile = BUILD / "tests.profdata"
    call(tool("llvm-profdata"), "merge", *BUILD.glob("tests.*.profraw"), "-o", profile)
    found: dict[Path, dict[int, int]] = defaultdict(dict)
    program = BUILD / "tests/cpp/mel_tests"
    options = ("-format=lcov", f"-instr-profile={profile}")
    for line in call(tool("llvm-cov"), "export", *options, program, ROOT / "cpp").splitlines():
        word, _, rest = line.partition(":")
        if word == "SF":
            path = Path(rest).relative_to(ROOT)
        elif word == "DA":
            number, count = rest.split(",")[:2]
            found[path][int(number)] = int(count)
    return found


def main() -> None:
    """Print a line of numbers for each file, and the lines without a hit."""
    every = reached = 0
    for path, lines in sorted(counts().items()):
        if not lines:  # of what is not counted
            continue
        missed = sorted(number for number, count in lines.items() if count == 0)
        every += len(lines)
        reached += len(lines) - len(missed)
        share = 100 * (1 - len(missed) / len(lines))
        print(f"{share:6.1f} %  {path}" + (f"  not reached: {missed}" if missed else ""))
    print(f"{100 * reached / every:6.1f} %  of {every} lines of the core reached")


if __name__ == "__main__":
    main()
