"""The core's own C++ tests, built and run from here so that one command tells all."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


def run(*command: object) -> str:
    """Run a command, return its output, fail with that output."""
    done = subprocess.run(
        [str(word) for word in command],
        env={**os.environ, "PATH": PATH},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}"
    return done.stdout


def has_compiler() -> bool:
    names = [os.environ.get("CXX", ""), "c++", "g++", "clang++", "cl"]
    return any(name and shutil.which(name, path=PATH) for name in names)


@pytest.mark.skipif(not (ROOT / "tests/cpp/CMakeLists.txt").is_file(), reason="no C++ tests here")
@pytest.mark.skipif(not shutil.which("cmake", path=PATH), reason="no cmake (extra [test] has it)")
@pytest.mark.skipif(not has_compiler(), reason="no C++ compiler")
def test_the_native_tests_pass_and_another_program_finds_the_core(tmp_path_factory):
    writable = os.access(ROOT, os.W_OK)
    build = ROOT / "build/pytest" if writable else tmp_path_factory.mktemp("native")
    generator = ["-G", "Ninja"] if shutil.which("ninja", path=PATH) else []
    options = ["-DCMAKE_BUILD_TYPE=Release", "-DMEL_BUILD_TESTS=ON", "-DMEL_WARNINGS_AS_ERRORS=ON"]
    run("cmake", "-S", ROOT, "-B", build, *generator, *options)
    run("cmake", "--build", build, "--parallel", os.cpu_count() or 1)
    print(run("ctest", "--test-dir", build, "--output-on-failure", "--no-tests=error"))
    # What docs/howto/embed.md tells the reader to do, with the core that was just built.
    root, work = tmp_path_factory.mktemp("installed"), tmp_path_factory.mktemp("embed")
    run("cmake", "--install", build, "--prefix", root)
    program = ROOT / "examples/embed"
    run("cmake", "-S", program, "-B", work, *generator, f"-DCMAKE_PREFIX_PATH={root}")
    run("cmake", "--build", work)
    page = (ROOT / "docs/howto/embed.md").read_text(encoding="utf-8")
    assert f"```text\n{run(work / 'round')}```" in page
