"""Limits of learners and resource blocks as columns of a batch, and what is refused in a row."""

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.scenarios import table1
from parity import differences

ONES = np.ones((3, 4))


def limited():
    problem = table1(learners=4, idle="excused")
    return problem.replace(
        learners=problem.learners.replace(
            min_samples=10,
            max_samples=40_000,
            max_bandwidth_hz=problem.radio.bandwidth_hz / 2,
            max_power_w=problem.radio.power_w / 2,
            energy_j=1e9,
            energy_per_flop_j=1e-12,
        ),
        radio=problem.radio.replace(block_hz=problem.radio.bandwidth_hz / 50),
    )


def test_what_a_problem_has_its_batch_has():
    problem = limited()
    batch = mel.Batch.vary(problem, cycle_s=[problem.cycle_s, 2 * problem.cycle_s])
    assert batch[0] == problem
    assert batch[1].learners == problem.learners
    assert mel.solve_many(batch).blocks.shape == (2, 4)
    plain = mel.Batch.vary(problem, rows=2, block_hz=None, energy_j=None, energy_per_flop_j=None)
    assert plain[0].radio.block_hz is None
    assert plain[0].learners.energy_j is None
    assert mel.solve_many(plain).blocks is None


@pytest.mark.parametrize(
    ("value", "row"),
    [
        (500, [500] * 4),
        ([1, 2, 3, 4], [1, 2, 3, 4]),
        (np.array([[5], [6], [7]]), [7] * 4),
        (np.arange(12).reshape(3, 4) + 1, [9, 10, 11, 12]),
    ],
)
def test_limits_broadcast_as_other_columns_do(value, row):
    batch = mel.Batch.vary(table1(learners=4), min_samples=value, rows=3)
    assert batch[2].learners.min_samples.tolist() == row
    assert batch.column("min_samples").shape == (3, 4)


BAD = [
    ("min_samples", 2.5),
    ("min_samples", -1),
    ("min_samples", 2**60),
    ("min_samples", 50_000),  # above its max_samples
    ("max_samples", 3),
    ("max_samples", np.nan),
    ("max_bandwidth_hz", -1.0),
    ("max_bandwidth_hz", np.nan),
    ("max_power_w", 1e61),
    ("energy_j", -2.0),
    ("energy_per_flop_j", np.inf),
    ("energy_per_flop_j", 1e-61),
    ("gain", np.nan),
    ("flops_per_s", 0.0),
    ("block_hz", 0.0),
    ("block_hz", 1e9),
    ("block_hz", 1e-15),
    ("block_hz", np.nan),
    ("cycle_s", 1e61),
    ("samples", 2**60),
    ("samples", 0),
    ("feature_bits", 2**53),
    ("parameter_bits", -8),
    ("fixed_parameters", 0.5),
]


def part_with(problem, name):
    parts = {"learners": problem.learners, "radio": problem.radio, "task": problem.task}
    return next((key for key, part in parts.items() if hasattr(part, name)), None)


def changed(problem, part, name, value):
    if part is None:
        return problem.replace(**{name: value})
    return problem.replace(**{part: getattr(problem, part).replace(**{name: value})})


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_row_that_a_problem_refuses_is_invalid_in_its_words(name, value):
    problem = limited()
    part = part_with(problem, name)
    good = np.array(getattr(problem if part is None else getattr(problem, part), name))
    column = np.array([good] * 3, dtype=np.result_type(good.dtype, type(value)))
    column[(1, 2) if part == "learners" else 1] = value
    plans = mel.solve_many(mel.Batch.vary(problem, **{name: column}), threads=2)
    assert plans.status.tolist() == ["optimal", "invalid", "optimal"]
    with pytest.raises((ValueError, TypeError)) as refusal:
        changed(problem, part, name, column[1])
    assert plans.errors == {1: str(refusal.value)}
    with pytest.raises(ValueError, match="row 1 is invalid"):
        plans[1]


def test_bits_that_round_to_the_largest_count_are_refused_as_a_problem_refuses_them():
    problem = table1(learners=2)
    task = problem.task.replace(features=3, feature_bits=1, parameters_per_sample=0)
    batch = mel.Batch.vary(
        problem.replace(task=task), feature_bits=[(2**53 + 1) // 3, 1], cycle_s=1e30
    )
    plans = mel.solve_many(batch)
    assert plans.status[0] == "invalid"
    assert "features * feature_bits" in plans.errors[0]


def test_large_integers_are_numbers_where_numbers_are_asked_for():
    problem = table1(learners=2).replace(cycle_s=0.1)
    batch = mel.Batch.vary(problem, flops_per_s=np.array([[10**17, 10**17]]))
    assert mel.solve_many(batch).status.tolist() == [str(mel.solve(batch[0]).status)]


def test_what_limits_nothing_or_everything_means_in_a_row_what_it_means_in_a_problem():
    problem = limited()
    for name, value in (
        ("max_samples", np.inf),
        ("energy_j", 0.0),
        ("max_bandwidth_hz", 0.0),
        ("gain", 0.0),
    ):
        column = np.tile(getattr(problem.learners, name).astype(float), (2, 1))
        column[0, 1] = value
        batch = mel.Batch.vary(problem, min_samples=0, **{name: column})
        plans = mel.solve_many(batch)
        assert not plans.errors
        for row in range(2):
            assert differences(plans[row], mel.solve(batch[row])) == []


def test_energy_comes_in_pairs_and_shapes_must_agree():
    with pytest.raises(ValueError, match="energy_j is given without energy_per_flop_j"):
        mel.Batch.vary(table1(learners=4), rows=3, energy_j=ONES)
    with pytest.raises(ValueError, match="number of learners differs"):
        mel.Batch.vary(table1(learners=4), rows=3, max_samples=np.ones((3, 5)))
    with pytest.raises(ValueError, match="block_hz has shape"):
        mel.Batch.vary(table1(learners=4), rows=3, block_hz=ONES)


def test_a_sweep_of_a_limited_problem_has_the_answers_of_solve():
    problem = limited()
    table = mel.sweep(problem, {"cycle_s": [20.0, 40.0], "scheme": ["joint", "task_only"]})
    assert len(table) == 4
    for row in range(4):
        changed = problem.with_budgets(cycle_s=table["cycle_s"][row])
        plan = mel.solve(changed, scheme=str(table["scheme"][row]))
        found = [table[name][row] for name in ("status", "tau", "bound")]
        assert found == [str(plan.status), plan.tau, plan.bound]


def test_tables_and_files_have_the_blocks(tmp_path):
    pandas = pytest.importorskip("pandas")
    plans = mel.solve_many(mel.Batch.vary(limited(), rows=2))
    frame = plans.to_dataframe(allocation=True)
    assert frame.loc[1, "blocks"].tolist() == plans.blocks[1].tolist()
    plans.save(tmp_path / "plans.csv")
    assert pandas.read_csv(tmp_path / "plans.csv")["blocks"][0] == str(plans.blocks[0].tolist())
