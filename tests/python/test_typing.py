"""The public interface as a user types it: mypy --strict reads this file, and it runs.

A line with ``type: ignore`` is a mistake that mypy must find: what it does not find, it reports.
"""

from typing import TYPE_CHECKING, assert_type

import numpy as np
import pytest
from numpy.typing import NDArray

import mel_fast as mel
from mel_fast.model import learners, problem, radio, task
from mel_fast.plans.prices import Prices


def table1() -> mel.Problem:
    return mel.scenarios.table1(learners=3)


def test_a_plans_arrays_need_no_look_for_none() -> None:
    plan = mel.solve(table1())
    given = plan.allocation
    assert_type(given.samples, NDArray[np.int64])
    assert_type(given.power_w, NDArray[np.float64])
    total: float = given.bandwidth_hz.sum()
    assert total > 0.0
    assert given.samples.sum() == 60_000
    assert given.times.total_s.max() <= 30.0
    if TYPE_CHECKING:
        plan.samples.sum()  # type: ignore[union-attr]
    assert given.samples is plan.samples


def test_what_is_not_there_says_why() -> None:
    with pytest.raises(ValueError, match="status infeasible"):
        _ = mel.solve(table1().replace(cycle_s=1e-3)).allocation
    with pytest.raises(ValueError, match="blocks: bandwidth does not come in blocks"):
        _ = mel.solve(table1()).allocation.blocks


def test_blocks_are_there_where_there_are_any() -> None:
    drawn = table1()
    plan = mel.solve(drawn.replace(radio=drawn.radio.replace(block_hz=180e3)))
    assert_type(plan.allocation.blocks, NDArray[np.int64])
    assert (plan.allocation.blocks * 180e3 == plan.allocation.bandwidth_hz).all()


def test_what_is_asked_of_a_plan_has_types() -> None:
    plan = mel.solve(table1())
    assert_type(plan.prices, Prices | None)
    why = plan.explain(time_limit_s=600.0)
    assert_type(why.tau, int)
    assert_type(why.plan, mel.Plan)
    nearest = why.nearest
    assert nearest is not None
    assert_type(nearest.plan, mel.Plan | None)
    assert isinstance(why, mel.Explanation)
    again = plan.replan(table1().replace(cycle_s=31.0), then="none")
    assert_type(again, mel.Plan)
    with pytest.raises(TypeError, match="limit"):
        plan.explain(limit=1.0)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="then"):
        plan.replan(table1(), then="money")  # type: ignore[arg-type]


def test_replace_knows_the_arguments() -> None:
    drawn = table1()
    changed = drawn.replace(
        learners=drawn.learners.replace(max_samples=40_000, names=["a", "b", "c"]),
        radio=drawn.radio.replace(bandwidth_hz=2e8),
        task=drawn.task.replace(samples=50_000),
    )
    assert_type(changed, mel.Problem)
    assert changed.task.samples == 50_000
    with pytest.raises(TypeError, match="cycle"):
        drawn.replace(cycle=1.0)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="bandwidth"):
        drawn.radio.replace(bandwidth=1.0)  # type: ignore[call-arg]
    with pytest.raises((TypeError, ValueError), match="gain"):
        drawn.learners.replace(gain="much")  # type: ignore[arg-type]


def test_the_types_of_replace_are_the_constructors_arguments() -> None:
    assert set(learners.LearnersChanges.__annotations__) == set(mel.Learners._fields)
    assert set(radio.RadioChanges.__annotations__) == set(mel.Radio._fields)
    assert set(task.LearningTaskChanges.__annotations__) == set(mel.LearningTask._fields)
    assert set(problem.ProblemChanges.__annotations__) == set(mel.Problem._fields)


def test_one_callback_fits_every_call() -> None:
    seen: list[int] = []

    def tell(low: float, high: float, passes: int, elapsed_s: float) -> bool:
        seen.append(passes)
        return False

    mel.solve(table1(), callback=tell)
    assert_type(mel.least(table1(), 1, "cycle_s", callback=tell), mel.Least)
    assert_type(mel.frontier(table1(), callback=tell), mel.Frontier)
    assert_type(mel.solve_many([table1()], callback=tell), mel.Plans)
    assert_type(mel.simulate(mel.solve(table1()), callback=tell), mel.Simulation)
    assert seen


def test_a_name_that_is_not_there_is_a_mistake() -> None:
    with pytest.raises(AttributeError):
        mel.solv  # type: ignore[attr-defined]  # noqa: B018
