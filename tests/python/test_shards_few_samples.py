"""Few who take part of many in shards: brought to one place, and proved for all."""

import numpy as np
import pytest

import mel_fast as mel
from sharded import Drawn, same, sharded, shards_of, task_and_radio


def few_samples(law: str, samples: int, size: int = 20_000) -> mel.Problem:
    """Return many learners for few samples, on budgets for one in twenty of them."""
    task, radio = task_and_radio(size)
    radio = radio.replace(bandwidth_hz=2.5e4 * size, power_w=5e-5 * size)
    if law == "fixed":
        radio = mel.Radio(radio.bandwidth_hz, radio.power_w, noise_power_w=2e-14)
    learners = Drawn(5, size)()
    return mel.Problem(task.replace(samples=samples), learners, radio, 30.0, idle="excused")


@pytest.mark.parametrize("law", ["density", "fixed"])
@pytest.mark.parametrize("samples", [300, 2000])
def test_few_takers_of_many_come_to_one_place_and_are_proved_for_all(
    law: str, samples: int
) -> None:
    problem = few_samples(law, samples)
    if law == "density":  # and what is sent to each of them
        bits = np.random.default_rng(1).uniform(5e6, 2e7, len(problem.learners))
        problem = problem.replace(payload=mel.Payload(send_bits=bits))
    plan = sharded(problem, shards_of(problem, "aligned"))
    assert same(plan, mel.solve(problem))
    assert plan.status == "optimal"


def test_where_all_would_need_a_tree_tau_is_left_open_and_nothing_false_is_said() -> None:
    problem = few_samples("density", 420, 2100)
    plan = sharded(problem, shards_of(problem, "aligned"))
    whole = mel.solve(problem)
    assert whole.status == "optimal"
    assert plan.tau <= whole.tau <= plan.bound
    assert plan.status == ("feasible" if plan else "undecided")
    assert "too many for a tree of boxes" in plan.reasons[0]
    if plan:
        assert sum(int(plan.shard(i).samples.sum()) for i in range(len(plan.shards))) == 420
