"""What is packed: a complete sdist, honest metadata, hints that work, a clear refusal."""

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest

from mel_fast._base import optional

ROOT = Path(__file__).parents[2]
SOURCES = pytest.mark.skipif(
    not (ROOT / "pyproject.toml").is_file(), reason="the package runs without its sources"
)

MUST = (
    "CMakeLists.txt",
    "CMakePresets.json",
    "CITATION.cff",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "pyproject.toml",
    ".ci/run",
    "bench/README.md",
    "cpp/CMakeLists.txt",
    "cpp/include/mel/solve.hpp",
    "cpp/kernels/avx512.cpp",
    "cpp/bindings/module.cpp",
    "docs/figures/plan.png",
    "docs/schemas/cli.json",
    "docs/cli.md",
    "examples/uplink.py",
    "python/mel_fast/__init__.py",
    "python/mel_fast/_core.pyi",
    "python/mel_fast/py.typed",
    "python/mel_fast/flower/template/README.md",
    "tests/cpp/CMakeLists.txt",
    "tests/python/conftest.py",
)


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@SOURCES
def test_the_sdist_has_everything_that_is_kept_and_nothing_that_is_built(tmp_path, monkeypatch):
    build = pytest.importorskip("scikit_build_core.build")
    monkeypatch.chdir(ROOT)
    with tarfile.open(tmp_path / build.build_sdist(str(tmp_path))) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    assert set(MUST) <= names
    assert not [name for name in names if name.endswith((".so", ".pyc", ".o"))]
    kept = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if kept.returncode == 0:
        assert {name for name in kept.stdout.split("\0") if (ROOT / name).is_file()} <= names


@SOURCES
def test_the_metadata_names_licence_and_pythons():
    said = project()["project"]
    assert said["license"] == "MIT"
    assert said["license-files"] == ["LICENSE"]
    assert not [one for one in said["classifiers"] if one.startswith("License ::")]
    pythons = re.findall(r"cp3(\d+)-\*", project()["tool"]["cibuildwheel"]["build"])
    assert pythons == ["11", "12", "13", "14"]
    for minor in pythons:
        assert f"Programming Language :: Python :: 3.{minor}" in said["classifiers"]


@SOURCES
def test_all_is_every_extra_that_a_user_may_want():
    extras = project()["project"]["optional-dependencies"]
    (everything,) = extras["all"]
    named = set(re.search(r"\[(.*)\]", everything)[1].split(","))
    assert named == {
        name for name, needs in extras.items() if needs and name not in ("all", "bench", "test",
                                                                         "dev", "docs")
    }  # fmt: skip


def test_a_hint_names_the_folder_that_the_package_is_run_from(monkeypatch, tmp_path):
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(optional, "_folder", lambda: tmp_path)
    assert optional.how_to_install("plot") == (
        f"pip install 'mel_fast[plot]', here: pip install '{tmp_path}[plot]'"
    )
    monkeypatch.setattr(optional, "_folder", lambda: None)
    assert optional.how_to_install("plot") == "pip install 'mel_fast[plot]'"
    monkeypatch.undo()
    folder = optional._folder()
    assert folder is None or (folder / "python" / "mel_fast").is_dir()


@SOURCES
@pytest.mark.skipif(sys.platform == "win32", reason="it is refused there")
def test_windows_is_refused_in_one_clear_message(tmp_path):
    cmake = shutil.which("cmake")
    if cmake is None:
        pytest.skip("no cmake on the path")
    done = subprocess.run(
        [cmake, "-S", ROOT, "-B", tmp_path, "-DCMAKE_HOST_WIN32=ON"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "mel_fast is not built on Windows" in done.stderr
    assert "Subsystem for Linux" in " ".join(done.stderr.split())
