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


def test_the_modules_are_few_until_more_is_asked_for():
    # A count instead of milliseconds: planning's modules were a third of all the import's time.
    code = "import sys, mel_fast; print(*(name for name in sys.modules if 'mel_fast' in name))"
    loaded = python(code).split()
    assert len(loaded) <= 45
    assert not [name for name in loaded if name.startswith(("mel_fast.planning", "mel_fast.brack"))]


def test_names_that_are_known_are_those_of_the_rooms_that_they_come_from():
    from mel_fast import planning

    for name in ("explain", "fastest", "frontier", "least", "simulate", "Explanation", "Least"):
        assert getattr(mel, name) is getattr(planning, name)


def test_nothing_under_a_time_limit_is_imported_while_the_limit_runs():
    # Importing the planning modules took 70 ms, and CP-SAT a second, of a first call's limit:
    # they are imported with the function, before it is called.
    code = (
        "import sys, mel_fast as mel\n"
        "plan = mel.solve(mel.scenarios.table1(learners=3))\n"
        "explain, least, fastest, frontier, simulate, problem, before = (\n"
        "    mel.explain, mel.least, mel.fastest, mel.frontier, mel.simulate, plan.problem,\n"
        "    set(sys.modules))\n"
        "explain(plan, time_limit_s=0.0)\n"
        "least(problem, 600, 'cycle_s', time_limit_s=0.0)\n"
        "fastest(problem, 600, time_limit_s=0.0)\n"
        "frontier(problem, time_limit_s=0.0)\n"
        "simulate(plan, failures=[0], time_limit_s=0.0)\n"
        "print({name for name in set(sys.modules) - before if 'mel_fast' in name})\n"
        "bracket = mel.cp_sat.bracket\n"
        "print('ortools.sat.python.cp_model' in sys.modules)"
    )
    pytest.importorskip("ortools")
    assert python(code).split("\n") == ["set()", "True"]


@pytest.mark.parametrize("call", ["mel.solve(problem", "mel.solve_many([problem]"])
@pytest.mark.parametrize("then", ["power", "bandwidth", "energy"])
def test_what_a_budgets_least_needs_is_imported_before_the_core_is_asked(call, then):
    name = "solve_problems" if "many" in call else "solve"
    code = (
        "import math, sys, mel_fast as mel\n"
        "from mel_fast import _core\n"
        "before, asked = [], _core.NAME\n"
        "def counting(*arguments, **words):\n"
        "    before[:] = before or [set(sys.modules)]\n"
        "    return asked(*arguments, **words)\n"
        "_core.NAME = counting\n"
        "problem = mel.scenarios.table1(learners=3)\n"
        "learners = problem.learners.replace(energy_per_flop_j=1e-9, energy_j=math.inf)\n"
        "problem = problem.replace(learners=learners)\n"
        f"{call}, then={then!r}, time_limit_s=60.0)\n"
        "print({name for name in set(sys.modules) - before[0] if 'bracket' in name})"
    )
    assert python(code.replace("NAME", name)) == "set()"
