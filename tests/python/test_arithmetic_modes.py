"""Other libraries leave other floating-point modes behind: no answer may depend on them."""

import json
import platform
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import mel_fast as mel
from mel_fast._core import restore_arithmetic, set_usual_arithmetic
from mel_fast.scenarios.file import load_scenario
from mel_fast.scenarios.text import table1_text
from mel_fast.verify import verify_dict, verify_file

pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="sets the modes of this processor"
)

ROUNDINGS = {"nearest": 0, "down": 1, "up": 2, "to zero": 3}
SUBNORMALS = {"kept": 0, "FTZ": 0x8000, "DAZ": 0x40, "FTZ and DAZ": 0x8040}
FLAGS = 0x3F

CHANGED = 1 << 63
MODES = {
    f"{rounding}, {kept}": CHANGED | (0x37F | code << 10) << 32 | 0x1F80 | code << 13 | bits
    for rounding, code in ROUNDINGS.items()
    for kept, bits in SUBNORMALS.items()
    if (code == 0) != (bits == 0) or (code, bits) == (2, 0x8040)
}
# Every sticky flag raised and division by zero not masked: a fault in the core would end the test.
MODES["traps"] = CHANGED | 0x37B << 32 | 0x1F80 & ~0x200


@contextmanager
def arithmetic(mode: int) -> Iterator[None]:
    """Set the modes of this thread, and see that they are the same afterwards."""
    restore_arithmetic(mode)
    try:
        yield
    finally:
        left = set_usual_arithmetic()
    assert left & ~FLAGS == mode & ~FLAGS


def content(plan: mel.Plan | None) -> str:
    assert plan is not None
    data = plan.to_dict()
    data.pop("elapsed_s")
    return json.dumps(data)


def bracketed(found: mel.Least) -> tuple[float, float, str]:
    return found.amount, found.lower, content(found.plan)


TABLE1 = mel.scenarios.table1(learners=9, cycle_s=30.1, seed=4)
LIMITED = mel.Problem(
    TABLE1.task,
    TABLE1.learners.replace(max_power_w=0.1, energy_per_flop_j=1e-9, energy_j=21.7),
    TABLE1.radio,
    cycle_s=TABLE1.cycle_s,
    idle="excused",
)
TEXT = json.dumps(TABLE1.to_dict())
MANY = mel.scenarios.table1_draws(40, learners=7, cycle_s=29.9)
LARGE = mel.scenarios.table1(learners=20_000, cycle_s=30.0, seed=0, idle="excused")
PLAN = mel.solve(TABLE1)


def made(tmp: Any) -> dict[str, Callable[[], object]]:
    """Return questions whose answers compare by value, a time left out."""
    plan_file = str(tmp / "plan.json")
    PLAN.save(plan_file)
    scenario_file = tmp / "scenario.toml"
    scenario_file.write_text(table1_text(TABLE1, learners=9, seed=4))
    return {
        "solve": lambda: [
            content(mel.solve(problem.replace(cycle_s=problem.cycle_s), scheme=scheme))
            for problem in (TABLE1, LIMITED)
            for scheme in ("joint", "task_only", "resource_only")
        ],
        "solve then": lambda: content(mel.solve(TABLE1, then="power")),
        "solve large": lambda: content(mel.solve(LARGE, threads=2)),
        "solve_many": lambda: mel.solve_many(MANY, threads=2).power_w.tobytes(),
        "solve_many problems": lambda: mel.solve_many([TABLE1] * 3, threads=2).power_w.tobytes(),
        "least": lambda: bracketed(mel.least(TABLE1, 5, "power_w")),
        "fastest": lambda: bracketed(mel.fastest(TABLE1, 5)),
        "frontier": lambda: [
            (step.tau, step.amount, step.lower)
            for step in mel.frontier(TABLE1, "cycle_s", start=28.0, stop=33.0).steps
        ],
        "explain": lambda: str(mel.explain(PLAN)),
        "summary": lambda: str(PLAN.summary()),
        "evaluate": lambda: [
            getattr(
                mel.evaluate(TABLE1, 3, PLAN.samples, PLAN.bandwidth_hz, PLAN.power_w), name
            ).tobytes()
            for name in ("send_s", "compute_s", "return_s")
        ],
        "verify": lambda: str(mel.verify(TABLE1, PLAN)),
        "verify_file": lambda: (str(verify_file(plan_file)), str(verify_dict(PLAN.to_dict()))),
        "load": lambda: content(mel.Plan.load(plan_file)),
        "from_dict": lambda: json.dumps(mel.Problem.from_dict(json.loads(TEXT)).to_dict()),
        "table1": lambda: json.dumps(mel.scenarios.table1(learners=9, seed=7).to_dict()),
        "load_scenario": lambda: json.dumps(load_scenario(scenario_file).to_dict()),
        "channel": lambda: (
            mel.channel.Rayleigh().power(np.array([[0.1], [0.3], [0.9]])).tobytes(),
            mel.channel.Disc(50.0).distance_m(np.array([[0.1], [0.7]])).tobytes(),
        ),
    }


@pytest.fixture(scope="module", name="usual")
def fixture_usual(tmp_path_factory) -> dict[str, tuple[Callable[[], object], object]]:
    asked = made(tmp_path_factory.mktemp("modes"))
    return {name: (ask, ask()) for name, ask in asked.items()}


@pytest.mark.parametrize("mode", MODES)
def test_every_public_answer_is_the_usual_one_and_the_mode_stays(mode: str, usual) -> None:
    for name, (ask, expected) in usual.items():
        with arithmetic(MODES[mode]):
            found = ask()
        assert found == expected, name


def test_numbers_in_text_are_read_as_usual() -> None:
    """A tenth is another number where Python reads it rounding upwards."""
    with arithmetic(MODES["up, kept"]):
        plainly = float("0.3")
        mine = mel.Problem.from_dict(json.loads(TEXT))
    assert mine == TABLE1
    assert plainly in (0.3, np.nextafter(0.3, 1))


def test_a_callback_that_changes_the_mode_changes_no_answer() -> None:
    def spoil(*_: object) -> None:
        restore_arithmetic(MODES["up, FTZ and DAZ"])

    expected = content(mel.solve(LARGE))
    assert content(mel.solve(LARGE, callback=spoil)) == expected
    assert set_usual_arithmetic() == 0  # what was before the call


def test_threads_have_modes_of_their_own() -> None:
    found: list[str] = []

    def work() -> None:
        restore_arithmetic(MODES["down, kept"])
        found.append(content(mel.solve(LARGE, threads=2)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [content(mel.solve(LARGE))]
    assert set_usual_arithmetic() == 0


def test_what_raises_leaves_the_mode_too() -> None:
    with arithmetic(MODES["up, kept"]), pytest.raises(ValueError, match="cycle_s"):
        TABLE1.replace(cycle_s=-1.0)


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "traps"])
def test_the_checker_alone_refuses_to_work_in_another_mode(mode: str) -> None:
    unguarded = verify_dict.__wrapped__  # type: ignore[attr-defined]
    with arithmetic(MODES[mode]), pytest.raises(FloatingPointError, match="round"):
        unguarded(PLAN.to_dict())
