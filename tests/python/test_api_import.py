"""The package as it is imported: light, complete, and without side effects on the process."""

import ast
import subprocess
import sys
from pathlib import Path

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


def test_importing_loads_neither_numpy_nor_what_plans():
    # Modules instead of milliseconds: these few, and no other that Python does not have anyway.
    code = (
        "import sys, typing, contextlib, contextvars, enum, functools, importlib.util, math, time\n"
        "before = set(sys.modules)\n"
        "import mel_fast\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    few = (
        "mel_fast mel_fast._base mel_fast._base.arithmetic mel_fast._base.optional "
        "mel_fast._base.progress mel_fast._core mel_fast._interpreter mel_fast.solve "
        "mel_fast.sweep mel_fast.verify"
    )
    assert set(python(code).split()) - {"_interpreters", "_xxsubinterpreters"} == set(few.split())


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


def test_what_solves_is_there_before_its_clock_runs_and_no_more():
    # Planning's modules were a third of the import's time.
    code = (
        "import sys, mel_fast as mel\n"
        "solve, problem, before = mel.solve, mel.scenarios.table1(learners=3), set(sys.modules)\n"
        "solve(problem, time_limit_s=0.0)\n"
        "print({name for name in set(sys.modules) - before if 'mel_fast' in name})\n"
        "print(*(name for name in sys.modules if 'mel_fast' in name))"
    )
    within, loaded = python(code).split("\n")
    assert within == "set()"
    assert not [
        name for name in loaded.split() if name.startswith(("mel_fast.planning", "mel_fast.brack"))
    ]


def test_type_checkers_and_the_import_know_the_same_names():
    tree = ast.parse(Path(mel.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If) and node.body)
    told = {
        (node.module.removeprefix("mel_fast").lstrip("."), alias.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert told == {("", name) for name in mel._MODULES} | {(m, n) for n, m in mel._NAMES.items()}
    assert {name for _, name in told} | {"__version__"} == set(mel.__all__)


def test_names_are_the_same_objects_in_whatever_thread_asks_first():
    code = (
        "import sys, threading, mel_fast as mel\n"
        "sys.setswitchinterval(1e-5)\n"
        "meet, found = threading.Barrier(8), []\n"
        "def ask():\n"
        "    meet.wait()\n"
        "    found.append([getattr(mel, name) for name in ('solve', 'Plan', 'least', 'sweep')])\n"
        "threads = [threading.Thread(target=ask) for _ in range(8)]\n"
        "[thread.start() for thread in threads], [thread.join() for thread in threads]\n"
        "print(len(found), all(a is b for one in found for a, b in zip(one, found[0])))"
    )
    assert python(code) == "8 True"


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
