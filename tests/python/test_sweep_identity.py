"""By what a sweep tells whose rows a file holds: the scenario, its table, the function."""

import pytest

import mel_fast as mel
from mel_fast.scenarios import table1
from test_learner_table import SCENARIO as LISTED
from test_sweep_files import ENDINGS, never


@ENDINGS
def test_rows_of_another_function_of_the_same_name_are_refused(tmp_path, ending):
    pytest.importorskip("pyarrow")
    path = tmp_path / f"o.{ending}"

    def of(cycle_s):
        def scenario(learners):
            return table1(learners=learners, cycle_s=cycle_s)

        return scenario

    mel.sweep(of(10.0), {"learners": [5, 6]}, output=path)
    with pytest.raises(ValueError, match="rows of the scenario"):
        mel.sweep(of(30.0), {"learners": [5, 6]}, output=path)
    mel.sweep(of(10.0), {"learners": [5, 6]}, output=path, callback=never)
    assert not (tmp_path / "o.parquet.parts").exists()


def test_a_function_is_told_apart_by_what_it_depends_on_wherever_that_is(tmp_path):
    path = tmp_path / "o.csv"
    world = {"seed": 1}

    def scenario(learners):
        return table1(learners=learners, seed=world["seed"] if learners == 6 else 0)

    mel.sweep(scenario, {"learners": [4, 5, 6]}, output=path)
    world["seed"] = 2
    mel.sweep(scenario, {"learners": [4, 5]}, output=path, callback=never)
    with pytest.raises(ValueError, match=r"row 3"):
        mel.sweep(scenario, {"learners": [4, 5, 6]}, output=path)


def test_invalid_rows_of_a_function_are_known_by_their_reason(tmp_path):
    path = tmp_path / "o.csv"
    least = [5.0]

    def scenario(cycle_s):
        if cycle_s < least[0]:
            raise ValueError(f"less than {least[0]}")
        return table1(cycle_s=cycle_s)

    mel.sweep(scenario, {"cycle_s": [4.0, 30.0]}, output=path)
    mel.sweep(scenario, {"cycle_s": [4.0, 30.0]}, output=path, callback=never)
    least[0] = 3.0
    with pytest.raises(ValueError, match="rows of the scenario"):
        mel.sweep(scenario, {"cycle_s": [4.0, 30.0]}, output=path)


def test_a_problem_is_known_by_what_it_sends(tmp_path):
    path = tmp_path / "o.csv"
    plain, axes = table1(learners=4), {"cycle_s": [20.0, 30.0]}
    light = plain.replace(payload=mel.Payload(send_bits=1e5))
    assert mel.sweep(plain, axes, output=path)["tau"].max() > 0
    with pytest.raises(ValueError, match="rows of the scenario"):
        mel.sweep(light, axes, output=path)


SCENARIO = LISTED + 'table = "a.csv"\n'


def test_a_scenario_is_known_by_its_table_too(tmp_path):
    (tmp_path / "s.toml").write_text(SCENARIO)
    table = tmp_path / "a.csv"
    table.write_text("flops_per_s,gain\n1e9,1e-9\n")
    out = tmp_path / "o.csv"
    mel.sweep(tmp_path / "s.toml", {"cycle_s": [3.0]}, output=out)
    mel.sweep(tmp_path / "s.toml", {"cycle_s": [3.0]}, output=out, callback=never)
    table.write_text("flops_per_s,gain\n2e9,1e-9\n")
    with pytest.raises(ValueError, match="rows of the scenario"):
        mel.sweep(tmp_path / "s.toml", {"cycle_s": [3.0]}, output=out)


def test_tables_as_an_axis_are_known_each_by_its_content(tmp_path):
    (tmp_path / "s.toml").write_text(SCENARIO)
    for name, speed in (("a", 1e9), ("b", 2e9)):
        (tmp_path / f"{name}.csv").write_text(f"flops_per_s,gain\n{speed},1e-9\n")
    out, over = tmp_path / "o.csv", {"learners.table": ["a.csv", "b.csv"]}
    found = mel.sweep(tmp_path / "s.toml", over, output=out)
    assert found["tau"][0] < found["tau"][1]
    mel.sweep(tmp_path / "s.toml", over, output=out, callback=never)
    (tmp_path / "b.csv").write_text("flops_per_s,gain\n3e9,1e-9\n")
    with pytest.raises(ValueError, match="row 2"):
        mel.sweep(tmp_path / "s.toml", over, output=out)


def test_a_scenario_that_changes_while_it_is_swept_ends_the_sweep(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text(SCENARIO)
    (tmp_path / "a.csv").write_text("flops_per_s,gain\n1e9,1e-9\n")

    def change(*_):
        path.write_text(SCENARIO.replace("3.0", "4.0"))
        return False

    over = {"cycle_s": [1.0 + i for i in range(600)]}
    with pytest.raises(ValueError, match="was changed while it was swept"):
        mel.sweep(path, over, output=tmp_path / "o.csv", callback=change)
