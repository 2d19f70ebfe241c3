"""Compile the core to WebAssembly, into the package of this checkout (or another folder).

    python cpp/wasm/build.py [--into FOLDER]

Needs emscripten (Debian: apt-get install emscripten; 3.1.6 is enough) and CMake. Wheels and sdists
made of this checkout afterwards carry what was built.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "mel_fast" / "explore"
NAME = "core.wasm"


def digest() -> str:
    """Return a digest of all sources that the module is made of."""
    found = hashlib.sha256()
    folder = ROOT / "cpp"
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.suffix in {".cpp", ".hpp", ".txt"} and parts[0] != "bindings":
            found.update("/".join(parts).encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()[:32]


def build(into: Path) -> Path:
    """Compile what changed and put the module into a folder.

    Raises
    ------
    FileNotFoundError
        When a program is missing.
    CalledProcessError
        When it does not compile.
    """
    for program in ("emcmake", "cmake"):
        if shutil.which(program) is None:
            raise FileNotFoundError(f"{program} is not installed")
    folder = ROOT / "build" / "wasm"
    configured = [
        "emcmake", "cmake", "-S", str(ROOT), "-B", str(folder), "-DCMAKE_BUILD_TYPE=Release",
        f"-DMEL_SOURCES={digest()}", "-DMEL_WARNINGS_AS_ERRORS=ON", "-DMEL_PRECOMPILE_OWN=ON",
    ]  # fmt: skip
    if shutil.which("ninja"):
        configured += ["-G", "Ninja"]
    # The compiler of emscripten, whatever else is set up for the native one.
    environment = {name: value for name, value in os.environ.items() if name not in _NATIVE}
    parallel = os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL", str(os.cpu_count() or 1))
    built = ["cmake", "--build", str(folder), "--target", "mel_wasm", "--parallel", parallel]
    for command in (configured, built):
        subprocess.run(command, check=True, env=environment, stdout=sys.stderr)
    into.mkdir(parents=True, exist_ok=True)
    temporary = into / f".{NAME}.new"
    shutil.copyfile(folder / "cpp" / "wasm" / NAME, temporary)
    return temporary.replace(into / NAME)


_NATIVE = ("CC", "CXX", "CFLAGS", "CXXFLAGS", "LDFLAGS", "CMAKE_ARGS")
_NATIVE += ("CMAKE_CXX_COMPILER_LAUNCHER", "CMAKE_GENERATOR")

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, prog="python cpp/wasm/build.py")
    parser.add_argument("--into", type=Path, default=PACKAGE, help="the folder for core.wasm")
    try:
        made = build(parser.parse_args().into)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        sys.exit(f"core.wasm was not built: {error}")
    print(f"{made} ({made.stat().st_size:,} bytes)")
