"""Limits and resource blocks in scenario files, learner tables, sweeps and on the command line."""

import csv
import json

import numpy as np
import pytest

import mel_fast as mel
from mel_fast.model.columns import LIMITS as ALL_LIMITS
from mel_fast.model.columns import SPEEDS
from mel_fast.scenarios.file import ScenarioError, load_scenario

LIMITS = tuple(name for name in ALL_LIMITS if name not in SPEEDS)  # one energy at a time


def toml_of(problem: mel.Problem, learners: str | None = None) -> str:
    """Write a problem as a scenario file, every number as Python prints it."""

    def section(name, words):
        lines = (f"{key} = {json.dumps(value)}" for key, value in words.items())
        return f"[{name}]\n" + "\n".join(lines).replace("Infinity", "inf") + "\n"

    task = {name: getattr(problem.task, name) for name in problem.task._fields}
    radio = {name: value for name, value in problem.radio._arguments().items() if value is not None}
    columns = {name: column.tolist() for name, column in problem.learners.columns().items()}
    own = learners or section("learners", columns)
    cycle = {"cycle_s": problem.cycle_s, "idle": problem.idle}
    return section("task", task) + section("radio", radio) + section("cycle", cycle) + own


@pytest.fixture
def limited():
    return limited_problem()


def limited_problem() -> mel.Problem:
    problem = mel.scenarios.table1(learners=5, block_hz=180e3)
    limits = {
        "min_samples": [0, 100, 0, 0, 0],
        "max_samples": [9_000, 60_000, 60_000, 60_000, 60_000],
        "max_bandwidth_hz": [4e7, float("inf"), 8e7, 8e7, 8e7],
        "max_power_w": [float("inf"), 0.15, 0.15, 0.15, 0.15],
        "energy_j": [float("inf"), 4e3, 4e3, 4e3, 4e3],
        "energy_per_flop_j": 1e-10,
    }
    return problem.replace(learners=problem.learners.replace(**limits))


