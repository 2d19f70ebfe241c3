"""Anything that a file or a caller may hold: refused with a ValueError or TypeError, or a verdict.

Valid inputs are broken by a few random edits, so that most of the reading is reached.
"""

import copy
import math
import random
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

pytest.importorskip("flint")

import mel_fast as mel
from mel_fast.scenarios.file import load_scenario
from mel_fast.scenarios.text import table1_text
from mel_fast.verify import verify_dict
from strategies import holds_for_all

ODD = [
    None, True, "", "x", "0x1p+3", "nan", "-0x1p-1074", [], {}, [[]], -1, 0, 1, 2**53, 2**63, 2**70,
    0.0, -0.0, 0.5, 1e-60, 1e60, 1e61, 1e300, math.inf, -math.inf, math.nan, "joint", "prices",
]  # fmt: skip
seeds = st.integers(0, 2**32 - 1)


def places(data: Any, path: tuple = ()) -> list[tuple]:
    """Return the path of everything in nested lists and dictionaries."""
    items: Any = ()
    if isinstance(data, dict):
        items = data.items()
    elif isinstance(data, list):
        items = enumerate(data)
    return [path] + [place for key, value in items for place in places(value, (*path, key))]


def broken(data: Any, rng: random.Random) -> Any:
    """Return a copy with one to three entries replaced, dropped, doubled or renamed."""
    data = copy.deepcopy(data)
    for _ in range(rng.randint(1, 3)):
        path = rng.choice(places(data))
        if not path:
            continue
        holder = data
        for key in path[:-1]:
            holder = holder[key]
        key, edit = path[-1], rng.randrange(5)
        if edit < 3:
            holder[key] = copy.deepcopy(rng.choice(ODD))  # or a list of ODD may end up in itself
        elif edit == 3:
            del holder[key]
        elif isinstance(holder, list):
            holder.insert(key, copy.deepcopy(holder[key]))
        else:
            holder[f"{key}x"] = holder.pop(key)
    return data


class Kept:
    """What the properties start from, made once."""

    plans: list[dict] | None = None
    text: str | None = None


def plans() -> list[dict]:
    if Kept.plans is None:
        problem = mel.scenarios.table1(learners=3, cycle_s=12.0, seed=1)
        schemes = ("joint", "task_only", "resource_only")
        Kept.plans = [mel.solve(problem, scheme=scheme).to_dict() for scheme in schemes]
    return Kept.plans


@holds_for_all(seeds, ci=400, long=20_000)
def test_a_broken_plan_file_is_refused_or_judged(seed: int) -> None:
    rng = random.Random(seed)
    data = broken(rng.choice(plans()), rng)
    verdict = verify_dict(data)
    assert isinstance(verdict.ok, bool)
    assert verdict.ok or verdict.reasons
    try:
        mel.Plan.from_dict(data)
    except (ValueError, TypeError) as error:
        assert str(error)  # noqa: PT017


@holds_for_all(seeds, ci=400, long=20_000)
def test_a_broken_scenario_is_refused_or_solved(seed: int) -> None:
    rng = random.Random(seed)
    if Kept.text is None:
        Kept.text = table1_text(mel.scenarios.table1(learners=3, seed=1), learners=3, seed=1)
    text = list(Kept.text)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(text))
        edit = rng.randrange(3)
        if edit == 0:
            text[at] = rng.choice("0123456789.-e=[]{}\"'#\n ,_xé\x00")
        elif edit == 1:
            del text[at : at + rng.randint(1, 6)]
        else:
            end = at + rng.randint(1, 30)
            text[at:at] = text[at:end]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scenario.toml"
        path.write_text("".join(text), encoding="utf-8")
        try:
            problem = load_scenario(path)
        except ValueError as error:
            assert "scenario.toml" in str(error)  # noqa: PT017
            return
    if len(problem.learners) <= 200:
        assert mel.solve(problem, time_limit_s=0.5).tau >= 0


COLUMNS = [
    np.array([1.0, 2.0]), np.array([[1.0]]), np.array([]), np.array([1, 2]), np.array(["a"]),
    np.array([1.0, np.nan]), np.array([1e300, 1.0]), np.array([None]), np.array([1j]),
    np.ma.masked_array([1.0], [True]), np.float32(3), 3, "3", None, [1.0, "x"], {"a": 1},
]  # fmt: skip


@pytest.mark.no_cover
@holds_for_all(seeds, ci=400, long=20_000)
def test_odd_arguments_are_refused_or_answered(seed: int) -> None:
    rng = random.Random(seed)

    def odd(usual: Any, other: list) -> Any:
        return rng.choice(other) if rng.random() < 0.06 else usual

    try:
        task = mel.LearningTask(
            *(odd(usual, ODD) for usual in (100, 8, 8, 50, rng.choice([0, 2]), 32, 1e6)),
            setting=odd("federated", ODD),
        )
        learners = mel.Learners(
            odd([1e9, 2e9], COLUMNS), *(odd(usual, COLUMNS) for usual in (1e-9, 5e6, 0.2))
        )
        radio = mel.Radio(odd(1e6, ODD), odd(0.2, ODD), noise_density_w_per_hz=odd(4e-21, ODD))
        problem = mel.Problem(task, learners, radio, odd(3.0, ODD), idle=odd("served", ODD))
        plan = mel.solve(
            problem,
            scheme=odd("joint", ODD),
            time_limit_s=odd(0.5, [*ODD, 1e9]),
            threads=odd(1, [0, -1, 2, 1.5, "2", None]),
        )
        count = len(problem.learners)
        mel.evaluate(
            problem,
            odd(plan.tau, ODD),
            odd(np.zeros(count, int), COLUMNS),
            odd(np.ones(count), COLUMNS),
            odd(np.ones(count), COLUMNS),
        )
    except (ValueError, TypeError) as error:
        assert str(error)  # noqa: PT017
        return
    assert 0 <= plan.tau <= plan.bound


def test_the_scenario_that_is_broken_is_whole_before() -> None:
    text = table1_text(mel.scenarios.table1(learners=3, seed=1), learners=3, seed=1)
    assert tomllib.loads(text)
