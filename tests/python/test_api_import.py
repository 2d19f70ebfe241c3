"""The package as it is imported: light, complete, and without side effects on the process."""

import subprocess
import sys

import pytest

import mel_fast as mel
from mel_fast._base.optional import require


def python(code: str) -> str:
    """Run `code` in a fresh interpreter and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_loads_nothing_heavy():
    heavy = "{'pydantic', 'rich', 'click', 'pandas', 'matplotlib', 'pyarrow', 'ortools', 'flint'}"
    assert python(f"import sys, mel_fast; print({heavy} & set(sys.modules))") == "set()"


def test_solving_loads_nothing_heavy_either():
    code = (
        "import sys, mel_fast as mel\n"
        "mel.solve(mel.scenarios.table1()).summary()\n"
        "print({'pydantic', 'rich', 'click', 'pandas', 'matplotlib', 'flint'} & set(sys.modules))"
    )
    assert python(code) == "set()"


def test_every_public_name_is_there_and_listed():
    for name in mel.__all__:
        assert getattr(mel, name) is not None
        assert name in dir(mel)
    with pytest.raises(AttributeError, match="no attribute 'solv'"):
        mel.solv  # noqa: B018


@pytest.mark.parametrize(
    "first", ["", "import mel_fast.verify\n", "from mel_fast.verify import *\n"]
)
def test_verify_is_the_function_whatever_is_imported_first(first):
    code = f"{first}import mel_fast as mel\nprint(mel.verify.__name__, callable(mel.verify))"
    assert python(code) == "verify True"


def test_versions_agree():
    from importlib.metadata import version

    from mel_fast import _core

    assert mel.__version__ == _core.__version__
    try:
        installed = version("mel_fast")
    except ModuleNotFoundError:
        pytest.skip("the package runs from its source tree")
    assert installed == mel.__version__


def test_a_missing_extra_is_named():
    with pytest.raises(ImportError, match=r"pip install 'mel_fast\[plot\]'"):
        require("no_such_module_anywhere", extra="plot")
    assert require("json", extra="none").dumps(1) == "1"


def test_the_module_runs_as_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "mel_fast", "--version"], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == f"mel-fast, version {mel.__version__}"


def test_nothing_under_a_time_limit_is_imported_while_the_limit_runs():
    # Importing the planning modules took 70 ms, and CP-SAT a second, of a first call's limit.
    code = (
        "import sys, mel_fast as mel\n"
        "plan = mel.solve(mel.scenarios.table1(learners=3))\n"
        "problem, before = plan.problem, set(sys.modules)\n"
        "mel.explain(plan, time_limit_s=0.0)\n"
        "mel.least(problem, 600, 'cycle_s', time_limit_s=0.0)\n"
        "mel.fastest(problem, 600, time_limit_s=0.0)\n"
        "mel.frontier(problem, time_limit_s=0.0)\n"
        "mel.simulate(plan, failures=[0], time_limit_s=0.0)\n"
        "print({name for name in set(sys.modules) - before if 'mel_fast' in name})\n"
        "bracket = mel.cp_sat.bracket\n"
        "print('ortools.sat.python.cp_model' in sys.modules)"
    )
    pytest.importorskip("ortools")
    assert python(code).split("\n") == ["set()", "True"]