def test_limits_survive_toml(limited, tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(toml_of(limited))
    assert load_scenario(path) == limited


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_learner_tables_have_the_limits_as_columns(limited, tmp_path, kind):
    columns = {name: column.tolist() for name, column in limited.learners.columns().items()}
    table = tmp_path / f"five.{kind}"
    if kind == "csv":
        with table.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
    else:
        pytest.importorskip("pandas").DataFrame(columns).to_parquet(table)
    path = tmp_path / "a.toml"
    path.write_text(toml_of(limited, f'[learners]\ntable = "{table.name}"\n'))
    assert load_scenario(path) == limited
    table.write_text("flops_per_s,max_samples\n1e9,2.5\n") if kind == "csv" else table.unlink()
    with pytest.raises(ScenarioError, match=r"max_samples\[0\] = 2.5|five.parquet"):
        load_scenario(path)


def test_limits_go_with_drawn_learners(tmp_path):
    path = tmp_path / "a.toml"
    text = print_table1()
    path.write_text(text.replace("# max_samples = 60_000", "max_samples = 4_000"))
    problem = load_scenario(path)
    assert problem.learners.max_samples.tolist() == [4_000] * 20
    assert problem == mel.scenarios.table1().replace(learners=problem.learners)


def print_table1() -> str:
    from mel_fast.scenarios.text import table1_text

    return table1_text(mel.scenarios.table1(), learners=20, seed=0)


def test_the_printed_scenario_shows_every_limit_in_a_comment(tmp_path):
    text = print_table1()
    for name in (*LIMITS, "block_hz"):
        assert f"\n# {name} = " in text
    path = tmp_path / "a.toml"
    for name in (*LIMITS, "block_hz"):
        text = text.replace(f"\n# {name} = ", f"\n{name} = ")
    path.write_text(text)
    problem = load_scenario(path)
    assert set(problem.learners.limits()) == set(LIMITS)
    assert problem.radio.block_hz == 180e3


@pytest.mark.parametrize(
    ("line", "change", "message"),
    [
        ("min_samples = [0,", "min_samples = [-1,", "learners.min_samples[0] = -1: must be an int"),
        (
            "max_samples = [9000,",
            "max_samples = [0.5,",
            "learners.max_samples[0] = 0.5: must be",
        ),
        (
            "min_samples = [0, 100",
            "min_samples = [9999, 100",
            "at least min_samples[0] = 9",
        ),
        ("inf, 80000000.0", "-1, 80000000.0", "learners.max_bandwidth_hz[1] = -1.0: must be a num"),
        ("energy_j =", "# energy_j =", "learners: energy_per_flop_j is given without energy_j"),
        ("max_power_w =", "max_power =", "learners.max_power = [inf, 0.15, 0.15, 0.15, 0.15]: unk"),
        ("block_hz = 180000.0", "block_hz = 2e8", "radio: block_hz = 200000000.0: must be at most"),
        (
            "block_hz = 180000.0",
            "block_hz = 0",
            "radio.block_hz = 0.0: must be a finite number",
        ),
        ("block_hz = 180000.0", "block = 1", "radio.block = 1: unknown key"),
    ],
)
def test_each_mistake_is_named_with_its_path(limited, tmp_path, line, change, message):
    text = toml_of(limited)
    assert line in text
    path = tmp_path / "a.toml"
    path.write_text(text.replace(line, change, 1))
    with pytest.raises(ScenarioError) as refusal:
        load_scenario(path)
    assert message in str(refusal.value)


@pytest.mark.parametrize("keep", ["0=1,3", "=", "0=1.5"])
def test_keep_is_learners_or_learners_with_samples(command, keep):
    status, out, err = command("solve", "--keep", keep)
    assert (status, out) == (2, "")
    assert f"--keep {keep}: must be learners such as 0,3 or" in err


def test_keep_by_learner_needs_a_plan_to_start_from(command):
    status, _, err = command("solve", "--keep", "0,3")
    assert status == 2
    assert "need start=, the plan whose samples are kept" in err


def test_kept_samples_stay_and_the_file_checks(command, tmp_path, problem, plan):
    pytest.importorskip("flint")
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    plan.save(old)
    words = ("solve", "--learners", 6, "--seed", 1, "--cycle-s", 29)
    status, out, _ = command(*words, "--start", old, "--keep", "0,3", "--output", new)
    assert status == 0
    assert "min_samples reached at learners 0, 3" in out
    found = mel.Plan.load(new)
    assert found.samples[[0, 3]].tolist() == plan.samples[[0, 3]].tolist()
    assert command("check", "-q", new).status == 0
    status, out, _ = command(*words, "--keep", "0=1000,3=0", "--format", "csv")
    rows = list(csv.DictReader(out.splitlines()))
    assert status == 0
    assert [rows[0]["samples"], rows[3]["samples"]] == ["1000", "0"]
    assert command(*words, "--start", old, "--keep", "6").status == 2


def test_blocks_on_the_command_line(command, tmp_path):
    pytest.importorskip("flint")
    path = tmp_path / "plan.json"
    words = ("solve", "--learners", 6, "--seed", 1, "--block-hz", "2e6")
    status, out, _ = command(*words, "--output", path)
    assert status == 0
    assert "of 50 blocks of 2 MHz" in out
    assert "learner  samples  blocks        MHz" in out
    plan = mel.Plan.load(path)
    assert np.array_equal(plan.bandwidth_hz, plan.blocks * 2e6)
    assert command("check", "-q", path).status == 0
    status, out, _ = command(*words, "--format", "csv")
    assert out.startswith("learner,samples,blocks,bandwidth_hz,")
    status, out, _ = command(*words, "--format", "json")
    assert json.loads(out)["blocks"] == plan.blocks.tolist()
    assert "blocks" not in command("solve", "--learners", 6, "--format", "csv").out
    assert command("solve", "--block-hz", "2e8").status == 2


def test_a_scenario_with_limits_on_the_command_line(command, tmp_path, limited):
    pytest.importorskip("flint")
    path, output = tmp_path / "a.toml", tmp_path / "plan.json"
    path.write_text(toml_of(limited))
    status, out, _ = command("solve", path, "--output", output)
    assert status == 0
    assert "max_samples reached at learner 0" in out
    assert mel.Plan.load(output).problem == limited
    assert command("check", "-q", output).status == 0


def test_sweeps_and_batches_take_limits(limited, tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(toml_of(limited))
    most = [1_000, 12_100, 30_000]
    table = mel.sweep(path, {"learners.max_samples": most, "radio.block_hz": [1e6]}, threads=2)
    wide = limited.replace(radio=limited.radio.replace(block_hz=1e6))
    rows = [
        wide.replace(learners=wide.learners.replace(max_samples=number, min_samples=0))
        for number in most
    ]
    problems = [
        row.replace(learners=row.learners.replace(min_samples=limited.learners.min_samples))
        for row in rows
    ]
    plans = mel.solve_many(problems, threads=2)
    alone = [mel.solve(problem) for problem in problems]
    assert table["tau"].tolist() == plans.tau.tolist() == [plan.tau for plan in alone]
    assert table["status"].tolist() == plans.status.tolist() == [str(p.status) for p in alone]
    assert alone[0].status is mel.Status.INFEASIBLE
    for plan, single in zip(plans, alone, strict=True):
        assert np.array_equal(plan.blocks, single.blocks)
        assert plan.reasons == single.reasons
    on_problem = mel.sweep(wide, {"block_hz": [1e6, 5e7]})
    assert len(on_problem) == 2
