"""What does not depend on the processor: every bit of ours, and no statement at all."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata

import numpy as np
import pytest

import mel_fast as mel
from mel_fast._core import active_instruction_set, implementations, use_instruction_set
from test_runtime import without_time

PROBLEMS = [
    mel.scenarios.table1(learners=learners, cycle_s=30.0, seed=seed, idle=idle)
    for learners in (1, 7, 20, 300)
    for seed in range(4)
    for idle in ("served", "excused")
]
MANY = mel.scenarios.table1_draws(60, learners=12, cycle_s=30.0)


@pytest.fixture
def any_set() -> Iterator[None]:
    yield
    use_instruction_set("automatic")


def answers() -> list[object]:
    found: list[object] = [without_time(mel.solve(problem)) for problem in PROBLEMS]
    found += [
        without_time(mel.solve(PROBLEMS[4], scheme="resource_only", then="power")),
        mel.fastest(PROBLEMS[4], 5).amount,
        mel.solve_many(MANY).power_w.tobytes(),
    ]
    return found


@pytest.mark.usefixtures("any_set")
def test_every_instruction_set_gives_the_same_bits() -> None:
    names = [name for name, supported in implementations() if supported]
    assert names[0] == "baseline"
    assert active_instruction_set() == names[-1]  # the widest
    usual = answers()
    for name in names:
        use_instruction_set(name)
        assert active_instruction_set() == name
        assert answers() == usual, name


@pytest.mark.usefixtures("any_set")
def test_a_set_that_was_chosen_holds_in_every_thread() -> None:
    use_instruction_set("baseline")
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(active_instruction_set).result() == "baseline"
    use_instruction_set("automatic")
    assert active_instruction_set() == [name for name, has in implementations() if has][-1]


def test_an_extra_is_told_from_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    needs = [
        "numpy>=1.24",
        "pytest>=8.0; extra == 'test'",
        'no-such.package[binary]~=3.2 ; extra == "odd"',
        "mel_fast[odd]; extra == 'test'",
    ]
    monkeypatch.setattr(metadata, "requires", lambda _: needs)
    config = mel.show_config()
    assert config.extras == {"test": True, "odd": False}
    assert config.packages == {
        "numpy": np.__version__,
        "pytest": pytest.__version__,
        "no-such.package": None,
    }
    assert "test, (odd)" in str(config)


def test_the_configuration_tells_what_runs_here() -> None:
    text = str(mel.show_config())
    for word in (mel.__version__, active_instruction_set(), "-ffp-contract=off", "numpy"):
        assert word in text
    assert len(text) < 2000
    assert mel.show_config().instruction_set == active_instruction_set()


LACKING = [name for name, supported in implementations() if not supported]


@pytest.mark.parametrize("name", ["", "sse9", "AVX2", *LACKING])
def test_an_instruction_set_that_is_not_there_is_refused(name: str) -> None:
    before = active_instruction_set()
    with pytest.raises(ValueError, match=f"instruction set = '{name}': must be one of automatic, "):
        use_instruction_set(name)
    assert active_instruction_set() == before


@pytest.mark.skipif(sys.platform != "linux", reason="glibc chooses its functions by tunables")
def test_another_choice_of_the_c_library_changes_no_statement() -> None:
    """Its logarithms differ in last bits with and without FMA, and so may the shares of a plan."""
    code = """
        import json
        import test_instruction_sets as here
        import mel_fast as mel
        print(json.dumps([mel.solve(problem).to_dict() for problem in here.PROBLEMS]))
    """
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(line.strip() for line in code.splitlines())],
        capture_output=True,
        text=True,
        check=True,
        cwd=os.path.dirname(__file__),
        env={
            **os.environ,
            "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX2,-FMA,-FMA4",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        },
    )
    others = [mel.Plan.from_dict(data) for data in json.loads(done.stdout)]
    for problem, other in zip(PROBLEMS, others, strict=True):
        plan = mel.solve(problem)
        assert (plan.status, plan.tau, plan.bound) == (other.status, other.tau, other.bound)
        if plan.samples is not None:
            assert (plan.samples == other.samples).all()
            np.testing.assert_allclose(plan.power_w, other.power_w, rtol=1e-9)
            np.testing.assert_allclose(plan.bandwidth_hz, other.bandwidth_hz, rtol=1e-9)
    for problem, other in zip(PROBLEMS[::6], others[::6], strict=True):
        assert mel.verify(problem, other).ok
