"""The suite notices planted bugs; the table in docs/verification.md comes from the same script."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "mutants"


def test_every_mutant_still_applies() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import run; print(*run.stale(), sep='\\n')"],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ""


def test_a_mutant_whose_test_is_not_there_is_told() -> None:
    # What is not found fails, and was counted as killing.
    words = (
        "import run; core, package = run.MUTANTS[0], run.PYTHON_MUTANTS[0];"
        "lost = core._replace(tests='no_such_test'), package._replace(tests='test_no_such.py');"
        "print([len(run.unknown_tests(m, {core.tests})) for m in (core, package, *lost)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", words], cwd=FOLDER, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[0, 0, 1, 1]"


@pytest.mark.skipif(not shutil.which("cmake"), reason="no cmake")
def test_what_is_copied_to_plant_bugs_in_can_be_built(tmp_path: Path) -> None:
    # Nothing is compiled here: a file that the build names and the copy lacks fails at once.
    words = "import sys; from pathlib import Path; import run; run.Core(Path(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", words, str(tmp_path / "tree")],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("cmake"), reason="no cmake")
def test_every_mutant_is_killed() -> None:
    done = subprocess.run(
        [sys.executable, "run.py"], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
